"""Decisions: what payments may take, found out under the locks; nothing is written here.

Counters are locked before accounts, those of a whole set at once; the members and the redemptions
are locked by the caller. Each payment is decided by what the ones before it leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.errors import CreditbankError, InDebt
from creditbank.core.units import Unit
from creditbank.ledger import accounts, chart
from creditbank.ledger.accounts import Locked, Place
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from merchants import caps, offers, payers, redemptions
from merchants.caps import Caps
from merchants.errors import PinNeeded, PointsTooMany
from merchants.offer_book import Adopted
from merchants.offers import Quote, Reason
from merchants.redemptions import PinState, Redemption


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment that is wanted: by which redemption and offer, how many points, for what bill.

    ``destination`` is the address that gets the points; ``unit`` the unit of whoever asks.
    """

    unit: Unit
    redemption: Redemption
    booked: Adopted
    points: int | None
    cart_fen: int | None
    destination: str

    @property
    def cart(self) -> int | None:
        """The bill: as said now, or as it was scanned."""
        return self.redemption.cart_fen if self.cart_fen is None else self.cart_fen

    @property
    def places(self) -> tuple[Place, Place, Place]:
        """The member's account, their debt, and where the points go."""
        one = self.redemption
        addresses = (chart.member(one.member_id), chart.debt(one.member_id), self.destination)
        return tuple((address, one.asset_code) for address in addresses)  # type: ignore[return-value]


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


@dataclass(frozen=True, slots=True)
class Standing:
    """What the set has locked: the counters as its payments leave them, and all accounts."""

    used: dict[Counter, int]
    left: dict[Place, int]
    accounts: Mapping[Place, Locked]


def decide_all(
    wanted: Sequence[Wanted],
) -> tuple[list[Payment | CreditbankError], Mapping[Place, Locked]]:
    """Lock counters and accounts, and decide what each pays; return the accounts, too.

    In place of a payment stands why there is none:

    - BadField: the offer has no bill or needs one, or its points cannot be chosen.
    - DelegateEnded, DelegateTooNew: whoever showed the code may not pay now.
    - InDebt: the member has debts.
    - PointsTooMany: more than is usable.
    - PinNeeded: above what goes without a PIN, and none was given for so many.
    - QuotaUsed, OutOfStock: the offer is used up.
    """
    unit = wanted[0].unit
    rules = scheme.current(unit)
    all_caps = [redemptions.caps_on(one.redemption, one.booked, unit.today) for one in wanted]
    used = counters.lock(unit, {counter for its in all_caps for counter in its.counters()})
    locked = accounts.lock(unit, {place for one in wanted for place in one.places})
    left = {place: one.balance or 0 for place, one in locked.items()}
    standing = Standing(used, left, locked)
    decided: list[Payment | CreditbankError] = []
    for one, its_caps in zip(wanted, all_caps, strict=True):
        try:
            payment = _decide(one, its_caps, rules, standing)
        except CreditbankError as error:
            decided.append(error)
            continue
        for counter, units in payment.taking.items():
            used[counter] += units
        left[one.places[0]] = payment.balance_after
        decided.append(payment)
    return decided, locked


def _decide(one: Wanted, its_caps: Caps, rules: Scheme, standing: Standing) -> Payment:
    redemption, rule, cart = one.redemption, one.booked.offer.rule, one.cart
    offers.require_bill(one.booked.offer, cart)
    balance, quote = _usable(one, its_caps, rules, standing)
    if quote.points_most == 0 and one.points is None:
        return Payment(redemption, cart, 0, 0, quote.reason, balance, {}, redemption.pin)
    chosen = quote.points_most if one.points is None else one.points
    if chosen > quote.points_most:
        raise PointsTooMany(redemption.redemption_id, chosen, quote.points_most)
    offers.check_choice(one.booked.offer, chosen)
    with_pin = redemption.pin is PinState.GIVEN and chosen <= (redemption.pin_points or 0)
    new_device = redemption.device_since is not None
    if not with_pin and (
        redemption.guarded
        or caps.needs_pin(its_caps, standing.used, rules, chosen, new_device=new_device)
    ):
        raise PinNeeded(redemption.redemption_id, chosen)
    return Payment(
        redemption,
        cart,
        chosen,
        offers.discount_of(rule, chosen),
        None,
        balance - chosen,
        its_caps.taking(chosen, with_pin=with_pin),
        PinState.USED if with_pin else redemption.pin,
    )


def _usable(one: Wanted, its_caps: Caps, rules: Scheme, standing: Standing) -> tuple[int, Quote]:
    """Return what the member can spend, and how much of it here and now."""
    unit, (member, debt, _) = one.unit, one.places
    delegate_points = payers.points_day(unit, one.redemption)
    if standing.left[debt]:
        raise InDebt(debt[1], -standing.left[debt])
    balance = standing.left[member]
    quote = offers.usable(
        one.booked.offer,
        day=unit.today,
        cart_fen=one.cart,
        balance=balance,
        used=its_caps.used(standing.used),
        own_left=its_caps.own_left(
            standing.used, card_points=rules.card_points_day, delegate_points=delegate_points
        ),
    )
    return balance, quote
