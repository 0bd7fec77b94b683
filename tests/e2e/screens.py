"""Screens of people: a phone, a till, a desk; each signed in by the cookie of its door.

Every screen is watched for faults of scripts, requests that leave the origin, and faults of the
server; axe looks at a page when asked to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, Response

from api.edge.cookies import Door
from tests.e2e.site import Site

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1280, "height": 800}
_AXE = Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js"
# What Chromium calls an error: a status that a page expects, and a phone that may not tremble.
_HARMLESS = ("status of", "navigator.vibrate")
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Screens:
    """All screens of one test."""

    def __init__(self, browser: Browser, site: Site) -> None:
        """Open none yet."""
        self._browser = browser
        self._site = site
        self._contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        self.expected: list[str] = []

    def open(
        self,
        path: str = "",
        *,
        size: dict[str, int] = PHONE,
        look: str = "zh.plain.light",
        camera: bool = True,
        resident: str | None = None,
        office: str | None = None,
        till: str | None = None,
        **options: Any,
    ) -> Page:
        """Open a page of the bank on a screen of its own, signed in by secrets of doors."""
        context = self._browser.new_context(
            viewport=size,
            permissions=["camera"] if camera else [],
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        self._contexts.append(context)
        doors = {Door.RESIDENT: resident, Door.OFFICE: office, Door.TILL: till}
        cookies = {f"cb-trust{door}": secret for door, secret in doors.items() if secret}
        context.add_cookies(
            [
                {"name": name, "value": value, "url": self._site.origin}
                for name, value in (cookies | {"cb-look": look}).items()
            ]
        )
        page = context.new_page()
        self._watch(page)
        page.set_default_timeout(10_000)
        page.goto(f"{self._site.url}{path}")
        return page

    def phone(self, path: str, token: str | None, **options: Any) -> Page:
        """Open a volunteer's phone."""
        return self.open(path, resident=token, **options)

    def till(self, path: str, token: str, **options: Any) -> Page:
        """Open a cashier's phone or tablet."""
        return self.open(path, till=token, **options)

    def desk(self, path: str, token: str, **options: Any) -> Page:
        """Open an organiser's desk."""
        return self.open(path, office=token, **({"size": DESK} | options))

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("request", self._stays)
        page.on("response", self._works)
        page.on(
            "console",
            lambda said: (
                self.faults.append(f"console: {said.text}")
                if said.type == "error" and not any(one in said.text for one in _HARMLESS)
                else None
            ),
        )

    def _stays(self, request: Request) -> None:
        if not request.url.startswith((self._site.origin, "data:", "blob:")):
            self.faults.append(f"left the origin: {request.url}")

    def _works(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status} {response.url}")

    def close(self) -> None:
        """Close all of them, and say what went wrong on any, but for what was expected."""
        for context in self._contexts:
            context.close()
        told = [one for one in self.faults if not any(word in one for word in self.expected)]
        assert not told, "\n".join(told)


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds on a page against WCAG 2 A and AA, or some rules only, one line each."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text())
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _RULES}
    found: dict[str, Any] = page.evaluate(
        "only => axe.run(document, {runOnly: only, resultTypes: ['violations']})", only
    )
    return [
        f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


# What is too small to be hit: neither inline links in text nor what is hidden from everybody.
_SMALL = """least => [...document.querySelectorAll('a, button, select, summary, label.choice,' +
  ' input:not([type=hidden]), textarea')].filter(e => {
    if (e.closest('.skip, .sr-only, table')) return false;
    if (e.type === 'checkbox' || e.type === 'radio') return false;
    if (e.tagName === 'A' && getComputedStyle(e).display === 'inline') return false;
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && (box.height < least - 0.5 || box.width < least - 0.5);
  }).map(e => e.outerHTML.slice(0, 120) + ' ' + Math.round(e.getBoundingClientRect().height))"""


def too_small(page: Page, least_px: int) -> list[str]:
    """What on a page is smaller than a finger needs."""
    found: list[str] = page.evaluate(_SMALL, least_px)
    return found


def sideways(page: Page) -> bool:
    """Whether a page is wider than its screen."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )
