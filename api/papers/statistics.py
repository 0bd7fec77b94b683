"""The statistics: every figure is summed from the books or the approved services.

By month what was issued, redeemed and in circulation, hours and people; by category and community
the hours; by shop what it took. The public figures, the office's page, its charts and its exports
all come from here. The books never change behind us, so a month that is over for a day is summed
once for as long as a server runs, and after that only the months since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate, pairwise
from weakref import WeakKeyDictionary

from creditbank.core.clock import day_of, start_of_day
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, circulation
from creditbank.ledger.circulation import Flow
from creditbank.people import communities
from creditbank.service import hours
from creditbank.service.hours import Tally
from creditbank.tasks import categories
from merchants import partners

_SETTLES = timedelta(days=1)

Known = dict[tuple[int, str, date], Flow]
"""What moved of an asset of a bank in the month of a day, of months that are over."""

_known: WeakKeyDictionary[Database, Known] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Moved:
    """A month of an asset: what moved in it, and what circulated at its end."""

    first: date
    flow: Flow
    circulating: int


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
    served: Tally
    by_category: tuple[tuple[str, int, int], ...]
    by_community: tuple[tuple[str, int, int], ...]
    shops: tuple[tuple[str, int, int], ...]


def known(database: Database) -> Known:
    """Return what is known of the months of a database's banks, to be added to."""
    return _known.setdefault(database, {})


def assets_of(view: View) -> list[Asset]:
    """Return the kinds of points as people look for them: what can be spent first, money last."""
    order = (AssetKind.SPENDABLE, AssetKind.HONOUR, AssetKind.MONEY)
    every = accounts.every_asset(view).values()
    return sorted(every, key=lambda one: (order.index(one.kind), one.code))


def years(view: View) -> list[int]:
    """Return the years of which there is something to show, the latest first."""
    return list(range(view.today.year, _began(view).year - 1, -1))


def _began(view: View) -> date:
    """Return the day of the first transfer, today before there is any."""
    began_at = circulation.began_at(view)
    return view.today if began_at is None else day_of(began_at, view.bank.zone)


def moved(view: View, asset: str, known: Known) -> list[Moved]:
    """Return what moved of an asset, month by month, from the first one until now."""
    firsts = [_began(view).replace(day=1)]
    while (first := _next(firsts[-1])) <= view.today:
        firsts.append(first)
    flows = [_flow(view, asset, first, known) for first in firsts]
    left = accumulate(one.net for one in flows)
    return [Moved(*month) for month in zip(firsts, flows, left, strict=True)]


def _flow(view: View, asset: str, first: date, known: Known) -> Flow:
    begins_at, ends_at = _begin(view, first), _begin(view, _next(first))
    if ends_at + _SETTLES > view.now:
        return circulation.between(view, asset, begins_at, ends_at)
    place = (view.bank_id, asset, first)
    if place not in known:
        known[place] = circulation.between(view, asset, begins_at, ends_at)
    return known[place]


def of_year(view: View, year: int, asset: str, known: Known) -> Year:
    """Return the figures of a year of one asset, by months that have begun."""
    last = 12 if year < view.today.year else view.today.month
    firsts = [date(year, number, 1) for number in range(1, last + 1)]
    bounds = [_begin(view, one) for one in (*firsts, _next(firsts[-1]))]
    whole = (bounds[0], bounds[-1])
    of_month = {one.first: one for one in moved(view, asset, known)}
    served = hours.by_place(view, whole)
    kinds = {one.code: one.name for one in categories.every(view)}
    places = {one.community_id: one.name for one in communities.every(view)}
    return Year(
        year,
        asset,
        tuple(
            _month(view, of_month.get(first) or Moved(first, Flow(), 0), span)
            for first, span in zip(firsts, pairwise(bounds), strict=True)
        ),
        hours.tally(view, whole),
        _summed([(kinds.get(one.category, one.category), one) for one in served]),
        _summed([(places[one.community_id], one) for one in served]),
        _shops(view, asset, *whole),
    )


def _month(view: View, of: Moved, span: hours.Span) -> Month:
    served = hours.tally(view, span)
    return Month(
        of.first.month, of.flow, of.circulating, served.minutes, served.services, served.people
    )


def _next(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _begin(view: View, day: date) -> datetime:
    return start_of_day(day, view.bank.zone)


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
    took = circulation.by_merchant(view, asset, begins_at, ends_at)
    return tuple((names.get(one, one), taken, returned) for one, taken, returned in took)
