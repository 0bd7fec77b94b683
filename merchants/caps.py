"""Caps: how much of an offer and of the limits without PIN is used up, as counters.

What a redemption takes from the counters and what it gives back is computed from the same few
facts, so that both always agree. The counters are read and changed under their locks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, tuple_

from creditbank.core import counters
from creditbank.core.counters import Counter
from creditbank.core.units import Unit, View
from creditbank.schemes.scheme import Scheme
from merchants.offer_book import Adopted
from merchants.offers import Item, Step, Used

OFFER_MEMBER_DAY = "offer-member-day"
OFFER_DAY = "offer-day"
ITEM_STOCK = "item-stock"
ITEM_MEMBER = "item-member"
NO_PIN_POINTS = "no-pin-points"
NO_PIN_PAYMENTS = "no-pin-payments"


@dataclass(frozen=True, slots=True)
class Caps:
    """The counters of one redemption; None where the offer has no such cap."""

    no_pin_points: Counter
    no_pin_payments: Counter
    member_day: Counter | None = None
    merchant_day: Counter | None = None
    stock: Counter | None = None
    member_ever: Counter | None = None

    def _of_offer(self) -> list[Counter]:
        ours = (self.member_day, self.merchant_day, self.stock, self.member_ever)
        return [one for one in ours if one is not None]

    def lock(self, unit: Unit) -> dict[Counter, int]:
        """Lock all of them and return what each has used."""
        wanted = [self.no_pin_points, self.no_pin_payments, *self._of_offer()]
        return counters.lock(unit, wanted)

    def peek(self, view: View) -> dict[Counter, int]:
        """Return what the offer's own counters have used, without a lock: for a quote."""
        wanted = self._of_offer()
        if not wanted:
            return {}
        of = counters.counters
        place = (of.c.what, of.c.who, of.c.day)
        rows = view.rows(
            select(*place, of.c.used).where(
                of.c.bank_id == view.bank_id, tuple_(*place).in_(wanted)
            )
        )
        return {Counter(row.what, row.who, row.day): row.used for row in rows}

    def used(self, known: dict[Counter, int]) -> Used:
        """Return what was used, as the offer's rule wants it."""

        def of(one: Counter | None) -> int:
            return 0 if one is None else known.get(one, 0)

        return Used(
            of(self.member_day), of(self.merchant_day), of(self.stock), of(self.member_ever)
        )

    def taking(self, points: int) -> dict[Counter, int]:
        """Return what a payment of so many points adds."""
        by = {self.no_pin_points: points, self.no_pin_payments: 1}
        by |= dict.fromkeys(filter(None, (self.member_day, self.merchant_day)), points)
        return by | dict.fromkeys(filter(None, (self.stock, self.member_ever)), 1)

    def lowering(self, points: int) -> dict[Counter, int]:
        """Return what changes when a payment takes so many points less than set aside."""
        day = (self.no_pin_points, self.member_day, self.merchant_day)
        return dict.fromkeys(filter(None, day), -points)

    def giving_back(self, points: int) -> dict[Counter, int]:
        """Return what undoes a payment of so many points."""
        return {one: -units for one, units in self.taking(points).items()}


def of(booked: Adopted, *, member_id: str, day: date) -> Caps:
    """Return the counters of a member's redemption of an offer on a day."""
    rule, offer_id = booked.offer.rule, booked.offer_id
    both = f"{offer_id}/{member_id}"
    points = counters.of_day(NO_PIN_POINTS, member_id, day)
    payments = counters.of_day(NO_PIN_PAYMENTS, member_id, day)
    if isinstance(rule, Step):
        return Caps(
            points,
            payments,
            member_day=counters.of_day(OFFER_MEMBER_DAY, both, day)
            if rule.most_per_member_day is not None
            else None,
            merchant_day=counters.of_day(OFFER_DAY, offer_id, day)
            if rule.most_per_merchant_day is not None
            else None,
        )
    assert isinstance(rule, Item)
    return Caps(
        points,
        payments,
        stock=counters.for_ever(ITEM_STOCK, offer_id) if rule.stock is not None else None,
        member_ever=counters.for_ever(ITEM_MEMBER, both)
        if rule.most_per_member is not None
        else None,
    )


def needs_pin(caps: Caps, known: dict[Counter, int], rules: Scheme, points: int) -> bool:
    """Tell whether a payment is above what the scheme allows without a PIN."""
    return (
        points > rules.no_pin_points_most
        or known[caps.no_pin_points] + points > rules.no_pin_points_day
        or known[caps.no_pin_payments] + 1 > rules.no_pin_payments_day
    )
