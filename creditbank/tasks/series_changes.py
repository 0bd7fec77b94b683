"""Changes of a series: one of its tasks and all later ones are changed or cancelled at once.

What has begun, or somebody has signed in to, stays as it is. Whoever claimed or waits is told, as
when a single task is edited or cancelled (`edits`, `endings`).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from creditbank.core.clock import day_of
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import members, trail
from creditbank.tasks import cancellations, edits, publishing, repeats, series, tasks
from creditbank.tasks.cancellations import EXPECTED, Found, ToCome
from creditbank.tasks.claim_errors import CapacityTaken
from creditbank.tasks.claims import claims
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.repeats import MINUTES_MOST
from creditbank.tasks.series import Altered
from creditbank.tasks.tasks import PLACE_MOST, REASON_MOST, TITLE_MOST, Task


@keyed
def change(
    unit: Unit,
    *,
    series_id: str,
    from_task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    title: str | None = None,
    place: str | None = None,
    starts: time | None = None,
    lasts_minutes: int | None = None,
    capacity: int | None = None,
) -> Altered:
    """Change one task of a series and all later ones; who claimed one is told.

    Raises:
        BadField: names the field that is unusable.
        SeriesNotFound: this bank has none of this id.
        TaskNotFound: the task is not of this series.
        OtherCommunity: the actor's role does not hold where it is.
        CapacityTaken: more places are taken than there would be.
        Busy: somebody has claimed in between; the same call again sees it.
    """
    first = _first(unit, series_id, from_task_id)
    moves = starts is not None or lasts_minutes is not None
    locked = _lock_claimants(unit, first) if moves else frozenset()
    found = _lock_from(unit, series_id, first)
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = line("title", title, TITLE_MOST)
    if place is not None:
        values["place"] = line("place", place, PLACE_MOST)
    if capacity is not None:
        values["capacity"] = _capacity(found, capacity)
    rows = [
        {"of_task": one.task_id, **values, **_window(unit, one, starts, lasts_minutes)}
        for one in found.to_come
    ]
    if rows and (values or moves):
        before = _claimed(unit, found)
        names: dict[str, Any] = {one: bindparam(one) for one in rows[0] if one != "of_task"}
        unit.run(_CHANGE.values(names), [{"of_bank": unit.bank_id, **one} for one in rows])
        for was, now in zip(before, _claimed(unit, found), strict=True):
            edits.tell(unit, was, now, locked)
    after = {"from": from_task_id, "tasks": len(rows)}
    trail.record(unit, "series.changed", series_id, after=after)
    return Altered(series_id, len(rows), found.kept)


def _lock_claimants(unit: Unit, first: Task) -> frozenset[str]:
    """Lock the members who have claimed a task of a series or a later one, as it may overlap."""
    of = tasks.tasks.c
    later = select(of.task_id).where(
        of.bank_id == unit.bank_id,
        of.series_id == first.series_id,
        of.starts_at >= first.starts_at,
    )
    rows = unit.rows(
        select(claims.c.member_id)
        .where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id.in_(later),
            claims.c.state.in_(EXPECTED),
        )
        .distinct()
    )
    wanted = frozenset(row.member_id for row in rows)
    return frozenset(members.lock(unit, wanted)) if wanted else wanted


def _capacity(found: Found, capacity: int) -> int:
    """Return the new number of places.

    Raises:
        BadField: it is no whole number in the bounds.
        CapacityTaken: more places are taken of one of the tasks.
    """
    publishing.check_capacity(capacity)
    for one in found.to_come:
        if one.placed > capacity:
            raise CapacityTaken(one.task_id, one.placed, capacity)
    return capacity


def _claimed(unit: Unit, found: Found) -> list[Task]:
    """Return the tasks that somebody has claimed or waits for, in the order of their ids."""
    ids = [one.task_id for one in found.to_come if one.members]
    several = tasks.chosen(unit, tasks.tasks.c.task_id.in_(ids))
    return sorted(several, key=lambda one: one.task_id)


_CHANGE = update(tasks.tasks).where(
    tasks.tasks.c.bank_id == bindparam("of_bank"), tasks.tasks.c.task_id == bindparam("of_task")
)


def _window(
    unit: Unit, one: ToCome, starts: time | None, lasts_minutes: int | None
) -> dict[str, datetime | None]:
    """Return the new window of a task on its day, its deadlines moved along."""
    if starts is None and lasts_minutes is None:
        return {}
    if lasts_minutes is not None and not 1 <= lasts_minutes <= MINUTES_MOST:
        raise BadField("lasts_minutes", f"1–{MINUTES_MOST}")
    zone, begins = unit.bank.zone, one.starts_at
    if starts is not None:
        begins = repeats.at(day_of(one.starts_at, zone), starts, zone)
    lasts = one.ends_at - one.starts_at
    if lasts_minutes is not None:
        lasts = timedelta(minutes=lasts_minutes)
    if begins <= unit.now:
        raise BadField("starts", "is past / 已经过去")
    moved, ends = begins - one.starts_at, begins + lasts
    return {
        "starts_at": begins,
        "ends_at": ends,
        "claims_until": one.claims_until and min(one.claims_until + moved, ends),
        "withdraw_until": one.withdraw_until and min(one.withdraw_until + moved, ends),
    }


@keyed
def cancel(
    unit: Unit,
    *,
    series_id: str,
    from_task_id: str,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Altered:
    """Cancel one task of a series and all later ones; claims end, everybody is told.

    Raises:
        BadField: the reason is unusable.
        SeriesNotFound: this bank has none of this id.
        TaskNotFound: the task is not of this series.
        OtherCommunity: the actor's role does not hold where it is.
    """
    said = line("reason", reason, REASON_MOST)
    found = _lock_from(unit, series_id, _first(unit, series_id, from_task_id))
    cancellations.cancel(unit, found.to_come, said)
    many = len(found.to_come)
    trail.record(unit, "series.cancelled", series_id, after={"from": from_task_id, "tasks": many})
    return Altered(series_id, many, found.kept)


def _first(unit: Unit, series_id: str, task_id: str) -> Task:
    """Return the task of a series with which to begin."""
    series.require_own(unit, series_id)
    first = tasks.find(unit, task_id)
    if first.series_id != series_id:
        raise TaskNotFound(task_id)
    return first


def _lock_from(unit: Unit, series_id: str, first: Task) -> Found:
    of = tasks.tasks.c
    return cancellations.lock(unit, of.series_id == series_id, of.starts_at >= first.starts_at)
