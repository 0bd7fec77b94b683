"""Races of the exchange: two threads want what only one can have."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from api.scheduler import Work, run_due
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.exchange import agreements, gifts, outcomes
from creditbank.exchange.services import ServiceKind
from creditbank.exchange.states import HandoutState, ServiceState
from creditbank.schemes import expiry
from tests.books import POINTS
from tests.exchange import SECOND, Neighbours
from tests.faults import expiring
from tests.ledger_races import kinds, together

ROUNDS = 4
THIRD = Actor("stf_third", "treasurer")


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Neighbours:
    """A street where family may give a little, and services are paid in points."""
    made = Neighbours(database, clock)
    made.rules(
        gifts="relatives",
        gift_units_day=30,
        exchange_asset=POINTS,
        exchange_units_hour=4,
        assets=[{"asset": POINTS, "reward_most": 100, "storage_cap": 50}],
    )
    return made


def gift(street: Neighbours, member_id: str, to: str, units: int) -> Callable[[], object]:
    """A gift whose PIN was typed, ready to be sent."""
    key = street.name()
    street.typed(member_id, key)
    return partial(
        street.as_member,
        member_id,
        lambda unit: gifts.give(
            unit, member_id=member_id, to=to, asset=POINTS, units=units, key=key
        ),
    )


def test_both_confirm_while_one_cancels(street: Neighbours) -> None:
    """Paid once or not at all, and what was on hold is over either way."""
    ann, ben = street.member(40), street.member(0)
    for _ in range(ROUNDS):
        one, had = street.agreed(ben, ann), street.balance(ben).available
        together(
            [
                partial(street.says, verb, who, one)
                for verb, who in (
                    (outcomes.confirm, ann),
                    (outcomes.confirm, ben),
                    (agreements.cancel, ann),
                    (outcomes.confirm, ann),
                )
            ],
            4,
        )
        state = street.service(one).state
        paid = street.balance(ben).available - had
        assert {ServiceState.DONE: 4, ServiceState.CANCELLED: 0}.get(state) == paid
        assert 0 == street.balance(ann).held
    assert [] == street.findings()


def test_two_accept_what_one_declines(street: Neighbours) -> None:
    """Set aside at most once, and given back by nobody but who ends it."""
    ann, ben = street.member(40), street.member(0)
    for _ in range(ROUNDS):
        one = street.posted(ann, ServiceKind.REQUEST)
        street.answered(ben, one)
        together(
            [
                partial(street.accepted, ann, one),
                partial(street.says, agreements.decline, ann, one),
                partial(street.says, agreements.cancel, ben, one),
            ],
            3,
        )
        found = street.service(one)
        held = 4 if found.state is ServiceState.AGREED else 0
        assert held == street.balance(ann).held
        if found.state is not ServiceState.CANCELLED:
            street.says(agreements.cancel, ann, one)
    assert 40 == street.balance(ann).available
    assert [] == street.findings()


def test_two_gifts_race_a_cap(street: Neighbours) -> None:
    """What a receiver may have is not passed by two who give at once."""
    ann, ben, kid = street.member(40), street.member(40), street.member(22)
    for who in (ann, ben):
        street.related(who, kid)
    found = kinds(together([gift(street, one, kid, 15) for one in (ann, ben)], 2))
    assert Counter({"Given": 1, "StorageFull": 1}) == found
    assert 37 == street.balance(kid).total
    assert [] == street.findings()


def test_a_gift_races_expiry(street: Neighbours) -> None:
    """What is past its day is given or has expired, never both; what was given leaves too."""
    last = street.see(lambda view: view.today)
    pairs = [(street.member(0), street.member(0)) for _ in range(ROUNDS)]
    for ann, kid in pairs:
        street.related(ann, kid)
        street.earn(ann, 10, last)
    street.clock.advance(days=1)
    job = Work(expiry.KIND, expiry.due, expiry.run_slice)
    work = [gift(street, ann, kid, 10) for ann, kid in pairs]
    found = together([*work, partial(run_due, street.database, "worker", [job])], ROUNDS + 1)
    assert {"Given", "InsufficientPoints", "list"} >= set(kinds(found))
    street.clock.advance(days=1)
    run_due(street.database, "worker", [job])
    assert [0] * 2 * ROUNDS == [street.balance(one).total for pair in pairs for one in pair]
    assert 10 * ROUNDS == street.see(expiring.expired)
    assert [] == street.findings()


def test_hand_outs_race(street: Neighbours) -> None:
    """One proposal moves points once; of two that share a fund the second finds it empty."""
    giver, old = street.member(30), street.member(0)
    street.in_need(old)
    street.donate(giver, 15)
    one, two = (street.proposed(10, 1).handout_id for _ in range(2))
    found = together([partial(street.confirmed, one, by) for by in (SECOND, THIRD)], 2)
    assert Counter({"Handout": 1, "StateConflict": 1}) == kinds(found)
    assert (10, 5) == (street.balance(old).available, street.fund())
    street.donate(giver, 5)
    three = street.proposed(10, 1).handout_id
    found = together([partial(street.confirmed, it) for it in (two, three)], 2)
    assert Counter({"Handout": 1, "InsufficientPoints": 1}) == kinds(found)
    assert (20, 0) == (street.balance(old).available, street.fund())
    assert [HandoutState.DONE] == [one.state for one in found if hasattr(one, "state")]
    assert [] == street.findings()
