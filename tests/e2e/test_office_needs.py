"""Needs at the desk and on an organiser's phone, as they are really used."""

from __future__ import annotations

import pytest

from tests.e2e.screens import DESK, PHONE, Screens
from tests.e2e.site import Site

MODES = (("zh.plain.light", 44), ("zh.large.light", 60))


def grounds(site: Site) -> str:
    """A bank with a category and a community."""
    site.made("/categories", site.operator, {"code": "patrol", "name": "平安巡逻"})
    return site.community()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_need_is_posted_by_hand(site: Site, screens: Screens, size: dict[str, int]) -> None:
    """Filled in, mended, looked at, changed, and published by a double tap: it is there once."""
    grounds(site)
    screens.expected.append("Error Code 422")
    page = screens.desk("/office/needs/new", site.organiser, size=size)
    page.fill("#f-title", "打扫楼道")
    page.fill("#f-place", "二号楼")
    page.fill("#f-reward-XYB", "10")
    page.fill("#f-ends", "08:00")
    page.click("text=下一步")
    page.wait_for_selector("#problem .problem")
    assert "打扫楼道" == page.input_value("#f-title")
    page.fill("#f-ends", "11:00")
    page.click("text=下一步")
    page.wait_for_selector("text=志愿者会看到")
    page.click("text=返回修改")
    page.wait_for_selector("#f-title")
    assert "打扫楼道" == page.input_value("#f-title")
    page.fill("#f-title", "打扫院子")
    page.click("text=下一步")
    page.wait_for_selector("text=志愿者会看到")
    page.dblclick("button[value=publish]")
    page.wait_for_selector("text=已发布")
    assert ["打扫院子"] == [
        one["title"] for one in site.get("/tasks", site.organiser).json()["items"]
    ]


def test_the_sites_screen_follows(site: Site, screens: Screens) -> None:
    """When somebody comes the screen counts them at once, with the code of that moment."""
    _, token = site.member()
    task = site.publish()
    claim = site.made(f"/tasks/{task}/claims", token, {})["claim_id"]
    page = screens.desk(f"/office/needs/{task}/site-code", site.organiser)
    roster = screens.desk(f"/office/needs/{task}/roster", site.organiser, size=PHONE)
    digits = page.inner_text(".site-digits")
    assert "0 人已签到" in page.inner_text(".site-counts")
    roster.check("input[name=claim_ids]")
    site.clock.advance(seconds=31)
    code = site.get(f"/tasks/{task}/site-code", site.organiser).json()["digits"]
    site.made(f"/claims/{claim}/sign-in", token, {"site_code": code})
    page.wait_for_selector(".site-counts >> text=1 人已签到", timeout=5_000)
    assert digits != page.inner_text(".site-digits")
    roster.wait_for_selector(".roster >> text=已签到", timeout=5_000)
    assert roster.is_checked("input[name=claim_ids]")
    assert 0 == len(roster.query_selector_all("details[open]"))
