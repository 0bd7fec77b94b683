"""Households: who lives together; each person keeps an account of their own, a household has none.

A member is of one household at a time. Who joined and left, and when, stays on record: what was
done while people lived together is judged by that. Whoever joins or leaves is locked first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, FromClause, Index, insert, or_, select, update
from sqlmodel import Field

from creditbank.core import counters
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import communities, members, trail
from creditbank.people.errors import (
    HouseholdNotFound,
    InHousehold,
    NotInHousehold,
)

_NUMBERS = counters.for_ever("household-number")


class Standing(StrEnum):
    """What a person is in a household: the head speaks for it."""

    HEAD = "head"
    ADULT = "adult"
    CHILD = "child"


class HouseholdRow(OfBank, table=True):
    """A household; its people are in `household_member`."""

    __tablename__ = "household"
    __table_args__ = (within_bank(["community_id"], "community", ["community_id"]),)

    household_id: str = Field(primary_key=True, max_length=40)
    number: str = Field(max_length=20)
    community_id: str = Field(max_length=40)
    founded_at: datetime = Field(sa_type=UtcDateTime)
    founded_by: str = Field(max_length=64)


class ResidentRow(OfBank, table=True):
    """One stay of a member in a household."""

    __tablename__ = "household_member"
    __table_args__ = (
        within_bank(["household_id"], "household", ["household_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_household_member_of", "bank_id", "household_id", "left_at"),
        Index("ix_household_member_who", "bank_id", "member_id", "left_at"),
    )

    stay_id: str = Field(primary_key=True, max_length=40)
    household_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    standing: str = Field(max_length=16)
    joined_at: datetime = Field(sa_type=UtcDateTime)
    joined_by: str = Field(max_length=64)
    left_at: datetime | None = Field(sa_type=UtcDateTime)
    left_by: str | None = Field(max_length=64)


households = table(HouseholdRow)
residents = table(ResidentRow)


@dataclass(frozen=True, slots=True)
class Stay:
    """A member's time in a household; ``left_at`` is None while it lasts."""

    stay_id: str
    household_id: str
    member_id: str
    standing: Standing
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Household:
    """A household and who is in it now, the head first."""

    household_id: str
    number: str
    community_id: str
    stays: tuple[Stay, ...]

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Who is in it now."""
        return tuple(one.member_id for one in self.stays)

    @property
    def head_id(self) -> str | None:
        """Who speaks for it."""
        heads = [one.member_id for one in self.stays if one.standing is Standing.HEAD]
        return heads[0] if heads else None


@keyed
def found(unit: Unit, *, head_id: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Found a household with its head, in the head's community, and return its id.

    Raises:
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the head lives.
        MemberSuspended: the head may not act now.
        InHousehold: the head is in a household already.
    """
    members.require_own(unit.actor, head_id)
    head = members.require_active(unit, head_id)
    communities.require_within(unit.actor, head.community_id)
    _require_free(unit, head_id)
    household_id = unit.new_id("hhd")
    given = counters.lock(unit, [_NUMBERS])[_NUMBERS] + 1
    counters.add(unit, {_NUMBERS: 1})
    unit.run(
        insert(households),
        {
            "bank_id": unit.bank_id,
            "household_id": household_id,
            "number": f"H{given:04d}",
            "community_id": head.community_id,
            "founded_at": unit.now,
            "founded_by": unit.actor.id,
        },
    )
    _join(unit, household_id, head_id, Standing.HEAD)
    trail.record(unit, "household.founded", household_id, subject_id=head_id)
    return household_id


@keyed
def join(
    unit: Unit,
    *,
    household_id: str,
    member_id: str,
    standing: Standing,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Take a member into a household and return the id of the stay.

    The office does this, having seen the household's book; a head only ever asks for it.

    Raises:
        HouseholdNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the household is.
        MemberSuspended: the member may not act now.
        InHousehold: the member is in a household already.
    """
    member = members.require_active(unit, member_id)
    household = find(unit, household_id)
    communities.require_within(unit.actor, household.community_id)
    communities.require_within(unit.actor, member.community_id)
    _require_free(unit, member_id)
    stay_id = _join(unit, household_id, member_id, standing)
    trail.record(unit, "household.joined", household_id, subject_id=member_id)
    return stay_id


@keyed
def leave(unit: Unit, *, household_id: str, member_id: str, key: str) -> str:  # noqa: ARG001
    """End a member's stay in a household now and return its id; what was stays on record.

    Raises:
        NotYours: a member ends somebody else's.
        HouseholdNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the household is.
        NotInHousehold: the member is not in it.
    """
    members.require_own(unit.actor, member_id)
    members.lock(unit, [member_id])
    communities.require_within(unit.actor, find(unit, household_id).community_id)
    stay_id = end_stay(unit, member_id, household_id)
    if stay_id is None:
        raise NotInHousehold(household_id)
    trail.record(unit, "household.left", household_id, subject_id=member_id)
    return stay_id


def end_stay(unit: Unit, member_id: str, household_id: str | None = None) -> str | None:
    """End the stay of a member whom this unit has locked; None if there is none."""
    query = (
        update(residents)
        .where(
            residents.c.bank_id == unit.bank_id,
            residents.c.member_id == member_id,
            residents.c.left_at.is_(None),
        )
        .values(left_at=unit.now, left_by=unit.actor.id)
        .returning(residents.c.stay_id)
    )
    if household_id is not None:
        query = query.where(residents.c.household_id == household_id)
    row = unit.run(query).first()
    return None if row is None else row.stay_id


def _require_free(unit: Unit, member_id: str) -> None:
    found = current_of(unit, [member_id]).get(member_id)
    if found is not None:
        raise InHousehold(found)


def _join(unit: Unit, household_id: str, member_id: str, standing: Standing) -> str:
    stay_id = unit.new_id("sty")
    unit.run(
        insert(residents),
        {
            "bank_id": unit.bank_id,
            "stay_id": stay_id,
            "household_id": household_id,
            "member_id": member_id,
            "standing": standing,
            "joined_at": unit.now,
            "joined_by": unit.actor.id,
            "left_at": None,
            "left_by": None,
        },
    )
    return stay_id


def find(view: View, household_id: str) -> Household:
    """Return a household with the people who are in it now.

    Raises:
        HouseholdNotFound: this bank has none of this id.
    """
    row = view.row(
        select(households).where(
            households.c.bank_id == view.bank_id, households.c.household_id == household_id
        )
    )
    if row is None:
        raise HouseholdNotFound(household_id)
    now = tuple(one for one in history(view, household_id) if one.left_at is None)
    order = list(Standing)
    return Household(
        row.household_id,
        row.number,
        row.community_id,
        tuple(sorted(now, key=lambda one: (order.index(one.standing), one.joined_at))),
    )


def history(view: View, household_id: str) -> list[Stay]:
    """Return every stay in a household, the earliest first."""
    rows = view.rows(
        select(residents)
        .where(residents.c.bank_id == view.bank_id, residents.c.household_id == household_id)
        .order_by(residents.c.joined_at, residents.c.stay_id)
    )
    return [
        Stay(
            row.stay_id,
            row.household_id,
            row.member_id,
            Standing(row.standing),
            row.joined_at,
            row.left_at,
        )
        for row in rows
    ]


def current_of(view: View, member_ids: Iterable[str]) -> dict[str, str]:
    """Return the household in which each of these members is now, if any."""
    rows = view.rows(
        select(residents.c.member_id, residents.c.household_id).where(
            residents.c.bank_id == view.bank_id,
            residents.c.member_id.in_(sorted(set(member_ids))),
            residents.c.left_at.is_(None),
        )
    )
    return {row.member_id: row.household_id for row in rows}


def housemates(view: View, ids: Iterable[str], since: datetime | None = None) -> frozenset[str]:
    """Return everyone who shares a household with one of these now, or has since an instant."""
    mine, theirs = residents, residents.alias("theirs")

    def lasting(side: FromClause) -> ColumnElement[bool]:
        left_at = side.c.left_at
        return left_at.is_(None) if since is None else or_(left_at.is_(None), left_at > since)

    rows = view.rows(
        select(theirs.c.member_id)
        .join_from(
            mine,
            theirs,
            (theirs.c.bank_id == mine.c.bank_id) & (theirs.c.household_id == mine.c.household_id),
        )
        .where(
            mine.c.bank_id == view.bank_id,
            mine.c.member_id.in_(sorted(set(ids))),
            lasting(mine),
            lasting(theirs),
        )
        .distinct()
    )
    return frozenset(row.member_id for row in rows)
