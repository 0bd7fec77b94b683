"""Edits: what the organiser may still change of a task that has not begun.

What people have agreed to by claiming stays: with the first claim the rewards are fixed, and the
capacity never falls below the places that are taken. Another time or place is told to everybody
who claimed or waits, and lets them withdraw without a mark; who is elsewhere at the new time loses
the place, because nobody is in two at once. Once somebody has come, time and place stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from creditbank import notices
from creditbank.core import tags
from creditbank.core.errors import Busy
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import trail
from creditbank.schemes.rewards import Reward
from creditbank.tasks import overlaps, publishing, tasks, withdrawals
from creditbank.tasks.claim_errors import CapacityTaken, PeopleSignedIn
from creditbank.tasks.claims import claims, lock_all, store_all
from creditbank.tasks.errors import TaskClaimed
from creditbank.tasks.states import TASK, ClaimState
from creditbank.tasks.tasks import Moved, Task, rewards_of

_HELD = (ClaimState.PLACED, ClaimState.OFFERED)


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
        NotedDown: it was noted down afterwards.
        BadField: names the field that is unusable.
        AssetNotFound: a reward is in an asset that this bank does not have.
        TaskClaimed: the rewards would change after a claim.
        CapacityTaken: more places are taken than there would be.
        PeopleSignedIn: time or place would change after somebody has come.
    """
    moves = starts_at is not None or ends_at is not None
    locked = _lock_claimants(unit, task_id) if moves else frozenset()
    task = tasks.lock_own(unit, task_id)
    tags.require(if_match, task)
    TASK.after(task.state, "edit")
    publishing.refuse_noted(task)
    starts, ends = starts_at or task.starts_at, ends_at or task.ends_at
    publishing.check_window(unit, starts, ends)
    places = task.capacity if capacity is None else capacity
    publishing.check_capacity(places)
    if places < task.placed:
        raise CapacityTaken(task_id, task.placed, places)
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
    tell(unit, task, after, locked)
    trail.record(unit, "task.changed", task_id, before=_figures(task), after=_figures(after))
    return Moved(task_id, after.state)


def _lock_claimants(unit: Unit, task_id: str) -> frozenset[str]:
    """Lock the members who have a place in a task, because it may come to lie over another."""
    rows = unit.rows(
        select(claims.c.member_id).where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id == task_id,
            claims.c.state.in_(_HELD),
        )
    )
    wanted = frozenset(row.member_id for row in rows)
    return frozenset(overlaps.lock(unit, wanted)) if wanted else wanted


def tell(unit: Unit, before: Task, after: Task, locked: frozenset[str]) -> None:
    """Tell who claimed or waits that time or place have changed, and end what overlaps now.

    Raises:
        PeopleSignedIn: somebody has come already.
        Busy: somebody has claimed in between; the same call again sees it.
    """
    hours = (after.starts_at, after.ends_at)
    moved = hours != (before.starts_at, before.ends_at)
    if not moved and after.place == before.place:
        return
    found = lock_all(unit, after.task_id, [*_HELD, ClaimState.WAITING, ClaimState.SIGNED_IN])
    signed_in = sum(one.state is ClaimState.SIGNED_IN for one in found)
    if signed_in:
        raise PeopleSignedIn(after.task_id, signed_in)
    held = {one.member_id for one in found if one.state in _HELD}
    if moved and not held <= locked:
        raise Busy
    store_all(unit, found, changed_at=unit.now)
    taken = overlaps.found(unit, held, *hours, besides=after.task_id) if moved and held else {}
    clashing = [one for one in found if one.member_id in taken and one.state in _HELD]
    withdrawals.give_up_with_children(unit, after, clashing)
    staying = [one for one in found if one not in clashing]
    for kind, several in (("task-moved-away", clashing), ("task-changed", staying)):
        notices.tell_all(
            unit,
            [one.member_id for one in several],
            kind,
            link=f"/tasks/{after.task_id}",
            due_at=after.starts_at,
            task=after.task_id,
        )


def _figures(task: Task) -> dict[str, Any]:
    """Return what the trail tells of a task: no words, they may name people."""
    rewards = [(one.asset, one.units, one.per) for one in task.rewards]
    window = (task.starts_at, task.ends_at)
    return {"window": window, "capacity": task.capacity, "rewards": rewards}


def _replace_rewards(unit: Unit, task: Task, rewards: Sequence[Reward]) -> None:
    """Give other rewards; nobody may have agreed to the present ones."""
    publishing.check_rewards(unit, rewards, task.category)
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
