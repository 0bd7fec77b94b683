"""Pairing: a code makes a device a till, once; a lost till is shut off at once."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from httpx2 import Response

from api import till_tokens, tokens
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor
from creditbank.identity.roles import Role
from merchants import pairings, tills
from merchants.pairings import ALPHABET, CODE_LENGTH, Created
from merchants.till_errors import PairingOver, PairingWrong
from tests.merchant_builders import Street, outcomes
from tests.web import Web, new_key, opened

DEVICE = "收银平板"
NOBODY = Actor("anon", "none")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with a till."""
    return Street(database, clock)


def created(street: Street, code: str, till_id: str | None = None) -> Created:
    """A pairing by a code that the test knows."""
    named, of = street.name(), till_id or street.till_id
    return street.do(lambda unit: pairings.create(unit, till_id=of, key=named, code=code))


def exchange(street: Street, code: str) -> till_tokens.Paired:
    """Exchange a code as a device that nobody knows."""
    secret_hash, named = tokens.hashed(tokens.new_secret()), street.name()
    return street.database.write(
        street.bank_id,
        NOBODY,
        lambda unit: till_tokens.pair(
            unit, code=code, device=DEVICE, key=named, secret_hash=secret_hash
        ),
    )


def submit(street: Street, code: str) -> Future[till_tokens.Paired]:
    """Queue an exchange, to race with others."""
    named = street.name()
    return street.database.writer.submit(
        street.bank_id,
        NOBODY,
        lambda unit: till_tokens.pair(
            unit, code=code, device=DEVICE, key=named, secret_hash=tokens.hashed(named)
        ),
    )


def refused(street: Street, code: str) -> type[CreditbankError]:
    """What a code is refused with."""
    with pytest.raises(CreditbankError) as caught:
        exchange(street, code)
    return caught.type


def pair(web: Web, code: str, key: str = "") -> Response:
    """Ask to become a till."""
    return web.post("/till/pair", None, {"code": code, "device": DEVICE}, key=key)


def test_a_code_makes_a_device_a_till(web: Web) -> None:
    """The token works at once, the till's old one no longer; nothing is shown twice."""
    merchant, till, old = web.shop()
    key = new_key()
    made = web.post(f"/tills/{till}/pairings", web.operator, key=key)
    code = made.json()["code"]
    assert (201, CODE_LENGTH) == (made.status_code, len(code))
    assert "no-store" == made.headers["cache-control"]
    assert set(code) <= set(ALPHABET)
    again = web.post(f"/tills/{till}/pairings", web.operator, key=key).json()
    assert {**made.json(), "code": None} == again
    assert 200 == web.get("/till/day", old).status_code
    key = new_key()
    paired = pair(web, code, key)
    token = paired.json()["token"]
    expected = {"till_id": till, "merchant_id": merchant, "token": token}
    assert (201, expected) == (paired.status_code, paired.json())
    assert {**expected, "token": None} == pair(web, code, key).json()
    assert 200 == web.get("/till/day", token).status_code
    assert 401 == web.get("/till/day", old).status_code
    assert 410 == pair(web, code).status_code


def test_a_code_is_read_as_people_type_it(street: Street) -> None:
    """Small letters, spaces and hyphens are the same code."""
    created(street, "7KQ2MRXW")
    assert street.till_id == exchange(street, " 7kq2-mr xw").till_id


def test_a_code_lives_ten_minutes_and_until_the_next(street: Street) -> None:
    """Too old and replaced codes are over; the newest one works."""
    created(street, "AAA22222")
    street.clock.advance(seconds=600)
    assert PairingOver is refused(street, "AAA22222")
    created(street, "BBB22222")
    created(street, "CCC22222")
    assert PairingOver is refused(street, "BBB22222")
    street.clock.advance(seconds=599)
    assert street.till_id == exchange(street, "CCC22222").till_id
    assert PairingOver is refused(street, "CCC22222")


def test_five_wrong_guesses_void_a_code(street: Street) -> None:
    """Guesses are counted exactly, even at once; what begins otherwise is another code."""
    created(street, "AAA22222")
    created(street, "BBB22222", street.till())
    assert [PairingWrong] * 4 == [refused(street, f"AAA2222{sign}") for sign in "3456"]
    assert street.till_id == exchange(street, "AAA22222").till_id
    created(street, "AAA33333")
    futures = [submit(street, f"AAA333{n}") for n in range(20, 40)]
    assert [PairingWrong] * 20 == outcomes(futures)
    assert PairingWrong is refused(street, "AAA33333")
    assert PairingWrong is refused(street, "DDD22222")
    assert PairingWrong is refused(street, "")
    assert street.till_id != exchange(street, "BBB22222").till_id


def test_one_code_used_by_twenty_devices_gives_one_token(street: Street) -> None:
    """Exactly one becomes the till; the other nineteen are told that it was used."""
    created(street, "AAA22222")
    futures = [submit(street, "AAA22222") for _ in range(20)]
    found = outcomes(futures)
    assert 19 == found.count(PairingOver)
    (paired,) = [one for one in found if one is not PairingOver]
    assert street.till_id == paired.till_id
    kept = street.see(
        lambda view: view.rows(
            tokens.tokens.select().where(tokens.tokens.c.bank_id == view.bank_id)
        )
    )
    assert [paired.token_id] == [one.token_id for one in kept if one.revoked_at is None]


def test_codes_of_another_bank_open_nothing(street: Street, clock: ManualClock) -> None:
    """A code is its bank's."""
    elsewhere = Street(street.database, clock, slug="other")
    created(street, "AAA22222")
    assert PairingWrong is refused(elsewhere, "AAA22222")
    assert street.till_id == exchange(street, "AAA22222").till_id


def test_codes_are_kept_nowhere(street: Street) -> None:
    """The table holds a keyed hash; of the signs only those that find the pairing."""
    created(street, "AAA22222")
    (row,) = street.see(
        lambda view: view.rows(
            pairings.pairings.select().where(pairings.pairings.c.bank_id == view.bank_id)
        )
    )
    assert "22222" not in str(row)
    assert "AAA" == row.handle


def test_a_lost_till_is_shut_off_at_once(web: Web) -> None:
    """Its token, its code and its open scans end; paired anew it takes points again."""
    _, till, token = web.shop()
    member, own = web.earned(100)
    code = web.made(f"/tills/{till}/pairings", web.operator)["code"]
    scan = web.made("/scans", token, {"code": web.pay_code(member, own), "cart_fen": 3000})
    key = new_key()
    answer = web.post(f"/tills/{till}/shut-off", web.operator, key=key)
    assert {"till_id": till, "scans": 1} == answer.json()
    redeem = web.post(f"/redemptions/{scan['redemption_id']}/redeem", token, {})
    assert 401 == redeem.status_code
    assert 410 == pair(web, code).status_code
    assert "cancelled" == web.get(f"/redemptions/{scan['redemption_id']}", own).json()["state"]
    code = web.made(f"/tills/{till}/pairings", web.operator)["code"]
    fresh = pair(web, code).json()["token"]
    assert {"till_id": till, "scans": 1} == (
        web.post(f"/tills/{till}/shut-off", web.operator, key=key).json()
    )
    body = {"code": web.pay_code(member, own), "cart_fen": 3000}
    assert 3 == web.made("/scan-and-redeem", fresh, body)["points"]


def test_only_owners_of_the_shop_pair_and_shut_off(web: Web) -> None:
    """Another shop's owner does not find the till; members and tills have no such right."""
    _, till, token = web.shop()
    other, _, _ = web.shop()
    stranger = web.token(Role.SHOP_OWNER, merchant_id=other)
    for verb in ("pairings", "shut-off"):
        assert 404 == web.post(f"/tills/{till}/{verb}", stranger).status_code
        assert 403 == web.post(f"/tills/{till}/{verb}", token).status_code
    assert 200 == web.get("/till/day", token).status_code


def test_guessing_is_slowed_by_address(web: Web) -> None:
    """After ten tries in a minute a device must wait; nothing else is looked at."""
    statuses = [pair(web, f"ZZZ2222{n % 8 + 2}").status_code for n in range(12)]
    assert ([404] * 10, [429] * 2) == (statuses[:10], statuses[10:])


def test_a_paired_till_has_no_turn(street: Street) -> None:
    """Pairing locks nothing else: the till is in use and unlocked."""
    created(street, "AAA22222")
    exchange(street, "AAA22222")
    till = street.see(lambda view: tills.find(view, street.till_id))
    assert (None, False) == (till.cashier_id, till.has_cashiers)
