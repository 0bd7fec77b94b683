"""Where roles hold: staff of one community do nothing in another, and don't see its people."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.identity.roles import Role
from creditbank.people import communities, members
from creditbank.people.errors import OtherCommunity
from creditbank.service import attendance, reviews, rolls
from creditbank.tasks import claiming, edits, endings, publishing, withdrawals
from tests import web
from tests.books import made_up
from tests.panels import seat
from tests.society import FIVE_EACH, ORGANISER, Society
from tests.web import Web

ELSEWHERE = Actor("stf_elsewhere", "reviewer", communities=(made_up("com", 7),))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _near(society: Society) -> Actor:
    """Someone whose role holds where the society's task and members are."""
    return Actor("stf_near", "organiser", communities=(society.community_id, "com_x"))


def _sees_to(society: Society, work: Callable[[Unit, str], Any]) -> Any:
    """Do something that is refused elsewhere, leaves nothing behind there, and is done here."""
    key = society.name()
    with pytest.raises(OtherCommunity):
        society.by(ELSEWHERE, lambda u: work(u, key))
    return society.by(_near(society), lambda u: work(u, key))


def test_tasks_are_kept_by_their_own_community(society: Society) -> None:
    """Published, opened, changed, cancelled and closed where the role holds only."""
    starts_at = society.clock.now() + timedelta(hours=1)
    draft = _sees_to(
        society,
        lambda u, key: publishing.publish(
            u,
            title="雨季巡查",
            category=society.category,
            community_id=society.community_id,
            place="二号桥",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            capacity=1,
            rewards=FIVE_EACH,
            key=key,
            draft=True,
        ),
    )
    _sees_to(society, lambda u, key: publishing.open_draft(u, task_id=draft, key=key))
    _sees_to(society, lambda u, key: edits.edit(u, task_id=draft, title="巡桥", key=key))
    assert "巡桥" == society.task(draft).title
    _sees_to(society, lambda u, key: endings.cancel(u, task_id=draft, reason="雨", key=key))
    other = society.publish()
    society.clock.advance(hours=4)
    _sees_to(society, lambda u, key: rolls.close(u, task_id=other, key=key))


def test_claims_and_attendance_are_noted_by_their_own_community(society: Society) -> None:
    """Claims for a member of the community, attendance at a task of it."""
    who, task_id = society.member(), society.publish()
    claim_id = _sees_to(
        society, lambda u, key: claiming.claim(u, task_id=task_id, member_id=who, key=key)
    ).claim_id
    _sees_to(society, lambda u, key: withdrawals.withdraw(u, claim_id=claim_id, key=key))
    society.claim(task_id, who)
    society.clock.advance(hours=1)
    _sees_to(society, lambda u, key: attendance.sign_in(u, claim_id=claim_id, key=key))
    society.clock.advance(hours=1)
    _sees_to(society, lambda u, key: attendance.sign_out(u, claim_id=claim_id, key=key))


def test_reviews_are_of_their_own_community(society: Society) -> None:
    """Approved, rejected and taken back by who holds the role where the task is."""
    first, second = (society.served(society.member()) for _ in "12")
    seat(society.database, society.bank_id, society.community_id)
    _sees_to(society, lambda u, key: reviews.reject(u, claim_id=first, reason="无", key=key))
    _sees_to(society, lambda u, key: reviews.approve(u, claim_id=second, key=key))
    with pytest.raises(OtherCommunity):
        society.withdraw_approval(second, ELSEWHERE)
    society.withdraw_approval(second)


def test_members_are_kept_by_their_own_community(society: Society) -> None:
    """Taken in, suspended and reinstated."""
    who = _sees_to(
        society,
        lambda u, key: members.register(u, name="张三", community_id=society.community_id, key=key),
    ).member_id
    _sees_to(society, lambda u, key: members.suspend(u, member_id=who, key=key))
    _sees_to(society, lambda u, key: members.reinstate(u, member_id=who, key=key))


def test_a_claim_of_ones_own_member_elsewhere_can_be_withdrawn(society: Society) -> None:
    """The office where the member lives claims and withdraws at another community's task."""
    key = society.name()
    home = society.by(ORGANISER, lambda u: communities.create(u, name="青竹社区", key=key))
    office = Actor("stf_home", "organiser", communities=(home,))
    keys = [society.name() for _ in range(3)]
    who = society.by(
        office, lambda u: members.register(u, name="王五", community_id=home, key=keys[0])
    ).member_id
    task_id = society.publish()
    claim_id = society.by(
        office, lambda u: claiming.claim(u, task_id=task_id, member_id=who, key=keys[1])
    ).claim_id
    society.by(office, lambda u: withdrawals.withdraw(u, claim_id=claim_id, key=keys[2]))
    society.claim(task_id, who)
    society.clock.advance(hours=1)
    with pytest.raises(OtherCommunity):
        society.by(office, lambda u: attendance.sign_in(u, claim_id=claim_id, key=society.name()))


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def test_lists_leave_other_communities_out(api: Web) -> None:
    """Members, the review queue, a task's roster and drafts; open tasks are everybody's."""
    member_id, token = api.member()
    home = api.get(f"/members/{member_id}", token).json()["community_id"]
    claim = api.served(token)
    for one in api.get("/communities", token).json():
        seat(api.database, api.bank.bank_id, one["community_id"])
    shown = api.get(f"/members/{member_id}/claims", token).json()["items"][0]
    task = api.get(f"/tasks/{shown['task_id']}", token).json()
    draft = api.publish(draft=True, community_id=task["community_id"])
    api.publish(community_id=task["community_id"])
    scenes = [
        (api.token(Role.COMMUNITY_HEAD, community_id=home), [member_id], [], [claim], 1),
        (
            api.token(Role.COMMUNITY_HEAD, community_id=task["community_id"]),
            [],
            [claim],
            [claim],
            1,
        ),
        (api.token(Role.COMMUNITY_HEAD, community_id=api.community()), [], [], [], 1),
        (api.token(Role.COMMUNITY_HEAD), [member_id], [claim], [claim], 1),
    ]
    for token, people, queue, roster, tasks_seen in scenes:
        listed = api.get("/members", token).json()["items"]
        assert people == [one["member_id"] for one in listed]
        waiting = api.get("/reviews", token).json()["items"]
        assert queue == [one["claim_id"] for one in waiting]
        taking_part = api.get(f"/tasks/{task['task_id']}/claims", token).json()
        assert roster == [one["claim_id"] for one in taking_part]
        assert tasks_seen == len(api.get("/tasks", token).json()["items"])
    keeper = {
        where: api.token(Role.ORGANISER, community_id=where)
        for where in (task["community_id"], home)
    }
    found = [api.get(f"/tasks/{draft}", one).status_code for one in keeper.values()]
    assert [200, 404] == found
    drafts = [
        draft in [one["task_id"] for one in api.get("/tasks", one, upcoming=False).json()["items"]]
        for one in keeper.values()
    ]
    assert [True, False] == drafts


def test_what_is_personal_is_refused_to_other_communities(api: Web) -> None:
    """A member, what they have, what moved it, and what they take part in: 403 by name."""
    member_id, token = api.member("赵云长")
    home = api.get(f"/members/{member_id}", token).json()["community_id"]
    near = api.token(Role.ORGANISER, community_id=home)
    far = api.token(Role.ORGANISER, community_id=api.community())
    for path in ("", "/balances", "/statement?asset=XYB", "/claims"):
        assert 200 == api.get(f"/members/{member_id}{path}", near).status_code
        refused = api.get(f"/members/{member_id}{path}", far)
        assert (403, "/problems/other-community") == (refused.status_code, refused.json()["type"])
        assert "赵" not in refused.text
    number = api.get(f"/members/{member_id}", near).json()["number"]
    for who, expected in ((near, 1), (far, 0)):
        assert expected == len(api.get("/members", who, number=number).json()["items"])
