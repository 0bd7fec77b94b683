"""The desk of a shop: its day and month, its tills and cashiers, its papers, and nobody else's."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.ledger import chart, statements
from tests.integration.test_page_till import DEAR, left_of, paid, till_of
from tests.merchant_builders import ITEM, STEP
from tests.pages import Visitor
from tests.web import Web, opened


def desk_of(web: Web, merchant: str) -> Visitor:
    """The owner of a shop at their desk."""
    return Visitor(web.client, office=web.token(Role.SHOP_OWNER, merchant_id=merchant))


def held(web: Web, merchant: str) -> int:
    """What the ledger says the shop holds."""
    return web.database.read(
        web.bank.bank_id,
        lambda view: statements.balance(view, chart.merchant(merchant), "XYB").available,
    )


def month_of(web: Web) -> str:
    """The month it is now, in the bank's zone."""
    return web.database.read(web.bank.bank_id, lambda view: f"{view.today:%Y-%m}")


def sheets(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a spreadsheet by sheet; no cell of it is a formula."""
    book = load_workbook(io.BytesIO(content))
    assert "f" not in {
        cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row
    }
    return {one.title: list(one.iter_rows(values_only=True)) for one in book}


def test_a_month_is_what_the_ledger_says(database: Database, clock: ManualClock) -> None:
    """Taken, given back, net, yuan: page, spreadsheet and account agree, over two months."""
    with opened(database, clock) as web:
        member, token = web.earned(100)
        merchant, _, secret = web.shop()
        web.made(f"/merchants/{merchant}/offers", web.operator, {"toml": ITEM})
        till, desk = till_of(web, secret), desk_of(web, merchant)
        first = paid(till, web.pay_code(member, token), "90")
        paid(till, web.pay_code(member, token), "60")
        things = [one for one in till.get("/till").links() if "offer_id=" in one]
        thing = till.get(things[0]).form("/till/scans").send(code=web.pay_code(member, token))
        thing.form("/redeem").send()
        undone = paid(till, web.pay_code(member, token), "30")
        till.get(f"{undone.path}/return").form("/void").send()
        name = month_of(web)
        page = desk.get(f"/shop/{merchant}/months/{name}")
        assert "收到（个） 38 退回（个） 3 净收（个） 35 折合（元） 40.00" in page.text
        assert held(web, merchant) == 35
        clock.advance(days=40)
        first_page = till.get(f"{first.path}/return")
        assert first.path == first_page.path, "after 30 days nothing goes back"
        later = month_of(web)
        page = desk.get(f"/shop/{merchant}/months/{later}")
        assert "月初结存 35" in page.text
        assert "这个月还没有收款" in page.text
        answer = desk.get(f"/shop/{merchant}/months/{name}/statement.xlsx").response
        found = sheets(answer.content)
        days, rows = found["每日"], found["明细"]
        total = next(one for one in days if one[0] == "合计")
        assert (4, 38, 3, 35) == total[1:5]
        assert "40.00" == f"{total[5]:.2f}"
        assert total[4] == sum(one[3] for one in rows[1:]) == held(web, merchant)
        assert 5 == len(rows) - 1
        assert {str} == {type(one[2]) for one in rows[1:]}
        assert ("月末结存（个）", 35) == next(one[:2] for one in days if one[0] == "月末结存（个）")


def test_a_refund_counts_in_the_month_it_was_made(database: Database, clock: ManualClock) -> None:
    """What goes back next month lowers that month, and the one before stays as it was."""
    with opened(database, clock) as web:
        member, token = web.earned(20)
        merchant, _, secret = web.shop()
        till, desk = till_of(web, secret), desk_of(web, merchant)
        while int(web.database.read(web.bank.bank_id, lambda view: f"{view.today:%d}")) < 20:
            clock.advance(days=1)
        receipt = paid(till, web.pay_code(member, token), "90")
        before = month_of(web)
        while month_of(web) == before:
            clock.advance(days=5)
        back = till.get(f"{receipt.path}/return")
        assert (
            "已退回 4 个"
            in next(one for one in back.forms() if "points" in one.fields).send(points=4).text
        )
        assert "净收（个） 9" in desk.get(f"/shop/{merchant}/months/{before}").text
        now = desk.get(f"/shop/{merchant}/months/{month_of(web)}")
        assert "收到（个） 0 退回（个） 4 净收（个） -4 折合（元） -4.00" in now.text
        assert "月初结存 9 加：净收 -4 月末结存 5" in now.text
        assert 5 == held(web, merchant)


def test_a_day_leads_to_its_receipts(database: Database, clock: ManualClock) -> None:
    """Overview, day, receipt: each row is a redemption, and the owner may give back there."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        merchant, _, secret = web.shop()
        receipt = paid(till_of(web, secret), web.pay_code(member, token))
        desk = desk_of(web, merchant)
        overview = desk.get("/shop")
        assert f"/b/trust/shop/{merchant}" == overview.path
        assert "收到信义贝 3 抵扣（元） 3.00 笔数 1" in overview.text
        day = desk.get(next(one for one in overview.links() if "/days/" in one))
        link = f"/b/trust/shop/{merchant}/receipts/{receipt.path.rpartition('/')[2]}"
        assert link in day.links()
        back = next(one for one in desk.get(link).forms() if "points" in one.fields)
        assert "已退回 1 个" in back.send(points=1).text
        assert 8 == left_of(web, member, token)


def test_a_device_becomes_a_till_and_is_shut_off(database: Database, clock: ManualClock) -> None:
    """The code is shown once, not to a copy of the request; a lost device is dead at once."""
    with opened(database, clock) as web:
        merchant, _, _ = web.shop()
        desk = desk_of(web, merchant)
        added = desk.get(f"/shop/{merchant}/tills").form(f"/{merchant}/tills").send(name="二号台")
        assert "已添加" in added.text
        pairing = added.form("/pairings")
        shown = pairing.send()
        code = shown.soup.select(".pair-code")[0].text.replace(" ", "")
        assert 8 == len(code)
        again = pairing.send()
        assert (200, False) == (again.status, code in again.text.replace(" ", ""))
        body = {"code": code, "device": "平板"}
        made = web.post("/till/pair", None, body).json()
        till = till_of(web, made["token"])
        assert 200 == till.get("/till").status
        path = f"/tills/{made['till_id']}/shut-off"
        assert "不能再收款" in desk.get(f"/shop/{merchant}/tills").form(path).send().text
        assert "/till/pair" in till.get("/till").path


def test_cashiers_are_kept_by_the_owner(database: Database, clock: ManualClock) -> None:
    """Added, another PIN, suspended, reinstated; the owner sees the name, the auditor a mask."""
    with opened(database, clock) as web:
        merchant, _, secret = web.shop()
        desk, till = desk_of(web, merchant), till_of(web, secret)
        path = f"/shop/{merchant}/cashiers"
        form = desk.get(path).form(path)
        assert 422 == form.send(name="李雷", pin="12345").status
        assert "李雷" in form.send(name="李雷", pin="２４６８１０").text
        desk.get(path).form("/pin").send(pin="135790")
        turn = till.get("/till").form("/till/turn")
        who = turn.choices["cashier_id"][0]
        assert 409 == turn.send(cashier_id=who, pin="246810").status
        assert (
            "已上班" in till.get("/till").form("/till/turn").send(cashier_id=who, pin="135790").text
        )
        assert "马上生效" in desk.get(path).form("/suspend").send().text
        assert "都已暂停" in till.get("/till").text
        assert "已恢复" in desk.get(path).form("/reinstate").send().text
        auditor = Visitor(web.client, office=web.auditor).get(path)
        assert ("李*" in auditor.text, "李雷" in auditor.html, []) == (
            True,
            False,
            [one.action for one in auditor.forms() if "/shop/" in one.action],
        )


def test_offers_and_the_poster_are_in_words(database: Database, clock: ManualClock) -> None:
    """In force and before; the poster in both languages with a code to the public page."""
    with opened(database, clock) as web:
        merchant, _, _ = web.shop(STEP + "most_per_member_day = 9\n")
        desk = desk_of(web, merchant)
        made = web.get(f"/merchants/{merchant}/offers", web.operator).json()
        poster = desk.get(f"/shop/{merchant}/poster")
        assert "每满 30 元可用 3 个信义贝，每个抵 1 元" in poster.text
        assert "For every full 30 yuan, 3 信义贝" in poster.text
        label = poster.soup.select(".poster svg")[0]["aria-label"]
        assert str(label).endswith(f"/b/trust/shops/{merchant}")
        assert "每人每天最多 9 个" in desk.get(f"/shop/{merchant}/offers").text
        web.made(f"/offers/{made[0]['offer_id']}/withdraw", web.operator)
        assert "以前的优惠" in desk.get(f"/shop/{merchant}/offers").text
        assert "今天没有可用的优惠" in desk.get(f"/shop/{merchant}").text


def test_volunteers_are_put_down_where_the_shop_may(database: Database, clock: ManualClock) -> None:
    """Not without the society's leave; with it the person waits for the community."""
    with opened(database, clock) as web:
        merchant, _, _ = web.shop()
        desk, path = desk_of(web, merchant), f"/shop/{merchant}/volunteers"
        community = web.community()
        assert "还没有登记志愿者的权限" in desk.get(path).text
        web.made(f"/merchants/{merchant}/registers-volunteers", web.operator, {"allowed": True})
        form = desk.get(path).form(path)
        said = {"name": "赵六", "phone": "13800000009", "community_id": community}
        assert 409 == form.send(**said, purposes=None).status
        form = desk.get(path).form(path)
        assert "等社区审核" in form.send(**said, purposes="service").text


@pytest.mark.parametrize(
    "what", ["", "/months/2026-03", "/tills", "/cashiers", "/offers", "/poster"]
)
def test_another_owners_shop_does_not_exist(
    database: Database, clock: ManualClock, what: str
) -> None:
    """To the owner of one shop every page of another is a 404."""
    with opened(database, clock) as web:
        mine, theirs = web.shop()[0], web.shop()[0]
        desk = desk_of(web, mine)
        assert 200 == desk.get(f"/shop/{mine}{what}").status
        assert 404 == desk.get(f"/shop/{theirs}{what}").status


def test_nothing_of_another_shop_can_be_changed(database: Database, clock: ManualClock) -> None:
    """Neither under its own address nor under that of the owner's shop."""
    with opened(database, clock) as web:
        member, token = web.earned(60)
        mine, theirs, secret = web.shop()[0], *web.shop(DEAR)[::2]
        desk = desk_of(web, mine)
        receipt = paid(till_of(web, secret), web.pay_code(member, token), "30")
        redemption = receipt.path.rpartition("/")[2]
        till = web.get(f"/merchants/{theirs}/tills", web.operator).json()[0]["till_id"]
        fields = desk.get(f"/shop/{mine}/tills").form("/shut-off").fields
        for shop in (mine, theirs):
            assert 404 == desk.get(f"/shop/{shop}/receipts/{redemption}").status
            for path in (
                f"/receipts/{redemption}/void",
                f"/receipts/{redemption}/refund",
                f"/tills/{till}/shut-off",
                f"/tills/{till}/pairings",
                f"/tills/{till}/unlock",
            ):
                assert 404 == desk.post(f"/shop/{shop}{path}", fields).status, path
        assert 30 == left_of(web, member, token)


def test_roles_that_see_and_roles_that_keep(database: Database, clock: ManualClock) -> None:
    """The treasurer reads statements and no tills; an organiser sees no shop's desk at all."""
    with opened(database, clock) as web:
        merchant, _, _ = web.shop()
        web.shop()
        treasurer = Visitor(web.client, office=web.treasurer)
        assert 200 == treasurer.get(f"/shop/{merchant}/months/{month_of(web)}").status
        assert 403 == treasurer.get(f"/shop/{merchant}/tills").status
        organiser = Visitor(web.client, office=web.organiser)
        assert 403 == organiser.get(f"/shop/{merchant}").status
        assert "店铺" in Visitor(web.client, office=web.operator).get("/shop").text


def test_names_never_become_formulas(database: Database, clock: ManualClock) -> None:
    """A shop called like a formula stays a text on the page and in the spreadsheet."""
    with opened(database, clock) as web:
        body = {"name": "=1+2<script>", "trade": "超市", "asset": "XYB"}
        merchant = str(web.made("/merchants", web.operator, body)["merchant_id"])
        desk = desk_of(web, merchant)
        path = f"/shop/{merchant}/months/{month_of(web)}"
        assert "=1+2&lt;script&gt;" in desk.get(path).html
        days = sheets(desk.get(f"{path}/statement.xlsx").response.content)["每日"]
        assert ("店铺", "=1+2<script>") == next(one[:2] for one in days if one[0] == "店铺")
