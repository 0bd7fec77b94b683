"""The pictures of docs/pictures: main pages of the demonstration, as they look now.

``make pictures`` tells the demonstration into a folder of its own, serves it, becomes each
guest by one click as a visitor does, and takes the pictures anew; given the address of a bank that
is served already (`python -m tests.pictures http://127.0.0.1:8000/b/demo`), it looks there. No test
reads them.
"""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.screens import DESK, PHONE

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
_PROGRAM = [sys.executable, "-m", "api"]
_COLOURS = 256
_SETTLED_MS = 600
_PLAIN, _LARGE, _DARK, _ENGLISH = (
    "zh.plain.light",
    "zh.large.light",
    "zh.plain.dark",
    "en.plain.light",
)

# name of the picture, guest, page, look, screen
SHOTS = (
    ("front", None, "", _PLAIN, PHONE),
    ("front-large", None, "", _LARGE, PHONE),
    ("demonstration", None, "/demonstration", _PLAIN, PHONE),
    ("needs", None, "/needs", _PLAIN, PHONE),
    ("wall", None, "/wall", _PLAIN, {"width": 960, "height": 540}),
    ("figures", None, "/figures", _PLAIN, DESK),
    ("home", "volunteer", "/me", _PLAIN, PHONE),
    ("home-large", "volunteer", "/me", _LARGE, PHONE),
    ("home-dark", "volunteer", "/me", _DARK, PHONE),
    ("home-english", "volunteer", "/me", _ENGLISH, PHONE),
    ("code", "volunteer", "/me/code", _PLAIN, PHONE),
    ("code-large", "volunteer", "/me/code", _LARGE, PHONE),
    ("tasks", "volunteer", "/tasks", _PLAIN, PHONE),
    ("tasks-large", "volunteer", "/tasks", _LARGE, PHONE),
    ("statement", "volunteer", "/me/statement", _PLAIN, PHONE),
    ("statement-large", "volunteer", "/me/statement", _LARGE, PHONE),
    ("till", "cashier", "/till", _PLAIN, PHONE),
    ("till-large", "cashier", "/till", _LARGE, PHONE),
    ("today", "cashier", "/till/today", _PLAIN, PHONE),
    ("waits", "organiser", "/office", _PLAIN, DESK),
    ("office-needs", "organiser", "/office/needs", _PLAIN, DESK),
    ("calendar", "organiser", "/office/needs/calendar", _PLAIN, DESK),
    ("members", "organiser", "/office/members", _PLAIN, DESK),
    ("reviews", "reviewer", "/office/reviews", _PLAIN, DESK),
    ("ranking", "community_head", "/office/ranking", _PLAIN, DESK),
    ("office-figures", "auditor", "/office/figures", _PLAIN, DESK),
    ("shop", "shop_owner", "/shop", _PLAIN, DESK),
)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Tell the demonstration and serve it; gives the address of its pages once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    database = f"sqlite:///{folder / 'demo.db'}"
    server = subprocess.Popen(
        [*_PROGRAM, "demo", "--database", database, "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(address):
            assert server.poll() is None, "the demonstration ended before it was served"
            time.sleep(0.2)
        yield f"{address}/b/demo"
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/healthz").is_success
    except httpx2.TransportError:
        return False


def _become(browser: Browser, url: str, guest: str | None, look: str, size: dict[str, int]) -> Page:
    context = browser.new_context(
        viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce"
    )
    context.add_cookies([{"name": "cb-look", "value": look, "url": url}])
    page = context.new_page()
    if guest is not None:
        page.goto(f"{url}/demonstration")
        with page.expect_navigation():
            page.locator(f'form[action$="/demonstration/{guest}"] button').first.click()
    return page


def _take(url: str) -> None:
    """Take every picture of the demonstration that is served there."""
    assert CHROMIUM is not None, "this needs a chromium; make system installs it"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for name, guest, path, look, size in SHOTS:
            page = _become(browser, url, guest, look, size)
            page.goto(f"{url}{path}")
            page.wait_for_timeout(_SETTLED_MS)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            small = picture.quantize(_COLOURS, kmeans=1, dither=Image.Dither.NONE)
            small.save(FOLDER / f"{name}.png", optimize=True)
            page.context.close()
        browser.close()


def main(address: str | None = None) -> None:
    """Take them of a demonstration told for it, or of the one that is served at an address."""
    if address is not None:
        _take(address.rstrip("/"))
        return
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as url:
        _take(url)


if __name__ == "__main__":
    main(*sys.argv[1:])
