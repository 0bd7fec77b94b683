"""The whole loop in real browsers: posted, claimed, signed in and out, approved, paid, proven.

What single pages do alone when cameras, networks and fingers fail is tried where those pages are:
``test_till`` (camera refused, none, a code that is over, a photo, the network gone), ``test_code``
(PIN on the phone, network off, codes that end), ``test_tasks`` (scanning in and out).
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.camera import Camera
from tests.e2e.loop import TITLE, WAIT_MS, Loop
from tests.e2e.screens import Screens, sideways, too_small
from tests.e2e.site import Site

NARROW = {"width": 320, "height": 640}


@pytest.mark.parametrize(
    ("look", "size"),
    [("zh.plain.light", None), ("zh.large.dark", NARROW), ("en.plain.light", None)],
    ids=["phone", "elder-narrow", "english"],
)
def test_the_whole_loop(
    site: Site,
    screens: Screens,
    camera: Camera,
    look: str,
    size: dict[str, int] | None,
) -> None:
    """Posted by form, claimed, scanned in and out, approved, paid from screen to camera, proven."""
    loop = Loop(site, screens, camera, look, size)
    english = look.startswith("en")
    loop.post()
    loop.claim()
    loop.go_to("08:50")
    loop.sign("Signed in" if english else "签到成功")
    loop.go_to("09:55")
    loop.sign("Signed out" if english else "签退成功")
    loop.approve()
    assert "10" in loop.balance()
    loop.show_code()
    till = loop.scan()
    expect(till.get_by_text("最多可用")).to_be_visible()
    loop.take(till)
    phone = loop.phone
    expect(till.get_by_role("heading", name="收到信义贝 3 个")).to_be_visible(timeout=WAIT_MS)
    expect(phone.locator("#stage h2")).to_have_text("Paid" if english else "已支付")
    assert not sideways(phone)
    assert [] == too_small(phone, 60 if "large" in look else 44)
    assert "/till/receipts/" in till.url
    expect(till.locator(".slip")).to_contain_text("¥56.90")
    phone.goto(f"{site.url}/me/statement")
    lines = phone.locator(".rows.moves > li")
    expect(lines.first).to_contain_text("−3")
    expect(lines.nth(1)).to_contain_text("+10")
    if not english:
        expect(lines.nth(1)).to_contain_text(TITLE)
    left = {one["asset"]: one["available"] for one in _balances(loop)}
    assert 7 == left["XYB"]


def _balances(loop: Loop) -> list[dict[str, int]]:
    path = f"/members/{loop.member_id}/balances"
    found: list[dict[str, int]] = loop.site.get(path, loop.token).json()
    return found
