"""Settings of a volunteer by pages: PIN, phone, devices, consents, helpers, data, leaving."""

from pathlib import Path

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.pages import Visitor
from tests.residents import OTHER_PHONE, OTHER_PIN, PHONE, PIN, Device, Outbox, resident
from tests.web import Web, opened


def signed_in(web: Web, outbox: Outbox, phone: str = PHONE) -> Visitor:
    """A visitor who signed in with a phone, on a device of their own."""
    device = Device(outbox)
    device.sign_in(phone)
    return Visitor(web.client, resident=device.client.cookies["cb-trust"])


def test_a_pin_is_set_and_changed_with_the_old_one(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    """Typed twice the same, not too easy, and afterwards only with the old one."""
    with opened(database, clock) as web:
        member = resident(web)
        visitor = signed_in(web, Outbox(web, tmp_path / "outbox.jsonl"))
        first = visitor.get("/me/settings/pin").form("/me/settings/pin")
        assert "两次输入的密码不一样" in first.send(pin=PIN, again=OTHER_PIN).text
        assert "密码太简单" in first.send(pin="123456", again="123456").text
        done = first.send(pin=PIN, again=PIN)
        assert "支付密码已设置" in done.text
        change = done.form("/pin/change")
        wrong = change.send(old="111222", pin=OTHER_PIN, again=OTHER_PIN)
        assert "还可以输入 4 次" in wrong.text
        assert PIN not in wrong.html
        changed = visitor.get("/me/settings/pin").form("/pin/change")
        assert "支付密码已设置" in changed.send(old=PIN, pin=OTHER_PIN, again=OTHER_PIN).text
        said = {"reason": "忘记密码", "identity": "身份证"}
        web.made(f"/members/{member}/pin/reset", web.organiser, said)
        waiting = visitor.get("/me/settings/pin")
        assert "社区正在为您重置支付密码" in waiting.text
        assert "旧密码照常使用" in waiting.form("/reset/cancel").send().text


def test_devices_and_phone(database: Database, clock: ManualClock, tmp_path: Path) -> None:
    """Another device is signed out at once; a new phone is proven by its code."""
    with opened(database, clock) as web:
        resident(web)
        outbox = Outbox(web, tmp_path / "outbox.jsonl")
        mine = signed_in(web, outbox)
        clock.advance(hours=25)
        other = signed_in(web, outbox)
        listed = mine.get("/me/settings/devices")
        assert ("本机" in listed.text, "新设备" in listed.text) == (True, True)
        [out] = [one for one in listed.forms() if one.action.endswith("/end")]
        assert "已退出登录" in out.send().text
        assert "/b/trust/sign-in" == other.get("/me").path
        ask = mine.get("/me/settings/phone").form("/phone/codes")
        sent = ask.send(phone=OTHER_PHONE)
        assert "验证码已发出" in sent.text
        assert OTHER_PHONE not in sent.response.url.query.decode()
        wrong = sent.form("/settings/phone").send(code="000000")
        assert wrong.status == 409, wrong.text
        code = outbox.code(OTHER_PHONE)
        done = mine.get("/me/settings/phone").form("/settings/phone").send(code=code)
        assert "登录手机号已更改" in done.text
        assert "139****0002" in done.text


def test_consents_are_given_and_withdrawn(database: Database, clock: ManualClock) -> None:
    """What is optional goes by one tap; the needed one only by who understands what it means."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        page = visitor.get("/me/settings/consents")
        assert "已同意" in page.form("/photos/give").send().text
        page = visitor.get("/me/settings/consents").form("/photos/withdraw").send()
        assert "已撤回同意" in page.text
        needed = page.form("/service/give").send().form("/service/withdraw")
        assert 409 == needed.send().status
        gone = visitor.get("/me/settings/consents").form("/service/withdraw")
        assert "/b/trust/me/settings/erasure" == gone.send(understood="true").path


def test_a_delegate_is_named_by_number_and_name(database: Database, clock: ManualClock) -> None:
    """A number alone finds nobody; either of the two ends it."""
    with opened(database, clock) as web:
        _, token = web.member("张三")
        other, theirs = web.member("李四")
        number = web.get(f"/members/{other}", theirs).json()["number"]
        ann, bob = (Visitor(web.client, resident=one) for one in (token, theirs))
        form = ann.get("/me/settings/delegates").form("/settings/delegates")
        assert 404 == form.send(number=number, name="王五", points_day="20").status
        form = ann.get("/me/settings/delegates").form("/settings/delegates")
        named = form.send(number=number, name="李四", points_day="２０")
        assert "李*" in named.text
        assert "每天最多 20 个积分" in named.text
        seen = bob.get("/me/settings/delegates")
        assert ("张*" in seen.text, "张三" in seen.text) == (True, False)
        assert "代办已撤销" in seen.form("/revoke").send().text
        assert "李*" not in ann.get("/me/settings/delegates").text


def test_a_lost_card_is_stopped(database: Database, clock: ManualClock) -> None:
    """The member sees the state of the card, never its digits, and stops it."""
    with opened(database, clock) as web:
        member, token = web.member()
        clerk = web.token(Role.ORGANISER)
        digits = web.made(f"/members/{member}/cards", clerk)["digits"]
        visitor = Visitor(web.client, resident=token)
        page = visitor.get("/me/settings/cards")
        assert "可以使用" in page.text
        assert digits not in page.html
        assert "已停用" in page.form("/revoke").send().text


def test_own_data_is_read_changed_and_taken_along(database: Database, clock: ManualClock) -> None:
    """A member sees what is known and who looked, changes what is theirs, and takes a copy."""
    with opened(database, clock) as web:
        member, token = web.member("张三")
        visitor = Visitor(web.client, resident=token)
        saved = (
            visitor.get("/me/settings/data").form("/settings/data").send(address="<b>一号楼</b>")
        )
        kept = saved.soup.select_one("#f-address")
        assert kept is not None
        assert "<b>一号楼</b>" == kept["value"]
        assert "<b>一号楼" not in saved.html
        read = visitor.get("/me/settings/data/export")
        assert "张三" in read.soup.get_text()
        taken = visitor.get("/me/settings/data/export.json").response.json()
        assert member == taken["member_id"]
        body = {"fields": ["phone"], "reason": "核对电话"}
        web.made(f"/members/{member}/reveal", web.organiser, body)
        looks = visitor.get("/me/settings/data/looks").text
        assert ("手机号" in looks, "核对电话" in looks) == (True, True)


def test_leaving_can_be_taken_back(database: Database, clock: ManualClock) -> None:
    """A wish to be erased says when it is carried out, and is taken back by one tap."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        visitor = Visitor(web.client, resident=token)
        form = visitor.get("/me/settings/erasure").form("/settings/erasure")
        assert form.send(goes="give").status == 422, "to whom is missing"
        form = visitor.get("/me/settings/erasure").form("/settings/erasure")
        asked = form.send(goes="donate")
        assert "7 天内可以撤回" in asked.text
        assert "您已申请注销" in visitor.get("/me/settings").text
        assert "一切照旧" in asked.form("/cancel").send().text
        assert "您已申请注销" not in visitor.get("/me/settings").text
