"""Chapters of the story: who belongs together, the pairs month by month, the lists, what was given.

All figures are read from the database, none from the plan.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from creditbank.core.units import View
from creditbank.ledger import chart, statements
from creditbank.ledger.chart import Kind
from creditbank.lists import entries, organisations, rota
from creditbank.lists.entries import EntryKind, EntryState
from creditbank.people import communities, consents, households, members, persons, teams
from creditbank.service import thanks
from creditbank.tasks import pairs, visits
from creditbank.tasks.visits import Month
from seeds.chronicle import Year
from seeds.society import YEAR

_PAGE = 200
_WEEKS_SHOWN = 2
_NOTES_SHOWN = 3
_XYB = "XYB"
_KIND = {
    EntryKind.NEED: "需求 needs",
    EntryKind.RESOURCE: "资源 resources",
    EntryKind.PROJECT: "项目 projects",
}


def sheet(title: str, *columns: tuple[str, str]) -> Table:
    """Return an empty table; a column is its heading and ``left``, ``right`` or ``wrap``."""
    table = Table(title=title, title_justify="left", title_style="bold green", expand=False)
    for heading, side in columns:
        justify = "right" if side == "right" else "left"
        table.add_column(heading, justify=justify, no_wrap=side != "wrap")  # type: ignore[arg-type]
    return table


def belonging(console: Console, year: Year) -> None:
    """Show who lives where, and with whom."""

    def look(view: View) -> list[tuple[str, int, int, int, int]]:
        team = set(teams.find(view, year.team_id).member_ids)
        founded = households.listing(view, limit=_PAGE).households
        homes = Counter(one.community_id for one in founded)
        couples = Counter(one.community_id for one in pairs.listing(view, limit=_PAGE).pairs)
        found = []
        for place in communities.every(view):
            ids = _ids_of(view, place.community_id)
            key = place.community_id
            found.append((place.name, len(ids), homes[key], len(team & ids), couples[key]))
        return found

    table = sheet(
        "邻里 · Who belongs together",
        ("社区\ncommunity", "left"),
        ("居民\nresidents", "right"),
        ("家庭\nhouseholds", "right"),
        ("青年队员\nyouth team", "right"),
        ("结对老人\npaired elders", "right"),
    )
    rows = year.database.read(year.bank.bank_id, look)
    for name, *figures in rows:
        table.add_row(name, *(f"{figure:,}" for figure in figures))
    table.add_section()
    totals = (sum(column) for column in list(zip(*rows, strict=True))[1:])
    table.add_row("合计 total", *(f"{total:,}" for total in totals), style="bold")
    console.print(table)


def _ids_of(view: View, community_id: str) -> set[str]:
    """Return who is of a community."""
    found: set[str] = set()
    after: str | None = None
    while True:
        page = members.listing(view, within=(community_id,), after=after, limit=_PAGE)
        found |= {one.member_id for one in page.members}
        after = page.after
        if after is None:
            return found


def paired(console: Console, year: Year) -> None:
    """Show, month by month, how the pairs kept to their visits, and who was short."""

    def look(view: View) -> list[tuple[date, list[Month], list[str]]]:
        every = pairs.listing(view, limit=_PAGE).pairs
        found = []
        for number in range(1, 13):
            month = date(YEAR, number, 1)
            states = visits.in_month(view, every, month)
            short = [one.pair.elder_id for one in states if one.missing]
            names = persons.masked_names(view, short)
            found.append((month, states, [names[one] for one in short]))
        return found

    table = sheet(
        "结对帮扶 · Pairs of the youth team and elders, month by month",
        ("月份\nmonth", "left"),
        ("应访\nwanted", "right"),
        ("已访\ncalls made", "right"),
        ("达标\npairs on time", "right"),
        ("未达标\nshort", "right"),
        ("未达标的老人\nwho was short", "wrap"),
    )
    for month, states, short in year.database.read(year.bank.bank_id, look):
        done = sum(one.done for one in states)
        if done:
            table.add_row(
                f"{month:%Y-%m}",
                f"{sum(one.wanted for one in states):,}",
                f"{done:,}",
                f"{len(states) - len(short)}",
                f"{len(short) or '–'}",
                "、".join(short),
            )
    console.print(table)


def listed(console: Console, year: Year) -> None:
    """Show what stood on the three lists, what became of it, and who is on duty."""

    def look(view: View) -> Counter[tuple[EntryKind, EntryState]]:
        found: Counter[tuple[EntryKind, EntryState]] = Counter()
        after: str | None = None
        while True:
            page = entries.listing(view, after=after, limit=_PAGE)
            found.update((one.kind, one.state) for one in page.entries)
            after = page.after
            if after is None:
                return found

    counted = year.database.read(year.bank.bank_id, look)
    table = sheet(
        "三张清单 · The three lists",
        ("清单\nlist", "left"),
        ("提出\nraised", "right"),
        ("转为任务\nbecame a task", "right"),
        ("已受理\ntaken on", "right"),
        ("说明后关闭\nclosed, with a reason", "right"),
    )
    for kind, name in _KIND.items():
        states = (EntryState.TASKED, EntryState.ACCEPTED, EntryState.CLOSED)
        raised = sum(count for (of, _), count in counted.items() if of is kind)
        table.add_row(name, str(raised), *(str(counted[kind, one] or "–") for one in states))
    console.print(table)
    _duty(console, year)


def _duty(console: Console, year: Year) -> None:
    """Say who is on duty in the last weeks of the rota."""

    def look(view: View) -> tuple[int, list[tuple[date, str]]]:
        names = {one.organisation_id: one.name for one in organisations.every(view)}
        monday = rota.monday_of(date(YEAR, 12, 31)) - timedelta(weeks=_WEEKS_SHOWN - 1)
        weeks = rota.listing(view, first_week=monday, weeks=_WEEKS_SHOWN, community_id=None)
        told = [(one.week_on, names[one.organisation_id]) for one in weeks if one.organisation_id]
        return len(names), told

    many, weeks = year.database.read(year.bank.bank_id, look)
    told = " · ".join(f"{day:%m-%d} {name}" for day, name in weeks)
    console.print(
        f"  {many} 家共建单位轮流值周 partner organisations take turns: {told}", style="dim"
    )


def given(console: Console, year: Year) -> None:
    """Show what was given, donated and let go, and some of the notes of thanks."""

    def look(view: View) -> list[tuple[str, int]]:
        mine = [chart.member(one) for one in year.member_ids]
        gone = [chart.EXPIRED]
        return [
            ("赠给家人 given to family", _units(view, mine, Kind.GIFT)),
            ("捐给困难居民 donated to who is in need", _units(view, mine, Kind.DONATE)),
            ("到期 expired", _units(view, gone, Kind.EXPIRE)),
        ]

    table = sheet("信义贝的去处 · What else became of the points", ("", "left"), ("", "right"))
    for what, units in year.database.read(year.bank.bank_id, look):
        table.add_row(what, f"{units:,}")
    table.show_header = False
    console.print(table)
    _thanks(console, year)


def _thanks(console: Console, year: Year) -> None:
    """Show the latest notes of thanks, of those that everybody may read."""

    def look(view: View) -> list[tuple[str, str]]:
        page = thanks.wall(view, limit=_NOTES_SHOWN)
        names = consents.public_names(view, [one.holder_id for one in page.notes])
        return [(names[one.holder_id], one.text) for one in page.notes if one.text]

    notes = year.database.read(year.bank.bank_id, look)
    if notes:
        console.print(
            Panel(
                "\n".join(f"致 {name}：{text}" for name, text in notes),
                title="电子锦旗 · Notes of thanks",
                border_style="yellow",
                expand=False,
            )
        )


def _units(view: View, addresses: list[str], kind: Kind) -> int:
    return sum(statements.received(view, addresses, _XYB, kind).values())
