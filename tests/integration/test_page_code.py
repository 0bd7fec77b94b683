"""The pay code and what becomes of it, without any script: every step is a form and a page."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.merchant_builders import ITEM
from tests.pages import Shown, Visitor
from tests.web import Web, opened

PIN = "258036"


def digits_of(shown: Shown) -> str:
    """The digits that a page shows."""
    found = shown.soup.find(class_="code-digits")
    assert found is not None, shown.text
    return "".join(found.get_text().split())


def said(shown: Shown, selector: str, name: str) -> str:
    """What an element of a page carries for the script."""
    found = shown.soup.select_one(selector)
    assert found is not None, f"{selector}: {shown.text}"
    return str(found[name])


def with_pin(web: Web, units: int = 100) -> tuple[str, str, Visitor]:
    """A member with points and a PIN."""
    member, token = web.earned(units)
    visitor = Visitor(web.client, resident=token)
    done = visitor.get("/me/settings/pin").form("/me/settings/pin").send(pin=PIN, again=PIN)
    assert "支付密码已设置" in done.text
    return member, token, visitor


def scanned(web: Web, till: str, digits: str, cart_fen: int = 100_000) -> dict[str, Any]:
    """What a till is answered that scans a code."""
    return dict(web.made("/scans", till, {"code": digits, "cart_fen": cart_fen}))


def asked(web: Web, till: str, visitor: Visitor, points: int = 60) -> str:
    """A redemption for which a till waits for the PIN."""
    shown = visitor.get("/me/code").form("/me/code/codes").send()
    one = scanned(web, till, digits_of(shown), 300_000)["redemption_id"]
    answer = web.post(f"/redemptions/{one}/redeem", till, {"points": points})
    assert "pin-needed" in answer.text
    return str(one)


def test_a_code_of_the_page_pays_and_the_page_says_so(
    database: Database, clock: ManualClock
) -> None:
    """By buttons alone: a code is taken, scanned and paid; the page tells shop, sum and rest."""
    with opened(database, clock) as web:
        _, token = web.earned(100)
        _, _, till = web.shop()
        visitor = Visitor(web.client, resident=token)
        fresh = visitor.get("/me/code")
        assert fresh.soup.find(class_="code-digits") is None, "looking issues nothing"
        shown = fresh.form("/me/code/codes").send()
        digits = digits_of(shown)
        assert [3] * 6 == [len(one.text) for one in shown.soup.select(".code-digits span")]
        assert "60" == said(shown, ".code-face", "data-left")
        assert shown.soup.select_one(".qr svg path") is not None
        one = scanned(web, till, digits)
        assert "收银员已扫码" in visitor.get("/me/code").text
        since = said(fresh, "#pay", "data-now")
        taken = web.made(f"/redemptions/{one['redemption_id']}/redeem", till, {"points": 6})
        paid = visitor.get(since)
        assert "paid" == said(paid, "#stage", "data-kind")
        for word in ("已支付", "6 信义贝", "余额 94 信义贝", "还需付款"):
            assert word in paid.text
        assert 94 == taken["balance_after"]
        clock.advance(seconds=1)
        assert "已支付" not in visitor.get("/me/code").text, "only what is new is told"
        again = visitor.get(f"/me/code?code={shown.query['code']}")
        assert "已失效" in again.text
        assert again.soup.find(class_="code-digits") is None


def test_a_stopped_code_is_refused_at_the_till(database: Database, clock: ManualClock) -> None:
    """Whoever stops their code sees that it is stopped, and no till takes it."""
    with opened(database, clock) as web:
        _, token = web.earned(100)
        _, _, till = web.shop()
        visitor = Visitor(web.client, resident=token)
        shown = visitor.get("/me/code").form("/me/code/codes").send()
        stopped = shown.form("/me/code/stop").send()
        assert "付款码已停用" in stopped.text
        assert "no" == said(stopped, "#pay", "data-on"), "no new one by itself"
        refused = web.post("/scans", till, {"code": digits_of(shown), "cart_fen": 10_000})
        assert "/problems/code-stopped" == refused.json()["type"]


def test_an_empty_purse_and_a_debt_are_said_in_words(
    database: Database, clock: ManualClock
) -> None:
    """Who has nothing to pay with reads why, and what to do; there is no code to ask for."""
    with opened(database, clock) as web:
        _, token = web.member()
        shown = Visitor(web.client, resident=token).get("/me/code")
        assert "没有可用的积分" in shown.text
        assert "/b/trust/tasks" in shown.links()
        assert not [one for one in shown.forms() if one.action.endswith("/codes")]
        _, debtor = web.member()
        claim = web.served(debtor, 10)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        visitor = Visitor(web.client, resident=debtor)
        code = digits_of(visitor.get("/me/code").form("/me/code/codes").send())
        _, _, till = web.shop()
        one = scanned(web, till, code)["redemption_id"]
        web.made(f"/redemptions/{one}/redeem", till, {"points": 6})
        why = {"reason": "重复登记了"}
        assert 200 == web.post(f"/claims/{claim}/withdraw-approval", web.second, why).status_code
        owing = visitor.get("/me/code")
        assert "6 信义贝尚待服务补回" in owing.text
        assert "6 信义贝尚待服务补回" in visitor.get("/me").text.replace("还有 ", "")


def test_a_till_waits_and_the_phone_gives_the_pin(database: Database, clock: ManualClock) -> None:
    """Above the limit the page asks for the PIN, with shop and points; then the till can take."""
    with opened(database, clock) as web:
        _, _, visitor = with_pin(web)
        _, _, till = web.shop()
        one = asked(web, till, visitor)
        for path in ("/me/code", "/me", "/me/pin-requests"):
            assert "60 信义贝" in visitor.get(path).text, path
        wrong = visitor.get("/me/code").form(f"/{one}/confirm").send(pin="135790")
        assert (409, True) == (wrong.status, "还可以输入 4 次" in wrong.text)
        assert "135790" not in wrong.html
        given = visitor.get("/me/code").form(f"/{one}/confirm").send(pin="２５８０３６")
        assert "请等收银员收款" in given.text
        paid = web.made(f"/redemptions/{one}/redeem", till, {"points": 60})
        assert ("paid", "used") == (paid["state"], paid["pin"])


def test_a_pin_sent_twice_is_one_try(database: Database, clock: ManualClock) -> None:
    """The same form sent twice at once counts one wrong try; other digits are another one."""
    with opened(database, clock) as web:
        _, _, visitor = with_pin(web)
        _, _, till = web.shop()
        one = asked(web, till, visitor)
        form = visitor.get("/me/code").form(f"/{one}/confirm")
        with ThreadPoolExecutor(4) as pool:
            sent = [pool.submit(form.send, pin="135790") for _ in range(4)]
        assert ["还可以输入 4 次"] * 4 == [
            "还可以输入 4 次" if "还可以输入 4 次" in each.result().text else each.result().text
            for each in sent
        ]
        assert "还可以输入 3 次" in form.send(pin="135791").text
        fresh = visitor.get("/me/code").form(f"/{one}/confirm")
        assert "还可以输入 2 次" in fresh.send(pin="135791").text, "another form, another try"


def test_a_refused_payment_takes_nothing(database: Database, clock: ManualClock) -> None:
    """Whoever refuses ends it: the till can't go on, and the page says that nothing was taken."""
    with opened(database, clock) as web:
        member, token, visitor = with_pin(web)
        _, _, till = web.shop()
        one = asked(web, till, visitor)
        shown = visitor.get("/me/code")
        refused = shown.form(f"/{one}/refuse").send()
        assert "已拒绝，没有扣积分" in refused.text
        told = visitor.get(said(shown, "#pay", "data-now"))
        assert "这次支付已取消 小店" in told.text
        assert "没有扣积分" in told.text
        assert 409 == web.post(f"/redemptions/{one}/redeem", till, {"points": 60}).status_code
        [balance] = web.get(f"/members/{member}/balances", token).json()
        assert 100 == balance["available"]


def test_what_is_another_members_does_not_exist(database: Database, clock: ManualClock) -> None:
    """Another member's code, payment or purse is a 404, or not told at all."""
    with opened(database, clock) as web:
        ann, _, hers = with_pin(web)
        _, _, till = web.shop()
        one = asked(web, till, hers)
        code = hers.get("/me/code")
        _, token = web.earned(100)
        other = Visitor(web.client, resident=token)
        mine = other.get("/me/code").form("/me/code/codes").send()
        assert 404 == hers.get(f"/me/code?code={mine.query['code']}").status
        form = code.form(f"/{one}/confirm")
        sent = other.post(
            form.action, {**form.fields, "csrf": mine.form("/look").fields["csrf"], "pin": PIN}
        )
        assert 404 == sent.status
        assert "60 信义贝" not in other.get("/me/pin-requests").text
        clock.advance(minutes=2)
        assert 404 == hers.get(f"/me/code?code={mine.query['code']}").status, "over, and not hers"
        gone = other.get(f"/me/code?for={ann}")
        assert gone.status in {403, 404, 409}, gone.status
        nobody = Visitor(web.client).post("/me/code/codes", {"key": "a-key-of-nobody-1"})
        assert nobody.status in {401, 403}


def test_a_code_asked_twice_with_one_key_is_one(database: Database, clock: ManualClock) -> None:
    """The script's answer is a part of a page; the same key again gives the same code."""
    with opened(database, clock) as web:
        _, token = web.earned(100)
        visitor = Visitor(web.client, resident=token)
        csrf = said(visitor.get("/me/code"), "#pay", "data-csrf")
        headers = {
            "HX-Request": "true",
            "X-Part": "code",
            "Idempotency-Key": "code-of-one-wish-01",
            "X-CSRF-Token": csrf,
        }
        first, second = (
            visitor.post("/me/code/codes", {"csrf": csrf}, **headers) for _ in range(2)
        )
        assert digits_of(first) == digits_of(second)
        assert first.soup.find("html") is None
        clock.advance(seconds=40)
        later = visitor.post("/me/code/codes", {"csrf": csrf}, **headers)
        assert "20" == said(later, ".code-face", "data-left")
        assert "0" == said(later, ".code-face", "data-refresh")
        clock.advance(seconds=30)
        assert "code-digits" not in visitor.post("/me/code/codes", {"csrf": csrf}, **headers).html


def test_a_delegate_shows_a_code_for_another(database: Database, clock: ManualClock) -> None:
    """A delegate sees for whom they may pay, by a masked name, and nothing of what is there."""
    with opened(database, clock) as web:
        ann, hers = web.earned(100)
        bob, his = web.earned(5)
        body = {"delegate_member_id": bob, "points_day": 30}
        web.made(f"/members/{ann}/delegates", hers, body)
        _, _, till = web.shop(ITEM)
        visitor = Visitor(web.client, resident=his)
        assert "替 张* 付" in visitor.get("/me/code").text
        page = visitor.get(f"/me/code?for={ann}")
        assert "100" not in page.text
        shown = page.form("/me/code/codes").send()
        one = dict(web.made("/scans", till, {"code": digits_of(shown)}))
        web.made(
            f"/redemptions/{one['redemption_id']}/redeem", till, {"points": one["points_most"]}
        )
        paid = visitor.get(said(page, "#pay", "data-now"))
        assert "已支付" in paid.text
        assert "余额" not in paid.text, "what another has is theirs to know"
