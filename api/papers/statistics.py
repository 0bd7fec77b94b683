"""The statistics of a year: every figure is summed from the books or the approved services.

By month what was issued, used and in circulation, hours and people; by category and community the
hours; by shop what it took. The page, its charts and its exports all show the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from creditbank.core.clock import day_of, start_of_day
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, movements
from creditbank.ledger.movements import Flow
from creditbank.people import communities
from creditbank.service import hours
from creditbank.tasks import categories
from merchants import partners

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """One month: its flow, what circulated at its end, and the services that ended in it."""

    number: int
    flow: Flow
    circulating: int
    minutes: int
    services: int
    people: int


@dataclass(frozen=True, slots=True)
class Year:
    """The figures of a year, as far as it has come."""

    year: int
    asset: str
    months: tuple[Month, ...]
    people: int
    by_category: tuple[tuple[str, int, int], ...]
    by_community: tuple[tuple[str, int, int], ...]
    shops: tuple[tuple[str, int, int], ...]

    @property
    def minutes(self) -> int:
        """All approved minutes."""
        return sum(one.minutes for one in self.months)


def assets_of(view: View) -> list[Asset]:
    """Return the kinds of points as people look for them: what can be spent first, money last."""
    order = (AssetKind.SPENDABLE, AssetKind.HONOUR, AssetKind.MONEY)
    every = accounts.every_asset(view).values()
    return sorted(every, key=lambda one: (order.index(one.kind), one.code))


def years(view: View) -> list[int]:
    """Return the years of which there is something to show, the latest first."""
    began_at = movements.began_at(view)
    first = view.today.year if began_at is None else day_of(began_at, view.bank.zone).year
    return list(range(view.today.year, first - 1, -1))


def of_year(view: View, year: int, asset: str) -> Year:
    """Return the figures of a year of one asset, by months that have begun."""
    many = _MONTHS if year < view.today.year else view.today.month
    bounds = [_begin(view, year, number) for number in range(1, many + 2)]
    served = [hours.between(view, *both) for both in pairwise(bounds)]
    every = [one for month in served for one in month]
    categories_of = {one.code: one.name for one in categories.every(view)}
    communities_of = {one.community_id: one.name for one in communities.every(view)}
    return Year(
        year,
        asset,
        _months(view, asset, bounds, served),
        hours.people(view, bounds[0], bounds[-1]),
        _summed([(categories_of.get(one.category, one.category), one) for one in every]),
        _summed([(communities_of[one.community_id], one) for one in every]),
        _shops(view, asset, bounds[0], bounds[-1]),
    )


def _begin(view: View, year: int, month: int) -> datetime:
    day = date(year + (month > _MONTHS), (month - 1) % _MONTHS + 1, 1)
    return start_of_day(day, view.bank.zone)


def _months(
    view: View, asset: str, bounds: Sequence[datetime], served: Sequence[Sequence[hours.Hours]]
) -> tuple[Month, ...]:
    """Return the months; what circulates is counted back from the balances of now."""
    since = movements.between(view, asset, bounds[-1])
    left = movements.circulating(view, asset) - since.came + since.went
    found: list[Month] = []
    for n in range(len(served) - 1, -1, -1):
        flow = movements.between(view, asset, bounds[n], bounds[n + 1])
        minutes = sum(one.minutes for one in served[n])
        services = sum(one.services for one in served[n])
        people = hours.people(view, bounds[n], bounds[n + 1])
        found.append(Month(n + 1, flow, left, minutes, services, people))
        left += flow.went - flow.came
    return tuple(reversed(found))


def _summed(named: Sequence[tuple[str, hours.Hours]]) -> tuple[tuple[str, int, int], ...]:
    """Return minutes and services by name, the most first."""
    sums: dict[str, list[int]] = {}
    for name, one in named:
        both = sums.setdefault(name, [0, 0])
        both[0] += one.minutes
        both[1] += one.services
    ordered = sorted(sums.items(), key=lambda one: (-one[1][0], one[0]))
    return tuple((name, minutes, services) for name, (minutes, services) in ordered)


def _shops(
    view: View, asset: str, begins_at: datetime, ends_at: datetime
) -> tuple[tuple[str, int, int], ...]:
    names = {one.merchant_id: one.name for one in partners.listing(view)}
    moved = movements.by_merchant(view, asset, begins_at, ends_at)
    return tuple((names.get(one, one), taken, returned) for one, taken, returned in moved)
