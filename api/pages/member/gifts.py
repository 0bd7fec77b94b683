"""Gifts and donations: points for one's family, for the fund, or for whoever is next in need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import AssetCode, MemberRef, TeamId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Sent, Ticked, plain
from api.pages.member import purse
from api.pages.member.family_words import RELATIONS
from api.pages.member.purse import Held
from api.pages.page import MemberPage
from api.pin_checks import with_pin
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.exchange import donations, gifts
from creditbank.ledger import accounts, chart, statements
from creditbank.people import persons, places, relatives, teams
from creditbank.people.relatives import DIRECT_LINE, Related
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Gifts, Scheme

router = Routes(prefix="/b/{slug}/me", include_in_schema=False)

Pin = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9]{6}$")]


@dataclass(frozen=True, slots=True)
class Receiver:
    """A relative in the direct line, by a masked name."""

    related: Related
    name: str


@dataclass(frozen=True, slots=True)
class TeamPurse:
    """What a team that who asks leads could donate."""

    team_id: str
    name: str
    held: tuple[tuple[Asset, int], ...]


@dataclass(frozen=True, slots=True)
class Giving:
    """What can be given, to whom, and by which rules."""

    purse: list[Held]
    rules: Scheme
    gifts: bool
    receivers: list[Receiver]
    fund: list[tuple[Asset, int]]
    teams: list[TeamPurse]


class GiftForm(Sent):
    """To whom, how much of what; and the PIN."""

    to_member_id: MemberRef
    asset: AssetCode
    units: Count
    pin: Pin


class DonationForm(Sent):
    """How much of what; ``directly`` to whoever is next in need; and the PIN."""

    asset: AssetCode
    units: Count
    directly: Ticked = False
    pin: Pin


class TeamDonationForm(Sent):
    """How much of what a team donates; and its leader's PIN."""

    asset: AssetCode
    units: Count
    pin: Pin


@router.get("/gifts")
async def show(page: MemberPage) -> Response:
    """Show what can be given, and to whom."""
    giving = await page.read(lambda view: _giving(view, page.member_id))
    return page.show("member/gifts.html", giving=giving, relations=RELATIONS)


def _giving(view: View, member_id: str) -> Giving:
    rules = scheme.current(view)
    known = [
        one
        for one in relatives.history(view, member_id)
        if one.ended_at is None and one.relation in DIRECT_LINE
    ]
    names = persons.masked_names(view, {one.relative_id for one in known})
    assets = accounts.every_asset(view)
    return Giving(
        purse=purse.held(view, member_id),
        rules=rules,
        gifts=rules.gifts is not Gifts.NONE,
        receivers=[Receiver(one, names[one.relative_id]) for one in known],
        fund=[
            (assets[asset], units)
            for fund, asset, units in statements.funds(view)
            if fund == donations.FUND
        ],
        teams=_teams(view, member_id, assets),
    )


def _teams(view: View, member_id: str, assets: dict[str, Asset]) -> list[TeamPurse]:
    """Return the teams that a member leads and what each earned together."""
    found = []
    for team_id in places.of_members(view, [member_id]).get(member_id, ()):
        team = teams.find(view, team_id)
        if member_id in team.leader_ids:
            held = statements.balances(view, chart.team(team_id))
            several = tuple((assets[one.asset], one.available) for one in held if one.available)
            if several:
                found.append(TeamPurse(team_id, team.name, several))
    return found


@router.post("/gifts")
async def give(page: MemberPage, key: FormKey, form: Annotated[GiftForm, Form()]) -> Response:
    """Give points to family."""
    member_id, to, asset, units = page.member_id, form.to_member_id, form.asset, form.units
    await with_pin(
        page.caller,
        lambda unit: gifts.give(
            unit, key=key, member_id=member_id, to=to, asset=asset, units=units
        ),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )
    return page.go("/me/gifts", "given")


@router.post("/donations")
async def donate(page: MemberPage, key: FormKey, form: Annotated[DonationForm, Form()]) -> Response:
    """Donate to the fund, or directly to whoever is next in need."""
    verb = donations.directly if form.directly else donations.to_fund
    member_id = page.member_id
    await with_pin(
        page.caller,
        lambda unit: verb(unit, key=key, member_id=member_id, asset=form.asset, units=form.units),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )
    return page.go("/me/gifts", "donated")


@router.post("/teams/{team_id}/donations")
async def donate_of_team(
    page: MemberPage, team_id: TeamId, key: FormKey, form: Annotated[TeamDonationForm, Form()]
) -> Response:
    """Donate a team's points, by its leader."""
    await with_pin(
        page.caller,
        lambda unit: donations.of_team(
            unit, key=key, team_id=team_id, asset=form.asset, units=form.units
        ),
        member_id=page.member_id,
        pin=form.pin,
        key=key,
    )
    return page.go("/me/gifts", "donated")
