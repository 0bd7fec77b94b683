"""Copies: a task at other times, or the plan of a whole week once more.

A copy has the words, places, rewards, audience and deadlines of its model; nobody has claimed it.
Times stay what clocks show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from creditbank.core.clock import start_of_day
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.people import communities, trail
from creditbank.tasks import publishing, repeats, tasks
from creditbank.tasks.publishing import New
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Task, TaskKind

COPIES_MOST = 200
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Copied:
    """What copying answers: the new tasks in order of their start."""

    task_ids: tuple[str, ...]


@keyed
def copy(
    unit: Unit,
    *,
    task_id: str,
    days: Sequence[date],
    key: str,  # noqa: ARG001 - the key is @keyed's
    draft: bool = False,
) -> Copied:
    """Publish a task once more on other days, at the same time of day.

    Raises:
        BadField: no day, too many, one twice, or one whose time is past; or it is a visit.
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
    """
    if not 1 <= len(days) <= COPIES_MOST or len(set(days)) < len(days):
        raise BadField("days", f"1–{COPIES_MOST}, each once / 1–{COPIES_MOST} 天，不重复")
    model = tasks.find(unit, task_id)
    communities.require_within(unit.actor, model.community_id)
    if model.kind is not TaskKind.NEED:
        raise BadField("task_id", "a published need / 只能复制发布的任务")
    made = _write(unit, [_on(unit, model, day) for day in sorted(days)], draft=draft)
    trail.record(unit, "task.copied", task_id, after={"tasks": len(made)})
    return Copied(made)


@keyed
def copy_week(
    unit: Unit,
    *,
    community_id: str,
    week_on: date,
    to_week_on: date,
    key: str,  # noqa: ARG001 - the key is @keyed's
    draft: bool = False,
) -> Copied:
    """Publish a community's plan of one week once more in another one; both begin on a Monday.

    What was cancelled, or is a draft, is no part of the plan.

    Raises:
        BadField: a day is no Monday, the weeks are one, there is nothing to copy, or too much.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    for name, day in (("week_on", week_on), ("to_week_on", to_week_on)):
        repeats.require_monday(name, day)
    if week_on == to_week_on:
        raise BadField("to_week_on", "another week / 须为另一周")
    models = week(unit, community_id, week_on)
    if not 1 <= len(models) <= COPIES_MOST:
        raise BadField("week_on", f"a week of 1–{COPIES_MOST} tasks / 该周应有 1–{COPIES_MOST} 项")
    later, zone = to_week_on - week_on, ZoneInfo(unit.bank.zone)
    several = [_on(unit, one, one.starts_at.astimezone(zone).date() + later) for one in models]
    made = _write(unit, several, draft=draft)
    trail.record(unit, "plan.copied", community_id, after={"week": to_week_on, "tasks": len(made)})
    return Copied(made)


def week(view: View, community_id: str, week_on: date) -> list[Task]:
    """Return what a community's plan of a week holds, by its start."""
    of, zone = tasks.tasks.c, view.bank.zone
    return tasks.chosen(
        view,
        of.community_id == community_id,
        of.kind == TaskKind.NEED,
        of.stored_state.in_((TaskState.OPEN, TaskState.CLOSED)),
        of.starts_at >= start_of_day(week_on, zone),
        of.starts_at < start_of_day(week_on + _WEEK, zone),
    )


def _on(unit: Unit, model: Task, day: date) -> New:
    """Return a task like another one on a day, at the same time of day."""
    zone = unit.bank.zone
    starts_at = repeats.at(day, model.starts_at.astimezone(ZoneInfo(zone)).time(), zone)

    def moved(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + (starts_at - model.starts_at)

    until, terms = starts_at + (model.ends_at - model.starts_at), model.terms
    publishing.check_window(unit, starts_at, until)
    return New(
        title=model.title,
        category=model.category,
        community_id=model.community_id,
        place=model.place,
        starts_at=starts_at,
        ends_at=until,
        capacity=model.capacity,
        rewards=model.rewards,
        audience=model.audience,
        terms=replace(
            terms,
            claims_until=moved(terms.claims_until),
            withdraw_until=moved(terms.withdraw_until),
        ),
        beneficiary_id=model.beneficiary_id,
    )


def _write(unit: Unit, several: Sequence[New], *, draft: bool) -> tuple[str, ...]:
    state = TaskState.DRAFT if draft else TaskState.OPEN
    return tuple(publishing.write_all(unit, several, state))
