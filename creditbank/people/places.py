"""Places: who was in which team, from when, until when, and as what.

Read by everybody who must know who serves together; written by `creditbank.people.teams` only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, insert, or_, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.clock import start_of_day
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import trail


class TeamRole(StrEnum):
    """What a member is in a team: leaders speak for it and sign its people in."""

    LEADER = "leader"
    MEMBER = "member"


class TeamMemberRow(OfBank, table=True):
    """One time of a member in a team."""

    __tablename__ = "team_member"
    __table_args__ = (
        within_bank(["team_id"], "team", ["team_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_team_member_of", "bank_id", "team_id", "left_at"),
        Index("ix_team_member_who", "bank_id", "member_id", "left_at"),
    )

    place_id: str = Field(primary_key=True, max_length=40)
    team_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    role: str = Field(max_length=16)
    joined_at: datetime = Field(sa_type=UtcDateTime)
    joined_by: str = Field(max_length=64)
    left_at: datetime | None = Field(sa_type=UtcDateTime)
    left_by: str | None = Field(max_length=64)


team_members = table(TeamMemberRow)


@dataclass(frozen=True, slots=True)
class Place:
    """A member's time in a team; ``left_at`` is None while it lasts."""

    place_id: str
    team_id: str
    member_id: str
    role: TeamRole
    joined_at: datetime
    left_at: datetime | None


_COLUMNS = [team_members.c[one] for one in Place.__slots__]


def _place(row: Row[Any]) -> Place:
    one = Place(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, role=TeamRole(one.role))


def add(unit: Unit, team_id: str, member_id: str, role: TeamRole) -> str:
    """Begin the time of a member, who is locked, in a team, and return the id of the place."""
    place_id = unit.new_id("plc")
    unit.run(
        insert(team_members),
        {
            "bank_id": unit.bank_id,
            "place_id": place_id,
            "team_id": team_id,
            "member_id": member_id,
            "role": role,
            "joined_at": unit.now,
            "joined_by": unit.actor.id,
            "left_at": None,
            "left_by": None,
        },
    )
    trail.record(unit, "team.joined", team_id, subject_id=member_id, after={"role": role})
    notices.tell(unit, member_id, "team-joined")
    return place_id


def store(unit: Unit, place_id: str, **values: object) -> None:
    """Change a place in a team that is locked."""
    unit.run(
        update(team_members)
        .where(team_members.c.bank_id == unit.bank_id, team_members.c.place_id == place_id)
        .values(**values)
    )


def _places(view: View, *which: ColumnElement[bool]) -> list[Place]:
    rows = view.rows(
        select(*_COLUMNS)
        .where(team_members.c.bank_id == view.bank_id, *which)
        .order_by(team_members.c.joined_at, team_members.c.place_id)
    )
    return [_place(row) for row in rows]


def now_in(view: View, team_ids: Iterable[str]) -> list[Place]:
    """Return the places in these teams that last, the earliest first."""
    return _places(
        view,
        team_members.c.team_id.in_(sorted(set(team_ids))),
        team_members.c.left_at.is_(None),
    )


def history(view: View, team_id: str) -> list[Place]:
    """Return every time anybody spent in a team, the earliest first."""
    return _places(view, team_members.c.team_id == team_id)


def on_day(view: View, team_id: str, day: date) -> list[Place]:
    """Return the times in a team that touch a day of the bank's calendar."""
    begins = start_of_day(day, view.bank.zone)
    ends = start_of_day(day + timedelta(days=1), view.bank.zone)
    return _places(
        view,
        team_members.c.team_id == team_id,
        team_members.c.joined_at < ends,
        or_(team_members.c.left_at.is_(None), team_members.c.left_at >= begins),
    )


def of_member(view: View, member_id: str) -> list[Place]:
    """Return every time of a member in a team, the earliest first."""
    return _places(view, team_members.c.member_id == member_id)


def of_members(view: View, member_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the teams in which each of these members is now."""
    found: dict[str, tuple[str, ...]] = {}
    for one in _places(
        view,
        team_members.c.member_id.in_(sorted(set(member_ids))),
        team_members.c.left_at.is_(None),
    ):
        found[one.member_id] = (*found.get(one.member_id, ()), one.team_id)
    return found
