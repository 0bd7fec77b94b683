"""Members at the office: found, taken in, shown as far as a role may see, and exported."""

import csv
import io

import pytest
from openpyxl import load_workbook

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.pages import Visitor
from tests.web import Web, opened

XSS = "<script>alert(1)</script>"


def place(web: Web, name: str) -> str:
    """A community of this name."""
    return str(web.made("/communities", web.operator, {"name": name})["community_id"])


def enrolled(web: Web, name: str, at: str, **more: object) -> str:
    """A member there."""
    return str(
        web.made("/members", web.organiser, {"name": name, "community_id": at} | more)["member_id"]
    )


def test_a_member_is_found_by_what_people_say(database: Database, clock: ManualClock) -> None:
    """Whole name, part of it, number, phone and its tail all lead there; others' stay hidden."""
    with opened(database, clock) as web:
        west, east = place(web, "桥西社区"), place(web, "桥东社区")
        found = enrolled(web, "欧阳金莲", west, phone="13812345678", number="A7")
        enrolled(web, "李四", west, phone="13899990000")
        visitor = Visitor(web.client, office=web.token(Role.ORGANISER, community_id=west))
        link = f"/b/trust/office/members/{found}"
        for text in ("欧阳金莲", "金莲", "A7", "a7", "13812345678", "5678", " 欧阳金莲 "):
            shown = visitor.get("/office/members", q=text)
            assert [link] == [one for one in shown.links() if "/members/mem_" in one], text
            assert "欧阳金莲" not in shown.text.replace(f"“{text.strip()}”", "")
        assert "没有找到" in visitor.get("/office/members", q="王五").text
        assert "没有找到" in visitor.get("/office/members", q=XSS).text
        assert XSS not in visitor.get("/office/members", q=XSS).html
        elsewhere = Visitor(web.client, office=web.token(Role.ORGANISER, community_id=east))
        assert "没有找到" in elsewhere.get("/office/members", q="欧阳金莲").text
        assert link not in elsewhere.get("/office/members").links()
        assert 403 == elsewhere.get(f"/office/members/{found}").status


def test_somebody_is_taken_in_by_form(database: Database, clock: ManualClock) -> None:
    """A form takes a member in, once however often it is sent; a child wants a guardian."""
    with opened(database, clock) as web:
        at = place(web, "桥西社区")
        visitor = Visitor(web.client, office=web.organiser)
        form = visitor.get("/office/members/new").form("/office/members/new")
        said = {"name": "张桂兰", "community_id": at, "phone": "138 0000 0001"}
        first, again = (form.send(**said, purposes=["service"]) for _ in range(2))
        assert first.path == again.path
        assert "张*" in first.text
        assert "张桂兰" not in first.html
        assert "已同意" in first.text
        child = {"name": "小宝", "community_id": at, "born_on": "2020-01-01"}
        new = visitor.get("/office/members/new").form("/office/members/new")
        assert "监护人" in new.send(**child, purposes=["service"]).text


def test_personal_data_is_shown_for_a_reason_and_corrected(
    database: Database, clock: ManualClock
) -> None:
    """Nothing whole stands on a page; a look needs a reason, is kept, and the member reads it."""
    with opened(database, clock) as web:
        at = place(web, "桥西社区")
        member = enrolled(web, "张桂兰", at, phone="13800000001")
        visitor = Visitor(web.client, office=web.organiser)
        page = visitor.get(f"/office/members/{member}")
        assert "13800000001" not in page.html
        shown = page.form(f"{member}/data").send(fields=["name", "phone"], reason="送慰问品")
        assert "张桂兰" in shown.text
        assert "13800000001" in shown.text
        assert 422 == page.form(f"{member}/data").send(fields=["name"], reason=" ").status
        looks = web.get(f"/members/{member}/reveals", web.token(Role.MEMBER, member_id=member))
        assert ["送慰问品"] == [one["reason"] for one in looks.json()["items"]]
        correct = visitor.get(f"/office/members/{member}/data/correct").form("/data/correct")
        assert "已更正" in correct.send(name="张桂兰花", reason="看过身份证").text
        assert "张*" in visitor.get(f"/office/members/{member}").text
        again = visitor.get(f"/office/members/{member}").form(f"{member}/data")
        assert "张桂兰花" in again.send(fields=["name"], reason="核对").text
        auditor = Visitor(web.client, office=web.auditor).get(f"/office/members/{member}")
        assert 200 == auditor.status
        assert [] == [one.action for one in auditor.forms() if "/members/" in one.action], (
            "an auditor only looks"
        )


def test_a_member_is_suspended_and_reinstated(database: Database, clock: ManualClock) -> None:
    """Suspending is undone by reinstating; both only where the role holds."""
    with opened(database, clock) as web:
        member, _ = web.member()
        visitor = Visitor(web.client, office=web.organiser)
        shown = visitor.get(f"/office/members/{member}").form("/suspend").send()
        assert "已暂停" in shown.text
        assert "正常" in shown.form("/reinstate").send().text
        treasurer = Visitor(web.client, office=web.treasurer)
        body = {"key": "no-right-to-suspend", "csrf": "x"}
        assert treasurer.post(f"/office/members/{member}/suspend", body).status == 403


def test_a_card_is_shown_once_and_stopped(database: Database, clock: ManualClock) -> None:
    """The digits of a new card stand on one page once; sent again they do not."""
    with opened(database, clock) as web:
        member, _ = web.earned(10)
        visitor = Visitor(web.client, office=web.organiser)
        form = visitor.get(f"/office/members/{member}").form("/cards")
        first = form.send()
        digits = first.soup.select(".code-digits")[0].get_text("", strip=True)
        assert 18 == len(digits.replace(" ", ""))
        again = form.send()
        assert digits not in again.text
        assert "只显示一次" in again.text
        assert "付款卡已停用" in again.form("/revoke").send().text


def test_a_pin_is_set_at_the_office(database: Database, clock: ManualClock) -> None:
    """A member who is present sets the first PIN; a weak one is refused in words."""
    with opened(database, clock) as web:
        member, _ = web.member()
        visitor = Visitor(web.client, office=web.organiser)
        form = visitor.get(f"/office/members/{member}").form("/pin")
        said = {"identity": "看了身份证", "reason": "没有手机"}
        assert form.send(**said, pin="111111").status == 422
        fresh = visitor.get(f"/office/members/{member}").form("/pin")
        assert "支付密码已设置" in fresh.send(**said, pin="295173").text
        assert "开始重置" in visitor.get(f"/office/members/{member}").text


def test_applications_are_admitted_or_refused(database: Database, clock: ManualClock) -> None:
    """Who applied is admitted with one tap, or refused with a reason; then nobody waits."""
    with opened(database, clock) as web:
        at = place(web, "桥西社区")
        shop, *_ = web.shop()
        path = f"/merchants/{shop}/registers-volunteers"
        web.made(path, web.operator, {"allowed": True})
        owner = web.token(Role.SHOP_OWNER, merchant_id=shop)
        for name, phone in (("张三", "13800000001"), ("李四", "13800000002")):
            body = {"name": name, "community_id": at, "purposes": ["service"], "phone": phone}
            web.made(f"/merchants/{shop}/volunteers", owner, body)
        visitor = Visitor(web.client, office=web.organiser)
        page = visitor.get("/office/admissions")
        admits = [one for one in page.forms() if one.action.endswith("/admit")]
        assert 2 == len(admits)
        left = admits[0].send()
        assert "已通过" in left.text
        refused = left.form("/refuse").send(reason="不住在本社区")
        assert "没有等待审核的申请" in refused.text
        elsewhere = web.token(Role.ORGANISER, community_id=place(web, "桥东社区"))
        assert "没有等待" in Visitor(web.client, office=elsewhere).get("/office/admissions").text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_exports_run_nothing_and_mask_names(
    database: Database, clock: ManualClock, suffix: str
) -> None:
    """A formula as a title stays text, names stay masked, and only one's communities are there."""
    with opened(database, clock) as web:
        _, token = web.member("=张三")
        task = web.publish(title='=HYPERLINK("http://x")')
        claim = str(web.made(f"/tasks/{task}/claims", token, {})["claim_id"])
        clock.advance(minutes=30)
        web.made(f"/claims/{claim}/sign-in", token)
        clock.advance(minutes=60)
        web.made(f"/claims/{claim}/sign-out", token)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        visitor = Visitor(web.client, office=web.organiser)
        for name in ("hours", "members"):
            response = visitor.get(f"/office/exports/{name}.{suffix}").response
            rows = _rows(response.content, suffix)
            assert len(rows) >= 2, name
            assert not any(str(cell).startswith("=") and suffix == "csv" for cell in rows[1])
            assert "=张三" not in response.content.decode("utf-8", "replace")
        west = web.token(Role.ORGANISER, community_id=place(web, "桥西社区"))
        other = Visitor(web.client, office=west).get(f"/office/exports/members.{suffix}")
        assert 1 == len(_rows(other.response.content, suffix))
        wrong = visitor.get(f"/office/exports/hours.{suffix}", **{"from": "2030-01-01"})
        assert 422 == wrong.status


def _rows(content: bytes, suffix: str) -> list[list[object]]:
    if suffix == "csv":
        return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig")))]
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def test_merges_and_departures_want_a_second_worker(database: Database, clock: ManualClock) -> None:
    """A merge with much at stake and a departure wait; who proposed them can't approve."""
    with opened(database, clock) as web:
        kept, _ = web.earned(10)
        old, _ = web.earned(200)
        numbers = {
            one: web.get(f"/members/{one}", web.organiser).json()["number"] for one in (kept, old)
        }
        mine = Visitor(web.client, office=web.organiser)
        form = mine.get("/office/merges").form("/office/merges")
        waits = form.send(old=numbers[old], kept=numbers[kept], reason="两次登记")
        assert "等另一位工作人员确认" in waits.text
        assert not [one for one in waits.forms() if one.action.endswith("/confirm")]
        second = Visitor(web.client, office=web.token(Role.COMMUNITY_HEAD))
        assert "已合并" in second.get("/office/merges").form("/confirm").send().text

        one = Visitor(web.client, office=web.treasurer)
        left = one.get("/office/departures").form("/office/departures")
        assert "等另一位" in left.send(number=numbers[kept], cause="moved", reason="搬走").text
        assert not [
            form for form in one.get("/office/departures").forms() if "approve" in form.action
        ]
        page = second.get("/office/departures")
        assert "离社已办理" in page.form("/approve").send().text
        assert "已注销" in second.get(f"/office/members/{kept}").text


def test_the_menu_shows_what_a_role_may_open(database: Database, clock: ManualClock) -> None:
    """Every entry of the menu opens for whoever sees it."""
    with opened(database, clock) as web:
        tokens = (web.operator, web.organiser, web.reviewer, web.treasurer, web.auditor)
        for token in (*tokens, web.token(Role.COMMUNITY_HEAD)):
            visitor = Visitor(web.client, office=token)
            menu = visitor.get("/office/more")
            assert 200 == menu.status
            for link in {str(one["href"]) for one in menu.soup.select("a.tile")}:
                assert visitor.get(link).status in {200, 303}, link
        for token, sees in ((web.operator, True), (web.organiser, False)):
            links = Visitor(web.client, office=token).get("/office/more").links()
            assert sees == ("/b/trust/office/staff" in links)
