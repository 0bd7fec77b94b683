"""Departures: who moved away or died, and what becomes of their points.

One member of staff proposes, a second one approves; nobody of them is the one who leaves, the one
who receives, or close to either (law 7). Points go to one registered member of the family: a
delegate, a guardian, or a relative whose registered document is the one that was shown. Else they
expire. A gift keeps the day of every point. Who leaves in debt gives nothing away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.leaving import closings, holders
from creditbank.leaving.errors import DepartureNotFound, Involved, NotFamily, SecondWorkerNeeded
from creditbank.ledger import estates
from creditbank.ledger.posting import Transfer
from creditbank.people import communities, consents, delegates, kin, members, persons, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status

REASON_MOST = 200
PAGE_MOST = 200

_REASON = "departure-reason"


class Cause(StrEnum):
    """Why somebody is a member no more."""

    MOVED = "moved"
    DIED = "died"


class Relation(StrEnum):
    """What the one who receives is to the one who leaves."""

    DELEGATE = "delegate"
    GUARDIAN = "guardian"
    RELATIVE = "relative"


class DepartureState(StrEnum):
    """Where a departure stands."""

    PROPOSED = "proposed"
    SETTLED = "settled"
    CANCELLED = "cancelled"


DEPARTING = Machine(
    thing="departure",
    thing_zh="这项离社办理",
    states={
        DepartureState.PROPOSED: "待批准",
        DepartureState.SETTLED: "已办结",
        DepartureState.CANCELLED: "已取消",
    },
    verbs={
        "approve": Verb("批准", "approve it", "另一位工作人员", "another member of staff"),
        "cancel": Verb("取消", "cancel it", "工作人员", "staff"),
    },
    moves={
        (DepartureState.PROPOSED, "approve"): DepartureState.SETTLED,
        (DepartureState.PROPOSED, "cancel"): DepartureState.CANCELLED,
    },
)


class DepartureRow(OfBank, table=True):
    """One departure; without ``to_member_id`` what is left expires. The reason is sealed."""

    __tablename__ = "departure"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["to_member_id"], "member", ["member_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        CheckConstraint("(to_member_id IS NULL) = (relation IS NULL)", name="relation"),
        Index("ix_departure_state", "bank_id", "state", "departure_id"),
    )

    departure_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    cause: str = Field(max_length=16)
    to_member_id: str | None = Field(max_length=40)
    relation: str | None = Field(max_length=16)
    state: str = Field(max_length=16)
    reason: str | None = Field(max_length=persons.SEALED_MOST)
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    proposed_by: str = Field(max_length=64)
    proposed_by_member: str | None = Field(max_length=40)
    settled_at: datetime | None = Field(sa_type=UtcDateTime)
    settled_by: str | None = Field(max_length=64)
    transfer_id: str | None = Field(max_length=40)


departures = table(DepartureRow)


@dataclass(frozen=True, slots=True)
class Departure:
    """A departure; without ``to_member_id`` what is left expires."""

    departure_id: str
    member_id: str
    cause: Cause
    to_member_id: str | None
    relation: Relation | None
    state: DepartureState
    proposed_at: datetime
    proposed_by: str
    proposed_by_member: str | None
    settled_at: datetime | None
    settled_by: str | None
    transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What proposing, approving and cancelling answer; no transfer if there was nothing left."""

    departure_id: str
    state: DepartureState
    transfer_id: str | None


def _departure(row: Row[Any]) -> Departure:
    return Departure(
        row.departure_id,
        row.member_id,
        Cause(row.cause),
        row.to_member_id,
        None if row.relation is None else Relation(row.relation),
        DepartureState(row.state),
        row.proposed_at,
        row.proposed_by,
        row.proposed_by_member,
        row.settled_at,
        row.settled_by,
        row.transfer_id,
    )


@keyed
def propose(
    unit: Unit,
    *,
    member_id: str,
    cause: Cause,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    to_member_id: str | None = None,
    relation: Relation | None = None,
    document: str | None = None,
) -> Settled:
    """Propose what becomes of the points of somebody who left; nothing moves before a second.

    ``document`` is the number on the relative's paper; it is compared, not kept.

    Raises:
        BadField: the reason is unusable, or the one who receives and the relation don't fit.
        MemberNotFound: this bank has none of one of these ids.
        OtherCommunity: the actor's role does not hold where the member lives.
        Involved: the actor is one of the two, or close to one.
        MemberSuspended: the member has left already, or who receives may not act.
        InOffice: the member still holds an office.
        NotFamily: who receives is not what the relation says.
    """
    said = line("reason", reason, REASON_MOST)
    if (to_member_id is None) != (relation is None) or to_member_id == member_id:
        raise BadField("to_member_id", "another member, with the relation / 受让人与关系须同时填写")
    _lock(unit, member_id, to_member_id)
    if to_member_id is not None and relation is not None:
        _require_family(unit, member_id, to_member_id, relation, document)
    departure_id = unit.new_id("dep")
    row = {
        "bank_id": unit.bank_id,
        "departure_id": departure_id,
        "member_id": member_id,
        "cause": cause,
        "to_member_id": to_member_id,
        "relation": relation,
        "state": DepartureState.PROPOSED,
        "reason": persons.seal(unit, member_id, _REASON, said),
        "proposed_at": unit.now,
        "proposed_by": unit.actor.id,
        "proposed_by_member": unit.actor.member_id,
        "settled_at": None,
        "settled_by": None,
        "transfer_id": None,
    }
    unit.run(insert(departures), row)
    trail.record(
        unit,
        "departure.proposed",
        departure_id,
        subject_id=member_id,
        after={"cause": cause, "to": to_member_id, "relation": relation, "reason": said},
    )
    return Settled(departure_id, DepartureState.PROPOSED, None)


@keyed
def approve(unit: Unit, *, departure_id: str, key: str) -> Settled:  # noqa: ARG001 - @keyed's
    """Approve a departure as a second member of staff: the points move, the membership closes.

    Raises:
        DepartureNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        Involved: the actor is one of the two, or close to one.
        SecondWorkerNeeded: the actor proposed it, or is close to who did.
        StateConflict: it was approved or cancelled before.
        MemberSuspended: the member has left already, or who receives may not act.
        InOffice: the member still holds an office.
        ClaimsInFlight: a service has begun, or waits for its review.
        HoldsOpen: something is on hold.
        InDebt: there is something to earn back, so nothing can be given away.
    """
    seen = find(unit, departure_id)
    _lock(unit, seen.member_id, seen.to_member_id)
    one = find(unit, departure_id)
    state = DepartureState(DEPARTING.after(one.state, "approve"))
    if kin.of_actor(unit, unit.actor) & {one.proposed_by, one.proposed_by_member}:
        raise SecondWorkerNeeded
    closings.close(unit, one.member_id)
    moved = _settle(unit, one)
    transfer_id = None if moved is None else moved.transfer_id
    _store(
        unit,
        departure_id,
        state=state,
        settled_at=unit.now,
        settled_by=unit.actor.id,
        transfer_id=transfer_id,
    )
    trail.record(
        unit,
        "departure.settled",
        departure_id,
        subject_id=one.member_id,
        after={"transfer": transfer_id},
    )
    return Settled(departure_id, state, transfer_id)


@keyed
def cancel(unit: Unit, *, departure_id: str, key: str) -> Settled:  # noqa: ARG001 - @keyed's
    """Take a proposal back, or refuse to approve it.

    Raises:
        DepartureNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        StateConflict: it was approved or cancelled before.
    """
    seen = find(unit, departure_id)
    member = members.lock(unit, [seen.member_id])[seen.member_id]
    communities.require_within(unit.actor, member.community_id)
    state = DepartureState(DEPARTING.after(find(unit, departure_id).state, "cancel"))
    _store(unit, departure_id, state=state)
    trail.record(unit, "departure.cancelled", departure_id, subject_id=seen.member_id)
    return Settled(departure_id, state, None)


def _lock(unit: Unit, member_id: str, to_member_id: str | None) -> None:
    """Lock those concerned, and see that this actor may settle it now."""
    ids = {member_id, to_member_id or member_id}
    both = closings.lock(unit, member_id, *ids)
    communities.require_within(unit.actor, both[member_id].community_id)
    if kin.of_actor(unit, unit.actor) & ids:
        raise Involved
    if both[member_id].status not in {Status.ACTIVE, Status.SUSPENDED}:
        raise MemberSuspended(member_id, both[member_id].status)
    if to_member_id is not None and both[to_member_id].status is not Status.ACTIVE:
        raise MemberSuspended(to_member_id, both[to_member_id].status)
    holders.require_out_of_office(unit, member_id)


def _require_family(
    unit: Unit, member_id: str, to_member_id: str, relation: Relation, document: str | None
) -> None:
    """See that who receives is what the relation says."""
    if relation is Relation.DELEGATE:
        found = delegates.active(unit, member_id, to_member_id) is not None
    elif relation is Relation.GUARDIAN:
        found = to_member_id in consents.guardians_of(unit, member_id)
    elif document is None:
        raise BadField("document", "of the relative / 请填写亲属的证件号码")
    else:
        found = to_member_id in persons.looked_up(unit, persons.DOCUMENT, document)
    if not found:
        raise NotFamily(to_member_id)


def _settle(unit: Unit, one: Departure) -> Transfer | None:
    """Move or end what is left, by one transfer."""
    key = f"departure/{one.departure_id}"
    if one.to_member_id is None:
        return estates.expire(unit, member_id=one.member_id, key=key, refers_to=one.departure_id)
    moved = estates.give(
        unit, member_id=one.member_id, to=one.to_member_id, key=key, refers_to=one.departure_id
    )
    if moved is not None:
        points = sum(posting.amount.units for posting in moved.postings)
        notices.tell(unit, one.to_member_id, "estate-received", points=points)
    return moved


def _store(unit: Unit, departure_id: str, **values: object) -> None:
    unit.run(
        update(departures)
        .where(departures.c.bank_id == unit.bank_id, departures.c.departure_id == departure_id)
        .values(**values)
    )


def find(view: View, departure_id: str) -> Departure:
    """Return a departure.

    Raises:
        DepartureNotFound: this bank has none of this id.
    """
    row = view.row(
        select(departures).where(
            departures.c.bank_id == view.bank_id, departures.c.departure_id == departure_id
        )
    )
    if row is None:
        raise DepartureNotFound(departure_id)
    return _departure(row)


def waiting(view: View, *, within: tuple[str, ...] | None = None) -> list[Departure]:
    """Return what waits for a second member of staff, oldest first, at most 200.

    ``within`` are the communities of those who leave.
    """
    query = select(departures).where(
        departures.c.bank_id == view.bank_id, departures.c.state == DepartureState.PROPOSED
    )
    if within is not None:
        query = query.where(members.is_within(view, departures.c.member_id, within))
    rows = view.rows(query.order_by(departures.c.departure_id).limit(PAGE_MOST))
    return [_departure(row) for row in rows]
