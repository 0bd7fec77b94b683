"""The writer: answers after the commit, neighbours left alone, replays that are the same unit."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from creditbank.core import banks
from creditbank.core.banks import BankState
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.engines import LOCK_TIMEOUT_MS
from creditbank.core.errors import (
    BankSuspended,
    Busy,
    CreditbankError,
    DatabaseUnavailable,
    InsufficientPoints,
)
from creditbank.core.units import Declined, Unit
from creditbank.ledger import accounts, chart, posting
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from tests.books import ANN, BEN, OPERATOR, POINTS, SHOP, Books, moved
from tests.statements import Watch, paused

POSTGRES = pytest.mark.parametrize("backend", ["postgres"])
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in a fresh database."""
    return Books(database)


def give(unit: Unit, key: str, units: int = 1, to: str = ANN) -> posting.Transfer:
    """Post some units to a member."""
    postings = (moved(chart.ISSUANCE, chart.member(to), units),)
    return posting.post(unit, posting.Draft(Kind.ISSUE, key, unit.now, postings))


def keys_seen_from_outside(database_url: str) -> set[str]:
    """The keys of all transfers, read over a connection that is not ours."""
    url = make_url(database_url)
    question = "SELECT key FROM transfer"
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database))) as raw:
            return {row[0] for row in raw.execute(question)}
    with psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database) as pg:
        return {row[0] for row in pg.execute(question).fetchall()}


@contextmanager
def held_up(books: Books) -> Iterator[None]:
    """Keep every writer thread busy, so that what is submitted meanwhile queues up."""
    release, busy = threading.Event(), threading.Barrier(len(books.database.writer._threads) + 1)

    def wait(_connection: Connection, _now: datetime) -> None:
        busy.wait(10)
        release.wait(10)

    waiting = [books.database.writer.submit_install(wait) for _ in books.database.writer._threads]
    busy.wait(10)
    yield
    release.set()
    for one in waiting:
        one.result()


def test_the_answer_exists_only_after_the_commit(books: Books, database_url: str) -> None:
    """When the future resolves, another connection sees the row; one that asks earlier does not."""
    seen_inside: list[set[str]] = []
    seen_at_answer: queue.SimpleQueue[set[str]] = queue.SimpleQueue()

    def work(unit: Unit) -> str:
        give(unit, "first")
        seen_inside.append(keys_seen_from_outside(database_url))
        return "done"

    future = books.database.writer.submit(books.bank_id, OPERATOR, work)
    future.add_done_callback(lambda _: seen_at_answer.put(keys_seen_from_outside(database_url)))
    assert "done" == future.result()
    assert ([set()], {"first"}) == (seen_inside, keys_seen_from_outside(database_url))
    assert {"first"} == seen_at_answer.get(timeout=10)


def test_a_refused_unit_leaves_its_neighbours_alone(books: Books) -> None:
    """Of units that wait together, those that raise leave nothing and the others everything."""

    def good(number: int) -> Callable[[Unit], str]:
        return lambda unit: give(unit, f"good/{number}").transfer_id

    def bad(number: int) -> Callable[[Unit], str]:
        def work(unit: Unit) -> str:
            give(unit, f"bad/{number}", to=BEN)
            if number == 1:
                raise InsufficientPoints(POINTS, 0, 1)
            if number == 2:
                raise ValueError(number)
            unit.run(transfers.insert(), {"bank_id": unit.bank_id, "transfer_id": "half"})
            return "never"

        return work

    writer = books.database.writer
    with held_up(books):
        futures = [
            writer.submit(books.bank_id, OPERATOR, work)
            for number in (1, 2, 3)
            for work in (good(number), bad(number))
        ]
    expected: list[Any] = [InsufficientPoints, ValueError, DBAPIError]
    for number, (fine, failed) in enumerate(zip(futures[::2], futures[1::2], strict=True)):
        assert fine.result().startswith("trf_")
        assert isinstance(failed.exception(), expected[number])
    assert ((3, 0, 0), (0, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [] == books.wrongs()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_unit_that_stops_does_not_stop_the_writer(
    books: Books, stop: type[BaseException]
) -> None:
    """What is no Exception ends its own unit as a RuntimeError; neighbours and successors live."""

    def stopped(unit: Unit) -> None:
        give(unit, "stopped", to=BEN)
        raise stop

    writer = books.database.writer
    with held_up(books):
        before = writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, "before"))
        between = writer.submit(books.bank_id, OPERATOR, stopped)
        after = writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, "after"))
    assert isinstance(between.exception(), RuntimeError)
    assert stop is type(getattr(between.exception(), "__cause__", None))
    assert {False} == {before.result().replayed, after.result().replayed}
    for number in range(12):
        books.do(lambda unit, number=number: give(unit, f"later/{number}"))  # type: ignore[misc]
    assert ((14, 0, 0), (0, 0, 0)) == (books.holding(ANN), books.holding(BEN))


@POSTGRES
def test_a_unit_that_swallows_a_database_error_is_refused(books: Books) -> None:
    """PostgreSQL would turn its commit into a silent rollback; the caller is told instead."""

    def swallows(unit: Unit) -> str:
        give(unit, "swallowed")
        try:
            unit.run(text("INSERT INTO asset (bank_id) VALUES (:bank_id)"), {"bank_id": 1})
        except DBAPIError:
            return "all is well"
        return "never"

    with pytest.raises((AssertionError, DBAPIError)):
        books.do(swallows)
    assert (0, 0) == (books.count(transfers), books.balance(ANN).total)


def test_a_cancelled_caller_does_not_stop_the_writer(books: Books) -> None:
    """A caller who goes away before the unit starts is skipped; who comes later is served."""
    writer = books.database.writer
    with held_up(books):
        waits = writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, "gone"))
        assert waits.cancel()
        stays = writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, "stays"))
    assert not stays.result().replayed
    for number in range(12):
        books.do(lambda unit, number=number: give(unit, f"later/{number}"))  # type: ignore[misc]
    assert (13, 0, 0) == books.holding(ANN)


def test_a_caller_who_leaves_while_the_unit_runs_does_not_stop_the_writer(books: Books) -> None:
    """A cancelled task of the event loop lets its unit finish, and the writer goes on."""
    started, release = threading.Event(), threading.Event()

    def slow(unit: Unit) -> str:
        started.set()
        release.wait(10)
        return give(unit, "slow").transfer_id

    async def leave() -> None:
        task = asyncio.create_task(books.database.writer.run(books.bank_id, OPERATOR, slow))
        await asyncio.to_thread(started.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()

    asyncio.run(leave())
    books.do(lambda unit: give(unit, "next"))
    for number in range(12):
        books.do(lambda unit, number=number: give(unit, f"later/{number}"))  # type: ignore[misc]
    books.database.close()
    reopened = Database(str(books.database.url.render_as_string(hide_password=False)))
    with reopened, reopened.reader._engine.connect() as connection:
        count = connection.execute(
            text("SELECT count(*) FROM transfer WHERE bank_id = :b"), {"b": books.bank_id}
        ).scalar()
    assert 14 == count


def test_a_closed_writer_refuses_instead_of_keeping_waiting(books: Books) -> None:
    """What is queued before the end is done; what comes after it gets a typed error at once."""
    with held_up(books):
        queued = books.database.writer.submit(books.bank_id, OPERATOR, lambda u: give(u, "queued"))
        closing_thread = threading.Thread(target=books.database.writer.close)
        closing_thread.start()
    closing_thread.join(10)
    assert not queued.result().replayed
    with pytest.raises(DatabaseUnavailable):
        books.database.writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, "late"))


def test_patient_work_waits_behind_requests(books: Books) -> None:
    """A slice of a job that was queued first runs after the requests that queued up behind it."""
    order: list[str] = []
    writer = books.database.writer

    def named(name: str) -> Callable[[Unit], None]:
        return lambda _: order.append(name)

    with held_up(books):
        slices = [
            writer.submit(books.bank_id, OPERATOR, named(f"slice {number}"), patient=True)
            for number in range(2)
        ]
        requests = [writer.submit(books.bank_id, OPERATOR, named("request")) for _ in range(20)]
    for future in [*requests, *slices]:
        future.result()
    assert 22 == len(order)
    if writer._batching:
        assert ["slice 0", "slice 1"] == order[-2:]
    else:
        assert {"request"} == set(order[:8])


def test_patient_work_has_its_turn_while_requests_never_end(books: Books) -> None:
    """A slice runs although each request leaves another one behind it."""
    asked, done = [0], threading.Event()
    writer = books.database.writer

    def request(_: Unit) -> None:
        asked[0] += 1
        if not done.is_set() and asked[0] < 5_000:
            writer.submit(books.bank_id, OPERATOR, request)

    with held_up(books):
        for _ in range(32):
            writer.submit(books.bank_id, OPERATOR, request)
        patient = writer.submit(books.bank_id, OPERATOR, lambda _: done.set(), patient=True)
    patient.result()
    assert asked[0] < 5_000


def test_a_declined_unit_commits_what_it_did(books: Books) -> None:
    """A refusal that is returned reaches the caller as an error after its effects are stored."""

    def declines(unit: Unit) -> Declined:
        give(unit, "counted")
        return Declined(InsufficientPoints(POINTS, 1, 2))

    with pytest.raises(InsufficientPoints) as caught:
        books.do(declines)
    assert ((1, 0, 0), 2) == (books.holding(ANN), caught.value.required)


def test_a_post_that_is_declined_leaves_no_half_made_transfer(books: Books) -> None:
    """A unit may turn a refused post into a decline; its key is then as unused as before."""

    def declines(unit: Unit) -> Declined | posting.Transfer:
        give(unit, "counted")
        draft = posting.Draft(Kind.REDEEM, "paid", unit.now, (moved(chart.member(ANN), SHOP, 2),))
        try:
            return posting.post(unit, draft)
        except InsufficientPoints as error:
            return Declined(error)

    with pytest.raises(InsufficientPoints):
        books.do(declines)
    assert ([], 1) == (books.wrongs(), books.count(transfers))
    books.earn(ANN, 5)
    assert not books.post(moved(chart.member(ANN), SHOP, 2), key="paid").replayed


def test_now_never_falls_behind_what_the_bank_recorded(books: Books, clock: ManualClock) -> None:
    """When the clock steps back, units and views go on from the last instant in the books."""
    first = books.earn(ANN, 1)
    clock.advance(hours=-5)
    second = books.earn(ANN, 1)
    assert first.recorded_at == books.do(lambda unit: unit.now) == second.recorded_at
    assert first.recorded_at == books.see(lambda view: view.now)
    clock.advance(hours=6)
    third = books.earn(ANN, 1)
    assert timedelta(hours=1) == third.recorded_at - first.recorded_at
    assert [] == books.wrongs()


def test_now_is_taken_when_the_unit_starts(books: Books, clock: ManualClock) -> None:
    """Time spent in the queue is not lost: a hold that ran out meanwhile has run out."""
    with held_up(books):
        queued = books.database.writer.submit(books.bank_id, OPERATOR, lambda unit: unit.now)
        clock.advance(minutes=10)
    assert clock.now() == queued.result()


def test_a_bank_that_is_suspended_or_unknown_is_not_written(books: Books) -> None:
    """No unit of it is opened; reading goes on."""
    books.database.install(
        lambda connection, _: banks.set_state(connection, books.bank_id, BankState.SUSPENDED)
    )
    with pytest.raises(BankSuspended):
        books.earn(ANN, 1)
    assert (0, 0, 0) == books.holding(ANN)
    with pytest.raises(CreditbankError) as caught:
        books.database.write(99, OPERATOR, lambda unit: unit.now)
    assert "bank-not-found" == caught.value.slug


def test_no_unit_runs_on_the_callers_thread(books: Books) -> None:
    """Neither units nor views touch the database in the thread of the event loop."""

    async def where() -> tuple[str, str]:
        database = books.database
        written = await database.writer.run(
            books.bank_id, OPERATOR, lambda _: threading.current_thread().name
        )
        read = await database.reader.run(books.bank_id, lambda _: threading.current_thread().name)
        return written, read

    written, read = asyncio.run(where())
    assert ("writer", "reader") == (written.split("-")[0], read.split("_")[0])


# Replays on PostgreSQL -------------------------------------------------------------------------


def raw(books: Books) -> psycopg.Connection[Any]:
    """A connection of our own beside the writers."""
    url = books.database.url
    return psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database)


class Tries:
    """What a unit saw each time it ran."""

    def __init__(self) -> None:
        self.seen: list[tuple[datetime, str, str]] = []

    def note(self, unit: Unit, transfer: posting.Transfer) -> None:
        """Note the instant and the ids of this run."""
        self.seen.append((unit.now, unit.new_id("tst"), transfer.transfer_id))


@POSTGRES
def test_a_deadlock_is_replayed_as_the_same_unit(books: Books, clock: ManualClock) -> None:
    """Two units that lock two accounts crosswise both succeed, ids and now unchanged."""
    for member_id in (ANN, BEN):
        books.earn(member_id, 5)
    both_hold = threading.Barrier(2)
    tries = {ANN: Tries(), BEN: Tries()}
    places = {one: (chart.member(one), POINTS) for one in (ANN, BEN)}

    def crosswise(first: str, second: str) -> Callable[[Unit], str]:
        def work(unit: Unit) -> str:
            with paused():  # the wrong order is the point here
                accounts.lock(unit, [places[first]])
                transfer = give(unit, f"crosswise/{first}", to=first)
                tries[first].note(unit, transfer)
                clock.advance(seconds=1)
                if len(tries[first].seen) == 1:
                    both_hold.wait(10)
                accounts.lock(unit, [places[second]])
                return transfer.transfer_id

        return work

    writer = books.database.writer
    futures = {
        first: writer.submit(books.bank_id, OPERATOR, crosswise(first, second))
        for first, second in ((ANN, BEN), (BEN, ANN))
    }
    for first, future in futures.items():
        stored = future.result(30)
        assert {stored} == {transfer_id for _, _, transfer_id in tries[first].seen}
        assert 1 == len(set(tries[first].seen))
    assert 3 <= len(tries[ANN].seen) + len(tries[BEN].seen)
    assert ((6, 0, 0), (6, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [] == books.wrongs()


@POSTGRES
def test_a_lock_that_is_held_too_long_is_busy(books: Books) -> None:
    """After three seconds the caller hears Busy, nothing is left, and the same key works later."""
    books.earn(ANN, 1)
    assert 3000 == LOCK_TIMEOUT_MS
    with raw(books) as other:
        other.execute("SELECT 1 FROM account WHERE balance IS NOT NULL FOR UPDATE")
        with pytest.raises(Busy):
            books.do(lambda unit: give(unit, "patient"))
        other.rollback()
    assert not books.do(lambda unit: give(unit, "patient")).replayed
    assert (2, 0, 0) == books.holding(ANN)


@pytest.fixture
def _no_watch_over_rollbacks(watch: Watch) -> Iterator[None]:
    """Let a lost connection roll back unwatched: it has no notes left to forget."""
    event.remove(Engine, "rollback", watch._forget)
    yield
    event.listen(Engine, "rollback", watch._forget)


@POSTGRES
@pytest.mark.usefixtures("_no_watch_over_rollbacks")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_connection_is_replayed_with_one_effect(books: Books, moment: str) -> None:
    """A backend that is shut down around the post is replaced, and the unit runs again."""
    tries: list[tuple[str, datetime]] = []

    def killed(unit: Unit) -> str:
        if moment == "before":
            kill_first_time(unit)
        transfer = give(unit, "survives")
        if moment == "after":
            kill_first_time(unit)
        unit.rows(text("SELECT 1"))
        return transfer.transfer_id

    def kill_first_time(unit: Unit) -> None:
        tries.append((unit.new_id("tst"), unit.now))
        if len(tries) == 1:
            backend = unit.row(text("SELECT pg_backend_pid()"))
            assert backend is not None
            with raw(books) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [backend[0]])

    assert books.do(killed).startswith("trf_")
    assert (2, 1) == (len(tries), len(set(tries)))
    assert ((1, 0, 0), 1) == (books.holding(ANN), books.count(transfers))


@POSTGRES
def test_a_connection_lost_while_idle_is_not_noticed(books: Books) -> None:
    """When the server drops all our connections, the next unit and view simply work."""
    books.earn(ANN, 1)
    with raw(books) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND usename = current_user "
            "AND datname = current_database()"
        )
    books.earn(ANN, 1)
    assert (2, 0, 0) == books.holding(ANN)


@POSTGRES
def test_a_unit_that_never_gets_through_is_busy(books: Books) -> None:
    """After five replays the caller may try again with the same key; the writer lives on."""
    tries: list[int] = []

    def unlucky(unit: Unit) -> None:
        tries.append(1)
        with paused():
            unit.run(text("DO $$ BEGIN RAISE EXCEPTION 'unlucky' USING ERRCODE = '40P01'; END $$"))

    with pytest.raises(Busy):
        books.do(unlucky)
    assert 6 == len(tries)
    books.earn(ANN, 1)
    assert (1, 0, 0) == books.holding(ANN)


# SQLite batches --------------------------------------------------------------------------------


@SQLITE
def test_what_queued_up_shares_one_commit(books: Books, tmp_path: Path) -> None:
    """Units that wait together on SQLite are stored together, each with its own outcome."""
    path = tmp_path / "creditbank.db"
    seen: list[int] = []

    def work(number: int) -> Callable[[Unit], str]:
        def post(unit: Unit) -> str:
            with closing(sqlite3.connect(path)) as other:
                seen.append(other.execute("SELECT count(*) FROM transfer").fetchone()[0])
            return give(unit, f"together/{number}").transfer_id

        return post

    with held_up(books):
        futures = [
            books.database.writer.submit(books.bank_id, OPERATOR, work(number))
            for number in range(40)
        ]
    assert 40 == len({future.result() for future in futures})
    assert ([0] * 40, (40, 0, 0)) == (seen, books.holding(ANN))
