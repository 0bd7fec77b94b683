"""Who may spend: a child with a guardian's confirmation, from an age on, after a lifetime's sum."""

from datetime import date

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import KeyReused
from creditbank.notices import inbox
from creditbank.people.relatives import Relation
from creditbank.recognition import periods, standings
from creditbank.schemes.spending import GuardianMissing, LifetimeTooLow, TooYoungToSpend
from merchants.errors import PinNeeded, PinNotWanted, RedemptionNotFound
from merchants.requests import RequestState
from tests.books import POINTS
from tests.exchange import Neighbours

REQUEST = "the-request-of-the-till"
CONFIRMED = "the-guardian-confirmed"
CHILD = date(2016, 5, 1)


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Neighbours:
    """A shop with the offer of FACTS A."""
    return Neighbours(database, clock)


def test_a_child_pays_when_a_guardian_confirms(street: Neighbours) -> None:
    """Not one point goes without; the guardian's phone is asked, and nobody else's will do."""
    kid, mother, stranger = street.member(100), street.member(0), street.member(0)
    street.born(kid, CHILD)
    street.related(kid, mother, Relation.PARENT)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.code(kid), 3000)
    one, points = caught.value.redemption_id, caught.value.points
    assert [one] == [found.redemption_id for found in street.waiting(mother)]
    assert [[], []] == [street.waiting(who) for who in (kid, stranger)]
    told = street.see(lambda view: inbox(view, mother)).notices
    assert "child-pays" in {notice.kind for notice in told}
    for who in (kid, stranger):
        with pytest.raises(RedemptionNotFound):
            street.confirm(who, one, points)
    street.confirm(mother, one, points)
    assert points == street.redeem(one, points).points
    assert 100 - points == street.balance(kid).available


def test_a_childs_card_is_not_enough(street: Neighbours) -> None:
    """The PIN of the card is the child's own; the guardian confirms."""
    kid, mother = street.member(100), street.member(0)
    street.born(kid, CHILD)
    street.related(kid, mother, Relation.PARENT)
    _, digits = street.card(kid)
    scanned = street.scan(digits)
    assert scanned.pin_needed
    with pytest.raises(RedemptionNotFound):
        street.confirm_at_till(scanned.redemption_id)
    with pytest.raises(PinNeeded):
        street.redeem(scanned.redemption_id)
    street.confirm(mother, scanned.redemption_id, scanned.points_most)
    assert 0 < street.redeem(scanned.redemption_id).points


def test_a_guardian_refuses(street: Neighbours) -> None:
    """Then the till must scan again."""
    kid, mother = street.member(100), street.member(0)
    street.born(kid, CHILD)
    street.related(kid, mother, Relation.PARENT)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.code(kid), 3000)
    street.refuse(mother, caught.value.redemption_id)
    assert [] == street.waiting(mother)
    assert 100 == street.balance(kid).available


def test_a_child_without_a_guardian_is_declined_for_good(street: Neighbours) -> None:
    """The till gets a reason, and the same when it asks again; from the age on nobody is asked."""
    kid = street.member(100)
    street.born(kid, CHILD)
    with pytest.raises(GuardianMissing):
        street.pay(street.code(kid), 3000, key=REQUEST)
    asked = street.asked(REQUEST)
    assert (RequestState.REFUSED, "guardian-missing") == (asked.state, asked.refusal)
    street.rules(spend_confirmed_below_age=9)
    assert 0 < street.pay(street.code(kid), 3000).points


def test_from_an_age_on_one_spends_on_oneself(street: Neighbours) -> None:
    """Below it, and where the birth date is not known, the till declines."""
    young, old, unknown = (street.member(100) for _ in range(3))
    street.born(young, date(1990, 1, 1))
    street.born(old, date(1950, 1, 1))
    street.rules(spend_on_oneself_from_age=60)
    for who in (young, unknown):
        with pytest.raises(TooYoungToSpend):
            street.pay(street.code(who), 3000)
    assert 0 < street.pay(street.code(old), 3000).points


def test_a_lifetime_before_the_first_spending(street: Neighbours) -> None:
    """What counts is what was earned in services; gifts and opening balances do not."""
    ann = street.member(100)
    street.rules(redeem_lifetime_least=1)
    with pytest.raises(LifetimeTooLow) as caught:
        street.pay(street.code(ann), 3000)
    assert (1, 0) == (caught.value.least, caught.value.earned)
    street.rules(redeem_lifetime_least=9)
    earned(street, ann, 8)
    with pytest.raises(LifetimeTooLow):
        street.pay(street.code(ann), 3000)
    earned(street, ann, 1)
    assert 0 < street.pay(street.code(ann), 3000).points


def earned(street: Neighbours, member_id: str, units: int) -> None:
    """Let so many units count as earned by services."""
    street.do(
        lambda unit: standings.add(
            unit, periods.for_service(unit, unit.now), [(member_id, POINTS, units)]
        )
    )


def test_a_guardians_confirmation_counts_once(street: Neighbours) -> None:
    """Sent again it answers as before and lets nothing more be paid; another is not waited for."""
    kid, mother = street.member(100), street.member(0)
    street.born(kid, CHILD)
    street.related(kid, mother, Relation.PARENT)
    with pytest.raises(PinNeeded) as caught:
        street.pay(street.code(kid), 3000)
    one, points = caught.value.redemption_id, caught.value.points
    first = street.confirm(mother, one, points, key=CONFIRMED)
    assert first == street.confirm(mother, one, points, key=CONFIRMED)
    street.redeem(one, points)
    assert first == street.confirm(mother, one, points, key=CONFIRMED)
    with pytest.raises(PinNotWanted):
        street.confirm(mother, one, points)
    with pytest.raises(KeyReused):
        street.confirm(mother, one, points + 1, key=CONFIRMED)
    with pytest.raises(PinNeeded):
        street.pay(street.code(kid), 3000)
    assert 100 - points == street.balance(kid).available
