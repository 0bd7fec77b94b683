"""Closings: what ends with a membership, whatever ends it.

The row is closed and stays; claims of tasks that are still to come give their places back, and
those of children who would stay there alone; the stay in a household, places in teams, relations,
skills, roles, delegates, sign-in phones and signed-in devices end, and so do pairs and what was
raised for the lists. Pay codes, printed cards and scans need no row changed: every till sees the
status under the member's lock before it takes a point.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from creditbank.core.units import Unit, View
from creditbank.exchange import endings
from creditbank.identity import grants, phones, sittings
from creditbank.leaving.errors import ClaimsInFlight
from creditbank.lists import raisers
from creditbank.people import (
    delegates,
    households,
    members,
    relatives,
    skills,
    team_wishes,
    teams,
)
from creditbank.people.delegates import DelegateState, Delegation
from creditbank.people.members import Member
from creditbank.service import thanking
from creditbank.tasks import beneficiaries, claims, partings, tasks, withdrawals
from creditbank.tasks.states import AWAITING_REVIEW, CLAIM, TASK, ClaimState

STARTED = (ClaimState.SIGNED_IN, *AWAITING_REVIEW)
_QUEUED = (ClaimState.WAITING, ClaimState.OFFERED)
IN_FLIGHT = (ClaimState.PLACED, *_QUEUED, *STARTED)


def lock(unit: Unit, member_id: str, *others: str) -> dict[str, Member]:
    """Lock a member who is to leave, those who named them a delegate, and ``others``.

    Raises:
        MemberNotFound: this bank has none of one of these ids.
    """
    payers = {one.member_id for one in _delegations(unit, member_id)}
    return members.lock(unit, {member_id, *others, *payers})


def close(unit: Unit, member_id: str, *, kept_id: str | None = None) -> None:
    """Close a membership, which `lock` has locked, and all that hangs on it.

    ``kept_id`` is the row that goes on, with what it has none of itself.

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        StateConflict: it is closed already.
        ClaimsInFlight: a service has begun, or waits for its review.
    """
    members.move(unit, member_id, "close", merged_into=kept_id)
    require_none(unit, member_id, STARTED)
    for one in _delegations(unit, member_id):
        delegates.end(unit, member_id=member_id, delegation_id=one.delegation_id)
    if kept_id is None:
        raisers.forget(unit, member_id)
    else:
        raisers.move(unit, member_id, kept_id)
        partings.move(unit, member_id, kept_id)
        for room in (households, teams, relatives, skills, beneficiaries, thanking):
            room.move(unit, member_id, kept_id)
    home = households.lock_of(unit, member_id)
    held = partings.hold(unit, member_id)
    _give_places_back(unit, member_id)
    if home is not None:
        households.end_stay(unit, member_id, home)
    teams.end_places(unit, member_id)
    team_wishes.end_all(unit, member_id)
    relatives.end_all(unit, member_id)
    skills.end(unit, member_id)
    partings.end_all(unit, held)
    for grant_id in grants.of(unit, member_id):
        grants.end(unit, grant_id)
    endings.of_member(unit, member_id, kept_id=kept_id)
    phones.unlink(unit, member_id)
    sittings.end_all(unit, member_id)


def _delegations(view: View, member_id: str) -> list[Delegation]:
    """Return the delegations in force by which somebody pays, or is paid for."""
    every = delegates.listing(view, member_id)
    return [one for one in every if one.state is DelegateState.ACTIVE]


def require_none(view: View, member_id: str, states: Sequence[ClaimState]) -> None:
    """See that a member, who is locked, has no claims in these states.

    Raises:
        ClaimsInFlight: there are some.
    """
    row = view.row(
        select(func.count().label("open"))
        .select_from(claims.claims)
        .where(
            claims.claims.c.bank_id == view.bank_id,
            claims.claims.c.member_id == member_id,
            claims.claims.c.state.in_(states),
        )
    )
    if row is not None and row.open:
        raise ClaimsInFlight(member_id, row.open)


def _give_places_back(unit: Unit, member_id: str) -> None:
    """Withdraw the claims of a member for tasks that are not over: tasks first, then claims."""
    placed = unit.rows(
        select(claims.claims.c.claim_id, claims.claims.c.task_id)
        .where(
            claims.claims.c.bank_id == unit.bank_id,
            claims.claims.c.member_id == member_id,
            claims.claims.c.state.in_([ClaimState.PLACED, *_QUEUED]),
        )
        .order_by(claims.claims.c.task_id)
    )
    locked = {row.task_id: tasks.lock(unit, row.task_id) for row in placed}
    for row in sorted(placed, key=lambda row: str(row.claim_id)):
        found = claims.lock(unit, row.claim_id)
        if (locked[row.task_id].state, "withdraw") not in TASK.moves:
            continue  # it is over: closing its attendance notes that nobody came
        if (found.state, "withdraw") not in CLAIM.moves:
            continue  # it ended while the task was waited for
        withdrawals.give_up_with_children(unit, locked[row.task_id], [found])
