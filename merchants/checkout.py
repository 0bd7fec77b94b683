"""Checkout: scan → redeem → receipt, and scan → authorise → capture.

The till is the actor, and a redemption belongs to the till that scanned. What waits is paid as one
set (`merchants.sales`). A refusal keeps the burned code and the request, so it is answered as
`Declined`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self, cast

from pydantic import TypeAdapter

from creditbank.core import counters
from creditbank.core.errors import CreditbankError
from creditbank.core.keys import KeyedAsk, keyed
from creditbank.core.units import Declined, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, holds, statements
from creditbank.schemes import scheme
from merchants import offer_book, offers, payers, receipts, redemptions, sales, tills
from merchants.errors import NothingUsable, PointsTooMany
from merchants.receipts import Receipt
from merchants.redemptions import CHECKOUT, Redemption, State
from merchants.sales import Outcome, Sale

_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)


@dataclass(frozen=True, slots=True)
class Authorised:
    """Points that are set aside until ``ends_at``."""

    redemption_id: str
    hold_id: str
    points: int
    discount_fen: int
    ends_at: datetime


@dataclass(frozen=True)
class ScanAndRedeem(KeyedAsk[Receipt]):
    """Burn a pay code and take its points in one unit; ``points`` None is the most usable.

    Nothing usable is a receipt of 0 points with a reason. After `PinNeeded` and `PointsTooMany`
    the redemption stays scanned. ``key`` is the till's request id.

    Raises:
        CartEmpty: the bill is 0.
        BadAmount: the bill or the points are no whole number.
        BadField: the offer has no bill or needs one, or its points cannot be chosen.
        OfferUnclear: the merchant has several offers, and none was named.
        OwnCode: it is the cashier's own.
        RequestCancelled: the till cancelled this request before it arrived.
    """

    operation: ClassVar[str] = "checkout.scan_and_redeem"

    code: str
    cart_fen: int | None
    key: str
    offer_id: str | None = None
    points: int | None = None

    @classmethod
    def answers(cls) -> TypeAdapter[Receipt]:
        """Return what keeps a receipt."""
        return _RECEIPT

    @classmethod
    def do(cls, units: Sequence[Unit], asks: Sequence[Self]) -> Sequence[Outcome]:
        """Scan and pay."""
        going = [
            Sale(unit, ask.key, ask.points, ask.cart_fen, unit.new_id("red"))
            for unit, ask in zip(units, asks, strict=True)
        ]
        codes = {
            sale.redemption_id: (ask.code, ask.offer_id)
            for sale, ask in zip(going, asks, strict=True)
        }
        sales.take_up(going)
        sales.read_codes(going, codes)
        sales.pay(going)
        return [sale.answer() for sale in going]


def scan_and_redeem(
    unit: Unit,
    *,
    code: str,
    cart_fen: int | None,
    key: str,
    offer_id: str | None = None,
    points: int | None = None,
) -> Receipt | Declined:
    """Do `ScanAndRedeem` alone."""
    return ScanAndRedeem(code, cart_fen, key, offer_id, points)(unit)


@dataclass(frozen=True)
class Redeem(KeyedAsk[Receipt]):
    """Take the points of a scanned redemption; ``points`` None is the most usable.

    Nothing usable is a receipt of 0 points with a reason, and ends it. After `PinNeeded` and
    `PointsTooMany` it stays scanned. ``key`` is the till's request id.

    Raises:
        CartEmpty: the bill is 0.
        BadAmount: the bill or the points are no whole number.
        BadField: the offer has no bill or needs one, or its points cannot be chosen.
        OwnCode: it is the cashier's own.
        RequestCancelled: the till cancelled this request before it arrived.
    """

    operation: ClassVar[str] = "checkout.redeem"

    redemption_id: str
    key: str
    points: int | None = None
    cart_fen: int | None = None

    @classmethod
    def answers(cls) -> TypeAdapter[Receipt]:
        """Return what keeps a receipt."""
        return _RECEIPT

    @classmethod
    def do(cls, units: Sequence[Unit], asks: Sequence[Self]) -> Sequence[Outcome]:
        """Lock and pay."""
        going = [
            Sale(unit, ask.key, ask.points, ask.cart_fen, ask.redemption_id)
            for unit, ask in zip(units, asks, strict=True)
        ]
        sales.take_up(going)
        sales.lock(going, "redeem")
        sales.pay(going)
        return [sale.answer() for sale in going]


def redeem(
    unit: Unit,
    *,
    redemption_id: str,
    key: str,
    points: int | None = None,
    cart_fen: int | None = None,
) -> Receipt | Declined:
    """Do `Redeem` alone."""
    return Redeem(redemption_id, key, points, cart_fen)(unit)


@keyed
def authorise(
    unit: Unit,
    *,
    redemption_id: str,
    key: str,
    points: int | None = None,
    cart_fen: int | None = None,
) -> Authorised | Declined:
    """Set the points of a scanned redemption aside, until `capture` or `cancellations.void`.

    ``key`` is the till's request id.

    Raises:
        CartEmpty: the bill is 0.
        BadAmount: the bill or the points are no whole number.
        BadField: the offer has no bill or needs one, or its points cannot be chosen.
        OwnCode: it is the cashier's own.
        RequestCancelled: the till cancelled this request before it arrived.
    """
    sale = Sale(unit, key, points, cart_fen, redemption_id)
    sales.take_up([sale])
    sales.lock([sale], "authorise")
    payment = sales.decide(sale)
    if payment is not None and payment.reason is not None:
        sales.decline(sale, NothingUsable(payment.reason))
    if payment is None or sale.outcome is not None:
        refused = sale.answer()
        if isinstance(refused, CreditbankError):
            raise refused
        return cast("Declined", refused)
    one = payment.redemption
    counters.add(unit, payment.taking)
    hold = holds.authorise(
        unit,
        member_id=one.member_id,
        amount=Amount(payment.points, one.asset_code),
        ttl_s=scheme.current(unit).hold_ttl_s,
        refers_to=one.redemption_id,
    )
    redemptions.keep(
        unit,
        one,
        state=State(CHECKOUT.after(one.state, "authorise")),
        cart_fen=payment.cart_fen,
        points=payment.points,
        discount_fen=payment.discount_fen,
        hold_id=hold.hold_id,
        ends_at=hold.ends_at,
        day=unit.today,
        pin=payment.pin,
    )
    return Authorised(
        one.redemption_id, hold.hold_id, payment.points, payment.discount_fen, hold.ends_at
    )


@keyed
def capture(
    unit: Unit,
    *,
    redemption_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    points: int | None = None,
) -> Receipt:
    """Take what was set aside, or a part of it; the rest returns to the member.

    Raises:
        RedemptionNotFound: this till has none of this id.
        StateConflict: nothing is set aside.
        RedemptionExpired: its time is over.
        TillSuspended, MerchantSuspended: the till takes nothing now.
        OwnCode: they are the cashier's own.
        PointsTooMany: more than was set aside.
        BadField: the points of an item cannot be chosen.
    """
    offers.check_said(None, points)
    one = redemptions.of_till(redemptions.lock(unit, redemption_id), unit.actor.id)
    till = tills.require_active(unit, unit.actor.id)
    payers.refuse_own(unit, one.member_id, one.delegate_id)
    state = State(CHECKOUT.after(one.state, "capture"))
    redemptions.require_in_time(unit, one)
    assert one.hold_id is not None, "an authorised redemption has a hold"
    chosen = one.points if points is None else points
    if chosen > one.points:
        raise PointsTooMany(redemption_id, chosen, one.points)
    booked = offer_book.find(unit, one.offer_id)
    offers.check_choice(booked.offer, chosen)
    if chosen < one.points:
        its_caps = redemptions.caps_on(one, booked, one.day)
        its_caps.lock(unit)
        counters.add(unit, its_caps.lowering(one.points - chosen, with_pin=one.with_pin))
    paid = holds.capture(unit, hold_id=one.hold_id, units=chosen, destination=_to_merchant(one))
    payers.tell(unit, one, chosen)
    left = statements.balance(unit, chart.member(one.member_id), one.asset_code)
    changed = redemptions.keep(
        unit,
        one,
        state=state,
        points=chosen,
        discount_fen=offers.discount_of(booked.offer.rule, chosen),
        balance_after=left.available,
        transfer_id=paid.transfer_id,
        paid_at=unit.now,
        shop_day=unit.today,
        cashier_id=tills.taker(unit, till),
    )
    return receipts.of(changed)


def _to_merchant(one: Redemption) -> str:
    return chart.merchant(one.merchant_id)
