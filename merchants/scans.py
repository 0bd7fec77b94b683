"""Scans: a pay code is burned, and a redemption is opened with the most points usable.

The till is the actor, and a redemption belongs to the till that scanned. A quote reads without
locks and sets nothing aside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from creditbank.core.errors import CreditbankError
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit, View
from creditbank.ledger import chart, issues, statements
from creditbank.people import members
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status
from creditbank.schemes import scheme
from merchants import (
    caps,
    cards,
    code_digits,
    codes,
    offer_book,
    offers,
    payers,
    redemptions,
    requests,
    tills,
)
from merchants.codes import Shown
from merchants.errors import CodeForeign, CodeScrambled, CodeUnknown
from merchants.offer_book import Adopted
from merchants.offers import Quote, Reason
from merchants.redemptions import CHECKOUT, PinState, Redemption, State
from merchants.tills import Till

RECEIPT_DIGITS = 8

_WRONG_CODES = (CodeScrambled, CodeForeign, CodeUnknown)


@dataclass(frozen=True, slots=True)
class Scanned:
    """A redemption that was opened: the most points usable now; they are not set aside.

    ``pin_needed`` says that taking so many wants a PIN.
    """

    redemption_id: str
    offer_id: str
    points_most: int
    discount_fen: int
    reason: Reason | None
    ends_at: datetime
    pin_needed: bool = False


@keyed
def scan(
    unit: Unit, *, code: str, cart_fen: int | None, key: str, offer_id: str | None = None
) -> Scanned | Declined:
    """Burn a pay code and open a redemption with the most points usable.

    The bill may come later, by `requote` or `redeem`. ``key`` is the till's request id.

    Raises:
        CartEmpty: the bill is 0.
        BadAmount: the bill is no whole number of fen.
        BadField: the offer has no bill.
        OfferUnclear: the merchant has several offers, and none was named.
        OwnCode: it is the cashier's own.
        RequestCancelled: the till cancelled this request before it arrived.
    """
    offers.check_said(cart_fen, None)
    redemption_id = unit.new_id("red")
    requests.take(unit, request_id=key, redemption_id=redemption_id)
    try:
        one, booked = read_code(unit, redemption_id, code, cart_fen, offer_id)
        quote = quote_now(unit, one, booked, cart_fen)
    except CreditbankError as error:
        if not error.final:
            raise
        return requests.refuse(unit, request_id=key, error=error, redemption_id=None)
    if one.card_id is not None and quote.pin_needed:
        one = replace(one, pin=PinState.WANTED, pin_points=quote.points_most)
    redemptions.open_scanned(unit, one)
    return Scanned(
        redemption_id,
        booked.offer_id,
        quote.points_most,
        quote.discount_fen,
        quote.reason,
        one.ends_at,
        quote.pin_needed,
    )


def requote(view: View, *, till_id: str, redemption_id: str, cart_fen: int | None = None) -> Quote:
    """Return the most points usable by a scanned redemption, for another bill if one is given.

    Raises:
        RedemptionNotFound: this till has none of this id.
        StateConflict: it is no longer scanned.
        RedemptionExpired: its time is over.
        CartEmpty: the bill is 0.
        BadAmount: the bill is no whole number of fen.
        BadField: the offer has no bill.
        QuotaUsed: the shop's points of the day are used up.
        OutOfStock: the thing is gone.
    """
    offers.check_said(cart_fen, None)
    one = redemptions.of_till(redemptions.find(view, redemption_id), till_id)
    CHECKOUT.after(one.state, "redeem")
    redemptions.require_in_time(view, one)
    cart = one.cart_fen if cart_fen is None else cart_fen
    booked = offer_book.find(view, one.offer_id)
    offers.check_bill(booked.offer, cart)
    return quote_now(view, one, booked, cart)


def read_code(
    unit: Unit, redemption_id: str, code: str, cart_fen: int | None, offer_id: str | None
) -> tuple[Redemption, Adopted]:
    """Burn a code at this till; return the redemption to open, with its offer.

    Raises:
        TillNotFound, TillSuspended, MerchantSuspended, TillLocked: the till may not scan.
        CodeScrambled, CodeForeign, CodeUnknown: a wrong code, counted at the till.
        CodeUsed, CodeExpired, CodeStopped: it is no longer good.
        OfferNotFound, OfferUnclear, BadField: the till must say what it means.
        OwnCode: it is the cashier's own, or they are the delegate.
        CardEnded: the card was stopped.
        MemberSuspended, InDebt: the member cannot spend; the code is burned.
        TooYoungToSpend, LifetimeTooLow, GuardianMissing: the member may not spend by the scheme.
    """
    till = tills.require_open(unit, unit.actor.id)
    rules = scheme.current(unit)
    try:
        shown = _shown(unit, code)
    except _WRONG_CODES as error:
        raise tills.count_wrong(unit, till_id=till.till_id, scheme=rules, error=error) from error
    payers.refuse_own(unit, shown.member_id, shown.delegate_id)
    booked = offer_book.choose(
        unit,
        merchant_id=till.merchant_id,
        offer_id=offer_id,
        with_cart=cart_fen is not None,
    )
    offers.check_bill(booked.offer, cart_fen)
    member = members.lock(unit, [shown.member_id])[shown.member_id]
    if shown.card_id is None:
        codes.burn(unit, shown)
    else:
        cards.use(unit, shown)
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member.member_id, member.status)
    issues.refuse_debtor(unit, member.member_id, till.asset)
    one = _opened(unit, redemption_id, till, shown)
    guarded = payers.guarded(unit, one, rules)
    return replace(
        one,
        offer_id=booked.offer_id,
        cart_fen=cart_fen,
        ends_at=unit.now + timedelta(seconds=rules.scan_ttl_s),
        guarded=guarded or None,
    ), booked


def _shown(unit: Unit, code: str) -> Shown:
    """Return whose code or card a till has read.

    Raises:
        CodeScrambled, CodeForeign, CodeUnknown: it is none of ours.
    """
    digits = code_digits.read(code)
    return cards.shown(unit, digits) if code_digits.of_card(digits) else codes.shown(unit, digits)


def _opened(unit: Unit, redemption_id: str, till: Till, shown: Shown) -> Redemption:
    return Redemption(
        redemption_id=redemption_id,
        receipt_no=unit.ids.digits(RECEIPT_DIGITS),
        till_id=till.till_id,
        cashier_id=tills.taker(unit, till),
        merchant_id=till.merchant_id,
        member_id=shown.member_id,
        offer_id="",
        pay_code_id=shown.pay_code_id,
        asset_code=till.asset,
        state=State.SCANNED,
        cart_fen=None,
        points=0,
        discount_fen=0,
        refunded_points=0,
        balance_after=None,
        reason=None,
        hold_id=None,
        transfer_id=None,
        day=unit.today,
        shop_day=unit.today,
        scanned_at=unit.now,
        ends_at=unit.now,
        paid_at=None,
        device_since=shown.device_since,
        card_id=shown.card_id,
        delegate_id=shown.delegate_id,
    )


def quote_now(view: View, one: Redemption, booked: Adopted, cart_fen: int | None) -> Quote:
    """Return the most points usable, by what can be read without locks.

    Raises:
        DelegateEnded, DelegateTooNew: whoever showed the code may not pay now.
        QuotaUsed: the shop's points of the day are used up.
        OutOfStock: the thing is gone.
    """
    rules = scheme.current(view)
    its_caps = redemptions.caps_on(one, booked, view.today)
    known = its_caps.peek(view)
    left = statements.balance(view, chart.member(one.member_id), one.asset_code)
    quote = offers.usable(
        booked.offer,
        day=view.today,
        cart_fen=cart_fen,
        balance=left.available,
        used=its_caps.used(known),
        own_left=its_caps.own_left(
            known,
            card_points=rules.card_points_day,
            delegate_points=payers.points_day(view, one),
        ),
    )
    new_device = one.device_since is not None
    pin_needed = quote.points_most > 0 and (
        bool(one.guarded)
        or caps.needs_pin(its_caps, known, rules, quote.points_most, new_device=new_device)
    )
    return replace(quote, pin_needed=pin_needed)
