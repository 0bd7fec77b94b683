"""Public pages and the ways in, as people see them."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from creditbank.identity.roles import Role
from tests.e2e.screens import Screens, sideways, violations
from tests.e2e.site import Site
from tests.office import PHRASE, code_of
from tests.residents import resident

PAGES = ("", "/needs", "/shops", "/figures", "/sign-in", "/join", "/office/sign-in")
MORE = ("/office/invitations", "/till/pair", "/sign-out", "/shops/{shop}")
WALL = {"width": 1920, "height": 1080}
NARROW = {"width": 320, "height": 640}
NUMBER = "13800000001"


def lived_in(site: Site) -> str:
    """A bank with a need, a shop with its offer, and something earned; returns the shop."""
    site.publish(title="陪独居老人就医", place="社区卫生中心")
    site.earned(10)
    site.publish(title="小区垃圾分类引导", place="3 号楼投放点")
    merchant_id, _, _ = site.shop()
    return merchant_id


def test_the_wall_fits_and_looks_again(site: Site, screens: Screens) -> None:
    """On the screen of a hall nothing is cut off, and what is new comes without a reload."""
    lived_in(site)
    page = screens.open("/wall", size=WALL, camera=False)
    page.clock.install()
    page.reload()
    assert [] == violations(page)
    cut = page.evaluate(
        "[...document.querySelectorAll('.wall-grid section')]"
        ".filter(e => e.scrollHeight > e.clientHeight + 1).length"
    )
    assert 0 == cut
    assert not sideways(page)
    page.evaluate("window.same = true")
    site.publish(title="刚刚发布的需求")
    expect(page.get_by_text("刚刚发布的需求")).to_have_count(0)
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("刚刚发布的需求")).to_be_visible()
    assert page.evaluate("window.same")


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the server writes what it would send; to be asked for before the site."""
    path = tmp_path / "outbox.jsonl"
    monkeypatch.setenv("CREDITBANK_OUTBOX", str(path))
    return path


def code_in(path: Path) -> str:
    """The code in the last text that was sent."""
    text: str = json.loads(path.read_text().splitlines()[-1])["text"]
    return text.split("验证码 ")[1][:6]


def test_a_resident_signs_in_by_scripts(outbox: Path, site: Site, screens: Screens) -> None:
    """A wrong code is told in the open page and keeps it; the right one leads on as wanted."""
    screens.expected.append("Error Code 409")
    resident(site, NUMBER)
    page = screens.open("/sign-in?next=/b/trust/needs", camera=False)
    page.get_by_label("手机号").fill("１３８ 0000 0001")
    page.get_by_role("button", name="获取验证码").click()
    page.wait_for_url("**/sign-in/code")
    right = code_in(outbox)
    page.get_by_label("6 位验证码").fill(f"{(int(right) + 1) % 1_000_000:06}")
    page.get_by_role("button", name="登录").click()
    expect(page.locator("#problem")).to_contain_text("还可以输入 4 次")
    assert page.url.endswith("/sign-in/code")
    page.get_by_label("6 位验证码").fill(f"{right[:3]} {right[3:]}")
    page.get_by_role("button", name="登录").dblclick()
    page.wait_for_url("**/needs?done=*")
    expect(page.locator(".done")).to_contain_text("已登录")
    expect(page.get_by_role("link", name="我的")).to_be_visible()


def test_an_invitation_is_accepted_by_scripts(site: Site, screens: Screens) -> None:
    """The secret after the # fills itself in; the QR code and the recovery codes are shown once."""
    body = {"name": "赵敏", "roles": [{"role": "reviewer"}]}
    link = site.made("/staff/invitations", site.token(Role.OPERATOR), body)["invitation"]
    page = screens.open(f"/office/invitations#{link}", camera=False)
    assert link not in page.url
    page.get_by_role("button", name="打开邀请").click()
    expect(page.locator("svg.qr")).to_be_visible()
    assert [] == violations(page)
    secret = page.locator("strong.num").inner_text().replace(" ", "")
    fill(page, {"登录名": "zhao.min", "密码": PHRASE, "再输一次密码": PHRASE})
    page.get_by_label("验证器上的 6 位数字").fill(code_of(secret, site.clock))
    page.get_by_role("button", name="完成").click()
    expect(page.locator(".recovery li")).to_have_count(10)
    assert [] == violations(page)
    page.get_by_role("link", name="我已保存，继续").click()
    page.wait_for_url("**/office")


def fill(page: Page, said: dict[str, str]) -> None:
    """Fill fields in by their labels."""
    for label, text in said.items():
        page.get_by_label(label, exact=True).fill(text)
