"""The sign-in of people in office: tries counted exactly, every code good for once."""

import random
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, KeyReused
from creditbank.identity import passwords, second_factors, sittings, staff_sign_in
from creditbank.identity.errors import (
    SecondFactorMissing,
    SecondFactorWrong,
    StaffSignInRefused,
)
from creditbank.identity.passwords import Checked
from creditbank.identity.roles import Role
from creditbank.identity.staff import staff
from creditbank.identity.staff_sign_in import SignedIn
from tests.books import Books
from tests.office import PHRASE, Clerk, Office, code_of, hashed, new_key

OTHER_PHRASE = "orchard-compass-77"


@pytest.fixture
def books(database: Database) -> Books:
    """A bank."""
    return Books(database)


@pytest.fixture
def office(books: Books, clock: ManualClock) -> Office:
    """Its office."""
    return Office(books.database, clock, books.bank_id)


def row_of(books: Books, clerk: Clerk) -> Any:
    """Somebody's row, read from another connection than the writer's."""
    return books.see(
        lambda view: view.row(
            select(staff).where(staff.c.bank_id == view.bank_id, staff.c.staff_id == clerk.staff_id)
        )
    )


def won(tries: list[Future[SignedIn]]) -> int:
    """How many tries succeeded; all others were refused."""
    outcomes = [one.exception() for one in tries]
    assert all(one is None or isinstance(one, StaffSignInRefused) for one in outcomes)
    return outcomes.count(None)


def test_password_and_code_sign_in(office: Office) -> None:
    """Who shows both is signed in with a second factor."""
    clerk = office.clerk(Role.REVIEWER)
    done = office.sign_in(clerk)
    assert (clerk.staff_id, True, 10) == (done.staff_id, done.second_factor, done.recovery_left)


def test_neither_is_enough(office: Office) -> None:
    """No code, a wrong code, a wrong password: each is refused, in the same words."""
    clerk = office.clerk(Role.REVIEWER)
    code = clerk.code(office.clock)
    for trying in ({}, {"code": "000000"}, {"code": code, "right": False}):
        with pytest.raises(StaffSignInRefused):
            office.trying(clerk, **trying).result()  # type: ignore[arg-type]


def test_a_used_step_is_never_accepted_again(office: Office) -> None:
    """Nor is a step before it; the following one is."""
    clerk = office.clerk(Role.REVIEWER)
    office.sign_in(clerk, code=clerk.code(office.clock))
    for steps in (0, -1):
        with pytest.raises(StaffSignInRefused):
            office.sign_in(clerk, code=clerk.code(office.clock, steps))
    office.clock.advance(seconds=30)
    assert office.sign_in(clerk, code=clerk.code(office.clock)).second_factor


def test_a_code_is_good_one_step_beside_and_no_further(office: Office) -> None:
    """A clock that is half a minute off does no harm."""
    clerk = office.clerk(Role.REVIEWER)
    for steps in (-2, 2):
        with pytest.raises(StaffSignInRefused):
            office.sign_in(clerk, code=clerk.code(office.clock, steps))
    office.sign_in(clerk, code=clerk.code(office.clock, -1))
    office.sign_in(clerk, code=clerk.code(office.clock, 1))


def test_of_twenty_with_one_code_one_wins(office: Office) -> None:
    """Twenty at once with the same code: it is used once."""
    clerk = office.clerk(Role.REVIEWER)
    code = clerk.code(office.clock)
    assert 1 == won([office.trying(clerk, code=code) for _ in range(20)])


def test_a_recovery_code_is_good_for_once(office: Office) -> None:
    """Also when twenty try it at once, and however it is written."""
    clerk = office.clerk(Role.REVIEWER)
    first, second, *_ = clerk.recovery
    tries = [office.trying(clerk, recovery_code=first) for _ in range(20)]
    assert 1 == won(tries)
    office.clock.advance(minutes=15)
    typed = second.replace("-", "").upper()
    assert 8 == office.sign_in(clerk, recovery_code=typed).recovery_left
    with pytest.raises(StaffSignInRefused):
        office.sign_in(clerk, recovery_code=second)


def test_another_persons_recovery_code_is_none(office: Office) -> None:
    """Codes belong to one person."""
    clerk, other = office.clerk(Role.REVIEWER), office.clerk(Role.REVIEWER)
    with pytest.raises(StaffSignInRefused):
        office.sign_in(clerk, recovery_code=other.recovery[0])


def test_five_wrong_tries_lock_for_fifteen_minutes(office: Office, books: Books) -> None:
    """Then even what is right is refused, until the time is over."""
    clerk = office.clerk(Role.REVIEWER)
    for _ in range(4):
        with pytest.raises(StaffSignInRefused):
            office.sign_in(clerk, right=False)
    assert 4 == row_of(books, clerk).wrong
    with pytest.raises(StaffSignInRefused):
        office.sign_in(clerk, code="000000")
    office.clock.advance(seconds=899)
    with pytest.raises(StaffSignInRefused):
        office.sign_in(clerk)
    office.clock.advance(seconds=1)
    assert office.sign_in(clerk).second_factor
    assert (0, None) == (row_of(books, clerk).wrong, row_of(books, clerk).locked_until)


def test_a_success_forgets_the_wrong_ones(office: Office) -> None:
    """Four wrong, one right, four wrong: still open."""
    clerk = office.clerk(Role.REVIEWER)
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(StaffSignInRefused):
                office.sign_in(clerk, right=False)
        office.clock.advance(seconds=30)
        assert office.sign_in(clerk).second_factor


def test_of_fifty_guesses_at_once_five_are_told_the_truth(office: Office, books: Books) -> None:
    """The right one among fifty wins only if it comes before the fifth wrong one."""
    clerk = office.clerk(Role.REVIEWER)
    code = clerk.code(office.clock)
    wrong = [
        office.trying(clerk, code=f"{n:06d}") for n in random.Random(7).sample(range(10**6), 50)
    ]
    late = office.trying(clerk, code=code)
    assert 0 == won([*wrong, late])
    until = row_of(books, clerk).locked_until
    assert office.clock.now() + timedelta(minutes=15) == until


def test_a_key_gives_the_first_outcome_again(office: Office, books: Books) -> None:
    """A copy begins no second sitting and uses no second step; other content is told."""
    clerk = office.clerk(Role.REVIEWER)
    key, code = new_key(), clerk.code(office.clock)
    first = office.sign_in(clerk, code=code, key=key)
    assert first == office.sign_in(clerk, code=code, key=key)
    assert 1 == len(books.see(lambda view: sittings.listing(view, clerk.staff_id)))
    assert 0 == row_of(books, clerk).wrong
    with pytest.raises(KeyReused):
        office.sign_in(clerk, code="000000", key=key)


def test_a_refusal_is_an_outcome_too(office: Office, books: Books) -> None:
    """The same request again is refused again, and counted once."""
    clerk = office.clerk(Role.REVIEWER)
    key = new_key()
    for _ in range(3):
        with pytest.raises(StaffSignInRefused):
            office.sign_in(clerk, code="000000", key=key)
    assert 1 == row_of(books, clerk).wrong


def test_without_a_second_factor_the_password_is_enough(office: Office) -> None:
    """For the roles that need none; the sitting says so."""
    clerk = office.clerk(Role.ORGANISER, factor=False)
    assert not office.sign_in(clerk).second_factor


def change(office: Office, clerk: Clerk, sitting_id: str, checked: Checked) -> str:
    """Give somebody another password on one of their devices."""
    actor = type(clerk.actor)(clerk.staff_id, "staff", via=sitting_id)
    return office.database.write(
        office.bank_id,
        actor,
        lambda unit: staff_sign_in.change_password(
            unit,
            key=new_key(),
            staff_id=clerk.staff_id,
            checked=checked,
            password_hash=hashed(OTHER_PHRASE),
        ),
    )


def test_another_password_signs_the_other_devices_out(office: Office, books: Books) -> None:
    """The device that changed it stays; the old password is over at once."""
    clerk = office.clerk(Role.REVIEWER)
    office.sign_in(clerk)
    office.clock.advance(seconds=30)
    here = office.sign_in(clerk).sitting_id
    with pytest.raises(StaffSignInRefused):
        change(office, clerk, here, Checked(hashed(PHRASE), right=False))
    assert 2 == len(books.see(lambda view: sittings.listing(view, clerk.staff_id)))
    change(office, clerk, here, Checked(hashed(PHRASE), right=True))
    assert [here] == [
        one.sitting_id for one in books.see(lambda view: sittings.listing(view, clerk.staff_id))
    ]
    office.clock.advance(seconds=30)
    with pytest.raises(StaffSignInRefused):
        office.sign_in(clerk)


def begin(office: Office, clerk: Clerk, secret: str, code: str | None) -> str:
    """Begin to set another second factor up."""
    return office.database.write(
        office.bank_id,
        clerk.actor,
        lambda unit: staff_sign_in.begin_second_factor(
            unit,
            key=new_key(),
            staff_id=clerk.staff_id,
            checked=Checked(hashed(PHRASE), right=True),
            secret=secret,
            code=code,
        ),
    )


def confirm(office: Office, clerk: Clerk, code: str, fresh: tuple[str, ...]) -> str:
    """Confirm it by a code."""
    return office.database.write(
        office.bank_id,
        clerk.actor,
        lambda unit: staff_sign_in.confirm_second_factor(
            unit, key=new_key(), staff_id=clerk.staff_id, code=code, recovery_codes=fresh
        ),
    )


def test_another_second_factor_is_proven_by_the_old_one(office: Office) -> None:
    """Until it is confirmed the old one works; then it and its recovery codes are void."""
    clerk = office.clerk(Role.REVIEWER)
    secret, fresh = second_factors.new_secret(), second_factors.new_recovery_codes()
    with pytest.raises(SecondFactorMissing):
        confirm(office, clerk, "000000", fresh)
    with pytest.raises(StaffSignInRefused):
        begin(office, clerk, secret, None)
    begin(office, clerk, secret, clerk.code(office.clock))
    with pytest.raises(SecondFactorWrong):
        confirm(office, clerk, clerk.code(office.clock, 1), fresh)
    office.clock.advance(seconds=30)
    assert office.sign_in(clerk).second_factor
    confirm(office, clerk, code_of(secret, office.clock), fresh)
    office.clock.advance(seconds=30)
    for old in ({"code": clerk.code(office.clock)}, {"recovery_code": clerk.recovery[0]}):
        with pytest.raises(StaffSignInRefused):
            office.sign_in(clerk, **old)  # type: ignore[arg-type]
    renewed = Clerk(clerk.staff_id, clerk.login, secret, fresh)
    assert office.sign_in(renewed).second_factor
    assert 9 == office.sign_in(renewed, recovery_code=fresh[0]).recovery_left


def test_the_confirmation_of_a_second_factor_is_not_guessed(office: Office) -> None:
    """Five wrong codes, and the right one is refused, too, until the quarter of an hour is over."""
    clerk = office.clerk(Role.REVIEWER)
    secret, fresh = second_factors.new_secret(), second_factors.new_recovery_codes()
    begin(office, clerk, secret, clerk.code(office.clock))
    for _ in range(staff_sign_in.WRONG_MOST):
        with pytest.raises(SecondFactorWrong):
            confirm(office, clerk, clerk.code(office.clock, 1), fresh)
    with pytest.raises(SecondFactorWrong):
        confirm(office, clerk, code_of(secret, office.clock), fresh)
    office.clock.advance(seconds=staff_sign_in.LOCK_S)
    assert clerk.staff_id == confirm(office, clerk, code_of(secret, office.clock), fresh)


def test_the_first_second_factor_never_comes_by_a_password_alone(office: Office) -> None:
    """Who has none gets one by a link of an operator."""
    clerk = office.clerk(Role.ORGANISER, Role.REVIEWER, factor=False)
    with pytest.raises(SecondFactorMissing):
        begin(office, clerk, second_factors.new_secret(), None)


def test_nothing_of_it_lies_in_plain(office: Office, books: Books) -> None:
    """Login, secret and recovery codes are sealed or hashed; the hash of a password is argon2's."""
    clerk = office.clerk(Role.REVIEWER)
    row = row_of(books, clerk)
    assert row.password_hash.startswith("$argon2id$")
    assert row.login.startswith("s1:")
    assert row.totp_secret.startswith("s1:")
    rows = books.see(
        lambda view: view.rows(
            select(second_factors.recovery_codes).where(
                second_factors.recovery_codes.c.bank_id == view.bank_id
            )
        )
    )
    assert 10 == len({one.code_hash for one in rows})
    for one in clerk.recovery:
        assert one not in str(rows)


@pytest.mark.parametrize(
    "password",
    [
        "short-9xq",
        "clerk.of.the.house",
        "password2026",
        "1234567890",
        "aaaaaaaaaaaa",
        "QWERTYUIOP12",
        "1q2w3e4r5t",
        "x" * 129,
    ],
)
def test_a_bad_password_is_refused(password: str) -> None:
    """Too short, too long, the login, or what everybody tries first."""
    with pytest.raises(BadField) as caught:
        passwords.require_good(password, "Clerk.of.the.house")
    assert password not in str(caught.value)


@pytest.mark.parametrize("password", [PHRASE, "一二三四五六七八九十百", "purple monkey dishwasher"])
def test_a_good_password_is_taken(password: str) -> None:
    """Long ones in any script."""
    passwords.require_good(password, "clerk")


def test_a_password_is_compared_however_it_was_composed() -> None:
    """Full-width letters of an input method are the same letters; unknown logins take as long."""
    kept = passwords.hashed("ｊuniper-lantern-42")
    assert Checked(kept, right=True) == passwords.checked(kept, PHRASE)
    assert not passwords.checked(kept, OTHER_PHRASE).right
    assert Checked("", right=False) == passwords.checked(None, "nobody has this one")
