"""The latest figures for everybody: sums over the books, with the instant they were taken.

They are taken at most once a minute for each bank, as they read all of its books, and anybody may
ask; every figure says as of when it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from weakref import WeakKeyDictionary

from fastapi import APIRouter
from fastapi.responses import Response

from api.pages.page import AnyPage, Page
from creditbank.core.clock import start_of_day
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, totals
from creditbank.ledger.totals import Totals
from creditbank.service import tallies, thanks
from creditbank.service.tallies import Tally

router = APIRouter(prefix="/b/{slug}/figures", include_in_schema=False)

MONTHS = 12
_FRESH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Months:
    """What was issued and redeemed of an asset in each of the last months, the latest last."""

    first_days: Sequence[date]
    issued: Sequence[int]
    redeemed: Sequence[int]


@dataclass(frozen=True, slots=True)
class OfAsset:
    """The figures of one spendable asset."""

    asset: Asset
    totals: Totals
    months: Months


@dataclass(frozen=True, slots=True)
class Figures:
    """What the books say as a whole, as of an instant."""

    as_of: datetime
    assets: Sequence[OfAsset]
    served: Tally
    thanks: int


_kept: WeakKeyDictionary[Database, dict[int, Figures]] = WeakKeyDictionary()


async def latest(page: Page) -> Figures:
    """Return the figures of a bank, at most a minute old."""
    known = _kept.setdefault(page.caller.database, {})
    found = known.get(page.bank.bank_id)
    age = None if found is None else page.now - found.as_of
    if found is None or age is None or not timedelta(0) <= age < _FRESH:
        found = known[page.bank.bank_id] = await page.read(taken, patient=True)
    return found


def taken(view: View) -> Figures:
    """Return the figures of a bank now."""
    spendable = [
        one for one in accounts.every_asset(view).values() if one.kind is AssetKind.SPENDABLE
    ]
    return Figures(
        view.now,
        [OfAsset(one, totals.of(view, one.code), _months(view, one.code)) for one in spendable],
        tallies.served(view),
        thanks.count(view),
    )


def _months(view: View, asset: str) -> Months:
    first_days = [view.today.replace(day=1)]
    while len(first_days) < MONTHS:
        first_days.insert(0, (first_days[0] - timedelta(days=1)).replace(day=1))
    bounds = [start_of_day(one, view.bank.zone) for one in first_days]
    flows = totals.flows(view, asset, bounds)[1:]
    return Months(first_days, [one.issued for one in flows], [one.redeemed for one in flows])


@router.get("")
async def figures(page: AnyPage) -> Response:
    """Show what was issued, what circulates, what was redeemed, how much was served."""
    return page.show("public/figures.html", figures=await latest(page))
