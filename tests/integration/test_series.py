"""Series and copies: published at once, changed and cancelled from one on, copied to other days."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.units import Actor
from creditbank.people.errors import OtherCommunity
from creditbank.tasks import cancellations, copies, edits, repeats, series, series_changes, tasks
from creditbank.tasks.claim_errors import CapacityTaken
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.repeats import Repeat
from creditbank.tasks.series import Altered, Published
from creditbank.tasks.series_errors import EndlessRepeat, SeriesNotFound
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Task
from tests.society import FIVE_EACH, ORGANISER, Society

ZONE = ZoneInfo("Asia/Shanghai")
TUESDAYS_AND_FRIDAYS = "FREQ=WEEKLY;BYDAY=TU,FR;UNTIL=20260630"
FARAWAY = Actor("stf_far", "organiser", communities=("com_elsewhere",))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society on both databases."""
    return Society(database, clock)


def published(
    society: Society, rule: str = "FREQ=DAILY;COUNT=4", actor: Actor = ORGANISER, **more: Any
) -> Published:
    """A series from the next day on, at seven in the evening for an hour."""
    repeat = Repeat(
        rule=rule,
        first_on=more.pop("first_on", date(2026, 3, 2)),
        starts=time(19),
        lasts_minutes=60,
        left_out=more.pop("left_out", ()),
    )
    said = {
        "repeat": repeat,
        "title": "夜间巡逻",
        "category": society.category,
        "community_id": society.community_id,
        "place": "东门",
        "capacity": 3,
        "rewards": FIVE_EACH,
        "key": society.name(),
    }
    return society.by(actor, lambda unit: series.publish(unit, **said | more))


def of(society: Society, made: Published) -> list[Task]:
    """The tasks of a series."""
    return society.see(lambda view: series.tasks_of(view, made.series_id))


def change(society: Society, made: Published, number: int, **values: Any) -> Altered:
    """Change a series from one of its tasks on."""
    key, first = society.name(), made.task_ids[number]
    return society.by(
        ORGANISER,
        lambda unit: series_changes.change(
            unit, series_id=made.series_id, from_task_id=first, key=key, **values
        ),
    )


def cancel(society: Society, made: Published, number: int, actor: Actor = ORGANISER) -> Altered:
    """Cancel a series from one of its tasks on."""
    key, first = society.name(), made.task_ids[number]
    return society.by(
        actor,
        lambda unit: series_changes.cancel(
            unit, series_id=made.series_id, from_task_id=first, reason="停办", key=key
        ),
    )


def told(society: Society, member_id: str) -> list[str]:
    """The kinds of what a member was told, oldest first."""
    inbox = society.see(lambda view: notices.inbox(view, member_id))
    return [one.kind for one in reversed(inbox.notices)]


def local(task: Task) -> str:
    """When a task starts, on the bank's clocks."""
    return f"{task.starts_at.astimezone(ZONE):%m-%d %H:%M}"


def test_a_series_is_published_at_once(society: Society) -> None:
    """Every Tuesday and Friday until June, holidays left out, deadlines before each start."""
    made = published(
        society,
        TUESDAYS_AND_FRIDAYS,
        left_out=(date(2026, 5, 1),),
        claims_close_minutes=120,
    )
    found = of(society, made)
    assert (34, list(made.task_ids)) == (len(found), [one.task_id for one in found])
    assert ["03-03 19:00", "06-30 19:00"] == [local(found[0]), local(found[-1])]
    assert {timedelta(hours=1)} == {one.ends_at - one.starts_at for one in found}
    assert {timedelta(hours=2)} == {
        one.starts_at - (one.terms.claims_until or one.ends_at) for one in found
    }
    assert {(made.series_id, TaskState.OPEN)} == {(one.series_id, one.state) for one in found}
    kept = society.see(lambda view: series.find(view, made.series_id)).repeat
    assert (TUESDAYS_AND_FRIDAYS, (date(2026, 5, 1),)) == (kept.rule, kept.left_out)


def test_a_year_of_days_is_one_unit(society: Society) -> None:
    """As many as a rule may have are written in a few statements, in one unit."""
    made = published(society, "FREQ=DAILY;UNTIL=20270303")
    assert 367 == len(made.task_ids)
    assert 367 == cancel(society, made, 0).altered
    assert {TaskState.CANCELLED} == {one.state for one in of(society, made)}


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ("FREQ=DAILY", EndlessRepeat),
        ("FREQ=DAILY;COUNT=1000000", EndlessRepeat),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=2", BadField),
    ],
)
def test_nothing_is_left_of_a_refused_rule(
    society: Society, rule: str, error: type[Exception]
) -> None:
    """A rule without end publishes nothing."""
    with pytest.raises(error):
        published(society, rule)
    assert (0, 0) == (society.count(tasks.tasks), society.count(series.series))


def test_a_series_begins_in_the_future_and_at_home(society: Society) -> None:
    """Its first time is not past, and the office publishes in its own communities."""
    with pytest.raises(BadField, match="ends_at"):
        published(society, first_on=date(2026, 2, 27))
    with pytest.raises(OtherCommunity):
        published(society, actor=FARAWAY)
    made = published(society)
    with pytest.raises(OtherCommunity):
        cancel(society, made, 0, actor=FARAWAY)


def test_drafts_are_opened_together(society: Society) -> None:
    """What was kept as drafts is published in one call."""
    made = published(society, draft=True)
    assert {TaskState.DRAFT} == {one.state for one in of(society, made)}
    key = society.name()
    opened = society.by(
        ORGANISER, lambda unit: series.open_drafts(unit, series_id=made.series_id, key=key)
    )
    assert (4, 0) == (opened.altered, opened.kept)
    assert {TaskState.OPEN} == {one.state for one in of(society, made)}


def test_this_and_later_ones_are_changed(society: Society) -> None:
    """Earlier ones stay; whoever claimed a changed one is told, and deadlines move along."""
    made = published(society, claims_close_minutes=30)
    early, late = society.member(), society.member()
    society.claim(made.task_ids[0], early)
    society.claim(made.task_ids[2], late)
    altered = change(society, made, 1, starts=time(18, 30), place="西门", lasts_minutes=90)
    assert (3, 0) == (altered.altered, altered.kept)
    found = of(society, made)
    assert ["03-02 19:00", "03-03 18:30", "03-04 18:30", "03-05 18:30"] == [*map(local, found)]
    assert ["东门", "西门", "西门", "西门"] == [one.place for one in found]
    assert timedelta(minutes=30) == found[2].starts_at - (found[2].terms.claims_until or 0)
    assert timedelta(minutes=90) == found[2].ends_at - found[2].starts_at
    assert ([], ["task-changed"]) == (told(society, early), told(society, late))


def test_who_is_elsewhere_at_the_new_time_loses_the_place(society: Society) -> None:
    """A changed series puts nobody in two places at once."""
    made, who = published(society), society.member()
    claim_id = society.claim(made.task_ids[1], who).claim_id
    at = datetime.fromisoformat("2026-03-03T15:00:00+08:00")
    other = society.publish(starts_in=at - society.clock.now())
    society.claim(other, who)
    change(society, made, 0, starts=time(15, 30))
    assert ClaimState.WITHDRAWN == society.claim_of(claim_id).state
    assert (0, ["task-moved-away"]) == (society.task(made.task_ids[1]).placed, told(society, who))


def test_capacity_of_a_series_never_falls_below_the_places_taken(society: Society) -> None:
    """The one task that is fuller keeps the whole series as it is."""
    made = published(society)
    for _ in range(2):
        society.claim(made.task_ids[3], society.member())
    with pytest.raises(CapacityTaken):
        change(society, made, 0, capacity=1)
    assert {3} == {one.capacity for one in of(society, made)}
    assert 4 == change(society, made, 0, capacity=2).altered


def test_this_and_later_ones_are_cancelled(society: Society) -> None:
    """What somebody has signed in to stays; claims of the others end, everybody is told."""
    made, who, signed_in = published(society), society.member(), society.member()
    later = society.claim(made.task_ids[2], who).claim_id
    today = society.claim(made.task_ids[0], signed_in).claim_id
    society.clock.set(datetime.fromisoformat("2026-03-02T18:30:00+08:00"))
    society.sign_in(today)
    altered = cancel(society, made, 0)
    assert (3, 1) == (altered.altered, altered.kept)
    states = [one.state for one in of(society, made)]
    assert [TaskState.OPEN, *[TaskState.CANCELLED] * 3] == states
    assert (ClaimState.WITHDRAWN, 0) == (
        society.claim_of(later).state,
        society.task(made.task_ids[2]).placed,
    )
    assert (["claim-cancelled"], []) == (told(society, who), told(society, signed_in))
    assert [] == society.findings()


def test_one_of_a_series_is_changed_alone(society: Society) -> None:
    """It is a task like any other: the rest does not move."""
    made, key = published(society), society.name()
    society.by(ORGANISER, lambda u: edits.edit(u, task_id=made.task_ids[1], place="南门", key=key))
    society.cancel(made.task_ids[2])
    found = of(society, made)
    assert ["东门", "南门", "东门", "东门"] == [one.place for one in found]
    assert [TaskState.CANCELLED] == [one.state for one in found if one.state is not TaskState.OPEN]


def test_a_task_of_another_series_is_not_found(society: Society) -> None:
    """The task to begin with is of the series, and the series of the bank."""
    made, other = published(society), published(society)
    with pytest.raises(TaskNotFound):
        cancel(society, Published(made.series_id, other.task_ids), 0)
    with pytest.raises(SeriesNotFound):
        cancel(society, Published("ser_gone", made.task_ids), 0)


def test_cancelling_knows_every_state_that_hopes(society: Society) -> None:
    """Whoever has or awaits a place is expected, and nobody else."""
    expected = {ClaimState.WAITING, ClaimState.OFFERED, ClaimState.PLACED}
    assert expected == set(cancellations.EXPECTED)
    assert society.bank_id


def copied(society: Society, task_id: str, *days: str) -> list[Task]:
    """Copies of a task on other days."""
    key, on = society.name(), [date.fromisoformat(one) for one in days]
    made = society.by(ORGANISER, lambda u: copies.copy(u, task_id=task_id, days=on, key=key))
    return [society.task(one) for one in made.task_ids]


def test_a_task_is_copied_to_other_days(society: Society) -> None:
    """Same words, rewards and time of day; nobody has claimed the copy."""
    task_id = society.publish()
    society.claim(task_id, society.member())
    model, found = society.task(task_id), copied(society, task_id, "2026-03-09", "2026-03-05")
    assert ["03-05 10:00", "03-09 10:00"] == [*map(local, found)]
    assert [(model.title, model.rewards, 0)] * 2 == [(t.title, t.rewards, t.placed) for t in found]


@pytest.mark.parametrize("days", [[], ["2026-03-05"] * 2, ["2026-02-01"]])
def test_copies_that_cannot_be(society: Society, days: list[str]) -> None:
    """No day, a day twice, a day that is past."""
    task_id = society.publish()
    with pytest.raises(BadField):
        copied(society, task_id, *days)
    assert 1 == society.count(tasks.tasks)


def copied_week(society: Society, to_week_on: date) -> list[Task]:
    """Drafts like the plan of the first week of March."""
    key = society.name()
    made = society.by(
        ORGANISER,
        lambda unit: copies.copy_week(
            unit,
            community_id=society.community_id,
            week_on=date(2026, 3, 2),
            to_week_on=to_week_on,
            key=key,
            draft=True,
        ),
    )
    return [society.task(one) for one in made.task_ids]


def test_last_weeks_plan_is_copied(society: Society) -> None:
    """What was cancelled or drafted is left out; the rest comes on the same weekdays."""
    made = published(society, "FREQ=DAILY;COUNT=7")
    society.publish(starts_in=timedelta(days=2), draft=True)
    cancel(society, made, 5)
    for week in (date(2026, 3, 2), date(2026, 3, 10)):
        with pytest.raises(BadField, match="to_week_on"):
            copied_week(society, week)
    found = copied_week(society, date(2026, 3, 16))
    expected = [f"03-{day} 19:00" for day in (16, 17, 18, 19, 20)]
    assert (expected, {TaskState.DRAFT}) == ([*map(local, found)], {one.state for one in found})


def test_a_plan_is_copied_over_a_change_of_clocks() -> None:
    """Where clocks change, the copy is at the same time of day."""
    before = repeats.at(date(2026, 3, 27), time(19), "Europe/Berlin")
    after = repeats.at(date(2026, 4, 3), time(19), "Europe/Berlin")
    assert timedelta(days=7, hours=-1) == after - before
