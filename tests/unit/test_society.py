"""The plan of the demonstration: whatever the seed number, it is the society that was ordered."""

from collections import Counter
from datetime import date

import pytest

from creditbank.core.clock import day_of
from creditbank.people import ages
from seeds import society
from seeds.people import Home
from seeds.society import Plan

FIRST_DAY = date(society.YEAR, 1, 1)


@pytest.fixture(scope="module", params=[2025, 7])
def plan(request: pytest.FixtureRequest) -> Plan:
    """The whole year of a seed number."""
    return society.plan(request.param)


def everyone(home: Home) -> set[int]:
    """Who lives in a home."""
    return {*home.adults, *home.children}


def test_the_rules_of_the_society_are_sound() -> None:
    """Its scheme is a file that the check passes."""
    assert () == society.rules().findings


def test_the_same_number_is_the_same_plan(plan: Plan) -> None:
    """Two seed numbers differ, one does not differ from itself."""
    assert plan == society.plan(2025 if plan == society.plan(2025) else 7)
    assert plan != society.plan(8)


def test_homes_team_and_pairs_are_as_ordered(plan: Plan) -> None:
    """There are 120 households; 72 of 71 families look after 84 elders who live alone."""
    people = plan.people
    at_home = Counter(one for home in people.homes for one in everyone(home))
    families = [home for home in people.homes if everyone(home) & set(people.team)]
    assert (120, 72, 71) == (len(people.homes), len(people.team), len(families))
    assert {1} == set(at_home.values())
    assert 84 == len({one.elder for one in people.pairings})
    assert not set(people.elders) & set(at_home)
    assert {one.volunteer for one in people.pairings} == set(people.team)
    assert all(
        people.residents[one.elder].community == people.residents[one.volunteer].community
        for one in people.pairings
    )


def test_children_have_parents_and_adults_are_of_age(plan: Plan) -> None:
    """Who stands as an adult is one on the first day; every child has a head of their home."""
    people = plan.people
    old = [ages.years(one.born_on, FIRST_DAY) for one in people.residents]
    assert all(old[one] >= 18 for home in people.homes for one in home.adults)
    assert all(old[one] < 18 for home in people.homes for one in home.children)
    assert all(old[one] >= 70 for one in people.elders)
    assert old[people.team[0]] == max(old[one] for one in people.team)


def test_pairs_call_twice_a_month_but_for_a_few(plan: Plan) -> None:
    """Of 2,016 calls in a year some are missed, on no two days the same; none is made up."""
    days = Counter((one.pair, day_of(one.at, plan.zone)) for one in plan.calls)
    months = Counter((pair, day.month) for pair, day in days)
    assert {1} == set(days.values())
    assert {1, 2} == set(months.values())
    assert 0 < 2016 - len(plan.calls) <= 60


def test_nobody_is_planned_in_two_places(plan: Plan) -> None:
    """A youth with two elders is with one of them at a time, and serves no need on that day."""
    calls = [
        (plan.people.pairings[one.pair].volunteer, one.at, day_of(one.at, plan.zone))
        for one in plan.calls
    ]
    assert {1} == set(Counter((who, when) for who, when, _ in calls).values())
    called = {(who, day) for who, _, day in calls}
    served = {
        (turn.resident, day_of(need.starts_at, plan.zone))
        for need in plan.needs
        for turn in need.turns
    }
    assert not called & served


def test_an_elder_raises_a_need_every_week(plan: Plan) -> None:
    """One need of each week comes from the list, raised by an elder of its community."""
    raised = [need for need in plan.needs if need.raised_by is not None]
    assert 51 == len(raised)
    for need in raised:
        assert need.raised_by in plan.people.elders
        assert need.community == plan.people.residents[need.raised_by].community
