"""Tasks: a need with place, time window, capacity, audience, and rewards in the bank's assets.

Whoever changes a task, or takes or frees a place in it, locks it first. Places are counted in
persons or in families, as the task says; whoever has one on offer holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, Index, Row, false, select, update
from sqlmodel import Field

from creditbank.core.indexes import sparse
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import communities
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.states import TaskState

REASON_MOST = 200
PAGE_MOST = 200

TITLE_MOST = 80
PLACE_MOST = 80
SKILLS_MOST = 200


class TaskKind(StrEnum):
    """A need that was published, a visit of a pair, or what was noted down afterwards (补录)."""

    NEED = "need"
    VISIT = "visit"
    AFTERWARDS = "afterwards"


class Party(StrEnum):
    """As what people take part: alone, as a family, or as a team."""

    PERSON = "person"
    FAMILY = "family"
    TEAM = "team"


class CapacityUnit(StrEnum):
    """In what places are counted: a family takes one, or one for each of its people."""

    PERSON = "person"
    FAMILY = "family"


class TaskRow(OfBank, table=True):
    """A need; ``placed`` counts places taken, ``queued`` the waitlist's numbers given so far.

    ``open_to``, ``skills`` and the ids in other columns without a foreign key name rows of rooms
    above or words of a list.
    """

    __tablename__ = "task"
    __table_args__ = (
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["category"], "category", ["code"]),
        CheckConstraint("placed BETWEEN 0 AND capacity", name="placed"),
        CheckConstraint("starts_at < ends_at", name="hours"),
        Index("ix_task_starts_at", "bank_id", "starts_at", "task_id"),
        Index("ix_task_ends_at", "bank_id", "stored_state", "ends_at", "task_id"),
        Index("ix_task_series", "bank_id", "series_id", "starts_at"),
        sparse("ix_task_beneficiary", "beneficiary_id"),
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
    kind: str = Field(max_length=16, sa_column_kwargs={"server_default": TaskKind.NEED})
    capacity_unit: str = Field(
        max_length=16, sa_column_kwargs={"server_default": CapacityUnit.PERSON}
    )
    open_to: str = Field(max_length=40, sa_column_kwargs={"server_default": "person,family,team"})
    age_from: int | None
    age_below: int | None
    skills: str | None = Field(max_length=SKILLS_MOST)
    neighbours_only: bool = Field(sa_column_kwargs={"server_default": false()})
    claims_until: datetime | None = Field(sa_type=UtcDateTime)
    withdraw_until: datetime | None = Field(sa_type=UtcDateTime)
    waitlist_most: int | None
    queued: int = Field(sa_column_kwargs={"server_default": "0"})
    beneficiary_id: str | None = Field(max_length=40)
    series_id: str | None = Field(max_length=40)
    entry_id: str | None = Field(max_length=40)
    pair_id: str | None = Field(max_length=40)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom a task is: as what they come, of which age, with which skills, from where.

    ``age_from`` ≤ age < ``age_below`` in full years on the day of the task; ``skills`` are codes,
    all of them needed; ``neighbours_only``: members of the task's community.
    """

    open_to: tuple[Party, ...] = tuple(Party)
    age_from: int | None = None
    age_below: int | None = None
    skills: tuple[str, ...] = ()
    neighbours_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a task is claimed; None is as the scheme says.

    ``claims_until`` ends claiming before the task ends; ``withdraw_until`` is the cut-off after
    which giving a place back counts as not coming; ``waitlist_most`` is the length of the queue.
    """

    capacity_unit: CapacityUnit = CapacityUnit.PERSON
    claims_until: datetime | None = None
    withdraw_until: datetime | None = None
    waitlist_most: int | None = None


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
    kind: TaskKind
    audience: Audience
    terms: Terms
    queued: int
    beneficiary_id: str | None
    series_id: str | None
    entry_id: str | None
    pair_id: str | None


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
            TaskKind(row.kind),
            _audience(row),
            Terms(
                capacity_unit=CapacityUnit(row.capacity_unit),
                claims_until=row.claims_until,
                withdraw_until=row.withdraw_until,
                waitlist_most=row.waitlist_most,
            ),
            row.queued,
            row.beneficiary_id,
            row.series_id,
            row.entry_id,
            row.pair_id,
        )
        for row in rows
    ]


def _audience(row: Row[Any]) -> Audience:
    return Audience(
        open_to=tuple(Party(one) for one in row.open_to.split(",")),
        age_from=row.age_from,
        age_below=row.age_below,
        skills=tuple(row.skills.split(",")) if row.skills else (),
        neighbours_only=row.neighbours_only,
    )


def store(unit: Unit, task_id: str, state: TaskState, reason: str | None = None) -> Moved:
    """Keep a new state of a task that this unit has locked."""
    unit.run(
        update(tasks)
        .where(tasks.c.bank_id == unit.bank_id, tasks.c.task_id == task_id)
        .values(stored_state=state, reason=reason)
    )
    return Moved(task_id, state)


def places_for(task: Task, kind: Party, people: int) -> int:
    """Return how many places so many people take: a family or team may take one in all."""
    together = kind is not Party.PERSON and task.terms.capacity_unit is CapacityUnit.FAMILY
    return 1 if together else people


def next_position(unit: Unit, task: Task) -> int:
    """Give out the next number of the waitlist of a task that this unit has locked."""
    unit.run(
        update(tasks)
        .where(tasks.c.bank_id == unit.bank_id, tasks.c.task_id == task.task_id)
        .values(queued=tasks.c.queued + 1)
    )
    return task.queued + 1


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
    """Return tasks by their start; ``upcoming``: no drafts, visits, or what is over or cancelled.

    ``drafts_within`` leaves out the drafts of other communities than these; ``after`` is the
    ``after`` of the page before.

    Raises:
        TaskNotFound: ``after`` is no task of this bank.
    """
    limit = min(limit, PAGE_MOST)
    query = select(tasks).where(tasks.c.bank_id == view.bank_id)
    if upcoming:
        going = (tasks.c.stored_state == TaskState.OPEN, tasks.c.ends_at > view.now)
        query = query.where(*going, tasks.c.kind == TaskKind.NEED)
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


def chosen(view: View, *of: ColumnElement[bool], limit: int | None = None) -> list[Task]:
    """Return the tasks of a choice by their start; it, or ``limit``, bounds how many there are."""
    rows = view.rows(
        select(tasks)
        .where(tasks.c.bank_id == view.bank_id, *of)
        .order_by(tasks.c.starts_at, tasks.c.task_id)
        .limit(limit)
    )
    return _with_rewards(view, rows)


def is_within(
    view: View, task_id: ColumnElement[str], community_ids: Sequence[str]
) -> ColumnElement[bool]:
    """Return what says that a row's task is of some communities: each is looked up by its id."""
    here = (tasks.c.bank_id == view.bank_id) & (tasks.c.task_id == task_id)
    return select(tasks.c.community_id).where(here).scalar_subquery().in_(community_ids)
