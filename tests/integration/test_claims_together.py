"""Claims of families and teams: for whom a task is, who is named, and who accompanies whom."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, CreditbankError
from creditbank.core.states import StateConflict
from creditbank.people import communities, consents, members
from creditbank.people.errors import MemberSuspended, NotYours
from creditbank.tasks import parties
from creditbank.tasks.claim_errors import (
    AgeUnfit,
    AgeUnknown,
    ChildAlone,
    ChildStays,
    ClaimsClosed,
    GuardianConsentMissing,
    NotLeading,
    NotNeighbour,
    NotOfFamily,
    NotOfTeam,
    NotOpenTo,
    Overlaps,
    SkillsMissing,
    TooFewPlaces,
)
from creditbank.tasks.errors import AlreadyClaimed
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Audience, CapacityUnit, Party, Terms
from tests import families
from tests.society import ORGANISER, Society, as_member

FAMILIES = Terms(capacity_unit=CapacityUnit.FAMILY)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def test_a_family_takes_a_place_for_each_or_one_in_all(society: Society) -> None:
    """Three people are three claims and, as the task counts, three places or one."""
    household_id, adult, child = families.family(society)
    other = families.person(society, 70)
    for n, (terms, expected) in enumerate(((Terms(), 2), (FAMILIES, 1))):
        task_id = society.publish(capacity=3, terms=terms, starts_in=timedelta(days=1 + n))
        made = families.claim_family(society, task_id, household_id, [adult, child])
        assert expected == society.task(task_id).placed
        assert 2 == len(made.claim_ids)
        party = society.see(lambda v, made=made: parties.find(v, made.party_id))
        assert (Party.FAMILY, adult, task_id) == (party.kind, party.leader_id, party.task_id)
        society.claim(task_id, other)
        assert expected + 1 == society.task(task_id).placed
        society.withdraw(made.claim_ids[1])
        assert 2 == society.task(task_id).placed
        families.withdraw_party(society, made.party_id)
        assert 1 == society.task(task_id).placed
    assert [] == society.findings()


def test_a_family_names_who_is_in_it_now(society: Society) -> None:
    """Who has left, was never in it, or speaks for another is refused by name; nothing is kept."""
    household_id, adult, child = families.family(society)
    left = families.person(society, 30)
    families.join(society, household_id, left)
    families.move_out(society, household_id, left)
    task_id = society.publish()
    for people, speaker in (([adult, left], adult), ([adult, families.person(society)], adult)):
        with pytest.raises(NotOfFamily) as refused:
            families.claim_family(society, task_id, household_id, people, by=as_member(speaker))
        assert people[1] == refused.value.member_id
    for speaker in (left, child):
        with pytest.raises(NotYours):
            families.claim_family(
                society, task_id, household_id, [adult, child], by=as_member(speaker)
            )
    with pytest.raises(BadField, match="member_ids"):
        families.claim_family(society, task_id, household_id, [adult, adult])
    assert 0 == society.count(parties.parties) == society.task(task_id).placed
    families.claim_family(society, task_id, household_id, [adult, child], by=ORGANISER)


def test_a_team_is_claimed_for_by_its_leader(society: Society) -> None:
    """The leader names members of the team; others do not, and nobody else is named."""
    leader, one, stranger = (families.person(society, 30) for _ in range(3))
    team_id, task_id = families.team(society, leader, one), society.publish()
    with pytest.raises(NotYours):
        families.claim_team(society, task_id, team_id, [one], by=as_member(one))
    with pytest.raises(NotOfTeam):
        families.claim_team(society, task_id, team_id, [one, stranger], by=as_member(leader))
    with pytest.raises(BadField, match="leader_id"):
        families.claim_team(society, task_id, team_id, [one], by=as_member(leader))
    made = families.claim_team(society, task_id, team_id, [one, leader], by=as_member(leader))
    assert 2 == society.task(task_id).placed
    with pytest.raises(AlreadyClaimed):
        society.claim(task_id, one)
    with pytest.raises(NotLeading):
        families.withdraw_party(society, made.party_id, by=as_member(one))
    families.withdraw_party(society, made.party_id, by=as_member(leader))
    assert 0 == society.task(task_id).placed


def test_everybody_named_must_be_free_and_active(society: Society) -> None:
    """One who is elsewhere, takes part already or is suspended keeps all of them out."""
    household_id, adult, child = families.family(society)
    busy = society.publish()
    society.claim(busy, adult)
    with pytest.raises(Overlaps) as refused:
        families.claim_family(society, society.publish(), household_id, [adult, child])
    assert (adult, busy) == (refused.value.member_id, refused.value.task_id)
    with pytest.raises(AlreadyClaimed):
        families.claim_family(society, busy, household_id, [adult, child])
    society.by(ORGANISER, partial(members.suspend, member_id=child, key=society.name()))
    later = society.publish(starts_in=timedelta(days=2))
    with pytest.raises(MemberSuspended):
        families.claim_family(society, later, household_id, [adult, child])
    assert [] == society.findings()


def _refused(society: Society, task_id: str, who: str) -> CreditbankError:
    with pytest.raises(CreditbankError) as refused:
        society.claim(task_id, who)
    return refused.value


def test_an_audience_keeps_others_out_in_words(society: Society) -> None:
    """As what they come, age, skills and neighbourhood: each rule has an error of its own."""
    who = families.person(society, 30)
    cases: list[tuple[Audience, str, type[CreditbankError]]] = [
        (Audience(open_to=(Party.FAMILY,)), who, NotOpenTo),
        (Audience(age_from=31), who, AgeUnfit),
        (Audience(age_below=30), who, AgeUnfit),
        (Audience(age_from=18), families.person(society), AgeUnknown),
        (Audience(skills=("first-aid",)), who, SkillsMissing),
    ]
    for audience, one, expected in cases:
        refused = _refused(society, society.publish(audience=audience), one)
        assert expected is type(refused), refused
        assert all(word not in refused.sentence("zh") for word in ("{", "None"))
    families.skilled(society, who, "first-aid")
    fits = Audience(open_to=(Party.PERSON,), age_from=30, age_below=31, skills=("first-aid",))
    assert ClaimState.PLACED == society.claim(society.publish(audience=fits), who).state


def test_the_age_is_that_of_the_day_of_the_task(society: Society) -> None:
    """Who turns so old by then may claim today."""
    today = society.clock.now().date()
    born_on = (today + timedelta(days=5)).replace(year=today.year - 18)
    made = society.by(
        ORGANISER,
        partial(
            members.register,
            name="小赵",
            community_id=society.community_id,
            born_on=born_on,
            key=society.name(),
        ),
    )
    grown = Audience(age_from=18)
    early = society.publish(audience=grown, starts_in=timedelta(days=1))
    assert isinstance(_refused(society, early, made.member_id), AgeUnfit)
    late = society.publish(audience=grown, starts_in=timedelta(days=6))
    assert ClaimState.PLACED == society.claim(late, made.member_id).state


def test_neighbours_only(society: Society) -> None:
    """A task of its own community takes nobody from another one."""
    task_id = society.publish(audience=Audience(neighbours_only=True))
    home = society.community_id
    society.community_id = society.by(
        ORGANISER, partial(communities.create, name="绿杨社区", key=society.name())
    )
    stranger, society.community_id = society.member(), home
    assert isinstance(_refused(society, task_id, stranger), NotNeighbour)
    assert ClaimState.PLACED == society.claim(task_id, society.member()).state


def test_the_deadline_ends_claiming(society: Society) -> None:
    """At the deadline nobody claims any more, though there are places."""
    until = society.clock.now() + timedelta(minutes=30)
    task_id = society.publish(terms=Terms(claims_until=until))
    society.claim(task_id, society.member())
    society.clock.set(until)
    with pytest.raises(ClaimsClosed):
        society.claim(task_id, society.member())


def test_a_child_does_not_come_alone(society: Society) -> None:
    """It comes in the same party, or when its adult has a place; from 14 on it comes alone."""
    household_id, adult, child = families.family(society)
    task_id = society.publish()
    refused = _refused(society, task_id, child)
    assert isinstance(refused, ChildAlone)
    with pytest.raises(ChildAlone):
        families.claim_family(society, task_id, household_id, [child], by=as_member(adult))
    society.claim(task_id, adult)
    assert ClaimState.PLACED == society.claim(task_id, child).state
    youth = families.person(society, 15)
    assert ClaimState.PLACED == society.claim(task_id, youth).state


def test_an_adult_does_not_leave_the_child_there(society: Society) -> None:
    """Withdrawing alone is refused, until the child is withdrawn or another adult has a place."""
    household_id, adult, child = families.family(society)
    second = families.person(society, 66)
    families.join(society, household_id, second)
    task_id = society.publish()
    made = families.claim_family(society, task_id, household_id, [adult, child])
    own = next(one for one in made.claim_ids if society.claim_of(one).member_id == adult)
    with pytest.raises(ChildStays):
        society.withdraw(own)
    assert ClaimState.PLACED == society.claim_of(own).state
    society.claim(task_id, second)
    assert ClaimState.WITHDRAWN == society.withdraw(own).state
    assert 2 == society.task(task_id).placed


def test_a_child_needs_its_guardians_consent(society: Society) -> None:
    """Without the consent in force the child is refused, with its adult or not."""
    household_id, adult, child = families.family(society)
    society.by(
        ORGANISER,
        partial(
            consents.withdraw,
            member_id=child,
            purpose=consents.SERVICE,
            understood=True,
            key=society.name(),
        ),
    )
    with pytest.raises(GuardianConsentMissing):
        families.claim_family(society, society.publish(), household_id, [adult, child])


def test_more_people_than_places(society: Society) -> None:
    """They are told how many there are, and wait only if all could ever fit."""
    household_id, adult, child = families.family(society)
    task_id = society.publish(capacity=2)
    society.claim(task_id, society.member())
    claims: list[Callable[[], object]] = [
        lambda: families.claim_family(society, task_id, household_id, [adult, child]),
        lambda: families.claim_family(
            society, society.publish(capacity=1), household_id, [adult, child], or_wait=True
        ),
    ]
    for claiming in claims:
        with pytest.raises(TooFewPlaces):
            claiming()
    waits = families.claim_family(society, task_id, household_id, [adult, child], or_wait=True)
    assert (ClaimState.WAITING, 1) == (waits.state, waits.position)
    assert [] == society.findings()


def test_two_rows_of_one_person_are_in_one_place(society: Society) -> None:
    """A second account with the same document does not serve at the same time."""
    rows = [families.person(society, document="11010519491231002X") for _ in range(2)]
    society.claim(society.publish(), rows[0])
    assert isinstance(_refused(society, society.publish(), rows[1]), Overlaps)


def test_time_that_was_served_is_taken_as_it_was(society: Society) -> None:
    """Who left early is free from then on; who is still there is not, till the end."""
    who = society.member()
    first = society.publish(lasts=timedelta(hours=3))
    claim_id = society.claim(first, who).claim_id
    second = society.publish(starts_in=timedelta(hours=2), lasts=timedelta(hours=3))
    society.clock.advance(hours=1)
    society.sign_in(claim_id)
    society.clock.advance(minutes=30)
    assert isinstance(_refused(society, second, who), Overlaps)
    society.sign_out(claim_id)
    assert ClaimState.PLACED == society.claim(second, who).state
    assert [] == society.findings()


def test_a_party_whose_people_came_again_has_nobody_to_withdraw(society: Society) -> None:
    """Their claims are of the later party; the first one ends nothing of it."""
    home, adult, child = families.family(society)
    task_id = society.publish()
    first = families.claim_family(society, task_id, home, [adult, child])
    families.withdraw_party(society, first.party_id)
    again = families.claim_family(society, task_id, home, [adult, child])
    with pytest.raises(StateConflict):
        families.withdraw_party(society, first.party_id)
    assert 2 == society.task(task_id).placed
    assert again.party_id == families.withdraw_party(society, again.party_id).party_id
