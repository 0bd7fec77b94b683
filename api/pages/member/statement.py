"""The statement: what moved a volunteer's points, month by month, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import MemberPage
from api.papers import spreadsheets
from api.words import statements as statement_sentences
from api.words.statements import Sentence
from creditbank.core.clock import start_of_day
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind, write_units
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger.flows import Flow, Span
from creditbank.ledger.statements import Line, Totals
from creditbank.people import members

router = Routes(prefix="/b/{slug}/me/statement", include_in_schema=False)

SHOWN_AT_ONCE = 50

Tab = Literal["all", "helped", "used"]
MonthAsked = Annotated[str | None, Query(alias="month", pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
AssetAsked = Annotated[str | None, Query(alias="asset", pattern=r"^[A-Z][A-Z0-9]{1,15}$")]
AfterAsked = Annotated[int | None, Query(alias="after", ge=1, le=2**53)]

_FLOWS: dict[str, Flow | None] = {"all": None, "helped": Flow.HELPED, "used": Flow.USED}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a statement is asked for."""

    month: date | None
    asset: str | None
    after: int | None
    tab: Tab


@dataclass(frozen=True, slots=True)
class Told:
    """A line and its sentence."""

    line: Line
    said: Sentence


@dataclass(frozen=True, slots=True)
class Statement:
    """A month of one asset; ``balance`` is what there was at its end, or is now."""

    assets: list[Asset]
    asset: Asset
    month: date
    months: list[date]
    lines: list[Told]
    older: int | None
    totals: Totals
    balance: int
    began_with: int

    def units(self, number: int) -> str:
        """Write a number of units of the asset."""
        return write_units(number, self.asset.scale)


@router.get("")
async def statement(
    page: MemberPage,
    month: MonthAsked = None,
    asset: AssetAsked = None,
    after: AfterAsked = None,
    tab: Tab = "all",
) -> Response:
    """Show a month of a volunteer's points: all of it, whom they helped, or what they used."""
    asked = Asked(_month(month), asset, after, tab)
    found = await page.read(lambda view: _statement(view, page.member_id, asked))
    return page.show("member/statement.html", found=found, shown=tab, after=after)


@router.get(".csv")
async def exported(page: MemberPage, asset: AssetAsked = None) -> Response:
    """Give a volunteer all lines of one asset as a table for Excel, the oldest first."""
    spoken = page.speech

    def look(view: View) -> tuple[Asset, list[Told]]:
        chosen = _asset(_assets(view), asset)
        return chosen, list(reversed(list(_every(view, page.member_id, chosen.code))))

    chosen, lines = await page.read(look, patient=True)
    head = (
        *(spoken.t("日期", "day"), spoken.t("时间", "time"), spoken.t("内容", "what")),
        *(spoken.t("收入", "came in"), spoken.t("支出", "went out"), spoken.t("余额", "balance")),
    )
    rows = [_row(page, chosen, one) for one in lines]
    headers = {
        "Content-Disposition": f'attachment; filename="statement-{chosen.code}.csv"',
        "Cache-Control": "no-store",
    }
    content = spreadsheets.write_csv(head, rows)
    return Response(content, media_type=spreadsheets.CSV, headers=headers)


def _row(page: MemberPage, asset: Asset, one: Told) -> tuple[str, ...]:
    at, units = one.line.recorded_at.astimezone(page.speech.zone), one.line.units
    amount = write_units(abs(units), asset.scale)
    return (
        f"{at:%Y-%m-%d}",
        f"{at:%H:%M}",
        page.speech.t(one.said.zh, one.said.en),
        amount if units > 0 else "",
        amount if units < 0 else "",
        write_units(one.line.balance_after, asset.scale),
    )


def _month(said: str | None) -> date | None:
    return None if said is None else date(int(said[:4]), int(said[5:]), 1)


def _assets(view: View) -> list[Asset]:
    """Return what a member may have, what can be spent first."""
    every = [one for one in accounts.every_asset(view).values() if one.kind is not AssetKind.MONEY]
    return sorted(every, key=lambda one: one.kind is not AssetKind.SPENDABLE)


def _asset(several: list[Asset], code: str | None) -> Asset:
    """Return the asset that was asked for, else the first.

    Raises:
        BadField: there is none of this code.
    """
    for one in several:
        if code in {None, one.code}:
            return one
    raise BadField("asset", " / ".join(one.code for one in several))


def _statement(view: View, member_id: str, asked: Asked) -> Statement:
    assets = _assets(view)
    asset = _asset(assets, asked.asset)
    first = members.find(view, member_id).joined_on.replace(day=1)
    begins = asked.month or view.today.replace(day=1)
    place, span, flow = chart.member(member_id), _span(view, begins), _FLOWS[asked.tab]
    found = statements.history(
        view, place, asset.code, older_than=asked.after, limit=SHOWN_AT_ONCE, span=span, flow=flow
    )
    whole = statements.totals(view, place, asset.code, span=span)
    part = statements.totals(view, place, asset.code, span=span, flow=flow)
    last = statements.history(view, place, asset.code, limit=1, span=(None, span[1])).lines
    balance = last[0].balance_after if last else 0
    said = statement_sentences.sentences(view, found.lines)
    return Statement(
        assets=assets,
        asset=asset,
        month=begins,
        months=list(_between(min(first, begins), max(view.today, begins))),
        lines=[Told(one, words) for one, words in zip(found.lines, said, strict=True)],
        older=found.older_than,
        totals=part,
        balance=balance,
        began_with=balance - whole.came + whole.went,
    )


def _between(first: date, last: date) -> Iterator[date]:
    """Yield the first days of months, the latest first."""
    at = last.replace(day=1)
    while at >= first:
        yield at
        at = (at - timedelta(days=1)).replace(day=1)


def _span(view: View, begins: date) -> Span:
    """Return the instants of a month in the bank's time."""
    ends = (begins + timedelta(days=32)).replace(day=1)
    at: tuple[datetime, datetime] = (
        start_of_day(begins, view.bank.zone),
        start_of_day(ends, view.bank.zone),
    )
    return at


def _every(view: View, member_id: str, code: str) -> Iterator[Told]:
    """Yield all lines of an asset, the latest first."""
    older: int | None = None
    while True:
        page = statements.history(
            view, chart.member(member_id), code, older_than=older, limit=statements.PAGE_MOST
        )
        said = statement_sentences.sentences(view, page.lines)
        yield from (Told(one, words) for one, words in zip(page.lines, said, strict=True))
        older = page.older_than
        if older is None:
            return
