"""Payment PINs: set, typed, guessed at, changed, and reset face to face."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from api import pin_checks
from api.edge.callers import Principal
from api.edge.wiring import Caller
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, CreditbankError
from creditbank.core.units import Actor, View
from creditbank.core.vault import Vault
from creditbank.identity import pin_digits, pins
from creditbank.identity.pins import payment_pins
from creditbank.identity.roles import Role
from creditbank.identity.sign_in_errors import (
    OwnService,
    PinLocked,
    PinMissing,
    PinWaiting,
    PinWeak,
    PinWrong,
)
from tests import web
from tests.integration.test_sign_in import slug, told
from tests.residents import JOINING, OTHER_PIN, PIN, Device, Outbox, resident
from tests.web import Web, new_key

SERVICE = {"reason": "忘记密码", "identity": "身份证"}
WRONG = "739185"


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


@pytest.fixture
def outbox(api: Web, tmp_path: Path) -> Outbox:
    """The texts that the bank sends."""
    return Outbox(api, tmp_path / "outbox.jsonl")


@pytest.fixture
def member_id(api: Web) -> str:
    """A member who has proven a phone."""
    return resident(api)


@pytest.fixture
def phone(member_id: str, outbox: Outbox) -> Device:
    """The member's first device, signed in, with a PIN set on it."""
    device = Device(outbox)
    device.sign_in()
    assert 200 == device.put(f"/members/{member_id}/pin", {"pin": PIN}).status_code
    return device


def type_pin(api: Web, member_id: str, pin: str, key: str | None = None) -> None:
    """Type a PIN as a payment would ask for it."""
    caller = Caller(api.database, api.bank.bank_id, Principal(member_id, (), "tok_x"))
    asyncio.run(pin_checks.verified(caller, member_id, pin, key=key))


def refusal(api: Web, member_id: str, pin: str) -> CreditbankError:
    """What comes back for a PIN that is refused."""
    with pytest.raises(CreditbankError) as refused:
        type_pin(api, member_id, pin)
    return refused.value


def wrong_tries(api: Web, member_id: str) -> int:
    """The tries that were counted, read by another connection."""
    engine = create_engine(api.database.url)
    query = select(payment_pins.c.wrong).where(
        payment_pins.c.bank_id == api.bank.bank_id, payment_pins.c.member_id == member_id
    )
    try:
        with engine.connect() as connection:
            return int(connection.execute(query).scalar_one())
    finally:
        engine.dispose()


# Digits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pin",
    [
        *("000000", "111111", "123456", "654321", "012345", "890123", "121212", "123123"),
        *("112211", "850312", "120385", "031285", "198503", "000229"),
    ],
)
def test_a_pin_that_is_guessed_first_is_refused(pin: str) -> None:
    """Repeated and running digits, and whatever reads as a birthday."""
    with pytest.raises(PinWeak):
        pin_digits.refuse_weak(pin)


@pytest.mark.parametrize("pin", [PIN, OTHER_PIN, "739185", "405961"])
def test_other_digits_make_a_pin(pin: str) -> None:
    """Most six digits are fit."""
    pin_digits.refuse_weak(pin)


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "73918a", "７３９１８４", "739184\n"])
def test_a_pin_is_six_digits(pin: str) -> None:
    """Nothing else is one."""
    with pytest.raises(BadField, match="pin"):
        pin_digits.refuse_weak(pin)


def test_one_request_keeps_one_hash(tmp_path: Path) -> None:
    """A copy of a request has the same content; another key or member has another salt."""
    vault = Vault(tmp_path / "keys")
    made = [
        pin_digits.hashed(vault, PIN, whose=whose, key=key)
        for whose, key in (("mem_a", "one"), ("mem_a", "one"), ("mem_a", "two"), ("mem_b", "one"))
    ]
    vault.close()
    assert (3, True) == (len(set(made)), made[0] == made[1])
    assert [True, False] == [pin_digits.matches(pin, made[2]) for pin in (PIN, OTHER_PIN)]
    assert all(one.startswith("$argon2id$") for one in made)


# Typing ----------------------------------------------------------------------------------------


def test_a_pin_is_typed_right_and_wrong(api: Web, phone: Device, member_id: str) -> None:
    """A wrong one is counted, a right one forgets the count."""
    assert phone.csrf
    type_pin(api, member_id, PIN)
    for left in (4, 3):
        error = refusal(api, member_id, WRONG)
        assert (PinWrong, left) == (type(error), error.figures["left"])
    assert 2 == wrong_tries(api, member_id)
    type_pin(api, member_id, PIN)
    assert 0 == wrong_tries(api, member_id)


def test_five_wrong_pins_lock_for_half_an_hour(api: Web, phone: Device, member_id: str) -> None:
    """The right PIN is refused too, to the second; then the count starts over."""
    kinds = [type(refusal(api, member_id, WRONG)) for _ in range(5)]
    assert [PinWrong] * 4 + [PinLocked] == kinds
    assert isinstance(refusal(api, member_id, PIN), PinLocked)
    assert phone.get(f"/members/{member_id}/pin").json()["locked_until"] is not None
    api.clock.advance(seconds=30 * 60 - 1)
    assert isinstance(refusal(api, member_id, PIN), PinLocked)
    api.clock.advance(seconds=1)
    assert isinstance(refusal(api, member_id, WRONG), PinWrong)
    type_pin(api, member_id, PIN)


def test_guesses_in_parallel_are_counted(api: Web, phone: Device, member_id: str) -> None:
    """Of 40 tries begun at once, before any is looked at, five may be looked at."""
    assert phone.csrf
    futures = [
        api.database.writer.submit(
            api.bank.bank_id, JOINING, lambda unit: pins.begin_try(unit, member_id)
        )
        for _ in range(40)
    ]
    wait(futures)
    kinds = [type(future.exception()) for future in futures]
    assert (5, 35) == (kinds.count(type(None)), kinds.count(PinLocked))
    assert 5 == wrong_tries(api, member_id)


def test_without_a_pin_there_is_nothing_to_type(api: Web, member_id: str) -> None:
    """Whoever has set none is told so."""
    assert isinstance(refusal(api, member_id, PIN), PinMissing)


# Setting ---------------------------------------------------------------------------------------


def test_a_first_pin_works_at_once_on_the_first_device(
    api: Web, phone: Device, member_id: str
) -> None:
    """Its member is told; a second first PIN is refused."""
    type_pin(api, member_id, PIN)
    assert 1 == told(api, "pin-set")
    answer = phone.put(f"/members/{member_id}/pin", {"pin": OTHER_PIN})
    assert (409, "pin-already-set") == slug(answer)
    assert 422 == phone.put(f"/members/{member_id}/pin", {"pin": "123456"}).status_code


def test_a_first_pin_from_a_new_device_waits_a_day(
    api: Web, outbox: Outbox, member_id: str
) -> None:
    """Whoever takes over a number cannot pay with a PIN of their own at once."""
    first, new = Device(outbox), Device(outbox)
    first.sign_in()
    api.clock.advance(minutes=1)
    new.sign_in()
    new.put(f"/members/{member_id}/pin", {"pin": PIN})
    assert 200 == first.get("/sitting").status_code
    assert isinstance(refusal(api, member_id, PIN), PinWaiting)
    assert 0 == wrong_tries(api, member_id)
    api.clock.advance(hours=24)
    type_pin(api, member_id, PIN)


def test_a_pin_set_at_the_office_works_at_once(api: Web, member_id: str) -> None:
    """By the resident who is present; staff of other communities and auditors don't."""
    path, body = f"/members/{member_id}/pin/at-office", SERVICE | {"pin": PIN}
    elsewhere = api.token(Role.ORGANISER, community_id=api.community())
    assert (403, "other-community") == slug(api.post(path, elsewhere, body))
    assert (403, "role-denied") == slug(api.post(path, api.auditor, body))
    api.made(path, api.organiser, body)
    type_pin(api, member_id, PIN)
    assert (409, "pin-already-set") == slug(api.post(path, api.organiser, body))


def test_a_pin_is_changed_with_the_old_one(
    api: Web, phone: Device, outbox: Outbox, member_id: str
) -> None:
    """A wrong old one is counted; after the change other devices are signed out at once."""
    other = Device(outbox)
    api.clock.advance(minutes=1)
    other.sign_in()
    path = f"/members/{member_id}/pin"
    assert (409, "pin-wrong") == slug(phone.put(path, {"pin": OTHER_PIN, "old": WRONG}))
    assert 1 == wrong_tries(api, member_id)
    assert 200 == phone.put(path, {"pin": OTHER_PIN, "old": PIN}).status_code
    assert (200, 401) == (phone.get("/sitting").status_code, other.get("/sitting").status_code)
    type_pin(api, member_id, OTHER_PIN)
    assert isinstance(refusal(api, member_id, PIN), PinWrong)


def test_a_copy_of_a_change_is_answered_the_same(api: Web, phone: Device, member_id: str) -> None:
    """The old PIN is not the old one any more, and is not looked at again."""
    path, key = f"/members/{member_id}/pin", new_key()
    body = {"pin": OTHER_PIN, "old": PIN}
    first, copy = (phone.send("PUT", path, body, key=key) for _ in range(2))
    assert (200, first.json()) == (copy.status_code, copy.json())
    assert 0 == wrong_tries(api, member_id)
    other = phone.send("PUT", path, body | {"pin": "405961"}, key=key)
    assert (422, "key-reused") == slug(other)


def test_a_pin_typed_for_a_payment_changes_nothing(api: Web, phone: Device, member_id: str) -> None:
    """Only the old PIN of the very request counts."""
    type_pin(api, member_id, PIN, key=new_key())
    answer = phone.put(f"/members/{member_id}/pin", {"pin": OTHER_PIN, "old": WRONG})
    assert (409, "pin-wrong") == slug(answer)
    type_pin(api, member_id, PIN)


# Resetting -------------------------------------------------------------------------------------


def test_a_reset_waits_a_day_and_is_told(api: Web, phone: Device, member_id: str) -> None:
    """Until then the old PIN works and no new one is set; afterwards no old one is asked for."""
    path = f"/members/{member_id}/pin"
    api.made(f"{path}/reset", api.organiser, SERVICE)
    assert 1 == told(api, "pin-reset-opened")
    assert (409, "pin-already-set") == slug(phone.put(path, {"pin": OTHER_PIN}))
    type_pin(api, member_id, PIN)
    api.clock.advance(hours=24)
    assert 200 == phone.put(path, {"pin": OTHER_PIN}).status_code
    type_pin(api, member_id, OTHER_PIN)
    assert (409, "pin-already-set") == slug(phone.put(path, {"pin": PIN}))


def test_a_second_reset_keeps_the_first_ones_time(api: Web, phone: Device, member_id: str) -> None:
    """Asking again neither hurries nor delays it; after a week it is over."""
    path = f"/members/{member_id}/pin"
    first = api.made(f"{path}/reset", api.organiser, SERVICE)
    api.clock.advance(hours=12)
    assert first == api.made(f"{path}/reset", api.organiser, SERVICE)
    api.clock.advance(days=8)
    assert (409, "pin-already-set") == slug(phone.put(path, {"pin": OTHER_PIN}))
    assert phone.get(path).json()["reset_at"] is None
    assert first != api.made(f"{path}/reset", api.organiser, SERVICE)


def test_a_member_cancels_a_reset(api: Web, phone: Device, member_id: str) -> None:
    """What they did not ask for never takes effect."""
    path = f"/members/{member_id}/pin"
    api.made(f"{path}/reset", api.organiser, SERVICE)
    assert 200 == phone.post(f"{path}/reset/cancel").status_code
    assert (404, "no-pin-reset") == slug(phone.post(f"{path}/reset/cancel"))
    api.clock.advance(hours=25)
    assert (409, "pin-already-set") == slug(phone.put(path, {"pin": OTHER_PIN}))


def test_a_reset_is_begun_by_the_office_only(api: Web, phone: Device, member_id: str) -> None:
    """Not by the member, an auditor, or another community's staff."""
    path = f"/members/{member_id}/pin/reset"
    elsewhere = api.token(Role.ORGANISER, community_id=api.community())
    assert (403, "role-denied") == slug(phone.post(path, SERVICE))
    assert (403, "role-denied") == slug(api.post(path, api.auditor, SERVICE))
    assert (403, "other-community") == slug(api.post(path, elsewhere, SERVICE))
    assert phone.get(f"/members/{member_id}/pin").json()["reset_at"] is None


def test_no_pin_and_no_reason_lie_in_the_clear(api: Web, phone: Device, member_id: str) -> None:
    """Neither digits nor reasons stand in any table of text."""
    api.made(f"/members/{member_id}/pin/reset", api.organiser, SERVICE)
    assert phone.csrf
    known = payment_pins.metadata.tables
    tables = [known[name] for name in ("payment_pin", "deed", "idempotency_key", "notice")]

    def look(view: View) -> list[str]:
        queries = [select(of).where(of.c.bank_id == view.bank_id) for of in tables]
        return [str(row) for query in queries for row in view.rows(query)]

    rows = api.database.read(api.bank.bank_id, look)
    assert rows
    assert [] == [row for row in rows if PIN in row or "忘记密码" in row or "身份证" in row]


def test_staff_serve_others(api: Web, member_id: str) -> None:
    """Whoever is in office has nothing done for themselves (law 7)."""
    own = Actor("stf_own", "organiser", member_id=member_id)
    key = new_key()
    with pytest.raises(OwnService):
        api.database.write(
            api.bank.bank_id,
            own,
            lambda u: pins.open_reset(u, key=key, member_id=member_id, **SERVICE),
        )
