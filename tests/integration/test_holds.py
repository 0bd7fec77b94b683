"""Holds: points set aside, resolved once, and refused by their own time."""

from datetime import timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    BadAddress,
    BadAmount,
    HoldClosed,
    HoldExpired,
    HoldNotFound,
    InsufficientPoints,
)
from creditbank.core.values import Amount
from creditbank.ledger import chart, holds, statements
from creditbank.ledger.books import holds as hold_table
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.holds import Hold, HoldState
from tests.books import ANN, BEN, POINTS, SHOP, STARS, Books, made_up, moved


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in which Ann has ten points."""
    books = Books(database)
    books.earn(ANN, 10)
    return books


def authorise(books: Books, units: int = 6, ttl_s: Any = 180, member_id: str = ANN) -> Hold:
    """Set some of Ann's points aside."""
    return books.do(
        lambda unit: holds.authorise(
            unit, member_id=member_id, amount=Amount(units, POINTS), ttl_s=ttl_s, refers_to="rdm_1"
        )
    )


def capture(books: Books, hold: Hold, units: Any, destination: str = SHOP) -> Any:
    """Capture some units of a hold."""
    return books.do(
        lambda unit: holds.capture(unit, hold_id=hold.hold_id, units=units, destination=destination)
    )


def now(books: Books, hold: Hold) -> Hold:
    """The hold as another connection sees it."""
    return books.see(lambda view: holds.find(view, hold.hold_id))


def shop(books: Books) -> int:
    """What the shop has."""
    return books.see(lambda view: statements.balance(view, SHOP, POINTS)).available


def test_a_hold_sets_points_aside(books: Books, clock: ManualClock) -> None:
    """They can be seen and not be spent; the hold knows its member, amount and end."""
    hold = authorise(books)
    assert (4, 6, 0) == books.holding(ANN)
    assert hold == now(books, hold)
    assert (HoldState.AUTHORISED, 0, "rdm_1") == (hold.state, hold.captured_units, hold.refers_to)
    assert clock.now() + timedelta(seconds=180) == hold.ends_at
    with pytest.raises(InsufficientPoints):
        books.post(moved(chart.member(ANN), SHOP, 5), kind=Kind.REDEEM)
    assert [] == books.wrongs()


def test_more_than_is_available_is_not_held(books: Books) -> None:
    """A second hold sees what the first one left; a refused hold leaves no row."""
    authorise(books, 6)
    with pytest.raises(InsufficientPoints):
        authorise(books, 5)
    authorise(books, 4)
    assert ((0, 10, 0), 2, []) == (books.holding(ANN), books.count(hold_table), books.wrongs())


@pytest.mark.parametrize("ttl_s", [0, -1, 7 * 24 * 3600 + 1, 1.5, True])
def test_an_interval_has_bounds(books: Books, ttl_s: Any) -> None:
    """A hold lasts from a second to seven days."""
    with pytest.raises(BadAmount):
        authorise(books, ttl_s=ttl_s)
    authorise(books, 1, ttl_s=7 * 24 * 3600)
    assert (9, 1, 0) == books.holding(ANN)


def test_a_payment_above_the_bound_is_not_held(books: Books) -> None:
    """A million units are the most that one payment moves."""
    with pytest.raises(BadAmount):
        authorise(books, 1_000_001)


def test_honour_is_not_held(books: Books) -> None:
    """Stars have no held account."""
    books.earn(ANN, 10, asset=STARS)
    with pytest.raises(BadAddress):
        books.do(
            lambda unit: holds.authorise(unit, member_id=ANN, amount=Amount(1, STARS), ttl_s=60)
        )


def test_a_whole_capture_pays_the_shop(books: Books) -> None:
    """All that was held goes to the shop."""
    hold = authorise(books)
    paid = capture(books, hold, 6)
    assert (Kind.REDEEM, "rdm_1") == (paid.kind, paid.refers_to)
    assert ((4, 0, 0), 6) == (books.holding(ANN), shop(books))
    assert (HoldState.CAPTURED, 6) == (now(books, hold).state, now(books, hold).captured_units)
    assert [] == books.wrongs()


def test_a_partial_capture_returns_the_rest(books: Books) -> None:
    """One transfer pays a part and gives the rest back."""
    hold = authorise(books)
    capture(books, hold, 1)
    assert ((9, 0, 0), 1) == (books.holding(ANN), shop(books))
    assert (HoldState.CAPTURED, 1) == (now(books, hold).state, now(books, hold).captured_units)
    assert [] == books.wrongs()


@pytest.mark.parametrize("units", [0, 7, -1, True, 1.0])
def test_no_more_than_was_authorised_is_captured(books: Books, units: Any) -> None:
    """A wrong amount leaves the hold open, so that the till may try again."""
    hold = authorise(books)
    with pytest.raises(BadAmount):
        capture(books, hold, units)
    assert ((4, 6, 0), HoldState.AUTHORISED) == (books.holding(ANN), now(books, hold).state)
    capture(books, hold, 6)


def test_a_void_gives_everything_back(books: Books) -> None:
    """As if nothing had been held."""
    hold = authorise(books)
    books.do(lambda unit: holds.void(unit, hold_id=hold.hold_id))
    assert ((10, 0, 0), HoldState.VOIDED) == (books.holding(ANN), now(books, hold).state)
    assert [] == books.wrongs()


@pytest.mark.parametrize("first", ["capture", "void", "expire"])
@pytest.mark.parametrize("second", ["capture", "void", "expire"])
def test_a_hold_resolves_once(books: Books, clock: ManualClock, first: str, second: str) -> None:
    """Whatever came first stands; a later verb is refused or finds nothing to do."""
    hold = authorise(books)

    def resolve(verb: str) -> Any:
        if verb == "capture":
            return capture(books, hold, 2)
        if verb == "void":
            return books.do(lambda unit: holds.void(unit, hold_id=hold.hold_id))
        clock.set(max(clock.now(), hold.ends_at))
        return books.do(lambda unit: holds.expire(unit, hold_id=hold.hold_id))

    assert resolve(first) is not None
    after = books.holding(ANN), now(books, hold), books.count(transfers)
    if second == "expire":
        assert resolve(second) is None
    else:
        with pytest.raises(HoldClosed) as caught:
            resolve(second)
        assert now(books, hold).state == caught.value.state
    assert after == (books.holding(ANN), now(books, hold), books.count(transfers))
    assert [] == books.wrongs()


def test_a_hold_is_over_by_its_own_time(books: Books, clock: ManualClock) -> None:
    """One second before its end it can be captured, at its end no more, job or no job."""
    early, late = authorise(books, 2), authorise(books, 3)
    clock.advance(seconds=179)
    assert None is books.do(lambda unit: holds.expire(unit, hold_id=late.hold_id))
    capture(books, early, 2)
    clock.advance(seconds=1)
    with pytest.raises(HoldExpired):
        capture(books, late, 3)
    assert ((5, 3, 0), HoldState.AUTHORISED) == (books.holding(ANN), now(books, late).state)
    books.do(lambda unit: holds.expire(unit, hold_id=late.hold_id))
    assert ((8, 0, 0), HoldState.EXPIRED) == (books.holding(ANN), now(books, late).state)


def test_an_overdue_hold_can_still_be_voided(books: Books, clock: ManualClock) -> None:
    """Giving back needs no time limit."""
    hold = authorise(books)
    clock.advance(days=1)
    books.do(lambda unit: holds.void(unit, hold_id=hold.hold_id))
    assert (10, 0, 0) == books.holding(ANN)


def test_due_holds_are_found_oldest_first(books: Books, clock: ManualClock) -> None:
    """The job gets open holds whose time is over, up to its limit, of its own bank only."""
    late, early, resolved, young = (authorise(books, 1, ttl_s) for ttl_s in (120, 60, 30, 600))
    second = Books(books.database, "second")
    second.earn(ANN, 5)
    foreign = authorise(second, 1, 60)
    capture(books, resolved, 1)
    clock.advance(seconds=120)
    assert [early.hold_id, late.hold_id] == books.see(lambda view: holds.due(view, 10))
    assert [early.hold_id] == books.see(lambda view: holds.due(view, 1))
    assert [foreign.hold_id] == second.see(lambda view: holds.due(view, 10))
    assert HoldState.AUTHORISED is now(books, young).state


def test_another_banks_hold_is_not_found(books: Books) -> None:
    """None of the verbs reaches over the border of a bank."""
    hold = authorise(books)
    second = Books(books.database, "second")
    for hold_id in (hold.hold_id, made_up("hld", 1), ""):
        verbs = [
            lambda unit, wanted=hold_id: holds.void(unit, hold_id=wanted),
            lambda unit, wanted=hold_id: holds.expire(unit, hold_id=wanted),
            lambda unit, wanted=hold_id: holds.capture(
                unit, hold_id=wanted, units=1, destination=SHOP
            ),
        ]
        for verb in verbs:
            with pytest.raises(HoldNotFound):
                second.do(verb)
    assert ((4, 6, 0), 0) == (books.holding(ANN), second.count(transfers))


def test_a_capture_beyond_a_ceiling_leaves_the_hold_open(books: Books) -> None:
    """When the payment cannot be booked, the points stay on hold and nothing is half-made."""
    hold = authorise(books)
    with pytest.raises(BadAddress):
        capture(books, hold, 6, "merchant/nobody")
    assert ((4, 6, 0), []) == (books.holding(ANN), books.wrongs())
    capture(books, hold, 6, chart.member(BEN))
    assert (6, 0, 0) == books.holding(BEN)
