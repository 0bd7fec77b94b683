"""Schemes in a bank: dates, caps and where the rest goes, remainders, and taking it all back."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import insert, update

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, CreditbankError
from creditbank.core.units import Unit, View
from creditbank.identity import joining
from creditbank.ledger import chart
from creditbank.people import members, persons, teams
from creditbank.recognition import periods, standings
from creditbank.schemes import scheme, welcome
from creditbank.schemes.errors import SchemeOverlap
from creditbank.schemes.rewards import Remainder
from creditbank.service import crediting, reviews
from creditbank.tasks import claims, tasks
from tests.books import POINTS, STARS, moved
from tests.programme import OPERATOR, Programme, next_day, reward
from tests.society import ORGANISER, REVIEWER, outcomes

HOURLY = reward("10 XYB per hour")
RULES = """
rounding = "minutes_exact"
remainder = "carry"
minutes_day_most = 600
[[assets]]
asset = "XYB"
cap_day = 20
cap_month = 50
over_cap = "fund"
over_to = "elders"
validity_months = 1
welcome = 7
"""


@pytest.fixture
def programme(database: Database, clock: ManualClock) -> Programme:
    """A bank under the rules above."""
    return Programme(database, clock, RULES)


def test_the_dates_of_versions(programme: Programme) -> None:
    """A term holds for its days, what was before it goes on after; crossing dates are refused."""
    today = programme.see(lambda view: view.today)

    def day(ahead: int) -> date:
        return today + timedelta(days=ahead)

    def adopt(first: int, last: int | None, grace: int) -> int:
        return programme.by(
            OPERATOR,
            lambda unit: scheme.adopt(
                unit,
                parameters={"grace_days": grace},
                effective_from=day(first),
                effective_until=None if last is None else day(last),
                key=programme.name(),
            ),
        ).version

    def refused(first: int, last: int | None) -> int:
        with pytest.raises(SchemeOverlap) as error:
            adopt(first, last, 1)
        return error.value.version

    def grace(ahead: int) -> int:
        return programme.see(lambda view: scheme.in_force(view, day(ahead))).grace_days

    base, term = adopt(0, None, 10), adopt(10, 19, 20)
    assert (base, term) == (2, 3)
    assert [10, 10, 20, 20, 10] == [grace(at) for at in (0, 9, 10, 19, 20)]
    for first, last in ((5, 10), (19, 25), (12, 13), (9, 20)):
        assert term == refused(first, last)
    for first in (10, 15, 19):
        assert term == refused(first, None)
    assert term + 1 == adopt(10, 19, 25)
    assert [10, 25, 10] == [grace(at) for at in (9, 10, 20)]
    later = adopt(30, None, 30)
    assert later == refused(25, 35)
    assert [10, 30] == [grace(at) for at in (29, 30)]
    with pytest.raises(BadField, match="effective_until"):
        adopt(3, 2, 1)


@pytest.mark.parametrize(
    ("parameter", "given"),
    [
        ("assets.0.cap_day", {"assets": [{"asset": "XYB", "cap_day": 9, "cap_month": 8}]}),
        ("assets.0.welcome", {"assets": [{"asset": "XYB", "welcome": -1}]}),
        ("rates.0.units", {"rates": [{"asset": "XYB", "units": -5, "per": "hour"}]}),
        ("assets.0.asset", {"assets": [{"asset": "NONE", "cap_day": 9}]}),
        ("assets.0.kind", {"assets": [{"asset": "XYB", "kind": "honour"}]}),
        (
            "assets.0.over_to",
            {
                "assets": [
                    {"asset": "XYB", "cap_day": 9, "over_cap": "honour", "over_to": "XYB"},
                ]
            },
        ),
        ("assets.0.asset", {"assets": [{"asset": "XYB", "validity_months": 12}]}),
        ("exchange_asset", {"exchange_asset": STARS}),
    ],
)
def test_what_pays_negative_contradicts_or_has_no_limit_is_not_adopted(
    programme: Programme, parameter: str, given: dict[str, object]
) -> None:
    """The parameter is named and the rules in force stay."""
    before = programme.see(scheme.current_tag)
    with pytest.raises(BadField) as refused:
        programme.by(
            OPERATOR,
            lambda unit: scheme.adopt(
                unit, parameters=given, effective_from=unit.today, key=programme.name()
            ),
        )
    assert parameter == refused.value.field
    assert before == programme.see(scheme.current_tag)


def test_caps_fill_the_fund_and_a_withdrawal_empties_it_again(programme: Programme) -> None:
    """Above 20 a day and 50 a month goes to the fund; what is withdrawn gives caps back."""
    ann = programme.member()
    first = programme.serve(ann, 60, HOURLY)
    second = programme.serve(ann, 90, HOURLY)
    fund = chart.fund("elders")
    assert (20, 5) == (programme.of_member(ann, POINTS), programme.units(fund, POINTS))
    assert {POINTS: 20} == _standing(programme, ann)
    programme.withdraw_approval(second)
    assert (10, 0) == (programme.of_member(ann, POINTS), programme.units(fund, POINTS))
    programme.serve(ann, 30, HOURLY)
    assert (15, 0) == (programme.of_member(ann, POINTS), programme.units(fund, POINTS))
    for _ in range(2):
        next_day(programme.clock)
        programme.serve(ann, 120, HOURLY)
    assert (50, 5) == (programme.of_member(ann, POINTS), programme.units(fund, POINTS))
    programme.withdraw_approval(first)
    assert [] == programme.findings()
    next_day(programme.clock, days=31)
    programme.serve(ann, 60, HOURLY)
    assert 50 == programme.of_member(ann, POINTS)
    assert [] == programme.findings()


def test_what_the_fund_gave_away_is_owed(programme: Programme) -> None:
    """Who received a donation keeps it; whose service had filled the fund earns it back."""
    ann, ben = programme.member(), programme.member("李四")
    claim_id = programme.serve(ann, 180, HOURLY)
    fund = chart.fund("elders")
    programme.post(moved(fund, chart.member(ben), 6))
    programme.withdraw_approval(claim_id)
    assert (0, 0, 6) == programme.holding(ann)
    assert (6, 0, 0) == programme.holding(ben)
    assert 0 == programme.units(fund, POINTS)
    programme.serve(ann, 60, HOURLY)
    assert (4, 0, 0) == programme.holding(ann)
    assert [] == programme.findings()
    next_day(programme.clock, days=330)
    ranked = [(who, units) for asset, who, units, _ in programme.close("2026") if asset == POINTS]
    assert [(ann, 10)] == ranked, "what a fund had was not earned, and is not taken back"


def test_remainders_are_carried_and_given_back(programme: Programme) -> None:
    """Minutes that made no unit make one with the next service, once; a withdrawal undoes that."""
    ann = programme.member()
    first = programme.serve(ann, 5, HOURLY)
    assert 0 == programme.of_member(ann, POINTS)
    programme.serve(ann, 7, HOURLY)
    assert 2 == programme.of_member(ann, POINTS)
    programme.withdraw_approval(first)
    assert 2 == programme.of_member(ann, POINTS)
    programme.serve(ann, 5, HOURLY)
    assert 2 == programme.of_member(ann, POINTS)
    programme.serve(ann, 6, HOURLY)
    assert 3 == programme.of_member(ann, POINTS)
    assert [] == programme.findings()


def test_minutes_belong_to_their_days(programme: Programme) -> None:
    """No more minutes of a day count than the scheme says; past midnight they are the next's."""
    programme.adopt(minutes_day_most=60, assets=[{"asset": POINTS, "reward_most": 60}])
    ann = programme.member()
    programme.clock.set(programme.clock.now().replace(hour=14, minute=59))  # 22:59 there
    claim_id = programme.serve(ann, 90, reward("60 XYB per hour"))
    assert 90 == programme.of_member(ann, POINTS)
    programme.serve(ann, 60, reward("60 XYB per hour"))
    assert 90 + 30 == programme.of_member(ann, POINTS)
    programme.serve(ann, 60, reward("5 XYB per person"))
    assert 90 + 30 == programme.of_member(ann, POINTS)
    programme.withdraw_approval(claim_id)
    programme.serve(ann, 30, reward("60 XYB per hour"))
    assert 30 + 30 == programme.of_member(ann, POINTS)
    assert [] == programme.findings()


def test_the_preview_is_what_the_approval_does(programme: Programme) -> None:
    """Before anybody approves, the reviewer sees what a cap takes and where it goes."""
    ann = programme.member()
    programme.serve(ann, 60, HOURLY)
    claim_id = programme.served(ann, programme._task(90, (HOURLY,), programme.category), minutes=90)

    assert [(10, 5)] == _previewed(programme, claim_id, 90)
    assert [(10, 0)] == _previewed(programme, claim_id, 60)
    assert 10 == programme.of_member(ann, POINTS)
    programme.approve(claim_id)
    assert 20 == programme.of_member(ann, POINTS)


def test_a_store_that_is_full_gives_stars(programme: Programme) -> None:
    """Above what one may have, points become honour; a debt is paid first."""
    programme.adopt(
        assets=[
            {
                "asset": POINTS,
                "storage_cap": 25,
                "over_cap": "honour",
                "over_to": STARS,
            },
            {"asset": STARS},
        ]
    )
    ann = programme.member()
    first = programme.serve(ann, 60, HOURLY)
    programme.post(moved(chart.member(ann), chart.fund("x"), 10))
    programme.withdraw_approval(first)
    assert (0, 0, 10) == programme.holding(ann)
    claim_id = programme.served(
        ann, programme._task(240, (HOURLY,), programme.category), minutes=240
    )
    assert [(35, 5)] == _previewed(programme, claim_id, 240)
    programme.approve(claim_id)
    assert (25, 0, 0) == programme.holding(ann)
    assert 5 == programme.of_member(ann, STARS)
    assert {POINTS: 35, STARS: 5} == {
        asset: units for asset, units in _standing(programme, ann).items() if units
    }
    programme.withdraw_approval(claim_id)
    assert (0, 0, 10) == programme.holding(ann)
    assert 0 == programme.of_member(ann, STARS)
    assert [] == programme.findings()


def test_tasks_give_what_the_scheme_allows(programme: Programme) -> None:
    """More than ``reward_most``, or another rate than the scheme's own, is refused."""
    programme.adopt(
        assets=[{"asset": POINTS, "reward_most": 10}],
        rates=[{"asset": STARS, "units": 3, "per": "person"}],
    )
    for said in ("11 XYB per hour", "4 STAR per person", "3 STAR per hour"):
        with pytest.raises(BadField, match="rewards"):
            programme.publish(rewards=[reward(said)])
    programme.publish(rewards=[reward("10 XYB per hour"), reward("3 STAR per person")])


def test_welcome_comes_once_per_person(programme: Programme) -> None:
    """A second row of the same document gets none, in whatever order they are welcomed."""
    ann, ben = programme.member(), programme.member("李四")

    def keep(member_id: str) -> None:
        programme.by(
            ORGANISER,
            lambda unit: persons.change(unit, holder_id=member_id, document="51018219800101001X"),
        )

    def give(member_id: str) -> str | None:
        return programme.by(ORGANISER, lambda unit: welcome.give(unit, member_id))

    keep(ann)
    keep(ben)
    given = give(ann)
    assert given is not None
    assert give(ann) is None
    assert give(ben) is None
    assert (7, 0) == (programme.of_member(ann, POINTS), programme.of_member(ben, POINTS))
    assert {} == _standing(programme, ann)
    assert [] == programme.findings()


def test_whoever_comes_in_is_welcomed(programme: Programme) -> None:
    """The office takes somebody in, and they have it; a row they are merged into gets none."""
    ann = programme.by(
        ORGANISER,
        lambda unit: joining.take_in(
            unit, name="赵六", community_id=programme.community_id, key=programme.name()
        ),
    ).member_id
    assert 7 == programme.of_member(ann, POINTS)
    ben = programme.member("赵六")

    def merged(unit: Unit) -> str | None:
        of = members.members
        at = (of.c.bank_id == unit.bank_id, of.c.member_id == ann)
        unit.run(update(of).where(*at).values(merged_into=ben))
        return welcome.give(unit, ben)

    assert programme.by(ORGANISER, merged) is None
    assert [] == programme.findings()


def test_what_a_team_gave_away_is_owed(programme: Programme) -> None:
    """A team's points come and go with the approval; honour and the standing are the person's."""
    programme.adopt(assets=[{"asset": POINTS, "reward_most": 10}], team_earnings="team")
    ann = programme.member()
    team_id = programme.by(
        ORGANISER,
        lambda unit: teams.found(
            unit,
            name="青年队",
            community_id=programme.community_id,
            leader_id=ann,
            key=programme.name(),
        ),
    )
    gives = (HOURLY, reward("3 STAR per person"))
    claim_id = programme.team_serves(ann, 60, gives, team_id)
    team = chart.team(team_id)
    assert (10, 0) == (programme.units(team, POINTS), programme.of_member(ann, POINTS))
    assert {STARS: 3} == _standing(programme, ann)
    programme.post(moved(team, chart.fund("elders"), 4))
    programme.withdraw_approval(claim_id)
    assert (0, 4) == (programme.units(team, POINTS), programme.holding(ann)[2])
    assert 0 == programme.of_member(ann, STARS)
    assert [] == programme.findings()


def test_approvals_at_once_never_pass_a_cap(programme: Programme) -> None:
    """Eight services of one day are approved in the same moment: together they bring the cap."""
    ann = programme.member()
    waiting = [
        programme.served(ann, programme._task(30, (HOURLY,), programme.category), minutes=30)
        for _ in range(8)
    ]
    keys = [programme.name() for _ in waiting]
    futures = [
        programme.submit(REVIEWER, partial(reviews.approve, claim_id=claim_id, key=key))
        for claim_id, key in zip(waiting, keys, strict=True)
    ]
    _, refused = outcomes(futures)
    assert [] == refused
    assert 20 == programme.of_member(ann, POINTS)
    assert 20 == programme.units(chart.fund("elders"), POINTS)
    assert [] == programme.findings()


def test_a_scheme_of_earlier_days_can_still_be_read(programme: Programme) -> None:
    """What was adopted before a parameter or a rule came is in force as it was."""
    early = {
        "rounding": "half_hours_down",
        "gifts": "relatives",
        "gift_units_day": 0,
        "assets": [{"asset": POINTS, "cap_day": 9, "cap_month": 8}],
    }

    def write(unit: Unit) -> None:
        unit.run(
            insert(scheme.schemes),
            {
                "bank_id": unit.bank_id,
                "scheme_id": unit.new_id("sch"),
                "version": 99,
                "effective_from": unit.today,
                "parameters": early,
                "adopted_by": "somebody",
                "effective_until": None,
            },
        )

    programme.do(write)
    held = programme.see(scheme.current)
    assert (9, Remainder.DROP, ()) == (held.of_asset(POINTS).cap_day, held.remainder, held.rates)


def _previewed(programme: Programme, claim_id: str, minutes: int) -> list[tuple[int, int]]:
    """What an approval would bring now, and what a cap would take."""

    def look(view: View) -> crediting.Preview:
        found = claims.find(view, claim_id)
        return crediting.preview(view, tasks.find(view, found.task_id), found, minutes)

    return [(one.kept, one.over) for one in programme.see(look).lines]


def _standing(programme: Programme, member_id: str) -> dict[str, int]:
    def look(view: View) -> dict[str, int]:
        try:
            period = periods.by_name(view, str(view.today.year))
        except CreditbankError:
            return {}
        rebuilt = standings.rebuilt(view, period.period_id)
        kept = standings.of_member(view, period.period_id, member_id)
        mine = {asset: units for (who, asset), units in rebuilt.items() if who == member_id}
        assert mine == kept or not mine
        return kept

    return programme.see(look)


def test_a_fund_that_was_there_first_is_locked_in_order(programme: Programme) -> None:
    """What exceeds a store goes to a fund whose account is older than the member's."""
    rules = {"asset": POINTS, "reward_most": 20, "storage_cap": 5, "over_cap": "fund"}
    programme.adopt(assets=[{**rules, "over_to": "care"}])
    for name in ("张三", "李四"):
        member_id = programme.member(name)
        programme.serve(member_id, 60, HOURLY)
        assert 5 == programme.of_member(member_id, POINTS)
    assert [] == programme.findings()
