"""Posting: balanced, bounded, chained, once per key; and mended once by its mirror."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    AlreadyReversed,
    AssetNotFound,
    BadAddress,
    CeilingReached,
    InsufficientPoints,
    KeyReused,
    NotReversible,
    TransferNotFound,
)
from creditbank.core.units import Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import chart, holds, posting
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft
from tests.books import ANN, BEN, CAN, OPERATOR, POINTS, SHOP, STARS, Books, made_up, moved

A, B, C = (chart.member(member_id) for member_id in (ANN, BEN, CAN))


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in which Ann has ten points."""
    books = Books(database)
    books.earn(ANN, 10)
    return books


def gift(unit: Unit, key: str, *moves: Posting) -> Draft:
    """A draft of a gift."""
    return Draft(Kind.GIFT, key, unit.now, moves)


def chain(books: Books, address: str) -> list[tuple[int, int]]:
    """The versions and balances after, of both sides of an account."""
    rows = books.see(
        lambda view: view.rows(
            postings.select()
            .join(
                accounts,
                (accounts.c.bank_id == postings.c.bank_id)
                & accounts.c.account_id.in_([postings.c.source_id, postings.c.destination_id]),
            )
            .add_columns(accounts.c.account_id)
            .where(postings.c.bank_id == view.bank_id, accounts.c.address == address)
        )
    )
    return sorted(
        (row.source_version, row.source_balance)
        if row.source_id == row.account_id
        else (row.destination_version, row.destination_balance)
        for row in rows
    )


def test_a_transfer_moves_points_and_keeps_the_chain(books: Books) -> None:
    """Each posting leaves its version and balance on both bounded sides, without a gap."""
    books.post(moved(A, B, 4), moved(B, C, 1), moved(A, C, 2))
    assert [(1, 10), (2, 6), (3, 4)] == chain(books, A)
    assert [(1, 4), (2, 3)] == chain(books, B)
    assert [(1, 1), (2, 3)] == chain(books, C)
    assert [] == books.wrongs()


def test_what_was_recorded_is_given_back(books: Books, clock: ManualClock) -> None:
    """A transfer is found with its postings in order, both instants and what it refers to."""
    then = clock.now() - timedelta(hours=30)
    moves = (moved(A, B, 4, expires_on=date(2027, 5, 1)), moved(B, A, 1))
    draft = Draft(Kind.GIFT, "gift", then, moves, "tsk_1", None, "per_1")
    done = books.do(lambda unit: posting.post(unit, draft))
    assert done == books.see(lambda view: posting.find(view, done.transfer_id))
    assert (then, clock.now(), moves) == (done.occurred_at, done.recorded_at, done.postings)
    assert ("tsk_1", None, False) == (done.refers_to, done.reverses, done.replayed)


def test_a_floor_holds_to_the_unit(books: Books) -> None:
    """The last unit goes, the next does not, and a refused transfer leaves nothing."""
    with pytest.raises(InsufficientPoints) as caught:
        books.post(moved(A, B, 11))
    assert {"asset": POINTS, "available": 10, "required": 11} == caught.value.figures
    books.post(moved(A, B, 10))
    with pytest.raises(InsufficientPoints):
        books.post(moved(A, B, 1))
    assert ((0, 0, 0), (10, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert ([], 2) == (books.wrongs(), books.count(transfers))


def test_a_floor_holds_between_the_postings_of_one_transfer(books: Books) -> None:
    """What comes in later in the same transfer does not pay for what goes out before."""
    with pytest.raises(InsufficientPoints):
        books.post(moved(B, A, 1), moved(A, B, 5))
    books.post(moved(A, B, 5), moved(B, A, 1))
    assert ((6, 0, 0), (4, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_a_ceiling_holds(books: Books) -> None:
    """Nobody can be owed by having paid back too much."""
    with pytest.raises(CeilingReached) as caught:
        books.post(moved(A, chart.debt(ANN), 1))
    assert {"asset": POINTS, "room": 0, "required": 1} == caught.value.figures
    assert ((10, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_floors_below_zero_are_used_to_the_unit(books: Books) -> None:
    """A merchant may fall to −10,000 and a member's honour to −1,000,000, not one further."""
    books.post(moved(SHOP, A, 10_000), kind=Kind.REFUND)
    with pytest.raises(InsufficientPoints):
        books.post(moved(SHOP, A, 1), kind=Kind.REFUND)
    books.post(moved(A, chart.ISSUANCE, 1_000_000, STARS), kind=Kind.REVERSE)
    with pytest.raises(InsufficientPoints):
        books.post(moved(A, chart.ISSUANCE, 1, STARS), kind=Kind.REVERSE)
    assert [] == books.wrongs()


def test_unknown_assets_and_addresses_are_refused(books: Books) -> None:
    """Nothing is made for a transfer that cannot be: no account, no row."""
    before = books.count(accounts)
    with pytest.raises(AssetNotFound):
        books.post(moved(A, B, 1, "GOLD"))
    with pytest.raises(BadAddress):
        books.post(moved(A, "member/nobody", 1))
    with pytest.raises(BadAddress):
        books.post(moved(chart.ISSUANCE, SHOP, 1, STARS))
    assert (before, 1) == (books.count(accounts), books.count(transfers))


def test_an_asset_of_another_bank_is_unknown(books: Books) -> None:
    """Codes are looked up in the unit's own bank only."""
    second = Books(books.database, "second")
    second.earn(ANN, 1)
    with pytest.raises(InsufficientPoints):
        second.post(moved(A, B, 2))
    assert ((10, 0, 0), (1, 0, 0)) == (books.holding(ANN), second.holding(ANN))


def test_a_key_moves_once(books: Books) -> None:
    """The same draft again gives the first transfer, marked as replayed."""
    first = books.post(moved(A, B, 6), key="once")
    for _ in range(2):
        again = books.post(moved(A, B, 6), key="once")
        assert (first.transfer_id, first.postings) == (again.transfer_id, again.postings)
        assert again.replayed
    assert ((4, 0, 0), (6, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [(1, 10), (2, 4)] == chain(books, A)


@pytest.mark.parametrize(
    "moves",
    [
        (moved(A, B, 5),),
        (moved(A, C, 6),),
        (moved(B, A, 6),),
        (moved(A, B, 6, STARS),),
        (moved(A, B, 6), moved(A, B, 1)),
        (moved(A, B, 6_000),),
    ],
)
def test_a_key_with_other_content_is_refused(books: Books, moves: Sequence[Posting]) -> None:
    """Other units, sides, assets or postings are other content, whatever the balance says."""
    books.post(moved(A, B, 6), key="once")
    with pytest.raises(KeyReused):
        books.post(*moves, key="once")
    assert ((4, 0, 0), (6, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [] == books.wrongs()


def test_a_date_of_expiry_is_not_content(books: Books) -> None:
    """The scheme computes it, so a replay under a new scheme is still the same call."""
    first = books.post(moved(A, B, 1, expires_on=date(2027, 1, 1)), key="once")
    again = books.post(moved(A, B, 1, expires_on=date(2028, 1, 1)), key="once")
    assert (first.postings, True) == (again.postings, again.replayed)


def test_a_set_is_all_or_nothing(books: Books) -> None:
    """When one transfer of a set is refused, none of the set is recorded."""

    def post(unit: Unit) -> object:
        return posting.post_many(
            unit, [gift(unit, "a", moved(A, B, 4)), gift(unit, "b", moved(A, C, 7))]
        )

    with pytest.raises(InsufficientPoints):
        books.do(post)
    assert ((10, 0, 0), 1) == (books.holding(ANN), books.count(transfers))


def test_a_set_is_posted_in_its_order(books: Books) -> None:
    """Later transfers of a set see what earlier ones moved; the answers keep the order."""

    def post(unit: Unit) -> list[posting.Transfer]:
        return posting.post_many(
            unit,
            [gift(unit, "b", moved(A, B, 10)), gift(unit, "a", moved(B, C, 10))],
        )

    first, second = books.do(post)
    assert ((A, B), (B, C)) == (
        (first.postings[0].source, first.postings[0].destination),
        (second.postings[0].source, second.postings[0].destination),
    )
    assert ((0, 0, 0), (10, 0, 0)) == (books.holding(ANN), books.holding(CAN))
    assert [] == books.wrongs()


def test_a_set_may_hold_replays_and_twins(books: Books) -> None:
    """Known keys move nothing and lend nothing; a key that occurs twice moves once."""
    books.post(moved(A, B, 4), key="known")
    books.post(moved(B, C, 4))

    def post(unit: Unit) -> list[posting.Transfer]:
        drafts = [gift(unit, "known", moved(A, B, 4))]
        drafts += [gift(unit, "new", moved(A, C, 1)) for _ in range(2)]
        return posting.post_many(unit, drafts)

    known, new, twin = books.do(post)
    assert (True, False, new) == (known.replayed, new.replayed, twin)
    assert [(5, 0, 0), (0, 0, 0), (5, 0, 0)] == [books.holding(one) for one in (ANN, BEN, CAN)]

    def lends(unit: Unit) -> object:
        return posting.post_many(
            unit, [gift(unit, "known", moved(A, B, 4)), gift(unit, "poor", moved(B, C, 1))]
        )

    with pytest.raises(InsufficientPoints):
        books.do(lends)
    assert [] == books.wrongs()


def test_a_known_key_is_known_when_the_points_are_gone(books: Books) -> None:
    """A replay is answered before the balance is looked at, alone and in a set."""
    books.post(moved(A, B, 10), key="all")

    def post(unit: Unit) -> list[posting.Transfer]:
        return posting.post_many(
            unit, [gift(unit, "all", moved(A, B, 10)), gift(unit, "back", moved(B, A, 3))]
        )

    known, back = books.do(post)
    assert (True, False) == (known.replayed, back.replayed)
    assert ((3, 0, 0), (7, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert [] == books.wrongs()


def test_a_set_with_two_contents_for_one_key_is_refused(books: Books) -> None:
    """Which of them was meant is nobody's guess."""

    def post(unit: Unit) -> object:
        return posting.post_many(
            unit, [gift(unit, "k", moved(A, B, 1)), gift(unit, "k", moved(A, B, 2))]
        )

    with pytest.raises(KeyReused):
        books.do(post)
    assert (10, 0, 0) == books.holding(ANN)


def test_recorded_at_never_falls_along_versions(books: Books, clock: ManualClock) -> None:
    """Even a unit whose own instant is behind records no earlier than its accounts."""
    first = books.post(moved(A, B, 1))

    def behind(unit: Unit) -> posting.Transfer:
        earlier = replace(unit, now=unit.now - timedelta(hours=9))
        return posting.post(earlier, gift(earlier, "behind", moved(A, B, 1)))

    clock.advance(hours=-8)
    assert first.recorded_at == books.do(behind).recorded_at
    assert [] == books.wrongs()


def test_a_reversal_is_the_mirror(books: Books) -> None:
    """Every posting goes back, the last one first, and the two are linked."""
    done = books.post(moved(A, B, 4), moved(B, C, 3), kind=Kind.REDEEM)
    back = books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="back"))
    assert (moved(C, B, 3), moved(B, A, 4)) == back.postings
    assert (done.transfer_id, Kind.REVERSE) == (back.reverses, back.kind)
    assert [(10, 0, 0), (0, 0, 0), (0, 0, 0)] == [books.holding(one) for one in (ANN, BEN, CAN)]
    assert [] == books.wrongs()


def test_a_transfer_is_mended_once(books: Books) -> None:
    """The same key replays; another key is told that it was mended, rich or poor."""
    done = books.post(moved(A, B, 4))
    first = books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="back"))
    again = books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="back"))
    assert (first.transfer_id, True) == (again.transfer_id, again.replayed)
    for units in (0, 9):
        if units:
            books.earn(BEN, units)
        with pytest.raises(AlreadyReversed):
            books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="2"))
    assert ((10, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_what_is_no_longer_there_cannot_be_taken_back(books: Books) -> None:
    """A reversal keeps floors like any transfer, and can be tried again with the same key."""
    done = books.post(moved(A, B, 4))
    books.post(moved(B, C, 1))
    with pytest.raises(InsufficientPoints):
        books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="back"))
    books.post(moved(C, B, 1))
    books.do(lambda unit: posting.reverse(unit, transfer_id=done.transfer_id, key="back"))
    assert ((10, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_a_reversed_capture_leaves_its_hold_resolved(books: Books) -> None:
    """What was paid goes back to what can be spent; nothing returns to the held account."""
    hold = books.do(
        lambda unit: holds.authorise(unit, member_id=ANN, amount=Amount(6, POINTS), ttl_s=60)
    )
    paid = books.do(
        lambda unit: holds.capture(unit, hold_id=hold.hold_id, units=4, destination=SHOP)
    )
    back = books.do(lambda unit: posting.reverse(unit, transfer_id=paid.transfer_id, key="back"))
    assert (moved(SHOP, A, 4),) == back.postings
    assert ((10, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_a_hold_is_not_mended_behind_its_back(books: Books) -> None:
    """Opening and ending a hold have verbs of their own; a reversal of them is refused."""
    hold = books.do(
        lambda unit: holds.authorise(unit, member_id=ANN, amount=Amount(6, POINTS), ttl_s=60)
    )
    opened = books.see(
        lambda view: view.row(
            transfers.select().where(
                transfers.c.bank_id == view.bank_id, transfers.c.kind == Kind.HOLD
            )
        )
    )
    assert opened is not None
    with pytest.raises(NotReversible):
        books.do(lambda unit: posting.reverse(unit, transfer_id=opened.transfer_id, key="x"))
    voided = books.do(lambda unit: holds.void(unit, hold_id=hold.hold_id))
    with pytest.raises(NotReversible):
        books.do(lambda unit: posting.reverse(unit, transfer_id=voided.transfer_id, key="y"))
    assert ((10, 0, 0), []) == (books.holding(ANN), books.wrongs())


def test_another_banks_transfer_is_not_found(books: Books) -> None:
    """Neither looking nor mending reaches over the border of a bank."""
    done = books.post(moved(A, B, 4))
    second = Books(books.database, "second")
    for transfer_id in (done.transfer_id, made_up("trf", 9), "", "x" * 500):
        with pytest.raises(TransferNotFound):
            second.see(lambda view, wanted=transfer_id: posting.find(view, wanted))  # type: ignore[misc]
        with pytest.raises(TransferNotFound):
            second.do(
                lambda unit, wanted=transfer_id: posting.reverse(  # type: ignore[misc]
                    unit, transfer_id=wanted, key="x"
                )
            )
    assert 0 == second.count(transfers)


def test_many_accounts_of_one_instant(books: Books) -> None:
    """A thousand accounts made by a clock that stands still are a thousand accounts."""
    members = [chart.member(made_up("mem", 1000 + number)) for number in range(1000)]
    books.post(*(moved(chart.ISSUANCE, one, 1) for one in members[:500]), kind=Kind.OPENING)
    for start in range(500, 1000, 100):
        some = members[start : start + 100]
        books.post(*(moved(chart.ISSUANCE, one, 1) for one in some), kind=Kind.OPENING)
    rows = books.see(
        lambda view: view.rows(
            accounts.select().where(accounts.c.bank_id == view.bank_id, accounts.c.balance == 1)
        )
    )
    assert (1000, []) == (len(rows), books.wrongs())


def test_who_wrote_is_recorded(books: Books) -> None:
    """Each transfer names its actor."""
    rows = books.see(
        lambda view: view.rows(transfers.select().where(transfers.c.bank_id == view.bank_id))
    )
    assert {OPERATOR.id} == {row.actor_id for row in rows}
