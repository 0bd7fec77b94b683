"""Delegates: whom a member lets pay in their name, each with a cap of points a day.

Named by the member, or at the office while the member is there; ended by either of the two at
once. Whoever names or ends one locks the member first, as every payment does, so that nothing
is paid by a delegate after the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Row, insert, or_, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import communities, kin, members, trail
from creditbank.people.errors import (
    DelegateEnded,
    DelegateExists,
    DelegateNotFound,
    DelegateSelf,
    DelegateTooNew,
    MemberSuspended,
)
from creditbank.people.members import Member, Status


class DelegateState(StrEnum):
    """Whether a delegate may pay."""

    ACTIVE = "active"
    ENDED = "ended"


class DelegateRow(OfBank, table=True):
    """One delegate of a member; ``points_day`` is the most points a day."""

    __tablename__ = "delegate"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["delegate_member_id"], "member", ["member_id"]),
        CheckConstraint("points_day > 0", name="points"),
        Index("ix_delegate_member", "bank_id", "member_id", "state"),
        Index("ix_delegate_delegate", "bank_id", "delegate_member_id", "state"),
    )

    delegation_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    delegate_member_id: str = Field(max_length=40)
    points_day: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16)
    named_at: datetime = Field(sa_type=UtcDateTime)
    named_by: str = Field(max_length=64)
    pays_from: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


delegates = table(DelegateRow)


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who may pay for whom, how many points a day, and from when on."""

    delegation_id: str
    member_id: str
    delegate_member_id: str
    points_day: int
    state: DelegateState
    named_at: datetime
    pays_from: datetime
    ended_at: datetime | None


_COLUMNS = [delegates.c[one] for one in Delegation.__slots__]


def _delegation(row: Row[Any]) -> Delegation:
    one = Delegation(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, state=DelegateState(one.state))


def add(
    unit: Unit,
    *,
    member_id: str,
    delegate_member_id: str,
    points_day: int,
    pays_from: datetime,
) -> Delegation:
    """Let somebody pay in a member's name, at most so many points a day, from an instant on.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: one of the two may not act.
        NotYours: a member names a delegate of somebody else.
        OtherCommunity: the office is another community's.
        DelegateSelf: it is the member, or the one who writes it down.
        DelegateExists: this one is a delegate of the member already.
    """
    members.require_own(unit.actor, member_id)
    both = members.lock(unit, {member_id, delegate_member_id})
    for one in both.values():
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    _refuse_self(unit, both[member_id], delegate_member_id)
    if active(unit, member_id, delegate_member_id) is not None:
        raise DelegateExists
    made = Delegation(
        delegation_id=unit.new_id("dlg"),
        member_id=member_id,
        delegate_member_id=delegate_member_id,
        points_day=points_day,
        state=DelegateState.ACTIVE,
        named_at=unit.now,
        pays_from=pays_from,
        ended_at=None,
    )
    row = {one: getattr(made, one) for one in Delegation.__slots__}
    rest = {"bank_id": unit.bank_id, "named_by": unit.actor.id, "ended_by": None}
    unit.run(insert(delegates), row | rest)
    said = {"delegate": delegate_member_id, "points_day": points_day}
    trail.record(unit, "delegate.named", made.delegation_id, subject_id=member_id, after=said)
    notices.tell(unit, member_id, "delegate-added")
    notices.tell(unit, delegate_member_id, "delegate-of", points=points_day)
    return made


def _refuse_self(unit: Unit, member: Member, delegate_member_id: str) -> None:
    """See that the delegate is neither the member nor the one at the office (law 7).

    A member may well send somebody of their household; the office nobody of its own.

    Raises:
        DelegateSelf: it is the member, by whichever row, or the one at the office or close to them.
        OtherCommunity: the office is another community's.
    """
    barred = kin.same(unit, member.member_id)
    if unit.actor.role != members.MEMBER_ROLE:
        communities.require_within(unit.actor, member.community_id)
        barred |= kin.of_actor(unit, unit.actor)
    if delegate_member_id in barred:
        raise DelegateSelf


def end(unit: Unit, *, member_id: str, delegation_id: str) -> Delegation:
    """End a delegation at once, by either of the two or the office; one that ended stays so.

    ``member_id`` is one of the two; the member who pays is locked by it.

    Raises:
        DelegateNotFound: there is none of this id, or it concerns two others.
        NotYours: a member ends what is somebody else's.
        OtherCommunity: the office is another community's.
    """
    members.require_own(unit.actor, member_id)
    seen = find(unit, delegation_id)
    if member_id not in {seen.member_id, seen.delegate_member_id}:
        raise DelegateNotFound(delegation_id)
    members.lock(unit, [seen.member_id])
    communities.require_within(unit.actor, members.find(unit, member_id).community_id)
    one = find(unit, delegation_id)
    if one.state is DelegateState.ENDED:
        return one
    unit.run(
        update(delegates)
        .where(
            delegates.c.bank_id == unit.bank_id,
            delegates.c.delegation_id == delegation_id,
        )
        .values(state=DelegateState.ENDED, ended_at=unit.now, ended_by=unit.actor.id)
    )
    trail.record(unit, "delegate.ended", delegation_id, subject_id=one.member_id)
    for told in (one.member_id, one.delegate_member_id):
        notices.tell(unit, told, "delegate-ended")
    return replace(one, state=DelegateState.ENDED, ended_at=unit.now)


def find(view: View, delegation_id: str) -> Delegation:
    """Return a delegation.

    Raises:
        DelegateNotFound: this bank has none of this id.
    """
    row = view.row(
        select(*_COLUMNS).where(
            delegates.c.bank_id == view.bank_id, delegates.c.delegation_id == delegation_id
        )
    )
    if row is None:
        raise DelegateNotFound(delegation_id)
    return _delegation(row)


def listing(view: View, member_id: str) -> list[Delegation]:
    """Return whom a member named and who named them, the ended ones too, latest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(
            delegates.c.bank_id == view.bank_id,
            or_(
                delegates.c.member_id == member_id,
                delegates.c.delegate_member_id == member_id,
            ),
        )
        .order_by(delegates.c.named_at.desc(), delegates.c.delegation_id.desc())
    )
    return [_delegation(row) for row in rows]


def active(view: View, member_id: str, delegate_member_id: str) -> Delegation | None:
    """Return the delegation that lets one member pay for another, if it has not ended."""
    row = view.row(
        select(*_COLUMNS).where(
            delegates.c.bank_id == view.bank_id,
            delegates.c.member_id == member_id,
            delegates.c.delegate_member_id == delegate_member_id,
            delegates.c.state == DelegateState.ACTIVE,
        )
    )
    return None if row is None else _delegation(row)


def require(view: View, member_id: str, delegate_member_id: str) -> Delegation:
    """Return the delegation by which somebody may pay for a member now.

    Raises:
        DelegateEnded: it ended, or never was.
        DelegateTooNew: it was named on a new device and does not hold yet.
        MemberSuspended: the delegate may not act now.
    """
    one = active(view, member_id, delegate_member_id)
    if one is None:
        raise DelegateEnded
    if view.now < one.pays_from:
        raise DelegateTooNew(one.pays_from.isoformat())
    status = members.find(view, delegate_member_id).status
    if status is not Status.ACTIVE:
        raise MemberSuspended(delegate_member_id, status)
    return one
