"""Families and teams of a society, and what they claim together."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from creditbank.core.units import Actor
from creditbank.people import consents, households, members, skills, teams
from creditbank.people.stays import Standing
from creditbank.schemes import scheme
from creditbank.tasks import claiming, no_shows, withdrawals
from creditbank.tasks.claiming import ClaimedTogether
from creditbank.tasks.claims import Claimed
from creditbank.tasks.parties import ClaimedAs
from tests.society import ORGANISER, Society, as_member


def adopt(society: Society, **parameters: Any) -> None:
    """Adopt parameters from today on."""
    _office(society, scheme.adopt, parameters=parameters, effective_from=society.clock.now().date())


def _office(society: Society, work: Any, **said: Any) -> Any:
    return society.by(ORGANISER, partial(work, key=society.name(), **said))


def person(society: Society, age: int | None = None, document: str | None = None) -> str:
    """Register somebody of an age at the office."""
    today = society.clock.now().date()
    born_on = None if age is None else date(today.year - age, 1, 1)
    made = _office(
        society,
        members.register,
        name="王五",
        community_id=society.community_id,
        born_on=born_on,
        document=document,
    )
    return str(made.member_id)


def household(society: Society, *adults: str, children: Sequence[str] = ()) -> str:
    """Found a household of adults, the first its head, and children."""
    household_id = str(_office(society, households.found, head_id=adults[0]))
    for standing, several in ((Standing.ADULT, adults[1:]), (Standing.CHILD, children)):
        for one in several:
            join(society, household_id, one, standing)
    return household_id


def join(
    society: Society, household_id: str, member_id: str, standing: Standing = Standing.ADULT
) -> None:
    """Take somebody into a household."""
    said = {"household_id": household_id, "member_id": member_id, "standing": standing}
    _office(society, households.join, **said)


def move_out(society: Society, household_id: str, member_id: str) -> None:
    """Let somebody leave a household."""
    _office(society, households.leave, household_id=household_id, member_id=member_id)


def agree_for(society: Society, child: str, guardian: str) -> None:
    """Let a guardian agree to the service for a child, at the office."""
    said = {"member_id": child, "guardian_id": guardian, "purposes": [consents.SERVICE]}
    _office(society, consents.give, **said)


def family(society: Society, child_age: int = 9) -> tuple[str, str, str]:
    """Found a household of one adult and a child that may take part; with its id first."""
    adult, child = person(society, 40), person(society, child_age)
    household_id = household(society, adult, children=[child])
    if child_age < consents.GUARDED_BELOW:
        agree_for(society, child, adult)
    return household_id, adult, child


def team(society: Society, leader: str, *others: str) -> str:
    """Found a team of a leader and others."""
    said = {"name": "先锋队", "community_id": society.community_id, "leader_id": leader}
    team_id = str(_office(society, teams.found, **said))
    for one in others:
        _office(society, teams.join, team_id=team_id, member_id=one)
    return team_id


def skilled(society: Society, member_id: str, code: str) -> None:
    """Note a skill of a member, adding it to the list where it lacks."""
    if code not in {one.code for one in society.see(skills.every)}:
        _office(society, skills.create, code=code, name="急救")
    _office(society, skills.give, member_id=member_id, skill=code)


def claim_family(
    society: Society,
    task_id: str,
    household_id: str,
    people: Sequence[str],
    *,
    by: Actor | None = None,
    or_wait: bool = False,
) -> ClaimedTogether:
    """Claim a task for people of a household, by the first of them."""
    return society.by(
        by or as_member(people[0]),
        partial(
            claiming.claim_as_family,
            task_id=task_id,
            household_id=household_id,
            member_ids=people,
            or_wait=or_wait,
            key=society.name(),
        ),
    )


def claim_team(
    society: Society, task_id: str, team_id: str, people: Sequence[str], *, by: Actor
) -> ClaimedTogether:
    """Claim a task for people of a team."""
    return society.by(
        by,
        partial(
            claiming.claim_as_team,
            task_id=task_id,
            team_id=team_id,
            member_ids=people,
            key=society.name(),
        ),
    )


def withdraw_party(society: Society, party_id: str, by: Actor = ORGANISER) -> ClaimedAs:
    """Give the places of a family or team back."""
    return society.by(
        by, partial(withdrawals.withdraw_party, party_id=party_id, key=society.name())
    )


def excuse(society: Society, claim_id: str, by: Actor = ORGANISER) -> Claimed:
    """Excuse an absence."""
    return society.by(
        by, partial(no_shows.excuse, claim_id=claim_id, reason="住院", key=society.name())
    )


def miss(society: Society, member_id: str) -> str:
    """Let somebody claim a task and not come; return the claim."""
    task_id = society.publish(starts_in=timedelta(days=1))
    claim_id = society.claim(task_id, member_id).claim_id
    society.clock.advance(days=1, hours=2)
    society.close(task_id)
    return claim_id
