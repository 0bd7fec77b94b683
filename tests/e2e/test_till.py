"""The till in a real browser: a camera, a network that goes away, and impatient fingers."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, Route, expect

from merchants import code_pictures
from tests.e2e.camera import Camera
from tests.e2e.screens import TABLET, Screens, sideways, too_small, violations
from tests.e2e.site import Site

PAID = re.compile("收到信义贝 [0-9]+ 个")


def shown_code(site: Site, units: int = 10) -> tuple[str, str, bytes]:
    """A member with points, and the picture of their pay code; returns id, token, picture."""
    member, token = site.earned(units)
    return member, token, code_pictures.png(site.pay_code(member, token))


def at_scanner(screens: Screens, token: str, *, cart: str = "59.99", **options: object) -> Page:
    """Open a till, type the bill on its keys, and go on to the camera."""
    page = screens.till("/till", token, **options)
    for key in cart:
        page.locator(f"[data-keys] [data-key='{key}']").click()
    page.get_by_role("button", name="扫顾客的付款码").click()
    return page


def left_of(site: Site, member: str, token: str) -> int:
    """What a member has left to spend."""
    balances = site.get(f"/members/{member}/balances", token).json()
    return next(int(one["available"]) for one in balances if one["asset"] == "XYB")


def test_a_code_before_the_camera_is_paid(site: Site, screens: Screens, camera: Camera) -> None:
    """Keys, camera, fewer by one tap, paid: the receipt, and what the member has left."""
    member, token, picture = shown_code(site)
    _, _, till = site.shop()
    camera.see(picture)
    page = at_scanner(screens, till)
    expect(page.get_by_text("最多可用")).to_be_visible()
    page.get_by_role("button", name="少一个").click()
    expect(page.get_by_text("¥57.99")).to_be_visible()
    page.get_by_role("button", name="收 2 个信义贝").click()
    expect(page.get_by_role("heading", name="收到信义贝 2 个")).to_be_visible()
    assert "/till/receipts/" in page.url
    assert 8 == left_of(site, member, token)


def failing_camera(page: Page, fault: str) -> None:
    """Let the next pages of a screen find a camera that says no."""
    page.context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => "
        f"Promise.reject(new DOMException('no', '{fault}'))"
    )


def test_without_a_camera_a_photo_or_the_digits_do(
    site: Site, screens: Screens, camera: Camera
) -> None:
    """Refused, missing, busy: each is said with a way on; a photo is read, digits are typed."""
    member, token, picture = shown_code(site)
    _, _, till = site.shop()
    camera.see_nothing()
    page = screens.till("/till", till)
    for fault, words in (
        ("NotAllowedError", "没有相机权限"),
        ("NotFoundError", "没有找到相机"),
        ("NotReadableError", "别的应用占用"),
    ):
        failing_camera(page, fault)
        page.goto(f"{site.url}/till")
        page.get_by_label("账单金额").fill("59.99")
        page.get_by_role("button", name="扫顾客的付款码").click()
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
        expect(page.get_by_role("button", name="打开相机")).to_be_visible()
        assert [] == violations(page)
    blank = picture[:50]
    page.get_by_label("拍照识别").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": blank}
    )
    expect(page.get_by_text("照片里没有看清二维码")).to_be_visible()
    page.get_by_label("拍照识别").set_input_files(
        {"name": "code.png", "mimeType": "image/png", "buffer": picture}
    )
    expect(page.get_by_text("最多可用")).to_be_visible()
    page.goto(f"{site.url}/till")
    page.get_by_label("账单金额").fill("30")
    page.get_by_label("账单金额").press("Enter")
    page.get_by_label("或者输入 18 位数字").fill(site.pay_code(member, token))
    page.get_by_label("或者输入 18 位数字").press("Enter")
    page.locator("[data-take]").click()
    expect(page.get_by_role("heading", name="收到信义贝 3 个")).to_be_visible()


def test_a_code_that_expired_before_the_camera(
    site: Site, screens: Screens, camera: Camera
) -> None:
    """An old code is refused in words, and the next one is read without leaving the page."""
    member, token, picture = shown_code(site)
    _, _, till = site.shop()
    camera.see(picture)
    site.clock.advance(minutes=3)
    page = at_scanner(screens, till)
    expect(page.get_by_role("alert").filter(has_text="付款码已过期")).to_be_visible()
    camera.see(code_pictures.png(site.pay_code(member, token)))
    page.get_by_role("button", name="打开相机").click()
    expect(page.get_by_text("最多可用")).to_be_visible()


def at_checkout(site: Site, screens: Screens, **options: object) -> tuple[Page, str, str]:
    """A till that has read a code of somebody with 10 points; returns page, member and token."""
    member, token = site.earned(10)
    _, _, till = site.shop()
    page = at_scanner(screens, till, cart="60", **options)
    page.get_by_label("或者输入 18 位数字").fill(site.pay_code(member, token))
    page.get_by_role("button", name="用这个码").click()
    expect(page.get_by_text("最多可用")).to_be_visible()
    return page, member, token


def test_an_answer_that_is_lost_is_found_out(site: Site, screens: Screens, camera: Camera) -> None:
    """The server took the points and the network went away: one payment, and the receipt."""
    camera.see_nothing()
    page, member, token = at_checkout(site, screens)

    def lost(route: Route) -> None:
        route.fetch()
        route.abort("internetdisconnected")

    screens.expected.append("ERR_INTERNET_DISCONNECTED")
    page.route("**/redeem", lost)
    page.locator("[data-take]").click()
    expect(page.get_by_text("正在查询这一笔有没有成功")).to_be_visible()
    expect(page.get_by_role("heading", name=PAID)).to_be_visible()
    assert 4 == left_of(site, member, token)
    assert page.evaluate("Object.keys(localStorage).length") == 0


def test_a_request_that_never_arrived_is_cancelled(
    site: Site, screens: Screens, camera: Camera
) -> None:
    """The network was gone before: nothing is taken, it says so, and it may be done again."""
    camera.see_nothing()
    page, member, token = at_checkout(site, screens)
    screens.expected.append("ERR_INTERNET_DISCONNECTED")
    late: list[Request] = []

    def gone(route: Route) -> None:
        late.append(route.request)
        route.abort("internetdisconnected")

    page.route("**/redeem", gone)
    page.locator("[data-take]").click()
    expect(page.get_by_text("这一次没有扣分")).to_be_visible()
    assert 10 == left_of(site, member, token)
    page.unroute("**/redeem")
    copy = page.request.post(
        late[0].url,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data=late[0].post_data or "",
    )
    assert "这次请求已取消" in copy.text()
    page.locator("[data-take]").click()
    expect(page.get_by_role("heading", name=PAID)).to_be_visible()
    assert 4 == left_of(site, member, token)


def test_a_reload_in_the_middle_shows_the_one_answer(
    site: Site, screens: Screens, camera: Camera
) -> None:
    """The page is reloaded, and another tab opened, while no answer is there: both show it."""
    camera.see_nothing()
    page, member, token = at_checkout(site, screens)
    screens.expected.append("ERR_INTERNET_DISCONNECTED")

    def swallowed(route: Route) -> None:
        route.fetch()

    page.route("**/redeem", swallowed)
    page.locator("[data-take]").click()
    page.wait_for_timeout(400)
    address = page.url
    page.unroute("**/redeem")
    page.reload()
    other = page.context.new_page()
    other.goto(address)
    for one in (page, other):
        expect(one.get_by_role("heading", name=PAID)).to_be_visible()
    assert 4 == left_of(site, member, token)


def test_impatient_fingers_pay_once(site: Site, screens: Screens, camera: Camera) -> None:
    """Two taps, two tabs, and the way back after paying: one payment, and its receipt."""
    camera.see_nothing()
    page, member, token = at_checkout(site, screens)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_text("最多可用")).to_be_visible()
    page.locator("[data-take]").dblclick()
    expect(page.get_by_role("heading", name=PAID)).to_be_visible()
    expect(other.get_by_role("heading", name=PAID)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name=PAID)).to_be_visible()
    assert 4 == left_of(site, member, token)


def test_the_till_is_fit_for_everybody(site: Site, screens: Screens, camera: Camera) -> None:
    """Axe finds nothing, targets are large, nothing runs out of the screen: phone and tablet."""
    camera.see_nothing()
    for look, least_px, size in (
        ("zh.plain.light", 44, {"width": 390, "height": 844}),
        ("zh.large.light", 60, {"width": 320, "height": 640}),
        ("en.plain.dark", 44, TABLET),
    ):
        member, token = site.earned(10)
        _, _, till = site.shop()
        page = screens.till("/till", till, look=look, size=size)

        def fit(page: Page = page, least_px: int = least_px) -> None:
            assert [] == violations(page), page.url
            assert [] == too_small(page, least_px), page.url
            assert not sideways(page), page.url

        fit()
        page.locator("#f-cart").fill("60")
        page.locator(".pad-go").click()
        page.wait_for_selector("video[data-state=looking]")
        fit()
        page.locator("#f-code").fill(site.pay_code(member, token))
        page.locator("#f-code").press("Enter")
        page.locator("[data-take]").wait_for()
        fit()
        page.locator("[data-take]").click()
        page.locator(".paid").wait_for()
        fit()
        page.goto(f"{page.url}/return")
        fit()
        for path in ("/till/today", "/till/shop"):
            page.goto(f"{site.url}{path}")
            fit()
