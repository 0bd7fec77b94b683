"""Cases of the posting path: transfers between accounts with a floor, each under a key of its own.

"single" asks for one transfer per request: the writer makes of those that wait what it will.
"batch 32" asks for sets in one unit.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks import driving
from benchmarks.cases import (
    ANCHOR,
    CORE,
    HOT,
    POSTGRES,
    SPREAD,
    SQLITE,
    Case,
    Opened,
    Slice,
    Wanted,
    transfer_key,
)
from benchmarks.driving import Request
from benchmarks.society import ASSET, OFFICE
from creditbank.core.units import Declined, Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, post_many
from creditbank.ledger.posts import Post

SINGLE = "single"
ANCHORS = {SQLITE: f"{SQLITE} {ANCHOR} insert", POSTGRES: f"{POSTGRES} {ANCHOR} pgbench"}

# engine → (batch, load, clients) of the cases that matter; batch 1 is one client alone, so that
# nothing queues up from which the writer could make a set
_MATTER: dict[str, tuple[tuple[str, str, int], ...]] = {
    SQLITE: (
        ("1", SPREAD, 1),
        ("auto", SPREAD, 8),
        ("auto", SPREAD, 32),
        ("32", SPREAD, 1),
        ("1000", SPREAD, 1),
    ),
    POSTGRES: (
        ("1", SPREAD, 1),
        ("auto", SPREAD, 8),
        ("auto", SPREAD, 32),
        ("auto", HOT, 8),
        ("32", SPREAD, 1),
        ("1000", SPREAD, 1),
    ),
}
_CLIENTS = (1, 8, 32)
_AHEAD = 2  # as many drafts are made before a slice as it uses at twice the speed of the last


class Books:
    """Who posts, and the numbers of what was acknowledged."""

    def __init__(self, opened: Opened) -> None:
        """Post in the place of an engine."""
        self._opened = opened
        self._numbers = itertools.count()
        self._dice = random.Random(opened.engine)
        self._amount = Amount(1, ASSET)

    def draft(self, load: str) -> tuple[int, Draft]:
        """Return the next transfer to be: between two members, or to the one shop of all."""
        number = next(self._numbers)
        society = self._opened.place.society
        source, other = self._dice.sample(society.member_ids, 2)
        to_shop = load == HOT
        destination = (
            chart.merchant(society.hot_tills[0].merchant_id) if to_shop else chart.member(other)
        )
        moved = Posting(chart.member(source), destination, self._amount)
        kind = Kind.REDEEM if to_shop else Kind.GIFT
        return number, Draft(kind, transfer_key(number), datetime.now(UTC), (moved,))

    def submit(self, work: Callable[[Unit], Any]) -> Future[Any]:
        """Queue a unit."""
        society = self._opened.place.society
        return self._opened.database.writer.submit(society.bank_id, OFFICE, work)

    def acknowledge(self, numbers: list[int], made: list[Transfer]) -> int:
        """Note what the caller was told; return how many."""
        assert len(numbers) == len(made), "one answer for each"
        self._opened.place.acknowledged.numbers.update(numbers)
        return len(numbers)


def posting(draft: Draft) -> Callable[[Unit], Transfer | Declined]:
    """Return how one transfer is asked for."""
    return Post(draft)


class Posts:
    """One case: sets of a size, with a load, from so many clients."""

    def __init__(self, books: Books, batch: str, load: str, clients: int) -> None:
        """Say what is posted; nothing is made before `prepare`."""
        self._books = books
        self._size = 0 if batch in {"auto", "1"} else int(batch)
        self._load, self._clients = load, clients
        self._ready: deque[list[tuple[int, Draft]]] = deque()
        self._used, self._seconds = 0, 1.0

    def prepare(self, seconds: float) -> None:
        """Make drafts ahead, as many as the last slice lets expect."""
        while len(self._ready) < _AHEAD * self._used * seconds / self._seconds:
            self._ready.append(self._fresh())

    def work(self, seconds: float) -> Slice:
        """Post for so many seconds."""
        self._used, self._seconds = 0, seconds
        return driving.closed_loop(self._following, self._clients, seconds)

    def _fresh(self) -> list[tuple[int, Draft]]:
        return [self._books.draft(self._load) for _ in range(max(self._size, 1))]

    def _following(self) -> Request:
        self._used += 1
        ready = self._ready.popleft() if self._ready else self._fresh()
        numbers = [number for number, _ in ready]
        if self._size:
            work: Callable[[Unit], Any] = partial(post_many, drafts=[draft for _, draft in ready])
        else:
            work = posting(ready[0][1])
        return Request(partial(self._books.submit, work), partial(self._answered, numbers))

    def _answered(self, numbers: list[int], future: Future[Any]) -> int:
        made = future.result()
        return self._books.acknowledge(numbers, made if self._size else [made])


def cases(opened: Opened, wanted: Wanted) -> list[Case]:
    """Return the cases of the posting path that are wanted on an engine."""
    books = Books(opened)
    made = [_case(books, opened.engine, *one) for one in _chosen(opened.engine, wanted)]
    return list({one.name: one for one in made}.values())


def _chosen(engine: str, wanted: Wanted) -> list[tuple[str, str, int]]:
    """Return those that matter, or all that the options name: batch, load, clients."""
    if not (wanted.batches or wanted.clients or wanted.loads):
        return list(_MATTER[engine])
    found = []
    for batch in wanted.batches or ("auto", "32", "1000"):
        several = _CLIENTS if batch == "auto" else (1,)
        clients = (1,) if batch == "1" else wanted.clients or several
        found += [(batch, load, n) for load in wanted.loads or (SPREAD,) for n in clients]
    return found


def _case(books: Books, engine: str, batch: str, load: str, clients: int) -> Case:
    posts = Posts(books, batch, load, clients)
    what = SINGLE if batch in {"auto", "1"} else f"batch {batch}"
    return Case(
        engine,
        CORE,
        what,
        posts.work,
        clients,
        load,
        against=ANCHORS[engine],
        prepare=posts.prepare,
    )
