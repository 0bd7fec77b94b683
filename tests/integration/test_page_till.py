"""The till without any script: a whole sale, refusals in words, giving back, the day."""

from datetime import timedelta

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.merchant_builders import ITEM, STEP
from tests.pages import Shown, Visitor
from tests.web import Web, new_key, opened

PIN = "493817"


def till_of(web: Web, token: str) -> Visitor:
    """A cashier in front of a till."""
    return Visitor(web.client, till=token)


def scanned(till: Visitor, code: str, cart: str = "59.99") -> Shown:
    """Say the bill, then the code: what comes of it."""
    asked = till.get("/till").form("/till/scan").send(cart=cart)
    assert 200 == asked.status, asked.text
    return asked.form("/till/scans").send(code=code)


def paid(till: Visitor, code: str, cart: str = "59.99", points: int | None = None) -> Shown:
    """A sale from the bill to the receipt."""
    form = scanned(till, code, cart).form("/redeem")
    found = form.send() if points is None else form.send(points=points)
    assert "/till/receipts/" in found.path, found.text
    return found


def left_of(web: Web, member: str, token: str) -> int:
    """What a member has left to spend."""
    balances = web.get(f"/members/{member}/balances", token).json()
    return next(int(one["available"]) for one in balances if one["asset"] == "XYB")


def test_a_whole_sale(database: Database, clock: ManualClock) -> None:
    """Bill, code, fewer than the most, paid: receipt, reload and the way back say the same."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        found = scanned(till, web.pay_code(member, token))
        assert "最多可用 3 个信义贝" in found.text
        assert "顾客还要付 ¥ 56.99" in found.text
        receipt = found.form("/redeem").send(points=2)
        assert "收到信义贝 2 个 顾客还要付 ¥57.99" in receipt.text
        assert "付后余额 8 个" in receipt.text
        assert receipt.path == till.get(found.path).path
        assert receipt.path == found.form("/redeem").send(points=2).path
        assert 8 == left_of(web, member, token)
        english = Visitor(web.client, till=till.cookies["cb-trust.till"])
        english.cookies["cb-look"] = "en.plain.auto"
        assert "Received 2 信义贝" in english.get(receipt.path).text


def test_a_thing_has_no_bill(database: Database, clock: ManualClock) -> None:
    """A thing is chosen instead of a bill; the address cannot give it one."""
    with opened(database, clock) as web:
        member, token = web.earned(30)
        till = till_of(web, web.shop(ITEM)[2])
        counter = till.get("/till")
        link = next(one for one in counter.links() if "/till/scan?offer_id=" in one)
        assert 422 == till.get(f"{link}&cart=5").status
        found = till.get(link).form("/till/scans").send(code=web.pay_code(member, token))
        assert "20 个信义贝 折叠伞一把" in found.text
        assert "收到信义贝 20 个 折叠伞一把" in found.form("/redeem").send().text


def test_nothing_usable_is_said_in_words(database: Database, clock: ManualClock) -> None:
    """A bill below one step takes nothing and says what the customer pays."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        found = scanned(till, web.pay_code(member, token), "12")
        assert "账单不够一档" in found.text
        assert "顾客付全款 ¥12.00" in found.text
        ended = found.form("/cancel").send()
        assert ("/b/trust/till", "scan-cancelled") == (ended.path, ended.query["done"])
        assert "这一笔已取消" in till.get(found.path).text
        assert 10 == left_of(web, member, token)


def test_codes_that_are_refused(database: Database, clock: ManualClock) -> None:
    """Wrong, expired and used codes are told in words with a way back that keeps the bill."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        wrong = scanned(till, "９７１２３４５６７８９０１２３４５７")
        assert (404, True) == (wrong.status, "付款码不完整" in wrong.text)
        code = web.pay_code(member, token)
        clock.advance(minutes=3)
        old = scanned(till, code)
        assert (410, True) == (old.status, "付款码已过期" in old.text)
        code = web.pay_code(member, token)
        paid(till, code)
        used = scanned(till, code)
        assert (409, True) == (used.status, "付款码已使用" in used.text)
        assert 7 == left_of(web, member, token)


def test_a_scan_that_is_too_old(database: Database, clock: ManualClock) -> None:
    """A redemption past its time shows so, and leads to a fresh scan of the same bill."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        found = scanned(till, web.pay_code(member, token))
        clock.advance(minutes=30)
        late = found.form("/redeem").send()
        assert found.path == late.path
        assert "这次扫码已超时" in late.text
        assert any("/till/scan?offer_id=" in one and "cart=59.99" in one for one in late.links())


def test_a_used_up_quota_is_told(database: Database, clock: ManualClock) -> None:
    """The shop's points of the day are used up: said at the scan, nothing taken."""
    with opened(database, clock) as web:
        member, token = web.earned(20)
        till = till_of(web, web.shop(STEP + "most_per_merchant_day = 3\n")[2])
        paid(till, web.pay_code(member, token))
        full = scanned(till, web.pay_code(member, token))
        assert (409, True) == (full.status, "额度已用完" in full.text)
        assert 17 == left_of(web, member, token)


def test_a_locked_till_says_until_when(database: Database, clock: ManualClock) -> None:
    """After too many wrong codes the counter says it is locked, and the owner opens it."""
    with opened(database, clock) as web:
        merchant, _, secret = web.shop()
        till = till_of(web, secret)
        asked = till.get("/till").form("/till/scan").send(cart="60")
        for _ in range(11):
            told = asked.form("/till/scans").send(code="971234567890123456", key=new_key())
        assert ("收银端已锁定至 今天" in told.text, "T0" in told.text) == (True, False)
        locked = till.get("/till")
        assert "本机已锁定" in locked.text
        assert "/b/trust/till" == till.get("/till/scan").path
        owner = Visitor(web.client, office=web.token(Role.SHOP_OWNER, merchant_id=merchant))
        assert "已解锁" in owner.get(f"/shop/{merchant}/tills").form("/unlock").send().text
        assert "账单金额" in till.get("/till").text


def test_a_double_tap_is_one_scan_and_one_payment(database: Database, clock: ManualClock) -> None:
    """The same form sent twice is one deed; the page of the second tap shows the first outcome."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        asked = till.get("/till").form("/till/scan").send(cart="60")
        form = asked.form("/till/scans")
        code = web.pay_code(member, token)
        first, second = form.send(code=code), form.send(code=code)
        assert first.path == second.path
        take = first.form("/redeem")
        assert take.send().path == take.send().path
        assert 4 == left_of(web, member, token)


def test_a_lost_answer_is_asked_for(database: Database, clock: ManualClock) -> None:
    """A request is asked after by its id; what never arrived is cancelled, and stays so."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        take = scanned(till, web.pay_code(member, token)).form("/redeem")
        request = take.fields["key"][0]
        assert 404 == till.get(f"/till/requests/{request}").status
        said = {"key": f"cancel/{request}", "csrf": take.fields["csrf"][0]}
        ended = till.post(f"/till/requests/{request}/cancel", said)
        assert ["cancelled", False, None] == [
            ended.response.json()[one] for one in ("state", "paid", "go")
        ]
        assert (409, True) == ((late := take.send()).status, "这次请求已取消" in late.text)
        again = take.send(key=new_key())
        other = till.get(again.path.replace("/receipts/", "/redemptions/"))
        assert "收到信义贝 3 个" in other.text
        asked = till.get(f"/till/requests/{request}").response.json()
        assert [False, "cancelled"] == [asked["paid"], asked["state"]]


def test_a_paid_request_cannot_be_cancelled(database: Database, clock: ManualClock) -> None:
    """Asked after a lost answer, a payment is told with its receipt; cancelling is refused."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        take = scanned(till, web.pay_code(member, token)).form("/redeem")
        receipt = take.send()
        request = take.fields["key"][0]
        asked = till.get(f"/till/requests/{request}").response.json()
        assert (True, receipt.path) == (asked["paid"], asked["go"])
        said = {"key": f"cancel/{request}", "csrf": take.fields["csrf"][0]}
        assert 409 == till.post(f"/till/requests/{request}/cancel", said).status


def test_points_go_back_in_parts_and_whole(database: Database, clock: ManualClock) -> None:
    """By the remaining bill, by number, and all of today's; each is on the receipt and the day."""
    with opened(database, clock) as web:
        member, token = web.earned(20)
        till = till_of(web, web.shop()[2])
        receipt = paid(till, web.pay_code(member, token), "90")
        back = till.get(f"{receipt.path}/return")
        by_bill = next(one for one in back.forms() if "remaining" in one.fields)
        assert "已退回 6 个" in by_bill.send(remaining="45").text
        assert 17 == left_of(web, member, token)
        some = next(one for one in till.get(back.path).forms() if "points" in one.fields)
        assert "已退回 8 个" in some.send(points=2).text
        assert 422 == some.send(points=-1, key=new_key()).status
        whole = paid(till, web.pay_code(member, token), "60")
        undone = till.get(f"{whole.path}/return").form("/void").send()
        assert "已撤销，信义贝全部退回" in undone.text
        day = till.get("/till/today")
        assert "收到信义贝 1 抵扣（元） 1.00 笔数 1" in day.text
        assert "已撤销" in day.text
        clock.advance(days=1)
        assert "这一天还没有收款" in till.get("/till/today").text
        assert 19 == left_of(web, member, token)
        later = till.get(f"{receipt.path}/return")
        assert "整笔撤销" not in later.text


def test_above_the_limit_another_person_gives_back(database: Database, clock: ManualClock) -> None:
    """More than 20 points: the page says who may, the till that took them may not."""
    with opened(database, clock) as web:
        member, token = web.earned(60)
        merchant, _, secret = web.shop(STEP.replace("every_fen = 3000", "every_fen = 300"))
        till = till_of(web, secret)
        receipt = paid(till, web.pay_code(member, token), "24")
        asked = till.get(f"{receipt.path}/return")
        assert "要由收款人以外的人办理" in asked.text
        assert (403, True) == (
            (told := asked.form("/void").send()).status,
            "须由收款人以外的人办理" in told.text,
        )
        owner = Visitor(web.client, office=web.token(Role.SHOP_OWNER, merchant_id=merchant))
        redemption = receipt.path.rpartition("/")[2]
        desk = owner.get(f"/shop/{merchant}/receipts/{redemption}")
        assert "已撤销" in desk.form("/void").send().text


def test_another_shops_payments_do_not_exist(database: Database, clock: ManualClock) -> None:
    """To a till of another shop a redemption and its receipt are a 404, whatever is asked."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        mine, theirs = till_of(web, web.shop()[2]), till_of(web, web.shop()[2])
        found = scanned(mine, web.pay_code(member, token))
        assert 404 == theirs.get(found.path).status
        assert 404 == theirs.get(f"{found.path}/state").status
        receipt = found.form("/redeem").send()
        for path in (receipt.path, f"{receipt.path}/return"):
            assert 404 == theirs.get(path).status
        fields = {"key": new_key(), "csrf": theirs.get("/till/shop").forms()[0].fields["csrf"][0]}
        assert 404 == theirs.post(f"{receipt.path}/refund", fields).status
        assert 7 == left_of(web, member, token)


def test_a_cashier_begins_and_ends_a_turn(database: Database, clock: ManualClock) -> None:
    """With cashiers the counter first asks who serves; a wrong PIN is told, names are masked."""
    with opened(database, clock) as web:
        merchant, _, secret = web.shop()
        body = {"name": "王芳", "pin": "246810"}
        web.made(f"/merchants/{merchant}/cashiers", web.operator, body)
        till = till_of(web, secret)
        asked = till.get("/till")
        assert "今天谁当班" in asked.text
        assert "王芳" not in asked.html
        form = asked.form("/till/turn")
        who = form.choices["cashier_id"][0]
        assert 409 == form.send(cashier_id=who, pin="111111").status
        begun = till.get("/till").form("/till/turn").send(cashier_id=who, pin="246810")
        assert "已上班" in begun.text
        assert "当班：王*" in begun.text
        ended = till.get("/till/shop").form("/till/turn/end").send()
        assert "今天谁当班" in ended.text


def with_pin(web: Web, member: str) -> None:
    """Let a member have a PIN."""
    said = {"pin": PIN, "reason": "在办公室设置", "identity": "身份证"}
    web.made(f"/members/{member}/pin/at-office", web.organiser, said)


DEAR = STEP.replace("every_fen = 3000", "every_fen = 300")  # a point for each yuan


def test_a_till_waits_for_the_members_pin(database: Database, clock: ManualClock) -> None:
    """Above the limit without PIN the till waits; given on the phone, it takes those points."""
    with opened(database, clock) as web:
        member, token = web.earned(200)
        with_pin(web, member)
        till = till_of(web, web.shop(DEAR)[2])
        found = scanned(till, web.pay_code(member, token), "60")
        assert "自己手机上输入支付密码" in found.text
        waits = found.form("/redeem").send()
        assert found.path == waits.path
        assert "请顾客在自己的手机上 输入支付密码" in waits.text
        assert "refresh" in waits.html
        assert "scanned/wanted/open" == till.get(f"{waits.path}/state").response.json()["state"]
        redemption = waits.path.rpartition("/")[2]
        path = f"/members/{member}/pin-requests/{redemption}/confirm"
        web.made(path, token, {"pin": PIN, "points": 60})
        assert "scanned/given/open" == till.get(f"{waits.path}/state").response.json()["state"]
        given = till.get(waits.path)
        assert "顾客已确认" in given.text
        assert "收到信义贝 60 个" in given.form("/redeem").send().text
        assert 140 == left_of(web, member, token)


def test_a_member_may_refuse_on_the_phone(database: Database, clock: ManualClock) -> None:
    """Refused on the phone, the till says so, and nothing is taken."""
    with opened(database, clock) as web:
        member, token = web.earned(200)
        till = till_of(web, web.shop(DEAR)[2])
        waits = scanned(till, web.pay_code(member, token), "60").form("/redeem").send()
        redemption = waits.path.rpartition("/")[2]
        web.made(f"/members/{member}/pin-requests/{redemption}/refuse", token)
        assert "顾客没有同意" in till.get(waits.path).text
        assert 200 == left_of(web, member, token)


def test_a_printed_card_wants_its_pin_at_the_till(database: Database, clock: ManualClock) -> None:
    """The holder types the PIN on keys that change places; a wrong one is told and counted."""
    with opened(database, clock) as web:
        member, token = web.earned(20)
        with_pin(web, member)
        made = web.made(f"/members/{member}/cards", web.organiser)
        till = till_of(web, web.shop()[2])
        asked = scanned(till, made["digits"], "60")
        assert "请持卡人输入支付密码" in asked.text
        orders = {
            tuple(str(one["data-key"]) for one in till.get(asked.path).soup.select("[data-key]"))
            for _ in range(4)
        }
        assert len(orders) > 1
        wrong = asked.form("/pin").send(pin="000000")
        assert (409, False) == (wrong.status, "000000" in wrong.html)
        given = till.get(asked.path).form("/pin").send(pin=PIN)
        assert asked.path == given.path
        assert "收到信义贝 6 个" in given.form("/redeem").send().text
        assert 14 == left_of(web, member, token)


def test_nobody_else_stands_at_a_till(database: Database, clock: ManualClock) -> None:
    """Without a till's cookie every page of the till leads to pairing; a resident's is none."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        stranger = web.client.get("/b/trust/till", follow_redirects=False)
        assert "/b/trust/till/pair" in stranger.headers["location"]
        assert 403 == Visitor(web.client, till=token).get("/till").status


def test_a_sale_of_yesterday_is_found_again(database: Database, clock: ManualClock) -> None:
    """The list goes back by days, and each row leads to its receipt."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        till = till_of(web, web.shop()[2])
        receipt = paid(till, web.pay_code(member, token))
        clock.advance(days=1)
        before = till.get("/till/today")
        day = web.clock.now().date() - timedelta(days=1)
        shown = till.get("/till/today", on=day.isoformat())
        assert receipt.path in shown.links()
        assert receipt.path not in before.links()
