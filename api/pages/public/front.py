"""The front page of a bank: what the society is, and the ways in; and of a server, its banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import AnyPage
from api.pages.public import figures, open_needs, shops
from api.pages.public.open_needs import Choice, Need
from api.pages.public.shops import Shop
from creditbank.core.units import View
from creditbank.core.values import AssetKind
from creditbank.ledger import accounts
from creditbank.people import communities
from creditbank.schemes import scheme

router = Routes(prefix="/b/{slug}", include_in_schema=False)

_NEEDS, _SHOPS = 3, 4


@dataclass(frozen=True, slots=True)
class Points:
    """A kind of points that people spend, and for how many months it is good."""

    name: str
    months: int | None


@dataclass(frozen=True, slots=True)
class Front:
    """What a passer-by sees first."""

    points: Sequence[Points]
    communities: Sequence[str]
    needs: Sequence[Need]
    shops: Sequence[Shop]
    shops_in_all: int


@router.get("")
async def front(page: AnyPage) -> Response:
    """Show what this is, what is wanted now, and where points are taken."""
    shown = await page.read(_front)
    return page.show("public/front.html", front=shown, figures=await figures.latest(page))


def _front(view: View) -> Front:
    rules = scheme.current(view)
    points = [
        Points(one.name, rules.of_asset(one.code).validity_months)
        for one in accounts.every_asset(view).values()
        if one.kind is AssetKind.SPENDABLE
    ]
    needs, _ = open_needs.listed(view, Choice(), _NEEDS)
    known = [one for several in shops.listed(view).values() for one in several]
    places = [one.name for one in communities.every(view)]
    return Front(points, places, needs, known[:_SHOPS], len(known))
