"""Cases of growth: the same posts in a young database and in an old one, and a year's best 100.

Both have the same 200,000 members and 200 shops. A post gives units of a random shop back to a
random member: two accounts with a floor, and rows of indexes that lie anywhere.
"""

from __future__ import annotations

import itertools
import random
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from api.papers import statistics
from api.vaults import vault_of
from benchmarks import filling
from benchmarks.cases import (
    GROWTH,
    POSTGRES,
    SPREAD,
    Case,
    Opened,
    Place,
    Slice,
    Wanted,
    transfer_key,
)
from benchmarks.core import SINGLE, Books, Posts
from benchmarks.society import ASSET
from creditbank.core.clock import SystemClock
from creditbank.core.database import Database
from creditbank.core.engines import normalised, sqlite_path
from creditbank.core.units import View
from creditbank.core.values import Amount, Posting
from creditbank.core.vault import Vault
from creditbank.ledger import chart, circulation, movements, statements, turnovers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft
from creditbank.recognition import ranking, standings

YOUNG, OLD = 10_000, 10_000_000
CLIENTS = {"sqlite": 1, POSTGRES: 8}
FLOOR = 0.6
TOP, ROWS = "year-end top 100", "read of 100 rows"
_DAY = timedelta(days=1)
_NS_PER_US, _NS_PER_S = 1_000, 1_000_000_000

Look = Callable[[View], object]


@dataclass(slots=True)
class Grown:
    """A database with so many postings, open for posting to it."""

    engine: str
    postings: int
    place: Place
    database: Database
    folder: Path
    held: ExitStack = field(default_factory=ExitStack)

    def another(self, name: str) -> Place:
        """Nobody asks for a copy of so much."""
        raise NotImplementedError(name)

    def written(self) -> int:
        """Return how many bytes were ever written for it: to the log, on SQLite to the file too."""
        if self.engine == POSTGRES:
            return self._asked("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        told = Path("/proc/self/io").read_text().split()
        return int(told[told.index("wchar:") + 1])

    def size(self) -> int:
        """Return how many bytes it takes on disk, without its log."""
        if self.engine == POSTGRES:
            return self._asked("SELECT pg_database_size(current_database())")
        return sqlite_path(normalised(self.place.url)).stat().st_size

    def _asked(self, query: str) -> int:
        asked = self.database.reader.submit_install(lambda it: it.exec_driver_sql(query).scalar())
        return int(asked.result() or 0)


class Refunds(Books):
    """What is posted: units that a random shop gives back to a random member."""

    def __init__(self, grown: Grown) -> None:
        """Post in a database that was filled."""
        super().__init__(grown)
        self._number = itertools.count()
        self._chance = random.Random(grown.engine)

    def draft(self, load: str) -> tuple[int, Draft]:  # noqa: ARG002 - there is one load
        """Return the next transfer to be."""
        number = next(self._number)
        shop = filling.shop_id(self._chance.randrange(filling.SHOPS))
        member = filling.member_id(self._chance.randrange(filling.MEMBERS))
        moved = Posting(chart.merchant(shop), chart.member(member), Amount(1, ASSET))
        return number, Draft(Kind.REFUND, transfer_key(number), datetime.now(UTC), (moved,))


@contextmanager
def grown(opened: Opened, postings: int) -> Iterator[Grown]:
    """Fill a database of an engine with so many postings and open it, for a with block."""
    place = opened.another(f"grown-{postings}")
    filling.fill(place, postings)
    place = replace(place, society=replace(place.society, member_ids=()))
    keys = Vault(place.keys) if place.keys is not None else vault_of(place.url)
    with closing(keys) as vault, Database(place.url, vault=vault) as database:
        yield Grown(opened.engine, postings, place, database, opened.folder)


def case_of(it: Grown, against: str = "") -> Case:
    """Return the case that posts to a database."""
    clients = CLIENTS[it.engine]
    posts = Posts(Refunds(it), "auto", SPREAD, clients)
    what = f"{SINGLE} at {it.postings:,}"
    return Case(it.engine, GROWTH, what, posts.work, clients, SPREAD, against, posts.prepare)


def look_ups() -> dict[str, Look]:
    """Return what people look at: of one member, of one shop, and of the whole bank."""
    member, shop = chart.member(filling.member_id(77)), chart.merchant(filling.shop_id(3))
    return {
        "balance": lambda view: statements.balance(view, member, ASSET),
        "statement": lambda view: statements.history(view, member, ASSET),
        "shop's day": lambda view: turnovers.between(view, shop, ASSET, view.now - _DAY, view.now),
        "latest movements": lambda view: movements.latest(view, ASSET),
        "circulation": lambda view: circulation.of(view, ASSET),
        "statistics of the year": lambda view: statistics.of_year(view, view.today.year, ASSET, {}),
        TOP: lambda view: ranking.top(view, _last_year(), ASSET, limit=100),
        ROWS: _hundred_rows,
    }


def _last_year() -> str:
    """Return the period of the last year that is over; this year's may have just begun."""
    return filling.period_id(SystemClock().now().year - 1)


def _hundred_rows(view: View) -> Sequence[object]:
    """Read the same 100 standings by their index, in order, and do nothing with them."""
    of = standings.standings.c
    return view.rows(
        select(of.member_id, of.units)
        .where(of.bank_id == view.bank_id, of.asset_code == ASSET)
        .where(of.period_id == _last_year())
        .order_by(of.units.desc(), of.member_id.desc())
        .limit(100)
    )


def took_s(it: Grown, look: Look, times: int = 9) -> float:
    """Return how long a look takes, the middle one of some; the first is not counted."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        it.database.read(it.place.society.bank_id, look)
        found.append(time.perf_counter() - began)
    return median(found[1:])


def look_case(it: Grown, what: str, against: str = "") -> Case:
    """Return the case that looks at something again and again, one look after the other."""
    look = look_ups()[what]

    def work(seconds: float) -> Slice:
        latencies = array("q")
        started = time.perf_counter_ns()
        until = began = started
        until += round(seconds * _NS_PER_S)
        while began < until:
            it.database.read(it.place.society.bank_id, look)
            ended = time.perf_counter_ns()
            latencies.append((ended - began) // _NS_PER_US)
            began = ended
        return Slice(len(latencies), (began - started) / _NS_PER_S, latencies)

    return Case(it.engine, GROWTH, what, work, against=against)


def cases(opened: Opened, wanted: Wanted) -> list[Case]:
    """Return all cases of growth; filling the old database takes minutes."""
    young, old = (
        opened.held.enter_context(grown(opened, size)) for size in wanted.postings or (YOUNG, OLD)
    )
    posts, rows = case_of(young), look_case(old, ROWS)
    return [posts, case_of(old, posts.name), rows, look_case(old, TOP, rows.name)]
