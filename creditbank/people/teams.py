"""Teams (志愿服务队): a name, a community, a leader and members; who came and went stays on record.

Unlike a household a team may earn: what it earns together can only be donated. Whoever joins or
leaves is locked first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, members, trail
from creditbank.people.errors import InTeam, NotInTeam, TeamNotFound

NAME_MOST = 40


class TeamRole(StrEnum):
    """What a member is in a team: leaders speak for it and sign its people in."""

    LEADER = "leader"
    MEMBER = "member"


class TeamRow(OfBank, table=True):
    """A team; its people are in `team_member`. A dissolved one stays on record."""

    __tablename__ = "team"
    __table_args__ = (within_bank(["community_id"], "community", ["community_id"]),)

    team_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=NAME_MOST)
    community_id: str = Field(max_length=40)
    founded_at: datetime = Field(sa_type=UtcDateTime)
    founded_by: str = Field(max_length=64)
    dissolved_at: datetime | None = Field(sa_type=UtcDateTime)


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


teams = table(TeamRow)
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


@dataclass(frozen=True, slots=True)
class Team:
    """A team and who is in it now, leaders first."""

    team_id: str
    name: str
    community_id: str
    dissolved_at: datetime | None
    places: tuple[Place, ...]

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Who is in it now, leaders too."""
        return tuple(one.member_id for one in self.places)

    @property
    def leader_ids(self) -> tuple[str, ...]:
        """Who leads it."""
        return tuple(one.member_id for one in self.places if one.role is TeamRole.LEADER)


@keyed
def found(
    unit: Unit,
    *,
    name: str,
    community_id: str,
    leader_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Found a team with its leader and return its id.

    Raises:
        BadField: the name is unusable.
        CommunityNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold there.
        MemberSuspended: the leader may not act now.
    """
    members.require_active(unit, leader_id)
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    team_id = unit.new_id("tea")
    unit.run(
        insert(teams),
        {
            "bank_id": unit.bank_id,
            "team_id": team_id,
            "name": line("name", name, NAME_MOST),
            "community_id": community_id,
            "founded_at": unit.now,
            "founded_by": unit.actor.id,
            "dissolved_at": None,
        },
    )
    _join(unit, team_id, leader_id, TeamRole.LEADER)
    trail.record(unit, "team.founded", team_id, subject_id=leader_id)
    return team_id


@keyed
def join(
    unit: Unit,
    *,
    team_id: str,
    member_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    role: TeamRole = TeamRole.MEMBER,
) -> str:
    """Take a member into a team, by its leader or the office, and return the id of the place.

    Raises:
        TeamNotFound, MemberNotFound: this bank has none of this id.
        NotYours: a member who does not lead the team.
        OtherCommunity: the actor's role does not hold where the team is.
        MemberSuspended: the member may not act now.
        InTeam: the member is in it already.
    """
    members.require_active(unit, member_id)
    team = find(unit, team_id)
    require_leading(unit, team)
    if member_id in team.member_ids:
        raise InTeam(team_id)
    place_id = _join(unit, team_id, member_id, role)
    trail.record(unit, "team.joined", team_id, subject_id=member_id, after={"role": role})
    return place_id


@keyed
def leave(unit: Unit, *, team_id: str, member_id: str, key: str) -> str:  # noqa: ARG001
    """End a member's time in a team: by that member, its leader, or the office.

    Raises:
        TeamNotFound, MemberNotFound: this bank has none of this id.
        NotYours: a member ends somebody else's and does not lead the team.
        OtherCommunity: the actor's role does not hold where the team is.
        NotInTeam: the member is not in it.
    """
    members.lock(unit, [member_id])
    team = find(unit, team_id)
    if unit.actor.member_id != member_id:
        require_leading(unit, team)
    ended = end_places(unit, member_id, team_id)
    if not ended:
        raise NotInTeam(team_id)
    trail.record(unit, "team.left", team_id, subject_id=member_id)
    return ended[0]


def end_places(unit: Unit, member_id: str, team_id: str | None = None) -> list[str]:
    """End the times in teams of a member whom this unit has locked, in one team or in all."""
    query = (
        update(team_members)
        .where(
            team_members.c.bank_id == unit.bank_id,
            team_members.c.member_id == member_id,
            team_members.c.left_at.is_(None),
        )
        .values(left_at=unit.now, left_by=unit.actor.id)
        .returning(team_members.c.place_id)
    )
    if team_id is not None:
        query = query.where(team_members.c.team_id == team_id)
    return [row.place_id for row in unit.run(query)]


def require_leading(view: Unit, team: Team) -> None:
    """See that the actor leads a team, or is in office where it is.

    Raises:
        NotYours: a member who does not lead it.
        OtherCommunity: the actor's role does not hold where it is.
    """
    if view.actor.member_id in team.leader_ids:
        return
    members.require_own(view.actor, "")
    communities.require_within(view.actor, team.community_id)


def _join(unit: Unit, team_id: str, member_id: str, role: TeamRole) -> str:
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
    return place_id


def find(view: View, team_id: str) -> Team:
    """Return a team with the people who are in it now.

    Raises:
        TeamNotFound: this bank has none of this id.
    """
    row = view.row(select(teams).where(teams.c.bank_id == view.bank_id, teams.c.team_id == team_id))
    if row is None:
        raise TeamNotFound(team_id)
    now = [one for one in history(view, team_id) if one.left_at is None]
    order = list(TeamRole)
    return Team(
        row.team_id,
        row.name,
        row.community_id,
        row.dissolved_at,
        tuple(sorted(now, key=lambda one: (order.index(one.role), one.joined_at))),
    )


def history(view: View, team_id: str) -> list[Place]:
    """Return every time anybody spent in a team, the earliest first."""
    rows = view.rows(
        select(team_members)
        .where(team_members.c.bank_id == view.bank_id, team_members.c.team_id == team_id)
        .order_by(team_members.c.joined_at, team_members.c.place_id)
    )
    return [
        Place(
            row.place_id,
            row.team_id,
            row.member_id,
            TeamRole(row.role),
            row.joined_at,
            row.left_at,
        )
        for row in rows
    ]


def of_members(view: View, member_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the teams in which each of these members is now."""
    rows = view.rows(
        select(team_members.c.member_id, team_members.c.team_id)
        .where(
            team_members.c.bank_id == view.bank_id,
            team_members.c.member_id.in_(sorted(set(member_ids))),
            team_members.c.left_at.is_(None),
        )
        .order_by(team_members.c.joined_at)
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        found[row.member_id] = (*found.get(row.member_id, ()), row.team_id)
    return found
