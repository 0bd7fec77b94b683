"""Households: founded and joined at the office, left by oneself, and never by a child alone."""

from datetime import date
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.people import households, stays
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.people.group_errors import (
    ChildLeaves,
    ChildrenAlone,
    HouseholdEnded,
    HouseholdNotFound,
    InHousehold,
    NotInHousehold,
    StandingUnfit,
)
from creditbank.people.stays import Standing
from tests.books import made_up
from tests.kinsfolk import GROWN, YOUNG, Kinsfolk
from tests.society import ORGANISER, as_member, outcomes


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Kinsfolk:
    """A society in a fresh database."""
    return Kinsfolk(database, clock)


def test_a_household_keeps_who_came_and_went(society: Kinsfolk) -> None:
    """Who is in it now, the head first; who was in it on a day; and each is told."""
    mother, father, child = society.person(), society.person(None), society.person(YOUNG)
    home = society.household(mother, father, children=(child,))
    assert (mother, father, child) == society.home(home).member_ids
    assert mother == society.home(home).head_id
    society.clock.advance(hours=48)
    society.moves_out(home, father, as_member(father))
    assert (mother, child) == society.home(home).member_ids
    for day, expected in (
        (date(2026, 2, 28), []),
        (date(2026, 3, 1), [mother, father, child]),
        (date(2026, 3, 3), [mother, father, child]),
        (date(2026, 3, 4), [mother, child]),
    ):
        seen = society.see(partial(stays.on_day, household_id=home, day=day))
        assert sorted(expected) == sorted(one.member_id for one in seen), day
    assert ["household-joined", "household-left"] == society.told(father)
    again = society.moves_in(home, father)
    kept = society.see(lambda view: stays.of_member(view, father))
    assert [again] == [one.stay_id for one in kept if one.left_at is None]
    assert 2 == len(kept)


def test_nobody_is_in_two_households_or_twice_in_one(society: Kinsfolk) -> None:
    """A second stay is refused wherever it is, and a stay elsewhere does not end here."""
    one, other, son = (society.person() for _ in range(3))
    home, elsewhere = society.household(one, son), society.household(other)
    for refused in (home, elsewhere):
        with pytest.raises(InHousehold):
            society.moves_in(refused, son)
    with pytest.raises(InHousehold):
        society.household(son)
    with pytest.raises(NotInHousehold):
        society.moves_out(elsewhere, son)
    with pytest.raises(HouseholdNotFound):
        society.moves_in(made_up("hhd", 1), son)
    assert (one, son) == society.home(home).member_ids


def test_a_race_for_one_person_has_one_winner(society: Kinsfolk) -> None:
    """Many households take the same member in at once: one stay, all others are refused."""
    homes = [society.household(society.person()) for _ in range(6)]
    wanted, keys = society.person(), [society.name() for _ in homes]
    futures = [
        society.submit(
            ORGANISER,
            partial(
                households.join,
                household_id=home,
                member_id=wanted,
                standing=Standing.ADULT,
                key=key,
            ),
        )
        for home, key in zip(homes, keys, strict=True)
    ]
    done, refused = outcomes(futures)
    assert (1, {InHousehold}) == (len(done), {type(one) for one in refused})
    assert 1 == sum(wanted in society.home(home).member_ids for home in homes)


def test_a_race_out_leaves_no_child_alone(society: Kinsfolk) -> None:
    """Both adults leave at once: one is held back, because a child would stay alone."""
    mother, father, child = society.person(), society.person(), society.person(YOUNG)
    home = society.household(mother, father, children=(child,))
    keys = [society.name(), society.name()]
    futures = [
        society.submit(
            as_member(one),
            partial(households.leave, household_id=home, member_id=one, key=key),
        )
        for one, key in zip((mother, father), keys, strict=True)
    ]
    done, refused = outcomes(futures)
    assert (1, [ChildrenAlone]) == (len(done), [type(one) for one in refused])
    left = society.home(home)
    assert left.head_id in {mother, father}
    assert child in left.member_ids


def test_the_next_adult_becomes_head_and_the_last_one_ends_it(society: Kinsfolk) -> None:
    """Who has been in it longest as an adult follows, a grown child too; then it has ended."""
    head, first, second = (society.person() for _ in range(3))
    grown = society.person(GROWN)
    home = society.household(head, children=(grown,))
    for one in (first, second):
        society.clock.advance(minutes=1)
        society.moves_in(home, one)
    for gone, following in ((head, first), (first, second), (second, grown)):
        society.moves_out(home, gone)
        assert following == society.home(home).head_id
    assert ["household-headed", "household-joined"] == society.told(grown)
    society.moves_out(home, grown, as_member(grown))
    assert ((), society.clock.now()) == (
        society.home(home).member_ids,
        society.home(home).ended_at,
    )
    with pytest.raises(HouseholdEnded):
        society.moves_in(home, head)
    assert [] == list(society.see(households.listing).households)


def test_a_child_neither_heads_nor_leaves_alone(society: Kinsfolk) -> None:
    """A minor is no head and no adult, does not go by oneself, and there is one head."""
    mother, child, other = society.person(), society.person(YOUNG), society.person()
    with pytest.raises(StandingUnfit):
        society.household(child)
    home = society.household(mother, children=(child,))
    with pytest.raises(StandingUnfit):
        society.moves_in(home, society.person(YOUNG), Standing.ADULT)
    with pytest.raises(StandingUnfit):
        society.moves_in(home, other, Standing.HEAD)
    with pytest.raises(ChildLeaves):
        society.moves_out(home, child, as_member(child))
    with pytest.raises(ChildrenAlone):
        society.moves_out(home, mother)
    society.moves_out(home, child)
    assert (mother,) == society.home(home).member_ids


def test_the_office_of_the_place_founds_and_ends(society: Kinsfolk) -> None:
    """No member, no other community's office, and nobody who is suspended."""
    mother, father, off = society.person(), society.person(), society.person()
    home = society.household(mother)
    elsewhere = Actor("stf_elsewhere", "organiser", communities=(made_up("com", 9),))
    for actor, error in ((as_member(mother), NotYours), (elsewhere, OtherCommunity)):
        with pytest.raises(error):
            society.moves_in(home, father, actor=actor)
        key = society.name()
        with pytest.raises(error):
            society.by(actor, partial(households.end, household_id=home, key=key))
    with pytest.raises(NotYours):
        society.moves_out(home, mother, as_member(father))
    with pytest.raises(OtherCommunity):
        society.moves_out(home, mother, elsewhere)
    society.suspend(off)
    with pytest.raises(MemberSuspended):
        society.moves_in(home, off)
    with pytest.raises(MemberSuspended):
        society.household(off)
    child = society.person(YOUNG)
    society.moves_in(home, child, Standing.CHILD)
    key = society.name()
    society.by(ORGANISER, lambda u: households.end(u, household_id=home, key=key))
    assert ((), None) == (society.home(home).member_ids, society.home(home).head_id)
    assert ["household-joined", "household-left"] == society.told(child)


def test_households_are_listed_by_number(society: Kinsfolk) -> None:
    """Page by page, those of some communities only, none that has ended."""
    homes = [society.household(society.person()) for _ in range(3)]
    first = society.see(lambda view: households.listing(view, limit=2))
    assert homes[:2] == [one.household_id for one in first.households]
    rest = society.see(lambda view: households.listing(view, after=first.after))
    assert (homes[2:], None) == ([one.household_id for one in rest.households], rest.after)
    none = society.see(lambda view: households.listing(view, within=(made_up("com", 9),)))
    assert () == none.households
