"""What waits for a writer: single works, and asks gathered by kind.

Works are taken in the order in which they came, patient ones (slices of bulk) when nothing else
waits, or a hundred entries went before. Asks of one kind at one bank stand in the queue as one
entry: whoever takes it takes all that have gathered by then.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from creditbank.core.asks import Ask
from creditbank.core.clock import Clock
from creditbank.core.engines import translated
from creditbank.core.ids import IdSource
from creditbank.core.units import Actor, Declined

R = TypeVar("R")

SET_MOST = 64
PASSED_MOST = 100


class Work(Generic[R]):
    """One unit that waits: what to run, and the future that gets its outcome.

    Ids and instant are fixed at the first run, so that a replay is the same unit again. ``ask`` is
    set, with its bank and actor, where it may be done together with others.
    """

    __slots__ = (
        *("actor", "ask", "bank_id", "body", "clock", "future", "ids", "now"),
        *("patient", "pinned", "rung"),
    )

    def __init__(
        self,
        body: Callable[[Connection, Work[R]], R | Declined],
        clock: Clock,
        *,
        patient: bool = False,
    ) -> None:
        self.body = body
        self.clock = clock
        self.patient = patient
        self.ids = IdSource()
        self.now: datetime = clock.now()
        self.pinned = False
        self.rung: dict[int, set[str]] = {}
        self.future: Future[R] = Future()
        self.ask: Ask[R] | None = None
        self.bank_id = 0
        self.actor: Actor | None = None

    def wanted(self) -> bool:
        """Tell whether somebody still waits; from here on the future cannot be cancelled."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def begin(self) -> None:
        """Start, or start over: the same ids again, and the first instant."""
        self.ids.rewind()
        self.rung.clear()
        if not self.pinned:
            self.now = self.clock.now()

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


class Gathering:
    """The asks of one kind at one bank that wait; ``in_hand`` is how many writers have them."""

    __slots__ = ("in_hand", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Work[Any]] = deque()
        self.in_hand = 0


Entry = Work[Any] | Gathering


class Waiting:
    """The queue of one writer."""

    def __init__(self, *, sets_at_once: int) -> None:
        """Let so many writer threads work on the asks of one kind at a time."""
        self._sets_at_once = sets_at_once
        self._gatherings: dict[tuple[int, type], Gathering] = {}
        self._lock = threading.Lock()
        self._there: SimpleQueue[None] = SimpleQueue()  # one for each entry below
        self._asked: deque[Entry] = deque()
        self._patient: deque[Work[Any] | None] = deque()
        self._passed = 0
        self._put = 0
        self._taken = 0
        self._closed = False

    def put(self, work: Work[Any]) -> bool:
        """Queue a work; False if the queue is closed."""
        with self._lock:
            if self._closed:
                return False
            self._put += 1
            if work.ask is not None:
                self._gather(work, work.ask)
            else:
                (self._patient if work.patient else self._asked).append(work)
                self._there.put(None)
        return True

    def _gather(self, work: Work[Any], ask: Ask[Any]) -> None:
        place = self._gatherings.setdefault((work.bank_id, type(ask)), Gathering())
        place.waiting.append(work)
        if place.in_hand < self._sets_at_once:
            place.in_hand += 1
            self._asked.append(place)
            self._there.put(None)

    def take(self) -> Entry | None:
        """Wait for the next entry; None when the queue was closed and is empty."""
        self._there.get()
        with self._lock:
            entry = self._patient.popleft() if self._patience_ends() else self._asked.popleft()
            self._taken += isinstance(entry, Work)
        return entry

    def _patience_ends(self) -> bool:
        """Tell whether it is a patient work's turn: nothing else waits, or too much went before.

        So jobs go on, slowly, while the tills keep every moment busy.
        """
        if not self._patient:
            return False
        self._passed += 1
        if self._asked and (self._passed <= PASSED_MOST or self._patient[0] is None):
            return False
        self._passed = 0
        return True

    def take_more(self) -> Entry | None:
        """Take the next entry that is no patient one, if there is one now."""
        with self._lock:
            if not self._asked:
                return None
            try:
                self._there.get_nowait()
            except Empty:  # another thread is on its way to take it
                return None
            entry = self._asked.popleft()
            self._taken += isinstance(entry, Work)
        return entry

    def gathered(self, place: Gathering, most: int = SET_MOST) -> list[Work[Any]]:
        """Take the asks that have gathered, ``most`` of them at most."""
        with self._lock:
            count = min(len(place.waiting), most)
            self._taken += count
            return [place.waiting.popleft() for _ in range(count)]

    def put_back(self, place: Gathering) -> None:
        """Let go of a gathering that was taken; it queues up again if more has come."""
        with self._lock:
            if place.waiting:
                self._asked.append(place)
                self._there.put(None)
            else:
                place.in_hand -= 1

    def put_singly(self, works: Sequence[Work[Any]]) -> None:
        """Queue works that were taken as a set, each to be done alone by whichever thread is free.

        Also when the queue is closed: whoever took them up takes more before it is told.
        """
        with self._lock:
            self._taken -= len(works)
            self._asked.extend(works)
            for _ in works:
                self._there.put(None)

    def pulse(self) -> tuple[int, int]:
        """Return how many works wait, and how many were ever taken up."""
        with self._lock:
            return self._put - self._taken, self._taken

    def close(self, threads: int) -> None:
        """Take nothing more; each of so many threads is told when all is done."""
        with self._lock:
            self._closed = True
            for _ in range(threads):
                self._patient.append(None)
                self._there.put(None)
