"""The waitlist of a task: who waits for a place, in which order, and the answer to an offer.

A position is a number that the task gives out under its lock, one for a whole party, never twice.
First come those who do not wait behind all others (`no_shows`), each in order of their position.
Who leads a party answers for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Select, func, select, tuple_

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.units import Actor, Unit, View
from creditbank.identity import assists
from creditbank.people import members
from creditbank.tasks import claims, parties, tasks, withdrawals
from creditbank.tasks.claim_errors import OfferOver
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.states import CLAIM, TASK, ClaimState
from creditbank.tasks.tasks import Task

STARTED = "started"
UNANSWERED = "unanswered"

_of = claims.claims.c


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands in the queue: how many are ahead, or until when to answer."""

    claim_id: str
    state: ClaimState
    position: int | None
    ahead: int
    behind: bool
    offered_until: datetime | None


def length(view: View, task_id: str, *, behind: bool | None = None) -> int:
    """Return how many wait; a family or team is one. ``behind`` asks for those, or the others."""
    query = select(func.count(_of.position.distinct()).label("many")).where(
        _of.bank_id == view.bank_id, _of.task_id == task_id, _of.state == ClaimState.WAITING
    )
    if behind is not None:
        query = query.where(_of.behind.is_(behind))
    row = view.row(query)
    return 0 if row is None else int(row.many)


def anybody(view: View, task_id: str) -> bool:
    """Tell whether somebody waits for a place in a task, or has one on offer."""
    row = view.row(
        select(_of.claim_id)
        .where(
            _of.bank_id == view.bank_id,
            _of.task_id == task_id,
            _of.state.in_([ClaimState.WAITING, ClaimState.OFFERED]),
        )
        .limit(1)
    )
    return row is not None


def member_ids(view: View, task_id: str) -> frozenset[str]:
    """Return who waits."""
    rows = view.rows(
        select(_of.member_id).where(
            _of.bank_id == view.bank_id, _of.task_id == task_id, _of.state == ClaimState.WAITING
        )
    )
    return frozenset(row.member_id for row in rows)


def _waiting(view: View, task_id: str) -> Select[tuple[Claim]]:
    return (
        select(claims.claims)
        .where(_of.bank_id == view.bank_id, _of.task_id == task_id, _of.state == ClaimState.WAITING)
        .order_by(_of.behind, _of.position, _of.claim_id)
    )


def first(view: View, task_id: str, limit: int) -> list[tuple[Claim, ...]]:
    """Return the first who wait, those of one party together."""
    ahead = (
        select(_of.position)
        .where(_of.bank_id == view.bank_id, _of.task_id == task_id, _of.state == ClaimState.WAITING)
        .group_by(_of.behind, _of.position)
        .order_by(_of.behind, _of.position)
        .limit(limit)
    )
    rows = view.rows(_waiting(view, task_id).where(_of.position.in_(ahead)))
    found = [claims.read(row) for row in rows]
    return [tuple(one) for _, one in groupby(found, key=lambda claim: claim.position)]


def listing(view: View, task_id: str, *, within: tuple[str, ...] | None = None) -> list[Claim]:
    """Return who has a place on offer, then who waits, in order.

    ``within`` leaves members of some communities, unless the task itself is of one.

    Raises:
        TaskNotFound: this bank has none of this id.
    """
    every = claims.of_task(view, task_id, within=within)
    asked = [one for one in every if one.state is ClaimState.OFFERED]
    waits = [one for one in every if one.state is ClaimState.WAITING]
    return sorted(asked, key=_order) + sorted(waits, key=_order)


def _order(one: Claim) -> tuple[bool, int, str]:
    return one.behind, one.position or 0, one.claim_id


def place(view: View, claim_id: str, *, actor: Actor) -> Place:
    """Return where a claim stands in the queue; nobody is ahead of one that does not wait.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    found = claims.find(view, claim_id)
    members.require_own(actor, found.member_id)
    members.require_near(view, actor, found.member_id)
    ahead = 0
    if found.state is ClaimState.WAITING:
        row = view.row(
            select(func.count(_of.position.distinct()).label("many")).where(
                _of.bank_id == view.bank_id,
                _of.task_id == found.task_id,
                _of.state == ClaimState.WAITING,
                tuple_(_of.behind, _of.position) < tuple_(found.behind, found.position),
            )
        )
        ahead = 0 if row is None else int(row.many)
    return Place(claim_id, found.state, found.position, ahead, found.behind, found.offered_until)


@keyed
def accept(unit: Unit, *, claim_id: str, key: str) -> Claimed:  # noqa: ARG001 - @keyed's
    """Take the place, or a party's places, on offer.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours, NotLeading: a member who has no say in it.
        OtherCommunity: neither the task nor the member is of where the actor's role holds.
        MemberSuspended: the member may not act now.
        StateConflict: nothing is on offer, or the task has begun.
        OfferOver: the time to answer is over.
    """
    members.require_active(unit, _require_say(unit, claim_id))
    task, several = _lock_offer(unit, claim_id)
    TASK.after(task.state, "withdraw")
    for one in several:
        state = CLAIM.after(one.state, "accept")
        if one.offered_until is not None and unit.now >= one.offered_until:
            raise OfferOver(claim_id)
        claims.store(unit, one.claim_id, state=state, offered_until=None, placed_at=unit.now)
    assists.done(unit, "assist.claimed", task.task_id)
    return Claimed(claim_id, ClaimState.PLACED, several[0].position)


@keyed
def decline(unit: Unit, *, claim_id: str, key: str) -> Claimed:  # noqa: ARG001 - @keyed's
    """Leave the place, or a party's places, on offer to whoever comes next.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours, NotLeading: a member who has no say in it.
        OtherCommunity: neither the task nor the member is of where the actor's role holds.
        StateConflict: nothing is on offer.
    """
    _require_say(unit, claim_id)
    task, several = _lock_offer(unit, claim_id)
    withdrawals.give_up(unit, task, several)
    assists.done(unit, "assist.withdrawn", task.task_id)
    return Claimed(claim_id, ClaimState.WITHDRAWN)


def _require_say(unit: Unit, claim_id: str) -> str:
    """See that the actor may answer for a claim, and return whose it is."""
    seen = claims.find(unit, claim_id)
    if seen.party_id is None:
        members.require_own(unit.actor, seen.member_id)
    else:
        withdrawals.require_leading(unit, parties.find(unit, seen.party_id))
    return seen.member_id


def _lock_offer(unit: Unit, claim_id: str) -> tuple[Task, list[Claim]]:
    """Lock a claim's task and all claims of the same offer."""
    seen = claims.find(unit, claim_id)
    task = tasks.lock(unit, seen.task_id)
    found = claims.lock(unit, claim_id)
    withdrawals.require_near(unit, task, found)
    if found.state is not ClaimState.OFFERED:
        raise CLAIM.conflict(found.state, "accept")
    if found.party_id is None:
        return task, [found]
    party = parties.lock_claims(unit, found.party_id)
    return task, [one for one in party if one.state is ClaimState.OFFERED]


def lapse(unit: Unit, task: Task, several: Sequence[Claim], reason: str) -> None:
    """End the waiting of some for a task that this unit has locked, say why, and tell them."""
    parties.free(unit, task, several)
    for one in several:
        CLAIM.after(one.state, "lapse")
    state = ClaimState.LAPSED
    claims.store_all(unit, several, state=state, lapsed_for=reason, offered_until=None)
    people = [one.member_id for one in several]
    link = f"/tasks/{task.task_id}"
    notices.tell_all(unit, people, "wait-over", link=link, task=task.task_id)
