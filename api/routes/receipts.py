"""Receipts: what became of a redemption or of a till's request, and a shop's day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import DayAsked, MerchantId, RedemptionId, RequestId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from merchants import cancellations, partners, receipts, tills
from merchants import errors as shop
from merchants.redemptions import PinState, State
from merchants.requests import RequestState

router = Routes(prefix="/v1/b/{slug}", tags=["redemptions"])

Till = Annotated[Caller, having(Right.ACT_AS_TILL)]
SeesSales = Annotated[Caller, having(Right.SEE_SALES)]
SeesReceipts = Annotated[
    Caller, having(Right.ACT_AS_TILL, Right.ACT_AS_MEMBER, Right.REFUND, Right.SEE_SALES)
]


class ReceiptShown(Shown):
    """A redemption as paper. Points 0 with a reason is a normal outcome: nothing was usable."""

    redemption_id: str
    receipt_no: str
    state: State
    merchant_id: str
    till_id: str
    offer_id: str
    asset: str
    cart_fen: int | None
    points: int
    discount_fen: int
    to_pay_fen: int | None = Field(description="What the customer still pays at the till.")
    refunded_points: int
    balance_after: int | None
    transfer_id: str | None
    paid_at: datetime | None
    reason: str | None
    pin: PinState | None = Field(description="Whether a PIN is wanted, given, used or refused.")
    by_delegate: bool = Field(description="A delegate of the member showed the code.")
    delegate_id: str | None = Field(description="Which one; told to the member alone.")


class AskedShown(Shown):
    """What became of a request, the same on all screens."""

    request_id: str
    state: State | RequestState
    redemption_id: str | None
    refusal: str | None = Field(description="The slug of the problem it was answered with.")
    receipt: ReceiptShown | None
    pin: PinState | None = Field(
        description="After `pin-needed`: once it is given, ask again with a new request id."
    )


class CancelledShown(Shown):
    """What a cancelled request came to; no points are taken by it."""

    request_id: str
    state: State | RequestState
    redemption_id: str | None


class DayShown(Shown):
    """A shop's day: points and discount are net of refunds, voided payments don't count."""

    merchant_id: str
    day: date
    payments: int
    points: int
    refunded_points: int
    discount_fen: int
    receipts: list[ReceiptShown]


@router.get(
    "/redemptions/{redemption_id}",
    summary="A receipt",
    response_model=ReceiptShown,
    responses=refusals(shop.RedemptionNotFound),
)
async def receipt(
    caller: SeesReceipts,
    redemption_id: RedemptionId,
) -> receipts.Receipt:
    """Show a receipt: to its till, to its member, to its shop's owner, to staff."""
    own = caller.member_id if caller.may(Right.ACT_AS_MEMBER) else None
    return await caller.read(
        lambda view: receipts.receipt(
            view,
            redemption_id,
            till_id=caller.principal.till_id,
            member_id=own,
            merchants=caller.merchants,
        )
    )


@router.get(
    "/till/requests/{request_id:path}",
    summary="What became of a request",
    response_model=AskedShown,
    responses=refusals(shop.RequestNotFound),
)
async def asked(caller: Till, request_id: RequestId) -> receipts.Asked:
    """Ask after a lost answer, every 3 s for 30 s; then cancel. 404: it never arrived."""
    return await caller.read(
        lambda view: receipts.by_request(view, till_id=caller.till_id, request_id=request_id)
    )


@router.post(
    "/till/requests/{request_id:path}/cancel",
    summary="Cancel a request",
    response_model=CancelledShown,
    responses=refusals(shop.AlreadyPaid, BadField),
)
async def cancel_request(caller: Till, request_id: RequestId, key: Key) -> cancellations.Cancelled:
    """Cancel a request, whether or not it has arrived; if it arrives later it is refused."""
    return await caller.write(
        lambda unit: cancellations.cancel(unit, key=key, request_id=request_id)
    )


@router.get(
    "/till/day",
    summary="My shop's day",
    response_model=DayShown,
    responses=refusals(shop.TillNotFound),
)
async def till_day(caller: Till, on: DayAsked = None) -> receipts.MerchantDay:
    """Show what was paid at the shop of this till on a day, or scanned unpaid, and the totals."""
    return await caller.read(
        lambda view: receipts.day(
            view, tills.find(view, caller.till_id).merchant_id, on or view.today
        )
    )


@router.get(
    "/merchants/{merchant_id}/day",
    summary="A shop's day",
    response_model=DayShown,
    responses=refusals(shop.MerchantNotFound),
)
async def merchant_day(
    caller: SeesSales,
    merchant_id: MerchantId,
    on: DayAsked = None,
) -> receipts.MerchantDay:
    """Show what was paid at a shop on a day, or scanned and not paid, and the totals."""

    def look(view: View) -> receipts.MerchantDay:
        partners.require_own(caller.actor, merchant_id)
        partners.find(view, merchant_id)
        return receipts.day(view, merchant_id, on or view.today)

    return await caller.read(look)
