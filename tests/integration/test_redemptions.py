"""Redemptions: scan, redeem, authorise, capture, cancel, void; every state and every verb."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    BadAmount,
    BadField,
    CreditbankError,
    InDebt,
    KeyMissing,
    KeyReused,
)
from creditbank.core.states import StateConflict
from creditbank.ledger import issues, statements
from creditbank.people import members
from creditbank.people.errors import MemberSuspended
from merchants import cancellations, checkout, receipts, redemptions, refunds, scans
from merchants.cancellations import Cancelled, Ended
from merchants.errors import (
    AlreadyPaid,
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
    RequestCancelled,
    RequestNotFound,
    VoidTooLate,
)
from merchants.offers import Quote, Reason
from merchants.redemptions import CHECKOUT, State
from merchants.requests import RequestState
from tests.books import POINTS, made_up
from tests.merchant_builders import ITEM, Street, step, till_actor

REQUEST = "the-request-of-the-till"


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


def capture(street: Street, redemption_id: str, points: int | None = None) -> receipts.Receipt:
    """Take what was set aside."""
    key = street.name()
    return street.by(
        street.till_id,
        lambda unit: checkout.capture(unit, redemption_id=redemption_id, points=points, key=key),
    )


def void(street: Street, redemption_id: str) -> Ended:
    """Void a redemption."""
    key = street.name()
    return street.by(
        street.till_id,
        lambda unit: cancellations.void(unit, redemption_id=redemption_id, key=key),
    )


def cancel(street: Street, request_id: str) -> Cancelled:
    """Cancel a request."""
    key = street.name()
    return street.by(
        street.till_id, lambda unit: cancellations.cancel(unit, request_id=request_id, key=key)
    )


def cancel_scanned(street: Street, redemption_id: str) -> Ended:
    """Cancel a scanned redemption."""
    key = street.name()
    return street.by(
        street.till_id,
        lambda unit: cancellations.cancel_scanned(unit, redemption_id=redemption_id, key=key),
    )


def expire(street: Street, redemption_id: str) -> State:
    """Let the job look at one redemption."""
    return street.do(lambda unit: redemptions.expire(unit, redemption_id))


def refund(street: Street, redemption_id: str, points: int | None = None) -> refunds.Refunded:
    """Refund at the till."""
    key = street.name()
    return street.by(
        street.till_id,
        lambda unit: refunds.refund(unit, redemption_id=redemption_id, points=points, key=key),
    )


def requote(street: Street, redemption_id: str, cart_fen: int | None = None) -> Quote:
    """Quote again."""
    return street.see(
        lambda view: scans.requote(
            view, till_id=street.till_id, redemption_id=redemption_id, cart_fen=cart_fen
        )
    )


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
    assert Quote(0, 0, Reason.NO_CART) == requote(street, redemption_id)
    assert Quote(6, 600) == requote(street, redemption_id, 6000)
    assert Quote(3, 300) == requote(street, redemption_id, 3000)
    assert (9, 9000) == (
        street.redeem(redemption_id, cart_fen=9000).points,
        street.receipt(redemption_id).cart_fen,
    )
    with pytest.raises(StateConflict):
        requote(street, redemption_id, 3000)


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
        requote(street, redemption_id, cart)
    assert 3 == street.redeem(redemption_id).points


@pytest.mark.parametrize("points", [0, -1, 1.5, 10**30, True, "7"])
def test_bad_points_leave_nothing_behind(street: Street, points: Any) -> None:
    """Points that are no whole number are refused before anything happens."""
    redemption_id = street.scanned(street.member())
    for verb in (street.redeem, street.authorise):
        with pytest.raises(BadAmount):
            verb(redemption_id, points)
    with pytest.raises(BadAmount):
        capture(street, redemption_id, points)
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


def test_voided_payments_give_the_limits_back(street: Street) -> None:
    """A void of the same day counts as if nothing had been paid."""
    street.rules(no_pin_payments_day=1)
    ann = street.member()
    first = street.pay(street.code(ann)).redemption_id
    with pytest.raises(PinNeeded):
        street.pay(street.code(ann))
    ended = void(street, first)
    assert (State.VOIDED, 3) == (ended.state, ended.points)
    assert (100, 0) == (street.balance(ann).available, street.taken())
    assert 3 == street.pay(street.code(ann)).points
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
    for verb in (scans.scan, checkout.scan_and_redeem):
        with pytest.raises(OwnCode):
            street.database.write(
                street.bank_id,
                till_actor(street.till_id, ann),
                lambda unit, verb=verb: verb(unit, code=code, cart_fen=3000, key=REQUEST),
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
    assert [] == street.see(lambda view: redemptions.due(view, 10))
    assert State.SCANNED == expire(street, late)
    street.clock.advance(seconds=1)
    for verb in (street.redeem, street.authorise):
        with pytest.raises(RedemptionExpired):
            verb(late)
    with pytest.raises(RedemptionExpired):
        requote(street, late)
    assert [late] == street.see(lambda view: redemptions.due(view, 10))
    assert State.EXPIRED == expire(street, late)
    assert State.PAID == expire(street, early)
    assert [] == street.see(lambda view: redemptions.due(view, 10))
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
        capture(street, redemption_id, 10)
    paid = capture(street, redemption_id, 4)
    assert (State.PAID, 4, 400, 96) == (
        paid.state,
        paid.points,
        paid.discount_fen,
        paid.balance_after,
    )
    assert (96, 0, 0) == street.holding(ann)
    assert 5 == street.scan(street.code(ann), 9000, offer_id=offer_id).points_most
    assert [] == street.faults()


def test_a_captured_payment_is_voided_without_a_trace_on_hold(street: Street) -> None:
    """A void gives everything back to what can be spent, nothing to what is held."""
    ann = street.member()
    redemption_id = street.scanned(ann, 9000)
    street.authorise(redemption_id)
    capture(street, redemption_id, 4)
    void(street, redemption_id)
    assert (100, 0, 0) == street.holding(ann)
    assert 0 == street.taken()
    assert [] == street.faults()


def test_authorised_points_are_voided_or_expire(street: Street) -> None:
    """Both give points and caps back; a hold past its time cannot be captured."""
    street.rules(no_pin_payments_day=1)
    ann = street.member()
    first = street.scanned(ann)
    street.authorise(first)
    assert State.VOIDED == void(street, first).state
    second = street.scanned(ann)
    street.authorise(second)
    street.clock.advance(seconds=180)
    with pytest.raises(RedemptionExpired):
        capture(street, second)
    assert State.EXPIRED == expire(street, second)
    assert (100, 0, 0) == street.holding(ann)
    assert 3 == street.pay(street.code(ann)).points
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
    void(street, second)
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


def test_the_same_request_pays_once(street: Street) -> None:
    """A repeated request gives the first receipt; other content is an error."""
    ann = street.member()
    code = street.code(ann)
    first = street.pay(code, key=REQUEST)
    street.clock.advance(hours=1)
    assert first == street.pay(code, key=REQUEST)
    with pytest.raises(KeyReused):
        street.pay(code, 6000, key=REQUEST)
    with pytest.raises(KeyReused):
        street.scan(street.code(ann), key=REQUEST)
    with pytest.raises(KeyMissing):
        street.pay(street.code(ann), key="short")
    assert 97 == street.balance(ann).available


def test_every_request_can_be_asked_for(street: Street) -> None:
    """Paid, refused, scanned, cancelled: the same answer for whoever asks; else never arrived."""
    ann = street.member()
    with pytest.raises(RequestNotFound):
        street.asked(REQUEST)
    paid = street.pay(street.code(ann), key=REQUEST)
    asked = street.asked(REQUEST)
    assert (State.PAID, paid, paid.redemption_id) == (
        asked.state,
        asked.receipt,
        asked.redemption_id,
    )
    with pytest.raises(RequestNotFound):
        street.asked(REQUEST, street.till())
    with pytest.raises(CodeUsed):
        code = street.code(ann)
        street.scan(code, key="a-scan-that-is-first")
        street.scan(code, key="a-scan-that-is-second")
    assert State.SCANNED == street.asked("a-scan-that-is-first").state
    assert "code-used" == street.asked("a-scan-that-is-second").refusal


def test_a_cancelled_request_that_arrives_later_is_refused(street: Street) -> None:
    """Cancelling what never arrived settles it: no later copy takes points."""
    ann = street.member()
    waiting = street.scanned(ann)
    assert RequestState.CANCELLED == cancel(street, REQUEST).state
    assert RequestState.CANCELLED == cancel(street, REQUEST).state
    code = street.code(ann)
    late: list[Callable[[], object]] = [
        lambda: street.redeem(waiting, key=REQUEST),
        lambda: street.pay(code, key=REQUEST),
        lambda: street.scan(code, key=REQUEST),
    ]
    for one in late:
        with pytest.raises(RequestCancelled):
            one()
    assert RequestState.CANCELLED == street.asked(REQUEST).state
    assert 3 == street.pay(code).points
    with pytest.raises(BadField):
        cancel(street, "short")


def test_what_is_open_is_cancelled_and_what_is_paid_is_not(street: Street) -> None:
    """Cancelling a scan ends it, a hold gives back, a payment refuses: void is its verb."""
    ann = street.member()
    street.scan(street.code(ann), key=REQUEST)
    cancelled = cancel(street, REQUEST)
    assert State.CANCELLED == cancelled.state == street.asked(REQUEST).state
    held = street.scanned(ann)
    street.authorise(held)
    assert State.VOIDED == cancel_scanned(street, held).state
    assert (100, 0, 0) == street.holding(ann)
    waiting = street.scanned(ann)
    assert State.CANCELLED == cancel_scanned(street, waiting).state
    with pytest.raises(StateConflict):
        cancel_scanned(street, waiting)
    paid = street.pay(street.code(ann), key="a-payment-that-is-done")
    with pytest.raises(AlreadyPaid):
        cancel(street, "a-payment-that-is-done")
    with pytest.raises(AlreadyPaid):
        cancel_scanned(street, paid.redemption_id)
    assert 97 == street.balance(ann).available
    assert [] == street.faults()


def test_a_payment_is_voided_on_its_own_day_only(street: Street) -> None:
    """Until midnight in the bank's zone; after that it is refunded."""
    ann = street.member()
    first = street.pay(street.code(ann)).redemption_id
    street.clock.advance(hours=14, minutes=59)
    second = street.pay(street.code(ann)).redemption_id
    void(street, first)
    with pytest.raises(StateConflict):
        void(street, first)
    street.clock.advance(minutes=1)
    with pytest.raises(VoidTooLate):
        void(street, second)
    assert 97 == street.balance(ann).available
    assert [] == street.faults()


def test_a_shops_day_adds_up(street: Street) -> None:
    """The day lists everything scanned; voided payments don't count, refunds are taken off."""
    ann = street.member()
    street.pay(street.code(ann), 6000)
    void(street, street.pay(street.code(ann)).redemption_id)
    partly = street.pay(street.code(ann)).redemption_id
    refund(street, partly, 1)
    street.pay(street.code(ann), 100)
    today = street.see(lambda view: receipts.day(view, street.shop_id, view.today))
    assert (4, 2, 8, 1, 900) == (
        len(today.receipts),
        today.payments,
        today.points,
        today.refunded_points,
        today.discount_fen,
    )
    assert street.taken() == today.points


VERBS: dict[str, Callable[[Street, str], object]] = {
    "redeem": lambda street, one: street.redeem(one),
    "authorise": lambda street, one: street.authorise(one),
    "capture": capture,
    "cancel": cancel_scanned,
    "void": void,
    "refund_part": lambda street, one: refund(street, one, 1),
    "refund": refund,
}


def _in_state(street: Street, state: State) -> str:
    """A redemption in a state, however it got there."""
    ann = street.member()
    one = street.scanned(ann, 100 if state is State.DECLINED else 3000)
    if state in {State.AUTHORISED, State.VOIDED}:
        street.authorise(one)
    if state in {State.PAID, State.REFUNDED, State.REFUNDED_IN_PART, State.DECLINED}:
        street.redeem(one)
    if state is State.REFUNDED:
        refund(street, one)
    if state is State.REFUNDED_IN_PART:
        refund(street, one, 1)
    if state is State.VOIDED:
        void(street, one)
    if state is State.CANCELLED:
        cancel_scanned(street, one)
    if state is State.EXPIRED:
        street.clock.advance(seconds=180)
        expire(street, one)
    assert state == street.receipt(one).state
    return one


def test_every_state_admits_its_verbs_only(street: Street) -> None:
    """Each pair does what the table says, or refuses with the state and what can follow."""
    for state in State:
        for verb in VERBS:
            _try_pair(street, state, verb)
    assert [] == street.faults()


def _try_pair(street: Street, state: State, verb: str) -> None:
    one = _in_state(street, state)
    after = CHECKOUT.moves.get((state, verb))
    if after is not None:
        VERBS[verb](street, one)
        assert after == street.receipt(one).state
    else:
        with pytest.raises((StateConflict, AlreadyPaid)) as caught:
            VERBS[verb](street, one)
        if isinstance(caught.value, StateConflict):
            assert (state, CHECKOUT.allowed(state)) == (caught.value.state, caught.value.allowed)
        assert state == street.receipt(one).state


def test_states_that_are_not_over_have_an_end() -> None:
    """Every open state is ended by its time; the paid ones may rest."""
    resting = {State.PAID, State.REFUNDED_IN_PART}
    for state in State:
        if not CHECKOUT.final(state) and state not in resting:
            assert "expire" in CHECKOUT.allowed(state)
