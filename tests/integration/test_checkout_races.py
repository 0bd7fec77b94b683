"""Races at the till, with real threads: one outcome each, and never a point too many."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor, Unit
from merchants import cancellations, checkout, codes, refunds, scans, unpaid
from merchants.cancellations import Cancelled
from merchants.errors import (
    AlreadyPaid,
    CodeUsed,
    OutOfStock,
    PinNeeded,
    QuotaUsed,
    RedemptionExpired,
    RefundTooMuch,
    RequestCancelled,
)
from merchants.receipts import Receipt
from merchants.redemptions import State
from merchants.requests import RequestState
from tests.merchant_builders import ITEM, Street, outcomes, step


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def paying(street: Street, code: str, key: str, till_id: str | None = None) -> Future[Any]:
    """A scan with payment, on its way."""
    cart_fen = 3000 if "umbrella" not in key else None
    return street.submit(
        till_id or street.till_id,
        checkout.ScanAndRedeem(code=code, cart_fen=cart_fen, key=key),
    )


def at_till(street: Street, work: Callable[[Unit], Any]) -> Future[Any]:
    """A verb of the till, on its way."""
    return street.submit(street.till_id, work)


def test_one_code_at_twenty_tills(street: Street) -> None:
    """Each round one till gets the redemption and all others hear that the code is used."""
    ann = street.member()
    shops = [street.till() for _ in range(20)]
    for _ in range(3):
        code = street.code(ann)
        found = outcomes([paying(street, code, street.name(), till_id) for till_id in shops])
        assert (1, 19) == (
            sum(isinstance(one, Receipt) for one in found),
            found.count(CodeUsed),
        )
    assert (91, 9) == (street.balance(ann).available, street.taken())
    assert [] == street.faults()


def test_copies_of_one_request_pay_once(street: Street) -> None:
    """Twenty copies of a request get one and the same receipt."""
    code = street.code(street.member())
    found = outcomes([paying(street, code, "the-same-request-1") for _ in range(20)])
    assert 1 == len(set(found))
    assert 3 == street.taken()


def test_a_quota_is_used_up_exactly(database: Database, clock: ManualClock) -> None:
    """A quota of 40 at 3 each: 13 times 3 and once 1; every other answer is QuotaUsed."""
    street = Street(database, clock, step(most_per_merchant_day=40))
    folk = [street.member(10) for _ in range(20)]
    shown = [street.code(one) for one in folk]
    found = outcomes([paying(street, code, street.name()) for code in shown])
    points = Counter(one.points for one in found if isinstance(one, Receipt))
    assert ({3: 13, 1: 1}, 6) == (dict(points), found.count(QuotaUsed))
    assert 40 == street.taken()
    assert [] == street.faults()


def test_the_stock_goes_out_exactly(database: Database, clock: ManualClock) -> None:
    """Four umbrellas, ten members at once: four receipts."""
    street = Street(database, clock, ITEM.replace("stock = 100", "stock = 4"))
    shown = [street.code(street.member()) for _ in range(10)]
    found = outcomes([paying(street, code, f"umbrella-{street.name()}") for code in shown])
    assert (4, 6) == (
        sum(isinstance(one, Receipt) for one in found),
        found.count(OutOfStock),
    )
    assert [] == street.faults()


def test_the_limits_without_pin_hold_in_parallel(street: Street) -> None:
    """Of ten scanned redemptions of one member paid at once five go through."""
    ann = street.member()
    waiting = [street.scanned(ann) for _ in range(10)]

    def redeeming(one: str, key: str) -> Future[Any]:
        return at_till(street, lambda unit: checkout.redeem(unit, redemption_id=one, key=key))

    found = outcomes([redeeming(one, street.name()) for one in waiting])
    assert (5, 5) == (
        sum(isinstance(one, Receipt) for one in found),
        found.count(PinNeeded),
    )
    assert 85 == street.balance(ann).available
    assert [] == street.faults()


def test_the_balance_is_never_overdrawn(street: Street) -> None:
    """Seven points for five bills at once: the last ones take what is left, or nothing."""
    ann = street.member(7)
    waiting = [street.scanned(ann) for _ in range(5)]

    def redeeming(one: str, key: str) -> Future[Any]:
        return at_till(street, lambda unit: checkout.redeem(unit, redemption_id=one, key=key))

    found = outcomes([redeeming(one, street.name()) for one in waiting])
    assert [0, 0, 1, 3, 3] == sorted(one.points for one in found)
    assert (0, 7) == (street.balance(ann).available, street.taken())
    assert [] == street.faults()


def test_capture_void_and_expiry_race_to_one_outcome(street: Street) -> None:
    """Each hold is captured, voided or expired, once; the points are where the outcome says."""
    folk = [street.member(3) for _ in range(12)]
    held = [street.scanned(one) for one in folk]
    for one in held:
        street.authorise(one)
    street.clock.advance(seconds=179)

    def racing(one: str) -> list[Future[Any]]:
        keys = street.name(), street.name()
        return [
            at_till(street, lambda unit: checkout.capture(unit, redemption_id=one, key=keys[0])),
            at_till(street, lambda unit: cancellations.void(unit, redemption_id=one, key=keys[1])),
            at_till(street, lambda unit: unpaid.expire(unit, one)),
        ]

    futures = []
    for n, one in enumerate(held):
        if n == len(held) // 2:
            street.clock.advance(seconds=1)
        futures += racing(one)
    found = outcomes(futures)
    assert {Receipt, cancellations.Ended, State, type} >= {type(one) for one in found}
    refused = {one for one in found if isinstance(one, type)}
    assert {StateConflict, RedemptionExpired} >= refused
    states = Counter(street.receipt(one).state for one in held)
    assert {State.PAID, State.VOIDED, State.EXPIRED} >= states.keys()
    assert 3 * states[State.PAID] == street.taken()
    assert 36 == street.taken() + sum(street.balance(one).available for one in folk)
    assert 0 == sum(street.balance(one).held for one in folk)
    assert [] == street.faults()


def test_parallel_refunds_never_exceed_the_payment(street: Street) -> None:
    """Ten refunds of 3 of 10 points at once: three go through, one point is left."""
    street.rules(refund_alone_points_most=100)
    ann = street.member()
    paid = street.pay(street.code(ann), 10_000, points=9).redemption_id
    more = street.pay(street.code(ann), 12_000, points=10).redemption_id

    def refunding(one: str, key: str) -> Future[Any]:
        return at_till(
            street, lambda unit: refunds.refund(unit, redemption_id=one, points=3, key=key)
        )

    found = outcomes([refunding(more, street.name()) for _ in range(10)])
    assert (3, 7) == (
        sum(isinstance(one, refunds.Refunded) for one in found),
        found.count(RefundTooMuch),
    )
    found = outcomes([refunding(paid, street.name()) for _ in range(10)])
    assert (3, 7) == (
        sum(isinstance(one, refunds.Refunded) for one in found),
        found.count(StateConflict),
    )
    assert (99, 1) == (street.balance(ann).available, street.taken())
    assert [] == street.faults()


def test_cancel_and_redeem_race_to_one_outcome(street: Street) -> None:
    """Either the points are taken and the cancellation hears so, or none are, for all."""
    folk = [street.member(3) for _ in range(10)]
    shown = [street.code(one) for one in folk]
    paid = 0

    def cancelling(request_id: str) -> Future[Cancelled]:
        key = street.name()
        return at_till(
            street, lambda unit: cancellations.cancel(unit, request_id=request_id, key=key)
        )

    for n, code in enumerate(shown):
        request_id = street.name()
        if n % 2:
            pair: list[Future[Any]] = [paying(street, code, request_id), cancelling(request_id)]
        else:
            pair = [cancelling(request_id), paying(street, code, request_id)][::-1]
        payment, cancelled = outcomes(pair)
        asked = street.asked(request_id)
        if isinstance(payment, Receipt):
            paid += 1
            assert (AlreadyPaid, State.PAID) == (cancelled, asked.state)
        else:
            assert RequestCancelled == payment
            assert RequestState.CANCELLED == asked.state
            assert isinstance(cancelled, Cancelled)
    assert 3 * paid == street.taken()
    assert [] == street.faults()


def test_stop_and_scan_race_to_one_outcome(street: Street) -> None:
    """A code that is stopped while it is scanned is either stopped or scanned."""

    def scanning(code: str, key: str) -> Future[scans.Scanned]:
        return at_till(street, lambda unit: scans.scan(unit, code=code, cart_fen=3000, key=key))

    def stopping(member_id: str, key: str) -> Future[cancellations.Stopped]:
        return street.database.writer.submit(
            street.bank_id,
            Actor(member_id, "member", member_id),
            lambda unit: cancellations.stop(unit, member_id=member_id, key=key),
        )

    for _ in range(6):
        ann = street.member(3)
        code = street.code(ann)
        scanned, stopped = outcomes([scanning(code, street.name()), stopping(ann, street.name())])
        if isinstance(scanned, scans.Scanned):
            assert (0, 1) == (stopped.codes, stopped.redemptions)
            assert State.CANCELLED == street.receipt(scanned.redemption_id).state
        else:
            assert (1, 0) == (stopped.codes, stopped.redemptions)
    assert [] == street.faults()


def test_parallel_issues_show_one_code(street: Street) -> None:
    """Ten phones of one member asking at once see the same code."""
    ann = street.member()

    def issuing(key: str) -> Future[codes.CodeIssued]:
        return street.database.writer.submit(
            street.bank_id,
            Actor(ann, "member", ann),
            lambda unit: codes.issue(unit, member_id=ann, key=key),
        )

    found = outcomes([issuing(street.name()) for _ in range(10)])
    assert 1 == len({one.pay_code_id for one in found})
