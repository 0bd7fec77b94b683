"""Many volunteers with the code page open at one server: each is told of their own payment."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.faults import market, program
from tests.faults.market import Holder
from tests.web import new_key

_PAGES = "/b/demo"
_WAIT_S = 30
_DIGITS = re.compile(r'<p class="code-digits">(.*?)</p>', re.DOTALL)
_CONNECTIONS = httpx2.Limits(max_connections=None, max_keepalive_connections=None)


@dataclass
class Told:
    """What came of it: seconds from the till's tap to each phone's "paid", and the server's end."""

    waited_s: list[float] = field(default_factory=list)
    unanswered: int = 0
    untold: int = 0
    rung: int = 0
    stopped_after_s: float = 0.0
    streams_ended: int = 0

    @property
    def median_ms(self) -> int:
        """The middle one of the waits."""
        return round(statistics.median(self.waited_s) * 1000)

    @property
    def longest_ms(self) -> int:
        """The longest one of the waits."""
        return round(max(self.waited_s) * 1000)


class _Phone:
    """A volunteer's phone with the code page open."""

    def __init__(self, client: httpx2.AsyncClient, who: Holder) -> None:
        self._client = client
        self._headers = {"Cookie": f"cb-demo={who.token}", "HX-Request": "true"}
        self._now = ""
        self._csrf = ""
        self.digits = ""
        self.open = asyncio.Event()
        self.paid = asyncio.Event()
        self.paid_at = 0.0
        self.rung = 0
        self.ended = False

    async def show(self) -> None:
        """Open the page."""
        page = await self._client.get(f"{_PAGES}/me/code", headers=self._headers)
        found = re.search(r'data-now="([^"]+)"', page.text)
        assert found is not None, page.text[:500]
        self._now = found[1].replace("&amp;", "&")
        word = re.search(r'data-csrf="([^"]+)"', page.text)
        assert word is not None
        self._csrf = word[1]

    async def fetch_code(self) -> None:
        """Ask for a code, as the page's script does."""
        said = {"X-CSRF-Token": self._csrf, "Idempotency-Key": new_key(), "X-Part": "code"}
        made = await self._client.post(
            f"{_PAGES}/me/code/codes", headers=self._headers | said, data={"csrf": self._csrf}
        )
        found = _DIGITS.search(made.text)
        assert found is not None, made.text[:500]
        self.digits = re.sub(r"\D", "", re.sub(r"<[^>]+>", "", found[1]))

    async def listen(self) -> None:
        """Hear the stream; look when it says so, until the server ends it."""
        address = f"{_PAGES}/live"
        async with self._client.stream("GET", address, headers=self._headers, timeout=None) as said:
            async for line in said.aiter_lines():
                self.open.set()
                if line.startswith("data:"):
                    self.rung += line == "data: now"
                    await self._look()
        self.ended = True

    async def _look(self) -> None:
        if self.paid.is_set():
            return
        stage = await self._client.get(self._now, headers=self._headers)
        if 'data-kind="paid"' in stage.text:
            self.paid_at = time.monotonic()
            self.paid.set()


async def _pay(client: httpx2.AsyncClient, till: Holder, phones: list[_Phone], told: Told) -> None:
    """Let one till scan one phone after the other."""
    for phone in phones:
        await phone.fetch_code()
        headers = {"Authorization": f"Bearer {till.token}", "Idempotency-Key": new_key()}
        tapped = time.monotonic()
        answer = await client.post(
            f"{market.BASE}/scan-and-redeem",
            headers=headers,
            json={"code": phone.digits, "cart_fen": 3000},
        )
        if answer.status_code != httpx2.codes.OK:
            told.unanswered += 1
            continue
        try:
            await asyncio.wait_for(phone.paid.wait(), _WAIT_S)
        except TimeoutError:
            told.untold += 1
        else:
            told.waited_s.append(phone.paid_at - tapped)


async def _open(origin: str, shop: market.Market, server: program.Process) -> Told:
    told = Told()
    async with (
        httpx2.AsyncClient(base_url=origin, timeout=60, limits=_CONNECTIONS) as client,
        asyncio.TaskGroup() as group,
    ):
        phones = [_Phone(client, who) for who in shop.customers]
        for phone in phones:
            await phone.show()
            group.create_task(phone.listen())
        for phone in phones:
            await phone.open.wait()
        many = len(shop.tills)
        await asyncio.gather(
            *(_pay(client, till, phones[n::many], told) for n, till in enumerate(shop.tills))
        )
        assert not any(phone.ended for phone in phones)
        began = time.monotonic()
        await asyncio.to_thread(server.stop)
        told.stopped_after_s = time.monotonic() - began
        await asyncio.sleep(0.2)
        told.streams_ended = sum(phone.ended for phone in phones)
        told.rung = sum(phone.rung > 0 for phone in phones)
    return told


def tell(url: str, folder: Path, *, people: int, tills: int) -> Told:
    """Let all of them pay while all of them look, and then stop the server."""
    shop = market.build(url, tills=tills, customers=people, points_each=100)
    port = program.free_port()
    server = program.serve(url, port, folder / "server.log")
    try:
        return asyncio.run(_open(f"http://127.0.0.1:{port}", shop, server))
    finally:
        server.kill()
