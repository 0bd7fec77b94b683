"""The database: the only room that commits, and the way in.

`Writer` runs units: on SQLite one thread takes all that queued up while the last batch was
committing (natural batching, each unit in a savepoint, one commit); on PostgreSQL eight threads
run one unit per transaction. `creditbank.core.reader` runs views, one snapshot each. A caller's
answer exists only after the commit. Slow work (bulk slices) waits behind requests.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from creditbank.core import banks
from creditbank.core.clock import Clock, SystemClock
from creditbank.core.engines import (
    WRITERS_POSTGRES,
    is_replayable,
    is_sqlite,
    look_over,
    normalised,
    sqlite_path,
    translated,
    write_engine,
    writer_lock,
)
from creditbank.core.errors import BankSuspended, DatabaseUnavailable, SchemaMissing
from creditbank.core.ids import IdSource
from creditbank.core.reader import Reader, opening
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.core.vault import Vault, keys_path

R = TypeVar("R")

BATCH_UNITS_MOST = 64
_REPLAYS_MOST = 5
_UNITS_TO_LOOK_OVER = 5_000
_IN_ERROR = 3
_log = logging.getLogger(__name__)


class _Work(Generic[R]):
    """One unit that waits for a writer: what to run, and the future that gets its outcome.

    Ids and instant are fixed at the first run, so that a replay is the same unit again.
    """

    def __init__(self, body: Callable[[Connection, _Work[R]], R | Declined], clock: Clock) -> None:
        self.body = body
        self.ids = IdSource()
        self.clock = clock
        self.now: datetime = clock.now()
        self.pinned = False
        self.rung: dict[int, set[str]] = {}
        self.future: Future[R] = Future()

    def wanted(self) -> bool:
        """Tell whether somebody still waits; from here on the future cannot be cancelled."""
        return self.future.set_running_or_notify_cancel()

    def run(self, connection: Connection) -> R | Declined:
        self.ids.rewind()
        self.rung.clear()
        if not self.pinned:
            self.now = self.clock.now()
        return self.body(connection, self)

    def settle(self, outcome: R | Declined | BaseException) -> None:
        """Tell the caller; only called when the outcome is final in the database."""
        if isinstance(outcome, Declined):
            self.future.set_exception(outcome.error)
        elif isinstance(outcome, BaseException):
            error = translated(outcome)
            if not isinstance(error, Exception):
                error = RuntimeError(f"the unit stopped: {outcome!r}")
            if error is not outcome:
                error.__cause__ = outcome
            self.future.set_exception(error)
        else:
            self.future.set_result(outcome)


class Writer:
    """Runs units in threads of its own; the only way to write."""

    def __init__(self, database: Database) -> None:
        """Start the writer threads of a database opened for writing."""
        self.on_commit: Callable[[int, frozenset[str]], None] | None = None
        self._database = database
        self._engine = write_engine(database.url)
        self._batching = is_sqlite(database.url)
        self._queue: queue.PriorityQueue[tuple[int, int, _Work[Any] | None]]
        self._queue = queue.PriorityQueue()
        self._order = 0
        self._order_lock = threading.Lock()
        self._closed = False
        count = 1 if self._batching else WRITERS_POSTGRES
        loop = self._loop_batching if self._batching else self._loop_single
        self._threads = [
            threading.Thread(target=loop, name=f"writer-{n}", daemon=True) for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        bank_id: int,
        actor: Actor,
        work: Callable[[Unit], R | Declined],
        *,
        patient: bool = False,
    ) -> Future[R]:
        """Queue one unit; ``patient`` units wait behind all others (slices of jobs).

        The future resolves after the commit: with the result, or with the error that was
        raised or declined.
        """

        def body(connection: Connection, this: _Work[R]) -> R | Declined:
            return work(self._unit(connection, this, bank_id, actor))

        return self._enqueue(_Work(body, self._database.clock), patient=patient)

    async def run(self, bank_id: int, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit and wait for its commit without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(bank_id, actor, work))

    def submit_install(self, work: Callable[[Connection, datetime], R]) -> Future[R]:
        """Queue work on the tables that belong to no bank: founding one, the heartbeat."""

        def body(connection: Connection, this: _Work[R]) -> R | Declined:
            this.pinned = True
            return work(connection, this.now)

        return self._enqueue(_Work(body, self._database.clock), patient=False)

    def _enqueue(self, work: _Work[R], *, patient: bool) -> Future[R]:
        with self._order_lock:
            if self._closed:
                raise DatabaseUnavailable("the writer is closed / 写入已停止")
            self._order += 1
            self._queue.put((1 if patient else 0, self._order, work))
        return work.future

    def _unit(self, connection: Connection, work: _Work[Any], bank_id: int, actor: Actor) -> Unit:
        """Open the unit: load its bank, and never fall behind what the bank has recorded."""
        bank, last = opening(connection, bank_id)
        if bank.state is banks.BankState.SUSPENDED:
            raise BankSuspended(bank.slug)
        if not work.pinned:
            work.now = max(work.now, last) if last else work.now
            work.pinned = True
        rung = work.rung.setdefault(bank_id, set())
        return Unit(connection, bank, work.now, self._database.vault, actor, work.ids, rung)

    def _settle(self, work: _Work[Any], outcome: Any) -> None:
        """Tell whoever watches, and the caller, what is final in the database."""
        if self.on_commit is not None and not isinstance(outcome, BaseException):
            for bank_id, holder_ids in work.rung.items():
                if holder_ids:
                    self._ring(bank_id, frozenset(holder_ids))
        work.settle(outcome)

    def _ring(self, bank_id: int, holder_ids: frozenset[str]) -> None:
        """Tell whoever watches; a bell that is broken stops no writer."""
        assert self.on_commit is not None
        try:
            self.on_commit(bank_id, holder_ids)
        except Exception:  # noqa: BLE001 - what is committed is answered whoever fails to hear
            _log.exception("a bell is broken")

    def pulse(self) -> tuple[int, int]:
        """Return how many units wait, and how many were ever taken up."""
        waiting = self._queue.qsize()
        return waiting, max(self._order - waiting, 0)

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._order_lock:
            self._closed = True
            for _ in self._threads:
                self._order += 1
                self._queue.put((2, self._order, None))
        for thread in self._threads:
            thread.join()
        self._engine.dispose()

    # SQLite: one thread, natural batching -------------------------------------------------

    def _loop_batching(self) -> None:
        done = _UNITS_TO_LOOK_OVER
        while (batch := self._take()) is not None:
            if done >= _UNITS_TO_LOOK_OVER:
                done = 0
                self._look_over()
            done += len(batch)
            batch = [work for work in batch if work.wanted()]
            outcomes = self._try_batch(batch)
            if outcomes is None:
                for work in batch:
                    self._run_alone(work)
            else:
                for work, outcome in zip(batch, outcomes, strict=True):
                    self._settle(work, outcome)

    def _look_over(self) -> None:
        try:
            look_over(self._engine)
        except DBAPIError:
            _log.warning("the indexes were not looked over", exc_info=True)

    def _take(self) -> list[_Work[Any]] | None:
        """Wait for work; take all requests that queued up, or one patient slice alone."""
        rank, _, first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while rank == 0 and len(batch) < BATCH_UNITS_MOST:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following[0] > 0:
                self._queue.put(following)
                break
            assert following[2] is not None
            batch.append(following[2])
        return batch

    def _try_batch(self, batch: list[_Work[Any]]) -> list[Any] | None:
        """Run a batch under one commit; None means that nothing of it was stored."""
        outcomes: list[Any] = []
        try:
            with self._engine.begin() as connection:
                for work in batch:
                    try:
                        with connection.begin_nested():
                            outcomes.append(work.run(connection))
                    except Exception as error:  # noqa: BLE001 - the outcome of this unit alone
                        if translated(error) is not error:
                            return self._give_up(connection)
                        outcomes.append(error)
        except BaseException:  # noqa: BLE001 - each unit is run again alone and says why
            return None
        return outcomes

    @staticmethod
    def _give_up(connection: Connection) -> None:
        connection.get_transaction().rollback()  # type: ignore[union-attr]

    # PostgreSQL: one unit per transaction -------------------------------------------------

    def _loop_single(self) -> None:
        while True:
            _, _, work = self._queue.get()
            if work is None:
                return
            if work.wanted():
                self._run_alone(work)

    def _run_alone(self, work: _Work[Any]) -> None:
        """Run one unit in a transaction of its own, replaying it when the database asks for it."""
        for attempt in range(_REPLAYS_MOST + 1):
            try:
                with self._engine.begin() as connection:
                    outcome = work.run(connection)
                    _refuse_aborted(connection)
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                if is_replayable(error) and attempt < _REPLAYS_MOST:
                    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
                    continue
                self._settle(work, error)
                return
            self._settle(work, outcome)
            return


def _refuse_aborted(connection: Connection) -> None:
    """Refuse to commit an aborted PostgreSQL transaction: its COMMIT is silently a ROLLBACK."""
    info = getattr(connection.connection.dbapi_connection, "info", None)
    status = getattr(info, "transaction_status", 0)
    assert int(status) != _IN_ERROR, "a unit swallowed a database error"


class Database:
    """One database, opened for reading, or for reading and writing.

    ``writing=True`` takes the writer's lock of a SQLite file for as long as it is open.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        writing: bool = True,
        vault: Vault | None = None,
    ) -> None:
        """Open the database of a URL such as ``sqlite:///file.db`` or ``postgresql://…``.

        Without a ``vault`` the persons' keys lie where `creditbank.core.vault.keys_path` says.
        Who opens for writing may begin a key file, if nobody was ever written down.

        Raises:
            SchemaMissing: the SQLite file does not exist.
            WriterTaken: another process writes to it.
        """
        self.url = normalised(url)
        self.clock: Clock = clock or SystemClock()
        self.vault = vault or Vault(keys_path(self.url))
        self._held = ExitStack()
        if is_sqlite(self.url) and not sqlite_path(self.url).exists():
            raise SchemaMissing
        if writing:
            self._held.enter_context(writer_lock(self.url))
        self._writer = Writer(self) if writing else None
        self.reader = Reader(self.url, self.clock, self.vault)
        self.vault.belong(self.reader.keys_used, begin=writing)

    @property
    def writer(self) -> Writer:
        """The way to write; the database must have been opened for it."""
        assert self._writer is not None, "opened for reading only"
        return self._writer

    def write(self, bank_id: int, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit and wait for its commit (for commands, jobs and tests)."""
        return self.writer.submit(bank_id, actor, work).result()

    def read(self, bank_id: int, look: Callable[[View], R]) -> R:
        """Run one view and wait for it (for commands, jobs and tests)."""
        return self.reader.submit(bank_id, look).result()

    def install(self, work: Callable[[Connection, datetime], R]) -> R:
        """Run work on the tables that belong to no bank, and wait for its commit."""
        return self.writer.submit_install(work).result()

    def bank(self, slug: str | None = None) -> banks.Bank:
        """Return the bank of a slug, or the only one."""
        return self.reader.submit_install(lambda connection: banks.find(connection, slug)).result()

    def close(self) -> None:
        """Finish what is queued and let the file go.

        The writer goes last: only its connection can fold SQLite's log into the file.
        """
        self.reader.close()
        if self._writer is not None:
            self._writer.close()
        self.vault.close()
        self._held.close()

    def __enter__(self) -> Self:
        """Use as a context that closes itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
