"""Statements: balances, pages with a running balance in which holds are no rows, and as-of."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.core.values import Amount
from creditbank.ledger import (
    chart,
    circulation,
    holds,
    issues,
    movements,
    posting,
    statements,
    turnovers,
)
from creditbank.ledger.chart import Kind
from creditbank.ledger.circulation import Circulation
from creditbank.ledger.statements import Balance, Line, Page
from tests.books import ANN, BEN, CAN, POINTS, SHOP, STARS, Books, moved

A, B = chart.member(ANN), chart.member(BEN)


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in a fresh database."""
    return Books(database)


def page(books: Books, older_than: int | None = None, limit: int = 50) -> Page:
    """A page of Ann's statement."""
    return books.see(
        lambda view: statements.history(view, A, POINTS, older_than=older_than, limit=limit)
    )


def told(lines: tuple[Line, ...]) -> list[tuple[str, int, int]]:
    """Kind, signed units and balance after of some lines."""
    return [(line.kind.value, line.units, line.balance_after) for line in lines]


def authorise(books: Books, units: int) -> str:
    """Set some of Ann's points aside."""
    amount = Amount(units, POINTS)
    return books.do(
        lambda unit: holds.authorise(unit, member_id=ANN, amount=amount, ttl_s=600)
    ).hold_id


def a_year(books: Books) -> None:
    """Earn, hold, capture in part, void, hold again, give, and earn beside an open hold."""
    books.earn(ANN, 10)
    first, second = authorise(books, 6), authorise(books, 3)
    books.earn(ANN, 2)
    books.do(lambda unit: holds.capture(unit, hold_id=first, units=4, destination=SHOP))
    books.do(lambda unit: holds.void(unit, hold_id=second))
    authorise(books, 5)
    books.post(moved(A, B, 1))
    books.earn(ANN, 3)


def test_a_member_without_a_row_has_nothing(books: Books) -> None:
    """Zeros, no lines, no next page."""
    assert Balance(POINTS, 0, 0, 0) == books.balance(ANN)
    assert [] == books.see(lambda view: statements.balances(view, A))
    assert (Page((), None), 0) == (
        page(books),
        books.see(lambda view: statements.as_of(view, A, POINTS, view.now)),
    )


def test_balances_are_told_by_asset(books: Books) -> None:
    """Available, held and owed of each asset; another member's are not among them."""
    done = books.earn(ANN, 10)
    books.earn(ANN, 90, asset=STARS)
    books.earn(BEN, 7)
    authorise(books, 4)
    books.do(
        lambda unit: issues.withdraw(unit, transfer_id=done.transfer_id, key="w", period_id=None)
    )
    assert [Balance(STARS, 90, 0, 0), Balance(POINTS, 0, 4, 4)] == books.see(
        lambda view: statements.balances(view, A)
    )
    assert (4, 4) == (
        books.balance(ANN).total,
        books.see(lambda view: statements.owed(view, ANN, POINTS)),
    )
    assert 0 == books.see(lambda view: statements.owed(view, BEN, POINTS))


def test_holds_are_no_rows_and_captures_are(books: Books) -> None:
    """The running balance is available and held together at each line."""
    a_year(books)
    lines = page(books).lines
    assert [
        ("issue", 3, 10),
        ("gift", -1, 7),
        ("redeem", -4, 8),
        ("issue", 2, 12),
        ("issue", 10, 10),
    ] == told(lines)
    assert [chart.ISSUANCE, B, SHOP, chart.ISSUANCE, chart.ISSUANCE] == [
        line.other for line in lines
    ]
    assert books.balance(ANN).total == lines[0].balance_after
    assert [] == books.wrongs()


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_join_into_the_whole(books: Books, limit: int) -> None:
    """Pages of any size show each line once, with the same running balance, also beside writes."""
    a_year(books)
    whole = page(books).lines
    joined: list[Line] = []
    older_than = None
    while True:
        part = page(books, older_than, limit)
        assert len(part.lines) <= limit
        joined += part.lines
        books.earn(ANN, 1)
        if part.older_than is None:
            break
        older_than = part.older_than
    assert list(whole) == joined


def test_a_page_is_never_above_its_bound(books: Books) -> None:
    """However many lines are asked for, 200 are the most."""
    books.post(*(moved(chart.ISSUANCE, A, 1) for _ in range(205)), kind=Kind.OPENING)
    first = page(books, limit=10_000)
    rest = page(books, older_than=first.older_than, limit=10_000)
    assert (200, 5, None) == (len(first.lines), len(rest.lines), rest.older_than)
    assert list(range(205, 0, -1)) == [line.version for line in first.lines + rest.lines]


def test_a_limit_below_one_shows_one(books: Books) -> None:
    """A senseless limit is no fault."""
    books.earn(ANN, 1)
    books.earn(ANN, 1)
    assert [1, 1] == [len(page(books, limit=limit).lines) for limit in (0, -5)]


def test_a_reversal_shows_on_the_statement(books: Books) -> None:
    """What went wrong and its mending are both there."""
    books.earn(ANN, 10)
    done = books.post(moved(A, B, 4))
    books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="r"))
    assert [("reverse", 4, 10), ("gift", -4, 6), ("issue", 10, 10)] == told(page(books).lines)


def test_a_merchant_has_a_statement_too(books: Books) -> None:
    """An account without holds pages alike."""
    a_year(books)
    lines = books.see(lambda view: statements.history(view, SHOP, POINTS)).lines
    assert [("redeem", 4, 4)] == told(lines)


def test_assets_do_not_mix(books: Books) -> None:
    """A statement is of one asset."""
    books.earn(ANN, 1)
    books.earn(ANN, 60, asset=STARS)
    assert [("issue", 1, 1)] == told(page(books).lines)


def test_as_of_is_what_had_been_recorded(books: Books, clock: ManualClock) -> None:
    """The highest version recorded by then, whatever the business time was."""
    start = clock.now()
    books.earn(ANN, 10)
    books.earn(ANN, 1)
    clock.advance(hours=1)
    books.post(moved(A, B, 4))

    def at(instant: timedelta) -> int:
        return books.see(lambda view: statements.as_of(view, A, POINTS, start + instant))

    second, hour = timedelta(seconds=1), timedelta(hours=1)
    assert [0, 11, 11, 7, 7] == [
        at(when) for when in (-second, 0 * second, hour - second, hour, 3 * hour)
    ]


def test_circulation_adds_up(books: Books) -> None:
    """Issued less taken back is what members, merchants and others hold."""
    a_year(books)
    done = books.earn(CAN, 5)
    books.do(
        lambda unit: issues.withdraw(unit, transfer_id=done.transfer_id, key="w", period_id=None)
    )
    books.post(moved(B, chart.fund("micro"), 1), kind=Kind.DONATE)
    now = books.see(lambda view: circulation.of(view, POINTS))
    assert Circulation(POINTS, 20, 5, 10, 4, 1) == now
    assert now.issued - now.taken_back == now.with_members + now.with_merchants + now.elsewhere


def test_nothing_of_another_bank_is_told(books: Books) -> None:
    """The same member id in another bank is another member."""
    a_year(books)
    second = Books(books.database, "second")
    second.earn(ANN, 77)
    assert [("issue", 77, 77)] == told(page(second).lines)
    assert (10, 77) == (books.balance(ANN).total, second.balance(ANN).total)
    assert 77 == second.see(lambda view: circulation.of(view, POINTS)).issued
    about = second.see(lambda view: statements.issued_about(view, "clm_test/0001"))
    assert 1 == len(about)


def test_a_turnover_is_what_lies_between_two_instants(books: Books, clock: ManualClock) -> None:
    """Opening and closing are the balances of then, however many moves lie before and after."""
    start, minute = clock.now(), timedelta(minutes=1)
    for units in range(1, 12):
        books.earn(ANN, units)
        clock.advance(minutes=1)
    for first in range(-1, 13):
        for last in range(first, 13):
            span = (start + first * minute, start + last * minute)
            found = books.see(partial(_turnover, span=span))
            opening, closing = (sum(range(1, min(max(n, 0), 11) + 1)) for n in (first, last))
            assert (opening, closing) == (found.opening, found.closing)
            assert closing - opening == sum(one.units for one in found.moves)


def _turnover(view: View, span: tuple[datetime, datetime]) -> turnovers.Turnover:
    return turnovers.between(view, A, POINTS, *span)


def test_the_latest_movements_are_whole_transfers(books: Books, clock: ManualClock) -> None:
    """A transfer of several postings is never parted between two pages."""
    books.earn(ANN, 9)
    for _ in range(3):
        clock.advance(minutes=1)
        books.post(moved(A, B, 1), moved(A, chart.fund("micro"), 1))
    first = books.see(lambda view: movements.latest(view, POINTS, limit=2))
    last = (first[-1].recorded_at, first[-1].transfer_id)
    rest = books.see(lambda view: movements.latest(view, POINTS, before=last, limit=9))
    assert (4, 3) == (len(first), len(rest))
    assert 4 == len({one.transfer_id for one in (*first, *rest)})
