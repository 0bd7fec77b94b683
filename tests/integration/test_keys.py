"""One key, one effect, for ever: scope, content, outcomes that are remembered, answers that go."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from creditbank.core import keys
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    AnswerGone,
    BadField,
    CreditbankError,
    InsufficientPoints,
    KeyMissing,
    KeyReused,
)
from creditbank.core.keys import keyed
from creditbank.core.units import Actor, Declined, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, posting
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from tests.books import ANN, BEN, CAN, OPERATOR, POINTS, Books, moved

KEY = "0123456789abcdef"
OTHER = Actor("stf_other", "operator")


@dataclass(frozen=True, slots=True)
class Given:
    """What the gifts of these tests answer."""

    transfer_id: str
    units: int


@keyed
def give(unit: Unit, *, to: str, units: int, key: str, note: str = "") -> Given:
    """Give points from Ann; a note of "form" is malformed, of "fault" a fault of ours."""
    draft = posting.Draft(
        Kind.GIFT,
        f"give/{unit.actor.id}/{key}",
        unit.now,
        (moved(chart.member(ANN), chart.member(to), units),),
    )
    done = posting.post(unit, draft)
    if note == "form":
        raise BadField("note", "form")
    if note == "fault":
        raise ZeroDivisionError
    return Given(done.transfer_id, units)


@keyed
def lend(unit: Unit, *, to: str, units: int, key: str) -> Given:
    """Do the same under another name."""
    draft = posting.Draft(
        Kind.GIFT, f"lend/{key}", unit.now, (moved(chart.member(ANN), chart.member(to), units),)
    )
    return Given(posting.post(unit, draft).transfer_id, units)


@keyed
def try_pin(unit: Unit, *, pin: str, key: str) -> Given | Declined:
    """Count a wrong try, as a point for Ben, and decline."""
    draft = posting.Draft(
        Kind.OPENING, f"try/{key}", unit.now, (moved(chart.ISSUANCE, chart.member(BEN), 1),)
    )
    posting.post(unit, draft)
    return Declined(InsufficientPoints(POINTS, 1, len(pin)))


@keyed
def maybe(unit: Unit, *, count: int, key: str) -> int | None:
    """Answer a number or nothing."""
    posting.post(
        unit,
        posting.Draft(
            Kind.OPENING, f"maybe/{key}", unit.now, (moved(chart.ISSUANCE, chart.member(CAN), 1),)
        ),
    )
    return count or None


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in which Ann has ten points."""
    books = Books(database)
    books.earn(ANN, 10)
    return books


def test_a_key_works_once(books: Books) -> None:
    """The same call with the same key gives the same answer and moves nothing more."""
    answers = {books.do(lambda unit: give(unit, to=BEN, units=3, key=KEY)) for _ in range(3)}
    assert 1 == len(answers)
    assert ((7, 0, 0), (3, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_a_key_with_other_content_is_refused(books: Books) -> None:
    """Any other argument is other content, and leaves the first outcome alone."""
    first = books.do(lambda unit: give(unit, to=BEN, units=3, key=KEY))
    others: list[dict[str, Any]] = [
        {"to": BEN, "units": 4},
        {"to": CAN, "units": 3},
        {"to": BEN, "units": 3, "note": "x"},
    ]
    for other in others:
        with pytest.raises(KeyReused):
            books.do(lambda unit, other=other: give(unit, key=KEY, **other))  # type: ignore[misc]
    assert first == books.do(lambda unit: give(unit, to=BEN, units=3, note="", key=KEY))
    assert (7, 0, 0) == books.holding(ANN)


def test_a_key_belongs_to_one_caller_and_one_operation(books: Books) -> None:
    """The same key of another caller, or for another operation, is another key."""
    books.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    books.do(lambda unit: lend(unit, to=BEN, units=1, key=KEY))
    books.database.write(books.bank_id, OTHER, lambda unit: give(unit, to=BEN, units=2, key=KEY))
    assert ((6, 0, 0), (4, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_a_key_belongs_to_one_bank(books: Books) -> None:
    """Another bank of the same database knows nothing of it."""
    second = Books(books.database, "second")
    second.earn(ANN, 5)
    for each in (books, second):
        each.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    assert ((1, 0, 0), (1, 0, 0)) == (books.holding(BEN), second.holding(BEN))


@pytest.mark.parametrize("key", ["", "x" * 15, "x" * 256, None, 16 * [""], 10**20])
def test_a_key_has_16_to_255_characters(books: Books, key: Any) -> None:
    """Any other key is refused before anything is looked at."""
    with pytest.raises(KeyMissing):
        books.do(lambda unit: give(unit, to=BEN, units=1, key=key))
    assert (0, (10, 0, 0)) == (books.count(keys.keys), books.holding(ANN))


@pytest.mark.parametrize("key", ["x" * 16, "x" * 255, "幂" * 255])
def test_the_shortest_and_the_longest_key_are_keys(books: Books, key: str) -> None:
    """The bounds count characters, and belong to the keys."""
    books.do(lambda unit: give(unit, to=BEN, units=1, key=key))
    books.do(lambda unit: give(unit, to=BEN, units=1, key=key))
    assert (1, 0, 0) == books.holding(BEN)


def test_a_final_refusal_is_remembered(books: Books) -> None:
    """What was refused stays refused, with the figures of then, even if it could work now."""

    def refused() -> InsufficientPoints:
        with pytest.raises(InsufficientPoints) as caught:
            books.do(lambda unit: give(unit, to=BEN, units=11, key=KEY))
        return caught.value

    first = refused()
    books.earn(ANN, 90)
    assert (10, 11) == (first.available, first.required)
    assert first.figures == refused().figures
    assert ((100, 0, 0), (0, 0, 0)) == (books.holding(ANN), books.holding(BEN))
    assert ([], 2) == (books.wrongs(), books.count(transfers))


@pytest.mark.parametrize(("note", "expected"), [("form", BadField), ("fault", ZeroDivisionError)])
def test_an_error_of_form_or_a_fault_is_not_remembered(
    books: Books, note: str, expected: type[Exception]
) -> None:
    """It undoes everything, the key included, so the mended call may use the same key."""
    with pytest.raises(expected):
        books.do(lambda unit: give(unit, to=BEN, units=1, note=note, key=KEY))
    assert (0, (10, 0, 0)) == (books.count(keys.keys), books.holding(ANN))
    books.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    assert (1, 0, 0) == books.holding(BEN)


def test_a_decline_keeps_its_effects_and_its_key(books: Books) -> None:
    """A counted try is there for another connection, once, however often the call is repeated."""
    for _ in range(3):
        with pytest.raises(InsufficientPoints) as caught:
            books.do(lambda unit: try_pin(unit, pin="1234", key=KEY))
        assert {"asset": POINTS, "available": 1, "required": 4} == caught.value.figures
    assert ((1, 0, 0), 1) == (books.holding(BEN), books.count(keys.keys))
    with pytest.raises(KeyReused):
        books.do(lambda unit: try_pin(unit, pin="9999", key=KEY))


@pytest.mark.parametrize("count", [0, 7])
def test_an_answer_of_nothing_is_an_answer(books: Books, count: int) -> None:
    """None is given again as None, and not taken for an answer that is gone."""
    answers = [books.do(lambda unit: maybe(unit, count=count, key=KEY)) for _ in range(2)]
    assert [count or None] * 2 == answers
    assert (1, 0, 0) == books.holding(CAN)


def test_answers_go_after_30_days_and_keys_stay(books: Books, clock: ManualClock) -> None:
    """A late copy is told that it was done; it is not done again, and other content is refused."""
    books.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    clock.advance(days=30)
    assert 0 == books.do(keys.forget_answers)
    assert 1 == books.do(lambda unit: give(unit, to=BEN, units=1, key=KEY)).units
    clock.advance(seconds=1)
    assert 1 == books.do(keys.forget_answers)
    with pytest.raises(AnswerGone) as caught:
        books.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    assert "ok" == caught.value.outcome
    with pytest.raises(KeyReused):
        books.do(lambda unit: give(unit, to=BEN, units=2, key=KEY))
    assert ((1, 0, 0), 1) == (books.holding(BEN), books.count(keys.keys))


def test_a_refusal_keeps_its_figures_for_ever(books: Books, clock: ManualClock) -> None:
    """What is forgotten is the answer of what was done, not the reason of what was refused."""
    with pytest.raises(InsufficientPoints):
        books.do(lambda unit: give(unit, to=BEN, units=11, key=KEY))
    clock.advance(days=400)
    assert 0 == books.do(keys.forget_answers)
    with pytest.raises(InsufficientPoints) as caught:
        books.do(lambda unit: give(unit, to=BEN, units=11, key=KEY))
    assert 11 == caught.value.required


def test_forgetting_stays_in_its_bank(books: Books, clock: ManualClock) -> None:
    """Another bank's answers are not touched."""
    second = Books(books.database, "second")
    second.earn(ANN, 5)
    for each in (books, second):
        each.do(lambda unit: give(unit, to=BEN, units=1, key=KEY))
    clock.advance(days=31)
    assert 1 == books.do(keys.forget_answers)
    assert 1 == second.do(lambda unit: give(unit, to=BEN, units=1, key=KEY)).units


def test_copies_that_arrive_together_have_one_effect(books: Books) -> None:
    """Twenty copies at once all get the first answer."""
    writer = books.database.writer
    futures = [
        writer.submit(books.bank_id, OPERATOR, lambda unit: give(unit, to=BEN, units=1, key=KEY))
        for _ in range(20)
    ]
    assert 1 == len({future.result() for future in futures})
    assert ((9, 0, 0), (1, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_copies_with_other_content_that_arrive_together(books: Books) -> None:
    """One of two contents wins; every copy of the other is refused."""
    writer = books.database.writer
    futures = [
        writer.submit(
            books.bank_id,
            OPERATOR,
            lambda unit, units=1 + number % 2: give(unit, to=BEN, units=units, key=KEY),  # type: ignore[misc]
        )
        for number in range(16)
    ]
    refused = [future.exception() for future in futures if future.exception()]
    assert (8, {KeyReused}) == (len(refused), {type(error) for error in refused})
    given = {future.result().units for future in futures if not future.exception()}
    assert {books.holding(BEN)[0]} == given


def test_no_stored_answer_holds_a_word_of_ours(books: Books) -> None:
    """The row holds the answer's ids and figures, and of the arguments only their hash."""
    books.do(lambda unit: give(unit, to=BEN, units=1, note="a secret", key=KEY))
    row = books.see(
        lambda view: view.row(keys.keys.select().where(keys.keys.c.bank_id == view.bank_id))
    )
    assert row is not None
    assert "a secret" not in repr(row)
    assert {"transfer_id", "units"} == set(row.answer[0])


def test_content_is_what_was_said_not_how_it_was_ordered(books: Books) -> None:
    """Arguments by another order, and values that are equal, are the same content."""
    first = keys.content_hash("x", {"a": Amount(1, POINTS), "b": timedelta(days=1)})
    assert first == keys.content_hash("x", {"b": timedelta(days=1), "a": Amount(1, POINTS)})
    assert first != keys.content_hash("y", {"a": Amount(1, POINTS), "b": timedelta(days=1)})
    assert keys.content_hash("x", {"a": 1}) != keys.content_hash("x", {"a": True})
    assert keys.content_hash("x", {"a": 1}) != keys.content_hash("x", {"a": "1"})
    assert 0 == books.count(keys.keys)


@pytest.mark.parametrize("backend", ["postgres"])
def test_a_replayed_unit_claims_its_key_again(books: Books) -> None:
    """A keyed unit that loses a race after its effect is run again and answers as the first."""
    runs: list[str] = []

    def unlucky(unit: Unit) -> Given | Declined:
        answer = give(unit, to=BEN, units=1, key=KEY)
        assert isinstance(answer, Given)
        runs.append(answer.transfer_id)
        if len(runs) < 3:
            unit.run(text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$"))
        return answer

    answer = books.do(unlucky)
    assert [answer.transfer_id] * 3 == runs
    assert ((9, 0, 0), (1, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_a_stored_refusal_of_an_unknown_kind_is_a_fault(books: Books) -> None:
    """A slug that this program does not know is not guessed at."""
    with pytest.raises(InsufficientPoints):
        books.do(lambda unit: give(unit, to=BEN, units=11, key=KEY))

    def rename(unit: Unit) -> None:
        unit.run(update(keys.keys).where(keys.keys.c.bank_id == unit.bank_id).values(outcome="no"))

    books.do(rename)
    with pytest.raises(KeyError):
        books.do(lambda unit: give(unit, to=BEN, units=11, key=KEY))
    assert "no" not in CreditbankError.by_slug
