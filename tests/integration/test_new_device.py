"""New devices: a code from one has lower limits for a day, unless an older PIN lifts them."""

from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity import sittings
from merchants.errors import CodeUsed, PinNeeded
from tests import web
from tests.payers import Payers
from tests.web import OPERATOR, new_key


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


def test_the_first_device_has_the_usual_limits(street: Payers) -> None:
    """Whoever joins today pays as everyone does."""
    ann = street.member(1000)
    first = street.device(ann)
    assert 50 == street.pay(street.code_on(ann, first), 100_000, points=50).points


def test_a_new_device_pays_little_for_a_day(street: Payers) -> None:
    """20 points a payment and a day; a day later, the usual limits."""
    ann = street.member(1000)
    old = street.device(ann)
    street.clock.advance(hours=1)
    new = street.device(ann)
    with pytest.raises(PinNeeded):
        street.pay(street.code_on(ann, new), 100_000, points=21)
    assert 15 == street.pay(street.code_on(ann, new), 100_000, points=15).points
    with pytest.raises(PinNeeded):
        street.pay(street.code_on(ann, new), 100_000, points=6)
    assert 5 == street.pay(street.code_on(ann, new), 100_000, points=5).points
    assert 50 == street.pay(street.code_on(ann, old), 100_000, points=50).points
    with pytest.raises(PinNeeded):
        street.pay(street.code_on(ann, new), 100_000, points=1)
    street.clock.advance(hours=24)
    assert 50 == street.pay(street.code_on(ann, new), 100_000, points=50).points
    assert [] == street.faults()


def test_a_scan_tells_the_lower_limit_early(street: Payers) -> None:
    """The till knows at once that the most usable points want a PIN."""
    ann = street.member(1000)
    street.device(ann)
    street.clock.advance(hours=1)
    new = street.device(ann)
    assert street.scan(street.code_on(ann, new), 30_000).pin_needed
    assert not street.scan(street.code_on(ann, new), 20_000).pin_needed


def test_a_new_device_gets_no_code_of_an_old_one(street: Payers) -> None:
    """A live code of a known device is not handed to a new one, whose own stays marked."""
    ann = street.member(1000)
    old = street.device(ann)
    street.clock.advance(hours=1)
    new = street.device(ann)
    known, marked = street.code_on(ann, old), street.code_on(ann, new)
    assert known != marked
    with pytest.raises(PinNeeded):
        street.pay(marked, 100_000, points=50)
    with pytest.raises(CodeUsed):
        street.pay(known, 100_000, points=50)


def test_a_program_set_limit_is_never_above_the_usual_one(street: Payers) -> None:
    """Where the usual limit is lower, it holds on new devices too."""
    street.rules(no_pin_points_most=5, new_device_points_most=40)
    ann = street.member(1000)
    street.device(ann)
    street.clock.advance(hours=1)
    with pytest.raises(PinNeeded):
        street.pay(street.code_on(ann, street.device(ann)), 100_000, points=6)


def test_a_pin_lifts_the_lower_limit(street: Payers) -> None:
    """With the member's PIN a new device pays as any other."""
    ann = street.member(1000)
    street.device(ann)
    street.clock.advance(hours=1)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.code_on(ann, street.device(ann)), 100_000, points=70)
    one = caught.value.redemption_id
    street.confirm(ann, one, 70)
    assert 70 == street.redeem(one, 70).points
    assert [] == street.faults()


def test_a_delegates_new_device_pays_little_too(street: Payers) -> None:
    """It is the device in the hand that counts, whoever's the points are."""
    ann, son = street.member(1000), street.member(0)
    street.delegate(ann, son, 80)
    street.device(son)
    street.clock.advance(hours=1)
    new = street.device(son)
    with pytest.raises(PinNeeded):
        street.pay(street.delegated(son, ann, new), 100_000, points=21)
    assert 20 == street.pay(street.delegated(son, ann, new), 100_000, points=20).points
    assert 50 == street.pay(street.code(ann), 100_000, points=50).points


def test_the_sitting_of_the_cookie_is_what_counts(database: Database, clock: ManualClock) -> None:
    """Over the API a code asked for by the cookie of a new device is marked."""
    with web.opened(database, clock) as api:
        member_id, token = api.earned(200)
        secrets = [sittings.new_secret() for _ in range(2)]
        for secret in secrets:
            begun = partial(
                sittings.begin,
                holder_id=member_id,
                secret_hash=sittings.hashed(secret),
                device="phone",
                staff=False,
                second_factor=False,
            )
            database.write(api.bank.bank_id, OPERATOR, begun)
            clock.advance(minutes=5)
        _, _, till = api.shop()
        found: list[bool] = []
        body: dict[str, object] = {"cart_fen": 30_000}
        for secret in secrets:
            clock.advance(seconds=61)
            headers = {
                "Cookie": f"cb-trust={secret}",
                "X-CSRF-Token": sittings.csrf_of(secret),
                "Idempotency-Key": new_key(),
            }
            made = api.client.post(f"/v1/b/trust/members/{member_id}/pay-codes", headers=headers)
            body |= {"code": made.json()["digits"]}
            found.append(api.made("/scans", till, body)["pin_needed"])
        assert [False, True] == found
        body["code"] = api.pay_code(member_id, token)
        assert not api.made("/scans", till, body)["pin_needed"]
