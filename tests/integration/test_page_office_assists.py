"""Assisted mode on pages, the call list, and staff: each as far as the rights of the desk go."""

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.identity.roles import Role
from tests.pages import Shown, Visitor
from tests.web import Web, opened


def at_desk(web: Web, member: str, channel: str = "present") -> tuple[Visitor, Shown]:
    """An organiser who acts for a member."""
    visitor = Visitor(web.client, office=web.organiser)
    form = visitor.get(f"/office/members/{member}").form("/assists")
    return visitor, form.send(channel=channel, identity="known_personally", reason="没有手机")


def test_the_office_claims_leaves_and_prints_for_who_is_there(
    database: Database, clock: ManualClock
) -> None:
    """The banner says for whom; a task is claimed and left; the slip tells both."""
    with opened(database, clock) as web:
        member, _ = web.member("张桂兰")
        task = web.publish()
        _, desk = at_desk(web, member)
        assert "您正在代 张* 办理" in desk.text
        assert "张桂兰" not in desk.html
        claimed = desk.form(f"{task}/claim").send()
        assert "已代为报名" in claimed.text
        left = claimed.form("/withdraw").send()
        assert "没有未完成的认领" in left.text
        slip = left.form("/end").send()
        assert "报名任务" in slip.text
        assert "退出任务" in slip.text
        assert "张桂兰" in slip.text
        again = desk.form(f"{task}/claim").send(key="claim-after-the-end")
        assert 410 == again.status
        notices = web.get(f"/members/{member}/notices", web.token(Role.MEMBER, member_id=member))
        assert "assisted" in [one["kind"] for one in notices.json()["items"]]


def test_an_assist_is_its_opener_s_and_its_member_s(database: Database, clock: ManualClock) -> None:
    """Another clerk can't act in it, a reviewer may not open one, and it ends by itself."""
    with opened(database, clock) as web:
        member, _ = web.member()
        visitor, desk = at_desk(web, member)
        other = Visitor(web.client, office=web.token(Role.ORGANISER))
        assert 404 == other.get(desk.path).status
        assert 403 == Visitor(web.client, office=web.reviewer).get(desk.path).status
        clock.advance(minutes=16)
        over = visitor.get(desk.path)
        assert 410 == over.status
        assert "重新核对身份" in over.text


def test_a_pay_code_wants_the_member_s_pin(database: Database, clock: ManualClock) -> None:
    """The code is shown after the member typed their PIN, and not by telephone."""
    with opened(database, clock) as web:
        member, _ = web.earned(10)
        visitor = Visitor(web.client, office=web.organiser)
        pin = visitor.get(f"/office/members/{member}").form("/pin")
        pin.send(identity="看了身份证", reason="没有手机", pin="295173")
        clock.advance(days=2)
        _, desk = at_desk(web, member)
        assert "支付密码" in desk.form("/code").send(pin="295174").text
        fresh = visitor.get(desk.path).form("/code").send(pin="295173")
        assert 200 == fresh.status, fresh.text
        digits = fresh.soup.select(".code-digits")[0].get_text("", strip=True)
        assert 18 == len(digits)
        assert "付款码已停用" in fresh.form("/code/stop").send().text
        _, phone = at_desk(web, member, "telephone")
        assert not [one for one in phone.forms() if one.action.endswith("/code")]
        fields = {"pin": "295173", "key": "code-by-telephone-1"}
        csrf = phone.form("/end").fields["csrf"][0]
        assert 403 == visitor.post(f"{phone.path}/code", fields | {"csrf": csrf}).status


def test_whom_no_text_reaches_is_called(database: Database, clock: ManualClock) -> None:
    """The list shows masked names; a number is shown for a note of who looked; then it is done."""
    with opened(database, clock) as web:
        body = {"name": "张桂兰", "community_id": web.community(), "phone": "13800000001"}
        member = str(web.made("/members", web.organiser, body)["member_id"])

        def unreached(unit: Unit) -> None:
            notice_id = notices.tell(unit, member, "admitted")
            notices.settle(unit, notice_id, by=notices.SENDER)
            notices.open_again(unit, notice_id)

        database.write(web.bank.bank_id, Actor("console", "operator"), unreached)
        visitor = Visitor(web.client, office=web.organiser)
        page = visitor.get("/office/calls")
        assert "张*" in page.text
        assert "13800000001" not in page.html
        shown = page.form("/number").send()
        assert "13800000001" in shown.text
        assert "已记为通知到" in shown.form("/told").send().text
        assert 403 == Visitor(web.client, office=web.treasurer).get("/office/calls").status


def test_staff_are_invited_by_a_link_that_is_shown_once(
    database: Database, clock: ManualClock
) -> None:
    """The link leads to the invitation; sent again it is not shown; roles come and go."""
    with opened(database, clock) as web:
        operator = Visitor(web.client, office=web.operator)
        form = operator.get("/office/staff").form("/staff/invitations")
        first = form.send(name="王主任", role="organiser", community_id=web.community())
        link = first.soup.find_all("textarea")[0].text.strip()
        assert "/b/trust/office/invitations#inv_" in link
        again = form.send(
            name="王主任", role="organiser", community_id=form.fields["community_id"][0]
        )
        assert "inv_" not in again.text
        board = operator.get("/office/staff")
        assert "王主任" in board.text
        assert "inv_" not in board.text.replace("/invitations", "")
        given = board.form("/grants").send(role="auditor")
        assert "角色已给予" in given.text
        assert "监督员" in given.text
        assert "角色已收回" in given.form("/end").send().text
        gone = operator.get("/office/staff").form("/withdraw").send()
        assert "邀请已撤回" in gone.text
        auditor = Visitor(web.client, office=web.auditor).get("/office/staff")
        assert 200 == auditor.status
        assert not [one for one in auditor.forms() if "/office/staff" in one.action]
        assert 403 == Visitor(web.client, office=web.organiser).get("/office/staff").status
