"""One Chromium for each file, a server for each test, and screens of phones, tills and desks.

Every screen is watched: a fault in a script, a request to another origin, or a server's fault
fails the test that opened it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from creditbank.core.database import Database
from tests.e2e import site as sites
from tests.e2e.camera import Camera
from tests.e2e.screens import Screens
from tests.e2e.site import RunningClock, Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Chromium nothing here can run, and says so."""
    if CHROMIUM is None:
        here = Path(__file__).parent
        for item in items:
            if here in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="there is no chromium on this machine"))


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """The driver of the browser; it holds an event loop, so it ends before other tests run."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """What the camera of every screen sees; it sees nothing at first."""
    return Camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg")


@pytest.fixture(scope="module")
def chromium(playwright: Playwright, camera: Camera) -> Iterator[Browser]:
    """The browser."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, f"--use-file-for-fake-video-capture={camera.path}"],
    )
    yield browser
    browser.close()


@pytest.fixture
def running_clock() -> RunningClock:
    """The machine's clock, that can be set forward."""
    return RunningClock()


@pytest.fixture
def site(_migrated_sqlite: Path, tmp_path: Path, running_clock: RunningClock) -> Iterator[Site]:
    """A bank on a real server."""
    path = tmp_path / "site.db"
    shutil.copyfile(_migrated_sqlite, path)
    database = Database(f"sqlite:///{path}", clock=running_clock)
    with sites.running(database, running_clock) as running:
        yield running


@pytest.fixture
def screens(chromium: Browser, site: Site) -> Iterator[Screens]:
    """Screens in front of the site."""
    opened = Screens(chromium, site)
    yield opened
    opened.close()
