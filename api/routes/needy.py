"""People in need, and hand-outs from the funds: each takes two people of the office."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field

from api.edge.forms import AssetCode, Form, HandoutId, MemberRef, NeedyId, Shown, Units, printable
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core import errors as core
from creditbank.core.states import StateConflict
from creditbank.exchange import donations, handouts, needy
from creditbank.exchange import errors as refused
from creditbank.exchange.handouts import Handout
from creditbank.exchange.needy import Needy
from creditbank.exchange.states import HandoutState, NeedyState
from creditbank.identity.roles import Right
from creditbank.people import errors as people

router = Routes(prefix="/v1/b/{slug}", tags=["needy"])

Keeps = Annotated[Caller, having(Right.KEEP_EXCHANGE)]
_ENTRY = (refused.NeedyNotFound, people.OtherCommunity, refused.OwnBenefit, StateConflict)
_HANDOUT = (refused.HandoutNotFound, StateConflict)

Reason = Annotated[
    str,
    Field(min_length=1, max_length=needy.REASON_MOST, examples=["独居，低保"]),
    AfterValidator(printable),
]


class NeedyForm(Form):
    """Who is in need, and why; the reason is sealed."""

    member_id: MemberRef
    reason: Reason


class EndForm(Form):
    """Why an entry ends, or is refused; the reason is sealed."""

    reason: Reason


class HandoutForm(Form):
    """How much the next so many people in need are to receive each, from which fund."""

    fund: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")] = donations.FUND
    asset: AssetCode
    units_each: Units
    people: Annotated[int, Field(ge=1, le=handouts.PEOPLE_MOST, strict=True)]


class NeedyShown(Shown):
    """Where an entry of the register stands."""

    needy_id: str
    member_id: str
    state: NeedyState
    named_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None


class EntryShown(NeedyShown):
    """An entry of the register, and why."""

    reason: str | None


class RegisterShown(Shown):
    """Who is proposed, and who is in need."""

    items: list[EntryShown]


class HandoutShown(Shown):
    """A hand-out: who receives how much, and where it stands."""

    handout_id: str
    fund: str
    asset: str
    units_each: int
    member_ids: list[str]
    state: HandoutState
    proposed_at: datetime
    ends_at: datetime
    decided_at: datetime | None
    transfer_id: str | None


class HandoutsShown(Shown):
    """The latest hand-outs."""

    items: list[HandoutShown]


def _handout(one: Handout) -> HandoutShown:
    return HandoutShown.model_validate(one)


@router.get("/needy", summary="The register of people in need")
async def register(caller: Keeps) -> RegisterShown:
    """List who is proposed and who is in need, where the caller's role holds."""
    found = await caller.read(lambda view: needy.register(view, caller.communities))
    shown = [
        EntryShown(
            reason=one.reason,
            **{name: getattr(one.needy, name) for name in NeedyShown.model_fields},
        )
        for one in found
    ]
    return RegisterShown(items=shown)


@router.post(
    "/needy",
    summary="Propose somebody for the register",
    status_code=201,
    response_model=NeedyShown,
    responses=refusals(
        *(people.MemberNotFound, people.OtherCommunity, refused.OwnBenefit, core.BadField),
        *(refused.NeedyAlready, StateConflict),
    ),
)
async def name(caller: Keeps, key: Key, form: NeedyForm) -> Needy:
    """Propose a member; a second person confirms."""
    return await caller.write(lambda unit: needy.name(unit, key=key, **form.model_dump()))


@router.post(
    "/needy/{needy_id}/confirm",
    summary="Confirm that somebody is in need",
    response_model=NeedyShown,
    responses=refusals(*_ENTRY, refused.OtherPersonNeeded),
)
async def confirm(caller: Keeps, needy_id: NeedyId, key: Key) -> Needy:
    """Confirm an entry as the second person."""
    return await caller.write(lambda unit: needy.confirm(unit, key=key, needy_id=needy_id))


@router.post(
    "/needy/{needy_id}/end",
    summary="End an entry of the register",
    response_model=NeedyShown,
    responses=refusals(*_ENTRY, core.BadField),
)
async def end(caller: Keeps, needy_id: NeedyId, key: Key, form: EndForm) -> Needy:
    """End an entry, or refuse a proposed one."""
    return await caller.write(
        lambda unit: needy.end(unit, key=key, needy_id=needy_id, reason=form.reason)
    )


@router.get("/handouts", summary="Hand-outs from the funds")
async def listing(caller: Keeps) -> HandoutsShown:
    """List the latest hand-outs."""
    found = await caller.read(handouts.listing)
    return HandoutsShown(items=[_handout(one) for one in found])


@router.post(
    "/handouts",
    summary="Propose a hand-out",
    status_code=201,
    response_model=HandoutShown,
    responses=refusals(
        *(core.AssetNotFound, core.NotSpendable, refused.DonationTooLarge, core.BadField),
        *(refused.NobodyInNeed, refused.OwnBenefit),
    ),
)
async def propose(caller: Keeps, key: Key, form: HandoutForm) -> Handout:
    """Propose that the next in the scheme's order receive so much each."""
    return await caller.write(lambda unit: handouts.propose(unit, key=key, **form.model_dump()))


@router.post(
    "/handouts/{handout_id}/confirm",
    summary="Confirm a hand-out",
    response_model=HandoutShown,
    responses=refusals(
        *(*_HANDOUT, refused.OtherPersonNeeded, refused.OwnBenefit, refused.HandoutStale),
        core.InsufficientPoints,
    ),
)
async def confirm_handout(caller: Keeps, handout_id: HandoutId, key: Key) -> Handout:
    """Confirm a hand-out as the second person; the points move."""
    return await caller.write(lambda unit: handouts.confirm(unit, key=key, handout_id=handout_id))


@router.post(
    "/handouts/{handout_id}/withdraw",
    summary="Withdraw a hand-out",
    response_model=HandoutShown,
    responses=refusals(*_HANDOUT),
)
async def withdraw(caller: Keeps, handout_id: HandoutId, key: Key) -> Handout:
    """Withdraw a hand-out that nobody has confirmed."""
    return await caller.write(lambda unit: handouts.withdraw(unit, key=key, handout_id=handout_id))
