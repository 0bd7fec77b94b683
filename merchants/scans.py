"""Scans: a pay code is burned, and a redemption is opened with the most points usable.

The till is the actor, and a redemption belongs to the till that scanned. A quote reads without
locks and sets nothing aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from creditbank.core.errors import CreditbankError, InDebt
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit, View
from creditbank.ledger import accounts, chart, statements
from creditbank.people import members
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Member, Status
from creditbank.schemes import scheme, spending
from creditbank.schemes.parameters import Scheme
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
    (read,) = read_codes([Reading(unit, redemption_id, code, cart_fen, offer_id)])
    try:
        if isinstance(read, CreditbankError):
            raise read
        one, booked = read
        quote = quote_now(unit, one, booked, cart_fen)
    except CreditbankError as error:
        if not error.final:
            raise
        return requests.refuse(unit, request_id=key, error=error, redemption_id=None)
    if one.card_id is not None and quote.pin_needed:
        one = replace(one, pin=PinState.WANTED, pin_points=quote.points_most)
    redemptions.write_new([unit], [one])
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A pay code that a till has read, for one ask of a set; the unit is that till's."""

    unit: Unit
    redemption_id: str
    code: str
    cart_fen: int | None
    offer_id: str | None


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose code was read, and by which offer of the till's shop they pay."""

    till: Till
    shown: Shown
    booked: Adopted


Read = tuple[Redemption, Adopted]


def read_codes(readings: Sequence[Reading]) -> list[Read | CreditbankError]:
    """Burn codes, each at the till of its unit; return the redemptions to open and their offers.

    Locks the members, then their live codes. In place of a redemption stands why there is none:

    - TillNotFound, TillSuspended, MerchantSuspended, TillLocked: the till may not scan.
    - CodeScrambled, CodeForeign, CodeUnknown: a wrong code; it was counted at the till.
    - CodeUsed, CodeExpired, CodeStopped: it is no longer good.
    - OfferNotFound, OfferUnclear, BadField: the till must say what it means.
    - OwnCode: it is the cashier's own, or they are the delegate.
    - CardEnded: the card was stopped.
    - MemberSuspended, InDebt: the member cannot spend; the code is burned.
    - TooYoungToSpend, LifetimeTooLow, GuardianMissing: the member may not spend by the scheme.
    """
    unit = readings[0].unit
    rules = scheme.current(unit)
    found = _found(readings)
    whose = {n: one for n, one in enumerate(found) if isinstance(one, _Whose)}
    known = members.lock(unit, {one.shown.member_id for one in whose.values()})
    live = codes.Live(unit, known)
    found = _counted(readings, found, rules)
    burned = {}
    for n, one in whose.items():
        if found[n] is not one:
            continue
        try:
            _burn(readings[n].unit, one, known[one.shown.member_id], live)
            burned[n] = one
        except CreditbankError as error:
            found[n] = error
    live.write()
    debts = accounts.owed(unit, {(of.shown.member_id, of.till.asset) for of in burned.values()})
    ages = spending.ages_asked(unit, {of.shown.member_id for of in burned.values()}, rules)
    for n, one in burned.items():
        try:
            found[n] = _to_open(readings[n], one, debts, ages, rules), one.booked
        except CreditbankError as error:
            found[n] = error
    return found


def _counted(readings: Sequence[Reading], found: Sequence[Any], rules: Scheme) -> list[Any]:
    """Count the wrong codes at their tills, which are locked in the order of their ids.

    What a till has read behind the wrong code that locks it is refused, and not burned.
    """
    counted = list(found)
    wrong = {n: readings[n].unit.actor.id for n, one in enumerate(found) if _is_wrong(one)}
    for till_id in sorted(set(wrong.values())):
        first = min(n for n, of in wrong.items() if of == till_id)
        for n, reading in enumerate(readings[first:], first):
            if reading.unit.actor.id != till_id:
                continue
            if n in wrong:
                counted[n] = tills.count_wrong(reading.unit, scheme=rules, error=found[n])
            elif isinstance(found[n], _Whose):
                counted[n] = _unless_locked(reading.unit, found[n])
    return counted


def _is_wrong(one: Any) -> bool:
    return isinstance(one, _WRONG_CODES)


def _unless_locked(unit: Unit, one: _Whose) -> _Whose | CreditbankError:
    try:
        tills.require_unlocked(unit, tills.find(unit, one.till.till_id))
    except CreditbankError as error:
        return error
    return one


def _found(readings: Sequence[Reading]) -> list[Any]:
    """Find tills, codes and offers; where one of them does not fit, its error."""
    unit = readings[0].unit
    known = tills.find_all(unit, [one.unit.actor.id for one in readings])
    digits = {one.code: _digits(one.code) for one in readings}
    plain = [of for of in digits.values() if isinstance(of, str) and not code_digits.of_card(of)]
    shown = codes.shown(unit, plain)
    made = offer_book.listings(unit, {one.merchant_id for one in known.values()})
    found: list[Any] = []
    for one in readings:
        try:
            till = tills.admit(one.unit, known)
            tills.require_unlocked(one.unit, till)
            of = _shown(one.unit, digits[one.code], shown)
            payers.refuse_own(one.unit, of.member_id, of.delegate_id)
            booked = offer_book.choose(
                made.get(till.merchant_id, []),
                unit.today,
                offer_id=one.offer_id,
                with_cart=one.cart_fen is not None,
            )
            offers.check_bill(booked.offer, one.cart_fen)
            found.append(_Whose(till, of, booked))
        except CreditbankError as error:
            found.append(error)
    return found


def _digits(code: str) -> str | CreditbankError:
    try:
        return code_digits.read(code)
    except CreditbankError as error:
        return error


def _shown(unit: Unit, digits: str | CreditbankError, known: Mapping[str, Shown]) -> Shown:
    """Return whose code or card a till has read.

    Raises:
        CodeScrambled, CodeForeign, CodeUnknown: it is none of ours.
    """
    if isinstance(digits, CreditbankError):
        raise digits
    if code_digits.of_card(digits):
        return cards.shown(unit, digits)
    if digits not in known:
        raise CodeUnknown
    return known[digits]


def _burn(unit: Unit, one: _Whose, member: Member, live: codes.Live) -> None:
    """Use a code or a card up."""
    if one.shown.card_id is None:
        live.burn(one.shown)
    else:
        cards.use(unit, one.shown)
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member.member_id, member.status)


def _to_open(
    reading: Reading,
    one: _Whose,
    debts: Mapping[tuple[str, str], int],
    ages: Mapping[str, int | None],
    rules: Scheme,
) -> Redemption:
    """Return the redemption to open, if its member may spend."""
    unit = reading.unit
    owed = debts.get((one.shown.member_id, one.till.asset), 0)
    if owed:
        raise InDebt(one.till.asset, owed)
    opened = _opened(unit, reading.redemption_id, one.till, one.shown)
    guarded = payers.guarded(unit, opened, rules, ages)
    return replace(
        opened,
        offer_id=one.booked.offer_id,
        cart_fen=reading.cart_fen,
        ends_at=unit.now + timedelta(seconds=rules.scan_ttl_s),
        guarded=guarded or None,
    )


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
