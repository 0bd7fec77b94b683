"""Totals by day: whole days are summed once, and every figure is what the postings add up to."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.scheduler import Ran, Work, run_due
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.ledger import audit, chart, circulation, day_sums, day_totals, journal, movements
from creditbank.ledger.chart import Kind
from tests.books import ANN, BEN, POINTS, SHOP, STARS, Books, moved
from tests.conftest import START

WORK = Work(day_sums.KIND, day_sums.due, day_sums.run_slice)
OF_ANN, OF_BEN = chart.member(ANN), chart.member(BEN)
SHEET, POT = chart.outside("sheet"), chart.fund("care")


@pytest.fixture
def books(database: Database) -> Iterator[Books]:
    """A bank whose books hold at the end, its sums included."""
    books = Books(database)
    yield books
    assert [] == books.wrongs()
    assert [] == books.see(audit.days_are_summed_up_rightly)


def work(books: Books) -> list[Ran]:
    """Let the job do all that is due."""
    return run_due(books.database, "test", [WORK])


def history(books: Books, clock: ManualClock, days: int) -> None:
    """Days with all that moves points, and some on which nothing does."""
    for day in range(days):
        clock.set(START + timedelta(days=2 * day, hours=day))
        books.post(moved(SHEET, OF_ANN, 20 + day), kind=Kind.OPENING)
        books.earn(ANN, 30 + day)
        books.earn(BEN, 4, asset=STARS)
        books.post(moved(OF_ANN, SHOP, 9 + day), kind=Kind.REDEEM)
        clock.advance(hours=3)
        books.post(moved(SHOP, OF_ANN, 2), kind=Kind.REFUND)
        books.post(moved(OF_ANN, OF_BEN, 3), moved(OF_ANN, POT, 1), kind=Kind.GIFT)
        books.post(moved(OF_BEN, chart.ISSUANCE, 1), kind=Kind.REVERSE)
        books.post(moved(OF_ANN, chart.EXPIRED, 5), kind=Kind.EXPIRE)
        books.post(moved(SHOP, chart.SETTLED, 4), kind=Kind.SETTLE)


def figures(view: View) -> list[Any]:
    """Every figure that is made of sums, over spans that begin and end anywhere."""
    spans = [(0, 400), (0, 24), (15, 39), (14, 63), (50, 51), (24, 24 * 7), (24 * 5, 24 * 30)]
    at = [tuple(START + timedelta(hours=one - 9) for one in span) for span in spans]
    return [
        [circulation.between(view, asset, *span) for asset in (POINTS, STARS) for span in at],
        [circulation.by_merchant(view, POINTS, *span) for span in at],
        [circulation.of(view, asset) for asset in (POINTS, STARS)],
        journal.balance_lines(view),
        [list(pages(view, asset)) for asset in (POINTS, STARS, "NONE")],
    ]


def pages(view: View, asset: str) -> Iterator[movements.Entry]:
    """What moved of an asset, newest first, five transfers at a time."""
    last = None
    while page := movements.latest(view, asset, before=last, limit=5):
        yield from page
        last = (page[-1].recorded_at, page[-1].transfer_id)


def test_figures_are_what_the_postings_add_up_to(books: Books, clock: ManualClock) -> None:
    """Months, shops, circulation and balances are the same before and after days are summed."""
    history(books, clock, 5)
    wanted = books.see(figures)
    flow = wanted[0][0]
    assert (160, 5, 55, 10, 25) == (
        *(flow.issued, flow.taken_back, flow.redeemed, flow.returned, flow.expired),
    )
    work(books)
    assert date(2026, 3, 7) == books.see(day_totals.last_whole).day  # type: ignore[union-attr]
    assert wanted == books.see(figures)
    assert 4 * 10 == len(books.see(_rows))
    clock.advance(days=1)
    books.earn(ANN, 100)
    assert 260 == books.see(lambda view: circulation.of(view, POINTS)).issued


def _rows(view: View) -> list[Any]:
    of = day_totals.day_totals
    return list(view.rows(of.select().where(of.c.bank_id == view.bank_id).order_by(*of.c)))


def test_sums_are_read_and_not_summed_again(books: Books, clock: ManualClock) -> None:
    """Whole days come from their rows alone, days that are open from the postings alone."""
    history(books, clock, 3)
    work(books)
    of = day_totals.day_totals.c
    books.do(
        lambda unit: unit.run(
            update(day_totals.day_totals)
            .where(of.bank_id == unit.bank_id, of.source == chart.ISSUANCE)
            .values(units=1_000)
        )
    )
    seen = books.see(lambda view: circulation.of(view, POINTS))
    assert 1_000 + 1_000 + 32 == seen.issued
    books.do(day_sums.forget)
    assert 30 + 31 + 32 == books.see(lambda view: circulation.of(view, POINTS)).issued


def test_a_day_is_summed_when_it_can_change_no_more(books: Books, clock: ManualClock) -> None:
    """Not before a transfer was recorded behind its end, and not within an hour of that end."""
    midnight = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
    books.earn(ANN, 30)
    clock.set(midnight + timedelta(days=3))
    assert [] == work(books)
    clock.set(midnight)
    books.earn(ANN, 1)
    clock.set(midnight + timedelta(minutes=59))
    assert [] == work(books)
    clock.advance(minutes=1)
    assert [Ran("demo", day_sums.KIND, jobs.DUE_WORK, 2)] == work(books)
    assert [] == work(books)
    assert [30] == [row.units for row in books.see(_rows)]


def test_a_clock_that_was_put_back_changes_no_summed_day(books: Books, clock: ManualClock) -> None:
    """What is recorded after a day was summed lies behind it, whatever the clock says."""
    books.earn(ANN, 30)
    clock.advance(days=2)
    books.earn(ANN, 5)
    work(books)
    clock.set(START)
    books.earn(ANN, 7)
    assert 42 == books.see(lambda view: circulation.of(view, POINTS)).issued
    clock.advance(days=9)
    books.earn(ANN, 1)
    work(books)
    assert [30, 12] == [row.units for row in books.see(_rows)]


def test_a_day_goes_in_slices(
    books: Books, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many transfers a slice takes, also of one instant, the sums are the same."""
    history(books, clock, 3)
    wanted = books.see(figures)
    rows, slices = {}, {}
    for most in (1, 2, 5, 1_000):
        monkeypatch.setattr(day_sums, "TRANSFERS_PER_SLICE", most)
        books.do(day_sums.forget)
        slices[most] = sum(one.slices for one in work(books))
        rows[most] = books.see(_rows)
        assert wanted == books.see(figures)
    assert {1: 7, 2: 7, 5: 5, 1_000: 3} == slices
    assert rows[1] == rows[2] == rows[5] == rows[1_000]


def test_a_day_half_summed_does_not_count(
    books: Books, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies in the middle of a day changes no figure; the next one goes on."""
    history(books, clock, 2)
    wanted = books.see(figures)
    monkeypatch.setattr(day_sums, "TRANSFERS_PER_SLICE", 4)
    lease = books.do(lambda unit: jobs.take(unit, kind=day_sums.KIND, owner="dies"))
    assert lease is not None
    books.do(lambda unit: day_sums.run_slice(unit, lease))
    assert [] != books.see(_rows)
    assert wanted == books.see(figures)
    assert [] == books.see(audit.days_are_summed_up_rightly)
    assert [] == work(books)
    clock.advance(minutes=2)
    work(books)
    assert wanted == books.see(figures)
    with pytest.raises(jobs.LeaseLost):
        books.do(lambda unit: day_sums.run_slice(unit, lease))


@pytest.mark.parametrize("wrong", [{"units": 31}, {"postings": 2}, {"kind": "gift"}, None])
def test_a_sum_that_is_wrong_is_found(
    books: Books, clock: ManualClock, wrong: dict[str, Any] | None
) -> None:
    """The audit finds a total that is off, of the wrong kind, or missing; the job mends it."""
    books.earn(ANN, 30)
    clock.advance(days=2)
    books.earn(ANN, 5)
    work(books)
    of = day_totals.day_totals
    spoil: Any = of.delete() if wrong is None else update(of).values(**wrong)
    books.do(lambda unit: unit.run(spoil.where(of.c.bank_id == unit.bank_id)))
    found = books.see(audit.days_are_summed_up_rightly)
    assert [f"2026-03-01 {POINTS} issue issuance to member"] == [
        one.subject for one in found if "issue" in one.subject
    ]
    books.do(day_sums.forget)
    work(books)
    assert [] == books.see(audit.days_are_summed_up_rightly)


def test_a_transfer_that_came_too_late_is_found(books: Books, clock: ManualClock) -> None:
    """Were a transfer ever recorded within a summed day, or before all of them, the audit says."""
    for _ in range(2):
        books.earn(ANN, 30)
        clock.advance(days=2)
    books.earn(ANN, 5)
    work(books)
    of = day_totals.summed_days
    books.do(
        lambda unit: unit.run(
            of.delete().where(of.c.bank_id == unit.bank_id, of.c.day == date(2026, 3, 1))
        )
    )
    found = books.see(audit.days_are_summed_up_rightly)
    assert 1 == len(found)
    books.do(day_sums.forget)
    work(books)


def test_each_bank_has_days_of_its_own(books: Books, clock: ManualClock) -> None:
    """A bank's sums are its own, by the calendar of its own zone."""
    other = Books(books.database, "other")
    clock.set(datetime.fromisoformat("2026-03-01T23:30:00+08:00"))
    books.earn(ANN, 30)
    other.earn(ANN, 7)
    clock.advance(days=1)
    books.earn(ANN, 1)
    clock.advance(days=1)
    work(books)
    assert [30] == [row.units for row in books.see(_rows)]
    assert 7 == other.see(lambda view: circulation.of(view, POINTS)).issued
    assert 31 == books.see(lambda view: circulation.of(view, POINTS)).issued
