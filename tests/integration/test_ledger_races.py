"""Races over one account, one key and one hold, with real threads; small twins of the proofs."""

from collections import Counter

import pytest

from creditbank.core.database import Database
from creditbank.core.errors import AlreadyReversed
from creditbank.core.values import Amount
from creditbank.ledger import accounts, chart, holds, issues, posting, statements
from creditbank.ledger.books import accounts as account_table
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from tests.books import ANN, BEN, CAN, POINTS, SHOP, Books, moved
from tests.ledger_races import copies_of_keys, kinds, resolve_holds, spend_it_all, together


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in a fresh database."""
    return Books(database)


def test_an_account_is_never_overdrawn(books: Books) -> None:
    """20 units, 8 threads with 5 posts each: 20 transfers, 20 refusals."""
    found = spend_it_all(books, units=20, threads=8, posts=5)
    assert Counter(Transfer=20, InsufficientPoints=20) == found
    assert ((0, 0, 0), 21, []) == (books.holding(ANN), books.count(transfers), books.wrongs())


def test_a_key_has_one_effect_however_many_copies(books: Books) -> None:
    """12 keys in 10 parallel copies: 12 effects, and all copies of a key get one answer."""
    assert (0, 12, 0) == copies_of_keys(books, keys=12, copies=10, threads=20)
    assert ((0, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_a_hold_has_one_outcome(books: Books) -> None:
    """18 holds, each raced by capture, void and expiry: 18 single outcomes."""
    found = resolve_holds(books, count=18, threads=12)
    assert (18, 0) == (found["single"], found["wrong"])
    assert [] == books.wrongs()


def test_gifts_in_a_circle_neither_stop_nor_lose(books: Books) -> None:
    """Three members give to each other in all directions; the sum stays, nobody waits for ever."""
    everybody = (ANN, BEN, CAN)
    for member_id in everybody:
        books.earn(member_id, 50)
    moves = [
        moved(chart.member(source), chart.member(to), 1)
        for _ in range(10)
        for source in everybody
        for to in everybody
        if source != to
    ]
    outcomes = together(
        [
            lambda move=move, key=key: books.post(move, key=key)  # type: ignore[misc]
            for move, key in zip(moves, books.keys(60), strict=True)
        ],
        12,
    )
    assert Counter(Transfer=60) == kinds(outcomes)
    assert [(50, 0, 0)] * 3 == [books.holding(member_id) for member_id in everybody]
    assert [] == books.wrongs()


def test_a_new_account_is_made_once(books: Books) -> None:
    """Many first postings to one member at once make one account, and none of them is lost."""
    moves = [moved(chart.ISSUANCE, chart.member(ANN), 1) for _ in range(16)]
    outcomes = together(
        [
            lambda move=move, key=key: books.post(move, kind=Kind.OPENING, key=key)  # type: ignore[misc]
            for move, key in zip(moves, books.keys(16), strict=True)
        ],
        16,
    )
    assert Counter(Transfer=16) == kinds(outcomes)
    assert ((16, 0, 0), 2, []) == (
        books.holding(ANN),
        books.count(account_table),
        books.wrongs(),
    )


def test_an_approval_is_withdrawn_once_however_many_try(books: Books) -> None:
    """Ten people withdraw one approval: one transfer, nine refusals, one debt."""
    done = books.earn(ANN, 10)
    books.post(moved(chart.member(ANN), SHOP, 4), kind=Kind.REDEEM)
    outcomes = together(
        [
            lambda key=key: books.do(  # type: ignore[misc]
                lambda unit: issues.withdraw(
                    unit, transfer_id=done.transfer_id, key=key, period_id=None
                )
            )
            for key in books.keys(10)
        ],
        10,
    )
    assert Counter(Transfer=1, AlreadyReversed=9) == kinds(outcomes)
    assert ((0, 0, 4), []) == (books.holding(ANN), books.wrongs())
    assert AlreadyReversed.final


def test_debts_are_paid_once_however_many_earn(books: Books) -> None:
    """Issues that arrive together pay a debt to the unit, and the rest can be spent."""
    done = books.earn(ANN, 10)
    books.post(moved(chart.member(ANN), SHOP, 10), kind=Kind.REDEEM)
    books.do(
        lambda unit: issues.withdraw(unit, transfer_id=done.transfer_id, key="w", period_id=None)
    )
    earned = [issues.Earned(ANN, Amount(3, POINTS))]
    outcomes = together(
        [
            lambda key=key: books.do(  # type: ignore[misc]
                lambda unit: issues.issue(
                    unit,
                    earned=earned,
                    key=key,
                    occurred_at=unit.now,
                    refers_to="c",
                    period_id=None,
                )
            )
            for key in books.keys(8)
        ],
        8,
    )
    assert Counter(Transfer=8) == kinds(outcomes)
    assert ((14, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_holds_and_payments_share_one_balance(books: Books) -> None:
    """Authorisations and payments of one member at once never use a point twice."""
    books.earn(ANN, 10)
    amount = Amount(1, POINTS)
    outcomes = together(
        [
            *(
                lambda key=key: books.post(moved(chart.member(ANN), SHOP, 1), key=key)
                for key in books.keys(10)
            ),
            *(
                lambda: books.do(
                    lambda unit: holds.authorise(unit, member_id=ANN, amount=amount, ttl_s=60)
                )
                for _ in range(10)
            ),
        ],
        16,
    )
    found = kinds(outcomes)
    assert (10, 10) == (found["InsufficientPoints"], found["Transfer"] + found["Hold"])
    assert (0, found["Hold"], 0) == books.holding(ANN)
    assert [] == books.wrongs()


def test_a_view_beside_writers_always_adds_up(books: Books) -> None:
    """Whoever reads while points move between two members sees all of them."""
    books.earn(ANN, 100)
    seen: set[int] = set()

    def look() -> object:
        for _ in range(10):
            seen.add(
                books.see(
                    lambda view: sum(
                        statements.balance(view, chart.member(one), POINTS).total
                        for one in (ANN, BEN)
                    )
                )
            )
        return None

    give = [
        lambda key=key: books.post(moved(chart.member(ANN), chart.member(BEN), 1), key=key)
        for key in books.keys(40)
    ]
    outcomes = together([look, look, *give], 10)
    assert ({100}, 40) == (seen, kinds(outcomes)["Transfer"])


def test_twins_of_one_transfer_key_race_to_one_transfer(books: Books) -> None:
    """The same draft from many threads is recorded once; the others get it as a replay."""
    books.earn(ANN, 10)
    then = books.do(lambda unit: unit.now)
    draft = posting.Draft(Kind.REDEEM, "twin", then, (moved(chart.member(ANN), SHOP, 2),))
    outcomes = together(
        [lambda: books.do(lambda unit: posting.post(unit, draft)) for _ in range(16)], 16
    )
    found = [one for one in outcomes if isinstance(one, posting.Transfer)]
    assert (16, 1, 15) == (
        len(found),
        len({one.transfer_id for one in found}),
        sum(one.replayed for one in found),
    )
    assert ((8, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_two_reversals_race_to_one(books: Books) -> None:
    """Of two people who mend the same transfer, one is told that it is mended."""
    done = books.post(moved(chart.ISSUANCE, chart.member(ANN), 5), kind=Kind.OPENING)
    outcomes = together(
        [
            lambda key=key: books.do(  # type: ignore[misc]
                lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key=key)
            )
            for key in books.keys(8)
        ],
        8,
    )
    assert Counter(Transfer=1, AlreadyReversed=7) == kinds(outcomes)
    assert ((0, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_assets_are_made_once(books: Books) -> None:
    """Two people who add the same asset at once end with one of it."""
    found = books.see(accounts.every_asset)
    outcomes = together(
        [lambda: books.do(lambda unit: accounts.create_asset(unit, found[POINTS]))] * 8, 8
    )
    assert ([None] * 8, found) == (outcomes, books.see(accounts.every_asset))
