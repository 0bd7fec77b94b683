"""Waits: how much of each thing waits for somebody in office, and since when; few queries each.

What somebody may see is as in the lists behind the figures: each asks within the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, select

from creditbank.core.units import View
from creditbank.people.members import Status, members
from creditbank.schemes import scheme
from creditbank.service import deadlines, reviewers
from creditbank.service.afterwards import afterwards
from creditbank.service.draws import SecondLook
from creditbank.service.thanks import ThanksState, thanks
from creditbank.tasks import claims, searches, tasks
from creditbank.tasks.states import AWAITING_REVIEW, ClaimState, TaskState

Places = tuple[str, ...] | None

_of = claims.claims.c


@dataclass(frozen=True, slots=True)
class Reviews:
    """What waits for a decision: services signed out, forced ones, disputes; and the oldest."""

    ordinary: int
    forced: int
    disputes: int
    late: int
    oldest_at: datetime | None


def reviews(view: View, within: Places) -> Reviews:
    """Count what waits for a review, as `reviews.waiting` lists it."""
    late = deadlines.is_late(view)
    near = _near(view, within)
    query = select(
        _of.state,
        func.count().label("many"),
        func.sum(_as_one(late)).label("late"),
        func.min(_of.signed_out_at).label("oldest_at"),
    ).where(_of.bank_id == view.bank_id, _of.state.in_(AWAITING_REVIEW))
    if near is not None:
        query = query.where(near | late)
    rows = {row.state: row for row in view.rows(query.group_by(_of.state))}

    def many(state: ClaimState) -> int:
        return int(rows[state].many) if state in rows else 0

    oldest = [row.oldest_at for row in rows.values() if row.oldest_at is not None]
    return Reviews(
        many(ClaimState.SIGNED_OUT),
        many(ClaimState.FORCED_OUT),
        many(ClaimState.DISPUTED),
        sum(int(row.late or 0) for row in rows.values()),
        min(oldest, default=None),
    )


def _as_one(which: ColumnElement[bool]) -> Any:
    return case((which, 1), else_=0)


def _near(view: View, within: Places) -> ColumnElement[bool] | None:
    """Return what says that a claim is reviewed within some places, None for all."""
    if within is None:
        return None
    return tasks.is_within(view, _of.task_id, sorted({*within, *reviewers.pooled(view)}))


def second_looks(view: View, within: Places, other_than: str) -> int:
    """Count the approvals that wait for a second look by somebody else.

    An approval that is too old to be taken back is not counted: looking at it changes nothing.
    """
    days = scheme.current(view).withdraw_approval_days
    which = [
        _of.state == ClaimState.APPROVED,
        _of.second_look == SecondLook.DRAWN,
        _of.decided_at > view.now - timedelta(days=days),
        _of.decided_by != other_than,
    ]
    near = _near(view, within)
    return _many(view, claims.claims, [*which, *([] if near is None else [near])])


def admissions(view: View, within: Places) -> int:
    """Count who waits for admission."""
    which = [members.c.status == Status.APPLIED]
    if within is not None:
        which.append(members.c.community_id.in_(within))
    return _many(view, members, which)


def short_needs(view: View, within: Places) -> int:
    """Count the needs that start soon and have places that nobody took."""
    return _many(view, tasks.tasks, [*searches.short(view), *_there(within)])


def unsettled_needs(view: View, within: Places) -> int:
    """Count the needs that are over and of which it is open who was there."""
    return _many(view, tasks.tasks, [*searches.unsettled(view), *_there(within)])


def drafts(view: View, within: Places) -> int:
    """Count the drafts of needs whose time has not come."""
    of = tasks.tasks.c
    draft = [of.stored_state == TaskState.DRAFT, of.ends_at > view.now]
    return _many(view, tasks.tasks, [*draft, *_there(within)])


def noted_late(view: View, within: Places) -> int:
    """Count what was noted down late and waits for a second person."""
    of, at = afterwards.c, tasks.tasks.c
    draft = (
        select(at.task_id)
        .where(
            at.bank_id == view.bank_id,
            at.task_id == of.task_id,
            at.stored_state == TaskState.DRAFT,
            *_there(within),
        )
        .exists()
    )
    return _many(view, afterwards, [of.second_needed, of.confirmed_at.is_(None), draft])


def unread_thanks(view: View, within: Places) -> int:
    """Count the notes of thanks that nobody in office has read."""
    which = [thanks.c.state == ThanksState.WRITTEN]
    if within is not None:
        which.append(thanks.c.community_id.in_(within))
    return _many(view, thanks, which)


def _there(within: Places) -> list[ColumnElement[bool]]:
    return [] if within is None else [tasks.tasks.c.community_id.in_(within)]


def _many(view: View, of: Table, which: Sequence[ColumnElement[bool]]) -> int:
    query = select(func.count().label("many")).select_from(of)
    row = view.row(query.where(of.c.bank_id == view.bank_id, *which))
    return 0 if row is None else int(row.many)
