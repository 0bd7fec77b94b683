"""PIN requests: the payer's own phone answers a till that waits; a card's PIN is typed there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import Form, MemberId, PinDigits, RedemptionId, Shown, Units
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.pin_checks import with_pin
from creditbank.identity import sign_in_errors as refused
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberNotFound
from merchants import errors as shop
from merchants import pin_requests
from merchants.redemptions import PinState, State

router = Routes(prefix="/v1/b/{slug}", tags=["redemptions"])

Own = Annotated[Caller, of_member(None)]
Till = Annotated[Caller, having(Right.ACT_AS_TILL)]

_ANSWERS = (shop.RedemptionNotFound, shop.PinNotWanted, shop.RedemptionExpired)
_PINS = (refused.PinMissing, refused.PinWaiting, refused.PinWrong, refused.PinLocked)


class ConfirmForm(Form):
    """The PIN, and the points that the payer saw: for no others is it given."""

    pin: PinDigits
    points: Units


class PinForm(Form):
    """The PIN that the holder of a printed card types at the till."""

    pin: PinDigits


class PinRequestShown(Shown):
    """A till waits: which shop wants how many points, until when."""

    redemption_id: str
    member_id: str = Field(description="Whose points: the payer's own, or those of whom they help.")
    shop: str
    cart_fen: int | None
    points: int
    ends_at: datetime


class PinRequestsShown(Shown):
    """What waits for a member's PIN."""

    items: list[PinRequestShown]


class PinAnswerShown(Shown):
    """Where the PIN of a redemption stands, and for how many points."""

    redemption_id: str
    pin: PinState
    points: int
    state: State


@router.get(
    "/members/{member_id}/pin-requests",
    summary="What waits for my PIN",
    responses=refusals(MemberNotFound),
)
async def waiting(caller: Own, member_id: MemberId) -> PinRequestsShown:
    """List the payments that wait for a member's PIN; ask every few seconds at the till."""
    found = await caller.read(lambda view: pin_requests.listing(view, member_id))
    return PinRequestsShown(items=[PinRequestShown.model_validate(one) for one in found])


@router.post(
    "/members/{member_id}/pin-requests/{redemption_id}/confirm",
    summary="Confirm a payment with my PIN",
    response_model=PinAnswerShown,
    responses=refusals(MemberNotFound, *_ANSWERS, *_PINS),
)
async def confirm(
    caller: Own, member_id: MemberId, redemption_id: RedemptionId, key: Key, form: ConfirmForm
) -> pin_requests.PinAnswer:
    """Give the PIN for a payment; the till then asks again and takes at most these points."""
    return await with_pin(
        caller,
        lambda unit: pin_requests.confirm(
            unit, key=key, payer_id=member_id, redemption_id=redemption_id, points=form.points
        ),
        member_id=member_id,
        pin=form.pin,
        key=key,
    )


@router.post(
    "/members/{member_id}/pin-requests/{redemption_id}/refuse",
    summary="Refuse a payment",
    response_model=PinAnswerShown,
    responses=refusals(MemberNotFound, *_ANSWERS),
)
async def refuse(
    caller: Own, member_id: MemberId, redemption_id: RedemptionId, key: Key
) -> pin_requests.PinAnswer:
    """Refuse a payment that waits for the PIN: the redemption ends, the till must scan again."""
    return await caller.write(
        lambda unit: pin_requests.refuse(
            unit, key=key, payer_id=member_id, redemption_id=redemption_id
        )
    )


@router.post(
    "/till/redemptions/{redemption_id}/pin",
    summary="Type a card's PIN at the till",
    response_model=PinAnswerShown,
    responses=refusals(*_ANSWERS, *_PINS, shop.TillSuspended, shop.MerchantSuspended),
)
async def at_till(
    caller: Till, redemption_id: RedemptionId, key: Key, form: PinForm
) -> pin_requests.PinAnswer:
    """Give the PIN of whoever's printed card was scanned at this till."""
    holder = await caller.read(
        lambda view: pin_requests.holder(view, till_id=caller.till_id, redemption_id=redemption_id)
    )
    return await with_pin(
        caller,
        lambda unit: pin_requests.confirm_at_till(unit, key=key, redemption_id=redemption_id),
        member_id=holder,
        pin=form.pin,
        key=key,
    )
