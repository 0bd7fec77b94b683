"""Refunds: in parts, in time, by whom, and never above what was taken."""

from datetime import date
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadAmount, BadField, CreditbankError
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.ledger import posting, statements
from merchants import checkout, refunds
from merchants.errors import (
    NothingToRefund,
    OwnCode,
    RedemptionNotFound,
    RefundForbidden,
    RefundTooLate,
    RefundTooMuch,
)
from merchants.redemptions import State
from merchants.refunds import Refunded
from tests.books import POINTS, made_up
from tests.merchant_builders import ITEM, Street, till_actor

OWNER = Actor("stf_owner", "merchant_owner")


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def refund(
    street: Street,
    redemption_id: str,
    points: Any = None,
    *,
    remaining: Any = None,
    actor: Actor | None = None,
    key: str | None = None,
) -> Refunded:
    """Refund, at the till that took the points unless somebody else is named."""
    named = key or street.name()
    return street.database.write(
        street.bank_id,
        actor or till_actor(street.till_id),
        lambda unit: refunds.refund(
            unit,
            redemption_id=redemption_id,
            points=points,
            remaining_cart_fen=remaining,
            key=named,
        ),
    )


def test_parts_add_up_to_the_whole(street: Street) -> None:
    """Two parts and the rest give everything back, and no more comes."""
    ann = street.member()
    paid = street.pay(street.code(ann), 9000).redemption_id
    first = refund(street, paid, 2)
    assert (State.REFUNDED_IN_PART, 2, 2, 200) == (
        first.state,
        first.points,
        first.refunded_points,
        first.discount_back_fen,
    )
    with pytest.raises(RefundTooMuch) as caught:
        refund(street, paid, 8)
    assert 7 == caught.value.points_most
    assert 5 == refund(street, paid, 3).refunded_points
    last = refund(street, paid)
    assert (State.REFUNDED, 4, 9) == (last.state, last.points, last.refunded_points)
    for points in (None, 1):
        with pytest.raises(StateConflict):
            refund(street, paid, points)
    assert (100, 0) == (street.balance(ann).available, street.taken())
    newest = street.see(lambda view: statements.history(view, f"member/{ann}", POINTS)).lines[0]
    assert ("refund", 4, paid) == (newest.kind, newest.units, newest.refers_to)
    assert [] == street.faults()


def test_the_remaining_bill_says_what_comes_back(street: Street) -> None:
    """Points back = used − most usable on what remains, returned goods adding up."""
    ann = street.member()
    paid = street.pay(street.code(ann), 10_000).redemption_id
    with pytest.raises(NothingToRefund):
        refund(street, paid, remaining=9000)
    assert 3 == refund(street, paid, remaining=8999).points
    with pytest.raises(NothingToRefund):
        refund(street, paid, remaining=6000)
    assert 3 == refund(street, paid, remaining=3000).points
    assert (State.REFUNDED, 3) == (
        (last := refund(street, paid, remaining=0)).state,
        last.points,
    )
    assert 100 == street.balance(ann).available
    assert [] == street.faults()


def test_points_not_used_come_back_to_nobody(street: Street) -> None:
    """Who used fewer points than the bill allowed gets back only what the rest forbids."""
    ann = street.member()
    paid = street.pay(street.code(ann), 9000, points=4).redemption_id
    with pytest.raises(NothingToRefund):
        refund(street, paid, remaining=6000)
    assert 1 == refund(street, paid, remaining=3000).points


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"points": 0}, BadAmount),
        ({"points": -1}, BadAmount),
        ({"points": 1.5}, BadAmount),
        ({"points": True}, BadAmount),
        ({"points": 10**30}, BadAmount),
        ({"points": "7"}, BadAmount),
        ({"remaining": -1}, BadField),
        ({"remaining": 6001}, BadField),
        ({"remaining": 1.5}, BadField),
        ({"remaining": True}, BadField),
        ({"points": 1, "remaining": 1}, BadField),
        ({"points": 7}, RefundTooMuch),
    ],
)
def test_a_bad_refund_moves_nothing(
    street: Street, said: dict[str, Any], expected: type[CreditbankError]
) -> None:
    """What is no whole number, out of bounds or contradictory is refused."""
    ann = street.member()
    paid = street.pay(street.code(ann), 6000).redemption_id
    with pytest.raises(expected):
        refund(street, paid, **said)
    assert 94 == street.balance(ann).available
    assert State.PAID == street.receipt(paid).state


def test_an_item_has_no_remaining_bill(database: Database, clock: ManualClock) -> None:
    """A thing is refunded by its points; stock and limits stay used."""
    street = Street(database, clock, ITEM)
    ann = street.member()
    paid = street.pay(street.code(ann), None).redemption_id
    with pytest.raises(BadField):
        refund(street, paid, remaining=0)
    assert 20 == refund(street, paid).points
    assert "member_limit" == street.pay(street.code(ann), None).reason
    assert [] == street.faults()


def test_refunds_end_after_thirty_days(street: Street) -> None:
    """On the thirtieth day to the second, then no more."""
    ann = street.member()
    paid = street.pay(street.code(ann)).redemption_id
    street.clock.advance(days=30)
    assert 1 == refund(street, paid, 1).points
    street.clock.advance(seconds=1)
    with pytest.raises(RefundTooLate):
        refund(street, paid, 1)
    assert [] == street.faults()


def test_above_twenty_points_someone_else_refunds(street: Street) -> None:
    """The cashier's till refunds 20 points in all; a colleague or the owner does the rest."""
    ann, cashier = street.member(), street.member(0)
    paid = street.pay(street.code(ann), 300_00).redemption_id
    with pytest.raises(RefundForbidden):
        refund(street, paid)
    assert 20 == refund(street, paid, 20).points
    with pytest.raises(RefundForbidden):
        refund(street, paid, 1)
    assert 1 == refund(street, paid, 1, actor=till_actor(street.till(), cashier)).points
    assert 9 == refund(street, paid, actor=OWNER).points
    assert 100 == street.balance(ann).available
    assert [] == street.faults()


def test_the_cashier_is_the_same_at_another_till(street: Street) -> None:
    """Changing tills does not make a second person."""
    ann, cashier = street.member(), street.member(0)
    code, key = street.code(ann), street.name()
    paid = street.database.write(
        street.bank_id,
        till_actor(street.till_id, cashier),
        lambda unit: checkout.scan_and_redeem(unit, code=code, cart_fen=30000, key=key),
    )
    with pytest.raises(RefundForbidden):
        refund(street, paid.redemption_id, actor=till_actor(street.till(), cashier))


def test_nobody_refunds_elsewhere_or_to_oneself(street: Street, clock: ManualClock) -> None:
    """Other shops, other banks and members don't find it; a cashier gives nothing to oneself."""
    ann = street.member()
    paid = street.pay(street.code(ann)).redemption_id
    strangers = [till_actor(street.till(street.shop())), Actor(ann, "member", ann)]
    for actor in strangers:
        with pytest.raises(RedemptionNotFound):
            refund(street, paid, 1, actor=actor)
    elsewhere = Street(street.database, clock, slug="other")
    for missing in (paid, made_up("red", 1), "", "x" * 300):
        with pytest.raises(RedemptionNotFound):
            refund(elsewhere, missing)
    with pytest.raises(OwnCode):
        refund(street, paid, 1, actor=till_actor(street.till_id, ann))
    assert 97 == street.balance(ann).available


def test_the_same_refund_comes_once(street: Street) -> None:
    """A repeated request gives the first answer and moves nothing."""
    ann = street.member()
    paid = street.pay(street.code(ann)).redemption_id
    first = refund(street, paid, 1, key="refund-request-0001")
    assert first == refund(street, paid, 1, key="refund-request-0001")
    assert 98 == street.balance(ann).available


def test_a_refund_dates_nothing(street: Street) -> None:
    """Returned points bring no date of their own: they undo what went out."""
    ann = street.member(0)
    street.earn(ann, 10, date(2026, 3, 31))
    paid = street.pay(street.code(ann)).redemption_id
    refund(street, paid)
    newest = street.see(lambda view: statements.history(view, f"member/{ann}", POINTS)).lines[0]
    moved = street.see(lambda view: posting.find(view, newest.transfer_id))
    assert [None] == [one.expires_on for one in moved.postings]
