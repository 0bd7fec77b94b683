"""No-shows: what counts as an empty place, who waits behind others for it, and who excuses."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.people import members
from creditbank.people.errors import OtherCommunity
from creditbank.tasks import edits, no_shows
from creditbank.tasks.claim_errors import NothingMissed, OwnAbsence, Resting
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Terms
from tests import families, queues
from tests.society import ORGANISER, Society, as_member

HOUR = timedelta(hours=1)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _rests(society: Society, member_id: str) -> bool:
    return society.see(lambda v: no_shows.rest(v, [member_id])) is not None


def test_who_missed_three_times_waits_behind_all_others(society: Society) -> None:
    """They are told so, queue behind, and are placed after everybody else, near the start."""
    who = society.member()
    for expected in (False, False, True):
        families.miss(society, who)
        assert expected == _rests(society, who)
    kinds = [one.kind for one in society.see(lambda v: notices.inbox(v, who)).notices]
    assert (3, 1) == (kinds.count("no-show"), kinds.count("no-show-rest"))
    task_id = society.publish(capacity=1, starts_in=timedelta(days=3))
    with pytest.raises(Resting, match="3 times within 90 days") as refused:
        society.claim(task_id, who)
    assert "30 天内排在其他人之后" in refused.value.sentence("zh")
    rests = society.claim(task_id, who, or_wait=True)
    held = society.claim(task_id, society.member())
    assert (ClaimState.WAITING, ClaimState.PLACED) == (rests.state, held.state)
    later = society.claim(task_id, society.member(), or_wait=True)
    assert [later.position, rests.position] == queues.positions(society, task_id)
    society.withdraw(held.claim_id)
    society.fill(task_id)
    assert ClaimState.PLACED == society.claim_of(later.claim_id).state
    society.withdraw(later.claim_id)
    society.fill(task_id)
    assert ClaimState.WAITING == society.claim_of(rests.claim_id).state
    society.clock.advance(days=2, hours=13)
    society.fill(task_id)
    assert ClaimState.OFFERED == society.claim_of(rests.claim_id).state
    assert [] == society.findings()


def test_a_rest_ends(society: Society) -> None:
    """After the days of rest the next claim is like everybody's."""
    families.adopt(society, no_shows_most=1, no_show_rest_days=2)
    who = society.member()
    families.miss(society, who)
    society.clock.advance(days=2)
    assert ClaimState.PLACED == society.claim(society.publish(), who).state


def test_a_late_withdrawal_counts_and_frees_the_place(society: Society) -> None:
    """After the cut-off; not before it, nor within half an hour of getting the place."""
    families.adopt(society, no_shows_most=1)
    cut_off = society.clock.now() + timedelta(hours=20)
    terms = Terms(withdraw_until=cut_off)
    people = [society.member() for _ in range(3)]
    task_id = society.publish(capacity=3, starts_in=timedelta(days=1), terms=terms)
    early, late = (society.claim(task_id, one).claim_id for one in people[:2])
    society.clock.set(cut_off)
    society.withdraw(early)
    society.clock.advance(seconds=1)
    society.withdraw(late)
    regretted = society.claim(task_id, people[2]).claim_id
    society.clock.advance(minutes=30)
    society.withdraw(regretted)
    assert [False, True, False] == [_rests(society, one) for one in people]
    assert 0 == society.task(task_id).placed
    kinds = [one.kind for one in society.see(lambda v: notices.inbox(v, people[1])).notices]
    assert ["no-show-rest", "withdrew-late"] == sorted(kinds)


def test_taking_the_place_up_again_wipes_nothing_out(society: Society) -> None:
    """Who leaves late, claims again and leaves at once has left late; who then comes has not."""
    families.adopt(society, no_shows_most=2)
    people, task_id = [society.member() for _ in range(2)], society.publish(starts_in=2 * HOUR)
    leaves, comes = (society.claim(task_id, one).claim_id for one in people)
    society.clock.advance(minutes=31)
    for one, claim_id in zip(people, (leaves, comes), strict=True):
        society.withdraw(claim_id)
        society.claim(task_id, one)
    society.withdraw(leaves)
    society.clock.advance(minutes=89)
    society.sign_in(comes)
    for one in people:
        families.miss(society, one)
    assert [True, False] == [_rests(society, one) for one in people]


def test_nothing_counts_at_a_task_that_changed(society: Society) -> None:
    """Another place after the claim: leaving late or not coming is nobody's fault."""
    families.adopt(society, no_shows_most=1)
    leaves, stays = society.member(), society.member()
    task_id = society.publish(starts_in=timedelta(hours=3))
    first, second = (society.claim(task_id, one).claim_id for one in (leaves, stays))
    society.clock.advance(hours=1, minutes=30)
    society.by(ORGANISER, partial(edits.edit, task_id=task_id, place="三号桥", key=society.name()))
    society.withdraw(first)
    society.clock.advance(hours=4)
    society.close(task_id)
    assert ClaimState.WITHDRAWN == society.claim_of(second).state
    assert [False, False] == [_rests(society, one) for one in (leaves, stays)]
    assert [] == society.findings()


def test_nothing_counts_before_the_attendance_is_closed(society: Society) -> None:
    """Only the closing says that somebody did not come; a cancelled task says nothing."""
    families.adopt(society, no_shows_most=1)
    who, task_id = society.member(), society.publish()
    society.claim(task_id, who)
    society.clock.advance(hours=2)
    society.cancel(task_id)
    assert not _rests(society, who)


def test_the_organiser_excuses_with_a_reason(society: Society) -> None:
    """The absence counts no more and its place is given back; it is done once, and told."""
    families.adopt(society, no_shows_most=1)
    who = society.member()
    claim_id = families.miss(society, who)
    assert _rests(society, who)
    assert ClaimState.WITHDRAWN == families.excuse(society, claim_id).state
    assert not _rests(society, who)
    found = society.claim_of(claim_id)
    assert (None, True) == (found.missed_at, found.excused_at is not None)
    assert "住院" not in str(found.reason)
    with pytest.raises(NothingMissed):
        families.excuse(society, claim_id)
    assert [] == society.findings()


def test_nobody_excuses_themselves_or_their_household(society: Society) -> None:
    """Whoever benefits does not decide (law 7); nor does an office of elsewhere."""
    household_id, adult, _ = families.family(society)
    claim_id = families.miss(society, adult)
    mate = families.person(society, 44)
    families.join(society, household_id, mate)
    for one in (adult, mate):
        with pytest.raises(OwnAbsence):
            families.excuse(society, claim_id, by=Actor("stf_kin", "organiser", one))
    away = Actor("stf_away", "organiser", communities=("com_elsewhere",))
    with pytest.raises(OtherCommunity):
        families.excuse(society, claim_id, by=away)
    assert ClaimState.NO_SHOW == society.claim_of(claim_id).state


def test_a_second_row_does_not_wipe_absences_out(society: Society) -> None:
    """What one row of a person missed, the other one waits for."""
    families.adopt(society, no_shows_most=2)
    rows = [families.person(society, document="11010519491231002X") for _ in range(2)]
    for one in rows:
        families.miss(society, one)
    assert [True, True] == [_rests(society, one) for one in rows]
    assert not _rests(society, as_member(society.member()).id)


def test_absences_of_a_merged_row_go_on_counting(society: Society) -> None:
    """Whoever missed under a row that was merged rests under the one that is kept."""
    families.adopt(society, no_shows_most=2)
    old, kept = society.member(), society.member()
    families.miss(society, old)
    of = members.members.c
    merged = update(members.members).where(of.bank_id == society.bank_id, of.member_id == old)
    society.do(lambda u: u.run(merged.values(merged_into=kept)))
    assert kept not in society.see(lambda view: no_shows.resting(view, [kept]))
    families.miss(society, kept)
    assert 2 == society.see(lambda view: no_shows.resting(view, [kept]))[kept].missed
