"""Decisions: what a payment may take, found out under the locks; nothing is written here.

Counters are locked before accounts; the member and the redemption are locked by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditbank.core.counters import Counter
from creditbank.core.errors import InDebt
from creditbank.core.units import Unit
from creditbank.ledger import accounts, chart
from creditbank.schemes import scheme
from merchants import caps, offers, payers, redemptions
from merchants.errors import PinNeeded, PointsTooMany
from merchants.offer_book import Adopted
from merchants.offers import Reason
from merchants.redemptions import PinState, Redemption


@dataclass(frozen=True, slots=True)
class Payment:
    """What was decided: points 0 means that nothing is usable; ``pin`` is what becomes of a PIN."""

    redemption: Redemption
    cart_fen: int | None
    points: int
    discount_fen: int
    reason: Reason | None
    balance_after: int
    taking: dict[Counter, int]
    pin: PinState | None


def decide(
    unit: Unit,
    one: Redemption,
    booked: Adopted,
    *,
    points: int | None,
    cart_fen: int | None,
    destination: str,
) -> Payment:
    """Lock counters and accounts, and decide what is paid.

    Raises:
        BadField: the offer has no bill or needs one, or its points cannot be chosen.
        DelegateEnded: whoever showed the code is no delegate any more.
        InDebt: the member has debts.
        PointsTooMany: more than is usable.
        PinNeeded: above what goes without a PIN, and none was given for so many.
        QuotaUsed, OutOfStock: the offer is used up.
    """
    cart = one.cart_fen if cart_fen is None else cart_fen
    offers.require_bill(booked.offer, cart)
    rules = scheme.current(unit)
    delegate_points = payers.points_day(unit, one)
    its_caps = redemptions.caps_on(one, booked, unit.today)
    known = its_caps.lock(unit)
    balance = _available(unit, one, destination)
    quote = offers.usable(
        booked.offer,
        day=unit.today,
        cart_fen=cart,
        balance=balance,
        used=its_caps.used(known),
        own_left=its_caps.own_left(
            known, card_points=rules.card_points_day, delegate_points=delegate_points
        ),
    )
    if quote.points_most == 0 and points is None:
        return Payment(one, cart, 0, 0, quote.reason, balance, {}, one.pin)
    chosen = quote.points_most if points is None else points
    if chosen > quote.points_most:
        raise PointsTooMany(one.redemption_id, chosen, quote.points_most)
    offers.check_choice(booked.offer, chosen)
    with_pin = one.pin is PinState.GIVEN and chosen <= (one.pin_points or 0)
    new_device = one.device_since is not None
    if not with_pin and (
        one.guarded or caps.needs_pin(its_caps, known, rules, chosen, new_device=new_device)
    ):
        raise PinNeeded(one.redemption_id, chosen)
    discount_fen = offers.discount_of(booked.offer.rule, chosen)
    taking = its_caps.taking(chosen, with_pin=with_pin)
    pin = PinState.USED if with_pin else one.pin
    return Payment(one, cart, chosen, discount_fen, None, balance - chosen, taking, pin)


def _available(unit: Unit, one: Redemption, destination: str) -> int:
    """Lock all accounts of the payment at once; return what the member can spend."""
    asset = one.asset_code
    member, debt = (chart.member(one.member_id), asset), (chart.debt(one.member_id), asset)
    locked = accounts.lock(unit, {member, debt, (destination, asset)})
    owed = -(locked[debt].balance or 0)
    if owed:
        raise InDebt(asset, owed)
    return locked[member].balance or 0
