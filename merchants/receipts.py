"""Receipts: what a till and a member see of a redemption, and a shop's day with its totals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from creditbank.core.units import View
from merchants import offer_book, offers, redemptions, requests
from merchants.errors import RedemptionNotFound, RequestNotFound
from merchants.redemptions import PinState, Redemption, State
from merchants.requests import RequestState

PAID_STATES = (State.PAID, State.REFUNDED_IN_PART, State.REFUNDED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A redemption as paper: ``reason`` says why nothing was usable, ``points`` is then 0.

    ``to_pay_fen`` is what the customer still pays at the till (None: the offer has no bill);
    ``pin`` is whether the till waits for a PIN. ``by_delegate`` says that somebody else showed the
    code; ``delegate_id`` says who, to the member alone.
    """

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
    to_pay_fen: int | None
    refunded_points: int
    balance_after: int | None
    transfer_id: str | None
    paid_at: datetime | None
    reason: str | None
    pin: PinState | None = None
    by_delegate: bool = False
    delegate_id: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a till's request; ``refusal`` is the slug of the error it got.

    ``pin`` is where the PIN of its redemption stands, also after the refusal that asked for it.
    """

    request_id: str
    state: State | RequestState
    redemption_id: str | None
    refusal: str | None
    receipt: Receipt | None
    pin: PinState | None = None


@dataclass(frozen=True, slots=True)
class MerchantDay:
    """The receipts of a shop's day: what was paid on it, and what was scanned and not paid.

    Points and what they took off are net of refunds; voided payments don't count.
    """

    merchant_id: str
    day: date
    receipts: tuple[Receipt, ...]
    payments: int
    points: int
    refunded_points: int
    discount_fen: int


def of(one: Redemption) -> Receipt:
    """Return the receipt of a redemption."""
    return Receipt(
        one.redemption_id,
        one.receipt_no,
        one.state,
        one.merchant_id,
        one.till_id,
        one.offer_id,
        one.asset_code,
        one.cart_fen,
        one.points,
        one.discount_fen,
        None if one.cart_fen is None else one.cart_fen - one.discount_fen,
        one.refunded_points,
        one.balance_after,
        one.transfer_id,
        one.paid_at,
        one.reason,
        one.pin,
        one.delegate_id is not None,
    )


def receipt(
    view: View,
    redemption_id: str,
    *,
    till_id: str | None = None,
    member_id: str | None = None,
    merchants: tuple[str, ...] | None = None,
) -> Receipt:
    """Return a receipt; naming a till, a member or merchants shows only their own.

    Raises:
        RedemptionNotFound: this bank has none of this id, or it is somebody else's.
    """
    one = redemptions.find(view, redemption_id)
    if till_id is not None:
        redemptions.of_till(one, till_id)
    if member_id is not None:
        redemptions.of_member(one, member_id)
        return replace(of(one), delegate_id=one.delegate_id)
    if merchants is not None and one.merchant_id not in merchants:
        raise RedemptionNotFound(redemption_id)
    return of(one)


def by_request(view: View, *, till_id: str, request_id: str) -> Asked:
    """Return what became of a till's request, the same on all screens.

    Raises:
        RequestNotFound: it never arrived; only cancelling it is safe.
    """
    row = requests.find(view, till_id, request_id)
    if row is None:
        raise RequestNotFound(request_id)
    if row.state != RequestState.TAKEN:
        state = RequestState(row.state)
        pin = None
        if row.redemption_id is not None:
            pin = redemptions.find(view, row.redemption_id).pin
        return Asked(request_id, state, row.redemption_id, row.refusal, None, pin)
    one = redemptions.find(view, row.redemption_id)
    return Asked(request_id, one.state, one.redemption_id, None, of(one), one.pin)


def day(view: View, merchant_id: str, on: date) -> MerchantDay:
    """Return a shop's day: what was paid, what was scanned and not paid, and the totals."""
    shown = tuple(of(one) for one in redemptions.of_merchant_day(view, merchant_id, on))
    paid = [one for one in shown if one.state in PAID_STATES]
    rules = {
        offer_id: offer_book.find(view, offer_id).offer.rule
        for offer_id in {one.offer_id for one in paid if one.refunded_points}
    }
    given_back_fen = sum(
        offers.discount_of(rules[one.offer_id], one.refunded_points)
        for one in paid
        if one.refunded_points
    )
    refunded = sum(one.refunded_points for one in paid)
    return MerchantDay(
        merchant_id,
        on,
        shown,
        len(paid),
        sum(one.points for one in paid) - refunded,
        refunded,
        sum(one.discount_fen for one in paid) - given_back_fen,
    )
