"""The register of people in need: whom donations reach, and in which order.

Somebody of the office names a member with a reason, a second one confirms; neither is close to
the other nor to the member (law 7). An entry ends with a reason, or with the membership. Reasons
are sealed with the member's key. Whoever changes an entry locks the member first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Row, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.exchange.errors import (
    NeedyAlready,
    NeedyNotFound,
    OtherPersonNeeded,
    OwnBenefit,
)
from creditbank.exchange.states import NEEDY, NeedyState
from creditbank.ledger import chart, statements
from creditbank.ledger.chart import Kind
from creditbank.people import communities, kin, members, persons, trail
from creditbank.people.members import Status
from creditbank.schemes.parameters import DonationOrder

REASON_MOST = 500
_SEALED = 2000


class NeedyRow(OfBank, table=True):
    """One time of a member on the register; the reasons are sealed."""

    __tablename__ = "needy"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_needy_state", "bank_id", "state", "named_at"),
        Index("ix_needy_member", "bank_id", "member_id", "state"),
    )

    needy_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    state: str = Field(max_length=16)
    reason: str | None = Field(max_length=_SEALED)
    named_at: datetime = Field(sa_type=UtcDateTime)
    named_by: str = Field(max_length=64)
    named_by_member: str | None = Field(max_length=40)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)
    end_reason: str | None = Field(max_length=_SEALED)


needy = table(NeedyRow)


@dataclass(frozen=True, slots=True)
class Needy:
    """Where an entry of the register stands."""

    needy_id: str
    member_id: str
    state: NeedyState
    named_at: datetime
    named_by: str
    named_by_member: str | None
    confirmed_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with its reasons, for who keeps the register."""

    needy: Needy
    reason: str | None
    end_reason: str | None


_COLUMNS = [needy.c[one] for one in Needy.__slots__]


def _needy(row: Row[Any]) -> Needy:
    one = Needy(*(getattr(row, name) for name in Needy.__slots__))
    return replace(one, state=NeedyState(one.state))


@keyed
def name(unit: Unit, *, member_id: str, reason: str, key: str) -> Needy:  # noqa: ARG001
    """Propose a member for the register.

    Raises:
        BadField: the reason is empty or too long.
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnBenefit: the actor is the member, or close to them.
        StateConflict: the member has left.
        NeedyAlready: the member stands on it, or is proposed.
    """
    member = members.lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    _require_apart(unit, member_id)
    if member.status not in {Status.ACTIVE, Status.SUSPENDED}:
        raise members.MEMBERSHIP.conflict(member.status, "suspend")
    known = [one for one in of_member(unit, member_id) if one.state is not NeedyState.ENDED]
    if known:
        raise NeedyAlready(known[0].needy_id)
    made = Needy(
        needy_id=unit.new_id("ned"),
        member_id=member_id,
        state=NeedyState.NAMED,
        named_at=unit.now,
        named_by=unit.actor.id,
        named_by_member=unit.actor.member_id,
        confirmed_at=None,
        ended_at=None,
    )
    sealed = persons.seal(unit, member_id, "needy-reason", line("reason", reason, REASON_MOST))
    rest = {"confirmed_by": None, "ended_by": None, "end_reason": None}
    row = {one: getattr(made, one) for one in Needy.__slots__}
    unit.run(insert(needy), {"bank_id": unit.bank_id, "reason": sealed} | row | rest)
    trail.record(unit, "needy.named", made.needy_id, subject_id=member_id)
    return made


@keyed
def confirm(unit: Unit, *, needy_id: str, key: str) -> Needy:  # noqa: ARG001 - @keyed's
    """Confirm that a member is in need, as the second person.

    Raises:
        NeedyNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OtherPersonNeeded: the actor named them, or is close to who did.
        OwnBenefit: the actor is the member, or close to them.
        StateConflict: it is confirmed, or has ended.
    """
    one = _lock(unit, needy_id)
    _require_apart(unit, one.member_id)
    if kin.of_actor(unit, unit.actor) & kin.close_to(unit, (one.named_by, one.named_by_member)):
        raise OtherPersonNeeded
    state = NeedyState(NEEDY.after(one.state, "confirm"))
    _store(unit, needy_id, state=state, confirmed_at=unit.now, confirmed_by=unit.actor.id)
    trail.record(unit, "needy.confirmed", needy_id, subject_id=one.member_id)
    return replace(one, state=state, confirmed_at=unit.now)


@keyed
def end(unit: Unit, *, needy_id: str, reason: str, key: str) -> Needy:  # noqa: ARG001
    """End an entry, or refuse a proposed one, with a reason.

    Raises:
        BadField: the reason is empty or too long.
        NeedyNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnBenefit: the actor is the member, or close to them.
        StateConflict: it has ended.
    """
    one = _lock(unit, needy_id)
    _require_apart(unit, one.member_id)
    state = NeedyState(NEEDY.after(one.state, "end"))
    sealed = persons.seal(unit, one.member_id, "needy-reason", line("reason", reason, REASON_MOST))
    _store(
        unit, needy_id, state=state, ended_at=unit.now, ended_by=unit.actor.id, end_reason=sealed
    )
    trail.record(unit, "needy.ended", needy_id, subject_id=one.member_id)
    return replace(one, state=state, ended_at=unit.now)


def end_all(unit: Unit, member_id: str) -> None:
    """End the entries of a member who leaves and is locked by this unit."""
    for one in of_member(unit, member_id):
        if one.state is not NeedyState.ENDED:
            _store(
                unit,
                one.needy_id,
                state=NeedyState(NEEDY.after(one.state, "end")),
                ended_at=unit.now,
                ended_by=unit.actor.id,
            )


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's entry; both are locked.

    The reasons are sealed with the old row's key, which stays; a second entry ends.
    """
    kept = [one for one in of_member(unit, kept_id) if one.state is not NeedyState.ENDED]
    for one in of_member(unit, old_id):
        if one.state is NeedyState.ENDED:
            continue
        if kept:
            _store(
                unit,
                one.needy_id,
                state=NeedyState.ENDED,
                ended_at=unit.now,
                ended_by=unit.actor.id,
            )
            continue
        row = unit.row(select(needy.c.reason).where(*_of(unit, one.needy_id)))
        said = persons.unseal(unit, old_id, "needy-reason", row.reason if row is not None else None)
        sealed = None if said is None else persons.seal(unit, kept_id, "needy-reason", said)
        _store(unit, one.needy_id, member_id=kept_id, reason=sealed)


def _require_apart(unit: Unit, member_id: str) -> None:
    if member_id in kin.of_actor(unit, unit.actor):
        raise OwnBenefit


def _lock(unit: Unit, needy_id: str) -> Needy:
    """Lock the member of an entry, within the actor's communities, and return it as it is then."""
    seen = find(unit, needy_id)
    member = members.lock(unit, [seen.member_id])[seen.member_id]
    communities.require_within(unit.actor, member.community_id)
    return find(unit, needy_id)


def _of(view: View, needy_id: str) -> tuple[Any, ...]:
    return needy.c.bank_id == view.bank_id, needy.c.needy_id == needy_id


def _store(unit: Unit, needy_id: str, **values: object) -> None:
    unit.run(update(needy).where(*_of(unit, needy_id)).values(**values))


def find(view: View, needy_id: str) -> Needy:
    """Return an entry.

    Raises:
        NeedyNotFound: this bank has none of this id.
    """
    row = view.row(select(*_COLUMNS).where(*_of(view, needy_id)))
    if row is None:
        raise NeedyNotFound(needy_id)
    return _needy(row)


def of_member(view: View, member_id: str) -> list[Needy]:
    """Return the entries of a member, the earliest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(needy.c.bank_id == view.bank_id, needy.c.member_id == member_id)
        .order_by(needy.c.named_at, needy.c.needy_id)
    )
    return [_needy(row) for row in rows]


def register(view: View, within: Sequence[str] | None = None) -> list[Entry]:
    """Return all who are proposed or in need, the earliest first, with the reasons.

    ``within`` are the communities that the caller's role holds in, None all of them.
    """
    there = [state for state in NeedyState if state is not NeedyState.ENDED]
    query = select(needy).where(needy.c.bank_id == view.bank_id, needy.c.state.in_(there))
    if within is not None:
        query = query.where(members.is_within(view, needy.c.member_id, within))
    rows = view.rows(query.order_by(needy.c.named_at, needy.c.needy_id))
    return [
        Entry(
            _needy(row),
            persons.unseal(view, row.member_id, "needy-reason", row.reason),
            persons.unseal(view, row.member_id, "needy-reason", row.end_reason),
        )
        for row in rows
    ]


def in_order(view: View, order: DonationOrder, asset: str) -> list[str]:
    """Return the members in need, the one first who is next by the scheme's order.

    First named: as they were named. Oldest: by birth date, those without one last. Least
    received: by what donations of this asset brought them so far. Ties as they were named.
    """
    rows = view.rows(
        select(needy.c.member_id)
        .join(
            members.members,
            (members.members.c.bank_id == needy.c.bank_id)
            & (members.members.c.member_id == needy.c.member_id),
        )
        .where(
            needy.c.bank_id == view.bank_id,
            needy.c.state == NeedyState.IN_NEED,
            members.members.c.status == Status.ACTIVE,
        )
        .order_by(needy.c.named_at, needy.c.needy_id)
    )
    named = [row.member_id for row in rows]
    match order:
        case DonationOrder.FIRST_NAMED:
            return named
        case DonationOrder.OLDEST:
            births = persons.births(view, named)
            return sorted(named, key=lambda one: births.get(one, date.max))
        case DonationOrder.LEAST_RECEIVED:
            places = [chart.member(one) for one in named]
            got = statements.received(view, places, asset, Kind.DONATE)
            return sorted(named, key=lambda one: got.get(chart.member(one), 0))
