"""Afterwards: yesterday's activity in one call, older ones with two people, reviewed by another."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.people import members
from creditbank.people.errors import MemberSuspended, OtherCommunity
from creditbank.people.households import Standing
from creditbank.service import afterwards, evidence
from creditbank.service.afterwards import Noted
from creditbank.service.attendance_errors import Concerned, NotAfterwards, TooLongAgo, Unaccompanied
from creditbank.tasks import claims, edits, publishing
from creditbank.tasks.claim_errors import GuardianConsentMissing, Overlaps
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import NotedDown, OwnWork
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import TaskKind
from tests import families
from tests.integration.test_attendance import born, household
from tests.society import FIVE_EACH, ORGANISER, REVIEWER, SECOND, Society, as_member

DAY = timedelta(days=1)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def note(
    society: Society,
    people: Sequence[str],
    *,
    ended: timedelta = DAY,
    lasts: timedelta = timedelta(hours=2),
    actor: Actor = ORGANISER,
    **more: Any,
) -> Noted:
    """Note down what ended so long ago."""
    ends_at = society.clock.now() - ended
    said = {
        "title": "清扫",
        "category": society.category,
        "community_id": society.community_id,
        "place": "广场",
        "starts_at": ends_at - lasts,
        "ends_at": ends_at,
        "member_ids": tuple(people),
        "rewards": FIVE_EACH,
        "key": society.name(),
    }
    return society.by(actor, lambda unit: afterwards.note(unit, **(said | more)))


def confirm(society: Society, task_id: str, actor: Actor) -> Noted:
    """Confirm as the second person."""
    key = society.name()
    return society.by(actor, lambda unit: afterwards.confirm(unit, task_id=task_id, key=key))


def of_staff(member_id: str) -> Actor:
    """Somebody in office who is this resident, too."""
    return Actor(f"stf_{member_id}", "reviewer", member_id)


def test_yesterdays_activity_waits_for_another_reviewer(society: Society) -> None:
    """One call makes a task and a claim each, measured; who wrote it reviews none of it."""
    people = [society.member() for _ in range(3)]
    noted = note(society, people)
    assert (TaskState.CLOSED, 3) == (noted.state, len(noted.claim_ids))
    task = society.task(noted.task_id)
    assert (TaskKind.AFTERWARDS, 3, 3) == (task.kind, task.capacity, task.placed)
    found = [society.claim_of(one) for one in noted.claim_ids]
    assert people == [one.member_id for one in found]
    assert {(ClaimState.SIGNED_OUT, 120, SignedInHow.AFTERWARDS)} == {
        (one.state, one.measured_minutes, one.signed_in_how) for one in found
    }
    for actor in (ORGANISER, of_staff(people[1])):
        with pytest.raises(OwnWork):
            society.approve(noted.claim_ids[0], actor=actor)
    society.approve(noted.claim_ids[0])
    assert 5 == society.points(people[0])
    told = society.see(lambda view: notices.inbox(view, people[1])).notices
    assert ["noted-afterwards"] == [one.kind for one in told]
    assert [] == society.findings()


def test_the_same_call_is_one_activity(society: Society) -> None:
    """A double click notes nothing twice, and a second call overlaps the first."""
    people, key = [society.member()], society.name()
    first = note(society, people, key=key)
    assert first == note(society, people, key=key)
    with pytest.raises(Overlaps):
        note(society, people)


def test_nobody_was_in_two_places(society: Society) -> None:
    """One minute of overlap with anything anyone named did refuses the whole call."""
    busy, free = society.member(), society.member()
    task = society.task(society.publish())
    society.served(busy, task.task_id, minutes=60)
    society.clock.set(task.starts_at + DAY)
    before = society.count(claims.claims)
    ended = society.clock.now() - task.starts_at
    with pytest.raises(Overlaps):
        note(society, [free, busy], ended=ended - timedelta(minutes=1))
    assert before == society.count(claims.claims)
    assert 2 == len(note(society, [free, busy], ended=ended).claim_ids)


def test_seventy_three_hours_take_two_people(society: Society) -> None:
    """72 h alone; later a remark for all to read, and a second person who is not concerned."""
    people = [society.member() for _ in range(2)]
    assert TaskState.CLOSED == note(society, people, ended=timedelta(hours=72)).state
    with pytest.raises(TooLongAgo, match="72 hours"):
        note(society, people, ended=timedelta(hours=75))
    noted = note(society, people, ended=timedelta(hours=75), remark="当天停电，未能签到")
    assert TaskState.DRAFT == noted.state
    assert [noted.task_id] == society.see(afterwards.waiting)
    assert [] == society.see(partial(afterwards.waiting, within=("com_other",)))
    for claim_id in noted.claim_ids:
        with pytest.raises(StateConflict):
            society.approve(claim_id)
    key = society.name()
    with pytest.raises(BadField, match="past"):
        society.by(ORGANISER, lambda u: publishing.open_draft(u, task_id=noted.task_id, key=key))
    done = confirm(society, noted.task_id, REVIEWER)
    assert (TaskState.CLOSED, set(noted.claim_ids)) == (done.state, set(done.claim_ids))
    remark = society.see(lambda view: afterwards.find(view, noted.task_id))
    assert ("当天停电，未能签到", False, REVIEWER.id) == (
        remark.remark,
        remark.waits,
        remark.confirmed_by,
    )
    for actor in (ORGANISER, REVIEWER):
        with pytest.raises(OwnWork):
            society.approve(noted.claim_ids[0], actor=actor)
    assert 120 == society.approve(noted.claim_ids[0], actor=SECOND).minutes
    with pytest.raises(NotAfterwards):
        confirm(society, noted.task_id, SECOND)
    assert [] == society.findings()


def test_the_second_person_is_not_concerned(society: Society) -> None:
    """Neither who wrote it, nor who was there, nor who lives with one of them."""
    who, mate, stranger = (society.member() for _ in range(3))
    household(society, who, (mate, Standing.ADULT))
    noted = note(society, [who], ended=4 * DAY, remark="补录")
    for actor in (ORGANISER, of_staff(who), of_staff(mate)):
        with pytest.raises(Concerned):
            confirm(society, noted.task_id, actor)
    away = Actor("stf_away", "reviewer", communities=("com_other",))
    with pytest.raises(OtherCommunity):
        confirm(society, noted.task_id, away)
    assert TaskState.CLOSED == confirm(society, noted.task_id, of_staff(stranger)).state
    with pytest.raises(NotAfterwards):
        confirm(society, society.publish(), of_staff(stranger))


def test_a_draft_that_nobody_confirms_can_be_cancelled(society: Society) -> None:
    """Then it takes no time of anybody any more."""
    who = society.member()
    noted = note(society, [who], ended=4 * DAY, remark="补录")
    with pytest.raises(Overlaps):
        note(society, [who], ended=4 * DAY, remark="又补录")
    society.cancel(noted.task_id)
    assert [] == society.see(afterwards.waiting)
    with pytest.raises(NotAfterwards):
        confirm(society, noted.task_id, REVIEWER)
    assert ClaimState.WITHDRAWN == society.claim_of(noted.claim_ids[0]).state
    assert TaskState.DRAFT == note(society, [who], ended=4 * DAY, remark="又补录").state


def test_a_child_was_there_with_an_adult(society: Society) -> None:
    """A child whose guardian agreed is named together with an adult of the household."""
    adult, child = born(society, date(1980, 5, 5)), born(society, date(2016, 5, 5))
    household(society, adult, (child, Standing.CHILD))
    with pytest.raises(GuardianConsentMissing):
        note(society, [child, adult])
    families.agree_for(society, child, adult)
    with pytest.raises(Unaccompanied):
        note(society, [child])
    assert 2 == len(note(society, [child, adult]).claim_ids)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("ends_at", {"ended": -timedelta(minutes=1)}),
        ("ends_at", {"lasts": timedelta(0)}),
        ("ends_at", {"lasts": timedelta(hours=25)}),
        ("ends_at", {"ended": 367 * DAY, "remark": "补录"}),
        ("member_ids", {"member_ids": ()}),
        ("rewards", {"rewards": ()}),
        ("title", {"title": " "}),
        ("remark", {"remark": "\n"}),
    ],
)
def test_what_cannot_have_been_is_refused(
    society: Society, field: str, said: dict[str, Any]
) -> None:
    """To come, without length, too long, too long ago, nobody, twice, nothing: by name."""
    who = society.member()
    with pytest.raises(BadField, match=field):
        note(society, [who], **said)
    assert 0 == society.count(claims.claims)


def test_who_is_named_can_have_served(society: Society) -> None:
    """Nobody twice, nobody suspended, and only where the actor's role holds."""
    who = society.member()
    with pytest.raises(BadField, match="member_ids"):
        note(society, [who, who])
    away = Actor("stf_away", "organiser", communities=("com_other",))
    with pytest.raises(OtherCommunity):
        note(society, [who], actor=away)
    suspend = partial(members.suspend, member_id=who, key=society.name())
    society.by(ORGANISER, suspend)
    with pytest.raises(MemberSuspended):
        note(society, [who])


def test_evidence_is_added_to_what_was_noted(society: Society) -> None:
    """The writer adds notes, also while it waits for the second person."""
    noted = note(society, [society.member()], ended=4 * DAY, remark="补录")
    write = partial(
        evidence.write_note, claim_id=noted.claim_ids[0], text="有签名表", key=society.name()
    )
    society.by(ORGANISER, write)
    shown = society.see(lambda v: evidence.of_claim(v, ORGANISER, noted.claim_ids[0]))
    assert ["有签名表"] == [one.text for one in shown.notes]
    with pytest.raises(OwnWork):
        society.approve(note(society, [who := society.member()]).claim_ids[0], actor=as_member(who))


def test_what_was_noted_late_is_not_changed_or_published(society: Society) -> None:
    """Its time is over: moved ahead it would be confirmed before anybody served."""
    noted = note(society, [society.member()], ended=4 * DAY, remark="补录")
    ahead = society.clock.now() + DAY
    edit = partial(edits.edit, task_id=noted.task_id, starts_at=ahead, ends_at=ahead + DAY)
    with pytest.raises(NotedDown):
        society.by(ORGANISER, partial(edit, key=society.name()))
    assert TaskState.CLOSED == confirm(society, noted.task_id, REVIEWER).state
