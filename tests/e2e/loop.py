"""The whole loop by hand-like steps, on the screens of an organiser, a volunteer and a shop.

Whatever a camera sees here is a picture of another screen, as it stands there at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.e2e.camera import Camera
from tests.e2e.screens import PHONE, TABLET, Screens
from tests.e2e.site import Site

SHANGHAI = ZoneInfo("Asia/Shanghai")
TITLE = "楼道扶手擦拭"
WAIT_MS = 20_000


@dataclass
class Loop:
    """Who takes part, on which screens, and what the steps found out."""

    site: Site
    screens: Screens
    camera: Camera
    look: str = "zh.plain.light"
    phone_size: dict[str, int] | None = None

    def __post_init__(self) -> None:
        """Let there be a community, a category, a volunteer and a shop."""
        site = self.site
        self.member_id, self.token = site.member("李桂兰")
        site.made("/categories", site.operator, {"code": "clean", "name": "环境整治"})
        _, _, self.till_token = site.shop()
        size = self.phone_size or PHONE
        self.desk = self.screens.desk("/office/needs/new", site.organiser)
        self.phone = self.screens.phone("/tasks", self.token, size=size, look=self.look)

    def post(self) -> None:
        """The organiser posts a need by form: filled in, looked at, published."""
        desk = self.desk
        desk.get_by_label("标题").fill(TITLE)
        desk.get_by_label("类别").select_option(label="环境整治")
        desk.get_by_label("地点").fill("三号楼")
        desk.get_by_label("日期").fill(self._tomorrow())
        desk.get_by_label("开始").fill("09:00")
        desk.get_by_label("结束", exact=True).fill("10:00")
        desk.get_by_label("信义贝", exact=True).fill("10")
        desk.get_by_role("button", name="下一步").click()
        desk.get_by_role("button", name="发布", exact=True).click()
        expect(desk.locator(".done")).to_be_visible()
        self.task_id = desk.url.partition("?")[0].rpartition("/")[2]

    def _tomorrow(self) -> str:
        return f"{self.site.clock.now().astimezone(SHANGHAI) + timedelta(days=1):%Y-%m-%d}"

    def go_to(self, text: str) -> None:
        """Let the clock be so late on the day of the task."""
        now = self.site.clock.now()
        wanted = datetime.fromisoformat(f"{self._day}T{text}:00+08:00")
        self.site.clock.advance(seconds=(wanted - now).total_seconds())

    def claim(self) -> None:
        """The volunteer finds it on the phone and takes part."""
        phone = self.phone
        self._day = self._tomorrow()
        phone.goto(f"{self.site.url}/tasks")
        phone.get_by_role("link", name=TITLE).click()
        phone.locator("form[action$='/claims'] button").first.click()
        expect(phone.locator(".done")).to_be_visible()

    def sign(self, way: str) -> None:
        """The phone's camera sees the organiser's screen: in, or out."""
        desk, phone = self.desk, self.phone
        desk.goto(f"{self.site.url}/office/needs/{self.task_id}/site-code")
        self.camera.see(desk.locator(".site-qr").screenshot())
        phone.goto(f"{self.site.url}/me/scan")
        expect(phone.locator(".done")).to_contain_text(way, timeout=WAIT_MS)
        self.camera.see_nothing()

    def approve(self) -> None:
        """Somebody else looks at it and approves."""
        other = self.screens.desk("/office/reviews", self.site.reviewer)
        other.locator("input[name='claim'], input[name='looked']").first.check()
        other.get_by_role("button", name="通过勾选的").click()
        expect(other.get_by_text("本次通过 1 项")).to_be_visible()

    def balance(self) -> str:
        """What the first page of the phone says."""
        self.phone.goto(f"{self.site.url}/me")
        return self.phone.locator(".hero").first.inner_text()

    def show_code(self) -> None:
        """The phone shows its code, and the till's camera sees the phone."""
        self.phone.goto(f"{self.site.url}/me/code")
        picture = self.phone.locator("#code-card .qr")
        expect(picture).to_be_visible()
        self.camera.see(picture.screenshot())

    def scan(self, cart: str = "59.90") -> Page:
        """The cashier types the bill and scans."""
        till = self.screens.till("/till", self.till_token, size=TABLET)
        till.locator("#f-cart").fill(cart)
        till.get_by_role("button", name="扫顾客的付款码").click()
        expect(till.locator("[data-take]")).to_be_visible(timeout=WAIT_MS)
        return till

    def take(self, till: Page) -> None:
        """The cashier takes the points."""
        till.locator("[data-take]").click()
