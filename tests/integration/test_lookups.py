"""Callers are looked up anew for every request, and those who ask together share one look."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from sqlalchemy import event
from starlette.types import ASGIApp, Message

from api import tokens
from api.edge import lookups as lookups_of
from api.edge.callers import Claimed
from api.edge.lookups import Lookups
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.web import OPERATOR, Web, new_key, opened

R = TypeVar("R")
UNKNOWN = "cbt_" + "0" * 43


class Turns:
    """How many transactions the readers began, and statements they ran; none ends while held."""

    def __init__(self, database: Database) -> None:
        self.begun = 0
        self.statements = 0
        self.free = threading.Event()
        event.listen(database.reader._engine, "begin", self._began)
        event.listen(database.reader._engine, "before_cursor_execute", self._ran)

    def _began(self, _connection: object) -> None:
        self.begun += 1

    def _ran(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.statements += "FROM token" in statement
        assert self.free.wait(30), "somebody lets it go on"


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as web:
        yield web


def claimed(web: Web, secret: str) -> Claimed:
    """What a request says with a token."""
    return Claimed(web.bank.bank_id, secret, is_token=True)


def on_a_loop(work: Callable[[], Coroutine[Any, Any, R]]) -> R:
    """Run something on an event loop of its own."""
    return asyncio.run(work())


def test_thirty_who_ask_together_take_two_turns(api: Web) -> None:
    """The first goes at once, all that come meanwhile go together; each is told its own."""
    till_ids = [api.till(api.shop()[0]) for _ in range(5)]
    known = {api.token(Role.TILL, till_id=one): one for one in till_ids}
    turns = Turns(api.database)

    async def ask() -> list[Any]:
        lookups = Lookups()
        asked = []
        for secret in [*known, UNKNOWN] * 5:
            asked.append(asyncio.ensure_future(lookups.find(api.database, claimed(api, secret))))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        turns.free.set()
        return await asyncio.gather(*asked)

    people = on_a_loop(ask)
    assert [*till_ids, None] * 5 == [one and one.till_id for one in people]
    assert (2, 2) == (turns.begun, turns.statements)


def test_a_token_is_dead_for_whoever_asks_after_it_was_revoked(api: Web) -> None:
    """Also when a look that began before is under way still."""
    token = api.token(Role.AUDITOR)
    person = api.token(Role.AUDITOR)
    known = api.database.reader.submit_install(
        lambda c: tokens.find(c, api.bank.bank_id, token, api.clock.now())
    ).result()
    assert known is not None

    def revoke(unit: Any) -> None:
        tokens.revoke(unit, token_id=known.token.token_id, key=new_key())

    has_read, free = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        has_read.set()
        assert free.wait(30), "somebody lets it go on"

    async def ask() -> tuple[Any, Any, Any]:
        lookups = Lookups()
        first = asyncio.ensure_future(lookups.find(api.database, claimed(api, token)))
        await asyncio.to_thread(has_read.wait, 30)
        await api.database.writer.run(api.bank.bank_id, OPERATOR, revoke)
        later = asyncio.ensure_future(lookups.find(api.database, claimed(api, token)))
        other = asyncio.ensure_future(lookups.find(api.database, claimed(api, person)))
        await asyncio.sleep(0)
        assert not first.done()
        free.set()
        assert await first is not None
        return await later, await other, await lookups.find(api.database, claimed(api, token))

    event.listen(api.database.reader._engine, "after_cursor_execute", hold)
    later, other, last = on_a_loop(ask)
    event.remove(api.database.reader._engine, "after_cursor_execute", hold)
    assert later is None
    assert other is not None
    assert last is None


def test_who_goes_away_disturbs_nobody(api: Web) -> None:
    """A request that is cancelled while its look is under way or waits: the others are told."""
    token = api.token(Role.AUDITOR)

    async def ask() -> list[Any]:
        lookups = Lookups()
        asked = [
            asyncio.ensure_future(lookups.find(api.database, claimed(api, token))) for _ in range(9)
        ]
        await asyncio.sleep(0)
        for one in asked[::3]:
            one.cancel()
        told = await asyncio.gather(*asked, return_exceptions=True)
        return [*told, await lookups.find(api.database, claimed(api, token))]

    told = on_a_loop(ask)
    gone = [isinstance(one, asyncio.CancelledError) for one in told]
    assert [True, False, False] * 3 + [False] == gone
    assert {True} == {one.active for one, is_gone in zip(told, gone, strict=True) if not is_gone}


def test_a_fault_is_told_to_those_who_shared_it_only(api: Web) -> None:
    """Everyone of that look hears it; the next look is a new one."""
    broken = [True]

    def fail(*_: object) -> None:
        if broken[0]:
            raise RuntimeError("no database")

    event.listen(api.database.reader._engine, "before_cursor_execute", fail)
    token = api.token(Role.AUDITOR)

    async def ask() -> list[Any]:
        lookups = Lookups()
        asked = (lookups.find(api.database, claimed(api, token)) for _ in range(4))
        told = await asyncio.gather(*asked, return_exceptions=True)
        broken[0] = False
        return [*told, await lookups.find(api.database, claimed(api, token))]

    *told, last = on_a_loop(ask)
    event.remove(api.database.reader._engine, "before_cursor_execute", fail)
    assert [RuntimeError] * 4 == [type(one) for one in told]
    assert last is not None


def test_a_look_that_hangs_holds_nobody_who_asks_later(
    api: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as on a connection that is dead: after a while the next to ask begins another look."""
    monkeypatch.setattr(lookups_of, "_PATIENCE_S", 0.05)
    token, free, first = api.token(Role.AUDITOR), threading.Event(), [True]

    def hang(*_: object) -> None:
        if first and first.pop():
            free.wait(30)

    async def ask() -> list[Any]:
        lookups = Lookups()
        stuck = asyncio.ensure_future(lookups.find(api.database, claimed(api, token)))
        await asyncio.sleep(0.01)
        behind = asyncio.ensure_future(lookups.find(api.database, claimed(api, token)))
        await asyncio.sleep(0.1)
        later = asyncio.ensure_future(lookups.find(api.database, claimed(api, token)))
        done, _ = await asyncio.wait({behind, later}, timeout=5)
        free.set()
        assert {behind, later} == done
        return [await stuck, await behind, await later]

    event.listen(api.database.reader._engine, "before_cursor_execute", hang)
    told = on_a_loop(ask)
    event.remove(api.database.reader._engine, "before_cursor_execute", hang)
    assert {True} == {one.active for one in told}


def test_many_at_once_are_all_told(api: Web) -> None:
    """More than one look takes."""
    token = api.token(Role.AUDITOR)

    async def ask() -> list[Any]:
        lookups = Lookups()
        asked = (lookups.find(api.database, claimed(api, token)) for _ in range(600))
        return await asyncio.gather(*asked)

    assert {True} == {one.active for one in on_a_loop(ask)}


# Payments that arrive together ------------------------------------------------------------------


async def _answered(app: ASGIApp, token: str, key: str, code: str) -> int:
    """Hand one payment to the app, without a socket; returns the status."""
    body = json.dumps({"code": code, "cart_fen": 3000}).encode()
    said = {"authorization": f"Bearer {token}", "idempotency-key": key}
    headers = said | {"content-type": "application/json", "content-length": str(len(body))}
    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/b/trust/scan-and-redeem",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("testclient", 50000),
    }
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    await app(scope, receive, send)
    return statuses[0]


async def _pay_and_leave(app: ASGIApp, token: str, codes: dict[str, str]) -> list[Any]:
    """Pay all at once; every fourth hangs up, each at another moment."""
    paying = [asyncio.ensure_future(_answered(app, token, *one)) for one in codes.items()]
    for steps, one in enumerate(paying[::4]):
        for _ in range(3 * steps):
            await asyncio.sleep(0.001)
        one.cancel()
    return await asyncio.gather(*paying, return_exceptions=True)


def test_a_client_that_goes_away_disturbs_no_other_payment(api: Web) -> None:
    """The others are paid; what became of its own, a replay of its key tells, once for all."""
    *_, token = api.shop()
    people = [api.earned(10) for _ in range(12)]
    codes = {
        new_key(): str(api.made(f"/members/{one}/pay-codes", own)["digits"]) for one, own in people
    }
    portal = api.client.portal
    assert portal is not None, "the app is running"
    statuses = portal.call(_pay_and_leave, api.client.app, token, codes)
    stayed = [one for nth, one in enumerate(statuses) if nth % 4]
    assert [200] * 9 == stayed
    for (key, code), (member_id, own) in zip(codes.items(), people, strict=True):
        body = {"code": code, "cart_fen": 3000}
        paid = api.post("/scan-and-redeem", token, body, key=key)
        assert (200, "paid") == (paid.status_code, paid.json().get("state")), paid.text
        assert paid.json() == api.post("/scan-and-redeem", token, body, key=key).json()
        (balance,) = api.get(f"/members/{member_id}/balances", own).json()
        assert 10 - paid.json()["points"] == balance["available"] < 10
