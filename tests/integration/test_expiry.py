"""Expiry: what is past its day leaves once, in slices; what comes back keeps its day; warnings."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from api.scheduler import Ran, Work, run_due
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.pace import Pace
from creditbank.core.values import Amount
from creditbank.ledger import audit, chart, holds, issues, lots, payments, posting, statements
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.lots import Lot
from creditbank.notices import inbox
from creditbank.people import members
from creditbank.schemes import expiry, scheme
from tests.books import ANN, BEN, CAN, POINTS, SHOP, STARS, Books, made_up, moved
from tests.faults import expiring
from tests.merchant_builders import Street

WORK = Work(expiry.KIND, expiry.due, expiry.run_slice)
DAY = timedelta(days=1)


@pytest.fixture
def books(database: Database) -> Books:
    """A bank with points and stars."""
    return Books(database)


def today(books: Books) -> date:
    """The bank's calendar day."""
    return books.see(lambda view: view.today)


def run(books: Books) -> list[Ran]:
    """What the scheduler does when it wakes the job."""
    return run_due(books.database, "worker", [WORK])


def gone(books: Books, member_id: str) -> list[int]:
    """What expired of a member's points, newest first."""
    page = books.see(lambda view: statements.history(view, chart.member(member_id), POINTS))
    return [-line.units for line in page.lines if line.kind is Kind.EXPIRE]


def spend(books: Books, member_id: str, units: int) -> str:
    """Pay the shop; the id of the transfer."""
    key = books.key()
    amount = Amount(units, POINTS)
    return books.do(
        lambda unit: payments.pay(
            unit,
            member_id=member_id,
            destination=SHOP,
            amount=amount,
            key=key,
            refers_to="red_test",
        )
    ).transfer_id


def give_back(books: Books, member_id: str, units: int) -> None:
    """The shop gives a part of a payment back."""
    key = books.key()
    amount = Amount(units, POINTS)
    books.do(
        lambda unit: payments.pay_back(
            unit, source=SHOP, member_id=member_id, amount=amount, key=key, refers_to="red_test"
        )
    )


def test_points_leave_on_the_day_after_their_last(books: Books, clock: ManualClock) -> None:
    """Valid on the last day; gone on the next, first the earliest lots; stars and others stay."""
    last = today(books)
    books.earn(ANN, 10, last)
    books.earn(ANN, 5, last + DAY)
    books.earn(ANN, 3)
    books.earn(ANN, 60, last, asset=STARS)
    spend(books, ANN, 4)
    assert [] == gone(books, ANN)
    run(books)
    assert (14, 0, 0) == books.holding(ANN)
    clock.advance(days=1)
    run(books)
    assert (8, 0, 0) == books.holding(ANN)
    clock.advance(days=1)
    run(books)
    run(books)
    clock.advance(days=1)
    run(books)
    assert ((3, 0, 0), [5, 6]) == (books.holding(ANN), gone(books, ANN))
    assert 60 == books.balance(ANN, STARS).total
    assert [] == books.wrongs() + books.see(lambda view: [p for q in audit.PROOFS for p in q(view)])


def test_no_job_where_nothing_expires(books: Books) -> None:
    """A bank whose points stay for ever has no days to run."""
    books.earn(ANN, 10)
    assert [] == run(books)


def test_missed_days_run_in_order(books: Books, clock: ManualClock) -> None:
    """A machine that was off for a week makes up for each day, once."""
    first = today(books)
    for n in range(4):
        books.earn(ANN, 1, first + n * DAY)
    run(books)
    clock.advance(days=7)
    days = [one.period for one in run(books)]
    assert [(first + n * DAY).isoformat() for n in range(1, 8)] == days
    assert ((0, 0, 0), [1, 1, 1, 1]) == (books.holding(ANN), gone(books, ANN))
    assert [] == run(books)


def test_the_first_run_takes_every_earlier_day(books: Books, clock: ManualClock) -> None:
    """A bank that ran without this job starts with all that is past."""
    first = today(books)
    books.earn(ANN, 2, first)
    books.earn(BEN, 3, first + 2 * DAY)
    books.earn(BEN, 4, first + 9 * DAY)
    clock.advance(days=5)
    run(books)
    assert ((0, 0, 0), (4, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_slices_are_small_and_reach_everyone(
    books: Books, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More accounts than one slice has are all reached, once, by transfers of their own."""
    monkeypatch.setattr(expiry, "PACE", Pace(2, most=2))
    monkeypatch.setattr(expiry, "WARN_PACE", Pace(2, most=2))
    last = today(books)
    for member_id in (ANN, BEN, CAN):
        books.earn(member_id, 5, last)
        books.earn(member_id, 5, last)
    clock.advance(days=1)
    [ran] = run(books)
    assert [[10]] * 3 == [gone(books, one) for one in (ANN, BEN, CAN)]
    assert ran.slices >= 3


def test_many_leave_by_one_transfer(books: Books, clock: ManualClock) -> None:
    """What a slice of many accounts leaves is right for each; who keeps something keeps that."""
    last = today(books)
    crowd = [made_up("mem", 50 + n) for n in range(9)]
    for n, member_id in enumerate(crowd):
        books.earn(member_id, 10 + n, last)
        books.earn(member_id, n + 1, last + 40 * DAY)
    spend(books, crowd[3], 13)
    spend(books, crowd[4], 4)
    clock.advance(days=1)
    run(books)
    assert [n + 1 for n in range(9)] == [books.holding(one)[0] for one in crowd]
    assert [[10], [11], [12], [], [10]] == [gone(books, one) for one in crowd[:5]]
    assert 1 == sum(
        row.kind == Kind.EXPIRE
        for row in books.see(
            lambda view: view.rows(
                select(transfers.c.kind).where(transfers.c.bank_id == view.bank_id)
            )
        )
    )
    assert [] == books.wrongs() + books.see(lambda view: [p for q in audit.PROOFS for p in q(view)])


def test_an_open_hold_is_gone_until_it_resolves(books: Books, clock: ManualClock) -> None:
    """Points on hold do not expire; when the hold runs out they leave on the day after."""
    last = today(books)
    books.earn(ANN, 10, last)
    hold = books.do(
        lambda unit: holds.authorise(
            unit, member_id=ANN, amount=Amount(4, POINTS), ttl_s=2 * 24 * 3600
        )
    )
    clock.advance(days=1)
    run(books)
    assert (0, 4, 0) == books.holding(ANN)
    clock.advance(days=1)
    books.do(lambda unit: holds.expire(unit, hold_id=hold.hold_id))
    run(books)
    assert (4, 0, 0) == books.holding(ANN)
    clock.advance(days=1)
    run(books)
    assert ((0, 0, 0), [4, 6]) == (books.holding(ANN), gone(books, ANN))


@pytest.mark.parametrize("how", ["refund", "void", "voided hold"])
def test_grace_after_a_shop_gave_back(books: Books, clock: ManualClock, how: str) -> None:
    """What a shop gives back past its day stays for the days of grace, and no longer."""
    last = today(books)
    books.earn(ANN, 10, last)
    books.earn(ANN, 7, last + 90 * DAY)
    if how == "voided hold":
        amount = Amount(10, POINTS)
        hold = books.do(
            lambda unit: holds.authorise(unit, member_id=ANN, amount=amount, ttl_s=604_800)
        )
    else:
        paid = spend(books, ANN, 10)
    clock.advance(days=3)
    run(books)
    if how == "voided hold":
        books.do(lambda unit: holds.void(unit, hold_id=hold.hold_id))
    elif how == "void":
        books.do(lambda unit: posting.reverse(unit, transfer_id=paid, key="void"))
    else:
        give_back(books, ANN, 10)
    clock.advance(days=14)
    run(books)
    assert (17, 0, 0) == books.holding(ANN)
    clock.advance(days=1)
    run(books)
    assert ((7, 0, 0), [10]) == (books.holding(ANN), gone(books, ANN))


def test_a_shorter_grace_forgets_nobody(books: Books, clock: ManualClock) -> None:
    """When the grace becomes shorter, all whose grace is over by it are reached that day."""
    last = today(books)
    books.earn(ANN, 10, last)
    books.earn(BEN, 10, last)
    for member_id in (ANN, BEN):
        spend(books, member_id, 10)
    clock.advance(days=2)
    run(books)
    give_back(books, ANN, 10)
    clock.advance(days=3)
    give_back(books, BEN, 10)
    parameters = {"expiry_grace_days": 5}
    day = today(books) + 6 * DAY
    books.do(
        lambda unit: scheme.adopt(
            unit, parameters=parameters, effective_from=day, key="scheme-key-0000001"
        )
    )
    clock.advance(days=5)
    run(books)
    assert (10, 10) == (books.holding(ANN)[0], books.holding(BEN)[0])
    clock.advance(days=1)
    run(books)
    assert (0, 0) == (books.holding(ANN)[0], books.holding(BEN)[0])


def test_what_comes_in_late_leaves_the_next_day(books: Books, clock: ManualClock) -> None:
    """Points that come in after their own day, as by a late journal, do not stay for ever."""
    books.earn(BEN, 1, today(books))
    clock.advance(days=2)
    run(books)
    books.earn(ANN, 9, today(books) - DAY)
    run(books)
    clock.advance(days=1)
    run(books)
    assert [9] == gone(books, ANN)


def test_a_mended_gift_of_several_lots_keeps_their_days(books: Books, clock: ManualClock) -> None:
    """A gift of two lots that is reversed leaves the receiver with the days they had before."""
    last = today(books)
    books.earn(ANN, 3, last + DAY)
    books.earn(ANN, 4, last + 40 * DAY)
    books.earn(BEN, 2, last + 20 * DAY)
    a, b = chart.member(ANN), chart.member(BEN)
    gift = books.post(
        moved(a, b, 3, expires_on=last + DAY), moved(a, b, 1, expires_on=last + 40 * DAY)
    )
    books.do(lambda unit: posting.reverse(unit, transfer_id=gift.transfer_id, key="mend"))
    clock.advance(days=2)
    run(books)
    assert ([3], []) == (gone(books, ANN), gone(books, BEN))
    clock.advance(days=19)
    run(books)
    assert ([3], [2]) == (gone(books, ANN), gone(books, BEN))
    assert 4 == books.holding(ANN)[0]


def test_a_part_undone_of_several_lots_is_of_the_latest(books: Books, clock: ManualClock) -> None:
    """A withdrawn approval of two lots takes what is left; a refund then brings back the rest."""
    first, second = today(books) + DAY, today(books) + 40 * DAY
    earned = [issues.Earned(ANN, Amount(n, POINTS), on) for n, on in ((5, first), (7, second))]
    issued = books.do(
        lambda unit: issues.issue(
            unit, earned=earned, key="two", occurred_at=unit.now, refers_to="clm", period_id=None
        )
    )
    spend(books, ANN, 8)
    books.do(
        lambda unit: issues.withdraw(
            unit, transfer_id=issued.transfer_id, key="not", period_id=None
        )
    )
    give_back(books, ANN, 6)
    found = books.see(lambda view: lots.lots(view, chart.member(ANN), POINTS))
    assert [Lot(first, 3), Lot(second, 3)] == found
    clock.advance(days=20)
    run(books)
    assert [3] == gone(books, ANN)


def test_spends_in_the_second_of_expiry(books: Books) -> None:
    """Each of some spends is either spent or expired, and all of it (500 in the proofs)."""
    found = expiring.spend_in_the_second(books, spends=12, threads=6)
    assert 12 == found["spent"] + found["expired"]
    assert [] == books.wrongs()


def test_warnings_thirty_seven_and_one_day_before(database: Database, clock: ManualClock) -> None:
    """Once each, with the figure that FIFO leaves; who has spent them, or left, is not told."""
    street = Street(database, clock)
    ann, ben, can = (street.member(0) for _ in range(3))
    last = today(street) + 30 * DAY
    for member_id in (ann, ben, can):
        street.earn(member_id, 10, last)
    street.earn(ann, 50)
    spend(street, ann, 4)
    spend(street, ben, 10)
    street.do(lambda unit: members.move(unit, can, "close"))
    run(street)
    for days in (23, 6, 1):
        run(street)
        clock.advance(days=days)
    run(street)

    def told(member_id: str) -> list[tuple[object, object, object]]:
        found = street.see(lambda view: inbox(view, member_id)).notices
        return [
            (one.figures["days"], one.figures["units"], one.figures["day"])
            for one in found
            if one.kind == "points-expire"
        ]

    units, day = {POINTS: 6}, last.isoformat()
    assert [(1, units, day), (7, units, day), (30, units, day)] == told(ann)
    assert [[], []] == [told(ben), told(can)]
