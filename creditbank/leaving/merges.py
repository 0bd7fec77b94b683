"""Merges: two rows that prove to be one person become one.

The same document number proves it, or a member of staff says so with a reason. Where more than
100 units move, a second one confirms; none of them is the person, or close to them (law 7). The
old row is closed and leads to the kept one; all its balances move by one transfer, each lot with
its own day; so do the stay in a household, places in teams, relations, skills and notes of thanks,
where the kept row has none of its own. A phone that was not written down for the kept row waits a
day. What was earned stays with the row that earned it: standings and frozen lists do not change.
Claims in flight and holds have to be over before. What comes in for the old row later, such as a
refund, moves by merging the same two once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.identity import phones
from creditbank.leaving import closings, erasures
from creditbank.leaving.erasures import ErasureState
from creditbank.leaving.errors import ErasureAsked, Involved, MergeNotFound, SecondWorkerNeeded
from creditbank.ledger import estates
from creditbank.people import communities, documents, kin, members, persons, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Member, Status

ALONE_UNITS_MOST = 100
REASON_MOST = 200
PAGE_MOST = 200

_REASON = "merge-reason"


class MergeState(StrEnum):
    """Where a merging stands."""

    PROPOSED = "proposed"
    DONE = "done"
    CANCELLED = "cancelled"


MERGING = Machine(
    thing="merge",
    thing_zh="这项合并",
    states={
        MergeState.PROPOSED: "待确认",
        MergeState.DONE: "已合并",
        MergeState.CANCELLED: "已取消",
    },
    verbs={
        "confirm": Verb("确认", "confirm it", "另一位工作人员", "another member of staff"),
        "cancel": Verb("取消", "cancel it", "工作人员", "staff"),
    },
    moves={
        (MergeState.PROPOSED, "confirm"): MergeState.DONE,
        (MergeState.PROPOSED, "cancel"): MergeState.CANCELLED,
    },
)


class MergeRow(OfBank, table=True):
    """Two rows of one person; the reason is sealed with the key of the one that is kept."""

    __tablename__ = "member_merge"
    __table_args__ = (
        within_bank(["old_id"], "member", ["member_id"]),
        within_bank(["kept_id"], "member", ["member_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        Index("ix_member_merge_old", "bank_id", "old_id"),
        Index("ix_member_merge_state", "bank_id", "state", "merge_id"),
    )

    merge_id: str = Field(primary_key=True, max_length=40)
    old_id: str = Field(max_length=40)
    kept_id: str = Field(max_length=40)
    state: str = Field(max_length=16)
    by_document: bool
    reason: str | None = Field(max_length=persons.SEALED_MOST)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    proposed_by: str = Field(max_length=64)
    proposed_by_member: str | None = Field(max_length=40)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = Field(max_length=64)
    transfer_id: str | None = Field(max_length=40)


merges = table(MergeRow)


@dataclass(frozen=True, slots=True)
class Merge:
    """A merging of two rows; ``by_document`` if both have the same document number."""

    merge_id: str
    old_id: str
    kept_id: str
    state: MergeState
    by_document: bool
    proposed_at: datetime
    proposed_by: str
    proposed_by_member: str | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What proposing, confirming and cancelling answer; no transfer if nothing had to move."""

    merge_id: str
    state: MergeState
    transfer_id: str | None


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        row.merge_id,
        row.old_id,
        row.kept_id,
        MergeState(row.state),
        row.by_document,
        row.proposed_at,
        row.proposed_by,
        row.proposed_by_member,
        row.confirmed_at,
        row.confirmed_by,
        row.transfer_id,
    )


@keyed
def propose(
    unit: Unit,
    *,
    old_id: str,
    kept_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    reason: str | None = None,
) -> Merged:
    """Merge a row into another one of the same person; above 100 units it waits for a second.

    Raises:
        BadField: it is one row, or a reason is missing where no document proves it.
        MemberNotFound: this bank has none of one of these ids.
        OtherCommunity: the actor's role does not hold where both live.
        Involved: the actor is this person, or close to them.
        OtherWorkerNeeded: it brings a phone, and the actor has just reset or set the PIN.
        MemberSuspended: one of the rows cannot be merged as it stands.
        ErasureAsked: the old row is to be erased.
        ClaimsInFlight: the old row still has claims.
        HoldsOpen: something of the old row is on hold.
    """
    if old_id == kept_id:
        raise BadField("old_id", "two different members / 应为两位不同的成员")
    old, _ = _lock(unit, old_id, kept_id)
    by_document = kept_id in documents.same_person(unit, [old_id])
    if reason is None and not by_document:
        raise BadField("reason", "no document proves it / 证件号码不一致，请说明理由")
    said = None if reason is None else line("reason", reason, REASON_MOST)
    merge_id = unit.new_id("mrg")
    unit.run(
        insert(merges),
        {
            "bank_id": unit.bank_id,
            "merge_id": merge_id,
            "old_id": old_id,
            "kept_id": kept_id,
            "state": MergeState.PROPOSED,
            "by_document": by_document,
            "reason": None if said is None else persons.seal(unit, kept_id, _REASON, said),
            "proposed_at": unit.now,
            "proposed_by": unit.actor.id,
            "proposed_by_member": unit.actor.member_id,
            "confirmed_at": None,
            "confirmed_by": None,
            "transfer_id": None,
        },
    )
    trail.record(
        unit,
        "merge.proposed",
        merge_id,
        subject_id=kept_id,
        after={"old": old_id, "kept": kept_id, "by_document": by_document, "reason": said},
    )
    if estates.largest(unit, old_id) > ALONE_UNITS_MOST:
        return Merged(merge_id, MergeState.PROPOSED, None)
    return _do(unit, merge_id, old, kept_id)


@keyed
def confirm(unit: Unit, *, merge_id: str, key: str) -> Merged:  # noqa: ARG001 - @keyed's
    """Confirm, as a second member of staff, that two rows are one person, and merge them.

    Raises:
        MergeNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where both live.
        Involved: the actor is this person, or close to them.
        SecondWorkerNeeded: the actor proposed it, or is close to who did.
        OtherWorkerNeeded: it brings a phone, and the actor has just reset or set the PIN.
        StateConflict: it was confirmed or cancelled before.
        MemberSuspended: one of the rows cannot be merged as it stands.
        ErasureAsked: the old row is to be erased.
        ClaimsInFlight: the old row still has claims.
        HoldsOpen: something of the old row is on hold.
    """
    seen = find(unit, merge_id)
    old, _ = _lock(unit, seen.old_id, seen.kept_id)
    one = find(unit, merge_id)
    MERGING.after(one.state, "confirm")
    if kin.of_actor(unit, unit.actor) & {one.proposed_by, one.proposed_by_member}:
        raise SecondWorkerNeeded
    return _do(unit, merge_id, old, one.kept_id)


@keyed
def cancel(unit: Unit, *, merge_id: str, key: str) -> Merged:  # noqa: ARG001 - @keyed's
    """Take a proposal back, or refuse to confirm it.

    Raises:
        MergeNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where both live.
        StateConflict: it was confirmed or cancelled before.
    """
    seen = find(unit, merge_id)
    _require_within(unit, members.lock(unit, [seen.old_id, seen.kept_id]))
    state = MergeState(MERGING.after(find(unit, merge_id).state, "cancel"))
    _store(unit, merge_id, state=state)
    trail.record(unit, "merge.cancelled", merge_id, subject_id=seen.kept_id)
    return Merged(merge_id, state, None)


def _lock(unit: Unit, old_id: str, kept_id: str) -> tuple[Member, Member]:
    """Lock both rows, and see that this actor may make one of them now."""
    locked = closings.lock(unit, old_id, kept_id)
    both = {one: locked[one] for one in (old_id, kept_id)}
    _require_within(unit, both)
    if kin.of_actor(unit, unit.actor) & {old_id, kept_id}:
        raise Involved
    old, kept = both[old_id], both[kept_id]
    again = old.status is Status.CLOSED and old.merged_into == kept_id
    if old.status not in {Status.ACTIVE, Status.APPLIED} and not again:
        raise MemberSuspended(old_id, old.status)
    if kept.status is not Status.ACTIVE:
        raise MemberSuspended(kept_id, kept.status)
    if erasures.of_member(unit, old_id, ErasureState.ASKED):
        raise ErasureAsked(old_id)
    closings.require_none(unit, old_id, closings.IN_FLIGHT)
    return old, kept


def _require_within(unit: Unit, both: dict[str, Member]) -> None:
    for one in both.values():
        communities.require_within(unit.actor, one.community_id)


def _do(unit: Unit, merge_id: str, old: Member, kept_id: str) -> Merged:
    """Close the old row, if this is the first time, and move what it has."""
    if old.status is not Status.CLOSED:
        phone = _phone_to_go_on_with(unit, old.member_id, kept_id)
        closings.close(unit, old.member_id, kept_id=kept_id)
        if phone is not None and persons.find(unit, kept_id).phone == phone:
            phones.link(unit, member_id=kept_id, phone=phone)
        elif phone is not None:
            phones.write_down(unit, kept_id, phone, merge=merge_id)
    moved = estates.merge(
        unit,
        old_id=old.member_id,
        kept_id=kept_id,
        key=f"merge/{merge_id}",
        refers_to=merge_id,
    )
    transfer_id = None if moved is None else moved.transfer_id
    _store(
        unit,
        merge_id,
        state=MergeState.DONE,
        confirmed_at=unit.now,
        confirmed_by=unit.actor.id,
        transfer_id=transfer_id,
    )
    trail.record(unit, "merge.done", merge_id, subject_id=kept_id, after={"transfer": transfer_id})
    notices.tell(unit, kept_id, "merged")
    return Merged(merge_id, MergeState.DONE, transfer_id)


def _phone_to_go_on_with(unit: Unit, old_id: str, kept_id: str) -> str | None:
    """Return the phone the old row signs in with, if the kept one has no other of its own."""
    known = persons.find(unit, old_id).phone
    if known is None or phones.member_of(unit, known) != old_id:
        return None
    own = persons.find(unit, kept_id).phone
    return known if own in {None, known} else None


def _store(unit: Unit, merge_id: str, **values: object) -> None:
    unit.run(
        update(merges)
        .where(merges.c.bank_id == unit.bank_id, merges.c.merge_id == merge_id)
        .values(**values)
    )


def find(view: View, merge_id: str) -> Merge:
    """Return a merging.

    Raises:
        MergeNotFound: this bank has none of this id.
    """
    row = view.row(
        select(merges).where(merges.c.bank_id == view.bank_id, merges.c.merge_id == merge_id)
    )
    if row is None:
        raise MergeNotFound(merge_id)
    return _merge(row)


def waiting(view: View, *, within: tuple[str, ...] | None = None) -> list[Merge]:
    """Return what waits for a second member of staff, oldest first, at most 200.

    ``within`` are the communities of one of the two rows.
    """
    query = select(merges).where(
        merges.c.bank_id == view.bank_id, merges.c.state == MergeState.PROPOSED
    )
    if within is not None:
        of = members.members.c
        query = query.where(
            select(of.member_id)
            .where(
                of.bank_id == view.bank_id,
                of.member_id.in_([merges.c.old_id, merges.c.kept_id]),
                of.community_id.in_(within),
            )
            .exists()
        )
    return [_merge(row) for row in view.rows(query.order_by(merges.c.merge_id).limit(PAGE_MOST))]
