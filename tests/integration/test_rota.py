"""The rota of partner organisations: a year in turn, no gap and no double without a word."""

from datetime import date, timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.units import Actor
from creditbank.lists import organisations, rota
from creditbank.lists.entry_errors import (
    OrganisationExists,
    OrganisationNotFound,
    OrganisationOnDuty,
    OrganisationRetired,
    WeekFree,
    WeekGap,
    WeekTaken,
)
from creditbank.lists.rota import Duty, Given
from creditbank.people.errors import OtherCommunity
from tests.society import ORGANISER, Society, outcomes

MONDAY = date(2026, 3, 2)
WEEK = timedelta(days=7)
FARAWAY = Actor("stf_far", "organiser", communities=("com_elsewhere",))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society on both databases, on the Sunday before the rota begins."""
    return Society(database, clock)


def partners(society: Society, count: int) -> list[str]:
    """So many partner organisations."""
    return [partner(society, f"共建单位{number}") for number in range(count)]


def partner(society: Society, name: str) -> str:
    """One partner organisation, a second after the one before."""
    society.clock.advance(seconds=1)
    key = society.name()
    return str(society.by(ORGANISER, lambda u: organisations.add(u, name=name, key=key)))


def generate(
    society: Society, first_week: date, weeks: int, actor: Actor = ORGANISER, **more: Any
) -> Given:
    """Give weeks in turn."""
    said = {"first_week": first_week, "weeks": weeks, "key": society.name()} | more
    return society.by(actor, lambda unit: rota.generate(unit, **said))


def swap(society: Society, one: date, other: date) -> Given:
    """Let two weeks change places."""
    key = society.name()
    return society.by(ORGANISER, lambda u: rota.swap(u, week_on=one, other_week_on=other, key=key))


def assign(society: Society, week_on: date, organisation_id: str) -> Given:
    """Give a week to another organisation."""
    key = society.name()
    return society.by(
        ORGANISER,
        lambda u: rota.assign(u, week_on=week_on, organisation_id=organisation_id, key=key),
    )


def retire(society: Society, organisation_id: str) -> str:
    """Let an organisation retire."""
    key = society.name()
    return str(
        society.by(ORGANISER, lambda u: rota.retire(u, organisation_id=organisation_id, key=key))
    )


def weeks(society: Society, first_week: date, count: int) -> list[str | None]:
    """Who is on duty in the bank's rota."""
    listed = society.see(
        lambda view: rota.listing(view, first_week=first_week, weeks=count, community_id=None)
    )
    return [one.organisation_id for one in listed]


def test_forty_one_organisations_take_turns_over_a_year(society: Society) -> None:
    """52 weeks, each with one; the next year goes on where the first one ended."""
    ring = partners(society, 41)
    given = generate(society, MONDAY, 52)
    assert Given(MONDAY, MONDAY + 51 * WEEK, 52) == given
    assert [*ring, *ring[:11]] == weeks(society, MONDAY, 52)
    generate(society, MONDAY + 52 * WEEK, 2)
    assert ring[11:13] == weeks(society, MONDAY + 52 * WEEK, 2)


def test_no_week_is_given_twice_or_left_out_silently(society: Society) -> None:
    """A taken week, a gap before and a gap after are named; a wanted gap is said."""
    partners(society, 3)
    generate(society, MONDAY + 10 * WEEK, 4)
    with pytest.raises(WeekTaken, match="2026-05-11"):
        generate(society, MONDAY + 8 * WEEK, 3)
    with pytest.raises(WeekGap, match="2026-06-08"):
        generate(society, MONDAY + 15 * WEEK, 2)
    with pytest.raises(WeekGap, match="2026-05-04"):
        generate(society, MONDAY + 8 * WEEK, 1)
    generate(society, MONDAY + 8 * WEEK, 1, leave_gap=True)
    assert [True, False, True] == [one is not None for one in weeks(society, MONDAY + 8 * WEEK, 3)]


def test_of_many_who_generate_at_once_one_does(society: Society) -> None:
    """The weeks of the others are taken, and nothing of theirs is left."""
    partners(society, 3)
    key = [society.name() for _ in range(6)]
    made, refused = outcomes(
        [
            society.submit(
                ORGANISER, lambda u, k=one: rota.generate(u, first_week=MONDAY, weeks=5, key=k)
            )
            for one in key
        ]
    )
    assert (1, {WeekTaken}) == (len(made), {type(one) for one in refused})
    assert 5 == society.count(rota.weeks_of)


def test_two_weeks_change_places(society: Society) -> None:
    """Both must be of the rota, and to come."""
    ring = partners(society, 4)
    generate(society, MONDAY, 4)
    swap(society, MONDAY + 3 * WEEK, MONDAY)
    assert [ring[3], ring[1], ring[2], ring[0]] == weeks(society, MONDAY, 4)
    with pytest.raises(WeekFree, match="2026-03-30"):
        swap(society, MONDAY, MONDAY + 4 * WEEK)
    society.clock.advance(days=9)
    for one, other in ((MONDAY, MONDAY + WEEK), (MONDAY + WEEK, MONDAY + WEEK)):
        with pytest.raises(BadField):
            swap(society, one, other)
    assert [ring[3], ring[1], ring[2], ring[0]] == weeks(society, MONDAY, 4)


def test_an_organisation_retires_when_others_have_its_weeks(society: Society) -> None:
    """No week is left alone; who has retired takes no more turns."""
    first, second = partners(society, 2)
    generate(society, MONDAY, 4)
    with pytest.raises(OrganisationOnDuty, match="2 more weeks, next from 2026-03-09"):
        retire(society, second)
    for number in (1, 3):
        assign(society, MONDAY + number * WEEK, first)
    assert "retired" == retire(society, second)
    with pytest.raises(OrganisationRetired):
        assign(society, MONDAY, second)
    generate(society, MONDAY + 4 * WEEK, 2)
    assert [first] * 6 == weeks(society, MONDAY, 6)


def test_who_is_on_duty_today(society: Society) -> None:
    """By the community's rota where it reaches, else by the bank's, else nobody."""
    first, second = partners(society, 2)
    generate(society, MONDAY, 2)
    generate(society, MONDAY, 1, community_id=society.community_id, organisation_ids=[second])

    def duty(day: date, community_id: str | None = society.community_id) -> str | None:
        return society.see(lambda view: rota.on_duty(view, community_id, day)).organisation_id

    found = [duty(MONDAY + timedelta(days=days)) for days in (-1, 0, 6, 7, 14)]
    assert [None, second, second, second, None] == found
    assert first == duty(MONDAY, None)
    assert Duty(MONDAY, first) == society.see(lambda view: rota.on_duty(view, "com_x", MONDAY))


@pytest.mark.parametrize(
    ("first_week", "many", "named", "field"),
    [
        (date(2026, 3, 3), 4, (), "first_week"),
        (date(9999, 12, 27), 4, (), "first_week"),
        (MONDAY, 0, (), "weeks"),
        (MONDAY, 107, (), "weeks"),
        (MONDAY, 4, (0, 1, 0), "organisation_ids"),
    ],
)
def test_rotas_that_cannot_be(
    society: Society, first_week: date, many: int, named: tuple[int, ...], field: str
) -> None:
    """Weeks begin on Mondays, there are some, and nobody takes two turns in one round."""
    ring = partners(society, 2)
    ids = [ring[number] for number in named]
    with pytest.raises(BadField, match=field):
        generate(society, first_week, many, organisation_ids=ids)
    assert 0 == society.count(rota.weeks_of)


def test_a_rota_needs_organisations_and_a_right(society: Society) -> None:
    """Without partners there is no turn; the bank's rota is not a single community's to write."""
    with pytest.raises(BadField, match="organisation_ids"):
        generate(society, MONDAY, 4)
    name = "市图书馆"
    partner(society, name)
    with pytest.raises(OrganisationExists):
        partner(society, name)
    with pytest.raises(OrganisationNotFound):
        generate(society, MONDAY, 4, organisation_ids=["org_gone"])
    for community_id in (None, society.community_id):
        with pytest.raises(OtherCommunity):
            generate(society, MONDAY, 4, FARAWAY, community_id=community_id)
