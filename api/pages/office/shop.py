"""The desk of a shop: its day, its month so far, and the way to all that its owner keeps.

An owner sees their own shops; the treasurer, the auditor and the operator see all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from api.edge.forms import MerchantId
from api.edge.routes import Routes
from api.pages.page import Page, page_for
from api.words import offers as offer_sentences
from api.words.offers import Sentences
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.identity.roles import Right
from creditbank.ledger import accounts
from merchants import offer_book, partners, receipts, shop_months
from merchants.partners import Merchant
from merchants.receipts import MerchantDay
from merchants.shop_months import ShopMonth

router = Routes(prefix="/b/{slug}/shop", include_in_schema=False)

SeesSales = Annotated[Page, page_for(Right.SEE_SALES)]
DayPath = Annotated[date, Path(description="A day, as 2026-03-01.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """A shop on one day: what it took, and its month until then."""

    shop: Merchant
    points: Asset
    today: MerchantDay
    month: ShopMonth
    offers: Sequence[Sentences]


def own(view: View, page: Page, merchant_id: str) -> Merchant:
    """Return a shop at which the caller's role holds.

    Raises:
        MerchantNotFound: this bank has none of this id, or it is somebody else's.
    """
    partners.require_own(page.caller.actor, merchant_id)
    return partners.find(view, merchant_id)


@router.get("")
async def choose(page: SeesSales) -> Response:
    """Go to the only shop there is, or ask which."""
    shops = await page.read(
        lambda view: [
            one
            for one in partners.listing(view)
            if partners.owns(page.caller.actor, one.merchant_id)
        ]
    )
    if len(shops) == 1:
        return page.go(f"/shop/{shops[0].merchant_id}")
    return page.show("office/shops.html", shops=shops)


@router.get("/{merchant_id}")
async def desk(page: SeesSales, merchant_id: MerchantId) -> Response:
    """Show a shop's day and month, and the way to the rest."""
    found = await page.read(lambda view: _desk(view, own(view, page, merchant_id)))
    return page.show("office/shop.html", desk=found, shop=found.shop)


def _desk(view: View, shop: Merchant) -> Desk:
    points = accounts.asset(view, shop.asset)
    made = offer_book.in_force(view, shop.merchant_id, view.today)
    return Desk(
        shop,
        points,
        receipts.day(view, shop.merchant_id, view.today),
        shop_months.month(view, shop.merchant_id, view.today.replace(day=1)),
        [offer_sentences.of(one.offer, points.name) for one in made],
    )


@router.get("/{merchant_id}/days/{on}")
async def of_day(page: SeesSales, merchant_id: MerchantId, on: DayPath) -> Response:
    """Show each payment of a day, and what went back on it."""
    shop, points, moved, paid, today = await page.read(
        lambda view: _day(view, page, merchant_id, on)
    )
    return page.show(
        "office/shop_day.html",
        shop=shop,
        points=points,
        moved=moved,
        unpaid=len(paid.receipts) - paid.payments,
        before=on - timedelta(days=1),
        after=None if on >= today else on + timedelta(days=1),
    )


def _day(
    view: View, page: Page, merchant_id: str, on: date
) -> tuple[Merchant, Asset, ShopMonth, MerchantDay, date]:
    shop = own(view, page, merchant_id)
    return (
        shop,
        accounts.asset(view, shop.asset),
        shop_months.day(view, merchant_id, on),
        receipts.day(view, merchant_id, on),
        view.today,
    )
