"""Moving in: residents and their homes, the youth team, the pairs, the partner organisations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from itertools import islice, product

from creditbank.core.units import Unit
from creditbank.exchange import needy
from creditbank.identity import pin_digits, pins
from creditbank.lists import organisations, rota
from creditbank.people import consents, households, members, relatives, teams
from creditbank.people.relatives import Relation
from creditbank.people.stays import Standing
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import pairs
from seeds.chronicle import HEAD, ORGANISER, TREASURER, Year
from seeds.society import YEAR

PIN = "580274"
_FIRST_WEEK = date(YEAR - 1, 12, 30)
_WEEKS = 53
_NEEDY = 3
_REASON_NEEDY = "独居，收入低于当地标准"
_IDENTITY = "known_personally"


def move_in(year: Year) -> None:
    """Let everybody move in, and join what they belong to."""
    _register(year)
    _keep_house(year)
    _gather(year)
    _pair(year)
    _take_turns(year)
    _prepare_giving(year)


def _register(year: Year) -> None:
    for n, person in enumerate(year.plan.people.residents):
        year.clock.advance(milliseconds=1)  # ids in this order, so that ties rank alike every time
        registered = year.do(
            ORGANISER,
            partial(
                members.register,
                name=person.name,
                community_id=year.community_ids[person.community],
                born_on=person.born_on,
                key=year.key("resident", n),
            ),
        )
        year.member_ids.append(registered.member_id)


def _keep_house(year: Year) -> None:
    """Found the households; parents agree that their children take part."""
    for n, home in enumerate(year.plan.people.homes):
        head = year.member_ids[home.adults[0]]
        key = year.key("home", n)
        household_id = year.do(ORGANISER, partial(households.found, head_id=head, key=key))
        year.household_ids.append(household_id)
    year.together((ORGANISER, join) for join in _joins(year))
    year.together(
        (
            ORGANISER,
            partial(
                consents.give,
                member_id=year.member_ids[child],
                purposes=[consents.SERVICE],
                guardian_id=year.member_ids[parent],
                key=year.key("consent", child),
            ),
        )
        for child, parent in year.plan.people.minors.items()
    )


def _joins(year: Year) -> Iterator[Callable[[Unit], object]]:
    """Return how everybody but the heads joins their household."""
    for home, household_id in zip(year.plan.people.homes, year.household_ids, strict=True):
        adults = [(one, Standing.ADULT) for one in home.adults[1:]]
        for one, standing in (*adults, *((child, Standing.CHILD) for child in home.children)):
            yield partial(
                households.join,
                household_id=household_id,
                member_id=year.member_ids[one],
                standing=standing,
                key=year.key("home of", one),
            )


def _gather(year: Year) -> None:
    """Found the team with its leader, let the others join, all agreeing to be named."""
    leader, *others = year.plan.people.team
    year.team_id = year.do(
        ORGANISER,
        partial(
            teams.found,
            name=year.plan.data["team"]["name"],
            community_id=year.community_of(leader),
            leader_id=year.member_ids[leader],
            key=year.key("team"),
        ),
    )
    year.together(
        (
            ORGANISER,
            partial(
                teams.join,
                team_id=year.team_id,
                member_id=year.member_ids[one],
                key=year.key("in the team", one),
            ),
        )
        for one in others
    )
    parents = year.plan.people.minors
    year.together(
        (
            ORGANISER,
            partial(
                consents.give,
                member_id=year.member_ids[one],
                purposes=[consents.PUBLISH_NAME],
                guardian_id=year.member_ids[parents[one]] if one in parents else None,
                key=year.key("named", one),
            ),
        )
        for one in year.plan.people.team
    )


def _pair(year: Year) -> None:
    """Pair each elder with a youth of the team."""
    of = year.plan.data["pairs"]
    rewards = (Reward("XYB", of["xyb"], Per.PERSON), Reward("VOL", of["vol_per_hour"], Per.HOUR))
    for n, one in enumerate(year.plan.people.pairings):
        year.clock.advance(milliseconds=1)  # pairs are listed in this order
        year.pair_ids.append(
            year.do(
                ORGANISER,
                partial(
                    pairs.pair,
                    elder_id=year.member_ids[one.elder],
                    volunteer_id=year.member_ids[one.volunteer],
                    category=of["category"],
                    rewards=rewards,
                    key=year.key("pair", n),
                ),
            )
        )


def _take_turns(year: Year) -> None:
    """Take the partner organisations in, and give each a week in turn."""
    of = year.plan.data["organisations"]
    names = (where + kind for kind, where in product(of["kinds"], of["places"]))
    for n, name in enumerate(islice(names, of["count"])):
        year.clock.advance(milliseconds=1)  # they take turns in this order
        key = year.key("organisation", n)
        year.do(ORGANISER, partial(organisations.add, name=name, key=key))
    plan = partial(rota.generate, first_week=_FIRST_WEEK, weeks=_WEEKS, key=year.key("rota"))
    year.do(ORGANISER, plan)


def _prepare_giving(year: Year) -> None:
    """Write down families who give, set their PINs, and put a few elders on the register."""
    for youth, parent in year.plan.people.givers:
        year.do(
            HEAD,
            partial(
                relatives.register,
                member_id=year.member_ids[youth],
                relative_id=year.member_ids[parent],
                relation=Relation.PARENT,
                key=year.key("family", youth),
            ),
        )
        member_id, key = year.member_ids[youth], year.key("own pin", youth)
        year.do(
            HEAD,
            partial(
                pins.set_at_office,
                member_id=member_id,
                pin_hash=pin_digits.hashed(year.database.vault, PIN, whose=member_id, key=key),
                reason="示范",
                identity=_IDENTITY,
                key=key,
            ),
        )
    for elder in year.plan.people.elders[:_NEEDY]:
        year.clock.advance(milliseconds=1)  # they are named in this order
        named = year.do(
            HEAD,
            partial(
                needy.name,
                member_id=year.member_ids[elder],
                reason=_REASON_NEEDY,
                key=year.key("in need", elder),
            ),
        )
        confirm = partial(needy.confirm, needy_id=named.needy_id, key=year.key("needy", elder))
        year.do(TREASURER, confirm)
