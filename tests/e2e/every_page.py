"""Every page that can be got, found by its route, and shown in a browser to a role that may.

The pages come from the app's own routes, their addresses from one world with something in it
(`tests.world`), so a new page is looked at without being listed anywhere.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import Browser, BrowserContext, Page, Request

from api.edge.cookies import Door, door_of
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.vault import Vault
from creditbank.identity.roles import Role
from tests import matrix, matrix_pages, web, world
from tests.conftest import START
from tests.e2e import site as sites
from tests.e2e.screens import PHONE
from tests.e2e.site import RunningClock
from tests.matrix import Operation
from tests.web import new_key
from tests.world import NOBODY, OWN, World
from tests.world_builder import PIN

SIDES = ("public", "member", "till", "office")
# Who is asked first of those who may; the first one sees the page.
FIRST = (
    *(Role.MEMBER, Role.CASHIER, Role.ORGANISER, Role.SHOP_OWNER, Role.REVIEWER),
    *(Role.COMMUNITY_HEAD, Role.TREASURER, Role.AUDITOR, Role.OPERATOR, NOBODY),
)
SCANNER = "zxing"
# What this world does not come to, and who looks at it: `test_till`, and the
# pages of a demonstration or of a confirmation in tests/integration.
ELSEWHERE = {
    f"GET {matrix_pages.PREFIX}{path}"
    for path in (
        "/me/confirmations/{claim_id}",
        "/till/redemptions/{redemption_id}",
        "/demonstration",
        "/sign-in/code",
        "/office/assists/{assist_id}",
    )
}


@dataclass
class Town:
    """A world behind a server: its addresses, and who is who."""

    origin: str
    made: World
    client: httpx2.Client

    def address(self, one: Operation) -> str:
        """Where a page of one's own things is."""
        request = one.written(self.made.ids[OWN])
        return str(httpx2.URL(f"{self.origin}{request['url']}", params=request["params"] or {}))

    def get(self, one: Operation, role: str) -> httpx2.Response:
        """Get a page as a role."""
        headers = matrix_pages.who(one.path, self.made.headers[role])
        return self.client.get(self.address(one), headers=headers, follow_redirects=False)

    def cookies(self, role: str, look: str) -> list[dict[str, Any]]:
        """The cookies of a role's browser: at every door the same secret."""
        said = {"cb-look": look}
        for path in ("/b/{slug}/me", "/b/{slug}/office", "/b/{slug}/till"):
            cookie = matrix_pages.who(path, self.made.headers[role]).get("Cookie", "")
            name, _, value = cookie.partition("=")
            said |= {name: value} if name else {}
        return [{"name": name, "value": said[name], "url": self.origin} for name in said]


@contextmanager
def town(migrated: Path, folder: Path) -> Iterator[Town]:
    """The world on a server whose clock runs on from when the world was made."""
    path, vault = folder / "town.db", folder / "town.keys"
    shutil.copyfile(migrated, path)
    clock = ManualClock(START)
    with web.opened(Database(f"sqlite:///{path}", clock=clock, vault=Vault(vault)), clock) as api:
        made = world.build(api)
    running = RunningClock(made.at)
    database = Database(f"sqlite:///{path}", clock=running, vault=Vault(vault))
    with sites.serving(database) as served, httpx2.Client(timeout=30) as client:
        _begin_turn(client, served.origin, made)
        yield Town(served.origin, made, client)


def _begin_turn(client: httpx2.Client, origin: str, made: World) -> None:
    body = {"cashier_id": made.ids[OWN]["cashier_id"], "pin": PIN}
    headers = made.headers[Role.CASHIER] | {"Idempotency-Key": new_key()}
    begun = client.post(f"{origin}/v1/b/trust/till/cashier", headers=headers, json=body)
    assert begun.status_code == 200, begun.text


def side_of(one: Operation) -> str:
    """Which side of the house a page is on."""
    door = door_of(one.path.replace("{slug}", "trust"))
    if door is not Door.RESIDENT:
        return door.name.lower()
    return "member" if one.path.startswith(f"{matrix_pages.PREFIX}/me") else "public"


@dataclass
class Found:
    """The pages of a side: who sees which; and those that nobody sees."""

    shown: list[tuple[Operation, str]] = field(default_factory=list)
    parts: list[tuple[Operation, str]] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def found(here: Town, side: str, *, by_all: bool = False) -> Found:
    """Get every page of a side, as whoever may first, or as all who may."""
    several = Found()
    for one in matrix.operations().values():
        if not one.is_page or one.method != "GET" or side_of(one) != side or _streams(one):
            continue
        seen = 0
        for role in FIRST:
            if seen and not by_all:
                break
            got = here.get(one, role)
            if got.status_code != 200:
                continue
            seen += 1
            if "<!doctype html>" in got.text[:200].lower():
                several.shown.append((one, role))
            else:
                several.parts.append((one, role))
        if not seen and one.name not in ELSEWHERE:
            several.unseen.append(f"{one.name}: {here.get(one, FIRST[0]).status_code}")
    return several


def _streams(one: Operation) -> bool:
    return one.path.endswith("/live")


class Visit:
    """A browser's page of one role, which is weighed and watched."""

    def __init__(self, browser: Browser, here: Town, role: str, look: str) -> None:
        """Open it, with the cookies of the role."""
        self.here = here
        self.context: BrowserContext = browser.new_context(
            viewport=PHONE,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            permissions=["camera"],
            service_workers="block",
        )
        self.context.add_cookies(here.cookies(role, look))  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._stays)
        self._wire = self.context.new_cdp_session(self.page)
        self._wire.send("Network.enable")
        self._wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self._urls: dict[str, str] = {}
        self._bytes: dict[str, int] = {}
        self._wire.on("Network.requestWillBeSent", self._asked)
        self._wire.on("Network.loadingFinished", self._got)

    def _stays(self, request: Request) -> None:
        if not request.url.startswith((self.here.origin, "data:", "blob:")):
            self.faults.append(f"left the origin: {request.url}")

    def _asked(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _got(self, event: dict[str, Any]) -> None:
        url = self._urls.get(event["requestId"], "")
        self._bytes[url] = int(event["encodedDataLength"])

    def open(self, one: Operation) -> None:
        """Go to a page, and begin to weigh."""
        self._bytes.clear()
        self.faults.clear()
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.page.goto(self.here.address(one), wait_until="load")

    def slow_down(self, *, cpu: int, bytes_s: int, latency_ms: int) -> None:
        """Be a slow phone in a bad network."""
        self._wire.send("Emulation.setCPUThrottlingRate", {"rate": cpu})
        speed = {"downloadThroughput": bytes_s, "uploadThroughput": bytes_s}
        network = {"offline": False, "latency": latency_ms} | speed
        self._wire.send("Network.emulateNetworkConditions", network)

    def weight(self) -> tuple[int, int]:
        """What was loaded, compressed: without the scanner, and the scanner."""
        scanner = sum(size for url, size in self._bytes.items() if SCANNER in url)
        return sum(self._bytes.values()) - scanner, scanner

    def close(self) -> None:
        """Close it."""
        self.context.close()
