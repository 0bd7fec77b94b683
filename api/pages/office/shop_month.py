"""A shop's month: what it took and gave back by day, to read, to print, and as a spreadsheet.

Its sums are those of the shop's account in the ledger, and each leads to its rows.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from fastapi import Path, Response

from api.edge.forms import MerchantId
from api.edge.routes import Routes
from api.pages.office.shop import SeesSales, own
from api.pages.page import Page
from api.papers import spreadsheets
from api.papers.spreadsheets import Value, Written
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from creditbank.ledger.chart import Kind
from merchants import shop_months
from merchants.partners import Merchant
from merchants.shop_months import ShopMonth, Sums

router = Routes(prefix="/b/{slug}/shop/{merchant_id}/months", include_in_schema=False)

MonthPath = Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]

KINDS = {
    Kind.REDEEM: ("收款", "taken"),
    Kind.REFUND: ("退回", "given back"),
    Kind.REVERSE: ("撤销", "undone"),
    Kind.SETTLE: ("结算", "settled"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A month with its shop, and the months beside it; None is one that has not begun."""

    shop: Merchant
    points: Asset
    month: ShopMonth
    before: str
    after: str | None


def _look(view: View, page: Page, merchant_id: str, name: str) -> Told:
    shop = own(view, page, merchant_id)
    first = date.fromisoformat(f"{name}-01")
    after = shop_months.next_month(first)
    return Told(
        shop,
        accounts.asset(view, shop.asset),
        shop_months.month(view, merchant_id, first),
        f"{first - timedelta(days=1):%Y-%m}",
        None if after > view.today else f"{after:%Y-%m}",
    )


@router.get("/{month}")
async def statement(page: SeesSales, merchant_id: MerchantId, month: MonthPath) -> Response:
    """Show the statement of a month."""
    told = await page.read(lambda view: _look(view, page, merchant_id, month))
    return page.show("office/shop_month.html", told=told, shop=told.shop, name=month)


@router.get("/{month}/statement.xlsx")
async def spreadsheet(page: SeesSales, merchant_id: MerchantId, month: MonthPath) -> Response:
    """Give the statement of a month as a spreadsheet: its days, and every row."""
    told = await page.read(lambda view: _look(view, page, merchant_id, month))
    content = await asyncio.to_thread(_written, page, told, month)
    headers = {
        "Content-Disposition": f'attachment; filename="shop-{month}.xlsx"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=spreadsheets.XLSX, headers=headers)


def _written(page: Page, told: Told, name: str) -> bytes:
    t = page.speech.t
    month = told.month
    head = [
        *(t("日期", "Day"), t("笔数", "Payments"), t("收到（个）", "Taken")),
        *(t("退回（个）", "Given back"), t("净收（个）", "Net"), t("折合（元）", "Yuan")),
    ]
    days: list[list[Value]] = [[day.isoformat(), *_of(sums)] for day, sums in month.days]
    days += [
        [t("合计", "In all"), *_of(month.sums)],
        [],
        [t("店铺", "Shop"), told.shop.name],
        [t("月份", "Month"), name],
        [t("积分", "Points"), told.points.name],
        [t("月初结存（个）", "Held before"), month.opening],
        [t("净收（个）", "Net"), month.sums.net],
        [t("结算等其他（个）", "Settled and other"), month.other],
        [t("月末结存（个）", "Held after"), month.closing],
    ]
    rows_head = [
        *(t("时间", "Time"), t("类别", "Kind"), t("小票号", "Receipt no.")),
        *(t("数量（个）", "Points"), t("折合（元）", "Yuan"), t("编号", "Redemption")),
    ]
    rows: list[list[Value]] = [
        [
            f"{one.at.astimezone(page.speech.zone):%Y-%m-%d %H:%M:%S}",
            t(*KINDS.get(one.kind, (one.kind, one.kind))),
            one.receipt_no,
            one.points,
            _yuan(one.worth_fen),
            one.redemption_id,
        ]
        for one in month.lines
    ]
    return spreadsheets.write_xlsx(
        Written(t("每日", "Days"), head, days, (16, 16, 14, 14, 14, 14)),
        Written(t("明细", "Rows"), rows_head, rows, (22, 10, 14, 12, 14, 36)),
    )


def _of(sums: Sums) -> list[Value]:
    owed = _yuan(sums.owed_fen)
    return [sums.payments, sums.taken, sums.given_back, sums.net, owed]


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)
