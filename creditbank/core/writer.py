"""The writer: the only room that commits.

On SQLite one thread takes all that queued up while the last batch was committing (natural
batching: each unit, or set of asks, in a savepoint; one commit); on PostgreSQL eight threads run
one unit, or one set of asks, per transaction. A caller's answer exists only after the commit. Slow
work (bulk slices) waits behind requests.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from creditbank.core import banks
from creditbank.core.asks import Ask
from creditbank.core.clock import Clock
from creditbank.core.cursors import say
from creditbank.core.engines import (
    WRITERS_POSTGRES,
    is_replayable,
    is_sqlite,
    look_over,
    translated,
    write_engine,
)
from creditbank.core.errors import BankSuspended, Busy, DatabaseUnavailable
from creditbank.core.reader import opening
from creditbank.core.units import Actor, Declined, Unit
from creditbank.core.vault import Vault
from creditbank.core.waiting import Entry, Gathering, Waiting, Work

R = TypeVar("R")

BATCH_UNITS_MOST = 64
_SETS_AT_ONCE_POSTGRES = 1
_REPLAYS_MOST = 5
_UNITS_TO_LOOK_OVER = 5_000
_IN_ERROR = 3
_log = logging.getLogger(__name__)

Part = list[Work[Any]]
"""What shares a savepoint: one work, or asks of one kind."""


class _Line:
    """The connection that a writer thread keeps; a lost one opens itself again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Begin a transaction; it is committed at the end, or rolled back."""
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            yield self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class Writer:
    """Runs units in threads of its own; the only way to write."""

    def __init__(self, url: URL, clock: Clock, vault: Vault) -> None:
        """Start the writer threads of a database opened for writing."""
        self.on_commit: Callable[[int, frozenset[str]], None] | None = None
        self._clock = clock
        self._vault = vault
        self._engine = write_engine(url)
        self._batching = is_sqlite(url)
        self._waiting = Waiting(sets_at_once=1 if self._batching else _SETS_AT_ONCE_POSTGRES)
        count = 1 if self._batching else WRITERS_POSTGRES
        loop = self._loop_batching if self._batching else self._loop_single
        self._threads = [
            threading.Thread(target=self._serve, args=(loop,), name=f"writer-{n}", daemon=True)
            for n in range(count)
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

        An `Ask` is done together with others of its kind. The future resolves after the commit:
        with the result, or with the error that was raised or declined.
        """

        def body(connection: Connection, this: Work[R]) -> R | Declined:
            return work(self._unit(connection, this, bank_id, actor))

        one = Work(body, self._clock, patient=patient)
        if isinstance(work, Ask) and not patient:
            one.ask, one.bank_id, one.actor = work, bank_id, actor
        return self._enqueue(one)

    async def run(self, bank_id: int, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit and wait for its commit without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(bank_id, actor, work))

    def submit_install(self, work: Callable[[Connection, datetime], R]) -> Future[R]:
        """Queue work on the tables that belong to no bank: founding one, the heartbeat."""

        def body(connection: Connection, this: Work[R]) -> R | Declined:
            this.pinned = True
            return work(connection, this.now)

        return self._enqueue(Work(body, self._clock))

    def _enqueue(self, work: Work[R]) -> Future[R]:
        if not self._waiting.put(work):
            raise DatabaseUnavailable("the writer is closed / 写入已停止")
        return work.future

    def _unit(self, connection: Connection, work: Work[Any], bank_id: int, actor: Actor) -> Unit:
        """Open the unit: load its bank, and never fall behind what the bank has recorded."""
        return self._opened(work, actor, connection, *self._bank(connection, bank_id))

    @staticmethod
    def _bank(connection: Connection, bank_id: int) -> tuple[banks.Bank, datetime | None]:
        bank, last = opening(connection, bank_id)
        if bank.state is banks.BankState.SUSPENDED:
            raise BankSuspended(bank.slug)
        return bank, last

    def _opened(
        self,
        work: Work[Any],
        actor: Actor,
        connection: Connection,
        bank: banks.Bank,
        last: datetime | None,
    ) -> Unit:
        if not work.pinned:
            work.now = max(work.now, last) if last else work.now
            work.pinned = True
        rung = work.rung.setdefault(bank.bank_id, set())
        return Unit(connection, bank, work.now, self._vault, actor, work.ids, rung)

    def _run(self, connection: Connection, part: Part) -> Sequence[Any]:
        """Run one work, or a set of asks at one instant; return what came of each."""
        for work in part:
            work.begin()
        if len(part) == 1:
            return [part[0].body(connection, part[0])]
        bank, last = self._bank(connection, part[0].bank_id)
        latest = max(work.now for work in part)
        units = []
        for work in part:
            assert work.actor is not None, "an ask has its actor"
            work.now = work.now if work.pinned else latest
            units.append(self._opened(work, work.actor, connection, bank, last))
        asks = [work.ask for work in part]
        outcomes = type(asks[0]).together(units, asks)  # type: ignore[union-attr, arg-type]
        assert len(outcomes) == len(part), "each ask of a set has its outcome"
        return outcomes

    def _settle(self, work: Work[Any], outcome: Any) -> None:
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
        return self._waiting.pulse()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._waiting.close(len(self._threads))
        for thread in self._threads:
            thread.join()
        self._engine.dispose()

    def _serve(self, loop: Callable[[_Line], None]) -> None:
        line = _Line(self._engine)
        try:
            loop(line)
        finally:
            line.close()

    def _wanted(self, entry: Entry) -> Part:
        """Return the works of an entry for which somebody still waits."""
        taken = self._waiting.gathered(entry) if isinstance(entry, Gathering) else [entry]
        return [work for work in taken if work.wanted()]

    # SQLite: one thread, natural batching -------------------------------------------------

    def _loop_batching(self, line: _Line) -> None:
        done = _UNITS_TO_LOOK_OVER
        while (entries := self._take_all()) is not None:
            if done >= _UNITS_TO_LOOK_OVER:
                done = 0
                self._look_over(line)
            parts = [part for entry in entries if (part := self._wanted(entry))]
            done += sum(map(len, parts))
            if len(parts) == 1:
                self._do(line, parts[0])
            elif parts:
                outcomes = self._try_batch(line, parts) or [None] * len(parts)
                for part, found in zip(parts, outcomes, strict=True):
                    self._answer(line, part, found)
            for entry in entries:
                if isinstance(entry, Gathering):
                    self._waiting.put_back(entry)

    def _answer(self, line: _Line, part: Part, found: Sequence[Any] | None) -> None:
        """Settle what is final; what was not stored is run again, each alone, and says why."""
        if found is None:
            for n, work in enumerate(part, 1):
                self._run_alone(line, work)
                if isinstance(work.future.exception(), Busy) and not self._batching:
                    self._waiting.put_singly(part[n:])  # whatever waits for a lock, waits at once
                    return
        else:
            for work, outcome in zip(part, found, strict=True):
                self._settle(work, outcome)

    @staticmethod
    def _look_over(line: _Line) -> None:
        try:
            with line.begin() as connection:
                look_over(connection)
        except DBAPIError:
            _log.warning("the indexes were not looked over", exc_info=True)

    def _take_all(self) -> list[Entry] | None:
        """Wait for work; take all requests that queued up, or one patient slice alone."""
        first = self._waiting.take()
        if first is None:
            return None
        entries = [first]
        if isinstance(first, Work) and first.patient:
            return entries
        while len(entries) < BATCH_UNITS_MOST:
            following = self._waiting.take_more()
            if following is None:
                break
            entries.append(following)
        return entries

    def _try_batch(self, line: _Line, parts: Sequence[Part]) -> list[Sequence[Any] | None] | None:
        """Run a batch under one commit; None says that nothing of it, or of a set, was stored."""
        outcomes: list[Sequence[Any] | None] = []
        try:
            with line.begin() as connection:
                for part in parts:
                    try:
                        with _savepoint(connection):
                            outcomes.append(self._run(connection, part))
                    except Exception as error:
                        if translated(error) is not error:
                            raise
                        outcomes.append([error] if len(part) == 1 else None)
        except BaseException:  # noqa: BLE001 - each unit is run again alone and says why
            return None
        return outcomes

    # Both: one unit, or one set, per transaction ------------------------------------------

    def _loop_single(self, line: _Line) -> None:
        while (entry := self._waiting.take()) is not None:
            if part := self._wanted(entry):
                self._do(line, part)
            if isinstance(entry, Gathering):
                self._waiting.put_back(entry)

    def _do(self, line: _Line, part: Part) -> None:
        if len(part) == 1:
            self._run_alone(line, part[0])
        else:
            self._answer(line, part, self._try_set(line, part))

    def _try_set(self, line: _Line, part: Part) -> Sequence[Any] | None:
        """Run a set in a transaction; None says that nothing of it was stored."""
        try:
            with line.begin() as connection:
                outcomes = self._run(connection, part)
                _refuse_aborted(connection)
        except BaseException:  # noqa: BLE001 - each unit is run again alone and says why
            return None
        return outcomes

    def _run_alone(self, line: _Line, work: Work[Any]) -> None:
        """Run one unit in a transaction of its own, replaying it when the database asks for it."""
        for attempt in range(_REPLAYS_MOST + 1):
            try:
                with line.begin() as connection:
                    (outcome,) = self._run(connection, [work])
                    _refuse_aborted(connection)
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                if is_replayable(error) and attempt < _REPLAYS_MOST:
                    time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
                    continue
                self._settle(work, error)
                return
            self._settle(work, outcome)
            return


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """Undo what is done inside if it raises, and nothing else."""
    say(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        say(connection, "ROLLBACK TO SAVEPOINT part")
        say(connection, "RELEASE SAVEPOINT part")
        raise
    say(connection, "RELEASE SAVEPOINT part")


def _refuse_aborted(connection: Connection) -> None:
    """Refuse to commit an aborted PostgreSQL transaction: its COMMIT is silently a ROLLBACK."""
    info = getattr(connection.connection.dbapi_connection, "info", None)
    status = getattr(info, "transaction_status", 0)
    assert int(status) != _IN_ERROR, "a unit swallowed a database error"
