"""The day at the shop: what was taken, given back, and in all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.forms import MaybeDay
from api.pages.page import TillPage
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from merchants import partners, receipts, tills
from merchants.receipts import PAID_STATES, MerchantDay
from merchants.redemptions import State

router = Routes(prefix="/b/{slug}/till/today", include_in_schema=False)

SHOWN = {*PAID_STATES, State.VOIDED}


@router.get("")
async def today(page: TillPage, on: Annotated[MaybeDay, Query()] = None) -> Response:
    """Show the shop's day: today, or another one."""
    shop_day, asset, now = await page.read(lambda view: _day(view, page.caller.till_id, on))
    told = [one for one in reversed(shop_day.receipts) if one.state in SHOWN]
    return page.show(
        "till/today.html",
        day_of_shop=shop_day,
        asset_name=asset.name,
        told=told,
        others=len(shop_day.receipts) - len(told),
        before=shop_day.day - timedelta(days=1),
        after=None if shop_day.day >= now else shop_day.day + timedelta(days=1),
    )


def _day(view: View, till_id: str, on: date | None) -> tuple[MerchantDay, Asset, date]:
    shop = partners.find(view, tills.find(view, till_id).merchant_id)
    found = receipts.day(view, shop.merchant_id, on or view.today)
    return found, accounts.asset(view, shop.asset), view.today
