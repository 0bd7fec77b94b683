"""The pay code on a volunteer's phone, in front of a till: shown, kept, paid, told aloud."""

import io
import re
from typing import Any

import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.screens import Screens, too_small, violations
from tests.e2e.site import Site

PIN = "258036"
LOOKS = (("zh.plain.light", 44), ("zh.large.dark", 60))

# Keeps what is said aloud, since nobody listens here.
_EARS = """window.heard = [];
Object.defineProperty(window, "speechSynthesis", {value: {cancel() {},
  speak(said) { window.heard.push(said.text); }}});"""


def digits(page: Page) -> str:
    """The digits that a phone shows."""
    return re.sub(r"\D", "", page.locator(".code-digits").inner_text())


def changed(page: Page, before: str) -> None:
    """Wait for other digits."""
    old = re.compile(r"\s*".join(before))
    expect(page.locator(".code-digits")).not_to_have_text(old)


def scanned(site: Site, till: str, code: str, cart_fen: int = 100_000) -> str:
    """A redemption that a till opened by scanning."""
    body = {"code": code, "cart_fen": cart_fen}
    return str(site.made("/scans", till, body)["redemption_id"])


def paid(site: Site, till: str, one: str, points: int) -> dict[str, Any]:
    """Take the points of a redemption."""
    return dict(site.made(f"/redemptions/{one}/redeem", till, {"points": points}))


def listening(screens: Screens, path: str, token: str, **options: Any) -> Page:
    """A phone whose speech is written down."""
    page = screens.phone("/me/more", token, **options)
    page.add_init_script(_EARS)
    page.goto(page.url.replace("/me/more", path))
    return page


def test_the_code_is_read_from_the_screen_and_paid(site: Site, screens: Screens) -> None:
    """A camera reads what the page shows; the page says that it is paid, at once and aloud."""
    _, token = site.earned(100)
    _, _, till = site.shop()
    page = listening(screens, "/me/code", token)
    expect(page.locator(".code-digits")).to_be_visible()
    picture = Image.open(io.BytesIO(page.screenshot()))
    [read] = zxingcpp.read_barcodes(picture)
    assert digits(page) == read.text
    one = scanned(site, till, read.text)
    expect(page.get_by_text("收银员已扫码")).to_be_visible(timeout=2_000)
    expect(page.locator(".code-box")).to_be_hidden()
    address = page.url
    paid(site, till, one, 6)
    expect(page.get_by_role("heading", name="已支付")).to_be_visible(timeout=2_000)
    assert address == page.url, "without another page"
    expect(page.locator(".paid")).to_contain_text("余额 94 信义贝")
    assert ["已支付 6 个信义贝"] == [one[:10] for one in page.evaluate("window.heard")]
    page.get_by_role("link", name="继续出示付款码").click()
    expect(page.locator(".code-digits")).to_be_visible()
    assert read.text != digits(page)
    page.go_back()
    expect(page.get_by_text("已支付")).to_have_count(0)


def test_a_new_code_comes_without_moving_the_focus(site: Site, screens: Screens) -> None:
    """Every half minute another one; the focus stays, and a page nobody sees asks for none."""
    _, token = site.earned(100)
    page = screens.phone("/me/more", token)
    page.clock.install()
    page.goto(page.url.replace("/me/more", "/me/code"))
    page.clock.run_for(600)
    expect(page.locator(".code-digits")).to_be_visible()
    first = digits(page)
    stop = page.get_by_role("button", name="停用付款码")
    stop.focus()
    site.clock.advance(seconds=31)
    page.clock.run_for(31_000)
    changed(page, first)
    expect(stop).to_be_focused()
    second = digits(page)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})"
    )
    site.clock.advance(seconds=31)
    page.clock.run_for(31_000)
    page.wait_for_timeout(200)
    assert second == digits(page)
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {configurable: true, get: () => false});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    changed(page, second)


def test_without_network_the_code_stays_until_its_end(site: Site, screens: Screens) -> None:
    """It is shown as long as the server takes it, then put away with words; then it goes on."""
    _, token = site.earned(100)
    screens.expected.append("ERR_INTERNET_DISCONNECTED")
    page = screens.phone("/me/more", token)
    page.clock.install()
    page.goto(page.url.replace("/me/more", "/me/code"))
    page.clock.run_for(600)
    expect(page.locator(".code-digits")).to_be_visible()
    first = digits(page)
    page.context.set_offline(True)
    page.clock.run_for(35_000)
    expect(page.locator("#code-status")).to_contain_text("没有网络，这个码还能用")
    assert first == digits(page)
    page.clock.run_for(26_000)
    expect(page.locator("#code-status")).to_contain_text("付款码已过期")
    expect(page.locator(".code-digits")).to_have_count(0)
    site.clock.advance(seconds=61)
    page.context.set_offline(False)
    page.clock.run_for(4_000)
    expect(page.locator(".code-digits")).to_be_visible()
    assert first != digits(page)


def test_a_stopped_code_stays_stopped(site: Site, screens: Screens) -> None:
    """Nothing is issued after “stop my code” until it is asked for; no till takes the old one."""
    _, token = site.earned(100)
    _, _, till = site.shop()
    page = screens.phone("/me/code", token)
    expect(page.locator(".code-digits")).to_be_visible()
    code = digits(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="停用付款码").click()
    expect(page.locator(".done")).to_contain_text("付款码已停用")
    expect(page.locator(".code-digits")).to_have_count(0)
    refused = site.post("/scans", till, {"code": code, "cart_fen": 10_000})
    assert "/problems/code-stopped" == refused.json()["type"]
    page.get_by_role("button", name="出示付款码").click()
    expect(page.locator(".code-digits")).to_be_visible()


def test_the_phone_gives_the_pin_that_a_till_waits_for(site: Site, screens: Screens) -> None:
    """The till asks above the limit, the phone shows shop and points; a wrong PIN, then paid."""
    screens.expected.append("Error Code 409")  # of the wrong PIN
    member, token = site.earned(100)
    merchant, _, till = site.shop()
    shop = site.get(f"/merchants/{merchant}", site.operator).json()["name"]
    page = listening(screens, "/me/settings/pin", token, look="zh.large.light")
    page.get_by_label("新密码").fill(PIN)
    page.get_by_label("再输一次").fill(PIN)
    page.get_by_role("button", name="设置支付密码").dblclick()
    expect(page.locator(".done")).to_contain_text("支付密码已设置")
    page.goto(page.url.partition("/me/")[0] + "/me/code")
    expect(page.locator(".code-digits")).to_be_visible()
    one = scanned(site, till, digits(page), 300_000)
    assert 409 == site.post(f"/redemptions/{one}/redeem", till, {"points": 60}).status_code
    asked = page.get_by_label("支付密码（6 位数字）")
    expect(asked).to_be_focused(timeout=2_000)
    expect(page.locator(".ask")).to_contain_text(shop)
    expect(page.locator(".ask .huge")).to_have_text("60")
    assert f"{shop}请您确认支付 60 个信义贝，请输入支付密码" in page.evaluate("window.heard")
    for look, least_px in LOOKS[1:]:
        assert [] == violations(page), look
        assert [] == too_small(page, least_px), look
    asked.fill("135790")
    page.get_by_role("button", name="确认支付 60").dblclick()
    expect(page.locator("#problem")).to_contain_text("还可以输入 4 次")
    assert 60 == site.get(f"/members/{member}/pin-requests", token).json()["items"][0]["points"]
    asked.fill(PIN)
    page.get_by_role("button", name="确认支付 60").click()
    expect(page.get_by_text("密码已确认")).to_be_visible()
    paid(site, till, one, 60)
    expect(page.get_by_role("heading", name="已支付")).to_be_visible(timeout=2_000)
    expect(page.locator("#problem")).to_be_empty()


def test_home_shows_the_till_that_waits(site: Site, screens: Screens) -> None:
    """A waiting till comes up on the first page by itself, and a refusal takes nothing."""
    member, token = site.earned(100)
    _, _, till = site.shop()
    page = screens.phone("/me", token)
    one = scanned(site, till, site.made(f"/members/{member}/pay-codes", token)["digits"], 300_000)
    assert 409 == site.post(f"/redemptions/{one}/redeem", till, {"points": 60}).status_code
    expect(page.locator(".ask")).to_contain_text("您还没有设置支付密码", timeout=2_000)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="不是我，拒绝支付").click()
    expect(page.locator(".done")).to_contain_text("没有扣积分")
    assert 409 == site.post(f"/redemptions/{one}/redeem", till, {"points": 60}).status_code
