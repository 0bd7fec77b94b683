"""Notes of thanks (电子锦旗): for an approved service, to a member, a family or a team.

Whom the service was for writes one, or the office; nobody to oneself or somebody close. It is
shown once somebody else in office has read it and found it fit, who is not close to those
thanked either (law 7), and can be taken down later. Claims are of persons, so a note is about
one person's claim, and its text is sealed with that person's key, also where the family or team
with whom they served is thanked: when that person is forgotten, the words are, and so they are
when the writer is; the note still counts. A note to a family or team is theirs who are in it now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.identity import assists
from creditbank.people import communities, kin, members, persons, places, stays, trail
from creditbank.people.members import MEMBER_ROLE, Status
from creditbank.service import thanks
from creditbank.service.thanks import THANKING, Thanks, ThanksState
from creditbank.service.thanks_errors import (
    NotServedSo,
    OwnThanks,
    ServedOthers,
    ThankedAlready,
    ThanksTooEarly,
)
from creditbank.tasks import claims, parties, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Party, Task

TEXT_MOST = 200

_of = thanks.thanks.c


@dataclass(frozen=True, slots=True)
class Noted:
    """What writing, releasing and refusing answer."""

    thanks_id: str
    state: ThanksState


@keyed
def write(
    unit: Unit,
    *,
    claim_id: str,
    text: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    to: Party = Party.PERSON,
) -> Noted:
    """Thank who served, or the family or team with whom they did, for a claim of theirs.

    Raises:
        BadField: the text is unusable.
        ClaimNotFound: this bank has none of this id.
        ServedOthers: a member for whom the service was not.
        OtherCommunity: the actor's role does not hold where the task is.
        OwnThanks: the writer is one of those thanked, or close to them.
        ThanksTooEarly: the service is not approved.
        NotServedSo: it was not served as a family, or as a team.
        ThankedAlready: this writer has thanked them for it.
    """
    said = line("text", text, TEXT_MOST)
    found = claims.lock(unit, claim_id)
    task = tasks.find(unit, found.task_id)
    writer = _writer(unit, task)
    if found.state is not ClaimState.APPROVED:
        raise ThanksTooEarly(claim_id)
    whom = _whom(unit, found, to)
    if kin.close_to(unit, (unit.actor.id, unit.actor.member_id, writer)) & _people(unit, found, to):
        raise OwnThanks
    _refuse_second(unit, claim_id, to, writer)
    thanks_id = unit.new_id("thk")
    unit.run(
        insert(thanks.thanks),
        {
            "bank_id": unit.bank_id,
            "thanks_id": thanks_id,
            "claim_id": claim_id,
            "community_id": task.community_id,
            "kind": to,
            "holder_id": found.member_id,
            **whom,
            "text": persons.seal(unit, found.member_id, thanks.TEXT, said),
            "state": ThanksState.WRITTEN,
            "written_at": unit.now,
            "written_by": unit.actor.id,
            "written_by_member": writer,
            "decided_at": None,
            "decided_by": None,
            "reason": None,
        },
    )
    assists.done(unit, "assist.thanked", thanks_id)
    trail.record(unit, "thanks.written", thanks_id, subject_id=found.member_id)
    return Noted(thanks_id, ThanksState.WRITTEN)


def _writer(unit: Unit, task: Task) -> str | None:
    """Return the member who gives thanks, None if it is the office.

    Raises:
        ServedOthers: a member for whom the service was not.
        OtherCommunity: the actor's role does not hold where the task is.
    """
    if unit.actor.role != MEMBER_ROLE and unit.actor.assists is None:
        communities.require_within(unit.actor, task.community_id)
        return None
    who = unit.actor.assists or unit.actor.member_id
    if who is None or who != task.beneficiary_id:
        raise ServedOthers
    return who


def _whom(unit: Unit, found: Claim, to: Party) -> dict[str, str | None]:
    """Return the columns that say who is thanked.

    Raises:
        NotServedSo: the claim is of no family, or of no team.
    """
    whom: dict[str, str | None] = {"member_id": None, "household_id": None, "team_id": None}
    if to is Party.PERSON:
        return whom | {"member_id": found.member_id}
    party = None if found.party_id is None else parties.find(unit, found.party_id)
    if party is None or party.kind is not to:
        raise NotServedSo(found.claim_id)
    return whom | {"household_id": party.household_id, "team_id": party.team_id}


def _people(view: View, found: Claim, to: Party) -> frozenset[str]:
    """Return who is thanked: who served, and with a party, all who served in it."""
    if to is Party.PERSON or found.party_id is None:
        return frozenset({found.member_id})
    return frozenset(
        one.member_id
        for one in parties.claims_of(view, found.party_id)
        if one.state is ClaimState.APPROVED
    )


def _refuse_second(unit: Unit, claim_id: str, to: Party, writer: str | None) -> None:
    """See that this writer has not thanked these for this claim; the claim is locked.

    Raises:
        ThankedAlready: they have.
    """
    same = _of.written_by_member.is_(None) & (_of.written_by == unit.actor.id)
    row = unit.row(
        select(_of.thanks_id).where(
            _of.bank_id == unit.bank_id,
            _of.claim_id == claim_id,
            _of.kind == to,
            same if writer is None else _of.written_by_member == writer,
        )
    )
    if row is not None:
        raise ThankedAlready(row.thanks_id)


@keyed
def release(unit: Unit, *, thanks_id: str, key: str) -> Noted:  # noqa: ARG001 - @keyed's
    """Show a note, having read it.

    Raises:
        ThanksNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task was.
        OwnThanks: the actor wrote it, or is close to the writer or to those thanked.
        StateConflict: it was released or refused before.
        ThanksTooEarly: the service is approved no more.
    """
    found, claim = _lock(unit, thanks_id)
    _refuse_own(unit, found, claim)
    state = ThanksState(THANKING.after(found.state, "release"))
    if claim.state is not ClaimState.APPROVED:
        raise ThanksTooEarly(claim.claim_id)
    _decide(unit, thanks_id, state)
    trail.record(unit, "thanks.released", thanks_id, subject_id=found.holder_id)
    _tell(unit, _receivers(unit, found), "thanked")
    return Noted(thanks_id, state)


@keyed
def refuse(unit: Unit, *, thanks_id: str, reason: str, key: str) -> Noted:  # noqa: ARG001
    """Keep a note from being shown, or take it down, with a reason that its writer sees.

    Raises:
        BadField: the reason is unusable.
        ThanksNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task was.
        OwnThanks: the actor wrote it, or is close to the writer or to those thanked.
        StateConflict: it was refused before.
    """
    said = line("reason", reason, TEXT_MOST)
    found, claim = _lock(unit, thanks_id)
    _refuse_own(unit, found, claim)
    state = ThanksState(THANKING.after(found.state, "refuse"))
    known = found.text is not None
    sealed = persons.seal(unit, found.holder_id, thanks.REASON, said) if known else None
    _decide(unit, thanks_id, state, sealed)
    trail.record(unit, "thanks.refused", thanks_id, subject_id=found.holder_id)
    _tell(unit, [found.written_by_member], "thanks-refused")
    return Noted(thanks_id, state)


def _lock(unit: Unit, thanks_id: str) -> tuple[Thanks, Claim]:
    """Lock the claim of a note, by which the note is locked, too; return both."""
    claim = claims.lock(unit, thanks.find(unit, thanks_id).claim_id)
    found = thanks.find(unit, thanks_id)
    communities.require_within(unit.actor, found.community_id)
    return found, claim


def _refuse_own(unit: Unit, found: Thanks, claim: Claim) -> None:
    """See that who decides is not, and is not close to, the writer or those thanked (law 7).

    Raises:
        OwnThanks: they are.
    """
    barred = _people(unit, claim, found.kind) | {found.written_by, found.written_by_member}
    if kin.of_actor(unit, unit.actor) & barred:
        raise OwnThanks


def _decide(unit: Unit, thanks_id: str, state: ThanksState, reason: str | None = None) -> None:
    unit.run(
        update(thanks.thanks)
        .where(_of.bank_id == unit.bank_id, _of.thanks_id == thanks_id)
        .values(state=state, decided_at=unit.now, decided_by=unit.actor.id, reason=reason)
    )


def _receivers(view: View, found: Thanks) -> Sequence[str | None]:
    """Return to whom a note is shown: the member, or who is in the family or team now."""
    if found.household_id is not None:
        return [one.member_id for one in stays.now_in(view, [found.household_id])]
    if found.team_id is not None:
        return [one.member_id for one in places.now_in(view, [found.team_id])]
    return [found.member_id]


def _tell(unit: Unit, ids: Sequence[str | None], kind: str) -> None:
    """Tell those of these who are members still."""
    rows = unit.rows(
        select(members.members.c.member_id)
        .where(
            members.members.c.bank_id == unit.bank_id,
            members.members.c.member_id.in_(sorted({one for one in ids if one is not None})),
            members.members.c.status != Status.CLOSED,
        )
        .order_by(members.members.c.member_id)
    )
    notices.tell_all(unit, [row.member_id for row in rows], kind)


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's notes; the words stay under the old key."""
    for column in (_of.member_id, _of.written_by_member):
        unit.run(
            update(thanks.thanks)
            .where(_of.bank_id == unit.bank_id, column == old_id)
            .values({column: kept_id})
        )
