"""What a till asks for by its request id, what is cancelled or voided, and every state."""

from collections.abc import Callable

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import (
    BadField,
    KeyMissing,
    KeyReused,
)
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from merchants import checkout
from merchants.errors import (
    AlreadyPaid,
    CodeUsed,
    OwnCode,
    PinNeeded,
    PointsTooMany,
    RedemptionExpired,
    RedemptionNotFound,
    RefundForbidden,
    RequestCancelled,
    RequestNotFound,
    VoidTooLate,
)
from merchants.redemptions import CHECKOUT, State
from merchants.requests import RequestState
from tests.merchant_builders import Street, till_actor

REQUEST = "the-request-of-the-till"
TREASURER = Actor("stf_treasurer", "treasurer")


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Street:
    """A shop with the offer of FACTS A."""
    return Street(database, clock)


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
    code = street.code(ann)
    street.scan(code, key="a-scan-that-is-first")
    with pytest.raises(CodeUsed):
        street.scan(code, key="a-scan-that-is-second")
    assert State.SCANNED == street.asked("a-scan-that-is-first").state
    assert "code-used" == street.asked("a-scan-that-is-second").refusal


def test_a_cancelled_request_that_arrives_later_is_refused(street: Street) -> None:
    """Cancelling what never arrived settles it: no later copy takes points."""
    ann = street.member()
    waiting = street.scanned(ann)
    assert RequestState.CANCELLED == street.cancel(REQUEST).state
    assert RequestState.CANCELLED == street.cancel(REQUEST).state
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
        street.cancel("short")


def test_what_is_open_is_cancelled_and_what_is_paid_is_not(street: Street) -> None:
    """Cancelling a scan ends it, a hold gives back, a payment refuses: void is its verb."""
    ann = street.member()
    street.scan(street.code(ann), key=REQUEST)
    cancelled = street.cancel(REQUEST)
    assert State.CANCELLED == cancelled.state == street.asked(REQUEST).state
    held = street.scanned(ann)
    street.authorise(held)
    assert State.VOIDED == street.cancel_scanned(held).state
    assert (100, 0, 0) == street.holding(ann)
    waiting = street.scanned(ann)
    assert State.CANCELLED == street.cancel_scanned(waiting).state
    with pytest.raises(StateConflict):
        street.cancel_scanned(waiting)
    paid = street.pay(street.code(ann), key="a-payment-that-is-done")
    with pytest.raises(AlreadyPaid):
        street.cancel("a-payment-that-is-done")
    with pytest.raises(AlreadyPaid):
        street.cancel_scanned(paid.redemption_id)
    assert 97 == street.balance(ann).available
    assert [] == street.faults()


def test_a_payment_is_voided_on_its_own_day_only(street: Street) -> None:
    """Until midnight in the bank's zone; after that it is refunded."""
    ann = street.member()
    first = street.pay(street.code(ann)).redemption_id
    street.clock.advance(hours=14, minutes=59)
    second = street.pay(street.code(ann)).redemption_id
    street.void(first)
    with pytest.raises(StateConflict):
        street.void(first)
    street.clock.advance(minutes=1)
    with pytest.raises(VoidTooLate):
        street.void(second)
    assert 97 == street.balance(ann).available
    assert [] == street.faults()


def test_voided_payments_give_the_limits_back(street: Street) -> None:
    """A void of the same day counts as if nothing had been paid."""
    street.rules(no_pin_payments_day=1)
    ann = street.member()
    first = street.pay(street.code(ann)).redemption_id
    with pytest.raises(PinNeeded):
        street.pay(street.code(ann))
    ended = street.void(first)
    assert (State.VOIDED, 3) == (ended.state, ended.points)
    assert (100, 0) == (street.balance(ann).available, street.taken())
    assert 3 == street.pay(street.code(ann)).points
    assert [] == street.faults()


def test_a_captured_payment_is_voided_without_a_trace_on_hold(street: Street) -> None:
    """A void gives everything back to what can be spent, nothing to what is held."""
    ann = street.member()
    redemption_id = street.scanned(ann, 9000)
    street.authorise(redemption_id)
    street.capture(redemption_id, 4)
    street.void(redemption_id)
    assert (100, 0, 0) == street.holding(ann)
    assert 0 == street.taken()
    assert [] == street.faults()


def test_authorised_points_are_voided_or_expire(street: Street) -> None:
    """Both give points and caps back; a hold past its time cannot be captured."""
    street.rules(no_pin_payments_day=1)
    ann = street.member()
    first = street.scanned(ann)
    street.authorise(first)
    assert State.VOIDED == street.void(first).state
    second = street.scanned(ann)
    street.authorise(second)
    street.clock.advance(seconds=180)
    with pytest.raises(RedemptionExpired):
        street.capture(second)
    assert State.EXPIRED == street.expire(second)
    assert (100, 0, 0) == street.holding(ann)
    assert 3 == street.pay(street.code(ann)).points
    assert [] == street.faults()


def test_above_twenty_points_someone_else_voids(street: Street) -> None:
    """The till or the cashier that took the points voids 20; a colleague or the treasurer more."""
    ann, cashier = street.member(), street.member(0)
    twenty = street.pay(street.code(ann), 30_000, points=20).redemption_id
    assert State.VOIDED == street.void(twenty).state
    code, key = street.code(ann), street.name()
    first = street.database.write(
        street.bank_id,
        till_actor(street.till_id, cashier),
        lambda unit: checkout.scan_and_redeem(unit, code=code, cart_fen=30_000, points=21, key=key),
    ).redemption_id
    for actor in (till_actor(street.till_id), till_actor(street.till(), cashier)):
        with pytest.raises(RefundForbidden):
            street.void(first, actor)
    assert (79, 21) == (street.balance(ann).available, street.taken())
    assert State.VOIDED == street.void(first, till_actor(street.till(), street.member(0))).state
    second = street.pay(street.code(ann), 30_000).redemption_id
    assert State.VOIDED == street.void(second, TREASURER).state
    assert (100, 0) == (street.balance(ann).available, street.taken())
    assert [] == street.faults()


def test_nobody_voids_elsewhere_or_for_oneself(street: Street) -> None:
    """Other shops and members don't find a payment; nobody voids a payment of their own points."""
    ann = street.member()
    paid = street.pay(street.code(ann)).redemption_id
    for actor in (till_actor(street.till(street.shop())), Actor(ann, "member", ann)):
        with pytest.raises(RedemptionNotFound):
            street.void(paid, actor)
    for actor in (till_actor(street.till_id, ann), Actor("stf_treasurer", "treasurer", ann)):
        with pytest.raises(OwnCode):
            street.void(paid, actor)
    assert 97 == street.balance(ann).available
    assert 3 == street.void(paid, till_actor(street.till())).points


def test_points_set_aside_are_voided_by_their_own_till(street: Street) -> None:
    """A colleague's till and the treasurer don't find them, however few; their till does."""
    ann = street.member()
    held = street.scanned(ann, 30_000)
    street.authorise(held)
    for actor in (till_actor(street.till()), TREASURER):
        with pytest.raises(RedemptionNotFound):
            street.void(held, actor)
    assert 30 == street.void(held).points
    assert (100, 0, 0) == street.holding(ann)


def test_cancelling_a_refused_request_leaves_what_a_later_one_took(street: Street) -> None:
    """A refused request ends its redemption while it is scanned, and nothing once it moved on."""
    ann = street.member()
    held = street.scanned(ann)
    with pytest.raises(PointsTooMany):
        street.redeem(held, 99, key=REQUEST)
    street.authorise(held)
    cancelled = street.cancel(REQUEST)
    assert (RequestState.REFUSED, held) == (cancelled.state, cancelled.redemption_id)
    assert (State.AUTHORISED, (97, 3, 0)) == (street.receipt(held).state, street.holding(ann))
    assert 3 == street.capture(held).points
    waiting, second = street.scanned(ann), "a-second-refused-request"
    with pytest.raises(PointsTooMany):
        street.redeem(waiting, 99, key=second)
    assert State.CANCELLED == street.cancel(second).state == street.receipt(waiting).state
    assert [] == street.faults()


VERBS: dict[str, Callable[[Street, str], object]] = {
    "redeem": lambda street, one: street.redeem(one),
    "authorise": lambda street, one: street.authorise(one),
    "capture": lambda street, one: street.capture(one),
    "cancel": lambda street, one: street.cancel_scanned(one),
    "void": lambda street, one: street.void(one),
    "refund_part": lambda street, one: street.refund(one, 1),
    "refund": lambda street, one: street.refund(one),
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
        street.refund(one)
    if state is State.REFUNDED_IN_PART:
        street.refund(one, 1)
    if state is State.VOIDED:
        street.void(one)
    if state is State.CANCELLED:
        street.cancel_scanned(one)
    if state is State.EXPIRED:
        street.clock.advance(seconds=180)
        street.expire(one)
    assert state == street.receipt(one).state
    return one


def test_every_state_admits_its_verbs_only(street: Street) -> None:
    """Each pair does what the table says, or refuses with the state and what can follow."""
    for state in State:
        one = _in_state(street, state)
        for verb in VERBS.keys() - CHECKOUT.allowed(state):
            with pytest.raises((StateConflict, AlreadyPaid)) as caught:
                VERBS[verb](street, one)
            if isinstance(caught.value, StateConflict):
                assert (state, CHECKOUT.allowed(state)) == (
                    caught.value.state,
                    caught.value.allowed,
                )
            assert state == street.receipt(one).state
        for verb in VERBS.keys() & CHECKOUT.allowed(state):
            following = _in_state(street, state)
            VERBS[verb](street, following)
            assert CHECKOUT.moves[state, verb] == street.receipt(following).state
    assert [] == street.faults()


def test_states_that_are_not_over_have_an_end() -> None:
    """Every open state is ended by its time; the paid ones may rest."""
    resting = {State.PAID, State.REFUNDED_IN_PART}
    for state in State:
        if not CHECKOUT.final(state) and state not in resting:
            assert "expire" in CHECKOUT.allowed(state)
