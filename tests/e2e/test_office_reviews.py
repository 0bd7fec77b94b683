"""The desk of who reviews, ranks and counts, in a real browser."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import expect

from creditbank.identity.roles import Role
from tests.e2e.screens import Screens
from tests.e2e.site import Site
from tests.web import new_key


def _photographed(site: Site, token: str, claim: str) -> None:
    """Add a photo to a service."""
    drawn = io.BytesIO()
    Image.new("RGB", (640, 480), (60, 140, 90)).save(drawn, "JPEG")
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": new_key(),
        "Content-Type": "application/octet-stream",
    }
    address = f"/v1/b/trust/claims/{claim}/photos"
    answer = site.client.post(address, headers=headers, content=drawn.getvalue())
    assert 201 == answer.status_code, answer.text


def test_a_service_is_looked_at_and_approved(site: Site, screens: Screens) -> None:
    """The picture opens large, the form says what is too much, and approving leads back."""
    screens.expected.append("Status Error Code 422")
    member, token = site.member()
    claim = site.served(token)
    _photographed(site, token, claim)
    page = screens.desk("/office/reviews", site.reviewer)
    expect(page.locator(".thumbs img")).to_be_visible()
    page.get_by_role("link", name="打开").click()
    assert page.locator(".thumbs img").evaluate("img => img.naturalWidth") > 0
    page.get_by_label("不通过").or_(page.get_by_role("button", name="不通过")).click()
    expect(page.locator("#problem")).to_contain_text("请检查")
    page.get_by_role("button", name="通过", exact=True).dblclick()
    expect(page.locator(".done")).to_contain_text("积分已入账")
    expect(page.get_by_text("没有等待审核的服务")).to_be_visible()
    [balance] = site.get(f"/members/{member}/balances", token).json()
    assert 10 == balance["available"]


def test_many_are_ticked_and_approved(site: Site, screens: Screens) -> None:
    """All plain ones are ticked by one tap, and what came of them is said."""
    for _ in range(3):
        site.served(site.member()[1])
    page = screens.desk("/office/reviews", site.reviewer)
    page.get_by_role("link", name="勾选无疑点的 3 项").click()
    assert 3 == page.locator("input[type=checkbox]:checked").count()
    page.get_by_role("button", name="通过勾选的").click()
    expect(page.get_by_text("本次通过 3 项")).to_be_visible()


PAGES = (
    ("/office/reviews", Role.REVIEWER),
    ("/office/reviews/decided", Role.REVIEWER),
    ("/office/lists", Role.ORGANISER),
    ("/office/rota", Role.ORGANISER),
    ("/office/pairs", Role.ORGANISER),
    ("/office/ranking", Role.ORGANISER),
    ("/office/thanks", Role.REVIEWER),
    ("/office/figures", Role.TREASURER),
    ("/office/exchange", Role.TREASURER),
    ("/office/books", Role.AUDITOR),
)
