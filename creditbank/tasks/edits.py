"""Edits: what the organiser may still change of a task that has not begun.

What people have agreed to by claiming stays: with the first claim the rewards are fixed, and the
capacity never falls below the places that are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from creditbank.core import tags
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import trail
from creditbank.schemes.rewards import Reward
from creditbank.tasks import publishing, tasks
from creditbank.tasks.claims import claims
from creditbank.tasks.errors import TaskClaimed
from creditbank.tasks.states import TASK
from creditbank.tasks.tasks import Moved, rewards_of


@keyed
def edit(
    unit: Unit,
    *,
    task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    title: str | None = None,
    place: str | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    capacity: int | None = None,
    rewards: Sequence[Reward] | None = None,
    if_match: Sequence[str] | None = None,
) -> Moved:
    """Change what is named of a task that has not begun; the rest stays as it is.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        PreconditionFailed: it is not as ``if_match`` says.
        StateConflict: it has begun, or was closed or cancelled.
        BadField: names the field that is unusable.
        AssetNotFound: a reward is in an asset that this bank does not have.
        TaskClaimed: the rewards would change after a claim.
    """
    task = tasks.lock_own(unit, task_id)
    tags.require(if_match, task)
    TASK.after(task.state, "edit")
    starts, ends = starts_at or task.starts_at, ends_at or task.ends_at
    publishing.check_window(unit, starts, ends)
    places = task.capacity if capacity is None else capacity
    publishing.check_capacity(places, least=max(task.placed, 1))
    if rewards is not None:
        _replace_rewards(unit, task, rewards)
    unit.run(
        update(tasks.tasks)
        .where(tasks.tasks.c.bank_id == unit.bank_id, tasks.tasks.c.task_id == task_id)
        .values(
            title=task.title if title is None else line("title", title, tasks.TITLE_MOST),
            place=task.place if place is None else line("place", place, tasks.PLACE_MOST),
            starts_at=starts,
            ends_at=ends,
            capacity=places,
        )
    )
    after = tasks.find(unit, task_id)
    trail.record(unit, "task.changed", task_id, before=_figures(task), after=_figures(after))
    return Moved(task_id, after.state)


def _figures(task: tasks.Task) -> dict[str, Any]:
    """Return what the trail tells of a task: no words, they may name people."""
    rewards = [(one.asset, one.units, one.per) for one in task.rewards]
    window = (task.starts_at, task.ends_at)
    return {"window": window, "capacity": task.capacity, "rewards": rewards}


def _replace_rewards(unit: Unit, task: tasks.Task, rewards: Sequence[Reward]) -> None:
    """Give other rewards; nobody may have agreed to the present ones."""
    publishing.check_rewards(unit, rewards)
    claimed = unit.row(
        select(claims.c.claim_id)
        .where(claims.c.bank_id == unit.bank_id, claims.c.task_id == task.task_id)
        .limit(1)
    )
    if claimed is not None:
        raise TaskClaimed(task.task_id)
    unit.run(
        delete(rewards_of).where(
            rewards_of.c.bank_id == unit.bank_id, rewards_of.c.task_id == task.task_id
        )
    )
    unit.run(insert(rewards_of), publishing.reward_rows(unit, task.task_id, rewards))
