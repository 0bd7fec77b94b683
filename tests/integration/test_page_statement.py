"""Home, statement and inbox of a volunteer: what they say is what the ledger says."""

import csv
import io
from zoneinfo import ZoneInfo

import pytest

from api.pages.member import statement
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Shown, Visitor
from tests.web import Web, opened

ZONE = ZoneInfo("Asia/Shanghai")


def sums(shown: Shown) -> list[str]:
    """What came in, went out, and was left, as the page says it."""
    return [one.get_text(strip=True) for one in shown.soup.select(".sums dd")]


def spent(web: Web, member: str, token: str, points: int, cart_fen: int = 100_000) -> str:
    """Pay at a shop of its own; returns the shop's name."""
    merchant, _, till = web.shop()
    code = web.pay_code(member, token)
    one = web.made("/scans", till, {"code": code, "cart_fen": cart_fen})["redemption_id"]
    web.made(f"/redemptions/{one}/redeem", till, {"points": points})
    return str(web.get(f"/merchants/{merchant}", web.operator).json()["name"])


def test_home_tells_what_the_ledger_tells(database: Database, clock: ManualClock) -> None:
    """Balance, this month's plus, hours served, the next duties in order, and unread news."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        spent(web, member, token, 6)
        visitor = Visitor(web.client, resident=token)
        later = web.publish(title="明天的探访", place="三号楼")
        web.made(f"/tasks/{later}/claims", token, {})
        home = visitor.get("/me")
        [balance] = web.get(f"/members/{member}/balances", token).json()
        assert 4 == balance["available"]
        for words in (
            "，张三",
            "信义贝余额 4",
            "累计服务 1 小时",
            "本月 +10",
            "明天的探访",
            "三号楼",
        ):
            assert words in home.text, words
        assert "您的服务已审核通过，入账 10 信义贝" in home.text
        [claim] = [one for one in home.links() if "/me/duties/clm_" in one]
        assert claim.startswith("/b/trust/me/duties/")
        empty = Visitor(web.client, resident=web.member()[1]).get("/me")
        assert "看看谁需要帮忙" in empty.text
        assert "/b/trust/tasks" in empty.links()


def test_a_month_in_plain_words_adds_up(database: Database, clock: ManualClock) -> None:
    """Lines say where from and where to; the sums of the month and the rest at its end agree."""
    with opened(database, clock) as web:
        member, token = web.earned(30)
        shop = spent(web, member, token, 6)
        visitor = Visitor(web.client, resident=token)
        before = clock.now()
        clock.advance(days=40)
        web.made(f"/claims/{web.served(token, 5)}/approve", web.reviewer, {})
        now = visitor.get("/me/statement")
        assert ["+5", "−0", "29"] == sums(now)
        assert "月初余额 24" in now.text
        said = f"{before.astimezone(ZONE):%Y-%m}"
        then = now.form("/me/statement").send(month=said)
        assert ["+30", "−6", "24"] == sums(then)
        assert f"在 {shop} 使用" in then.text
        assert "服务“雨季巡查”审核通过" in then.text
        helped = visitor.get("/me/statement", month=said, tab="helped")
        assert (["+30", "−0"], False) == (sums(helped)[:2], shop in helped.text)
        used = visitor.get("/me/statement", month=said, tab="used")
        assert (["+0", "−6"], True) == (sums(used)[:2], shop in used.text)
        assert "这个月没有变动" in visitor.get("/me/statement", month="2020-01").text


def test_what_was_taken_back_stands_with_what_it_undoes(
    database: Database, clock: ManualClock
) -> None:
    """A withdrawn approval lessens what was earned by helping, a voided payment what was used."""
    with opened(database, clock) as web:
        member, token = web.member()
        claim = web.served(token, 10)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        _, _, till = web.shop()
        for points in (6, 3):
            body = {"code": web.pay_code(member, token), "cart_fen": 100_000, "points": points}
            one = web.made("/scan-and-redeem", till, body)["redemption_id"]
        web.made(f"/redemptions/{one}/void", till)
        why = {"reason": "重复登记了"}
        web.made(f"/claims/{claim}/withdraw-approval", web.second, why)
        visitor = Visitor(web.client, resident=token)
        assert ["+10", "−4", "0"] == sums(visitor.get("/me/statement", tab="helped"))
        assert ["+3", "−9", "0"] == sums(visitor.get("/me/statement", tab="used"))
        assert ["+13", "−13", "0"] == sums(visitor.get("/me/statement"))
        assert "本月 +6" in visitor.get("/me").text


def test_a_statement_goes_on_and_goes_along(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long months go on by pages without a gap; the table has every line, and no formula."""
    monkeypatch.setattr(statement, "SHOWN_AT_ONCE", 2)
    with opened(database, clock) as web:
        member, token = web.earned(100)
        for points in (1, 2, 3, 4):
            spent(web, member, token, points)
        visitor = Visitor(web.client, resident=token)
        first = visitor.get("/me/statement")
        shown, page = [], first
        while True:
            shown += [one.get_text() for one in page.soup.select(".moves .lead")]
            older = [one for one in page.links() if "after=" in one]
            if not older:
                break
            page = visitor.get(older[0])
        assert ["−4", "−3", "−2", "−1", "+100"] == shown
        table = visitor.get("/me/statement.csv")
        assert "text/csv; charset=utf-8" == table.response.headers["content-type"]
        assert table.response.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(table.response.content.decode("utf-8-sig"), newline="")))
        lines = len(web.get(f"/members/{member}/statement", token, asset="XYB").json()["items"])
        assert lines == len(rows) - 1
        assert b"\r\n" in table.response.content
        assert rows[-1][5] == sums(first)[2]
        assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]


def test_notices_lead_to_their_pages_and_are_read(database: Database, clock: ManualClock) -> None:
    """Reading one goes to the page it is about; reading all leaves nothing unread."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        visitor = Visitor(web.client, resident=token)
        inbox = visitor.get("/me/inbox")
        assert "1 条未读" in inbox.text
        [read] = [one for one in inbox.forms() if one.action.endswith("/read")]
        gone_to = read.send()
        assert gone_to.path.startswith("/b/trust/me/"), gone_to.path
        assert "1 条未读" not in visitor.get("/me/inbox").text
        other = Visitor(web.client, resident=web.member()[1])
        csrf = other.get("/me/more").form("/look").fields["csrf"]
        stolen = other.post(read.action, {**read.fields, "csrf": csrf})
        assert 404 == stolen.status
        web.made(f"/claims/{web.served(token, 5)}/approve", web.reviewer, {})
        done = visitor.get("/me/inbox").form("/read-all").send()
        assert "已标为已读" in done.text
        assert "未读" not in done.text


def test_every_entry_of_mine_leads_somewhere(database: Database, clock: ManualClock) -> None:
    """No dead end: each link of the volunteer's own pages opens."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        visitor = Visitor(web.client, resident=token)
        seen, wanted = set(), ["/b/trust/me", "/b/trust/me/more", "/b/trust/me/settings"]
        while wanted:
            path = wanted.pop().partition("?")[0]
            if path in seen or not path.startswith("/b/trust/me"):
                continue
            seen.add(path)
            shown = visitor.get(path)
            assert 200 == shown.status, f"{path}: {shown.status}"
            if "html" in shown.response.headers["content-type"]:
                wanted += shown.links()
        assert "/b/trust/me/rules" in seen
