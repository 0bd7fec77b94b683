"""Statistics with charts and their tables; every table goes out as CSV or XLSX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.edge.wiring import narrowed
from api.errors import RoleDenied
from api.pages.page import Page, page_for
from api.papers import spreadsheets, statistics
from api.papers.statistics import Known, Year
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right
from creditbank.ledger import accounts

router = Routes(prefix="/b/{slug}/office/figures", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
YearAsked = Annotated[int | None, Query(ge=2000, le=2199)]
AssetAsked = Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9]{1,15}$")]
TableName = Literal["months", "categories", "communities", "shops"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Sequence[Sequence[str | int]]


def _chosen(
    view: View, year: int | None, code: str | None, known: Known
) -> tuple[Year, list[Asset], list[int]]:
    """Return the figures that were asked for; else those of this year and the first asset.

    Raises:
        AssetNotFound: this bank has none of this code.
    """
    assets = [one for one in statistics.assets_of(view) if one.kind is not AssetKind.MONEY]
    years = statistics.years(view)
    asset = accounts.asset(view, code or (assets[0].code if assets else "?"))
    wanted = year if year in years else years[0]
    return statistics.of_year(view, wanted, asset.code, known), assets, years


async def _figures(
    page: Page, year: int | None, asset: str | None
) -> tuple[Year, list[Asset], list[int]]:
    known = statistics.known(page.caller.database)
    return await page.read(lambda view: _chosen(view, year, asset, known), patient=True)


def sees_shops(page: Page) -> bool:
    """Tell whether who asks may know what each shop took: the right, for all shops."""
    may = page.whole.may(Right.SEE_SALES)
    return may and narrowed(page.whole, (Right.SEE_SALES,)).merchants is None


@router.get("")
async def show(page: Sees, year: YearAsked = None, asset: AssetAsked = None) -> Response:
    """Show a year in charts and tables."""
    figures, assets, years = await _figures(page, year, asset)
    return page.show(
        "office/figures.html",
        figures=figures,
        assets=assets,
        points=next(one for one in assets if one.code == figures.asset),
        years=years,
        shops=sees_shops(page),
    )


@router.get("/{table}.{kind}")
async def export(
    page: Sees,
    table: TableName,
    kind: Literal["csv", "xlsx"],
    year: YearAsked = None,
    asset: AssetAsked = None,
) -> Response:
    """Give a table of the page as a file."""
    figures, _, _ = await _figures(page, year, asset)
    if table == "shops" and not sees_shops(page):
        raise RoleDenied(page.whole.actor.role, Right.SEE_SALES)
    head, rows = tables(page, figures)[table]
    name = f"{page.bank.slug}-{table}-{figures.year}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if kind == "csv":
        content, media = spreadsheets.write_csv(head, rows), "text/csv; charset=utf-8"
    else:
        content = spreadsheets.write_xlsx(spreadsheets.Written(f"{figures.year}", head, rows))
        media = _XLSX
    return Response(content, media_type=media, headers=headers)


def tables(page: Page, of: Year) -> Mapping[str, tuple[Sequence[str], Rows]]:
    """Return the tables of a year that this page may show; minutes are whole numbers."""
    t = page.speech.t
    minutes, services = t("分钟", "minutes"), t("次数", "services")
    month = (
        *(t("月份", "month"), t("发放", "issued"), t("收回", "taken back"), t("兑换", "used")),
        *(t("退回", "returned"), t("到期", "expired"), t("月末流通", "in circulation")),
        *(minutes, services, t("服务人数", "people")),
    )
    shown: dict[str, tuple[Sequence[str], Rows]] = {
        "months": (month, [_row(of.year, one) for one in of.months]),
        "categories": ((t("分类", "category"), minutes, services), of.by_category),
        "communities": ((t("社区", "community"), minutes, services), of.by_community),
    }
    if sees_shops(page):
        head = (t("商户", "shop"), t("收到", "taken"), t("退回", "returned"))
        shown["shops"] = (head, of.shops)
    return shown


def _row(year: int, one: statistics.Month) -> Sequence[str | int]:
    of = one.flow
    moved = (of.issued, of.taken_back, of.redeemed, of.returned, of.expired)
    served = (one.minutes, one.services, one.people)
    return (f"{year}-{one.number:02}", *moved, one.circulating, *served)
