"""Statistics: every figure on the page is the ledger's."""

import csv
import io

from openpyxl import load_workbook
from sqlalchemy import text

from api.papers import statistics
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Visitor
from tests.web import Web, opened

BOM = "\ufeff"


def _busy(web: Web) -> str:
    """A society with a history of two months: issues, a withdrawal, a payment, a hold."""
    member, token = web.earned(30)
    web.earned(20)
    claim = web.served(web.member()[1], 7)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    web.made(f"/claims/{claim}/withdraw-approval", web.second, {"reason": "记错了"})
    web.clock.advance(days=31)
    web.earned(10)
    shop, _, till = web.shop()
    digits = web.pay_code(member, token)
    web.made("/scan-and-redeem", till, {"code": digits, "cart_fen": 59_00, "points": 3})
    digits = web.pay_code(member, token)
    scanned = web.made("/scans", till, {"code": digits, "cart_fen": 59_00})
    web.made(f"/redemptions/{scanned['redemption_id']}/authorise", till, {"points": 2})
    return shop


def _sum(database: Database, bank_id: int, which: str) -> int:
    """A sum over raw postings, in SQL of its own."""
    query = (
        "SELECT coalesce(sum(p.units), 0) AS units FROM posting p"
        " JOIN account s ON s.bank_id = p.bank_id AND s.account_id = p.source_id"
        " JOIN account d ON d.bank_id = p.bank_id AND d.account_id = p.destination_id"
        f" WHERE p.bank_id = :bank AND s.asset_code = 'XYB' AND {which}"
    )
    found = database.read(
        bank_id, lambda view: view.connection.execute(text(query), {"bank": bank_id}).scalar()
    )
    return int(found or 0)


def test_figures_are_the_ledgers(database: Database, clock: ManualClock) -> None:
    """Months add up to the raw postings, and what circulates is what accounts hold."""
    with opened(database, clock) as web:
        _busy(web)
        bank = web.bank.bank_id
        year = database.read(
            bank, lambda view: statistics.of_year(view, view.today.year, "XYB", {})
        )
        flows = [one.flow for one in year.months]
        assert 67 == sum(one.issued for one in flows)
        assert _sum(database, bank, "s.address = 'issuance'") == sum(one.issued for one in flows)
        assert 7 == sum(one.taken_back for one in flows)
        used = _sum(database, bank, "d.address LIKE 'merchant/%'")
        assert used == sum(one.redeemed for one in flows) > 0
        shown = web.get("/circulation/XYB", web.auditor).json()
        assert shown["with_members"] + shown["elsewhere"] == year.months[-1].circulating
        assert 2 <= len([one for one in flows if one.issued])
        by_hand = 0
        for one in year.months:
            by_hand += one.flow.came - one.flow.went
            assert by_hand == one.circulating
        assert 3 * 60 == year.served.minutes == sum(one[1] for one in year.by_category)
        assert year.served.minutes == sum(one[1] for one in year.by_community)
        assert 3 == year.served.people


def test_the_page_and_its_exports_say_the_same(database: Database, clock: ManualClock) -> None:
    """Chart, table, CSV and XLSX hold one set of figures."""
    with opened(database, clock) as web:
        shop = _busy(web)
        desk = Visitor(web.client, office=web.treasurer)
        page = desk.get("/office/figures")
        assert 200 == page.status, page.text
        foot = page.soup.select("#chart-points tfoot")[0].get_text(" ", strip=True)
        assert "60" in foot
        said = desk.get("/office/figures/months.csv", asset="XYB").response.content.decode()
        assert said.startswith(BOM)
        rows = list(csv.reader(io.StringIO(said.removeprefix(BOM))))
        assert 67 == sum(int(row[1]) for row in rows[1:])
        book = load_workbook(io.BytesIO(desk.get("/office/figures/months.xlsx").response.content))
        [sheet] = book.worksheets
        assert rows[1:] == [
            [str(cell) for cell in row] for row in sheet.iter_rows(min_row=2, values_only=True)
        ]
        assert web.get(f"/merchants/{shop}", web.treasurer).json()["name"] in page.text
        clerk = Visitor(web.client, office=web.organiser)
        assert "按商户" not in clerk.get("/office/figures").text
        assert 500 != clerk.get("/office/figures/shops.csv").status
        assert 404 == desk.get("/office/figures", asset="NONE").status
        member = Visitor(web.client, office=web.member()[1])
        assert 403 == member.get("/office/figures").status


def test_a_year_without_anything_says_what_to_do(database: Database, clock: ManualClock) -> None:
    """A new society has an empty chart and a way on."""
    with opened(database, clock) as web:
        page = Visitor(web.client, office=web.organiser).get("/office/figures")
        assert 200 == page.status, page.text
        assert "还没有通过审核的服务" in page.text


def test_names_in_exports_run_nothing(database: Database, clock: ManualClock) -> None:
    """A category whose name looks like a formula is text in CSV and XLSX."""
    with opened(database, clock) as web:
        _, token = web.member()
        web.made("/categories", web.operator, {"code": "evil", "name": "=1+1<script>"})
        claim = _served(web, token)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        desk = Visitor(web.client, office=web.organiser)
        assert "<script>" not in desk.get("/office/figures").html.split("<main")[1]
        said = desk.get("/office/figures/categories.csv").response.content.decode()
        assert "'=1+1<script>" in said


def _served(web: Web, token: str) -> str:
    task = web.publish(category="evil")
    claim = str(web.made(f"/tasks/{task}/claims", token, {})["claim_id"])
    web.clock.advance(minutes=30)
    web.made(f"/claims/{claim}/sign-in", token)
    web.clock.advance(minutes=60)
    web.made(f"/claims/{claim}/sign-out", token)
    return claim
