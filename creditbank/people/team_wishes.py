"""Wishes to be in a team: a leader invites, a member asks; who is taken in has agreed.

Either side may come first; when the other one says the same, the member is in. Until then each
of the two, and the office, may say no. A child under 14 is taken in at the office, with a
guardian. The member is locked first, then the team.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import consents, members, places, teams, trail
from creditbank.people.errors import GuardianNeeded
from creditbank.people.group_errors import TeamWishNotFound
from creditbank.people.places import TeamRole


class Side(StrEnum):
    """Who came first."""

    MEMBER = "member"
    TEAM = "team"


class TeamWishRow(OfBank, table=True):
    """One wish; ``place_id`` is the place that came of it, none if somebody said no."""

    __tablename__ = "team_wish"
    __table_args__ = (
        within_bank(["team_id"], "team", ["team_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["place_id"], "team_member", ["place_id"]),
        Index("ix_team_wish_team", "bank_id", "team_id", "settled_at"),
        Index("ix_team_wish_member", "bank_id", "member_id", "settled_at"),
    )

    wish_id: str = Field(primary_key=True, max_length=40)
    team_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    side: str = Field(max_length=16)
    said_at: datetime = Field(sa_type=UtcDateTime)
    said_by: str = Field(max_length=64)
    settled_at: datetime | None = Field(sa_type=UtcDateTime)
    settled_by: str | None = Field(max_length=64)
    place_id: str | None = Field(max_length=40)


wishes = table(TeamWishRow)


@dataclass(frozen=True, slots=True)
class Wish:
    """An open wish: whose, for which team, and which side came first."""

    wish_id: str
    team_id: str
    member_id: str
    side: Side
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Wished:
    """What inviting and asking answer; with a ``place_id`` both agree, and the member is in."""

    wish_id: str
    place_id: str | None


_COLUMNS = [wishes.c[one] for one in Wish.__slots__]


def _wish(row: Row[Any]) -> Wish:
    one = Wish(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, side=Side(one.side))


@keyed
def invite(unit: Unit, *, team_id: str, number: str, key: str) -> Wished:  # noqa: ARG001
    """Invite the member of a number into a team, by its leader or the office.

    Raises:
        MemberNotFound, TeamNotFound: this bank has none of it.
        NotYours: a member who does not lead the team.
        OtherCommunity: the actor's role does not hold where the team is.
        MemberSuspended: the member may not act now.
        TeamDissolved: it is no team any more.
        InTeam: the member is in it already.
    """
    teams.require_leading(unit.actor, teams.find(unit, team_id))
    member_id = members.by_number(unit, number).member_id
    members.require_active(unit, member_id)
    team = teams.lock(unit, team_id)
    teams.require_leading(unit.actor, team)
    teams.require_open(team, member_id)
    said = _say(unit, team_id, member_id, Side.TEAM)
    if said.place_id is None:
        notices.tell(unit, member_id, "team-invites")
    return said


@keyed
def ask(unit: Unit, *, team_id: str, member_id: str, key: str) -> Wished:  # noqa: ARG001
    """Ask to be taken into a team.

    Raises:
        NotYours: a member asks for somebody else.
        TeamNotFound, MemberNotFound: this bank has none of this id.
        MemberSuspended: the member may not act now.
        GuardianNeeded: the member is under 14.
        TeamDissolved: it is no team any more.
        InTeam: the member is in it already.
    """
    members.require_own(unit.actor, member_id)
    members.require_active(unit, member_id)
    if consents.is_guarded(unit, member_id):
        raise GuardianNeeded(member_id)
    team = teams.lock(unit, team_id)
    teams.require_open(team, member_id)
    said = _say(unit, team_id, member_id, Side.MEMBER)
    if said.place_id is None:
        notices.tell_all(unit, team.leader_ids, "team-asked")
    return said


def _say(unit: Unit, team_id: str, member_id: str, side: Side) -> Wished:
    """Write one side's wish down, or take the member in if the other side has said the same."""
    for known in _open(unit, wishes.c.team_id == team_id, wishes.c.member_id == member_id):
        if known.side is side:
            return Wished(known.wish_id, None)
        place_id = places.add(unit, team_id, member_id, TeamRole.MEMBER)
        _settle(unit, wishes.c.wish_id == known.wish_id, place_id)
        return Wished(known.wish_id, place_id)
    wish_id = unit.new_id("wsh")
    unit.run(
        insert(wishes),
        {
            "bank_id": unit.bank_id,
            "wish_id": wish_id,
            "team_id": team_id,
            "member_id": member_id,
            "side": side,
            "said_at": unit.now,
            "said_by": unit.actor.id,
            "settled_at": None,
            "settled_by": None,
            "place_id": None,
        },
    )
    trail.record(unit, "team.wished", team_id, subject_id=member_id, after={"side": side})
    return Wished(wish_id, None)


@keyed
def decline(unit: Unit, *, team_id: str, member_id: str, key: str) -> str:  # noqa: ARG001
    """Say no to an open wish, or take one's own back; return its id.

    Raises:
        TeamNotFound, MemberNotFound: this bank has none of this id.
        NotYours: a member who neither leads the team nor is meant.
        OtherCommunity: the actor's role does not hold where the team is.
        TeamWishNotFound: there is no open wish of the two.
    """
    members.lock(unit, [member_id])
    team = teams.lock(unit, team_id)
    if unit.actor.member_id != member_id:
        teams.require_leading(unit.actor, team)
    known = _open(unit, wishes.c.team_id == team_id, wishes.c.member_id == member_id)
    if not known:
        raise TeamWishNotFound(team_id)
    _settle(unit, wishes.c.wish_id == known[0].wish_id)
    trail.record(unit, "team.declined", team_id, subject_id=member_id)
    return known[0].wish_id


def end_all(unit: Unit, member_id: str) -> None:
    """End all open wishes about a member who leaves and is locked."""
    _settle(unit, wishes.c.member_id == member_id)


def _settle(unit: Unit, which: ColumnElement[bool], place_id: str | None = None) -> None:
    unit.run(
        update(wishes)
        .where(wishes.c.bank_id == unit.bank_id, which, wishes.c.settled_at.is_(None))
        .values(settled_at=unit.now, settled_by=unit.actor.id, place_id=place_id)
    )


def _open(view: View, *which: ColumnElement[bool]) -> list[Wish]:
    rows = view.rows(
        select(*_COLUMNS)
        .join(
            teams.teams,
            (teams.teams.c.bank_id == wishes.c.bank_id)
            & (teams.teams.c.team_id == wishes.c.team_id),
        )
        .where(
            wishes.c.bank_id == view.bank_id,
            *which,
            wishes.c.settled_at.is_(None),
            teams.teams.c.dissolved_at.is_(None),
        )
        .order_by(wishes.c.said_at, wishes.c.wish_id)
    )
    return [_wish(row) for row in rows]


def of_team(view: View, team_id: str) -> list[Wish]:
    """Return the open wishes about a team, the earliest first."""
    return _open(view, wishes.c.team_id == team_id)


def of_member(view: View, member_id: str) -> list[Wish]:
    """Return the open wishes about a member, the earliest first."""
    return _open(view, wishes.c.member_id == member_id)
