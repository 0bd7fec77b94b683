"""Bulk work at any size: how many rows a second beside single transfers, and what tills wait.

Every figure is a rate of the same run; only their ratios mean anything on a busy machine.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from threading import Event

from api import scheduler
from api.scheduler import Work, run_due
from creditbank.core.engines import is_sqlite
from creditbank.core.pace import Pace
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Amount, Asset, AssetKind, Posting
from creditbank.identity import arrival_parts, arrival_slices, arrivals, joining, openings
from creditbank.identity.arrivals import Newcomer
from creditbank.ledger import chart, imports, issues, journal, plans, posting
from creditbank.ledger.chart import Kind
from creditbank.ledger.issues import Earned, Issue
from creditbank.people import consents
from tests.books import OPERATOR, POINTS, made_up
from tests.faults import expiring, journals
from tests.merchant_builders import Street

ASSET = Asset(POINTS, "信义贝", 0, AssetKind.SPENDABLE)
SECOND = Actor("stf_second", "reviewer")
_PAUSE_S = 0.2
_SINGLES = 200


@dataclass(slots=True)
class Rates:
    """Rows a second of each kind of work, and of single transfers, measured before and after."""

    singles: list[float] = field(default_factory=list)
    of: dict[str, float] = field(default_factory=dict)

    @property
    def single(self) -> float:
        """The single transfers of the run, the faster of the two rounds."""
        return max(self.singles)

    def times(self, what: str) -> float:
        """How many times the single transfers."""
        return self.of[what] / self.single


def work_of(kind: str) -> list[Work]:
    """The job of a kind."""
    return [one for one in scheduler.WORKS if one.kind == kind]


def singles(street: Street, count: int = _SINGLES) -> float:
    """Post transfers one by one, one client, one unit each; how many a second."""
    run, began = time.time_ns(), time.perf_counter()
    for n in range(count):
        leg = Posting(chart.ISSUANCE, chart.member(made_up("mem", n % 50)), Amount(1, POINTS))
        draft = posting.Draft(Kind.ISSUE, f"single/{run}/{n}", street.clock.now(), (leg,))
        work = partial(posting.post, draft=draft)
        street.database.writer.submit(street.bank_id, OPERATOR, work).result()
    return count / (time.perf_counter() - began)


def rates(street: Street, *, rows: int, people: int) -> Rates:
    """Do every kind of bulk work once, between two rounds of single transfers."""
    found = Rates()
    _grown(street)
    found.singles.append(singles(street))
    found.of["transfers checked"], import_id = checked(street, rows)
    began = time.perf_counter()
    run_due(street.database, "worker", work_of(scheduler.LOAD_IMPORTS))
    found.of["transfers loaded"] = rows / (time.perf_counter() - began)
    one = street.see(lambda view: imports.find(view, import_id))
    assert (imports.ImportState.LOADED, rows) == (one.state, one.rows_loaded), one
    found.of["members one by one"] = _registered(street)
    found.of["members written"], arrival_id = _arrived(street, people)
    found.of["openings posted"] = _confirmed(street, arrival_id, people)
    found.of["prizes issued"] = _prizes(street, people)
    found.singles.append(singles(street))
    return found


def _grown(street: Street) -> None:
    """Fill tables a little, so that PostgreSQL knows them as it does after its first minutes."""
    checked(street, 2_000, name="grown")
    run_due(street.database, "worker", work_of(scheduler.LOAD_IMPORTS))
    if not is_sqlite(street.database.url):
        expiring.analyse(street)


def checked(street: Street, rows: int, *, name: str = "journal") -> tuple[float, str]:
    """Check and store a journal of so many rows; how many a second, and the import."""
    text = journals.made_up(rows, people=2000, scale=0).text.replace("k-", f"{name}-")
    file = io.BytesIO(text.replace("old society", f"old {name}").encode())
    write = partial(street.database.writer.submit, street.bank_id, OPERATOR, patient=True)
    began = time.perf_counter()
    import_id = write(
        partial(
            imports.open_import,
            asset=POINTS,
            digest="0" * 64,
            allow_negative=(),
            key=f"the-import-of-the-{name}",
        )
    ).result()
    attempt = write(imports.new_attempt).result()
    with plans.make(
        journal.lines_of(file), asset=ASSET, zone="Asia/Shanghai", look=street.see
    ) as plan:
        assert not plan.bad_found, plan.bad[:3]
        last, first = 0, 0
        while part := plan.after(last, 1_000):
            storing = partial(
                imports.store_parts,
                import_id=str(import_id),
                attempt=attempt,
                first=first,
                checked=part,
            )
            first += write(storing).result()
            last = part.last
    ready = partial(
        imports.make_ready, import_id=str(import_id), attempt=attempt, rows=rows, parts=first
    )
    assert write(ready).result()
    return rows / (time.perf_counter() - began), str(import_id)


def _registered(street: Street, count: int = 50) -> float:
    """Take members in one by one, as a form does; how many a second."""
    began = time.perf_counter()
    for n in range(count):
        work = partial(
            joining.take_in,
            name=f"单{n}",
            community_id=street.community_id,
            phone=f"138{n:08d}",
            purposes=(consents.SERVICE,),
            key=f"take-in-number-{n:04d}",
        )
        street.database.writer.submit(street.bank_id, OPERATOR, work).result()
    return count / (time.perf_counter() - began)


def _arrived(street: Street, people: int) -> tuple[float, str]:
    """Write a list of so many people; how many a second, and the list."""

    def uploaded(unit: Unit) -> str:
        digest = "0" * 64
        made = arrivals.announce(unit, digest=digest, written_as="CSV", key="a-list-of-people-01")
        return str(made)

    arrival_id = street.database.write(street.bank_id, OPERATOR, uploaded)
    for at in range(0, people, 500):
        who = [
            Newcomer(
                n + 2,
                f"人{n}",
                street.community_id,
                phone=f"139{n:08d}",
                purposes=(consents.SERVICE,),
                openings=((POINTS, 5),),
            )
            for n in range(at, min(at + 500, people))
        ]
        storing = partial(
            arrival_parts.store,
            arrival_id=arrival_id,
            first=at // arrival_parts.PART_ROWS,
            newcomers=who,
        )
        street.database.write(street.bank_id, OPERATOR, storing)

    def begun(unit: Unit) -> None:
        arrivals.make_ready(
            unit,
            arrival_id=arrival_id,
            rows=people,
            community_ids=[street.community_id],
            totals={POINTS: 5 * people},
        )
        arrivals.begin(unit, arrival_id=arrival_id, key="begin-the-list-01")

    street.database.write(street.bank_id, OPERATOR, begun)
    began = time.perf_counter()
    run_due(street.database, "worker", work_of(arrival_slices.KIND))
    rate = people / (time.perf_counter() - began)
    one = street.see(lambda view: arrivals.find(view, arrival_id))
    assert (people, 0) == (one.rows_done, one.rows_refused), one
    return rate, arrival_id


def _confirmed(street: Street, arrival_id: str, people: int) -> float:
    totals = {POINTS: 5 * people}
    yes = partial(openings.confirm, arrival_id=arrival_id, totals=totals, key="confirm-the-totals")
    street.database.write(street.bank_id, SECOND, yes)
    began = time.perf_counter()
    run_due(street.database, "worker", work_of(arrival_slices.KIND))
    return people / (time.perf_counter() - began)


def _prizes(street: Street, people: int) -> float:
    """Issue a prize to so many members in sets, as a year's end does."""
    pace, done = Pace(200, most=2_000), 0
    began = time.perf_counter()
    while done < people:
        numbers = range(done, min(done + pace.size, people))

        def award(unit: Unit, numbers: Sequence[int] = numbers) -> None:
            with pace.timed(len(numbers)):
                issues.issue_many(unit, [_prize(unit, n) for n in numbers])

        street.database.writer.submit(street.bank_id, OPERATOR, award, patient=True).result()
        done += len(numbers)
    return people / (time.perf_counter() - began)


def _prize(unit: Unit, n: int) -> Issue:
    member_id = made_up("mem", 100_000 + n)
    earned = (Earned(member_id, Amount(9, POINTS), date(2030, 1, 1)),)
    return Issue(earned, f"prize/{n}", unit.now, member_id, None)


@dataclass(slots=True)
class Waits:
    """How long checkouts took, in milliseconds."""

    took_ms: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        """The longest and the middle one."""
        every = sorted(self.took_ms)
        middle = every[len(every) // 2]
        return f"{len(every):,} checkouts, median {middle} ms, longest {every[-1]} ms"


@contextmanager
def shopping(street: Street, *, shoppers: int) -> Iterator[Waits]:
    """Let customers pay, five times a second at most each, for the length of a with block."""
    buyers = [street.member(100_000) for _ in range(shoppers)]
    over, waits = Event(), Waits()

    def shop(buyer: str) -> None:
        while not over.is_set():
            code = street.code(buyer)
            began = time.monotonic_ns()
            street.pay(code, 3000)
            waits.took_ms.append((time.monotonic_ns() - began) // 1_000_000)
            over.wait(_PAUSE_S)

    with ThreadPoolExecutor(shoppers) as threads:
        at_shop = [threads.submit(shop, buyer) for buyer in buyers]
        try:
            yield waits
        finally:
            over.set()
        for one in at_shop:
            one.result()


def while_importing(street: Street, rows: int, *, shoppers: int = 2) -> tuple[Waits, float]:
    """Check, store and load a journal beside tills; the waits, and rows a second in all."""
    _grown(street)
    with shopping(street, shoppers=shoppers) as waits:
        began = time.perf_counter()
        checked(street, rows)
        run_due(street.database, "worker", work_of(scheduler.LOAD_IMPORTS))
        took = time.perf_counter() - began
    return waits, rows / took


def while_expiring(
    street: Street, members: int, works: Callable[[], Sequence[Work]], *, shoppers: int = 2
) -> tuple[Waits, float]:
    """Let one lot of each member expire beside tills; the waits, and lots a second."""
    with shopping(street, shoppers=shoppers) as waits:
        began = time.perf_counter()
        run_due(street.database, "worker", works())
        took = time.perf_counter() - began
    return waits, members / took
