"""Searches: needs as an organiser looks for them, by words, state, kind, place and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select, tuple_

from creditbank.core.units import View
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Task, TaskKind

PAGE_MOST = 100
SOON = timedelta(days=3)
LOOKED_BACK = timedelta(days=60)
MONTH_MOST = 600

_of = tasks.tasks.c
# Whose attendance is not settled once a task is over.
_UNSETTLED = (ClaimState.PLACED, ClaimState.SIGNED_IN)


class Which(StrEnum):
    """Which needs: what is to come or runs, one state, or those that ask for something."""

    COMING = "coming"
    SHORT = "short"
    DRAFT = "draft"
    RUNNING = "running"
    UNSETTLED = "unsettled"
    PAST = "past"
    CANCELLED = "cancelled"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; ``drafts_within`` are the communities whose drafts may be seen."""

    which: Which = Which.COMING
    words: str = ""
    category: str | None = None
    community_id: str | None = None
    from_day: datetime | None = None
    drafts_within: tuple[str, ...] | None = None
    within: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Needs in their order; ``after`` is the id of the last one if there are more."""

    tasks: tuple[Task, ...]
    after: str | None


def found(view: View, wanted: Wanted, *, after: str | None = None, limit: int = 30) -> Page:
    """Return the needs that are looked for, the next ones first; of what is over, the last ones.

    Raises:
        TaskNotFound: ``after`` is no task of this bank.
    """
    limit = min(limit, PAGE_MOST)
    backwards = wanted.which in {Which.PAST, Which.CANCELLED, Which.ALL}
    which = [*_which(view, wanted.which), *_narrowed(wanted)]
    if after is not None:
        last = tasks.find(view, after)
        here, there = tuple_(_of.starts_at, _of.task_id), tuple_(last.starts_at, last.task_id)
        which.append(here < there if backwards else here > there)
    order = (
        (_of.starts_at.desc(), _of.task_id.desc()) if backwards else (_of.starts_at, _of.task_id)
    )
    rows = view.rows(
        select(_of.task_id)
        .where(_of.bank_id == view.bank_id, *which)
        .order_by(*order)
        .limit(limit + 1)
    )
    ids = [row.task_id for row in rows[:limit]]
    several = {one.task_id: one for one in tasks.chosen(view, _of.task_id.in_(ids))} if ids else {}
    return Page(tuple(several[one] for one in ids), ids[-1] if len(rows) > limit else None)


def between(view: View, wanted: Wanted, starts_at: datetime, ends_at: datetime) -> list[Task]:
    """Return the needs that start in a span, by their start; cancelled ones not."""
    return tasks.chosen(
        view,
        _of.stored_state != TaskState.CANCELLED,
        _of.kind != TaskKind.VISIT,
        _of.starts_at >= starts_at,
        _of.starts_at < ends_at,
        *_narrowed(wanted),
        limit=MONTH_MOST,
    )


def _which(view: View, which: Which) -> list[ColumnElement[bool]]:
    """Return what says that a need is one of these."""
    now, going = view.now, _of.stored_state == TaskState.OPEN
    kinds: dict[Which, list[ColumnElement[bool]]] = {
        Which.COMING: [going, _of.ends_at > now],
        Which.SHORT: short(view),
        Which.DRAFT: [_of.stored_state == TaskState.DRAFT],
        Which.RUNNING: [going, _of.starts_at <= now, _of.ends_at > now],
        Which.UNSETTLED: unsettled(view),
        Which.PAST: [_of.stored_state.in_((TaskState.OPEN, TaskState.CLOSED)), _of.ends_at <= now],
        Which.CANCELLED: [_of.stored_state == TaskState.CANCELLED],
        Which.ALL: [],
    }
    return [_of.kind != TaskKind.VISIT, *kinds[which]]


def short(view: View) -> list[ColumnElement[bool]]:
    """Return what says that a need starts soon and has places that nobody took."""
    return [
        _of.stored_state == TaskState.OPEN,
        _of.kind == TaskKind.NEED,
        _of.starts_at > view.now,
        _of.starts_at <= view.now + SOON,
        _of.placed < _of.capacity,
    ]


def unsettled(view: View) -> list[ColumnElement[bool]]:
    """Return what says that a need is over and that it is open still who was there."""
    who = claims.claims.c
    open_still = (
        select(who.claim_id)
        .where(who.bank_id == _of.bank_id, who.task_id == _of.task_id, who.state.in_(_UNSETTLED))
        .exists()
    )
    return [
        _of.stored_state == TaskState.OPEN,
        _of.ends_at <= view.now,
        _of.ends_at > view.now - LOOKED_BACK,
        open_still,
    ]


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what else is wanted of a need."""
    which: list[ColumnElement[bool]] = []
    if wanted.words:
        words = _of.title.contains(wanted.words, autoescape=True)
        which.append(words | _of.place.contains(wanted.words, autoescape=True))
    if wanted.category is not None:
        which.append(_of.category == wanted.category)
    if wanted.community_id is not None:
        which.append(_of.community_id == wanted.community_id)
    if wanted.within is not None:
        which.append(_of.community_id.in_(wanted.within))
    if wanted.from_day is not None:
        which.append(_of.starts_at >= wanted.from_day)
        which.append(_of.starts_at < wanted.from_day + timedelta(days=1))
    if wanted.drafts_within is not None:
        draft = _of.stored_state == TaskState.DRAFT
        which.append(~draft | _of.community_id.in_(wanted.drafts_within))
    return which
