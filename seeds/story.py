"""The story of the demonstration year, as tables for a terminal; all figures are the ledger's."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from creditbank.core.banks import Bank
from creditbank.core.clock import day_of
from creditbank.core.database import Database
from creditbank.core.values import write_units
from creditbank.ledger import chart, circulation, statements
from creditbank.ledger.accounts import every_asset
from creditbank.people import communities, persons
from creditbank.recognition import periods, ranking
from creditbank.recognition.ranking import Place
from creditbank.service import reviews
from creditbank.tasks import claims, tasks
from merchants import partners, receipts
from merchants.offers import YUAN_SCALE
from merchants.receipts import MerchantDay
from seeds import chapters
from seeds.chapters import sheet
from seeds.chronicle import Count, Year
from seeds.society import YEAR

_TOP = 10
_LINES = 12
_BUSY_PAYMENTS = 4
_MEDAL = {"gold": "[bold yellow]金 gold[/]", "silver": "[bold]银 silver[/]", "bronze": "铜 bronze"}
_KIND = {
    "issue": "发放 earned",
    "redeem": "核销 spent",
    "refund": "退款 refunded",
    "reverse": "冲正 reversed",
    "gift": "赠与 gift",
    "donate": "捐赠 donation",
    "expire": "到期 expired",
}


def tell(console: Console, year: Year) -> None:
    """Tell the whole story of a year that was lived."""
    database, bank = year.database, year.bank
    _society(console, database, bank)
    chapters.belonging(console, year)
    _numbers(console, year.count)
    chapters.paired(console, year)
    chapters.listed(console, year)
    _circulation(console, database, bank)
    chapters.given(console, year)
    best = _medals(console, database, bank)
    if best is not None:
        _statement(console, database, bank, best)
    _shop_day(console, database, bank)
    if year.withdrawn_claim is not None:
        _withdrawn(console, database, bank, year.withdrawn_claim)


def _society(console: Console, database: Database, bank: Bank) -> None:
    homes = database.read(bank.bank_id, communities.every)
    shops = database.read(bank.bank_id, partners.listing)
    console.print(
        Panel(
            f"{'、'.join(one.name for one in homes)}\n"
            f"{len(shops)} 家合作商户 partner shops: {'、'.join(one.name for one in shops)}",
            title=f"[bold]{bank.name}[/] · {YEAR}",
            subtitle="示范数据，人物与商户均为虚构 · an invented society",
            border_style="green",
        )
    )


def _numbers(console: Console, count: Count) -> None:
    table = sheet("这一年 · The year", ("", "left"), ("", "right"))
    for section in (
        (
            ("发布的互助需求 needs published", count.needs),
            ("认领 claims", count.claims),
            ("其中家庭认领 of them by families", count.families),
            ("撤回认领 claims withdrawn", count.withdrawn),
            ("候补 waited", count.waited),
            ("候补递补 of them moved up", count.moved_up),
            ("结对探访 calls of pairs", count.calls),
        ),
        (
            ("审核通过 approved", count.approved),
            ("审核退回 rejected", count.rejected),
            ("提出异议 disputed", count.disputed),
            ("抽中复核 looked at again", count.second_looks),
        ),
        (
            ("到店核销 payments at the till", count.payments),
            ("没有可用积分 nothing usable", count.nothing_usable),
            ("当天撤销 voided", count.voided),
            ("退款 refunded", count.refunded),
        ),
        (
            ("赠与 gifts", count.gifts),
            ("捐赠 donations", count.donations),
            ("电子锦旗 notes of thanks", count.thanks),
        ),
    ):
        for what, number in section:
            table.add_row(what, f"{number:,}")
        table.add_section()
    table.show_header = False
    console.print(table)


def _circulation(console: Console, database: Database, bank: Bank) -> None:
    table = sheet(
        "流通 · Circulation",
        ("积分\nasset", "left"),
        ("发放\nissued", "right"),
        ("收回\ntaken back", "right"),
        ("居民手中\nwith members", "right"),
        ("商户收到\nwith shops", "right"),
    )
    for code, asset in database.read(bank.bank_id, every_asset).items():
        flow = database.read(bank.bank_id, partial(circulation.of, asset=code))
        figures = (flow.issued, flow.taken_back, flow.with_members, flow.with_merchants)
        table.add_row(f"{asset.name} {code}", *(f"{figure:,}" for figure in figures))
    console.print(table)


def _medals(console: Console, database: Database, bank: Bank) -> Place | None:
    """Show the top ten of the frozen year and return the first of them."""
    period = database.read(bank.bank_id, partial(periods.by_name, name=str(YEAR)))
    heads = database.read(bank.bank_id, partial(ranking.frozen, period_id=period.period_id))
    first: Place | None = None
    for head in heads:
        top = database.read(
            bank.bank_id,
            partial(ranking.rows, period_id=period.period_id, asset=head.asset, limit=_TOP),
        )
        people = database.read(
            bank.bank_id, partial(persons.names, holder_ids=[one.member_id for one in top])
        )
        table = sheet(
            f"{YEAR} 年终排名 · Year-end ranking · {head.asset}",
            ("名次 rank", "right"),
            ("姓名 name", "left"),
            ("全年所得 earned", "right"),
            ("奖牌 medal", "left"),
        )
        for one in top:
            medal = _MEDAL.get(one.tier or "", "")
            tie = " (并列 tie)" if one.at_edge else ""
            table.add_row(
                str(one.rank),
                people[one.member_id],
                f"{one.units:,}",
                Text.from_markup(medal + tie),
            )
        console.print(table)
        console.print(
            f"  {head.members} 人上榜 members ranked · 名单指纹 SHA-256 {head.hash[:16]}…",
            style="dim",
        )
        first = first or (top[0] if top else None)
    return first


def _statement(console: Console, database: Database, bank: Bank, best: Place) -> None:
    who = database.read(bank.bank_id, partial(persons.find, holder_id=best.member_id))
    page = database.read(
        bank.bank_id,
        partial(statements.history, address=chart.member(who.holder_id), asset="XYB", limit=_LINES),
    )
    shops = {
        chart.merchant(one.merchant_id): one.name
        for one in database.read(bank.bank_id, partners.listing)
    }
    table = sheet(
        f"{who.name}的信义贝明细 · Statement, newest first",
        ("日期 day", "left"),
        ("事由 what", "left"),
        ("对方 with", "left"),
        ("数量 units", "right"),
        ("余额 balance", "right"),
    )
    for line in page.lines:
        table.add_row(
            day_of(line.occurred_at, bank.zone).isoformat(),
            _KIND.get(line.kind, line.kind),
            shops.get(line.other) or ("居民" if chart.is_members(line.other) else "互助社"),
            f"{line.units:+,}",
            f"{line.balance_after:,}",
        )
    console.print(table)


def _shop_day(console: Console, database: Database, bank: Bank) -> None:
    shops = database.read(bank.bank_id, partners.listing)
    taken = {
        one.merchant_id: database.read(
            bank.bank_id,
            partial(statements.balance, address=chart.merchant(one.merchant_id), asset=one.asset),
        ).available
        for one in shops
    }
    shop = max(shops, key=lambda one: (taken[one.merchant_id], one.name))
    day = _busy_day(database, bank, shop.merchant_id)
    if day is None:
        return
    table = sheet(
        f"{shop.name} 的一天 {day.day} · A shop's day",
        ("小票 receipt", "left"),
        ("状态 state", "left"),
        ("消费(元) bill", "right"),
        ("积分 points", "right"),
        ("抵扣(元) off", "right"),
    )
    for one in day.receipts:
        bill = "" if one.cart_fen is None else _yuan(one.cart_fen)
        off = _yuan(one.discount_fen) if one.points else ""
        table.add_row(one.receipt_no, one.state, bill, str(one.points or "-"), off)
    table.add_section()
    table.add_row("合计 total", f"{day.payments} 笔", "", str(day.points), _yuan(day.discount_fen))
    console.print(table)


def _busy_day(database: Database, bank: Bank, merchant_id: str) -> MerchantDay | None:
    """Return the shop's last busy day of the year, or its busiest if none was busy."""
    last = date(YEAR, 12, 31)
    found: MerchantDay | None = None
    for back in range(120):
        one = database.read(
            bank.bank_id,
            partial(receipts.day, merchant_id=merchant_id, on=last - timedelta(days=back)),
        )
        if one.payments >= _BUSY_PAYMENTS:
            return one
        if one.payments > (found.payments if found else 0):
            found = one
    return found


def _withdrawn(console: Console, database: Database, bank: Bank, claim_id: str) -> None:
    claim = database.read(bank.bank_id, partial(claims.find, claim_id=claim_id))
    task = database.read(bank.bank_id, partial(tasks.find, task_id=claim.task_id))
    who = database.read(bank.bank_id, partial(persons.find, holder_id=claim.member_id))
    reason = database.read(bank.bank_id, lambda view: reviews.with_reasons(view, [claim])[0].reason)
    now = database.read(
        bank.bank_id,
        partial(statements.balance, address=chart.member(who.holder_id), asset="XYB"),
    )
    console.print(
        Panel(
            f"{who.name} · {task.title}\n"
            f"原因 reason: {reason}\n"
            f"现有余额 balance {now.total} · 还需挣回 still to earn back {now.owed}",
            title="一次撤回的审核 · One withdrawn approval",
            border_style="yellow",
            expand=False,
        )
    )


def _yuan(fen: int) -> str:
    return write_units(fen, YUAN_SCALE)
