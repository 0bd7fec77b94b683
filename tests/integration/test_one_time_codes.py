"""One-time codes: what a phone may ask for, and what proves it."""

from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, CreditbankError
from creditbank.identity import one_time_codes
from creditbank.identity.one_time_codes import Proven, attempts
from creditbank.identity.sign_in_errors import (
    CodeOver,
    CodesUsedUp,
    CodeTooSoon,
    CodeTriesOver,
    CodeWrong,
    ProofOver,
)
from tests import web
from tests.faults.one_time_guesses import Guesser, wrong_codes
from tests.residents import OTHER_PHONE, PHONE, resident


@pytest.fixture
def at(database: Database, clock: ManualClock) -> Guesser:
    """Somebody with a phone, at a bank."""
    return Guesser(database, clock, "trust")


def refusal(work: Callable[[], Any]) -> type[CreditbankError]:
    """What kind of refusal comes back."""
    with pytest.raises(CreditbankError) as refused:
        work()
    return type(refused.value)


def test_a_right_code_gives_a_proof_that_works_once(at: Guesser) -> None:
    """The code proves the phone; the proof is looked at as often as wanted and taken once."""
    asked = at.ask()
    proven = at.prove(asked, at.code(asked))
    assert asked.attempt_id == proven.attempt_id
    proof = at.proof(proven)
    for _ in range(2):
        assert PHONE == at.look(proof)
    assert PHONE == at.take(proof)
    assert ProofOver == refusal(lambda: at.take(proof))
    assert ProofOver == refusal(lambda: at.look(proof))


def test_a_code_is_six_digits_and_handed_over_once(at: Guesser) -> None:
    """The sender gets the code once, whatever is sent again; the database never holds it."""
    asked = at.ask()
    code = at.code(asked)
    assert (6, True) == (len(code), code.isdecimal())
    assert at.hand_over(asked) is None
    row = at.row()
    assert code not in "".join(str(value) for value in row.values())
    assert PHONE not in "".join(str(value) for value in row.values())


def test_a_code_works_once(at: Guesser) -> None:
    """A code that was used is over."""
    asked = at.ask()
    code = at.code(asked)
    at.prove(asked, code)
    assert CodeOver == refusal(lambda: at.prove(asked, code))


def test_five_wrong_tries_kill_a_code(at: Guesser) -> None:
    """Each wrong try commits; after five the right code is refused, too."""
    asked = at.ask()
    code = at.code(asked)
    for left, guess in zip([4, 3, 2, 1], wrong_codes(code), strict=False):
        with pytest.raises(CodeWrong) as refused:
            at.prove(asked, guess)
        assert left == refused.value.left
    assert CodeTriesOver == refusal(lambda: at.prove(asked, next(wrong_codes(code))))
    assert CodeTriesOver == refusal(lambda: at.prove(asked, code))
    assert 5 == at.row()["tries"]


def test_tries_in_parallel_are_counted(at: Guesser) -> None:
    """Of 60 guesses, 20 at a time, five are counted and none hits, the right one among them."""
    asked = at.ask()
    code = at.code(asked)
    guesses = [*list(wrong_codes(code))[:50], *[code] * 10]
    got = at.guess(asked, guesses, at_once=20)
    assert {"CodeWrong": 4, "CodeTriesOver": 56} == got
    assert 5 == at.counted()


@pytest.mark.parametrize(("seconds", "good"), [(299, True), (300, False)])
def test_a_code_is_good_for_five_minutes(
    at: Guesser, clock: ManualClock, seconds: int, good: bool
) -> None:
    """By the server's clock, and not a second longer."""
    asked = at.ask()
    code = at.code(asked)
    clock.advance(seconds=seconds)
    if good:
        at.prove(asked, code)
    else:
        assert CodeOver == refusal(lambda: at.prove(asked, code))


@pytest.mark.parametrize(("seconds", "good"), [(599, True), (600, False)])
def test_a_proof_is_good_for_ten_minutes(
    at: Guesser, clock: ManualClock, seconds: int, good: bool
) -> None:
    """Counted from when the code was typed."""
    asked = at.ask()
    proof = at.proof(at.prove(asked, at.code(asked)))
    clock.advance(seconds=seconds)
    if good:
        assert PHONE == at.take(proof)
    else:
        assert ProofOver == refusal(lambda: at.take(proof))


def test_another_code_has_to_wait_a_minute(at: Guesser, clock: ManualClock) -> None:
    """A second code within a minute is refused with the time, and the first one still works."""
    first = at.ask()
    code = at.code(first)
    clock.advance(seconds=59)
    with pytest.raises(CodeTooSoon) as refused:
        at.ask()
    assert first.resend_at.isoformat() == refused.value.resend_at
    clock.advance(seconds=1)
    second = at.ask()
    assert CodeOver == refusal(lambda: at.prove(first, code))
    at.prove(second, at.code(second))


def test_a_code_of_another_attempt_is_wrong(at: Guesser, clock: ManualClock) -> None:
    """An older code does not fit the newer attempt, nor that of another phone."""
    first = at.ask()
    old = at.code(first)
    clock.advance(seconds=60)
    second = at.ask()
    while at.peek(second) == old:
        clock.advance(seconds=60)
        second = at.ask()
    assert CodeWrong == refusal(lambda: at.prove(second, old))
    assert CodeOver == refusal(lambda: at.prove(second, at.peek(second), phone=OTHER_PHONE))


def test_a_phone_has_ten_codes_a_day_over_all_banks(at: Guesser, clock: ManualClock) -> None:
    """Nine here and one there, and then no bank sends another until the next day."""
    other = Guesser(at.database, clock, "other")
    for _ in range(9):
        at.ask()
        clock.advance(minutes=1)
    other.ask()
    clock.advance(minutes=1)
    assert CodesUsedUp == refusal(at.ask)
    assert CodesUsedUp == refusal(other.ask)
    at.ask(OTHER_PHONE)
    clock.advance(days=1)
    at.ask()
    assert (1, 1) == (at.row()["sent"], at.row(OTHER_PHONE)["sent"])


def test_a_bank_whose_day_is_behind_starts_no_count_over(at: Guesser, clock: ManualClock) -> None:
    """Two banks on both sides of the date line give a phone ten codes, not twenty."""
    far = Guesser(at.database, clock, "far", zone="America/Los_Angeles")
    for _ in range(5):
        at.ask()
        clock.advance(minutes=1)
        far.ask()
        clock.advance(minutes=1)
    assert CodesUsedUp == refusal(far.ask)
    assert CodesUsedUp == refusal(at.ask)


def test_a_code_of_another_bank_proves_nothing(at: Guesser, clock: ManualClock) -> None:
    """Attempt, code and proof of one bank are nothing at another."""
    other = Guesser(at.database, clock, "other")
    asked = at.ask()
    code = at.code(asked)
    assert CodeOver == refusal(lambda: other.prove(asked, code))
    proof = at.proof(at.prove(asked, code))
    assert ProofOver == refusal(lambda: other.take(proof))
    assert PHONE == at.take(proof)


def test_a_proof_is_of_one_phone_and_not_made_up(at: Guesser) -> None:
    """Another phone, another end, or nothing proven: no proof."""
    asked = at.ask()
    early = at.proof(Proven(asked.attempt_id, asked.ends_at))
    assert ProofOver == refusal(lambda: at.take(early))
    proof = at.proof(at.prove(asked, at.code(asked)))
    assert ProofOver == refusal(lambda: at.take(proof, phone=OTHER_PHONE))
    assert ProofOver == refusal(lambda: at.take(f"{asked.attempt_id}.{'0' * 64}"))
    assert ProofOver == refusal(lambda: at.take(""))
    assert PHONE == at.take(proof)


def test_a_copy_asks_for_nothing_new(at: Guesser) -> None:
    """The same key gives the same attempt again, and the phone was counted once."""
    asked = at.ask(key="the-same-key-0001")
    assert asked == at.ask(key="the-same-key-0001")
    assert 1 == at.row()["sent"]


def test_a_phone_is_one_however_it_is_written(at: Guesser) -> None:
    """Spaces and the country's number make no other phone; what is no number is refused."""
    asked = at.ask("+86 138-0000-0001")
    at.prove(asked, at.code(asked), phone=PHONE)
    with pytest.raises(BadField, match="phone"):
        at.ask("12345")


def test_parallel_first_asks_make_one_attempt(at: Guesser) -> None:
    """Of ten requests at once for a phone that is new, one is given a code."""
    futures = [at.submit_ask(f"parallel-key-{n:04d}") for n in range(10)]
    wait(futures)
    kinds = [type(future.exception()) for future in futures]
    assert (1, 9) == (kinds.count(type(None)), kinds.count(CodeTooSoon))
    assert 1 == at.row()["sent"]


def test_old_attempts_are_forgotten(at: Guesser, clock: ManualClock) -> None:
    """After two days an attempt limits nothing, and goes; an erased phone's goes at once."""
    at.ask()
    clock.advance(days=1)
    at.ask(OTHER_PHONE)
    assert 0 == at.do(one_time_codes.forget_old)
    clock.advance(days=1, seconds=1)
    assert 1 == at.do(one_time_codes.forget_old)
    at.do(lambda unit: one_time_codes.forget(unit, phone=OTHER_PHONE))
    rows = at.database.read(at.bank_id, lambda view: view.rows(select(attempts)))
    assert [] == rows


def test_nobody_learns_from_asking_who_is_known(database: Database, clock: ManualClock) -> None:
    """Asking runs the same statements for a member's phone and a stranger's."""
    with web.opened(database, clock) as opened:
        resident(opened, PHONE)
        at = Guesser(database, clock, "trust")
        known, unknown = (at.statements_of_ask(phone) for phone in (PHONE, OTHER_PHONE))
    assert known == unknown
    assert not [one for one in known if "member" in one or "sign_in_phone" in one]
