"""Stays: who was in which household, from when, until when, and as what.

Read by everybody who must know who lives together; written by `creditbank.people.households` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, bindparam, insert, or_, select, update
from sqlmodel import Field

from creditbank.core.clock import start_of_day
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View


class Standing(StrEnum):
    """What a person is in a household: the head speaks for it."""

    HEAD = "head"
    ADULT = "adult"
    CHILD = "child"


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


_COLUMNS = [residents.c[one] for one in Stay.__slots__]


def _stay(row: Row[Any]) -> Stay:
    one = Stay(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, standing=Standing(one.standing))


def add(unit: Unit, household_id: str, member_id: str, standing: Standing) -> str:
    """Begin the stay of a member who is locked, in a household, and return its id."""
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


def store(unit: Unit, stay_id: str, **values: object) -> None:
    """Change a stay in a household that is locked."""
    unit.run(
        update(residents)
        .where(residents.c.bank_id == unit.bank_id, residents.c.stay_id == stay_id)
        .values(**values)
    )


def _stays(view: View, *which: ColumnElement[bool]) -> list[Stay]:
    """Return stays, the earliest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(residents.c.bank_id == view.bank_id, *which)
        .order_by(residents.c.joined_at, residents.c.stay_id)
    )
    return [_stay(row) for row in rows]


def now_in(view: View, household_ids: Iterable[str]) -> list[Stay]:
    """Return the stays in these households that last, the earliest first."""
    return _stays(
        view,
        residents.c.household_id.in_(sorted(set(household_ids))),
        residents.c.left_at.is_(None),
    )


def history(view: View, household_id: str) -> list[Stay]:
    """Return every stay in a household, the earliest first."""
    return _stays(view, residents.c.household_id == household_id)


def on_day(view: View, household_id: str, day: date) -> list[Stay]:
    """Return the stays in a household that touch a day of the bank's calendar."""
    begins = start_of_day(day, view.bank.zone)
    ends = start_of_day(day + timedelta(days=1), view.bank.zone)
    return _stays(
        view,
        residents.c.household_id == household_id,
        residents.c.joined_at < ends,
        or_(residents.c.left_at.is_(None), residents.c.left_at >= begins),
    )


def of_member(view: View, member_id: str) -> list[Stay]:
    """Return every stay of a member, the earliest first."""
    return _stays(view, residents.c.member_id == member_id)


def stays_with(view: View, member_ids: Iterable[str]) -> dict[str, tuple[Stay, ...]]:
    """Return, for each of these members who is in a household, all stays in it now."""
    mine = current_of(view, member_ids)
    every = now_in(view, mine.values())
    return {
        who: tuple(one for one in every if one.household_id == where) for who, where in mine.items()
    }


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


_theirs = residents.alias("theirs")
_MATES = (
    select(_theirs.c.member_id)
    .join_from(
        residents,
        _theirs,
        (_theirs.c.bank_id == residents.c.bank_id)
        & (_theirs.c.household_id == residents.c.household_id),
    )
    .where(
        residents.c.bank_id == bindparam("of_bank"),
        residents.c.member_id.in_(bindparam("of_members", expanding=True)),
    )
    .distinct()
)
_MATES_NOW = _MATES.where(residents.c.left_at.is_(None), _theirs.c.left_at.is_(None))
_MATES_SINCE = _MATES.where(
    or_(residents.c.left_at.is_(None), residents.c.left_at > bindparam("since")),
    or_(_theirs.c.left_at.is_(None), _theirs.c.left_at > bindparam("since")),
)


def housemates(view: View, ids: Iterable[str], since: datetime | None = None) -> frozenset[str]:
    """Return everyone who shares a household with one of these now, or has since an instant."""
    wanted = {"of_bank": view.bank_id, "of_members": sorted(set(ids))}
    if since is None:
        rows = view.connection.execute(_MATES_NOW, wanted)
    else:
        rows = view.connection.execute(_MATES_SINCE, {**wanted, "since": since})
    return frozenset(rows.scalars())
