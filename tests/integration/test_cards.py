"""Printed cards: made once, good only with the PIN typed at the till, little a day, stopped."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.keys import keys
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor, Unit
from creditbank.people import members
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from merchants import cards, checkout, code_digits, scans
from merchants.cards import Card, CardState
from merchants.errors import (
    CardEnded,
    CardNotFound,
    CodeUnknown,
    OwnCode,
    PinNeeded,
    PinNotWanted,
    PointsTooMany,
    RedemptionNotFound,
    TillLocked,
)
from merchants.offers import Reason
from merchants.redemptions import PinState, State
from tests import web
from tests.merchant_builders import outcomes, till_actor
from tests.payers import Payers
from tests.web import Web, new_key


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


def pay(street: Payers, digits: str, points: int, till_id: str | None = None) -> int:
    """Pay by card, with the PIN typed at the till; returns the points taken."""
    with pytest.raises(PinNeeded) as caught:
        street.pay(digits, 100_000, points=points, till_id=till_id)
    one = caught.value.redemption_id
    street.confirm_at_till(one, till_id)
    return street.redeem(one, points, till_id=till_id).points


def test_a_card_pays_with_the_pin_at_the_till(street: Payers) -> None:
    """Scan, PIN, redeem; the same card again, as often as its day allows."""
    ann = street.member(1000)
    _, digits = street.card(ann)
    assert (18, "96") == (len(digits), digits[:2])
    scanned = street.scan(digits, 3000)
    assert (3, True) == (scanned.points_most, scanned.pin_needed)
    assert PinState.WANTED == street.receipt(scanned.redemption_id).pin
    assert PinState.GIVEN == street.confirm_at_till(scanned.redemption_id).pin
    assert 3 == street.redeem(scanned.redemption_id).points
    assert 5 == pay(street, digits, 5)
    assert 992 == street.balance(ann).available
    assert [] == street.faults()


def test_without_the_pin_a_card_is_worth_nothing(street: Payers) -> None:
    """Not one point without it, and no phone confirms what a card opened."""
    ann = street.member(1000)
    _, digits = street.card(ann)
    with pytest.raises(PinNeeded) as caught:
        street.pay(digits, 3000, points=1)
    one = caught.value.redemption_id
    assert [] == street.waiting(ann)
    with pytest.raises(RedemptionNotFound):
        street.confirm(ann, one, 1)
    with pytest.raises(RedemptionNotFound):
        street.confirm_at_till(one, street.till())
    with pytest.raises(PinNeeded):
        street.authorise(one)
    assert 1000 == street.balance(ann).available


def test_a_card_pays_fifty_points_a_day(street: Payers) -> None:
    """The day's limit holds over tills and over a new card, and voids give it back."""
    ann = street.member(1000)
    _, digits = street.card(ann)
    assert 30 == pay(street, digits, 30)
    scanned = street.scan(digits, 100_000)
    assert 20 == scanned.points_most
    with pytest.raises(PointsTooMany):
        street.redeem(scanned.redemption_id, 21)
    _, digits = street.card(ann)
    other = street.till()
    with pytest.raises(PinNeeded) as caught:
        street.pay(digits, 100_000, points=20, till_id=other)
    last = caught.value.redemption_id
    street.confirm_at_till(last, other)
    street.redeem(last, 20, till_id=other)
    over = street.scan(digits, 100_000)
    assert (0, Reason.OWN_LIMIT) == (over.points_most, over.reason)
    assert 50 == street.pay(street.code(ann), 100_000, points=50).points
    street.void(last, till_actor(other))
    assert 20 == street.scan(digits, 100_000).points_most
    street.clock.advance(days=1)
    assert 50 == street.scan(digits, 100_000).points_most
    assert [] == street.faults()


def test_the_days_limit_holds_in_parallel(street: Payers) -> None:
    """Two tills that both have the PIN take fifty points together, not more."""
    ann = street.member(1000)
    _, digits = street.card(ann)
    tills = [street.till() for _ in range(3)]
    opened = []
    for till_id in tills:
        with pytest.raises(PinNeeded) as caught:
            street.pay(digits, 100_000, points=30, till_id=till_id)
        opened.append(caught.value.redemption_id)
        street.confirm_at_till(opened[-1], till_id)
    found = outcomes(
        [
            street.submit(
                till_id,
                partial(checkout.redeem, redemption_id=one, points=30, key=f"redeem-{till_id}"),
            )
            for till_id, one in zip(tills, opened, strict=True)
        ]
    )
    assert 2 == found.count(PointsTooMany)
    assert 970 == street.balance(ann).available
    assert [] == street.faults()


def test_a_new_card_kills_the_old_one(street: Payers) -> None:
    """The old digits are refused, and what they opened is over."""
    ann = street.member(1000)
    old, digits = street.card(ann)
    waiting = street.scan(digits, 3000).redemption_id
    new, fresh = street.card(ann)
    with pytest.raises(CardEnded):
        street.scan(digits, 3000)
    with pytest.raises(PinNotWanted):
        street.confirm_at_till(waiting)
    with pytest.raises(StateConflict):
        street.redeem(waiting)
    assert 3 == street.scan(fresh, 3000).points_most
    states = [(one.card_id, one.state) for one in street.see(lambda v: cards.listing(v, ann))]
    assert {(old.card_id, CardState.ENDED), (new.card_id, CardState.LIVE)} == set(states)


def test_a_lost_card_is_stopped_at_once(street: Payers) -> None:
    """By the member or the office; what it opened is cancelled, even with its PIN given."""
    ann, ben = street.member(1000), street.member()
    card, digits = street.card(ann)
    waiting = street.scan(digits, 3000).redemption_id
    street.confirm_at_till(waiting)
    with pytest.raises(NotYours):
        street.revoke_card(card, Actor(ben, "member", ben))
    with pytest.raises(CardNotFound):
        street.revoke_card(replace(card, member_id=ben))
    phone = street.scanned(ann)
    assert CardState.ENDED == street.revoke_card(card, Actor(ann, "member", ann)).state
    assert CardState.ENDED == street.revoke_card(card).state
    with pytest.raises(StateConflict):
        street.redeem(waiting)
    with pytest.raises(CardEnded):
        street.scan(digits, 3000)
    assert [State.CANCELLED, State.SCANNED] == [
        street.receipt(one).state for one in (waiting, phone)
    ]
    assert 1000 == street.balance(ann).available


def test_only_the_office_of_the_community_makes_cards(street: Payers) -> None:
    """Another community's office neither makes nor stops one; the suspended get none."""
    ann = street.member(1000)
    stranger = Actor("stf_far", "organiser", communities=("com_elsewhere",))
    with pytest.raises(OtherCommunity):
        street.card(ann, stranger)
    card, digits = street.card(ann)
    with pytest.raises(OtherCommunity):
        street.revoke_card(card, stranger)
    street.do(lambda unit: members.suspend(unit, member_id=ann, key="suspend-ann-00001"))
    with pytest.raises(MemberSuspended):
        street.card(ann)
    with pytest.raises(MemberSuspended):
        street.scan(digits, 3000)


def test_the_digits_are_given_once_and_kept_nowhere(street: Payers) -> None:
    """A repeated request makes no second card, arms nothing, and no row holds the digits."""
    ann = street.member(1000)
    digits, again = cards.new_digits(), cards.new_digits()

    def make(said: str) -> tuple[Card, bool]:
        def work(unit: Unit) -> tuple[Card, bool]:
            made = cards.make(unit, member_id=ann, key="make-a-card-00001")
            assert isinstance(made, Card)
            return made, cards.arm(unit, made.card_id, said)

        return street.at_office(work)

    first, second = make(digits), make(again)
    assert (first[0], True, False) == (second[0], first[1], second[1])
    with pytest.raises(CodeUnknown):
        street.scan(again, 3000)
    assert 3 == street.scan(digits, 3000).points_most
    kept = street.see(
        lambda view: [
            *view.rows(select(cards.cards).where(cards.cards.c.bank_id == view.bank_id)),
            *view.rows(select(keys).where(keys.c.bank_id == view.bank_id)),
        ]
    )
    assert not [row for row in kept if digits in str(row)]


def test_wrong_cards_are_wrong_codes(street: Payers) -> None:
    """Ten guesses lock the till; a card of another bank is a guess."""
    for _ in range(10):
        with pytest.raises(CodeUnknown):
            street.scan(cards.new_digits(), 3000)
    with pytest.raises(TillLocked):
        street.scan(cards.new_digits(), 3000)


def test_a_card_of_another_bank_is_unknown(street: Payers, clock: ManualClock) -> None:
    """Cards stay within their bank."""
    elsewhere = Payers(street.database, clock, slug="other")
    _, digits = street.card(street.member(1000))
    with pytest.raises(CodeUnknown):
        elsewhere.scan(digits, 3000)


def test_a_cashier_does_not_take_their_own_card(street: Payers) -> None:
    """Law 7 holds for cards as for phones."""
    ann = street.member(1000)
    _, digits = street.card(ann)
    with pytest.raises(OwnCode):
        street.database.write(
            street.bank_id,
            till_actor(street.till_id, ann),
            lambda unit: scans.scan(unit, code=digits, cart_fen=3000, key="k" * 16),
        )


def test_cards_and_codes_are_told_apart() -> None:
    """The prefix says which it is; the check digit is the same kind."""
    digits = cards.new_digits()
    assert digits == code_digits.read(digits)
    assert code_digits.of_card(digits)
    assert not code_digits.of_card(code_digits.complete("0" * 15))


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def test_a_card_over_the_api(api: Web) -> None:
    """Made at the office, digits and QR once, scanned, the PIN typed at the till, stopped."""
    member_id, token = api.earned(200)
    said = {"pin": "493817", "reason": "在办公室设置", "identity": "身份证"}
    api.made(f"/members/{member_id}/pin/at-office", api.organiser, said)
    key, path = new_key(), f"/members/{member_id}/cards"
    response = api.post(path, api.organiser, key=key)
    made = response.json()
    assert (201, "no-store") == (response.status_code, response.headers["cache-control"])
    assert (18, "<svg") == (len(made["digits"]), made["svg"][:4])
    again = api.post(path, api.organiser, key=key).json()
    assert (made["card_id"], None, None) == (again["card_id"], again["digits"], again["svg"])
    assert [made["card_id"]] == [one["card_id"] for one in api.get(path, token).json()["items"]]
    _, _, till = api.shop()
    scanned = api.made("/scans", till, {"code": made["digits"], "cart_fen": 6000})
    one = scanned["redemption_id"]
    assert (6, True) == (scanned["points_most"], scanned["pin_needed"])
    typed = f"/till/redemptions/{one}/pin"
    wrong = api.post(typed, till, {"pin": "000000"})
    assert "pin-wrong" == wrong.json()["type"].rsplit("/")[-1]
    key = new_key()
    given = api.post(typed, till, {"pin": "493817"}, key=key)
    assert "given" == given.json()["pin"]
    assert 6 == api.made(f"/redemptions/{one}/redeem", till, {})["points"]
    assert given.json() == api.post(typed, till, {"pin": "493817"}, key=key).json()
    other, stranger = api.member()
    stop = f"/cards/{made['card_id']}/revoke"
    assert 404 == api.post(f"/members/{member_id}{stop}", stranger).status_code
    assert 404 == api.post(f"/members/{other}{stop}", stranger).status_code
    assert 403 == api.post(path, token).status_code
    assert "ended" == api.made(f"/members/{member_id}{stop}", token)["state"]
    ended = api.post("/scans", till, {"code": made["digits"], "cart_fen": 6000})
    assert (409, "card-ended") == (ended.status_code, ended.json()["type"].rsplit("/")[-1])
