"""Exports: members and hours as XLSX or CSV, with names as masked as on the pages.

What describes a person whole is shown one by one for a reason, never by the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.forms import DayText
from api.pages.office.member import CLAIMS
from api.pages.office.members import STATES
from api.pages.page import Page, page_for
from api.papers import spreadsheets
from api.papers.spreadsheets import Value, Written
from creditbank.core.clock import day_of, start_of_day
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.core.values import write_units
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, statements
from creditbank.people import communities, members, persons
from creditbank.service import hours as services
from creditbank.tasks import categories

router = Routes(prefix="/b/{slug}/office/exports", include_in_schema=False)

DAYS_MOST = 366
MEMBERS_MOST = 20_000

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Suffix = Literal["xlsx", "csv"]
From = Annotated[DayText | None, Query(alias="from")]
Until = Annotated[DayText | None, Query(alias="until")]

Rows = list[tuple[Value, ...]]


@router.get("")
async def listing(page: Sees) -> Response:
    """Show what can be exported."""
    today = day_of(page.now, page.bank.zone)
    return page.show("office/exports.html", today=today, first=today.replace(month=1, day=1))


@router.get("/members.{suffix}")
async def members_list(page: Sees, suffix: Suffix) -> Response:
    """Give the members of the caller's communities with what they have."""
    t = page.speech.t
    codes, rows = await page.read(lambda view: _members(view, page), patient=True)
    head = (
        *(t("编号", "Number"), t("姓名", "Name"), t("社区", "Community")),
        *(t("状态", "State"), t("入社日期", "Joined")),
        *codes,
    )
    return await _file(suffix, "members", t("成员", "Members"), head, rows)


def _members(view: View, page: Page) -> tuple[list[str], Rows]:
    within, t = page.caller.communities, page.speech.t
    places = {one.community_id: one.name for one in communities.every(view)}
    assets = list(accounts.every_asset(view).values())
    rows: Rows = []
    after: str | None = None
    while len(rows) < MEMBERS_MOST:
        found = members.listing(view, within=within, after=after, limit=members.PAGE_MOST)
        names = persons.masked_names(view, [one.member_id for one in found.members])
        holds = statements.holdings(view, [one.member_id for one in found.members])
        for one in found.members:
            held = holds[one.member_id]
            said = [write_units(held.get(each.code, 0), each.scale) for each in assets]
            rows.append(
                (
                    *(one.number, names[one.member_id], places[one.community_id]),
                    *(t(*STATES[one.status][:2]), one.joined_on),
                    *(int(text) if text.lstrip("-").isdecimal() else text for text in said),
                )
            )
        after = found.after
        if after is None:
            break
    return [one.name for one in assets], rows


@router.get("/hours.{suffix}")
async def hours(page: Sees, suffix: Suffix, since: From = None, until: Until = None) -> Response:
    """Give the services of a span of days with their hours.

    Raises:
        BadField: the days are in the wrong order, or too far apart.
    """
    today = day_of(page.now, page.bank.zone)
    first, last = since or today.replace(month=1, day=1), until or today
    if not first <= last <= first + timedelta(days=DAYS_MOST):
        raise BadField("from", f"at most {DAYS_MOST} days / 最多 {DAYS_MOST} 天")
    rows = await page.read(lambda view: _hours(view, page, first, last), patient=True)
    t = page.speech.t
    head = (
        *(t("日期", "Day"), t("需求", "Need"), t("类别", "Kind"), t("社区", "Community")),
        *(t("编号", "Number"), t("姓名", "Name")),
        *(t("签到分钟", "Minutes measured"), t("认定分钟", "Minutes approved")),
        t("结果", "Outcome"),
    )
    return await _file(suffix, "hours", t("服务记录", "Services"), head, rows)


def _hours(view: View, page: Page, first: date, last: date) -> Rows:
    """Return the services of a span of days as rows of a table."""
    zone = view.bank.zone
    found = services.lines(
        view,
        (start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone)),
        within=page.caller.communities,
    )
    names = persons.masked_names(view, {one.member_id for one in found})
    places = {one.community_id: one.name for one in communities.every(view)}
    kinds = {one.code: one.name for one in categories.every(view)}
    return [
        (
            None if one.signed_in_at is None else day_of(one.signed_in_at, zone),
            *(one.title, kinds.get(one.category, one.category), places[one.community_id]),
            *(one.number, names[one.member_id]),
            *(one.measured_minutes, one.approved_minutes),
            page.speech.t(*CLAIMS[one.state]),
        )
        for one in found
    ]


async def _file(suffix: Suffix, name: str, title: str, head: Iterable[str], rows: Rows) -> Response:
    """Return a list as a file; it is written apart from the event loop."""
    heads = list(head)
    if suffix == "csv":
        content = await asyncio.to_thread(spreadsheets.write_csv, heads, rows)
    else:
        content = await asyncio.to_thread(spreadsheets.write_xlsx, Written(title, heads, rows))
    return Response(
        content,
        media_type=spreadsheets.CSV if suffix == "csv" else spreadsheets.XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="{name}.{suffix}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
