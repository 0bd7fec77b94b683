"""Caps: how much of an offer and of a member's own limits is used up, as counters.

What a redemption takes from the counters and what it gives back is computed from the same few
facts, so that both always agree: a payment with a PIN leaves the limits without PIN alone, one by
card or by a delegate counts in their day. The counters are read and changed under their locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.units import Unit, View
from creditbank.schemes.parameters import Scheme
from merchants.offer_book import Adopted
from merchants.offers import Item, Step, Used

OFFER_MEMBER_DAY = "offer-member-day"
OFFER_DAY = "offer-day"
ITEM_STOCK = "item-stock"
ITEM_MEMBER = "item-member"
NO_PIN_POINTS = "no-pin-points"
NO_PIN_PAYMENTS = "no-pin-payments"
CARD_POINTS = "card-points"
DELEGATE_POINTS = "delegate-points"


@dataclass(frozen=True, slots=True)
class Caps:
    """The counters of one redemption; None where there is no such cap."""

    no_pin_points: Counter
    no_pin_payments: Counter
    member_day: Counter | None = None
    merchant_day: Counter | None = None
    stock: Counter | None = None
    member_ever: Counter | None = None
    card_day: Counter | None = None
    delegate_day: Counter | None = None

    def counters(self) -> list[Counter]:
        """Return those that there are."""
        given = (
            *(self.no_pin_points, self.no_pin_payments, self.member_day, self.merchant_day),
            *(self.stock, self.member_ever, self.card_day, self.delegate_day),
        )
        return [one for one in given if one is not None]

    def lock(self, unit: Unit) -> dict[Counter, int]:
        """Lock all of them and return what each has used."""
        return counters.lock(unit, self.counters())

    def peek(self, view: View) -> dict[Counter, int]:
        """Return what each has used, without a lock: for a quote."""
        return counters.peek(view, self.counters())

    def used(self, known: dict[Counter, int]) -> Used:
        """Return what was used, as the offer's rule wants it."""

        def of(one: Counter | None) -> int:
            return 0 if one is None else known.get(one, 0)

        return Used(
            of(self.member_day), of(self.merchant_day), of(self.stock), of(self.member_ever)
        )

    def own_left(
        self, known: dict[Counter, int], *, card_points: int, delegate_points: int
    ) -> int | None:
        """Return what is left today of the card's or the delegate's points, None without them."""
        given = ((self.card_day, card_points), (self.delegate_day, delegate_points))
        left = [most - known[one] for one, most in given if one is not None]
        return max(0, min(left)) if left else None

    def taking(self, points: int, *, with_pin: bool) -> dict[Counter, int]:
        """Return what a payment of so many points adds."""
        by = dict.fromkeys(self._of_points(with_pin=with_pin), points)
        payments = None if with_pin else self.no_pin_payments
        return by | dict.fromkeys(filter(None, (payments, self.stock, self.member_ever)), 1)

    def lowering(self, points: int, *, with_pin: bool) -> dict[Counter, int]:
        """Return what changes when a payment takes so many points less than set aside."""
        return dict.fromkeys(self._of_points(with_pin=with_pin), -points)

    def giving_back(self, points: int, *, with_pin: bool) -> dict[Counter, int]:
        """Return what undoes a payment of so many points."""
        taken = self.taking(points, with_pin=with_pin)
        return {one: -units for one, units in taken.items()}

    def _of_points(self, *, with_pin: bool) -> list[Counter]:
        no_pin = None if with_pin else self.no_pin_points
        given = (no_pin, self.member_day, self.merchant_day, self.card_day, self.delegate_day)
        return [one for one in given if one is not None]


def of(
    booked: Adopted,
    *,
    member_id: str,
    day: date,
    card_id: str | None = None,
    delegate_id: str | None = None,
) -> Caps:
    """Return the counters of a redemption of a member's points on a day.

    A member's cards share one limit, so that a new card gives no second one; each delegate has
    their own.
    """
    rule, offer_id = booked.offer.rule, booked.offer_id
    both = f"{offer_id}/{member_id}"
    step, item = (rule, None) if isinstance(rule, Step) else (None, rule)
    assert item is None or isinstance(item, Item)

    def counted(what: str, who: str, *, wanted: object) -> Counter | None:
        return None if wanted is None else counters.of_day(what, who, day)

    def counted_ever(what: str, who: str, *, wanted: object) -> Counter | None:
        return None if wanted is None else counters.for_ever(what, who)

    return Caps(
        counters.of_day(NO_PIN_POINTS, member_id, day),
        counters.of_day(NO_PIN_PAYMENTS, member_id, day),
        member_day=counted(OFFER_MEMBER_DAY, both, wanted=step and step.most_per_member_day),
        merchant_day=counted(OFFER_DAY, offer_id, wanted=step and step.most_per_merchant_day),
        stock=counted_ever(ITEM_STOCK, offer_id, wanted=item and item.stock),
        member_ever=counted_ever(ITEM_MEMBER, both, wanted=item and item.most_per_member),
        card_day=counted(CARD_POINTS, member_id, wanted=card_id),
        delegate_day=counted(DELEGATE_POINTS, f"{member_id}/{delegate_id}", wanted=delegate_id),
    )


def needs_pin(
    caps: Caps, known: dict[Counter, int], rules: Scheme, points: int, *, new_device: bool
) -> bool:
    """Tell whether a payment is above what the scheme allows without a PIN."""
    if caps.card_day is not None:
        return True
    most, most_day = rules.no_pin_points_most, rules.no_pin_points_day
    if new_device:
        most, most_day = (min(one, rules.new_device_points_most) for one in (most, most_day))
    return (
        points > most
        or known[caps.no_pin_points] + points > most_day
        or known[caps.no_pin_payments] + 1 > rules.no_pin_payments_day
    )
