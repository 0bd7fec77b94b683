"""What members earn, and an approval withdrawn: what is there goes back, the rest is owed."""

from collections.abc import Sequence
from datetime import date

import pytest

from creditbank.core.database import Database
from creditbank.core.errors import (
    AlreadyReversed,
    AssetNotFound,
    InDebt,
    KeyReused,
    TransferNotFound,
)
from creditbank.core.values import Amount
from creditbank.ledger import chart, holds, issues, posting, statements
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.issues import Earned
from tests.books import ANN, BEN, POINTS, SHOP, STARS, Books, moved

A, B = chart.member(ANN), chart.member(BEN)


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in a fresh database."""
    return Books(database)


def issue(books: Books, key: str, earned: Sequence[Earned]) -> posting.Transfer:
    """Issue under a key of one's own."""
    return books.do(
        lambda unit: issues.issue(
            unit,
            earned=earned,
            key=key,
            occurred_at=unit.now,
            refers_to="clm_1",
            period_id=None,
        )
    )


def withdraw(books: Books, done: posting.Transfer, key: str = "w") -> posting.Transfer:
    """Withdraw an approval."""
    return books.do(
        lambda unit: issues.withdraw(unit, transfer_id=done.transfer_id, key=key, period_id=None)
    )


def in_debt(books: Books, units: int) -> None:
    """Let Ann owe some units."""
    done = books.earn(ANN, units)
    books.post(moved(A, SHOP, units), kind=Kind.REDEEM)
    withdraw(books, done, f"debt/{done.transfer_id}")
    assert (0, 0, units) == books.holding(ANN)


def test_members_earn_in_one_transfer(books: Books) -> None:
    """Each gets the units and the date of expiry; the transfer says what it refers to."""
    day = date(2027, 3, 1)
    done = issue(
        books,
        "k",
        [
            Earned(ANN, Amount(3, POINTS), day),
            Earned(BEN, Amount(2, POINTS)),
            Earned(ANN, Amount(60, STARS)),
        ],
    )
    assert (
        moved(chart.ISSUANCE, A, 3, expires_on=day),
        moved(chart.ISSUANCE, B, 2),
        moved(chart.ISSUANCE, A, 60, STARS),
    ) == done.postings
    assert [done.transfer_id] == books.see(lambda view: statements.issued_about(view, "clm_1"))
    assert ((3, 0, 0), (2, 0, 0), 60) == (
        books.holding(ANN),
        books.holding(BEN),
        books.balance(ANN, STARS).available,
    )
    assert [] == books.wrongs()


def test_an_unknown_asset_issues_nothing(books: Books) -> None:
    """Nobody earns when one asset of the transfer is unknown."""
    with pytest.raises(AssetNotFound):
        issue(books, "k", [Earned(ANN, Amount(1, POINTS)), Earned(BEN, Amount(1, "GOLD"))])
    assert ((0, 0, 0), 0) == (books.holding(ANN), books.count(transfers))


def test_earnings_pay_the_debt_first(books: Books) -> None:
    """What is owed comes off first, over several earnings of one transfer."""
    in_debt(books, 6)
    issue(books, "k", [Earned(ANN, Amount(4, POINTS)), Earned(ANN, Amount(5, POINTS))])
    assert ((3, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_a_small_earning_only_pays_debt(books: Books) -> None:
    """An earning below the debt brings nothing to spend."""
    in_debt(books, 6)
    done = books.earn(ANN, 2)
    assert (moved(chart.ISSUANCE, chart.debt(ANN), 2),) == done.postings
    assert ((0, 0, 4), []) == (books.holding(ANN), books.wrongs())


def test_gifts_and_refunds_do_not_pay_debts(books: Books) -> None:
    """Only what is earned is earned back."""
    in_debt(books, 6)
    books.earn(BEN, 5)
    books.post(moved(B, A, 2))
    books.post(moved(SHOP, A, 1), kind=Kind.REFUND)
    assert (3, 0, 6) == books.holding(ANN)


def test_honour_is_never_owed(books: Books) -> None:
    """Stars are taken back below zero, and later stars are stars."""
    done = books.earn(ANN, 5, asset=STARS)
    books.post(moved(A, chart.ISSUANCE, 3, STARS), kind=Kind.REVERSE)
    withdraw(books, done)
    assert (-3, 0) == (books.balance(ANN, STARS).available, books.balance(ANN, STARS).owed)
    books.earn(ANN, 1, asset=STARS)
    assert (-2, []) == (books.balance(ANN, STARS).available, books.wrongs())


def test_the_same_key_issues_once_although_the_debt_changed(books: Books) -> None:
    """How an earning is split is computed, so it is no content of its key."""
    in_debt(books, 6)
    earned = [Earned(ANN, Amount(10, POINTS))]
    first = issue(books, "k", earned)
    again = issue(books, "k", earned)
    assert (first.transfer_id, first.postings, True) == (
        again.transfer_id,
        again.postings,
        again.replayed,
    )
    with pytest.raises(KeyReused):
        issue(books, "k", [Earned(ANN, Amount(9, POINTS))])
    assert ((4, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_a_withdrawn_approval_takes_back_what_is_there(books: Books) -> None:
    """Nothing spent, nothing owed: the issue is undone, and no issue about it is left."""
    done = books.earn(ANN, 6)
    back = withdraw(books, done)
    assert (done.transfer_id, Kind.REVERSE, done.refers_to) == (
        back.reverses,
        back.kind,
        back.refers_to,
    )
    assert ((0, 0, 0), []) == (books.holding(ANN), books.wrongs())
    assert [] == books.see(lambda view: statements.issued_about(view, str(done.refers_to)))


def test_what_was_spent_is_owed(books: Books) -> None:
    """Shop and receiver keep what they got; the total equals the issue's."""
    done = books.earn(ANN, 10)
    books.post(moved(A, SHOP, 4), kind=Kind.REDEEM)
    books.post(moved(A, B, 3))
    back = withdraw(books, done)
    assert (moved(A, chart.ISSUANCE, 3), moved(chart.debt(ANN), chart.ISSUANCE, 7)) == back.postings
    assert ((0, 0, 7), (3, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [] == books.wrongs()


def test_points_on_hold_stay_on_hold(books: Books) -> None:
    """A withdrawal does not break an authorised payment; what is held is owed."""
    done = books.earn(ANN, 10)
    hold = books.do(
        lambda unit: holds.authorise(unit, member_id=ANN, amount=Amount(8, POINTS), ttl_s=60)
    )
    withdraw(books, done)
    assert (0, 8, 8) == books.holding(ANN)
    books.do(lambda unit: holds.capture(unit, hold_id=hold.hold_id, units=5, destination=SHOP))
    assert ((3, 0, 8), []) == (books.holding(ANN), books.wrongs())


def test_an_issue_that_paid_a_debt_is_withdrawn_in_full(books: Books) -> None:
    """What the issue had paid back is owed again."""
    in_debt(books, 6)
    done = books.earn(ANN, 10)
    assert (4, 0, 0) == books.holding(ANN)
    back = withdraw(books, done)
    assert 10 == sum(one.amount.units for one in back.postings)
    assert ((0, 0, 6), []) == (books.holding(ANN), books.wrongs())


def test_an_approval_is_withdrawn_once(books: Books) -> None:
    """The same key answers the same although balances changed; another key is refused."""
    done = books.earn(ANN, 10)
    books.post(moved(A, SHOP, 4), kind=Kind.REDEEM)
    first = withdraw(books, done, "w")
    books.earn(ANN, 9)
    again = withdraw(books, done, "w")
    assert (first.transfer_id, first.postings, True) == (
        again.transfer_id,
        again.postings,
        again.replayed,
    )
    with pytest.raises(AlreadyReversed):
        withdraw(books, done, "w2")
    assert ((5, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_each_receiver_of_an_issue_gives_back_or_owes(books: Books) -> None:
    """Members, assets and repeated earnings of one issue are added up by account."""
    done = issue(
        books,
        "k",
        [
            Earned(ANN, Amount(3, POINTS)),
            Earned(BEN, Amount(5, POINTS)),
            Earned(ANN, Amount(4, POINTS)),
            Earned(ANN, Amount(2, STARS)),
        ],
    )
    books.post(moved(A, SHOP, 6), kind=Kind.REDEEM)
    withdraw(books, done)
    assert ((0, 0, 6), (0, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert (0, []) == (books.balance(ANN, STARS).available, books.wrongs())


def test_another_banks_issue_is_not_found(books: Books) -> None:
    """An approval is withdrawn where it was given."""
    done = books.earn(ANN, 6)
    second = Books(books.database, "second")
    with pytest.raises(TransferNotFound):
        withdraw(second, done)
    assert (6, 0, 0) == books.holding(ANN)


def test_a_debtor_cannot_spend(books: Books) -> None:
    """The refusal says how much is still to earn back, per asset."""
    in_debt(books, 6)
    books.earn(ANN, 2)
    with pytest.raises(InDebt) as caught:
        books.see(lambda view: issues.refuse_debtor(view, ANN, POINTS))
    assert {"asset": POINTS, "still_to_earn_back": 4} == caught.value.figures
    books.see(lambda view: issues.refuse_debtor(view, ANN, STARS))
    books.see(lambda view: issues.refuse_debtor(view, BEN, POINTS))
    books.earn(ANN, 4)
    books.see(lambda view: issues.refuse_debtor(view, ANN, POINTS))
