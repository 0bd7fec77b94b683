"""Random books over random days: every figure with sums is what the raw postings add up to.

Transfers of all kinds, clocks that jump on and are put back, days that begin at odd hours, days
summed up in slices of any size, half, or forgotten: figures are counted anew posting by posting.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import View
from creditbank.ledger import accounts, audit, chart, circulation, day_sums, journal, movements
from creditbank.ledger.books import accounts as account_rows
from creditbank.ledger.books import postings, transfers
from creditbank.ledger.chart import Bounds, Kind
from tests.books import ANN, BEN, POINTS, SHOP, STARS, Books, found, made_up, moved
from tests.conftest import START

OF_ANN, OF_BEN = chart.member(ANN), chart.member(BEN)
OTHER_SHOP = chart.merchant(made_up("mer", 2))
SHEET, LI, POT = chart.outside("sheet"), chart.outside("li"), chart.fund("care")
OUTER = (chart.ISSUANCE, chart.EXPIRED, chart.SETTLED)
PLACES = (OF_ANN, OF_BEN, SHOP, OTHER_SHOP, POT, SHEET, LI, *OUTER)
KINDS = (Kind.ISSUE, Kind.REDEEM, Kind.REFUND, Kind.REVERSE, Kind.GIFT, Kind.EXPIRE, Kind.SETTLE)
ZONES = ("Asia/Shanghai", "America/Santiago", "America/Havana", "Pacific/Kiritimati")
_SLUGS = count()

Step = tuple[str, Any]
TRANSFER = st.tuples(
    st.sampled_from(PLACES), st.sampled_from(PLACES), st.sampled_from(KINDS), st.integers(1, 40)
)
STEPS = st.one_of(
    st.tuples(st.just("post"), TRANSFER),
    st.tuples(st.just("post"), TRANSFER),
    st.tuples(st.just("star"), st.integers(1, 9)),
    st.tuples(
        st.just("pass"), st.sampled_from([0, 1, 60, 719, 1_440, 2_000, 30_000, -600, -4_000])
    ),
    st.tuples(st.just("sum"), st.tuples(st.integers(1, 9), st.sampled_from([1, 2, 5, 1_000]))),
    st.tuples(st.just("forget"), st.none()),
)
STARTS = st.sampled_from(
    ["2026-03-01T09:00+08:00", "2026-04-03T22:00-03:00", "2026-09-04T20:00-04:00"]
)
SPANS = st.lists(st.tuples(st.integers(-40, 2_000), st.integers(1, 900)), min_size=2, max_size=4)


class Moved(NamedTuple):
    """A posting, as it lies in the books."""

    kind: str
    asset: str
    source: str
    destination: str
    units: int
    recorded_at: datetime


class Town(Books):
    """A bank of its own for an example, in a zone."""

    def __init__(self, database: Database, zone: str) -> None:
        self.database = database
        self.bank = found(database, f"town-{next(_SLUGS)}", zone)
        self.bank_id = self.bank.bank_id
        self._keys = 0
        self._lease: jobs.Lease | None = None
        self.do(lambda unit: accounts.make(unit, {(LI, POINTS): Bounds(0)}))

    def sum_up(self, slices: int, transfers_per_slice: int) -> None:
        """Let the job do some slices; the next time it goes on."""
        before = day_sums.TRANSFERS_PER_SLICE
        day_sums.TRANSFERS_PER_SLICE = transfers_per_slice
        try:
            for _ in range(slices):
                if self.see(day_sums.due) == [] and self._lease is None:
                    return
                lease = self._lease or self.do(
                    lambda unit: jobs.take(unit, kind=day_sums.KIND, owner="test")
                )
                assert lease is not None, "nobody else takes it"
                over = self.do(lambda unit, lease=lease: day_sums.run_slice(unit, lease))  # type: ignore[misc]
                self._lease = None if over else lease
        finally:
            day_sums.TRANSFERS_PER_SLICE = before


def every(view: View) -> list[Moved]:
    """All postings of the bank."""
    out, into = account_rows.alias("out"), account_rows.alias("into")
    rows = view.rows(
        select(
            transfers.c.kind,
            out.c.asset_code,
            out.c.address,
            into.c.address.label("destination"),
            postings.c.units,
            transfers.c.recorded_at,
        )
        .select_from(postings)
        .join(transfers, transfers.c.transfer_id == postings.c.transfer_id)
        .join(out, out.c.account_id == postings.c.source_id)
        .join(into, into.c.account_id == postings.c.destination_id)
        .where(
            *(of.c.bank_id == view.bank_id for of in (postings, transfers, out, into)),
        )
    )
    return [Moved._make(row) for row in rows]


def is_held(address: str) -> bool:
    """Whether what lies there is in circulation."""
    return address == LI or address.startswith(("member/", "fund/"))


def flow(said: list[Moved]) -> circulation.Flow:
    """The words of `creditbank.ledger.circulation`, posting by posting."""
    found: Counter[str] = Counter()
    for one in said:
        found["issued"] += one.units * (one.source == chart.ISSUANCE)
        found["taken_back"] += one.units * (one.destination == chart.ISSUANCE)
        found["expired"] += one.units * (one.destination == chart.EXPIRED)
        found["redeemed"] += one.units * (one in taken(said))
        found["returned"] += one.units * (one in given_back(said))
        found["came"] += one.units * (is_held(one.destination) and not is_held(one.source))
        found["went"] += one.units * (is_held(one.source) and not is_held(one.destination))
    return circulation.Flow(**found)


def taken(said: list[Moved]) -> list[Moved]:
    """What shops took for goods."""
    return [one for one in said if one.kind == Kind.REDEEM and "merchant/" in one.destination]


def given_back(said: list[Moved]) -> list[Moved]:
    """What shops gave back for them."""
    backs = [one for one in said if one.kind in {Kind.REFUND, Kind.REVERSE}]
    return [one for one in backs if "merchant/" in one.source and is_held(one.destination)]


def shops(said: list[Moved]) -> list[tuple[str, int, int]]:
    """What each shop took and gave back."""
    both: dict[str, list[int]] = {}
    for one in taken(said):
        both.setdefault(one.destination.split("/")[1], [0, 0])[0] += one.units
    for one in given_back(said):
        both.setdefault(one.source.split("/")[1], [0, 0])[1] += one.units
    return sorted(((shop, *two) for shop, two in both.items()), key=lambda one: (-one[1], one[0]))  # type: ignore[misc]


def compare(town: Town, spans: list[tuple[int, int]]) -> None:
    """See that what the engine says is what the postings say."""
    town.see(lambda view: _compare(view, spans))
    assert [] == town.see(audit.days_are_summed_up_rightly)


def _compare(view: View, spans: list[tuple[int, int]]) -> None:
    whole = every(view)
    left: Counter[tuple[str, str]] = Counter()
    for one in whole:
        left[one.source, one.asset] -= one.units
        left[one.destination, one.asset] += one.units
    for asset in (POINTS, STARS):
        said = [one for one in whole if one.asset == asset]
        for begins, lasts in spans:
            span = (START + timedelta(hours=begins), START + timedelta(hours=begins + lasts))
            within = [one for one in said if span[0] <= one.recorded_at < span[1]]
            assert flow(within) == circulation.between(view, asset, *span)
            assert shops(within) == circulation.by_merchant(view, asset, *span)
        now, ever = circulation.of(view, asset), flow(said)
        held = {place: units for (place, code), units in left.items() if code == asset}
        assert (ever.issued, ever.taken_back) == (now.issued, now.taken_back)
        of_members = sum(units for place, units in held.items() if place.startswith("member/"))
        assert of_members == now.with_members
        of_shops = sum(units for place, units in held.items() if place.startswith("merchant/"))
        assert (of_shops, ever.net) == (now.with_merchants, now.circulating)
        latest = [one.transfer_id for one in movements.latest(view, asset, before=None, limit=999)]
        assert len({*latest}) == len(said)
    told = {(one.account, one.asset): int(one.balance) for one in journal.balance_lines(view)}
    assert told == {place: left[place] for place in told}
    assert left.keys() <= told.keys()


def play(town: Town, clock: ManualClock, step: Step) -> None:
    """Do one thing."""
    what, said = step
    if what == "pass":
        clock.advance(minutes=said)
    elif what == "sum":
        town.sum_up(*said)
    elif what == "forget":
        town.do(day_sums.forget)
    elif what == "star":
        town.earn(ANN, said, asset=STARS)
    else:
        source, destination, kind, units = said
        if source != destination:
            with suppress(CreditbankError):  # not enough there
                town.post(moved(source, destination, units), kind=kind)


@given(
    zone=st.sampled_from(ZONES),
    start=STARTS,
    steps=st.lists(STEPS, min_size=8, max_size=40),
    spans=SPANS,
)
@example(
    zone="America/Santiago",
    start="2026-04-03T22:00-03:00",
    steps=[
        ("post", (chart.ISSUANCE, OF_ANN, Kind.ISSUE, 30)),
        *[("pass", 719), ("post", (OF_ANN, SHOP, Kind.REDEEM, 3)), ("sum", (1, 1))] * 8,
        ("sum", (9, 2)),
        ("pass", -4_000),
        ("post", (SHOP, OF_ANN, Kind.REFUND, 2)),
        ("sum", (9, 5)),
    ],
    spans=[(780, 30), (800, 100), (-9, 2_000)],
)
@settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_sums_say_what_the_postings_say(
    database: Database,
    clock: ManualClock,
    *,
    zone: str,
    start: str,
    steps: list[Step],
    spans: list[tuple[int, int]],
) -> None:
    """At any moment of any history, in any zone, however far the days are summed."""
    clock.set(datetime.fromisoformat(start))
    town = Town(database, zone)
    for nth, step in enumerate(steps):
        play(town, clock, step)
        if nth % 7 == 6:
            compare(town, spans)
    clock.advance(days=3)
    town.earn(BEN, 1)
    town.sum_up(99, 1_000)
    compare(town, spans)
    assert [] == town.see(day_sums.due)
