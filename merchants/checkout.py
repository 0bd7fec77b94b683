"""Checkout: scan → redeem → receipt, and scan → authorise → capture.

The till is the actor, and a redemption belongs to the till that scanned. Each payment is in four
steps, so that many can become one set: what must be read, what must be locked (member → pay code,
redemption → counters → accounts), what is decided (pure), what is written. A refusal keeps the
burned code and the request, so it is returned as `Declined`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from creditbank.core import counters
from creditbank.core.errors import CreditbankError, InDebt
from creditbank.core.ids import is_id
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, holds, payments, statements
from creditbank.people import members
from creditbank.people.errors import DelegateEnded, MemberSuspended
from creditbank.people.members import Member, Status
from creditbank.schemes import scheme
from merchants import (
    offer_book,
    offers,
    payers,
    pin_requests,
    receipts,
    redemptions,
    requests,
    scans,
    tills,
)
from merchants.decisions import Payment, decide
from merchants.errors import (
    NothingUsable,
    OutOfStock,
    PinNeeded,
    PointsTooMany,
    QuotaUsed,
    RedemptionNotFound,
)
from merchants.receipts import Receipt
from merchants.redemptions import CHECKOUT, Redemption, State

_ENDING = (QuotaUsed, OutOfStock, InDebt, MemberSuspended, DelegateEnded)


@dataclass(frozen=True, slots=True)
class Authorised:
    """Points that are set aside until ``ends_at``."""

    redemption_id: str
    hold_id: str
    points: int
    discount_fen: int
    ends_at: datetime


@keyed
def scan_and_redeem(
    unit: Unit,
    *,
    code: str,
    cart_fen: int | None,
    key: str,
    offer_id: str | None = None,
    points: int | None = None,
) -> Receipt | Declined:
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
    offers.check_said(cart_fen, points)
    redemption_id = unit.new_id("red")
    requests.take(unit, request_id=key, redemption_id=redemption_id)
    try:
        one, booked = scans.read_code(unit, redemption_id, code, cart_fen, offer_id)
    except CreditbankError as error:
        if not error.final:
            raise
        return requests.refuse(unit, request_id=key, error=error, redemption_id=None)
    redemptions.open_scanned(unit, one)
    try:
        payment = decide(
            unit, one, booked, points=points, cart_fen=cart_fen, destination=_to_merchant(one)
        )
    except CreditbankError as error:
        return _refused(unit, key, one, error, cart_fen)
    return receipts.of(_pay(unit, payment))


@keyed
def redeem(
    unit: Unit,
    *,
    redemption_id: str,
    key: str,
    points: int | None = None,
    cart_fen: int | None = None,
) -> Receipt | Declined:
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
    offers.check_said(cart_fen, points)
    _take_request(unit, key, redemption_id)
    one: Redemption | None = None
    try:
        one, member = _lock(unit, redemption_id, "redeem")
        _require_active(member)
        booked = offer_book.find(unit, one.offer_id)
        payment = decide(
            unit, one, booked, points=points, cart_fen=cart_fen, destination=_to_merchant(one)
        )
    except CreditbankError as error:
        return _refused(unit, key, one, error, cart_fen)
    return receipts.of(_pay(unit, payment))


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
    offers.check_said(cart_fen, points)
    _take_request(unit, key, redemption_id)
    one: Redemption | None = None
    try:
        one, member = _lock(unit, redemption_id, "authorise")
        _require_active(member)
        booked = offer_book.find(unit, one.offer_id)
        held = chart.held(one.member_id)
        payment = decide(unit, one, booked, points=points, cart_fen=cart_fen, destination=held)
        if payment.reason is not None:
            raise NothingUsable(payment.reason)
    except CreditbankError as error:
        return _refused(unit, key, one, error, cart_fen)
    return _set_aside(unit, payment)


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


def _take_request(unit: Unit, request_id: str, redemption_id: str) -> None:
    if not is_id(redemption_id, "red"):
        raise RedemptionNotFound(redemption_id[:40])
    requests.take(unit, request_id=request_id, redemption_id=redemption_id)


# Reading and locking ----------------------------------------------------------------------------


def _lock(unit: Unit, redemption_id: str, verb: str) -> tuple[Redemption, Member]:
    """Lock the member and then the redemption of this till, which admits the verb."""
    till = tills.require_active(unit, unit.actor.id)
    seen = redemptions.of_till(redemptions.find(unit, redemption_id), unit.actor.id)
    payers.refuse_own(unit, seen.member_id, seen.delegate_id)
    member = members.lock(unit, [seen.member_id])[seen.member_id]
    one = redemptions.lock(unit, redemption_id)
    CHECKOUT.after(one.state, verb)
    redemptions.require_in_time(unit, one)
    return replace(one, cashier_id=tills.taker(unit, till)), member


def _require_active(member: Member) -> None:
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member.member_id, member.status)


# Writing ----------------------------------------------------------------------------------------


def _refused(
    unit: Unit,
    request_id: str,
    one: Redemption | None,
    error: CreditbankError,
    cart_fen: int | None,
) -> Declined:
    """Remember a final refusal: end the redemption if nothing can come of it, or ask for a PIN."""
    if not error.final:
        raise error
    if one is not None and isinstance(error, _ENDING):
        redemptions.keep(unit, one, state=State(CHECKOUT.after(one.state, "decline")))
    if one is not None and isinstance(error, PinNeeded):
        pin_requests.want(unit, one, points=error.points, cart_fen=cart_fen)
    redemption_id = None if one is None else one.redemption_id
    return requests.refuse(unit, request_id=request_id, error=error, redemption_id=redemption_id)


def _pay(unit: Unit, payment: Payment) -> Redemption:
    """Write a payment down; one of 0 points ends the redemption without a transfer."""
    one = payment.redemption
    if payment.points == 0:
        state = State(CHECKOUT.after(one.state, "decline"))
        return redemptions.keep(
            unit,
            one,
            state=state,
            cart_fen=payment.cart_fen,
            reason=payment.reason,
            balance_after=payment.balance_after,
        )
    counters.add(unit, payment.taking)
    paid = payments.pay(
        unit,
        member_id=one.member_id,
        destination=_to_merchant(one),
        amount=Amount(payment.points, one.asset_code),
        key=f"redemption/{one.redemption_id}/pay",
        refers_to=one.redemption_id,
    )
    payers.tell(unit, one, payment.points)
    return redemptions.keep(
        unit,
        one,
        state=State(CHECKOUT.after(one.state, "redeem")),
        cart_fen=payment.cart_fen,
        points=payment.points,
        discount_fen=payment.discount_fen,
        balance_after=payment.balance_after,
        transfer_id=paid.transfer_id,
        paid_at=unit.now,
        day=unit.today,
        shop_day=unit.today,
        cashier_id=one.cashier_id,
        pin=payment.pin,
    )


def _set_aside(unit: Unit, payment: Payment) -> Authorised:
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


def _to_merchant(one: Redemption) -> str:
    return chart.merchant(one.merchant_id)
