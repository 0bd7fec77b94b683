"""Teams: founded and dissolved at the office, joined by who agrees, seen by who serves in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Request

from api.edge.forms import (
    CommunityRef,
    Cursor,
    DayAsked,
    Form,
    Limit,
    MemberId,
    MemberNumber,
    MemberRef,
    ShortName,
    Shown,
    TeamId,
)
from api.edge.limits import LIMITED, spend
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities, members, persons, places, team_wishes, teams
from creditbank.people import errors as people
from creditbank.people import group_errors as groups
from creditbank.people.places import Place, TeamRole
from creditbank.people.team_wishes import Side, Wish, Wished
from creditbank.people.teams import Team

router = Routes(prefix="/v1/b/{slug}", tags=["teams"])

SeesAll = Annotated[Caller, having(Right.SEE_TASKS)]
Sees = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.SEE_MEMBERS)]
Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
Leads = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_MEMBERS)]
Member = Annotated[Caller, having(Right.ACT_AS_MEMBER)]
SeesOne = Annotated[Caller, of_member(Right.SEE_MEMBERS)]

INVITATIONS_A_MINUTE = 20  # so that nobody reads the masked names of all numbers

_UNKNOWN = (groups.TeamNotFound, people.MemberNotFound)
_NOT_THEIRS = (people.NotYours, people.OtherCommunity)
_CLOSED = (people.MemberSuspended, groups.TeamDissolved, groups.InTeam)


class TeamForm(Form):
    """A new team."""

    name: ShortName
    community_id: CommunityRef
    leader_id: MemberRef


class PlaceForm(Form):
    """Who is taken into a team, with their wish, and as what."""

    member_id: MemberRef
    role: TeamRole = TeamRole.MEMBER


class InvitationForm(Form):
    """Whom a team invites, by the number that this member tells the leader."""

    number: MemberNumber


class AppointmentForm(Form):
    """Whether somebody leads the team."""

    role: TeamRole


class PlaceShown(Shown):
    """Somebody's time in a team, with a masked name; `left_at` is null while it lasts."""

    place_id: str
    member_id: str
    name: str
    role: TeamRole
    joined_at: datetime
    left_at: datetime | None


class PlacesShown(Shown):
    """Everybody's times in a team, the earliest first."""

    items: list[PlaceShown]


class WishShown(Shown):
    """An open wish: the member asked (`member`), or the team invited (`team`)."""

    wish_id: str
    team_id: str
    member_id: str
    name: str
    side: Side
    said_at: datetime


class TeamShown(Shown):
    """A team, and how many are in it."""

    team_id: str
    name: str
    community_id: str
    dissolved_at: datetime | None
    members: int


class TeamPeopleShown(TeamShown):
    """A team, who is in it, leaders first, and who is about to be."""

    people: list[PlaceShown]
    wishes: list[WishShown]


class TeamsShown(Shown):
    """Teams by name; `next` is the `after` of the following page."""

    items: list[TeamShown]
    next: str | None


class OwnTeamsShown(Shown):
    """The teams in which a member is now, and the open wishes about this member."""

    items: list[TeamShown]
    wishes: list[WishShown]


class WishedShown(Shown):
    """With a `place_id` both sides agree, and the member is in."""

    wish_id: str
    place_id: str | None


class SettledShown(Shown):
    """Whom it was about, in which team."""

    team_id: str
    member_id: str


def _team(one: Team) -> TeamShown:
    return TeamShown(
        team_id=one.team_id,
        name=one.name,
        community_id=one.community_id,
        dissolved_at=one.dissolved_at,
        members=len(one.places),
    )


def _places(view: View, found: Sequence[Place]) -> list[PlaceShown]:
    names = persons.masked_names(view, {one.member_id for one in found})
    return [
        PlaceShown(
            name=names[one.member_id],
            **{name: getattr(one, name) for name in Place.__slots__ if name != "team_id"},
        )
        for one in found
    ]


def _wishes(view: View, found: Sequence[Wish]) -> list[WishShown]:
    names = persons.masked_names(view, {one.member_id for one in found})
    return [
        WishShown(
            name=names[one.member_id],
            **{name: getattr(one, name) for name in Wish.__slots__},
        )
        for one in found
    ]


def _people(view: View, caller: Caller, team_id: str) -> TeamPeopleShown:
    """Show a team's people to who is one of them, and to the office; its wishes to who leads.

    Raises:
        NotYours: a member who is not in it.
        OtherCommunity: the caller's role does not hold where it is.
    """
    one = teams.find(view, team_id)
    member = caller.may(Right.ACT_AS_MEMBER)
    if not member:
        communities.require_within(caller.actor, one.community_id)
    elif caller.member_id not in one.member_ids:
        raise people.NotYours
    leads = not member or caller.member_id in one.leader_ids
    said = team_wishes.of_team(view, team_id) if leads else []
    return TeamPeopleShown(
        people=_places(view, one.places), wishes=_wishes(view, said), **_team(one).model_dump()
    )


@router.get("/teams", summary="Teams", responses=refusals(groups.TeamNotFound))
async def listing(caller: SeesAll, after: Cursor = None, limit: Limit = 50) -> TeamsShown:
    """List the teams that are not dissolved."""
    page = await caller.read(lambda view: teams.listing(view, after=after, limit=limit))
    return TeamsShown(items=[_team(one) for one in page.teams], next=page.after)


@router.post(
    "/teams",
    summary="Found a team",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, people.CommunityNotFound, people.OtherCommunity, BadField),
        *(people.MemberSuspended, groups.LeaderUnfit),
    ),
)
async def found(caller: Keeps, key: Key, form: TeamForm) -> TeamPeopleShown:
    """Found a team with its leader, who is no minor."""
    made = await caller.write(lambda unit: teams.found(unit, key=key, **form.model_dump()))
    return await caller.read(lambda view: _people(view, caller, made))


@router.get(
    "/teams/{team_id}",
    summary="A team and its people",
    responses=refusals(groups.TeamNotFound, *_NOT_THEIRS),
)
async def one(caller: Sees, team_id: TeamId) -> TeamPeopleShown:
    """Show a team's people, with masked names, to who is one of them and to the office."""
    return await caller.read(lambda view: _people(view, caller, team_id))


@router.get(
    "/teams/{team_id}/history",
    summary="Who was in a team",
    responses=refusals(groups.TeamNotFound, people.OtherCommunity),
)
async def history(
    caller: Annotated[Caller, having(Right.SEE_MEMBERS)], team_id: TeamId, day: DayAsked = None
) -> PlacesShown:
    """Show everybody who ever was in a team, or who was in it on a day."""

    def look(view: View) -> PlacesShown:
        communities.require_within(caller.actor, teams.find(view, team_id).community_id)
        if day is not None:
            return PlacesShown(items=_places(view, places.on_day(view, team_id, day)))
        return PlacesShown(items=_places(view, places.history(view, team_id)))

    return await caller.read(look)


@router.post(
    "/teams/{team_id}/members",
    summary="Take somebody into a team",
    status_code=201,
    responses=refusals(*_UNKNOWN, people.OtherCommunity, *_CLOSED, groups.LeaderUnfit),
)
async def join(caller: Keeps, team_id: TeamId, key: Key, form: PlaceForm) -> TeamPeopleShown:
    """Take a member who wants it into a team, at the office."""
    await caller.write(lambda unit: teams.join(unit, key=key, team_id=team_id, **form.model_dump()))
    return await caller.read(lambda view: _people(view, caller, team_id))


@router.post(
    "/teams/{team_id}/invitations",
    summary="Invite somebody into a team",
    status_code=201,
    response_model=WishedShown,
    responses=refusals(*_UNKNOWN, *_NOT_THEIRS, *_CLOSED) | LIMITED,
)
async def invite(
    request: Request, caller: Leads, team_id: TeamId, key: Key, form: InvitationForm
) -> Wished:
    """Invite a member, who has to agree; one who asked before is in at once."""
    spend(request, "team-invitation", caller.actor.id, per_minute=INVITATIONS_A_MINUTE)
    return await caller.write(
        lambda unit: team_wishes.invite(unit, key=key, team_id=team_id, number=form.number)
    )


@router.post(
    "/teams/{team_id}/wishes",
    summary="Ask to be taken into a team",
    status_code=201,
    response_model=WishedShown,
    responses=refusals(groups.TeamNotFound, *_CLOSED, people.GuardianNeeded),
)
async def ask(caller: Member, team_id: TeamId, key: Key) -> Wished:
    """Ask a team's leader, who has to agree; one who was invited before is in at once."""
    return await caller.write(
        lambda unit: team_wishes.ask(unit, key=key, team_id=team_id, member_id=caller.member_id)
    )


@router.post(
    "/teams/{team_id}/members/{member_id}/decline",
    summary="Decline a wish or an invitation",
    responses=refusals(*_UNKNOWN, *_NOT_THEIRS, groups.TeamWishNotFound),
)
async def decline(caller: Leads, team_id: TeamId, member_id: MemberId, key: Key) -> SettledShown:
    """Say no to an open wish, or take one's own back."""
    await caller.write(
        lambda unit: team_wishes.decline(unit, key=key, team_id=team_id, member_id=member_id)
    )
    return SettledShown(team_id=team_id, member_id=member_id)


@router.post(
    "/teams/{team_id}/members/{member_id}/role",
    summary="Say who leads a team",
    responses=refusals(
        *_UNKNOWN, people.OtherCommunity, groups.NotInTeam, groups.LeaderUnfit, groups.LastLeader
    ),
)
async def appoint(
    caller: Keeps, team_id: TeamId, member_id: MemberId, key: Key, form: AppointmentForm
) -> TeamPeopleShown:
    """Let one of a team lead it, or lead it no more; somebody always does."""
    await caller.write(
        lambda unit: teams.appoint(
            unit, key=key, team_id=team_id, member_id=member_id, role=form.role
        )
    )
    return await caller.read(lambda view: _people(view, caller, team_id))


@router.post(
    "/teams/{team_id}/members/{member_id}/leave",
    summary="Leave a team",
    responses=refusals(*_UNKNOWN, *_NOT_THEIRS, groups.NotInTeam, groups.LastLeader),
)
async def leave(caller: Leads, team_id: TeamId, member_id: MemberId, key: Key) -> SettledShown:
    """End a member's time in a team: by oneself, its leader, or the office."""
    await caller.write(
        lambda unit: teams.leave(unit, key=key, team_id=team_id, member_id=member_id)
    )
    return SettledShown(team_id=team_id, member_id=member_id)


@router.post(
    "/teams/{team_id}/dissolve",
    summary="Dissolve a team",
    responses=refusals(
        groups.TeamNotFound, people.OtherCommunity, groups.TeamDissolved, groups.TeamHasPoints
    ),
)
async def dissolve(caller: Keeps, team_id: TeamId, key: Key) -> TeamShown:
    """Dissolve a team once its points are donated; what was stays on record."""
    await caller.write(lambda unit: teams.dissolve(unit, key=key, team_id=team_id))
    return _team(await caller.read(lambda view: teams.find(view, team_id)))


@router.get(
    "/members/{member_id}/teams",
    summary="A member's teams",
    responses=refusals(people.MemberNotFound),
)
async def of_one(caller: SeesOne, member_id: MemberId) -> OwnTeamsShown:
    """Show in which teams a member is, and by which they were asked or invited."""

    def look(view: View) -> OwnTeamsShown:
        members.find(view, member_id)
        own = places.of_members(view, [member_id]).get(member_id, ())
        said = team_wishes.of_member(view, member_id)
        return OwnTeamsShown(
            items=[_team(teams.find(view, one)) for one in own], wishes=_wishes(view, said)
        )

    return await caller.read(look)
