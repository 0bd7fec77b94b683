"""A PIN at checkout: the till waits, the payer confirms or refuses, and the till asks again."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from creditbank import notices
from creditbank.core import counters
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.keys import keys
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.identity.sign_in_errors import PinUnproven
from merchants import checkout, pin_requests
from merchants.errors import (
    PinNeeded,
    PinNotWanted,
    RedemptionExpired,
    RedemptionNotFound,
)
from merchants.redemptions import PinState, State
from merchants.requests import RequestState
from tests import web
from tests.merchant_builders import outcomes, till_actor
from tests.payers import Payers
from tests.web import Web, new_key

REQUEST = "the-request-of-the-till"


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


def used(street: Payers, member_id: str) -> dict[str, int]:
    """What a member's counters have used, by what they count."""
    of = counters.counters
    rows = street.see(
        lambda view: view.rows(
            select(of.c.what, of.c.used).where(of.c.bank_id == view.bank_id, of.c.who == member_id)
        )
    )
    return {row.what: row.used for row in rows}


def wanted(street: Payers, member_id: str, points: int = 60, cart_fen: int = 100_000) -> str:
    """A redemption that waits for a PIN."""
    code = street.code(member_id)
    with pytest.raises(PinNeeded) as caught:
        street.pay(code, cart_fen, points=points)
    return caught.value.redemption_id


def test_a_payment_waits_for_the_pin_and_passes_with_it(street: Payers) -> None:
    """The till asks, the phone confirms, the till sends another request; no limit is used up."""
    ann = street.member(1000)
    code = street.code(ann)
    with pytest.raises(PinNeeded) as caught:
        street.pay(code, 100_000, points=60, key=REQUEST)
    one = caught.value.redemption_id
    asked = street.asked(REQUEST)
    assert (RequestState.REFUSED, "pin-needed", PinState.WANTED) == (
        asked.state,
        asked.refusal,
        asked.pin,
    )
    [request] = street.waiting(ann)
    assert (one, "好邻居超市", 100_000, 60) == (
        request.redemption_id,
        request.shop,
        request.cart_fen,
        request.points,
    )
    assert timedelta(minutes=3) == request.ends_at - street.clock.now()
    assert PinState.GIVEN == street.confirm(ann, one, 60).pin
    assert PinState.GIVEN == street.asked(REQUEST).pin == street.receipt(one).pin
    assert [] == street.waiting(ann)
    paid = street.redeem(one, 60)
    assert (State.PAID, 60, PinState.USED) == (paid.state, paid.points, paid.pin)
    assert {"no-pin-points": 0, "no-pin-payments": 0} == used(street, ann)
    assert 50 == street.pay(street.code(ann), 100_000, points=50).points
    assert [] == street.faults()


def test_the_refused_request_stays_refused(street: Payers) -> None:
    """The request that met the limit keeps its answer; only a new request id passes."""
    ann = street.member(1000)
    waiting = street.scanned(ann, 100_000)
    with pytest.raises(PinNeeded):
        street.redeem(waiting, 60, key=REQUEST)
    street.confirm(ann, waiting, 60)
    with pytest.raises(PinNeeded):
        street.redeem(waiting, 60, key=REQUEST)
    assert 60 == street.redeem(waiting, 60).points


def test_the_pin_is_good_for_these_points_only(street: Payers) -> None:
    """More points want another confirmation; fewer pass."""
    ann = street.member(1000)
    one = wanted(street, ann)
    street.confirm(ann, one, 60)
    with pytest.raises(PinNeeded):
        street.redeem(one, 61)
    assert (PinState.WANTED, 61) == (street.receipt(one).pin, street.waiting(ann)[0].points)
    with pytest.raises(PinNeeded):
        street.redeem(one, 60)
    street.confirm(ann, one, 60)
    assert 55 == street.redeem(one, 55).points
    assert {"no-pin-points": 0, "no-pin-payments": 0} == used(street, ann)


def test_a_payer_confirms_what_they_saw(street: Payers) -> None:
    """If the till asks for more in the meantime, the confirmation of less gives nothing."""
    ann = street.member(1000)
    one = wanted(street, ann)
    with pytest.raises(PinNeeded):
        street.redeem(one, 99)
    with pytest.raises(PinNotWanted):
        street.confirm(ann, one, 60)
    with pytest.raises(PinNeeded):
        street.redeem(one, 99)


def test_the_request_shows_the_bill_that_the_till_named_last(street: Payers) -> None:
    """Another bill with the payment is the one that the payer confirms."""
    ann = street.member(1000)
    waiting = street.scanned(ann, 3000)
    with pytest.raises(PinNeeded):
        street.redeem(waiting, 60, cart_fen=60_000)
    assert [60_000] == [one.cart_fen for one in street.waiting(ann)]
    street.confirm(ann, waiting, 60)
    assert (60, 60_000) == (street.redeem(waiting).points, street.receipt(waiting).cart_fen)


def test_a_pin_is_over_with_its_redemption(street: Payers) -> None:
    """After the scan's time nothing waits, nothing is confirmed, and nothing passes."""
    ann = street.member(1000)
    late, given = wanted(street, ann), wanted(street, ann)
    street.confirm(ann, given, 60)
    street.clock.advance(seconds=180)
    assert [] == street.waiting(ann)
    with pytest.raises(RedemptionExpired):
        street.confirm(ann, late, 60)
    with pytest.raises(RedemptionExpired):
        street.redeem(given, 60)
    assert 1000 == street.balance(ann).available


def test_whoever_refuses_ends_the_redemption(street: Payers) -> None:
    """The till sees the refusal, and takes nothing more by this scan."""
    ann = street.member(1000)
    code = street.code(ann)
    with pytest.raises(PinNeeded) as caught:
        street.pay(code, 100_000, points=60, key=REQUEST)
    one = caught.value.redemption_id
    answer = street.refuse(ann, one)
    assert (PinState.REFUSED, State.CANCELLED) == (answer.pin, answer.state)
    assert PinState.REFUSED == street.asked(REQUEST).pin == street.receipt(one).pin
    with pytest.raises(StateConflict):
        street.redeem(one, 5)
    with pytest.raises(PinNotWanted):
        street.confirm(ann, one, 60)
    assert 1000 == street.balance(ann).available


def test_a_given_pin_may_still_be_taken_back(street: Payers) -> None:
    """Until the till takes the points the payer may refuse; afterwards not."""
    ann = street.member(1000)
    one, paid = wanted(street, ann), wanted(street, ann)
    street.confirm(ann, one, 60)
    assert PinState.REFUSED == street.refuse(ann, one).pin
    with pytest.raises(StateConflict):
        street.redeem(one, 60)
    street.confirm(ann, paid, 60)
    street.redeem(paid, 60)
    with pytest.raises(PinNotWanted):
        street.refuse(ann, paid)


def test_a_pin_that_was_not_typed_for_this_request_gives_nothing(street: Payers) -> None:
    """Neither without the PIN nor with one that was typed for something else, and each once."""
    ann = street.member(1000)
    one, other = wanted(street, ann), wanted(street, ann)

    def confirm(redemption_id: str, key: str) -> None:
        street.as_member(
            ann,
            lambda unit: pin_requests.confirm(
                unit, payer_id=ann, redemption_id=redemption_id, points=60, key=key
            ),
        )

    with pytest.raises(PinUnproven):
        confirm(one, REQUEST)
    street.typed(ann, "typed-for-something-else")
    with pytest.raises(PinUnproven):
        confirm(one, REQUEST)
    street.confirm(ann, one, 60, REQUEST)
    with pytest.raises(PinUnproven):
        confirm(other, "another-request-id")
    with pytest.raises(PinNeeded):
        street.redeem(other, 60)


def test_nobody_confirms_for_another(street: Payers) -> None:
    """Another member does not find the redemption, and sees no request."""
    ann, ben = street.member(1000), street.member(1000)
    one = wanted(street, ann)
    assert [] == street.waiting(ben)
    with pytest.raises(RedemptionNotFound):
        street.confirm(ben, one, 60)
    with pytest.raises(RedemptionNotFound):
        street.refuse(ben, one)
    with pytest.raises(RedemptionNotFound):
        street.confirm_at_till(one)
    assert PinState.WANTED == street.receipt(one).pin


def test_without_a_want_nothing_is_given(street: Payers) -> None:
    """A PIN that nobody waits for opens nothing."""
    ann = street.member(1000)
    waiting = street.scanned(ann, 100_000)
    with pytest.raises(PinNotWanted):
        street.confirm(ann, waiting, 60)
    with pytest.raises(PinNeeded):
        street.redeem(waiting, 60)


def test_the_scan_tells_early_that_a_pin_is_needed(street: Payers) -> None:
    """The most usable points would want a PIN, or not, on this bill or another one."""
    ann = street.member(1000)
    assert not street.scan(street.code(ann), 50_000).pin_needed
    big = street.scan(street.code(ann), 60_000)
    assert (60, True) == (big.points_most, big.pin_needed)
    assert not street.requote(big.redemption_id, 30_000).pin_needed
    for _ in range(2):
        street.pay(street.code(ann), 100_000, points=50)
    assert street.scan(street.code(ann), 3000).pin_needed
    assert not street.scan(street.code(street.member(0)), 3000).pin_needed


def test_what_was_taken_with_a_pin_gives_no_limit_back(street: Payers) -> None:
    """Void, refund, capture of a part and expiry leave the limits of others alone."""
    ann = street.member(1000)
    street.pay(street.code(ann), 100_000, points=7)
    without = {"no-pin-points": 7, "no-pin-payments": 1}
    voided, refunded, part, over = (wanted(street, ann) for _ in range(4))
    for one in (voided, refunded, part, over):
        street.confirm(ann, one, 60)
    street.redeem(voided, 60)
    street.void(voided, till_actor(street.till()))
    street.redeem(refunded, 60)
    street.refund(refunded, 20)
    street.authorise(part, 60)
    street.capture(part, 10)
    street.authorise(over, 60)
    assert without == used(street, ann)
    street.clock.advance(seconds=180)
    street.expire(over)
    assert without == used(street, ann)
    assert [] == street.faults()


def test_what_was_taken_without_a_pin_comes_back_without_one(street: Payers) -> None:
    """A want that was not needed in the end leaves a payment without PIN."""
    ann = street.member(1000)
    one = wanted(street, ann)
    street.redeem(one, 20)
    assert {"no-pin-points": 20, "no-pin-payments": 1} == used(street, ann)
    street.void(one)
    assert {"no-pin-points": 0, "no-pin-payments": 0} == used(street, ann)
    assert [] == street.faults()


def test_a_confirmation_races_with_the_tills_next_want(street: Payers) -> None:
    """Whichever is first, a PIN for 60 points never lets 99 through."""
    ann = street.member(1000)
    for round_ in range(5):
        one, key = wanted(street, ann), f"confirm-in-a-race-{round_}"
        street.typed(ann, key)
        confirm = street.database.writer.submit(
            street.bank_id,
            Actor(ann, "member", ann),
            partial(pin_requests.confirm, payer_id=ann, redemption_id=one, points=60, key=key),
        )
        more = street.submit(
            street.till_id,
            partial(
                checkout.redeem, redemption_id=one, points=99, key=f"redeem-in-a-race-{round_}"
            ),
        )
        outcomes([confirm, more])
        with pytest.raises(PinNeeded):
            street.redeem(one, 99)
        street.cancel_scanned(one)
    assert 1000 == street.balance(ann).available


def test_the_notice_names_shop_and_points(street: Payers) -> None:
    """The member is told once per want, and only as long as it makes sense."""
    ann = street.member(1000)
    one = wanted(street, ann)
    with pytest.raises(PinNeeded):
        street.redeem(one, 60)
    of = notices.notices
    [row] = street.see(
        lambda view: view.rows(
            select(of).where(
                of.c.bank_id == view.bank_id, of.c.member_id == ann, of.c.kind == "pin-wanted"
            )
        )
    )
    assert {"shop": street.shop_id, "points": 60} == row.figures
    assert timedelta(minutes=3) == row.due_at - street.clock.now()


def test_a_repeated_confirmation_is_the_same(street: Payers) -> None:
    """The same key answers again, and no answer that is kept holds more than ids and figures."""
    ann = street.member(1000)
    one = wanted(street, ann)

    def confirm() -> pin_requests.PinAnswer:
        return street.confirm(ann, one, 60, REQUEST)

    first = confirm()
    street.redeem(one, 60)
    street.clock.advance(hours=1)
    assert first == confirm()
    rows = street.see(
        lambda view: view.rows(
            select(keys.c.answer).where(
                keys.c.bank_id == view.bank_id, keys.c.operation == "pin_requests.confirm"
            )
        )
    )
    assert [{"redemption_id": one, "pin": "given", "points": 60, "state": "scanned"}] == [
        row.answer[0] for row in rows
    ]


PIN = "493817"


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def asking(api: Web) -> tuple[str, str, str, str, str]:
    """A member with a PIN whose payment waits: id, token, redemption, till and request id."""
    member_id, token = api.earned(200)
    said = {"pin": PIN, "reason": "在办公室设置", "identity": "身份证"}
    api.made(f"/members/{member_id}/pin/at-office", api.organiser, said)
    _, _, till = api.shop()
    body = {"code": api.pay_code(member_id, token), "cart_fen": 100_000, "points": 60}
    request_id = new_key()
    answer = api.post("/scan-and-redeem", till, body, key=request_id)
    assert (409, "pin-needed") == (answer.status_code, answer.json()["type"].rsplit("/")[-1])
    return member_id, token, answer.json()["redemption_id"], till, request_id


def test_phone_and_till_over_the_api(api: Web) -> None:
    """The till asks after its request, the phone shows and confirms, the till takes the points."""
    member_id, token, one, till, request_id = asking(api)
    assert "wanted" == api.get(f"/till/requests/{request_id}", till).json()["pin"]
    [request] = api.get(f"/members/{member_id}/pin-requests", token).json()["items"]
    assert (one, 60, 100_000) == (request["redemption_id"], request["points"], request["cart_fen"])
    path = f"/members/{member_id}/pin-requests/{one}/confirm"
    assert 422 == api.post(path, token, {"pin": PIN}).status_code
    wrong = api.post(path, token, {"pin": "493818", "points": 60})
    assert (409, "pin-wrong") == (wrong.status_code, wrong.json()["type"].rsplit("/")[-1])
    assert "wanted" == api.get(f"/redemptions/{one}", till).json()["pin"]
    key, body = new_key(), {"pin": PIN, "points": 60}
    given = api.post(path, token, body, key=key)
    assert (200, "given") == (given.status_code, given.json()["pin"]), given.text
    assert "given" == api.get(f"/till/requests/{request_id}", till).json()["pin"]
    receipt = api.made(f"/redemptions/{one}/redeem", till, {"points": 60})
    assert ("paid", 60, "used") == (receipt["state"], receipt["points"], receipt["pin"])
    assert given.json() == api.post(path, token, body, key=key).json()


def test_five_wrong_pins_lock_and_nothing_passes(api: Web) -> None:
    """Then the right one is refused, too, and the till waits in vain."""
    member_id, token, one, till, _ = asking(api)
    path = f"/members/{member_id}/pin-requests/{one}/confirm"
    for n in range(5):
        api.post(path, token, {"pin": f"12345{n}", "points": 60})
    locked = api.post(path, token, {"pin": PIN, "points": 60})
    assert "pin-locked" == locked.json()["type"].rsplit("/")[-1]
    assert 409 == api.post(f"/redemptions/{one}/redeem", till, {"points": 60}).status_code


def test_only_the_payer_answers_over_the_api(api: Web) -> None:
    """Other members find neither the list nor the redemption; a refusal ends it."""
    member_id, token, one, till, request_id = asking(api)
    other, stranger = api.member()
    body = {"pin": PIN, "points": 60}
    for path in (
        f"/members/{member_id}/pin-requests/{one}/confirm",
        f"/members/{other}/pin-requests/{one}/confirm",
    ):
        assert 404 == api.post(path, stranger, body).status_code
    assert 404 == api.get(f"/members/{member_id}/pin-requests", stranger).status_code
    assert 403 == api.get(f"/members/{member_id}/pin-requests", api.operator).status_code
    assert 404 == api.post(f"/till/redemptions/{one}/pin", till, {"pin": PIN}).status_code
    refused = api.made(f"/members/{member_id}/pin-requests/{one}/refuse", token)
    assert ("refused", "cancelled") == (refused["pin"], refused["state"])
    assert "refused" == api.get(f"/till/requests/{request_id}", till).json()["pin"]
