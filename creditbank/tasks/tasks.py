"""Tasks: a need with place, time window, capacity, and rewards in any of the bank's assets.

Whoever changes a task, or takes or frees a place in it, locks it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Row, Select, insert, select, update
from sqlmodel import Field

from creditbank.core import tags
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.core.values import AssetKind
from creditbank.ledger import accounts
from creditbank.people import communities, trail
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.states import TASK, TaskState

CAPACITY_MOST = 10_000
WINDOW_MOST = timedelta(days=31)
REASON_MOST = 200
PAGE_MOST = 200

TITLE_MOST = 80
PLACE_MOST = 80


class TaskRow(OfBank, table=True):
    """A need; ``placed`` counts the claims that hold a place."""

    __tablename__ = "task"
    __table_args__ = (
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["category"], "category", ["code"]),
        CheckConstraint("placed BETWEEN 0 AND capacity", name="placed"),
        CheckConstraint("starts_at < ends_at", name="hours"),
        Index("ix_task_starts_at", "bank_id", "starts_at", "task_id"),
    )

    task_id: str = Field(primary_key=True, max_length=40)
    title: str = Field(max_length=TITLE_MOST)
    category: str = Field(max_length=40)
    community_id: str = Field(max_length=40)
    place: str = Field(max_length=PLACE_MOST)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    capacity: int
    placed: int
    stored_state: str = Field(max_length=16)
    reason: str | None = Field(max_length=REASON_MOST)
    created_by: str = Field(max_length=64)
    created_by_member: str | None = Field(max_length=40)


class RewardRow(OfBank, table=True):
    """What a task gives of one asset."""

    __tablename__ = "task_reward"
    __table_args__ = (
        within_bank(["task_id"], "task", ["task_id"]),
        within_bank(["asset_code"], "asset", ["code"]),
        CheckConstraint("units > 0", name="units"),
    )

    task_id: str = Field(primary_key=True, max_length=40)
    asset_code: str = Field(primary_key=True, max_length=16)
    units: int = Field(sa_type=BigInteger)
    per: str = Field(max_length=16)


tasks = table(TaskRow)
rewards_of = table(RewardRow)


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it stands at the instant of the view."""

    task_id: str
    title: str
    category: str
    community_id: str
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    placed: int
    state: TaskState
    rewards: tuple[Reward, ...]
    reason: str | None
    created_by: str
    created_by_member: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a verb on a task answers."""

    task_id: str
    state: TaskState


@dataclass(frozen=True, slots=True)
class Page:
    """Tasks in order of their start; ``after`` asks for the next page, None on the last one."""

    tasks: tuple[Task, ...]
    after: str | None


def state_at(row: Row[Any], now: datetime) -> TaskState:
    """Return where a stored task stands at an instant."""
    stored = TaskState(row.stored_state)
    if stored is not TaskState.OPEN:
        return stored
    if now >= row.ends_at:
        return TaskState.ENDED
    if now >= row.starts_at:
        return TaskState.RUNNING
    return TaskState.FULL if row.placed >= row.capacity else TaskState.OPEN


@keyed
def publish(
    unit: Unit,
    *,
    title: str,
    category: str,
    community_id: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    draft: bool = False,
) -> str:
    """Publish a task, or keep it as a draft, and return its id.

    Raises:
        BadField: names the field that is unusable.
        CategoryNotFound: this bank has no such category.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        AssetNotFound: a reward is in an asset that this bank does not have.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    check_window(unit, starts_at, ends_at)
    check_capacity(capacity)
    check_rewards(unit, rewards)
    categories.require(unit, category)
    task_id = unit.new_id("tsk")
    unit.run(
        insert(tasks),
        {
            "bank_id": unit.bank_id,
            "task_id": task_id,
            "title": line("title", title, TITLE_MOST),
            "category": category,
            "community_id": community_id,
            "place": line("place", place, PLACE_MOST),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "capacity": capacity,
            "placed": 0,
            "stored_state": TaskState.DRAFT if draft else TaskState.OPEN,
            "reason": None,
            "created_by": unit.actor.id,
            "created_by_member": unit.actor.member_id,
        },
    )
    unit.run(insert(rewards_of), reward_rows(unit, task_id, rewards))
    trail.record(unit, "task.drafted" if draft else "task.published", task_id)
    return task_id


def reward_rows(unit: Unit, task_id: str, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """Return the rows that keep what a task gives."""
    return [
        {
            "bank_id": unit.bank_id,
            "task_id": task_id,
            "asset_code": reward.asset,
            "units": reward.units,
            "per": reward.per,
        }
        for reward in rewards
    ]


def check_capacity(capacity: int, *, least: int = 1) -> None:
    """See that so many can take part.

    Raises:
        BadField: it is no whole number in the bounds.
    """
    if type(capacity) is not int or not least <= capacity <= CAPACITY_MOST:
        raise BadField("capacity", f"{least}–{CAPACITY_MOST}")


def check_window(unit: Unit, starts_at: datetime, ends_at: datetime) -> None:
    """See that a task can take place between two instants.

    Raises:
        BadField: names the one that is unusable.
    """
    for field, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            raise BadField(field, "needs an offset / 须带时区")
    if not starts_at < ends_at <= starts_at + WINDOW_MOST:
        raise BadField("ends_at", f"after the start, within {WINDOW_MOST.days} days / 须晚于开始")
    if ends_at <= unit.now:
        raise BadField("ends_at", "is past / 已经过去")


def check_rewards(unit: Unit, rewards: Sequence[Reward]) -> None:
    """See that a task can give these.

    Raises:
        BadField: there is none, one asset twice, or money.
        AssetNotFound: this bank has no such asset.
    """
    codes = [reward.asset for reward in rewards]
    if not codes or len(set(codes)) < len(codes):
        raise BadField("rewards", "at least one, each asset once / 至少一项，每种积分一次")
    known = accounts.every_asset(unit)
    for code in codes:
        if code not in known:
            raise AssetNotFound(code)
        if known[code].kind is AssetKind.MONEY:
            raise BadField("rewards", f"'{code}' is money / 不能用货币奖励")


@keyed
def open_draft(
    unit: Unit,
    *,
    task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Moved:
    """Publish a draft.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        PreconditionFailed: it is not as ``if_match`` says.
        StateConflict: it is no draft.
        BadField: its time is past.
    """
    task = lock_own(unit, task_id)
    tags.require(if_match, task)
    state = TaskState(TASK.after(task.state, "open"))
    check_window(unit, task.starts_at, task.ends_at)
    trail.record(unit, "task.published", task_id)
    return store(unit, task_id, state)


def lock(unit: Unit, task_id: str) -> Task:
    """Lock a task and return it.

    Raises:
        TaskNotFound: this bank has none of this id.
    """
    return _find(unit, task_id, lock=True)


def lock_own(unit: Unit, task_id: str) -> Task:
    """Lock a task of the communities where the actor's role holds, and return it.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
    """
    task = lock(unit, task_id)
    communities.require_within(unit.actor, task.community_id)
    return task


def find(view: View, task_id: str) -> Task:
    """Return a task as it stands now.

    Raises:
        TaskNotFound: this bank has none of this id.
    """
    return _find(view, task_id, lock=False)


def _find(view: View, task_id: str, *, lock: bool) -> Task:
    query = select(tasks).where(tasks.c.bank_id == view.bank_id, tasks.c.task_id == task_id)
    row = view.row(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise TaskNotFound(task_id)
    return _with_rewards(view, [row])[0]


def _with_rewards(view: View, rows: Sequence[Row[Any]]) -> list[Task]:
    found = view.rows(
        select(rewards_of)
        .where(
            rewards_of.c.bank_id == view.bank_id,
            rewards_of.c.task_id.in_([row.task_id for row in rows]),
        )
        .order_by(rewards_of.c.asset_code)
    )
    given: dict[str, list[Reward]] = {}
    for one in found:
        given.setdefault(one.task_id, []).append(Reward(one.asset_code, one.units, Per(one.per)))
    return [
        Task(
            row.task_id,
            row.title,
            row.category,
            row.community_id,
            row.place,
            row.starts_at,
            row.ends_at,
            row.capacity,
            row.placed,
            state_at(row, view.now),
            tuple(given.get(row.task_id, ())),
            row.reason,
            row.created_by,
            row.created_by_member,
        )
        for row in rows
    ]


def store(unit: Unit, task_id: str, state: TaskState, reason: str | None = None) -> Moved:
    """Keep a new state of a task that this unit has locked."""
    unit.run(
        update(tasks)
        .where(tasks.c.bank_id == unit.bank_id, tasks.c.task_id == task_id)
        .values(stored_state=state, reason=reason)
    )
    return Moved(task_id, state)


def take_places(unit: Unit, task_id: str, count: int) -> None:
    """Take places of a task that this unit has locked; a negative count frees them."""
    unit.run(
        update(tasks)
        .where(tasks.c.bank_id == unit.bank_id, tasks.c.task_id == task_id)
        .values(placed=tasks.c.placed + count)
    )


def listing(
    view: View,
    *,
    after: str | None = None,
    limit: int = 50,
    upcoming: bool = False,
    drafts_within: tuple[str, ...] | None = None,
) -> Page:
    """Return tasks by their start; ``upcoming`` leaves out drafts and what is over or cancelled.

    ``drafts_within`` leaves out the drafts of other communities than these; ``after`` is the
    ``after`` of the page before.

    Raises:
        TaskNotFound: ``after`` is no task of this bank.
    """
    limit = min(limit, PAGE_MOST)
    query = select(tasks).where(tasks.c.bank_id == view.bank_id)
    if upcoming:
        query = query.where(tasks.c.stored_state == TaskState.OPEN, tasks.c.ends_at > view.now)
    if drafts_within is not None:
        draft = tasks.c.stored_state == TaskState.DRAFT
        query = query.where(~draft | tasks.c.community_id.in_(drafts_within))
    if after is not None:
        last = find(view, after)
        query = query.where(
            (tasks.c.starts_at > last.starts_at)
            | ((tasks.c.starts_at == last.starts_at) & (tasks.c.task_id > after))
        )
    rows = view.rows(query.order_by(tasks.c.starts_at, tasks.c.task_id).limit(limit + 1))
    shown = tuple(_with_rewards(view, rows[:limit]))
    return Page(shown, shown[-1].task_id if len(rows) > limit else None)


def ids_within(view: View, community_ids: Sequence[str]) -> Select[str]:
    """Return the query for the ids of all tasks of some communities, to ask for what is theirs."""
    return select(tasks.c.task_id).where(
        tasks.c.bank_id == view.bank_id, tasks.c.community_id.in_(community_ids)
    )
