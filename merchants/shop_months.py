"""A shop's months: what it took and gave back by day, as the ledger moved its account.

Every figure is a sum of moves of ``merchant/{id}``, each of which names its redemption; so the
month says what the account held before and after, and both agree by construction. What points
are worth in yuan is what they took off the bill, or the price of the thing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from creditbank.core.clock import day_of
from creditbank.core.units import View
from creditbank.ledger import chart, turnovers
from creditbank.ledger.chart import Kind
from creditbank.ledger.turnovers import Move
from merchants import offer_book, offers, partners, redemptions
from merchants.offers import Item, Step


@dataclass(frozen=True, slots=True)
class Line:
    """One move of the shop's account; ``points`` and ``worth_fen`` are signed."""

    at: datetime
    kind: Kind
    points: int
    worth_fen: int
    redemption_id: str | None
    receipt_no: str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """What was taken and given back, in points and in fen; ``owed_fen`` is for the points kept."""

    payments: int
    taken: int
    given_back: int
    owed_fen: int

    @property
    def net(self) -> int:
        """The points that the shop kept."""
        return self.taken - self.given_back


@dataclass(frozen=True, slots=True)
class ShopMonth:
    """A month of a shop: each day on which anything moved, the sums, and the account around it.

    ``other`` is what moved the account and was no sale, such as a settlement.
    """

    merchant_id: str
    asset: str
    first: date
    opening: int
    closing: int
    other: int
    sums: Sums
    days: tuple[tuple[date, Sums], ...]
    lines: tuple[Line, ...]


def month(view: View, merchant_id: str, first: date) -> ShopMonth:
    """Return the month of a shop that begins on a day, by the calendar of the bank.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    return _span(view, merchant_id, first, next_month(first))


def day(view: View, merchant_id: str, on: date) -> ShopMonth:
    """Return one day of a shop, in the same figures.

    Raises:
        MerchantNotFound: this bank has none of this id.
    """
    return _span(view, merchant_id, on, on + timedelta(days=1))


def next_month(first: date) -> date:
    """Return the first day of the month after."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _span(view: View, merchant_id: str, first: date, end: date) -> ShopMonth:
    shop = partners.find(view, merchant_id)
    zone = ZoneInfo(view.bank.zone)
    starts_at, ends_at = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in (first, end))
    moved = turnovers.between(view, chart.merchant(merchant_id), shop.asset, starts_at, ends_at)
    lines = _lines(view, moved.moves)
    by_day: dict[date, list[Line]] = {}
    for one in lines:
        by_day.setdefault(day_of(one.at, view.bank.zone), []).append(one)
    sales = chart.TAKEN | chart.GIVEN_BACK
    return ShopMonth(
        merchant_id,
        shop.asset,
        first,
        moved.opening,
        moved.closing,
        sum(one.units for one in moved.moves if one.kind not in sales),
        _sums(lines),
        tuple((when, _sums(by_day[when])) for when in sorted(by_day)),
        lines,
    )


def _sums(lines: Iterable[Line]) -> Sums:
    told = tuple(lines)
    return Sums(
        sum(1 for one in told if one.kind in chart.TAKEN),
        sum(one.points for one in told if one.kind in chart.TAKEN),
        -sum(one.points for one in told if one.kind in chart.GIVEN_BACK),
        sum(one.worth_fen for one in told),
    )


def _lines(view: View, moves: Iterable[Move]) -> tuple[Line, ...]:
    told = tuple(moves)
    known = _redemptions(view, {one.refers_to for one in told if one.refers_to is not None})
    rules = {
        offer_id: offer_book.find(view, offer_id).offer.rule
        for offer_id in {offer_id for _, offer_id in known.values()}
    }
    lines = []
    for one in told:
        receipt_no, offer_id = known.get(one.refers_to or "", (None, None))
        fen = 0 if offer_id is None else worth_fen(rules[offer_id], one.units)
        of = None if receipt_no is None else one.refers_to
        lines.append(Line(one.recorded_at, one.kind, one.units, fen, of, receipt_no))
    return tuple(lines)


def worth_fen(rule: Step | Item, points: int) -> int:
    """Return what so many points of an offer are worth: off the bill, or of the thing's price."""
    if isinstance(rule, Item):
        sign = -1 if points < 0 else 1
        return sign * ((rule.price_fen or 0) * abs(points) // rule.points)
    return offers.discount_of(rule, points)


_IDS_AT_ONCE = 500


def _redemptions(view: View, ids: set[str]) -> dict[str, tuple[str, str]]:
    """Return the receipt number and the offer of each of these redemptions."""
    of, wanted = redemptions.redemptions, sorted(ids)
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        rows = view.rows(
            select(of.c.redemption_id, of.c.receipt_no, of.c.offer_id).where(
                of.c.bank_id == view.bank_id,
                of.c.redemption_id.in_(wanted[start : start + _IDS_AT_ONCE]),
            )
        )
        found |= {row.redemption_id: (row.receipt_no, row.offer_id) for row in rows}
    return found
