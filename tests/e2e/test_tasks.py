"""A task on a phone: claimed, the site's code scanned through the camera, a photo added."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import ViewportSize, expect

from tests.e2e.camera import Camera
from tests.e2e.screens import Screens
from tests.e2e.site import Site

NARROW: ViewportSize = {"width": 320, "height": 640}


def site_code(site: Site, task: str) -> bytes:
    """What the screen at the site shows now."""
    return site.get(f"/tasks/{task}/site-code.png", site.organiser).content


def test_claim_scan_in_and_out_by_the_camera(site: Site, screens: Screens, camera: Camera) -> None:
    """Tapped twice it is one claim; what the camera sees signs in, later out; both are said."""
    _, token = site.member("张三")
    task = site.publish(title="陪独居老人就医")
    page = screens.phone("/tasks", token)
    page.get_by_role("link", name="陪独居老人就医").click()
    page.get_by_role("button", name="我要报名").dblclick()
    expect(page.locator(".done")).to_contain_text("报名成功")
    assert 1 == len(site.get(f"/tasks/{task}/claims", site.organiser).json())
    camera.see(site_code(site, task))
    page.get_by_role("link", name="扫现场码签到").click()
    expect(page.locator(".done")).to_contain_text("签到成功", timeout=15_000)
    site.clock.advance(minutes=60)
    camera.see(site_code(site, task))
    page.get_by_role("link", name="扫现场码签退").click()
    expect(page.locator(".done")).to_contain_text("签退成功", timeout=15_000)
    large = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(large, "JPEG", quality=95)
    assert len(large.getvalue()) > 1_500_000
    page.set_input_files(
        "#f-photo", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": large.getvalue()}
    )
    expect(page.locator("[data-preview] img")).to_be_visible()
    page.get_by_role("button", name="上传照片").click()
    expect(page.locator(".photos img")).to_be_visible()


def test_typed_digits_after_a_wrong_one(site: Site, screens: Screens) -> None:
    """Without a camera a wrong code is refused on the open page, and the right one goes through."""
    screens.expected.append("Code 409")
    _, token = site.member("张三")
    task = site.publish()
    site.made(f"/tasks/{task}/claims", token, {})
    page = screens.phone("/me/scan", token, camera=False)
    page.get_by_label("现场码的 18 位数字").fill("123456")
    page.get_by_role("button", name="输好了").click()
    expect(page.locator("#problem")).to_contain_text("这不是现场码")
    code = site.get(f"/tasks/{task}/site-code", site.organiser).json()["digits"]
    page.get_by_label("现场码的 18 位数字").fill(code)
    page.get_by_role("button", name="输好了").click()
    expect(page.locator(".done")).to_contain_text("签到成功")
