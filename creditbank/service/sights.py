"""Sights: what the screening looks at, read from rows for several claims at once.

Nothing is kept: a flag says how a service stands when somebody looks, and an approval writes down
what it found then. History is that of the last months; photos are counted per task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, literal, select, union_all

from creditbank.core.units import View
from creditbank.service import photos, screening
from creditbank.service.screening import Part, Sight
from creditbank.tasks.claims import Claim, SignedInHow, claims
from creditbank.tasks.tasks import TaskKind, tasks

_HISTORY = timedelta(days=120)
_USUAL_LEAST = 5
_USUAL_MOST = 50
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """One service of a member, wherever it was."""

    task_id: str
    place: str
    came_at: datetime
    left_at: datetime
    own: bool


def flags_of(view: View, several: Iterable[Claim]) -> dict[str, tuple[str, ...]]:
    """Return the words of what is odd about each of these claims; those not over have none.

    What was noted down afterwards has no coming and going to look at.
    """
    wanted = {one.claim_id: one for one in several if one.signed_out_at is not None}
    if not wanted:
        return {}
    here = _tasks(view, {one.task_id for one in wanted.values()})
    parts = _parts(view, here)
    pictures = photos_at(view, here)
    before = _history(view, wanted.values())
    usual = _usual(view, here)
    found = {}
    for claim_id, one in wanted.items():
        task, there = here[one.task_id], parts[one.task_id]
        mine = next((part for part in there if part.claim_id == claim_id), None)
        if mine is None or task.kind == TaskKind.AFTERWARDS:
            continue
        others = tuple(part for part in there if part.claim_id != claim_id)
        theirs = before.get(one.member_id, [])
        earlier = [each for each in theirs if each.came_at < _came_at(task, mine)]
        sight = Sight(
            one=mine,
            others=others,
            window_minutes=(task.ends_at - task.starts_at) // _MINUTE,
            usual_minutes=usual[one.task_id],
            photos=pictures.get(one.task_id, 0),
            before=len(earlier),
            before_own=sum(each.own for each in earlier),
            gap_minutes=_gap(task, mine, theirs),
        )
        found[claim_id] = screening.found(sight)
    return found


def _tasks(view: View, task_ids: Iterable[str]) -> dict[str, Row[Any]]:
    rows = view.rows(
        select(tasks).where(tasks.c.bank_id == view.bank_id, tasks.c.task_id.in_(sorted(task_ids)))
    )
    return {row.task_id: row for row in rows}


def _parts(view: View, here: Mapping[str, Row[Any]]) -> dict[str, list[Part]]:
    """Return everybody's part in these tasks, of those who came and left."""
    rows = view.rows(
        select(claims)
        .where(
            claims.c.bank_id == view.bank_id,
            claims.c.task_id.in_(sorted(here)),
            claims.c.signed_in_at.is_not(None),
            claims.c.signed_out_at.is_not(None),
        )
        .order_by(claims.c.claim_id)
    )
    parts: dict[str, list[Part]] = {task_id: [] for task_id in here}
    for row in rows:
        parts[row.task_id].append(_part(here[row.task_id].starts_at, row))
    return parts


def _part(starts_at: datetime, row: Row[Any]) -> Part:
    own = {row.member_id}
    return Part(
        claim_id=row.claim_id,
        member_id=row.member_id,
        party_id=row.party_id,
        claimed_s=(row.claimed_at - starts_at) // _SECOND,
        came_s=(row.signed_in_at - starts_at) // _SECOND,
        left_s=(row.signed_out_at - starts_at) // _SECOND,
        minutes=row.measured_minutes,
        how=SignedInHow(row.signed_in_how) if row.signed_in_how else None,
        claimed_by=row.claimed_by_member or row.claimed_by,
        came_by=row.signed_in_by_member or row.signed_in_by,
        left_by=row.signed_out_by_member or row.signed_out_by,
        own_claim=row.claimed_by_member in own,
        own_coming=row.signed_in_by_member in own,
        own_leaving=row.signed_out_by_member in own and row.forced_out_at is None,
        forced=row.forced_out_at is not None,
        confirmed=row.confirmed_at is not None,
    )


def photos_at(view: View, here: Iterable[str]) -> dict[str, int]:
    """Return how many photos there are of these tasks."""
    of = photos.photos.c
    rows = view.rows(
        select(claims.c.task_id, func.count().label("many"))
        .select_from(photos.photos)
        .join(claims, (claims.c.bank_id == of.bank_id) & (claims.c.claim_id == of.claim_id))
        .where(of.bank_id == view.bank_id, claims.c.task_id.in_(sorted(here)))
        .group_by(claims.c.task_id)
    )
    return {row.task_id: int(row.many) for row in rows}


def _history(view: View, several: Iterable[Claim]) -> dict[str, list[_Earlier]]:
    """Return the services of these members, in the months before and since."""
    asked = list(several)
    since = min(one.signed_out_at for one in asked if one.signed_out_at) - _HISTORY
    rows = view.rows(
        select(
            claims.c.member_id,
            claims.c.task_id,
            tasks.c.place,
            claims.c.signed_in_at,
            claims.c.signed_out_at,
            claims.c.claimed_by_member,
            claims.c.signed_in_by_member,
        )
        .join(tasks, (tasks.c.bank_id == claims.c.bank_id) & (tasks.c.task_id == claims.c.task_id))
        .where(
            claims.c.bank_id == view.bank_id,
            claims.c.member_id.in_(sorted({one.member_id for one in asked})),
            claims.c.signed_out_at > since,
            claims.c.signed_in_at.is_not(None),
        )
    )
    found: dict[str, list[_Earlier]] = {}
    for row in rows:
        own = row.member_id in {row.claimed_by_member, row.signed_in_by_member}
        one = _Earlier(row.task_id, row.place, row.signed_in_at, row.signed_out_at, own)
        found.setdefault(row.member_id, []).append(one)
    return found


def _usual(view: View, here: Mapping[str, Row[Any]]) -> dict[str, int | None]:
    """Return, for each task, the middle of the hours of its category's tasks just before it."""
    parts = []
    for task_id, task in here.items():
        before = (
            select(literal(task_id).label("of"), tasks.c.starts_at, tasks.c.ends_at)
            .where(
                tasks.c.bank_id == view.bank_id,
                tasks.c.category == task.category,
                tasks.c.starts_at < task.starts_at,
            )
            .order_by(tasks.c.starts_at.desc())
            .limit(_USUAL_MOST)
            .subquery()
        )
        parts.append(select(before.c.of, before.c.starts_at, before.c.ends_at))
    hours: dict[str, list[int]] = {task_id: [] for task_id in here}
    for row in view.rows(union_all(*parts)):
        hours[row.of].append((row.ends_at - row.starts_at) // _MINUTE)
    return {
        task_id: sorted(known)[len(known) // 2] if len(known) >= _USUAL_LEAST else None
        for task_id, known in hours.items()
    }


def _came_at(task: Row[Any], mine: Part) -> datetime:
    came_at: datetime = task.starts_at + mine.came_s * _SECOND
    return came_at


def _gap(task: Row[Any], mine: Part, theirs: Sequence[_Earlier]) -> int | None:
    """Return the minutes to the nearest service at another place."""
    came_at, left_at = _came_at(task, mine), task.starts_at + mine.left_s * _SECOND
    gaps = [
        max(one.came_at - left_at, came_at - one.left_at) // _MINUTE
        for one in theirs
        if one.task_id != task.task_id and one.place != task.place
    ]
    return min(gaps, default=None)
