"""Second rows: one person with two rows serves once, and has the caps of one."""

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.service import afterwards
from creditbank.service.afterwards import Noted
from creditbank.tasks.claim_errors import Overlaps
from tests import families
from tests.books import POINTS
from tests.integration.test_afterwards import note
from tests.society import FIVE_EACH, ORGANISER, REVIEWER, Society, outcomes

DOCUMENT = "11010519491231002X"
HOUR = timedelta(hours=1)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _both(society: Society) -> tuple[str, str]:
    return families.person(society, 40, DOCUMENT), families.person(society, 40, DOCUMENT)


def test_one_person_is_at_a_task_once(society: Society) -> None:
    """Neither one row after the other, nor both in a family's claim, nor both in one note."""
    one, other = _both(society)
    task_id, home = society.publish(), families.household(society, one, other)
    together: list[Callable[[], object]] = [
        partial(families.claim_family, society, task_id, home, [one, other]),
        partial(note, society, [one, other]),
    ]
    for both in together:
        with pytest.raises(BadField, match="member_ids"):
            both()
    society.claim(task_id, one)
    with pytest.raises(Overlaps):
        society.claim(task_id, other)
    assert 1 == society.task(task_id).placed


def test_two_notes_of_one_person_race(society: Society) -> None:
    """Whoever is first has noted it; the other row was elsewhere."""

    def noting(who: str, ends_at: datetime) -> Future[Noted]:
        work = partial(
            afterwards.note,
            title="清扫",
            category=society.category,
            community_id=society.community_id,
            place="广场",
            starts_at=ends_at - HOUR,
            ends_at=ends_at,
            member_ids=(who,),
            rewards=FIVE_EACH,
            key=society.name(),
        )
        return society.submit(ORGANISER, work)

    rows = _both(society)
    for hours in (2, 4, 6, 8):
        ends_at = society.clock.now() - hours * HOUR
        done, refused = outcomes([noting(row, ends_at) for row in rows])
        assert (1, [Overlaps]) == (len(done), [type(one) for one in refused])


def test_one_person_has_one_cap(society: Society) -> None:
    """What came in for one row counts for the other: before, in the preview, and given back."""
    rules = {"asset": POINTS, "reward_most": 10, "cap_day": 6, "over_cap": "refused"}
    families.adopt(society, assets=[rules])
    one, other = _both(society)
    first = society.served(one, minutes=30)
    society.clock.advance(hours=3)
    second = society.served(other, minutes=30)
    society.approve(first)
    assert 1 == sum(part.units for part in society.approve(second, actor=REVIEWER).earned)
    assert (5, 1) == (society.points(one), society.points(other))
    society.withdraw_approval(first)
    society.clock.advance(hours=3)
    society.approve(society.served(one, minutes=30))
    assert 6 == society.points(one) + society.points(other)
    assert [] == society.findings()
