"""One set of figures: pages, files, routes and the wall say what the raw postings add up to."""

import csv
import io
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from api.papers import statistics
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.ledger import chart, circulation, posting
from creditbank.ledger.chart import Kind
from tests.books import made_up, moved
from tests.pages import Visitor
from tests.web import OPERATOR, Web, opened

TEAM, FUND = chart.team(made_up("tea", 1)), chart.fund("care")
CHECKOUT = {"cart_fen": 59_00}


def _post(web: Web, kind: Kind, source: str, destination: str, units: int) -> None:
    """Post a transfer that no route makes by itself here."""

    def post(unit: Unit) -> None:
        key = f"agree/{kind}/{source}/{units}"
        legs = (moved(source, destination, units),)
        posting.post(unit, posting.Draft(kind, key, unit.now, legs))

    web.database.write(web.bank.bank_id, OPERATOR, post)


def _scanned(web: Web, member: tuple[str, str], till: str) -> str:
    code = web.pay_code(*member)
    return str(web.made("/scans", till, {"code": code, **CHECKOUT})["redemption_id"])


def _history(web: Web) -> None:
    """Three months with everything that moves points: earned, used, undone, given, brought."""
    ann, ben = web.earned(40), web.earned(25)
    _, token = web.member()
    claim = web.served(token, 9)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    shop, _, till = web.shop()
    at, of_ann = chart.merchant(shop), chart.member(ann[0])
    _post(web, Kind.OPENING, chart.outside("sheet"), of_ann, 6)
    _post(web, Kind.OPENING, chart.outside("sheet"), at, 4)
    web.made(f"/redemptions/{_scanned(web, ann, till)}/redeem", till, {"points": 3})
    web.clock.advance(days=31)
    paid = _scanned(web, ann, till)
    web.made(f"/redemptions/{paid}/redeem", till, {"points": 3})
    web.made(f"/redemptions/{paid}/refunds", web.treasurer, {"points": 2})
    undone = _scanned(web, ben, till)
    web.made(f"/redemptions/{undone}/redeem", till, {"points": 3})
    web.made(f"/redemptions/{undone}/void", till, {})
    web.made(f"/redemptions/{_scanned(web, ben, till)}/authorise", till, {"points": 2})
    _post(web, Kind.GIFT, of_ann, chart.member(ben[0]), 5)
    _post(web, Kind.DONATE, of_ann, FUND, 7)
    _post(web, Kind.ISSUE, chart.ISSUANCE, TEAM, 8)
    web.clock.advance(days=31)
    spender = web.member()
    claim = web.served(spender[1], 6)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    web.made(f"/redemptions/{_scanned(web, spender, till)}/redeem", till, {"points": 3})
    web.made(f"/claims/{claim}/withdraw-approval", web.second, {"reason": "记错了"})
    _post(web, Kind.EXPIRE, of_ann, chart.EXPIRED, 4)
    _post(web, Kind.FUND_IN, at, FUND, 1)
    _post(web, Kind.SETTLE, at, chart.SETTLED, 2)


def _raw(web: Web) -> dict[str, Counter[str]]:
    """The same words, counted posting by posting: by month, and of all time under ``ever``."""
    query = (
        "SELECT t.kind, s.address, d.address, p.units, t.recorded_at FROM posting p"
        " JOIN transfer t ON t.bank_id = p.bank_id AND t.transfer_id = p.transfer_id"
        " JOIN account s ON s.bank_id = p.bank_id AND s.account_id = p.source_id"
        " JOIN account d ON d.bank_id = p.bank_id AND d.account_id = p.destination_id"
        " WHERE p.bank_id = :bank AND s.asset_code = 'XYB'"
    )
    rows = web.database.read(
        web.bank.bank_id,
        lambda view: list(view.connection.execute(text(query), {"bank": view.bank_id})),
    )
    found: dict[str, Counter[str]] = {}
    for kind, out, into, units, at in rows:
        heads = [address.split("/")[0] for address in (out, into)]
        held = [one in {"member", "team", "fund"} for one in heads]
        for month in ("ever", str(at)[:7]):
            of = found.setdefault(month, Counter())
            of["issued"] += units * (heads[0] == "issuance")
            of["taken_back"] += units * (heads[1] == "issuance")
            of["redeemed"] += units * (kind == "redeem" and heads[1] == "merchant")
            back = kind in {"refund", "reverse"} and heads[0] == "merchant" and held[1]
            of["returned"] += units * back
            of["expired"] += units * (heads[1] == "expired")
            of["circulating"] += units * (held[1] - held[0])
    return found


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank with a history."""
    with opened(database, clock) as api:
        _history(api)
        yield api


def test_every_screen_says_what_the_postings_add_up_to(web: Web) -> None:
    """The public page, the wall, the office's page and file, the books and the route agree."""
    raw = _raw(web)
    ever = raw["ever"]
    assert (88, 6, 4) == (ever["issued"], ever["taken_back"], ever["expired"])
    assert (12, 5) == (ever["redeemed"], ever["returned"])
    net_issued, net_redeemed = ever["issued"] - ever["taken_back"], ever["redeemed"] - 5
    said = web.get("/circulation/XYB", web.auditor).json()
    assert (ever["issued"], ever["taken_back"]) == (said["issued"], said["taken_back"])
    assert ever["circulating"] == said["with_members"] + said["elsewhere"]
    public = Visitor(web.client).get("/figures").text
    for words, units in (("流通中", ever["circulating"]), ("累计发放", net_issued)):
        assert f"{words} {units} " in public
    assert f"累计兑换 {net_redeemed} " in public
    assert f"{ever['circulating']} 信义贝流通中" in Visitor(web.client).get("/wall/now").text
    desk = Visitor(web.client, office=web.treasurer)
    tiles = desk.get("/office/figures").text
    assert f"发放 {net_issued} 兑换 {net_redeemed} 流通 {ever['circulating']} " in tiles
    books = desk.get("/office/books").text
    assert f"累计发放 {ever['issued']} 累计收回 {ever['taken_back']} " in books
    assert f"成员持有 {said['with_members']} " in books
    sheet = desk.get("/office/figures/months.csv", asset="XYB").response.content.decode()
    left = 0
    for row in list(csv.reader(io.StringIO(sheet)))[1:]:
        of = raw.get(row[0], Counter())
        left += of["circulating"]
        names = ("issued", "taken_back", "redeemed", "returned", "expired")
        assert [*(of[one] for one in names), left] == [int(one) for one in row[1:7]], row
    shops = desk.get("/office/figures/shops.csv", asset="XYB").response.content.decode()
    [shop] = list(csv.reader(io.StringIO(shops)))[1:]
    assert [ever["redeemed"], ever["returned"]] == [int(one) for one in shop[1:]]


def test_hours_are_the_same_everywhere(web: Web) -> None:
    """Approved minutes and people are one figure on the public page and in the office."""
    claims = web.database.read(
        web.bank.bank_id,
        lambda view: list(
            view.connection.execute(
                text(
                    "SELECT member_id, approved_minutes FROM claim"
                    " WHERE bank_id = :bank AND state = 'approved'"
                ),
                {"bank": view.bank_id},
            )
        ),
    )
    minutes, people = sum(row[1] for row in claims), len({row[0] for row in claims})
    assert (180, 3) == (minutes, people)
    public = Visitor(web.client).get("/figures").text
    assert f"累计服务时长 {minutes // 60} 小时" in public
    assert f"参加过的人 {people} 人" in public
    desk = Visitor(web.client, office=web.organiser)
    assert f"服务时长 {minutes // 60} 小时 服务人数 {people} " in desk.get("/office/figures").text
    for name in ("categories", "communities", "months"):
        sheet = desk.get(f"/office/figures/{name}.csv").response.content.decode()
        at = 7 if name == "months" else 1
        assert minutes == sum(int(row[at]) for row in list(csv.reader(io.StringIO(sheet)))[1:])
    listed = desk.get("/office/exports/hours.csv").response.content.decode()
    lines = [row for row in list(csv.reader(io.StringIO(listed)))[1:] if row[8] == "已通过"]
    assert minutes == sum(int(row[7]) for row in lines)


def test_months_that_are_over_are_summed_once(web: Web) -> None:
    """What is known of past months is what they add up to, and is not asked for again."""
    bank, known = web.bank.bank_id, statistics.Known()
    first = web.database.read(bank, lambda view: statistics.moved(view, "XYB", known))
    assert {one.first for one in first[:-1]} == {month for _, _, month in known}
    place = (bank, "XYB", first[0].first)
    known[place] = circulation.Flow(came=1)
    again = web.database.read(bank, lambda view: statistics.moved(view, "XYB", known))
    assert 1 == again[0].circulating
    fresh = web.database.read(bank, lambda view: statistics.moved(view, "XYB", {}))
    assert [one.flow for one in first] == [one.flow for one in fresh]
    web.clock.advance(days=40)
    web.database.read(bank, lambda view: statistics.moved(view, "XYB", known))
    assert first[-1].first in {month for _, _, month in known}
