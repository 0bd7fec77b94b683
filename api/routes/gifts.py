"""Gifts and donations: what members and teams give away, and what lies in the funds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.edge.forms import AssetCode, Form, MemberId, MemberRef, PinDigits, Shown, TeamId, Units
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.pin_checks import with_pin
from creditbank.core import errors as core
from creditbank.exchange import donations, gifts
from creditbank.exchange import errors as refused
from creditbank.identity import sign_in_errors as signed
from creditbank.identity.roles import Right
from creditbank.ledger import statements
from creditbank.people import errors as people
from creditbank.people.group_errors import TeamNotFound

router = Routes(prefix="/v1/b/{slug}", tags=["gifts"])

Own = Annotated[Caller, of_member(None)]
Leader = Annotated[Caller, having(Right.ACT_AS_MEMBER)]
Sees = Annotated[Caller, having(Right.SEE_BANK)]

_PINS = (signed.PinUnproven, signed.PinMissing, signed.PinWaiting, signed.PinWrong)
_FUNDS = (core.AssetNotFound, core.NotSpendable, core.InDebt, core.InsufficientPoints)
_GIVERS = (people.MemberNotFound, people.MemberSuspended, refused.ChildCannotGive)


class GiftForm(Form):
    """To whom of one's family, how much of what; and the PIN."""

    to_member_id: MemberRef
    asset: AssetCode
    units: Units
    pin: PinDigits


class DonationForm(Form):
    """How much of what; ``directly`` to whoever is next in need, else to the fund; the PIN."""

    asset: AssetCode
    units: Units
    directly: bool = False
    pin: PinDigits


class TeamDonationForm(Form):
    """How much of what a team donates, and the leader's PIN."""

    asset: AssetCode
    units: Units
    pin: PinDigits


class GivenShown(Shown):
    """What was given to whom, and how much can still be given today."""

    transfer_id: str
    to: str
    asset: str
    units: int
    left_today: int


class DonatedShown(Shown):
    """What was donated; who received it is not told."""

    transfer_id: str
    asset: str
    units: int
    to_fund: bool


class FundShown(Shown):
    """What lies in one fund."""

    fund: str = Field(examples=["donations"])
    asset: str
    units: int


class FundsShown(Shown):
    """What lies in the funds of the bank."""

    items: list[FundShown]


@router.post(
    "/members/{member_id}/gifts",
    summary="Give points to family",
    status_code=201,
    response_model=GivenShown,
    responses=refusals(
        *(*_GIVERS, *_PINS, *_FUNDS, refused.GiftsOff, refused.NotDirectLine, refused.SamePerson),
        *(refused.GiftLimit, refused.StorageFull),
    ),
)
async def give(caller: Own, member_id: MemberId, key: Key, form: GiftForm) -> gifts.Given:
    """Give points to registered family in the direct line; they keep their days."""
    said = {"to": form.to_member_id, "asset": form.asset, "units": form.units}
    return await with_pin(
        caller,
        lambda unit: gifts.give(unit, key=key, member_id=member_id, **said),  # type: ignore[arg-type]
        member_id=member_id,
        pin=form.pin,
        key=key,
    )


@router.post(
    "/members/{member_id}/donations",
    summary="Donate points",
    status_code=201,
    response_model=DonatedShown,
    responses=refusals(
        *(*_GIVERS, *_PINS, *_FUNDS, refused.DonationsOff, refused.NobodyInNeed),
        refused.DonationTooLarge,
    ),
)
async def donate(
    caller: Own, member_id: MemberId, key: Key, form: DonationForm
) -> donations.Donated:
    """Donate to the fund, or directly to whoever is next in need by the scheme's order."""
    verb = donations.directly if form.directly else donations.to_fund
    return await with_pin(
        caller,
        lambda unit: verb(unit, key=key, member_id=member_id, asset=form.asset, units=form.units),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )


@router.post(
    "/teams/{team_id}/donations",
    summary="Donate what a team earned",
    status_code=201,
    response_model=DonatedShown,
    responses=refusals(
        *(*_GIVERS, *_PINS, *_FUNDS, refused.DonationsOff, refused.NotTeamLeader),
        TeamNotFound,
    ),
)
async def donate_of_team(
    caller: Leader, team_id: TeamId, key: Key, form: TeamDonationForm
) -> donations.Donated:
    """Donate a team's points to the fund, by its leader; a team may do nothing else with them."""
    return await with_pin(
        caller,
        lambda unit: donations.of_team(
            unit, key=key, team_id=team_id, asset=form.asset, units=form.units
        ),
        member_id=caller.member_id,
        pin=form.pin,
        key=key,
    )


@router.get("/funds", summary="What lies in the funds")
async def funds(caller: Sees) -> FundsShown:
    """Show what was donated and not handed out yet, by fund and asset."""
    found = await caller.read(statements.funds)
    shown = [FundShown(fund=fund, asset=asset, units=units) for fund, asset, units in found]
    return FundsShown(items=shown)
