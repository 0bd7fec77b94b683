"""Redemptions: what a till asks for. The Idempotency-Key of a write is the till's request id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.edge.forms import (
    Fen,
    Form,
    OfferRef,
    PayCodeDigits,
    RedemptionId,
    Shown,
    Units,
)
from api.edge.lean import Lean
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.receipts import ReceiptShown
from creditbank.core.errors import BadAmount, BadField, InDebt, InsufficientPoints
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.people.errors import DelegateEnded, DelegateTooNew, MemberSuspended
from merchants import cancellations, checkout, receipts, refunds, scans
from merchants import errors as shop
from merchants.offers import Quote, Reason
from merchants.redemptions import State
from merchants.till_errors import CashierNeeded

router = Routes(prefix="/v1/b/{slug}", tags=["redemptions"], route_class=Lean)

Till = Annotated[Caller, having(Right.ACT_AS_TILL)]
Refunds = Annotated[Caller, having(Right.ACT_AS_TILL, Right.REFUND)]

SCANS = (
    *(shop.CodeScrambled, shop.CodeForeign, shop.CodeUnknown, shop.CodeUsed, shop.CodeExpired),
    *(shop.CodeStopped, shop.TillLocked, shop.TillSuspended, shop.MerchantSuspended),
    *(shop.OfferNotFound, shop.OfferUnclear, shop.OwnCode, MemberSuspended, InDebt),
    *(shop.CartEmpty, BadAmount, BadField, shop.QuotaUsed, shop.OutOfStock, shop.RequestCancelled),
    *(shop.CardEnded, DelegateEnded, DelegateTooNew, CashierNeeded),
)
PAYS = (
    *(shop.RedemptionNotFound, shop.RedemptionExpired, StateConflict, shop.PointsTooMany),
    *(shop.PinNeeded, shop.QuotaUsed, shop.OutOfStock, MemberSuspended, InDebt),
    *(shop.CartEmpty, BadAmount, BadField, shop.RequestCancelled, DelegateEnded, DelegateTooNew),
    *(shop.TillSuspended, shop.MerchantSuspended, CashierNeeded, shop.OwnCode),
)
_A_SCAN: JsonDict = {"code": "281934605512837466", "cart_fen": 5999}


class ScanForm(Form):
    """A pay code that was read, and the bill if it is known already."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_SCAN]})

    code: PayCodeDigits
    cart_fen: Fen | None = None
    offer_id: OfferRef | None = Field(None, description="Needed where a shop has several offers.")


class ScanAndRedeemForm(ScanForm):
    """A pay code to read and take points by, in one go; without points, the most usable."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_SCAN | {"points": 3}]})

    points: Units | None = None


class PayForm(Form):
    """How many points, and the bill if it changed; without points, the most usable."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"points": 3, "cart_fen": 5999}]})

    points: Units | None = None
    cart_fen: Fen | None = None


class QuoteForm(Form):
    """Another bill."""

    cart_fen: Fen | None = None


class CaptureForm(Form):
    """How many of the points set aside; without, all of them."""

    points: Units | None = None


class RefundForm(Form):
    """So many points, or what the remaining bill no longer allows; without both, all."""

    points: Units | None = None
    remaining_cart_fen: Fen | None = None


class ScannedShown(Shown):
    """An opened redemption, bound to this till until `ends_at`; nothing is set aside yet."""

    redemption_id: str
    offer_id: str
    points_most: int
    discount_fen: int
    reason: Reason | None = Field(description="Why no point is usable.")
    ends_at: datetime
    pin_needed: bool = Field(description="Taking the most points would want a PIN.")


class QuoteShown(Shown):
    """The most points usable now."""

    points_most: int
    discount_fen: int
    reason: Reason | None
    pin_needed: bool = Field(description="Taking the most points would want a PIN.")


class AuthorisedShown(Shown):
    """Points that are set aside until `ends_at`."""

    redemption_id: str
    hold_id: str
    points: int
    discount_fen: int
    ends_at: datetime


class EndedShown(Shown):
    """A redemption that was cancelled or voided; the transfer gave its points back."""

    redemption_id: str
    state: State
    points: int
    transfer_id: str | None


class RefundedShown(Shown):
    """What came back now and in all; `discount_back_fen` is what the customer owes the shop."""

    redemption_id: str
    transfer_id: str
    state: State
    points: int
    refunded_points: int
    discount_back_fen: int


@router.post(
    "/scans",
    summary="Scan a pay code",
    status_code=201,
    response_model=ScannedShown,
    responses=refusals(*SCANS),
)
async def scan(caller: Till, key: Key, form: ScanForm) -> scans.Scanned:
    """Burn a pay code and open a redemption with the most points usable."""
    return await caller.write(lambda unit: scans.scan(unit, key=key, **form.model_dump()))


@router.post(
    "/redemptions/{redemption_id}/quote",
    summary="Quote another bill",
    response_model=QuoteShown,
    responses=refusals(
        *(shop.RedemptionNotFound, shop.RedemptionExpired, StateConflict, shop.CartEmpty),
        *(BadAmount, BadField, shop.QuotaUsed, shop.OutOfStock),
    ),
)
async def quote(caller: Till, redemption_id: RedemptionId, form: QuoteForm) -> Quote:
    """Say the most points usable on another bill. It changes nothing, so it needs no key."""
    return await caller.read(
        lambda view: scans.requote(
            view, till_id=caller.till_id, redemption_id=redemption_id, cart_fen=form.cart_fen
        )
    )


@router.post(
    "/redemptions/{redemption_id}/redeem",
    summary="Take the points",
    response_model=ReceiptShown,
    responses=refusals(*PAYS),
)
async def redeem(
    caller: Till, redemption_id: RedemptionId, key: Key, form: PayForm
) -> receipts.Receipt:
    """Take the points of a scanned redemption."""
    return await caller.write(
        checkout.Redeem(redemption_id, key, points=form.points, cart_fen=form.cart_fen)
    )


@router.post(
    "/scan-and-redeem",
    summary="Scan and take the points at once",
    response_model=ReceiptShown,
    responses=refusals(*SCANS, shop.PointsTooMany, shop.PinNeeded),
)
async def scan_and_redeem(caller: Till, key: Key, form: ScanAndRedeemForm) -> receipts.Receipt:
    """Burn a pay code and take its points in one unit: for tills' programs."""
    return await caller.write(
        checkout.ScanAndRedeem(form.code, form.cart_fen, key, form.offer_id, form.points)
    )


@router.post(
    "/redemptions/{redemption_id}/authorise",
    summary="Set the points aside",
    response_model=AuthorisedShown,
    responses=refusals(*PAYS, shop.NothingUsable),
)
async def authorise(
    caller: Till, redemption_id: RedemptionId, key: Key, form: PayForm
) -> checkout.Authorised:
    """Set the points of a scanned redemption aside, until they are captured or voided."""
    return await caller.write(
        lambda unit: checkout.authorise(
            unit, key=key, redemption_id=redemption_id, **form.model_dump()
        )
    )


@router.post(
    "/redemptions/{redemption_id}/capture",
    summary="Take what is set aside",
    response_model=ReceiptShown,
    responses=refusals(
        *(shop.RedemptionNotFound, shop.RedemptionExpired, StateConflict, shop.PointsTooMany),
        *(shop.TillSuspended, shop.MerchantSuspended, CashierNeeded, shop.OwnCode, BadField),
    ),
)
async def capture(
    caller: Till, redemption_id: RedemptionId, key: Key, form: CaptureForm
) -> receipts.Receipt:
    """Take what was set aside, or a part of it; the rest returns to the member."""
    return await caller.write(
        lambda unit: checkout.capture(
            unit, key=key, redemption_id=redemption_id, points=form.points
        )
    )


@router.post(
    "/redemptions/{redemption_id}/cancel",
    summary="Cancel before it is paid",
    response_model=EndedShown,
    responses=refusals(shop.RedemptionNotFound, shop.AlreadyPaid, StateConflict),
)
async def cancel(caller: Till, redemption_id: RedemptionId, key: Key) -> cancellations.Ended:
    """End a redemption of this till that is scanned or authorised."""
    return await caller.write(
        lambda unit: cancellations.cancel_scanned(unit, key=key, redemption_id=redemption_id)
    )


@router.post(
    "/redemptions/{redemption_id}/void",
    summary="Void a payment of today",
    response_model=EndedShown,
    responses=refusals(
        *(shop.RedemptionNotFound, shop.VoidTooLate, StateConflict, InsufficientPoints),
        *(shop.RefundForbidden, shop.OwnCode, shop.TillSuspended, shop.MerchantSuspended),
    ),
)
async def void(caller: Refunds, redemption_id: RedemptionId, key: Key) -> cancellations.Ended:
    """Give back all points, and what they used of the caps.

    Points set aside: by the till that did. A payment: by a till of the shop or the treasurer;
    above the limit of refunds, not by the cashier or till that took it.
    """
    return await caller.write(
        lambda unit: cancellations.void(unit, key=key, redemption_id=redemption_id)
    )


@router.post(
    "/redemptions/{redemption_id}/refunds",
    summary="Refund a payment",
    status_code=201,
    response_model=RefundedShown,
    responses=refusals(
        *(shop.RedemptionNotFound, shop.RefundTooLate, shop.RefundTooMuch, StateConflict),
        *(shop.NothingToRefund, shop.RefundForbidden, shop.OwnCode, InsufficientPoints),
        *(shop.TillSuspended, shop.MerchantSuspended, BadAmount, BadField),
    ),
)
async def refund(
    caller: Refunds, redemption_id: RedemptionId, key: Key, form: RefundForm
) -> refunds.Refunded:
    """Give points of a payment back, in parts or all; cumulative, never above what was taken."""
    return await caller.write(
        lambda unit: refunds.refund(unit, key=key, redemption_id=redemption_id, **form.model_dump())
    )
