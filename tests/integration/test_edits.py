"""Edits of a task that people have claimed: who is told, what stays, and what may not overlap."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.tasks import claiming, edits
from creditbank.tasks.claim_errors import CapacityTaken, Overlaps, PeopleSignedIn
from creditbank.tasks.states import ClaimState
from tests import families
from tests.society import ORGANISER, Society, as_member, outcomes

HOUR = timedelta(hours=1)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _edit(society: Society, task_id: str, **changes: Any) -> Any:
    return partial(edits.edit, task_id=task_id, key=society.name(), **changes)


def _told(society: Society, member_id: str) -> list[str]:
    return [one.kind for one in society.see(lambda v: notices.inbox(v, member_id)).notices]


def test_capacity_stays_above_the_places_taken(society: Society) -> None:
    """Fewer is refused with both figures; the same number is not."""
    task_id = society.publish(capacity=5)
    for _ in range(3):
        society.claim(task_id, society.member())
    with pytest.raises(CapacityTaken) as refused:
        society.by(ORGANISER, _edit(society, task_id, capacity=2))
    assert {"placed": 3, "capacity": 2, "task_id": task_id} == refused.value.figures
    assert "已有 3 个名额被认领，不能减少到 2 个" in refused.value.sentence("zh")
    society.by(ORGANISER, _edit(society, task_id, capacity=3))
    assert 3 == society.task(task_id).capacity


def test_another_time_or_place_is_told_to_everybody(society: Society) -> None:
    """Those with a place and those who wait are told; another title tells nobody."""
    task_id = society.publish(capacity=1, starts_in=24 * HOUR)
    people = [society.member(), society.member()]
    made = [society.claim(task_id, one, or_wait=True) for one in people]
    society.by(ORGANISER, _edit(society, task_id, title="巡查二队"))
    assert [[], []] == [_told(society, one) for one in people]
    start = society.task(task_id).starts_at
    changes: list[dict[str, Any]] = [
        {"place": "三号桥"},
        {"starts_at": start + HOUR, "ends_at": start + 3 * HOUR},
    ]
    for n, changed in enumerate(changes, 1):
        society.by(ORGANISER, _edit(society, task_id, **changed))
        assert [["task-changed"] * n] * 2 == [_told(society, one) for one in people]
    assert all(society.claim_of(one.claim_id).changed_at is not None for one in made)


def test_other_hours_put_nobody_in_two_places(society: Society) -> None:
    """Who is elsewhere then loses the place without a mark, and a child with its adult."""
    household_id, adult, child = families.family(society)
    single = society.member()
    moved = society.publish(starts_in=24 * HOUR)
    other = society.publish(starts_in=30 * HOUR)
    party = families.claim_family(society, moved, household_id, [adult, child])
    stays = society.claim(moved, single)
    society.claim(other, adult)
    start = society.task(other).starts_at
    society.by(ORGANISER, _edit(society, moved, starts_at=start - HOUR, ends_at=start + HOUR))
    assert [ClaimState.WITHDRAWN] * 2 == [society.claim_of(one).state for one in party.claim_ids]
    assert ClaimState.PLACED == society.claim_of(stays.claim_id).state
    assert 1 == society.task(moved).placed
    assert "task-moved-away" in _told(society, adult)
    assert "child-withdrawn" in _told(society, child)
    assert [] == society.findings()


def test_once_somebody_came_time_and_place_stay(society: Society) -> None:
    """The rest may still change."""
    task_id = society.publish()
    claim_id = society.claim(task_id, society.member()).claim_id
    society.clock.advance(minutes=30)
    society.sign_in(claim_id)
    end = society.task(task_id).ends_at
    for changes in ({"place": "三号桥"}, {"ends_at": end + HOUR}):
        with pytest.raises(PeopleSignedIn):
            society.by(ORGANISER, _edit(society, task_id, **changes))
    society.by(ORGANISER, _edit(society, task_id, capacity=20))
    assert ("二号桥", end) == (society.task(task_id).place, society.task(task_id).ends_at)


def test_moving_a_task_races_claims_elsewhere(society: Society) -> None:
    """However they fall together, nobody ends up in two places."""
    first, second = (society.publish(capacity=20, starts_in=n * HOUR) for n in (24, 30))
    people = [society.member() for _ in range(12)]
    for one in people:
        society.claim(first, one)
    start = society.task(second).starts_at
    futures = [
        society.submit(as_member(one), partial(claiming.claim, task_id=second, key=society.name()))
        for one in people
    ]
    moving = _edit(society, first, starts_at=start, ends_at=start + HOUR)
    futures.insert(6, society.submit(ORGANISER, moving))
    done, refused = outcomes(futures)
    assert {Overlaps} >= {type(one) for one in refused} - {type(None)}
    assert 13 == len(done) + len(refused)
    assert 12 <= society.task(first).placed + society.task(second).placed
    assert [] == society.findings()
