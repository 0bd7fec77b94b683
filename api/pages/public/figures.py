"""The latest figures for everybody: sums over the books, with the instant they were taken.

They are taken at most once a minute for each bank, as they read all of its books, and anybody may
ask; every figure says as of when it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import AnyPage, Page
from api.papers import statistics
from api.papers.statistics import Known, Moved
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import circulation
from creditbank.ledger.circulation import Flow
from creditbank.service import hours, thanks
from creditbank.service.hours import Tally

router = Routes(prefix="/b/{slug}/figures", include_in_schema=False)

MONTHS = 12
_FRESH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class OfAsset:
    """One spendable asset: all that ever moved, what circulates, and its last months."""

    asset: Asset
    ever: Flow
    circulating: int
    months: Sequence[Moved]


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
        found = known[page.bank.bank_id] = await page.read(
            lambda view: taken(view, statistics.known(page.caller.database)), patient=True
        )
    return found


def taken(view: View, known: Known) -> Figures:
    """Return the figures of a bank now."""
    spendable = [one for one in statistics.assets_of(view) if one.kind is AssetKind.SPENDABLE]
    return Figures(
        view.now,
        [_of_asset(one, statistics.moved(view, one.code, known)) for one in spendable],
        hours.tally(view),
        thanks.count(view),
    )


def _of_asset(asset: Asset, moved: Sequence[Moved]) -> OfAsset:
    ever = circulation.together(one.flow for one in moved)
    return OfAsset(asset, ever, moved[-1].circulating, moved[-MONTHS:])


@router.get("")
async def figures(page: AnyPage) -> Response:
    """Show what was issued, what circulates, what was redeemed, how much was served."""
    return page.show("public/figures.html", figures=await latest(page))
