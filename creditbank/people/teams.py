"""Teams (志愿服务队): a name, a community, a leader and members; who came and went stays on record.

Unlike a household a team may earn: what it earns together can only be donated, so it is dissolved
only when nothing is left. The office founds and dissolves teams, takes people in with their wish,
and says who leads; leaders take in who agrees (`creditbank.people.team_wishes`). Everybody leaves
by oneself, but the last leader not before the others. Whoever joins or leaves is locked first,
then the team.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Actor, Unit, View
from creditbank.ledger import chart, statements
from creditbank.people import ages, communities, members, places, trail
from creditbank.people.errors import NotYours
from creditbank.people.group_errors import (
    InTeam,
    LastLeader,
    LeaderUnfit,
    NotInTeam,
    TeamDissolved,
    TeamHasPoints,
    TeamNotFound,
)
from creditbank.people.members import MEMBER_ROLE
from creditbank.people.places import Place, TeamRole

NAME_MOST = 40
PAGE_MOST = 200


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


teams = table(TeamRow)


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


@dataclass(frozen=True, slots=True)
class Page:
    """Teams by name; ``after`` asks for the next page, None on the last one."""

    teams: tuple[Team, ...]
    after: str | None


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
        NotYours: a member does it, which is the office's.
        BadField: the name is unusable.
        CommunityNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold there.
        MemberSuspended: the leader may not act now.
        LeaderUnfit: the leader is a minor.
    """
    _require_office(unit.actor)
    members.require_active(unit, leader_id)
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    _require_fit(unit, leader_id, TeamRole.LEADER)
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
    places.add(unit, team_id, leader_id, TeamRole.LEADER)
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
    """Take a member who wants it into a team, at the office, and return the id of the place.

    Raises:
        NotYours: a member does it, which is the office's.
        TeamNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the team is.
        MemberSuspended: the member may not act now.
        TeamDissolved: it is no team any more.
        InTeam: the member is in it already.
        LeaderUnfit: a minor is to lead it.
    """
    _require_office(unit.actor)
    members.require_active(unit, member_id)
    team = lock(unit, team_id)
    communities.require_within(unit.actor, team.community_id)
    require_open(team, member_id)
    _require_fit(unit, member_id, role)
    return places.add(unit, team_id, member_id, role)


@keyed
def appoint(
    unit: Unit,
    *,
    team_id: str,
    member_id: str,
    role: TeamRole,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> TeamRole:
    """Let one of a team lead it, or lead it no more, at the office; return what they are now.

    Raises:
        NotYours: a member does it, which is the office's.
        TeamNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the team is.
        NotInTeam: the member is not in it.
        LeaderUnfit: a minor is to lead it.
        LastLeader: nobody else leads it.
    """
    _require_office(unit.actor)
    members.lock(unit, [member_id])
    team = lock(unit, team_id)
    communities.require_within(unit.actor, team.community_id)
    own = _own(team, member_id)
    if own.role is role:
        return role
    _require_fit(unit, member_id, role)
    if role is TeamRole.MEMBER and team.leader_ids == (member_id,):
        raise LastLeader(team_id)
    places.store(unit, own.place_id, role=role)
    trail.record(
        unit,
        "team.appointed",
        team_id,
        subject_id=member_id,
        before={"role": own.role},
        after={"role": role},
    )
    notices.tell(unit, member_id, "team-leads" if role is TeamRole.LEADER else "team-leads-no-more")
    return role


@keyed
def leave(unit: Unit, *, team_id: str, member_id: str, key: str) -> str:  # noqa: ARG001
    """End a member's time in a team: by that member, its leader, or the office.

    Raises:
        TeamNotFound, MemberNotFound: this bank has none of this id.
        NotYours: a member ends somebody else's and does not lead the team.
        OtherCommunity: the actor's role does not hold where the team is.
        NotInTeam: the member is not in it.
        LastLeader: nobody else leads it, and others stay.
    """
    members.lock(unit, [member_id])
    team = lock(unit, team_id)
    if unit.actor.member_id != member_id:
        require_leading(unit.actor, team)
    own = _own(team, member_id)
    if team.leader_ids == (member_id,) and len(team.places) > 1:
        raise LastLeader(team_id)
    _end(unit, [own])
    return own.place_id


@keyed
def dissolve(unit: Unit, *, team_id: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Dissolve a team at the office, and with it everybody's time in it; return its id.

    Raises:
        NotYours: a member does it, which is the office's.
        TeamNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the team is.
        TeamDissolved: it is no team any more.
        TeamHasPoints: what it earned together is not donated yet.
    """
    _require_office(unit.actor)
    members.lock(unit, find(unit, team_id).member_ids)
    team = lock(unit, team_id)
    communities.require_within(unit.actor, team.community_id)
    if team.dissolved_at is not None:
        raise TeamDissolved(team_id)
    for balance in statements.balances(unit, chart.team(team_id)):
        if balance.available:
            raise TeamHasPoints(balance.asset, balance.available)
    _end(unit, team.places)
    unit.run(
        update(teams)
        .where(teams.c.bank_id == unit.bank_id, teams.c.team_id == team_id)
        .values(dissolved_at=unit.now)
    )
    trail.record(unit, "team.dissolved", team_id)
    return team_id


def end_places(unit: Unit, member_id: str) -> None:
    """End all times in teams of a member who leaves the bank and is locked."""
    _end(unit, [one for one in places.of_member(unit, member_id) if one.left_at is None])


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's places; both are locked."""
    kept = {one.team_id: one for one in places.of_member(unit, kept_id) if one.left_at is None}
    for one in places.of_member(unit, old_id):
        if one.left_at is not None:
            continue
        if one.team_id not in kept:
            places.store(unit, one.place_id, member_id=kept_id)
            continue
        places.store(unit, one.place_id, left_at=unit.now, left_by=unit.actor.id)
        if one.role is TeamRole.LEADER:
            places.store(unit, kept[one.team_id].place_id, role=TeamRole.LEADER)


def _require_office(actor: Actor) -> None:
    """See that the office acts.

    Raises:
        NotYours: a member does.
    """
    if actor.role == MEMBER_ROLE:
        raise NotYours


def require_leading(actor: Actor, team: Team) -> None:
    """See that the actor leads a team, or is in office where it is.

    Raises:
        NotYours: a member who does not lead it.
        OtherCommunity: the actor's role does not hold where it is.
    """
    if actor.role == MEMBER_ROLE and actor.member_id in team.leader_ids:
        return
    members.require_own(actor, "")
    communities.require_within(actor, team.community_id)


def require_open(team: Team, member_id: str) -> None:
    """See that a member may come into a team that is locked.

    Raises:
        TeamDissolved: it is no team any more.
        InTeam: the member is in it already.
    """
    if team.dissolved_at is not None:
        raise TeamDissolved(team.team_id)
    if member_id in team.member_ids:
        raise InTeam(team.team_id)


def _require_fit(view: View, member_id: str, role: TeamRole) -> None:
    """See that no minor leads a team.

    Raises:
        LeaderUnfit: one would.
    """
    if role is TeamRole.LEADER and ages.is_minor(view, member_id):
        raise LeaderUnfit


def _own(team: Team, member_id: str) -> Place:
    for one in team.places:
        if one.member_id == member_id:
            return one
    raise NotInTeam(team.team_id)


def _end(unit: Unit, ending: Sequence[Place]) -> None:
    for one in ending:
        places.store(unit, one.place_id, left_at=unit.now, left_by=unit.actor.id)
        trail.record(unit, "team.left", one.team_id, subject_id=one.member_id)
    notices.tell_all(unit, sorted(one.member_id for one in ending), "team-left")


def lock(unit: Unit, team_id: str) -> Team:
    """Lock a team, after the members concerned, and return it.

    Raises:
        TeamNotFound: this bank has none of this id.
    """
    unit.row(
        select(teams.c.team_id)
        .where(teams.c.bank_id == unit.bank_id, teams.c.team_id == team_id)
        .with_for_update(key_share=True)
    )
    return find(unit, team_id)


def find(view: View, team_id: str) -> Team:
    """Return a team with the people who are in it now.

    Raises:
        TeamNotFound: this bank has none of this id.
    """
    rows = view.rows(
        select(teams).where(teams.c.bank_id == view.bank_id, teams.c.team_id == team_id)
    )
    if not rows:
        raise TeamNotFound(team_id)
    return _with_places(view, rows)[0]


def _with_places(view: View, rows: Sequence[Row[Any]]) -> tuple[Team, ...]:
    """Return stored teams with the people who are in them now, leaders first."""
    order = list(TeamRole)
    now = places.now_in(view, [row.team_id for row in rows])
    now.sort(key=lambda one: order.index(one.role))
    return tuple(
        Team(
            row.team_id,
            row.name,
            row.community_id,
            row.dissolved_at,
            tuple(one for one in now if one.team_id == row.team_id),
        )
        for row in rows
    )


def listing(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the teams that are not dissolved, by name; ``after`` is that of the page before.

    Raises:
        TeamNotFound: ``after`` is no team of this bank.
    """
    limit = min(limit, PAGE_MOST)
    query = select(teams).where(teams.c.bank_id == view.bank_id, teams.c.dissolved_at.is_(None))
    if after is not None:
        name = find(view, after).name
        query = query.where(
            (teams.c.name > name) | ((teams.c.name == name) & (teams.c.team_id > after))
        )
    rows = view.rows(query.order_by(teams.c.name, teams.c.team_id).limit(limit + 1))
    shown = _with_places(view, rows[:limit])
    return Page(shown, shown[-1].team_id if len(rows) > limit else None)
