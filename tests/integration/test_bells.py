"""Bells: screens are told to look again after a commit, never before, and never in vain."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from api.edge.bells import LISTENERS_MOST, Bells
from creditbank.core import keys
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Declined, Unit
from creditbank.people.errors import MemberNotFound
from tests.web import OPERATOR, Web, new_key, opened


@keys.keyed
def greet(unit: Unit, *, key: str, who: str) -> int:  # noqa: ARG001
    """Ring."""
    unit.ring(who)
    return 1


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as api:
        yield api


@pytest.fixture
def rung(web: Web) -> list[tuple[int, frozenset[str]]]:
    """Who was rung, in order."""
    heard: list[tuple[int, frozenset[str]]] = []
    web.database.writer.on_commit = lambda bank_id, holders: heard.append((bank_id, holders))
    return heard


def _write(web: Web, work: Callable[[Unit], object]) -> object:
    """Run a unit; who waits is told after whoever watches."""
    return web.database.write(web.bank.bank_id, OPERATOR, work)


def test_what_was_committed_rings_once(web: Web, rung: list[tuple[int, frozenset[str]]]) -> None:
    """Each holder named in a unit is rung once, after its commit; a unit of nobody rings none."""
    _write(web, lambda unit: unit.ring("mem_a", "mem_b"))
    _write(web, lambda _: None)
    assert [(web.bank.bank_id, frozenset({"mem_a", "mem_b"}))] == rung


def test_the_ring_comes_after_the_commit(web: Web) -> None:
    """When the bell rings, another connection sees what was written."""
    seen: list[bool] = []
    key, kept = new_key(), keys.keys

    def look(bank_id: int, _: frozenset[str]) -> None:
        wanted = select(kept.c.key).where(kept.c.bank_id == bank_id, kept.c.key == key)
        found = web.database.reader.submit(bank_id, lambda view: view.rows(wanted)).result()
        seen.append(bool(found))

    web.database.writer.on_commit = look
    _write(web, lambda unit: greet(unit, key=key, who="mem_a"))
    assert [True] == seen


def test_what_was_rolled_back_rings_nobody(
    web: Web, rung: list[tuple[int, frozenset[str]]]
) -> None:
    """A refusal that leaves nothing behind rings nobody; one that must be remembered does."""

    def refused(unit: Unit) -> None:
        unit.ring("mem_a")
        raise MemberNotFound("mem_a")

    def declined(unit: Unit) -> Declined:
        unit.ring("mem_b")
        return Declined(MemberNotFound("mem_b"))

    for work in (refused, declined):
        with pytest.raises(MemberNotFound):
            _write(web, work)
    assert [(web.bank.bank_id, frozenset({"mem_b"}))] == rung


def test_a_key_sent_again_rings_no_second_time(
    web: Web, rung: list[tuple[int, frozenset[str]]]
) -> None:
    """The first outcome is told again, but nothing has changed, so no screen looks."""
    key = new_key()
    for _ in range(2):
        assert 1 == _write(web, lambda unit: greet(unit, key=key, who="mem_a"))
    assert [(web.bank.bank_id, frozenset({"mem_a"}))] == rung


def test_a_broken_bell_stops_no_writer(web: Web) -> None:
    """Whoever watches may fail: what was written is answered, and the next unit runs."""

    def broken(*_: object) -> None:
        raise RuntimeError("no loop")

    web.database.writer.on_commit = broken
    for number in (1, 2):
        assert number == _write(web, lambda unit, n=number: (unit.ring("mem_a"), n)[1])


def test_a_payment_rings_both_screens(web: Web, rung: list[tuple[int, frozenset[str]]]) -> None:
    """When a shop is paid, the member's screens and the till's are told to look."""
    member_id, token = web.earned(10)
    _, till_id, till = web.shop()
    code = web.pay_code(member_id, token)
    rung.clear()
    paid = web.post("/scan-and-redeem", till, {"code": code, "cart_fen": 3000})
    assert 200 == paid.status_code, paid.text
    web.database.write(web.bank.bank_id, OPERATOR, lambda _: None)
    assert {member_id, till_id} <= set().union(*(holders for _, holders in rung))


def test_a_listener_hears_what_is_theirs() -> None:
    """A ring wakes the screens of its holder at its bank, all of them, and nobody else's."""

    async def listened() -> dict[str, list[bool]]:
        bells = Bells()
        heard: dict[str, list[bool]] = {}

        async def listen(name: str, bank_id: int, holder: str) -> None:
            heard[name] = [said async for said in bells.listen(bank_id, holder)]

        async with asyncio.TaskGroup() as group:
            for name, of in {
                "one": (1, "mem_a"),
                "two": (1, "mem_a"),
                "other member": (1, "mem_b"),
                "other bank": (2, "mem_a"),
            }.items():
                group.create_task(listen(name, *of))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.to_thread(bells.ring, 1, ["mem_a"])
            await asyncio.sleep(0.05)
            bells.close()
        assert not bells._ears
        return heard

    expected = {"one": [True], "two": [True], "other member": [], "other bank": []}
    assert expected == asyncio.run(listened())


def test_one_listener_too_many_hears_nothing() -> None:
    """A holder has so many streams and no more; who leaves makes room."""

    async def listened() -> tuple[list[bool], int]:
        bells = Bells()
        several = [bells.listen(1, "mem_a") for _ in range(LISTENERS_MOST)]
        waiting = [asyncio.ensure_future(anext(one)) for one in several]
        await asyncio.sleep(0)
        refused = [said async for said in bells.listen(1, "mem_a")]
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
        again = asyncio.ensure_future(anext(bells.listen(1, "mem_a")))
        await asyncio.sleep(0)
        bells.ring(1, ["mem_a"])
        told = await asyncio.gather(again, *waiting[1:])
        return refused, sum(told)

    assert ([], LISTENERS_MOST) == asyncio.run(listened())


def test_a_ring_after_the_end_is_lost_quietly() -> None:
    """A commit that ends after the server's loop has ended rings nobody and harms nothing."""

    async def opened_once() -> Bells:
        return Bells()

    bells = asyncio.run(opened_once())
    bells._ears[1, "mem_a"].add(asyncio.Event())
    bells.ring(1, ["mem_a"])
    bells.close()
