"""Tasks: what may be published, where a task stands, how it ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import AssetNotFound, BadAmount, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Unit
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts
from creditbank.people.errors import CommunityNotFound
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories, claims, publishing, tasks
from creditbank.tasks.errors import (
    AlreadyClaimed,
    CategoryExists,
    CategoryNotFound,
    TaskNotFound,
    TaskServed,
)
from creditbank.tasks.states import TASK, ClaimState, TaskState
from tests.books import POINTS, made_up
from tests.society import FIVE_EACH, ORGANISER, Society

HOUR = timedelta(hours=1)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _publish(society: Society, **changed: Any) -> str:
    now = society.clock.now()
    said: dict[str, Any] = {
        "title": "菜篮子",
        "category": society.category,
        "community_id": society.community_id,
        "place": "菜市场",
        "starts_at": now + HOUR,
        "ends_at": now + 3 * HOUR,
        "capacity": 3,
        "rewards": FIVE_EACH,
        "key": society.name(),
    } | changed
    return society.by(ORGANISER, lambda unit: publishing.publish(unit, **said))


UNUSABLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("title", {"title": " "}),
    ("title", {"title": "x" * 81}),
    ("place", {"place": ""}),
    ("capacity", {"capacity": 0}),
    ("capacity", {"capacity": True}),
    ("capacity", {"capacity": 1.5}),
    ("capacity", {"capacity": 10_001}),
    ("rewards", {"rewards": ()}),
    ("rewards", {"rewards": (*FIVE_EACH, *FIVE_EACH)}),
    ("rewards", {"rewards": (Reward("CNY", 1, Per.PERSON),)}),
    ("starts_at", {"starts_at": datetime(2026, 3, 2)}),  # noqa: DTZ001 - that is the fault
    ("ends_at", {"ends_at": datetime.fromisoformat("2026-03-01T09:30:00+08:00")}),
    ("ends_at", {"ends_at": datetime.fromisoformat("2026-05-01T09:30:00+08:00")}),
    (
        "ends_at",
        {
            "starts_at": datetime.fromisoformat("2026-02-01T08:00:00+08:00"),
            "ends_at": datetime.fromisoformat("2026-02-01T09:00:00+08:00"),
        },
    ),
)


def test_an_unusable_field_is_named(society: Society) -> None:
    """What cannot be published is refused with the name of the field, and nothing is kept."""
    society.do(lambda u: accounts.create_asset(u, Asset("CNY", "元", 2, AssetKind.MONEY)))
    for field, changed in UNUSABLE:
        with pytest.raises(BadField) as refused:
            _publish(society, **changed)
        assert field == refused.value.field
    assert 0 == society.count(tasks.tasks) == society.count(tasks.rewards_of)


def test_unknown_things_are_named(society: Society) -> None:
    """A category, community or asset that the bank does not have is told apart."""
    with pytest.raises(CategoryNotFound):
        _publish(society, category="nothing")
    with pytest.raises(CommunityNotFound):
        _publish(society, community_id=made_up("com", 1))
    with pytest.raises(AssetNotFound):
        _publish(society, rewards=(Reward("NONE", 1, Per.PERSON),))
    with pytest.raises(BadAmount):
        _publish(society, rewards=(Reward(POINTS, 0, Per.PERSON),))


def test_a_category_is_made_once(society: Society) -> None:
    """A code is unique in a bank, and has a form."""
    with pytest.raises(CategoryExists):
        society.do(lambda u: categories.create(u, code="patrol", name="x", key=society.name()))
    with pytest.raises(BadField, match="code"):
        society.do(lambda u: categories.create(u, code="Pa trol", name="x", key=society.name()))
    assert ["patrol"] == [one.code for one in society.see(categories.every)]


def test_a_task_keeps_what_was_said(society: Society) -> None:
    """Title, window, capacity and the rewards of each asset come back as they were given."""
    rewards = (Reward("STAR", 2, Per.HOUR), Reward(POINTS, 5, Per.PERSON))
    task = society.task(_publish(society, rewards=rewards))
    assert ("菜篮子", "菜市场", 3, 0) == (task.title, task.place, task.capacity, task.placed)
    assert 2 * HOUR == task.ends_at - task.starts_at
    assert set(rewards) == set(task.rewards)
    assert ORGANISER.id == task.created_by


def test_the_clock_and_the_places_move_a_task(society: Society) -> None:
    """Open, full, open again, running and ended follow from places and time alone."""
    task_id = society.publish(capacity=1)
    seen = [society.task(task_id).state]
    claim_id = society.claim(task_id, society.member()).claim_id
    seen.append(society.task(task_id).state)
    society.withdraw(claim_id)
    seen.append(society.task(task_id).state)
    for step in (1, 2):
        society.clock.advance(hours=step)
        seen.append(society.task(task_id).state)
    wanted = [TaskState.OPEN, TaskState.FULL, TaskState.OPEN, TaskState.RUNNING, TaskState.ENDED]
    assert wanted == seen


def _in_state(society: Society, state: TaskState) -> str:
    """A task brought to a state."""
    task_id = society.publish(capacity=2 if state is TaskState.FULL else 3, draft=True)
    starts_at = society.task(task_id).starts_at
    if state is not TaskState.DRAFT:
        key = society.name()
        society.by(ORGANISER, lambda u: publishing.open_draft(u, task_id=task_id, key=key))
        placed = society.claim(task_id, society.member()).claim_id
    else:
        return task_id
    if state is TaskState.FULL:
        society.claim(task_id, society.member())
    if state is TaskState.CANCELLED:
        society.cancel(task_id)
    if state in {TaskState.RUNNING, TaskState.ENDED, TaskState.CLOSED}:
        society.clock.set(starts_at)
    if state in {TaskState.ENDED, TaskState.CLOSED}:
        society.sign_in(placed)
        society.clock.advance(hours=2)
    if state is TaskState.CLOSED:
        society.close(task_id)
    return task_id


def _tries(society: Society, task_id: str) -> dict[str, Callable[[], object]]:
    newcomer = society.member()
    opening = partial(publishing.open_draft, task_id=task_id, key=society.name())
    return {
        "open": lambda: society.by(ORGANISER, opening),
        "claim": lambda: society.claim(task_id, newcomer),
        "cancel": lambda: society.cancel(task_id),
        "close": lambda: society.close(task_id),
    }


def test_every_state_answers_every_verb(society: Society) -> None:
    """The functions do what the table says: they move the task, or say its state and go on."""
    for state, verb in product(TaskState, ("open", "claim", "cancel", "close")):
        task_id = _in_state(society, state)
        before, tried = society.task(task_id), _tries(society, task_id)[verb]
        assert state == before.state
        if (state, verb) in TASK.moves:
            tried()
            assert TASK.moves[state, verb] == society.task(task_id).state
            continue
        with pytest.raises(StateConflict) as refused:
            tried()
        said = refused.value
        assert (state, verb, TASK.allowed(state)) == (said.state, said.verb, said.allowed)
        assert before == society.task(task_id)


def test_a_draft_whose_time_is_past_is_not_opened(society: Society) -> None:
    """A draft that nobody opened in time can only be cancelled."""
    task_id, key = society.publish(draft=True), society.name()
    society.clock.advance(hours=4)
    with pytest.raises(BadField, match="ends_at"):
        society.by(ORGANISER, lambda u: publishing.open_draft(u, task_id=task_id, key=key))
    society.cancel(task_id)
    assert TaskState.CANCELLED == society.task(task_id).state


def test_cancelling_ends_the_claims(society: Society) -> None:
    """Claims of a cancelled task are withdrawn, its places are free, the reason is kept."""
    task_id = society.publish()
    found = [society.claim(task_id, society.member()).claim_id for _ in range(3)]
    society.cancel(task_id)
    assert [ClaimState.WITHDRAWN] * 3 == [society.claim_of(one).state for one in found]
    task = society.task(task_id)
    assert (TaskState.CANCELLED, 0, "下雨") == (task.state, task.placed, task.reason)
    assert [] == society.findings()


def test_who_served_is_not_cancelled_away(society: Society) -> None:
    """Once somebody has signed in, the task ends by its time and is reviewed."""
    task_id = society.publish()
    claim_id = society.claim(task_id, society.member()).claim_id
    society.clock.advance(hours=1)
    society.sign_in(claim_id)
    with pytest.raises(TaskServed, match="1 people"):
        society.cancel(task_id)
    assert ClaimState.SIGNED_IN == society.claim_of(claim_id).state


def test_what_was_credited_is_not_cancelled_away(society: Society) -> None:
    """Nor is a running task of which every claim is reviewed already, whatever came of it."""
    task_id = society.publish()
    made = [society.claim(task_id, society.member()).claim_id for _ in range(3)]
    society.clock.advance(hours=1)
    for one in made:
        society.sign_in(one)
    society.clock.advance(minutes=61)
    for one in made:
        society.sign_out(one)
    society.approve(made[0])
    society.reject(made[1])
    society.approve(made[2])
    society.withdraw_approval(made[2])
    with pytest.raises(TaskServed, match="3 people"):
        society.cancel(task_id)
    assert TaskState.RUNNING == society.task(task_id).state


def test_closing_settles_the_attendance(society: Society) -> None:
    """Who never came is a no-show; who forgot to sign out served until the end of the window."""
    task_id = society.publish()
    came, stayed_away, left = (society.claim(task_id, society.member()).claim_id for _ in range(3))
    society.clock.advance(hours=1, minutes=30)
    society.sign_in(came)
    society.sign_in(left)
    society.clock.advance(minutes=20)
    society.sign_out(left)
    society.clock.advance(hours=5)
    assert TaskState.CLOSED == society.close(task_id).state
    states = [society.claim_of(one).state for one in (came, stayed_away, left)]
    assert [ClaimState.FORCED_OUT, ClaimState.NO_SHOW, ClaimState.SIGNED_OUT] == states
    minutes = [society.claim_of(one).measured_minutes for one in (came, stayed_away, left)]
    assert [90, None, 20] == minutes
    assert society.task(task_id).ends_at == society.claim_of(came).signed_out_at


def test_another_banks_task_is_not_found(society: Society) -> None:
    """An id of another bank is no id here."""
    there = Society(society.database, society.clock, "other").publish()
    with pytest.raises(TaskNotFound):
        society.task(there)
    who = society.member()
    with pytest.raises(TaskNotFound):
        society.claim(there, who)


def test_pages_of_tasks_join(society: Society) -> None:
    """Pages go by the start; upcoming ones leave out drafts, the cancelled and the past."""
    first, second, third = (society.publish(starts_in=hours * HOUR) for hours in (1, 5, 9))
    society.publish(draft=True)
    society.cancel(society.publish())
    page = society.see(lambda v: tasks.listing(v, limit=2, upcoming=True))
    after = page.after
    rest = society.see(lambda v: tasks.listing(v, limit=2, upcoming=True, after=after))
    shown = [one.task_id for one in (*page.tasks, *rest.tasks)]
    assert ([first, second, third], None) == (shown, rest.after)
    society.clock.advance(hours=4)
    later = society.see(lambda v: tasks.listing(v, upcoming=True))
    assert [second, third] == [one.task_id for one in later.tasks]
    assert 5 == len(society.see(tasks.listing).tasks)


def test_one_publication_per_key(society: Society) -> None:
    """The same words with the same key give the first task again."""
    key = society.name()
    assert _publish(society, key=key) == _publish(society, key=key)
    assert 1 == society.count(tasks.tasks)


def test_a_task_without_its_lock_cannot_be_overfilled(society: Society) -> None:
    """The database itself refuses a count above the capacity."""
    task_id = society.publish(capacity=1)

    def overfill(unit: Unit) -> None:
        tasks.take_places(unit, task_id, 2)

    with pytest.raises(Exception, match=r"(?i)check"):
        society.do(overfill)
    assert 0 == society.task(task_id).placed
    who = society.member()
    society.claim(task_id, who)
    with pytest.raises(AlreadyClaimed):
        society.claim(task_id, who)
    assert 1 == society.count(claims.claims)
