"""The exchange: gifts to family, donations in order, hand-outs by two, services both confirm."""

from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from api.scheduler import Work, run_due
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError, InDebt, InsufficientPoints, NotSpendable
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.exchange import agreements, endings, errors, outcomes, services
from creditbank.exchange.services import ServiceKind
from creditbank.exchange.states import ServiceState
from creditbank.identity.sign_in_errors import PinUnproven
from creditbank.ledger import chart, issues, lots, statements
from creditbank.ledger.chart import Kind
from creditbank.people import members
from creditbank.people.errors import OtherCommunity
from creditbank.people.relatives import Relation
from creditbank.schemes.parameters import DonationOrder
from tests.books import POINTS, STARS
from tests.exchange import FIRST, NAMER, Neighbours

RULES: dict[str, Any] = {
    "gifts": "relatives",
    "gift_units_day": 30,
    "exchange_asset": POINTS,
    "exchange_units_hour": 4,
    "assets": [{"asset": POINTS, "reward_most": 100}],
}
JOB = Work(endings.KIND, endings.due, endings.run_slice)


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Neighbours:
    """A street where family may give, and services are paid in points."""
    made = Neighbours(database, clock)
    made.rules(**RULES)
    return made


def dated(street: Neighbours, member_id: str) -> list[tuple[date | None, int]]:
    """The lots of a member."""
    found = street.see(lambda view: lots.lots(view, chart.member(member_id), POINTS))
    return [(lot.expires_on, lot.units) for lot in found]


def refused(work: object, *args: object, **more: object) -> type[CreditbankError]:
    """How something is refused."""
    with pytest.raises(CreditbankError) as caught:
        work(*args, **more)  # type: ignore[operator]
    return type(caught.value)


def test_a_gift_to_family_keeps_its_days(street: Neighbours) -> None:
    """The earliest lots go first, each with its day; the receiver is told, the limit counts."""
    ann, kid = street.member(0), street.member(0)
    street.related(ann, kid)
    last = street.clock.now().date()
    street.earn(ann, 10, last + timedelta(days=40))
    street.earn(ann, 5, last + timedelta(days=9))
    street.earn(ann, 20)
    given = street.give(ann, kid, 12)
    soon, later = last + timedelta(days=9), last + timedelta(days=40)
    assert [(soon, 5), (later, 7)] == dated(street, kid)
    assert [(later, 3), (None, 20)] == dated(street, ann)
    assert 18 == given.left_today
    assert errors.GiftLimit is refused(street.give, ann, kid, 19)
    street.give(kid, ann, 1)
    assert 22 == street.give(ann, kid, 18).units + 4
    assert [] == street.findings()


def test_who_may_give_to_whom(street: Neighbours) -> None:
    """Direct line only, no honour, no debt, no child, not without PIN, not to oneself."""
    ann, kid, uncle, twin = (street.member(100) for _ in range(4))
    street.related(ann, kid)
    street.related(ann, uncle, Relation.SIBLING)
    street.documented(ann, twin)
    street.earn(ann, 9, asset=STARS)
    street.rules(**RULES, no_pin_points_day=1000)
    assert errors.NotDirectLine is refused(street.give, ann, uncle, 1)
    assert errors.SamePerson is refused(street.give, ann, twin, 1)
    assert NotSpendable is refused(street.give, ann, kid, 1, asset=STARS)
    assert PinUnproven is refused(street.give, ann, kid, 1, pin=False)
    street.born(kid, date(2016, 5, 1))
    assert errors.ChildCannotGive is refused(street.give, kid, ann, 1)
    done = street.earn(ann, 50)
    for _ in range(3):
        street.redeem(street.scanned(ann, 500_000), 45)
    street.do(
        lambda unit: issues.withdraw(unit, transfer_id=done.transfer_id, key="w", period_id=None)
    )
    assert InDebt is refused(street.give, ann, kid, 1)
    street.rules(gifts="none")
    assert errors.GiftsOff is refused(street.give, ann, kid, 1)


def test_donations_follow_the_order_of_the_scheme(street: Neighbours) -> None:
    """First named, oldest, least received; whoever is close to the donor is passed over."""
    old, older, young = (street.member(0) for _ in range(3))
    street.born(old, date(1950, 1, 1))
    street.born(older, date(1940, 1, 1))
    street.in_need(young, old, older)
    donor = street.member(100)
    assert [young, old, older] == street.order(DonationOrder.FIRST_NAMED)
    assert [older, old, young] == street.order(DonationOrder.OLDEST)
    street.donate(donor, 10, directly=True)
    assert 10 == street.balance(young).available
    assert [old, older, young] == street.order(DonationOrder.LEAST_RECEIVED)
    street.rules(donation_order="least_received", donation_units_most=20)
    street.donate(donor, 10, directly=True)
    assert 10 == street.balance(old).available
    assert errors.DonationTooLarge is refused(street.donate, donor, 21, directly=True)
    street.documented(donor, older, number="110101195001010022")
    street.donate(donor, 1, directly=True)
    assert 0 == street.balance(older).available
    assert [] == street.findings()


def test_a_hand_out_takes_two_people(street: Neighbours) -> None:
    """The second is not the first, and nobody who would benefit; then the points move at once."""
    elders = [street.member(0) for _ in range(3)]
    street.in_need(*elders)
    street.donate(street.member(100), 25)
    one = street.proposed(10, 2)
    assert tuple(sorted(elders[:2])) == one.member_ids
    assert errors.OtherPersonNeeded is refused(street.confirmed, one.handout_id, FIRST)
    kin = Actor("stf_kin", "treasurer", elders[0])
    assert errors.OwnBenefit is refused(street.confirmed, one.handout_id, kin)
    assert errors.OwnBenefit is refused(street.proposed, 10, 2, kin)
    street.confirmed(one.handout_id)
    assert ([10, 10, 0], 5) == ([street.balance(e).available for e in elders], street.fund())
    assert StateConflict is refused(street.confirmed, one.handout_id)
    assert InsufficientPoints is refused(street.confirmed, street.proposed(10, 3).handout_id)
    assert errors.DonationTooLarge is refused(street.proposed, 101, 1)
    assert [] == street.findings()


def test_the_register_takes_two_people_and_ends_with_the_membership(street: Neighbours) -> None:
    """Named by one, confirmed by another, neither close to the member; leaving ends the entry."""
    elder = street.member(0)
    own = Actor("stf_own", "organiser", elder)
    assert errors.OwnBenefit is refused(street.named, elder, own)
    entry = street.named(elder)
    assert errors.NeedyAlready is refused(street.named, elder)
    assert errors.OtherPersonNeeded is refused(street.confirm_need, entry.needy_id, NAMER)
    assert [] == street.order(DonationOrder.FIRST_NAMED)
    street.confirm_need(entry.needy_id)
    stale = street.proposed(1, 1)

    def leave(unit: object) -> None:
        from creditbank.leaving import closings

        closings.lock(unit, elder)  # type: ignore[arg-type]
        closings.close(unit, elder)  # type: ignore[arg-type]

    street.do(leave)
    assert [] == street.order(DonationOrder.FIRST_NAMED)
    assert errors.HandoutStale is refused(street.confirmed, stale.handout_id)
    street.clock.advance(days=31)
    run_due(street.database, "worker", [JOB])
    assert StateConflict is refused(street.confirmed, stale.handout_id)


def test_a_service_is_paid_when_both_confirm(street: Neighbours) -> None:
    """From the agreement the points are on hold; both say it was done, and the giver has them."""
    giver, receiver = street.member(0), street.member(10)
    service_id = street.posted(receiver, ServiceKind.REQUEST, 90)
    assert errors.SamePerson is refused(street.answered, receiver, service_id)
    street.answered(giver, service_id, 100)
    assert errors.ServiceChanged is refused(street.accepted, receiver, service_id, 90)
    one = street.accepted(receiver, service_id, 100)
    assert (4, (6, 4, 0)) == (one.units, street.holding(receiver))
    street.says(outcomes.confirm, giver, service_id)
    assert StateConflict is refused(street.says, outcomes.confirm, giver, service_id)
    assert errors.NotOnService is refused(
        street.says, outcomes.confirm, street.member(0), service_id
    )
    done = street.says(outcomes.confirm, receiver, service_id)
    assert ServiceState.DONE is done.state
    assert ((4, 0, 0), (6, 0, 0)) == (street.holding(giver), street.holding(receiver))
    page = street.see(lambda view: statements.history(view, chart.member(giver), POINTS))
    assert [(Kind.SERVICE, 4)] == [(line.kind, line.units) for line in page.lines]
    assert [] == street.findings()


def test_an_offer_is_paid_by_who_answers(street: Neighbours) -> None:
    """The one who answers an offer types the PIN, and pays."""
    giver, receiver = street.member(0), street.member(10)
    service_id = street.posted(giver, ServiceKind.OFFER)
    street.answered(receiver, service_id)
    street.says(agreements.decline, giver, service_id)
    street.answered(receiver, service_id)
    street.accepted(giver, service_id)
    assert (6, 4, 0) == street.holding(receiver)
    street.says(agreements.cancel, receiver, service_id)
    assert (10, 0, 0) == street.holding(receiver)
    assert InsufficientPoints is refused(street.agreed, giver, street.member(3))


@pytest.mark.parametrize("paid", [True, False])
def test_the_office_decides_a_dispute(street: Neighbours, paid: bool) -> None:
    """Nobody decides who is one of the two; an award pays, a dismissal gives the points back."""
    giver, receiver = street.member(0), street.member(10)
    service_id = street.agreed(giver, receiver)
    street.says(outcomes.confirm, giver, service_id)
    street.says(outcomes.dispute, receiver, service_id)
    mine = Actor("stf_mine", "community_head", giver)
    assert errors.OwnBenefit is refused(street.decided, service_id, paid=paid, by=mine)
    street.decided(service_id, paid=paid)
    assert (4 if paid else 0, 10 - 4 * paid) == (
        street.balance(giver).available,
        street.balance(receiver).available,
    )
    assert [] == street.findings()


def test_a_dispute_is_decided_where_it_was_posted(street: Neighbours) -> None:
    """The office of another community neither reads what it is about nor decides it."""
    giver, receiver = street.member(0), street.member(10)
    service_id = street.agreed(giver, receiver)
    street.says(outcomes.dispute, giver, service_id)
    home = street.see(lambda view: members.find(view, receiver)).community_id
    away = Actor("stf_away", "community_head", communities=("com_away",))
    near = Actor("stf_near", "community_head", communities=(home,))
    assert OtherCommunity is refused(street.decided, service_id, paid=True, by=away)
    seen = [
        [one.service.service_id for one in street.see(partial(services.disputed, within=within))]
        for within in (away.communities, near.communities, None)
    ]
    assert [[], [service_id], [service_id]] == seen
    street.decided(service_id, paid=True, by=near)
    assert 4 == street.balance(giver).available


def test_what_nobody_ends_ends_by_itself(street: Neighbours) -> None:
    """Open and agreed services lapse, the points come back; what one confirmed is disputed."""
    giver, receiver = street.member(0), street.member(100)
    opened = street.posted(giver, ServiceKind.OFFER)
    agreed, told = street.agreed(giver, receiver), street.agreed(giver, receiver)
    street.says(outcomes.confirm, giver, told)
    run_due(street.database, "worker", [JOB])
    assert ServiceState.AGREED is street.service(agreed).state
    street.clock.advance(days=31)
    run_due(street.database, "worker", [JOB])
    states = [street.service(one).state for one in (opened, agreed, told)]
    assert [ServiceState.LAPSED, ServiceState.LAPSED, ServiceState.DISPUTED] == states
    street.decided(told, paid=True)
    assert ((4, 0, 0), (96, 0, 0)) == (street.holding(giver), street.holding(receiver))
    assert [] == street.findings()


def test_who_leaves_lets_services_go(street: Neighbours) -> None:
    """The other one gets the points back."""
    giver, receiver = street.member(0), street.member(10)
    service_id = street.agreed(giver, receiver)
    opened = street.posted(giver, ServiceKind.OFFER)

    def leave(unit: object) -> None:
        members.lock(unit, [giver])  # type: ignore[arg-type]
        endings.of_member(unit, giver)  # type: ignore[arg-type]

    street.do(leave)
    run_due(street.database, "worker", [JOB])
    states = [street.service(one).state for one in (service_id, opened)]
    assert [ServiceState.LAPSED, ServiceState.CANCELLED] == states
    assert (10, 0, 0) == street.holding(receiver)
