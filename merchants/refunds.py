"""Refunds: points that come back in parts, never more than were taken.

Refunds of a redemption are cumulative under its lock. Above a limit they are for someone other
than the cashier who took the points. A returned point keeps its old date of expiry: the transfer
undoes an outflow and dates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from creditbank.core.errors import BadField
from creditbank.core.ids import is_id
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, whole_units
from creditbank.ledger import chart, payments
from creditbank.people.members import MEMBER_ROLE
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from merchants import offer_book, offers, partners, payers, redemptions, tills
from merchants.errors import (
    NothingToRefund,
    RedemptionNotFound,
    RefundForbidden,
    RefundTooLate,
    RefundTooMuch,
)
from merchants.offers import Item, Step
from merchants.redemptions import CHECKOUT, Redemption, State


@dataclass(frozen=True, slots=True)
class Refunded:
    """What came back now and in all; ``discount_back_fen`` is what the customer owes the shop."""

    redemption_id: str
    transfer_id: str
    state: State
    points: int
    refunded_points: int
    discount_back_fen: int


@keyed
def refund(
    unit: Unit,
    *,
    redemption_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    points: int | None = None,
    remaining_cart_fen: int | None = None,
) -> Refunded:
    """Give points of a payment back: so many, or what the remaining bill no longer allows, or all.

    Stock and caps stay used: the day on which they counted may be long over.

    Raises:
        RedemptionNotFound: this merchant has none of this id.
        StateConflict: it is not paid, or all is refunded.
        RefundTooLate: the time for refunds is over.
        RefundTooMuch: more than is left to refund.
        NothingToRefund: the remaining bill allows all points that were not given back.
        RefundForbidden: above the limit, someone else must do it.
        OwnCode: the points are the cashier's own.
        TillSuspended, MerchantSuspended: the till may not give back now.
        BadAmount: the points are no whole number.
        BadField: both points and a bill were said, or the bill is unusable.
        InsufficientPoints: the merchant no longer has the points.
    """
    if points is not None:
        whole_units(points, PAYMENT_UNITS_MOST)
    if points is not None and remaining_cart_fen is not None:
        raise BadField("remaining_cart_fen", "say points or a bill / 积分和账单只填一项")
    one = redemptions.lock(unit, redemption_id)
    require_allowed(unit, one)
    CHECKOUT.after(one.state, "refund")
    rules = scheme.current(unit)
    assert one.paid_at is not None, "what is paid has its instant"
    if unit.now > one.paid_at + timedelta(days=rules.refund_days):
        raise RefundTooLate(redemption_id, rules.refund_days)
    rule = offer_book.find(unit, one.offer_id).offer.rule
    left = one.points - one.refunded_points
    back = _points_back(one, rule, points, remaining_cart_fen)
    if back > left:
        raise RefundTooMuch(redemption_id, left)
    if back < 1:
        raise NothingToRefund(redemption_id)
    require_second_person(unit, one, rules, one.refunded_points + back)
    paid_back = payments.pay_back(
        unit,
        source=chart.merchant(one.merchant_id),
        member_id=one.member_id,
        amount=Amount(back, one.asset_code),
        key=f"redemption/{redemption_id}/refund/{one.refunded_points + back}",
        refers_to=redemption_id,
    )
    state = State(CHECKOUT.after(one.state, "refund" if back == left else "refund_part"))
    refunded = one.refunded_points + back
    redemptions.keep(unit, one, state=state, refunded_points=refunded)
    worth_fen = offers.discount_of(rule, back)
    return Refunded(redemption_id, paid_back.transfer_id, state, back, refunded, worth_fen)


def require_allowed(unit: Unit, one: Redemption) -> None:
    """See that the actor is staff, the owner or a till of the merchant; nobody gives to oneself.

    Raises:
        RedemptionNotFound: it is another merchant's, or a member asks.
        TillSuspended, MerchantSuspended: the till may not give back now.
        OwnCode: the points are the actor's own.
    """
    if is_id(unit.actor.id, "til"):
        if tills.require_active(unit, unit.actor.id).merchant_id != one.merchant_id:
            raise RedemptionNotFound(one.redemption_id)
    elif unit.actor.role == MEMBER_ROLE or not partners.owns(unit.actor, one.merchant_id):
        raise RedemptionNotFound(one.redemption_id)
    payers.refuse_own(unit, one.member_id, one.delegate_id)


def _points_back(
    one: Redemption, rule: Step | Item, points: int | None, remaining_cart_fen: int | None
) -> int:
    """Return the points to give back: used − most usable on the remaining bill − given back."""
    if points is not None:
        return points
    left = one.points - one.refunded_points
    if remaining_cart_fen is None:
        return left
    if not isinstance(rule, Step) or one.cart_fen is None:
        raise BadField("remaining_cart_fen", "this offer has no bill / 该优惠不按账单计算")
    if type(remaining_cart_fen) is not int or not 0 <= remaining_cart_fen <= one.cart_fen:
        raise BadField("remaining_cart_fen", f"0–{one.cart_fen}")
    return left - offers.points_of_bill(rule, remaining_cart_fen)


def require_second_person(unit: Unit, one: Redemption, rules: Scheme, refunded: int) -> None:
    """See that above the limit someone other than the cashier or the till gives back.

    Raises:
        RefundForbidden: it is the cashier, or the till that took the points.
    """
    if refunded <= rules.refund_alone_points_most:
        return
    if payers.same_cashier(unit, one):
        raise RefundForbidden(rules.refund_alone_points_most)
