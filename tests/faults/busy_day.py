"""Checkouts at a server that closes a year and loads a journal at the same time.

The journal is uploaded first, by a server that wakes no jobs; a second one has both to do at once.
Tills shop all the time, and how long each request took is kept.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from creditbank.core.clock import ManualClock, SystemClock
from creditbank.core.database import Database
from creditbank.ledger import imports
from creditbank.ledger.imports import ImportState
from creditbank.recognition import periods
from tests.books import POINTS
from tests.faults import journals, market, program, years
from tests.faults.market import Holder, Line, Market, Unanswered

_NO_JOBS_S = 3600
_PAUSE_S = 0.02
_LOOK_EVERY_S = 0.2
_GIVE_UP_S = 540
_POINTS_EACH = 1_000_000


@dataclass(slots=True)
class Waits:
    """How long checkouts took, in milliseconds, and whether all the work was done."""

    while_uploading: list[int] = field(default_factory=list)
    while_working: list[int] = field(default_factory=list)
    year_closed_after_s: float = 0.0
    import_loaded_after_s: float = 0.0
    ranked: int = 0
    rows_loaded: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def longest_ms(self) -> int:
        """The longest of all waits."""
        return max(self.while_uploading + self.while_working)


class _Till(threading.Thread):
    """One till that takes one customer after the other, and times each checkout."""

    def __init__(self, n: int, port: int, till: Holder, customer: Holder) -> None:
        super().__init__(name=f"till-{n}", daemon=True)
        self._n, self._till, self._customer = n, till, customer
        self._line = Line(port)
        self.stopping = threading.Event()
        self.took_ms: list[int] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        """Shop until told to stop, once at least."""
        served = 0
        started = time.time_ns()
        try:
            while not (served and self.stopping.is_set()):
                served += 1
                self._checkout(f"{started}-{self._n}-{served:06d}")
                time.sleep(_PAUSE_S)
        except (Unanswered, KeyError, AssertionError) as error:
            self.wrong.append(f"{self.name}: {error!r}")
        finally:
            self._line.close()

    def _checkout(self, name: str) -> None:
        """Show a code, scan it, take the points: the wait is from the scan to the receipt."""
        shown = market.fresh_code(self._line, self._customer, f"code-{name}")
        form = {"code": shown.body["digits"], "cart_fen": 3000}
        began = time.monotonic_ns()
        paid = self._line.ask("POST", "/scan-and-redeem", self._till, f"checkout-{name}", form)
        self.took_ms.append((time.monotonic_ns() - began) // 1_000_000)
        assert paid.body.get("points") == 3, paid


def measure(
    url: str, folder: Path, *, members: int, rows: int, tills: int = 2, at_once: bool = True
) -> Waits:
    """Close a year of so many members while so many rows are loaded, and time the tills.

    ``at_once`` sees to it that both begin together; without it one server does all of it.
    """
    year = SystemClock().now().year - 2
    shop = market.build(
        url,
        tills=tills,
        customers=tills,
        points_each=_POINTS_EACH,
        founded_at=datetime(year, 1, 2, 4, tzinfo=UTC),
    )
    clock = ManualClock(datetime(year, 1, 2, 4, tzinfo=UTC))
    with Database(url, clock=clock) as database:
        ids = years.populate(database, shop.bank_id, members)
        years.live(database, clock, shop.bank_id, ids, [year])
    done = Waits()
    content = journals.made_up(rows, people=2000, scale=0).text.encode()
    first_wake_s = _NO_JOBS_S if at_once else 1
    with program.serving(url, folder, wake_every_s=first_wake_s) as port:
        with _shopping(shop, port, done.while_uploading, done):
            import_id = _upload(shop, port, content)
        if not at_once:
            with _shopping(shop, port, done.while_working, done):
                _until_all_is_done(shop, import_id, done)
    if at_once:
        with (
            program.serving(url, folder, wake_every_s=1) as port,
            _shopping(shop, port, done.while_working, done),
        ):
            _until_all_is_done(shop, import_id, done)
    done.wrong += market.ledger(shop).wrong
    return done


@contextlib.contextmanager
def _shopping(shop: Market, port: int, took_ms: list[int], done: Waits) -> Iterator[None]:
    at_work = [
        _Till(n, port, till, customer)
        for n, (till, customer) in enumerate(zip(shop.tills, shop.customers, strict=True))
    ]
    for one in at_work:
        one.start()
    try:
        yield
    finally:
        for one in at_work:
            one.stopping.set()
        for one in at_work:
            one.join()
            took_ms += one.took_ms
            done.wrong += one.wrong


def _upload(shop: Market, port: int, content: bytes) -> str:
    line = Line(port, timeout_s=_GIVE_UP_S)
    try:
        path = f"/imports?asset={POINTS}"
        answer = line.ask("POST", path, shop.operator, "the-journal-of-the-day", content)
        assert (answer.status, answer.body.get("state")) == (202, "ready"), str(answer)[:1000]
        return str(answer.body["import_id"])
    finally:
        line.close()


def _until_all_is_done(shop: Market, import_id: str, done: Waits) -> None:
    began = time.monotonic()
    deadline = began + _GIVE_UP_S
    with Database(shop.url, writing=False) as database:

        def seconds(still_zero: float, is_done: Callable[[], bool]) -> float:
            return still_zero or (is_done() and time.monotonic() - began) or 0.0

        def is_closed() -> bool:
            known = database.read(shop.bank_id, periods.every)
            return known[0].frozen_at is not None

        def is_loaded() -> bool:
            one = database.read(shop.bank_id, lambda view: imports.find(view, import_id))
            done.rows_loaded = one.rows_loaded
            assert one.state is not ImportState.STOPPED, one.reason
            return one.state is ImportState.LOADED

        while not (done.year_closed_after_s and done.import_loaded_after_s):
            assert time.monotonic() < deadline, f"not done in time: {done}"
            done.year_closed_after_s = seconds(done.year_closed_after_s, is_closed)
            done.import_loaded_after_s = seconds(done.import_loaded_after_s, is_loaded)
            time.sleep(_LOOK_EVERY_S)
        done.ranked = years.closed(database, shop.bank_id)[0].members
