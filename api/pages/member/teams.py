"""My teams: those I serve in, invitations and wishes, and the people of a team that I lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import MemberId, TeamId
from api.edge.limits import spend
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent, plain
from api.pages.page import MemberPage
from creditbank.core.units import View
from creditbank.people import communities, members, persons, places, team_wishes, teams
from creditbank.people.errors import NotYours
from creditbank.people.group_errors import TeamWishNotFound
from creditbank.people.places import Place
from creditbank.people.team_wishes import Side, Wish
from creditbank.people.teams import Team

router = Routes(prefix="/b/{slug}/me/teams", include_in_schema=False)

INVITATIONS_A_MINUTE = 20
SHOWN_AT_ONCE = 50

Number = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[A-Za-z0-9-]{1,20}$")]


@dataclass(frozen=True, slots=True)
class Wished:
    """An open wish, with the team's name; by the team if it is an invitation."""

    wish: Wish
    team: str

    @property
    def is_invitation(self) -> bool:
        """Whether the team came first."""
        return self.wish.side is Side.TEAM


@dataclass(frozen=True, slots=True)
class Own:
    """A member's teams and open wishes, and the teams that one could ask."""

    member_id: str
    teams: list[Team]
    wishes: list[Wished]
    others: list[Team]
    after: str | None
    near: dict[str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a team, or about to be, by a masked name."""

    member_id: str
    name: str
    place: Place | None
    wish: Wish | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A team, its people, and to who leads it, its open wishes."""

    team: Team
    community: str
    leads: bool
    people: list[Person]
    wishes: list[Person]


class InvitationForm(Sent):
    """Whom a team invites, by their number."""

    number: Number


@router.get("")
async def listing(
    page: MemberPage, *, after: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Show the teams of a member, and those there are."""
    own = await page.read(lambda view: _own(view, page.member_id, after or None))
    return page.show("member/teams.html", own=own, is_first=not after)


def _own(view: View, member_id: str, after: str | None) -> Own:
    mine = places.of_members(view, [member_id]).get(member_id, ())
    said = team_wishes.of_member(view, member_id)
    asked = {one.team_id for one in said}
    every = teams.listing(view, after=after, limit=SHOWN_AT_ONCE)
    return Own(
        member_id,
        [teams.find(view, one) for one in mine],
        [Wished(one, teams.find(view, one.team_id).name) for one in said],
        [one for one in every.teams if one.team_id not in asked | set(mine)],
        every.after,
        {one.community_id: one.name for one in communities.every(view)},
    )


@router.get("/{team_id}")
async def one(page: MemberPage, team_id: TeamId) -> Response:
    """Show a team to who is one of it."""
    shown = await page.read(lambda view: _shown(view, page.member_id, team_id))
    return page.show("member/team.html", shown=shown)


def _shown(view: View, member_id: str, team_id: str) -> Shown:
    """Return a team with its people.

    Raises:
        NotYours: who asks is not in it.
    """
    team = teams.find(view, team_id)
    if member_id not in team.member_ids:
        raise NotYours
    leads = member_id in team.leader_ids
    said = team_wishes.of_team(view, team_id) if leads else []
    names = persons.masked_names(view, {*team.member_ids, *(one.member_id for one in said)})
    return Shown(
        team,
        communities.find(view, team.community_id).name,
        leads,
        [Person(one.member_id, names[one.member_id], one, None) for one in team.places],
        [Person(one.member_id, names[one.member_id], None, one) for one in said],
    )


@router.post("/{team_id}/wishes")
async def ask(page: MemberPage, team_id: TeamId, key: FormKey) -> Response:
    """Ask to be taken in, or say yes to an invitation."""
    made = await page.write(
        lambda unit: team_wishes.ask(unit, key=key, team_id=team_id, member_id=page.member_id)
    )
    return page.go("/me/teams", "team-asked" if made.place_id is None else "team-joined")


@router.post("/{team_id}/invitations")
async def invite(
    page: MemberPage, team_id: TeamId, key: FormKey, form: Annotated[InvitationForm, Form()]
) -> Response:
    """Invite a member by their number, or take in who asked."""
    spend(page.request, "team-invitation", page.caller.actor.id, per_minute=INVITATIONS_A_MINUTE)
    made = await page.write(
        lambda unit: team_wishes.invite(unit, key=key, team_id=team_id, number=form.number)
    )
    return page.go(
        f"/me/teams/{team_id}", "team-invited" if made.place_id is None else "team-taken-in"
    )


@router.post("/{team_id}/members/{member_id}/accept")
async def accept(page: MemberPage, team_id: TeamId, member_id: MemberId, key: FormKey) -> Response:
    """Take in who asked; their number, by which a team invites, is looked up here."""
    number = await page.read(lambda view: _number_of_asking(view, team_id, member_id))
    await page.write(lambda unit: team_wishes.invite(unit, key=key, team_id=team_id, number=number))
    return page.go(f"/me/teams/{team_id}", "team-taken-in")


def _number_of_asking(view: View, team_id: str, member_id: str) -> str:
    """Return the number of a member who asked this team, or was taken in by now.

    Raises:
        TeamWishNotFound: this member did not ask.
    """
    asked = {one.member_id for one in team_wishes.of_team(view, team_id)}
    if member_id not in asked | set(teams.find(view, team_id).member_ids):
        raise TeamWishNotFound(team_id)
    return members.find(view, member_id).number


@router.post("/{team_id}/members/{member_id}/decline")
async def decline(page: MemberPage, team_id: TeamId, member_id: MemberId, key: FormKey) -> Response:
    """Say no to an open wish, or take one's own back."""
    await page.write(
        lambda unit: team_wishes.decline(unit, key=key, team_id=team_id, member_id=member_id)
    )
    own = member_id == page.member_id
    return page.go("/me/teams" if own else f"/me/teams/{team_id}", "team-declined")


@router.post("/{team_id}/members/{member_id}/leave")
async def leave(page: MemberPage, team_id: TeamId, member_id: MemberId, key: FormKey) -> Response:
    """Leave a team, or let somebody go whom one leads."""
    await page.write(lambda unit: teams.leave(unit, key=key, team_id=team_id, member_id=member_id))
    own = member_id == page.member_id
    return page.go("/me/teams" if own else f"/me/teams/{team_id}", "team-left")
