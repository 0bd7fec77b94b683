"""Redemptions: scan, redeem, authorise, capture, and a shop's day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    BadAmount,
    BadField,
    CreditbankError,
    InDebt,
)
from creditbank.core.states import StateConflict
from creditbank.ledger import issues, statements
from creditbank.people import members
from creditbank.people.errors import MemberSuspended
from merchants import checkout, receipts, redemptions, scans, unpaid
from merchants.errors import (
    CartEmpty,
    CodeUsed,
    NothingUsable,
    OutOfStock,
    OwnCode,
    PinNeeded,
    PointsTooMany,
    QuotaUsed,
    RedemptionExpired,
    RedemptionNotFound,
    RequestNotFound,
)
from merchants.offers import Quote, Reason
from merchants.redemptions import State
from merchants.requests import RequestState
from tests.books import POINTS, made_up
from tests.merchant_builders import ITEM, Street, step, till_actor

REQUEST = "the-request-of-the-till"


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def test_scan_redeem_receipt(street: Street) -> None:
    """A bill of 59.99 yuan takes 3 points and leaves 56.99 to pay; the books say the same."""
    ann = street.member()
    scanned = street.scan(street.code(ann), 5999)
    assert (3, 300, None) == (scanned.points_most, scanned.discount_fen, scanned.reason)
    assert timedelta(minutes=3) == scanned.ends_at - street.clock.now()
    assert 100 == street.balance(ann).available
    paid = street.redeem(scanned.redemption_id)
    assert (3, 300, 5699, 97) == (
        paid.points,
        paid.discount_fen,
        paid.to_pay_fen,
        paid.balance_after,
    )
    assert (State.PAID, 8) == (paid.state, len(paid.receipt_no))
    assert (97, 3) == (street.balance(ann).available, street.taken())
    assert paid == street.receipt(paid.redemption_id)
    assert paid == street.see(
        lambda view: receipts.receipt(view, paid.redemption_id, till_id=street.till_id)
    )
    newest = street.see(lambda view: statements.history(view, f"member/{ann}", POINTS)).lines[0]
    assert (-3, 97, paid.redemption_id) == (newest.units, newest.balance_after, newest.refers_to)
    assert [] == street.faults()


def test_scan_and_redeem_in_one_unit(street: Street) -> None:
    """A till's program does both at once, with its own choice of points."""
    ann = street.member()
    assert 6 == street.pay(street.code(ann), 6000).points
    assert 4 == street.pay(street.code(ann), 6000, points=4).points
    assert (90, 10) == (street.balance(ann).available, street.taken())
    assert [] == street.faults()


def test_nothing_usable_is_a_normal_outcome(street: Street) -> None:
    """Below the step, or without points, the receipt says 0 and why."""
    ann, poor = street.member(), street.member(0)
    scanned = street.scan(street.code(ann), 2999)
    assert (0, 0, Reason.BELOW_STEP) == (
        scanned.points_most,
        scanned.discount_fen,
        scanned.reason,
    )
    receipt = street.redeem(scanned.redemption_id)
    assert (State.DECLINED, 0, 2999, "below_step", None) == (
        receipt.state,
        receipt.points,
        receipt.to_pay_fen,
        receipt.reason,
        receipt.transfer_id,
    )
    receipt = street.pay(street.code(poor))
    assert (State.DECLINED, 0, "no_balance") == (receipt.state, receipt.points, receipt.reason)
    assert 0 == street.taken()
    assert [] == street.faults()


def test_the_bill_may_come_after_the_scan(street: Street) -> None:
    """A scan without a bill waits for one; another bill is quoted anew."""
    ann = street.member()
    redemption_id = street.scanned(ann, None)
    assert Quote(0, 0, Reason.NO_CART) == street.requote(redemption_id)
    assert Quote(6, 600) == street.requote(redemption_id, 6000)
    assert Quote(3, 300) == street.requote(redemption_id, 3000)
    assert (9, 9000) == (
        street.redeem(redemption_id, cart_fen=9000).points,
        street.receipt(redemption_id).cart_fen,
    )
    with pytest.raises(StateConflict):
        street.requote(redemption_id, 3000)


def test_a_bill_that_is_still_missing_ends_nothing(street: Street) -> None:
    """Without a bill nothing is taken, burned, ended or remembered; with it, all goes on."""
    ann = street.member()
    waiting, code = street.scanned(ann, None), street.code(ann)
    tries: list[Callable[[], object]] = [
        lambda: street.redeem(waiting, key=REQUEST),
        lambda: street.redeem(waiting, 3, key=REQUEST),
        lambda: street.authorise(waiting),
        lambda: street.pay(code, None, key=REQUEST),
    ]
    for one in tries:
        with pytest.raises(BadField) as caught:
            one()
        assert "cart_fen" == caught.value.field
    assert State.SCANNED == street.receipt(waiting).state
    assert 3 == street.redeem(waiting, cart_fen=3000, key=REQUEST).points
    assert 3 == street.pay(code).points
    assert [] == street.faults()


@pytest.mark.parametrize(
    ("cart", "expected"),
    [(0, CartEmpty), (-1, BadAmount), (10**9 + 1, BadAmount), (10**30, BadAmount)]
    + [(one, BadAmount) for one in (1.5, True, "7", float("inf"))],
)
def test_a_bad_bill_leaves_nothing_behind(
    street: Street, cart: Any, expected: type[CreditbankError]
) -> None:
    """No bad bill burns a code, uses up a key or opens a redemption."""
    code = street.code(street.member())
    for verb in (street.scan, street.pay):
        with pytest.raises(expected):
            verb(code, cart, key=REQUEST)
    with pytest.raises(RequestNotFound):
        street.asked(REQUEST)
    assert 0 == street.count(redemptions.redemptions)
    redemption_id = street.scan(code, 3000, key=REQUEST).redemption_id
    with pytest.raises(expected):
        street.redeem(redemption_id, cart_fen=cart)
    with pytest.raises(expected):
        street.requote(redemption_id, cart)
    assert 3 == street.redeem(redemption_id).points


@pytest.mark.parametrize("points", [0, -1, 1.5, 10**30, True, "7"])
def test_bad_points_leave_nothing_behind(street: Street, points: Any) -> None:
    """Points that are no whole number are refused before anything happens."""
    redemption_id = street.scanned(street.member())
    for verb in (street.redeem, street.authorise):
        with pytest.raises(BadAmount):
            verb(redemption_id, points)
    with pytest.raises(BadAmount):
        street.capture(redemption_id, points)
    assert 3 == street.redeem(redemption_id).points


def test_more_points_than_usable_are_refused_and_may_be_chosen_again(street: Street) -> None:
    """The refusal says the most; the redemption stays open."""
    ann = street.member(5)
    redemption_id = street.scanned(ann, 9000)
    with pytest.raises(PointsTooMany) as caught:
        street.redeem(redemption_id, 6)
    assert (6, 5) == (caught.value.points, caught.value.points_most)
    assert 5 == street.redeem(redemption_id, 5).points
    with pytest.raises(PointsTooMany):
        street.pay(street.code(ann), 3000, points=1)
    assert [] == street.faults()


def test_above_the_limits_a_pin_is_needed(street: Street) -> None:
    """50 points a payment, 100 a day and 5 payments a day; then the redemption waits for a PIN."""
    ann = street.member(1000)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.code(ann), 100_000, points=51)
    waiting = caught.value.redemption_id
    assert State.SCANNED == street.receipt(waiting).state
    assert 50 == street.redeem(waiting, 50).points
    assert 50 == street.pay(street.code(ann), 100_000, points=50).points
    with pytest.raises(PinNeeded):
        street.pay(street.code(ann), 100_000, points=1)
    street.clock.advance(days=1)
    for _ in range(5):
        assert 1 == street.pay(street.code(ann), points=1).points
    with pytest.raises(PinNeeded):
        street.pay(street.code(ann), points=1)
    assert [] == street.faults()


def test_a_debtor_cannot_spend(street: Street) -> None:
    """Someone with something to earn back is refused, and the code is burned."""
    ann = street.member(0)
    issued = street.earn(ann, 3)
    waiting = street.scanned(ann)
    street.pay(street.code(ann))
    street.do(
        lambda unit: issues.withdraw(
            unit, transfer_id=issued.transfer_id, key="withdraw", period_id=None
        )
    )
    code = street.code(ann)
    with pytest.raises(InDebt) as caught:
        street.scan(code, key=REQUEST)
    assert 3 == caught.value.still_to_earn_back
    with pytest.raises(CodeUsed):
        street.scan(code)
    with pytest.raises(InDebt):
        street.redeem(waiting)
    assert State.DECLINED == street.receipt(waiting).state
    asked = street.asked(REQUEST)
    assert (RequestState.REFUSED, "in-debt") == (asked.state, asked.refusal)
    assert [] == street.faults()


def test_a_member_suspended_in_between_pays_nothing(street: Street) -> None:
    """What was scanned is declined for good."""
    ann = street.member()
    redemption_id = street.scanned(ann)
    street.do(lambda unit: members.suspend(unit, member_id=ann, key="k" * 16))
    with pytest.raises(MemberSuspended):
        street.redeem(redemption_id)
    assert State.DECLINED == street.receipt(redemption_id).state


def test_a_cashier_does_not_take_their_own_code(street: Street) -> None:
    """The member behind the till is not its customer; a colleague may take the code."""
    ann = street.member()
    code = street.code(ann)
    own = till_actor(street.till_id, ann)
    with pytest.raises(OwnCode):
        street.database.write(
            street.bank_id,
            own,
            lambda unit: scans.scan(unit, code=code, cart_fen=3000, key=REQUEST),
        )
    with pytest.raises(OwnCode):
        street.database.write(
            street.bank_id,
            own,
            lambda unit: checkout.scan_and_redeem(unit, code=code, cart_fen=3000, key=REQUEST),
        )
    assert 3 == street.pay(code).points


def test_a_redemption_belongs_to_its_till(street: Street) -> None:
    """Another till, even of the same shop, does not find it."""
    other, ann = street.till(), street.member()
    redemption_id = street.scanned(ann)
    with pytest.raises(RedemptionNotFound):
        street.redeem(redemption_id, till_id=other)
    with pytest.raises(RedemptionNotFound):
        street.see(lambda view: receipts.receipt(view, redemption_id, till_id=other))
    with pytest.raises(RedemptionNotFound):
        street.see(lambda view: receipts.receipt(view, redemption_id, member_id=street.member(0)))
    for missing in (made_up("red", 1), "x" * 500, ""):
        with pytest.raises(RedemptionNotFound):
            street.redeem(missing)
    assert 3 == street.redeem(redemption_id).points


def test_a_scan_lives_three_minutes(street: Street) -> None:
    """Past its time it is refused by its own time, and the job ends it."""
    ann = street.member()
    early, late = street.scanned(ann), street.scanned(ann)
    street.clock.advance(seconds=179)
    assert 3 == street.redeem(early).points
    assert [] == street.see(lambda view: unpaid.due(view, 10))
    assert State.SCANNED == street.expire(late)
    street.clock.advance(seconds=1)
    for verb in (street.redeem, street.authorise):
        with pytest.raises(RedemptionExpired):
            verb(late)
    with pytest.raises(RedemptionExpired):
        street.requote(late)
    assert [late] == street.see(lambda view: unpaid.due(view, 10))
    assert State.EXPIRED == street.expire(late)
    assert State.PAID == street.expire(early)
    assert [] == street.see(lambda view: unpaid.due(view, 10))
    with pytest.raises(StateConflict):
        street.redeem(late)
    assert [] == street.faults()


def test_authorise_and_capture_a_part(street: Street) -> None:
    """What is not captured returns to the member and to the caps."""
    street.adopt(step(most_per_member_day=10))
    offer_id = street.adopt(step(most_per_member_day=9))
    ann = street.member()
    redemption_id = street.scan(street.code(ann), 9000, offer_id=offer_id).redemption_id
    authorised = street.authorise(redemption_id)
    assert (9, 900) == (authorised.points, authorised.discount_fen)
    assert (91, 9, 0) == street.holding(ann)
    capped = street.scan(street.code(ann), 9000, offer_id=offer_id)
    assert (0, Reason.DAY_CAP) == (capped.points_most, capped.reason)
    with pytest.raises(PointsTooMany):
        street.capture(redemption_id, 10)
    paid = street.capture(redemption_id, 4)
    assert (State.PAID, 4, 400, 96) == (
        paid.state,
        paid.points,
        paid.discount_fen,
        paid.balance_after,
    )
    assert (96, 0, 0) == street.holding(ann)
    assert 5 == street.scan(street.code(ann), 9000, offer_id=offer_id).points_most
    assert [] == street.faults()


def test_nothing_usable_cannot_be_set_aside(street: Street) -> None:
    """An authorisation of nothing is refused; another bill may follow."""
    redemption_id = street.scanned(street.member(), 2999)
    with pytest.raises(NothingUsable):
        street.authorise(redemption_id)
    assert 3 == street.redeem(redemption_id, cart_fen=3000).points


def test_an_item_is_taken_until_it_is_gone(database: Database, clock: ManualClock) -> None:
    """One piece a member, the fixed points, no bill; the last piece goes once."""
    street = Street(database, clock, ITEM.replace("stock = 100", "stock = 2"))
    ann, ben, can = street.member(), street.member(), street.member()
    with pytest.raises(BadField):
        street.pay(street.code(ann), None, points=19)
    paid = street.pay(street.code(ann), None)
    assert (20, 0, None) == (paid.points, paid.discount_fen, paid.to_pay_fen)
    again = street.pay(street.code(ann), None)
    assert (State.DECLINED, "member_limit") == (again.state, again.reason)
    waiting = street.scanned(can, None)
    second = street.pay(street.code(ben), None).redemption_id
    with pytest.raises(OutOfStock):
        street.redeem(waiting)
    assert State.DECLINED == street.receipt(waiting).state
    street.void(second)
    assert 20 == street.pay(street.code(can), None).points
    with pytest.raises(OutOfStock):
        street.scan(street.code(ben), None)
    assert [] == street.faults()


def test_the_last_of_a_quota_takes_what_is_left(database: Database, clock: ManualClock) -> None:
    """A quota of 10, three each: 3, 3, 3, 1, then it is used; tomorrow it is new."""
    street = Street(database, clock, step(most_per_merchant_day=10))
    folk = [street.member() for _ in range(5)]
    assert [3, 3, 3, 1] == [street.pay(street.code(one)).points for one in folk[:4]]
    code = street.code(folk[4])
    with pytest.raises(QuotaUsed):
        street.pay(code, key=REQUEST)
    with pytest.raises(CodeUsed):
        street.pay(code)
    assert "quota-used" == street.asked(REQUEST).refusal
    with pytest.raises(QuotaUsed):
        street.scan(street.code(folk[4]))
    assert 0 == street.pay(street.code(folk[4]), 2999).points
    street.clock.advance(days=1)
    assert 3 == street.pay(street.code(folk[4])).points
    assert [] == street.faults()


def test_a_shops_day_adds_up(street: Street) -> None:
    """The day lists everything scanned; voided payments don't count, refunds are taken off."""
    ann = street.member()
    street.pay(street.code(ann), 6000)
    street.void(street.pay(street.code(ann)).redemption_id)
    partly = street.pay(street.code(ann)).redemption_id
    street.refund(partly, 1)
    street.pay(street.code(ann), 100)
    today = street.see(lambda view: receipts.day(view, street.shop_id, view.today))
    assert (4, 2, 8, 1, 800) == (
        len(today.receipts),
        today.payments,
        today.points,
        today.refunded_points,
        today.discount_fen,
    )
    assert street.taken() == today.points


def test_a_payment_stands_on_the_day_it_was_paid(street: Street) -> None:
    """Set aside at 23:59 and captured at 00:10: yesterday's report is done, today's has it."""
    street.rules(hold_ttl_s=3600)
    ann = street.member()
    street.clock.advance(hours=14, minutes=59)
    unpaid, held = street.scanned(ann), street.scanned(ann)
    street.authorise(held)
    yesterday = street.see(lambda view: view.today)
    street.clock.advance(minutes=11)
    street.capture(held)

    def day(on: date) -> tuple[list[str], int, int]:
        of = street.see(lambda view: receipts.day(view, street.shop_id, on))
        return [one.redemption_id for one in of.receipts], of.payments, of.points

    assert ([unpaid], 0, 0) == day(yesterday)
    assert ([held], 1, 3) == day(yesterday + timedelta(days=1))
    street.void(held)
    assert ([held], 0, 0) == day(yesterday + timedelta(days=1))
    assert [] == street.faults()
