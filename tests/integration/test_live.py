"""The stream of an open screen, from a real server: it says `look`, and to whom it may."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import httpx2
import pytest

from creditbank.core.database import Database
from tests.e2e.site import RunningClock, Site, running

SOON_S = 8


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A bank on a real server."""
    clock = RunningClock()
    with running(Database(database_url, clock=clock), clock) as site:
        yield site


@contextmanager
def listening(site: Site, path: str, cookie: str) -> Iterator["Queue[str]"]:
    """What a stream says, line by line, once it is open."""
    said: Queue[str] = Queue()
    opened, over = threading.Event(), threading.Event()
    address = f"{site.url}{path}"

    def listen() -> None:
        try:
            with httpx2.stream(
                "GET", address, headers={"Cookie": cookie}, timeout=SOON_S
            ) as answer:
                said.put(f"{answer.status_code} {answer.headers['content-type']}")
                for line in answer.iter_lines():
                    opened.set()
                    said.put(line)
                    if over.is_set():
                        break
        except httpx2.HTTPError:
            pass
        finally:
            opened.set()
            said.put("over")

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert opened.wait(SOON_S)
    try:
        yield said
    finally:
        over.set()
        thread.join(SOON_S)


def _until(said: "Queue[str]", wanted: str) -> list[str]:
    """What was said, up to a line."""
    heard = []
    while not heard or heard[-1] != wanted:
        heard.append(said.get(timeout=SOON_S))
    return heard


def test_a_payment_is_told_to_both_screens(site: Site) -> None:
    """When a code is scanned, the streams of its member and of the till say look, and no more."""
    member_id, token = site.earned(10)
    _, other = site.member()
    _, _, till = site.shop()
    code = site.pay_code(member_id, token)
    with (
        listening(site, "/live", f"cb-trust={token}") as phone,
        listening(site, "/live", f"cb-trust={other}") as stranger,
        listening(site, "/till/live", f"cb-trust.till={till}") as cashier,
    ):
        paid = site.post("/scan-and-redeem", till, {"code": code, "cart_fen": 3000})
        assert 200 == paid.status_code, paid.text
        for said in (phone, cashier):
            heard = _until(said, "data: now")
            assert heard[0].startswith("200 text/event-stream")
            assert set(heard[1:]) <= {"retry: 3000", "", "event: look", "data: now"}
        time.sleep(0.1)
        assert "data: now" not in [stranger.get_nowait() for _ in range(stranger.qsize())]


def test_who_is_unknown_hears_nothing(site: Site) -> None:
    """A stream is for who is signed in; without a cookie, or with a wrong one, there is none."""
    for cookie in ("", "cb-trust=cbt_" + "A" * 43, "cb-other=x"):
        got = httpx2.get(f"{site.url}/live", headers={"Cookie": cookie}, follow_redirects=False)
        assert 303 == got.status_code


def test_streams_end_when_the_server_stops(database_url: str) -> None:
    """A server that is told to stop ends its streams, and so does not wait for them."""
    clock = RunningClock()
    with running(Database(database_url, clock=clock), clock) as site:
        _, token = site.member()
        with listening(site, "/live", f"cb-trust={token}") as said:
            began = time.monotonic()
            site.stop()
            assert "over" == _until(said, "over")[-1]
            took = time.monotonic() - began
    assert took < SOON_S
