"""Screens on which something ended meanwhile: a till's pairing, a page kept for the way back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screens import Screens
from tests.e2e.site import Site


def test_a_till_that_is_shut_off_in_the_middle_says_so(site: Site, screens: Screens) -> None:
    """No answer comes, and then the device is no till any more: it is led to the pairing."""
    _, _, till = site.shop()
    member, token = site.earned(10)
    page = screens.till("/till", till, camera=False)
    screens.expected.append("ERR_INTERNET_DISCONNECTED")
    page.locator("#f-cart").fill("59.99")
    page.get_by_role("button", name="扫顾客的付款码").click()
    page.locator("[data-code]").fill(site.pay_code(member, token))

    page.route("**/till/scans", lambda route: route.abort("internetdisconnected"))
    page.locator("form[data-request] button").last.click()
    expect(page.get_by_text("正在查询这一笔有没有成功")).to_be_visible()
    page.context.clear_cookies(name="cb-trust.till")
    expect(page).to_have_url(re.compile("/till/pair"), timeout=15_000)


def test_a_page_that_was_kept_for_the_way_back_is_asked_for_anew(
    site: Site, screens: Screens
) -> None:
    """A page out of the browser's own store has used keys: it is loaded again before any tap."""
    _, token = site.member()
    page = screens.phone("/me/settings/pin", token)
    key = page.locator("input[name=key]").first
    kept = key.input_value()
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert kept != key.input_value()
