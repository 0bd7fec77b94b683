"""Hours: what was served, by whom, where; approved minutes only, in every sum.

A service belongs to the time in which it ended; one until midnight ended that evening, so the
first instant of a span is not counted and the last one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from creditbank.core.units import View
from creditbank.people.members import Status, members
from creditbank.tasks.claims import claims
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import tasks

LINES_MOST = 20_000

Span = tuple[datetime | None, datetime | None]
"""After an instant until another, which is counted; None is no end on that side."""

EVER: Span = (None, None)

_of = claims.c
_minutes = func.sum(_of.approved_minutes)
_task = (tasks.c.bank_id == _of.bank_id) & (tasks.c.task_id == _of.task_id)
_member = (members.c.bank_id == _of.bank_id) & (members.c.member_id == _of.member_id)


@dataclass(frozen=True, slots=True)
class Tally:
    """Approved services: their minutes, how many they were, and of how many people."""

    minutes: int
    services: int
    people: int


@dataclass(frozen=True, slots=True)
class Hours:
    """So many approved minutes and services of one category in one community."""

    category: str
    community_id: str
    minutes: int
    services: int


@dataclass(frozen=True, slots=True)
class Line:
    """One service: whose, what, where, when, for how long, and what was decided."""

    member_id: str
    number: str
    title: str
    category: str
    community_id: str
    signed_in_at: datetime | None
    measured_minutes: int | None
    approved_minutes: int | None
    state: ClaimState


def tally(view: View, span: Span = EVER, *, member_id: str | None = None) -> Tally:
    """Return what was served in a span, by everybody or by one member."""
    which = _approved(view, span)
    if member_id is not None:
        which.append(_of.member_id == member_id)
    row = view.row(
        select(
            _minutes.label("minutes"),
            func.count().label("services"),
            func.count(_of.member_id.distinct()).label("people"),
        ).where(*which)
    )
    assert row is not None, "a sum is one row"
    return Tally(int(row.minutes or 0), row.services, row.people)


def by_place(view: View, span: Span) -> list[Hours]:
    """Return what was served in a span by category and community."""
    where = (tasks.c.category, tasks.c.community_id)
    rows = view.rows(
        select(*where, _minutes.label("minutes"), func.count().label("services"))
        .join_from(claims, tasks, _task)
        .where(*_approved(view, span))
        .group_by(*where)
        .order_by(*where)
    )
    return [Hours(row.category, row.community_id, int(row.minutes), row.services) for row in rows]


def busiest(view: View, span: Span, limit: int) -> list[tuple[str, int]]:
    """Return the active members who served most in a span, with their minutes."""
    rows = view.rows(
        select(_of.member_id, _minutes.label("minutes"))
        .join_from(claims, members, _member)
        .where(*_approved(view, span), members.c.status == Status.ACTIVE)
        .group_by(_of.member_id)
        .order_by(_minutes.desc(), _of.member_id)
        .limit(limit)
    )
    return [(row.member_id, int(row.minutes)) for row in rows]


def lines(view: View, span: Span, *, within: tuple[str, ...] | None) -> list[Line]:
    """Return the decided services that ended in a span, in this order; at most so many.

    ``within`` are the communities whose needs are looked at.
    """
    query = (
        select(
            *(_of.member_id, members.c.number),
            *(tasks.c.title, tasks.c.category, tasks.c.community_id),
            *(_of.signed_in_at, _of.measured_minutes, _of.approved_minutes, _of.state),
        )
        .join_from(claims, tasks, _task)
        .join(members, _member)
        .where(*_ended(view, span, ClaimState.APPROVED, ClaimState.REJECTED, ClaimState.REVOKED))
    )
    if within is not None:
        query = query.where(tasks.c.community_id.in_(within))
    rows = view.rows(query.order_by(_of.signed_out_at, _of.claim_id).limit(LINES_MOST))
    return [
        Line(
            **{name: getattr(row, name) for name in Line.__slots__}
            | {"state": ClaimState(row.state)}
        )
        for row in rows
    ]


def _approved(view: View, span: Span) -> list[ColumnElement[bool]]:
    return _ended(view, span, ClaimState.APPROVED)


def _ended(view: View, span: Span, *states: ClaimState) -> list[ColumnElement[bool]]:
    """Return what is true of services in some states that ended in a span."""
    after, until = span
    ended: Sequence[ColumnElement[bool]] = (
        *(() if after is None else (_of.signed_out_at > after,)),
        *(() if until is None else (_of.signed_out_at <= until,)),
    )
    return [_of.bank_id == view.bank_id, _of.state.in_(states), *ended]
