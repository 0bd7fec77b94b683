"""Hours: approved minutes of services that ended in a time, by category and community."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from creditbank.core.units import View
from creditbank.tasks.claims import claims
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import tasks


@dataclass(frozen=True, slots=True)
class Hours:
    """So many approved minutes and services of one category in one community."""

    category: str
    community_id: str
    minutes: int
    services: int


def _approved(view: View, begins_at: datetime, ends_at: datetime) -> Sequence[ColumnElement[bool]]:
    of = claims.c
    return (
        of.bank_id == view.bank_id,
        of.state == ClaimState.APPROVED,
        of.signed_out_at > begins_at,
        of.signed_out_at <= ends_at,
    )


def between(view: View, begins_at: datetime, ends_at: datetime) -> list[Hours]:
    """Return what was approved of services that ended after one instant until another.

    A service until midnight ended that evening, so the first instant is not counted, the last is.
    """
    where = (tasks.c.category, tasks.c.community_id)
    rows = view.rows(
        select(
            *where,
            func.sum(claims.c.approved_minutes).label("minutes"),
            func.count().label("services"),
        )
        .select_from(claims)
        .join(tasks, (tasks.c.bank_id == claims.c.bank_id) & (tasks.c.task_id == claims.c.task_id))
        .where(*_approved(view, begins_at, ends_at))
        .group_by(*where)
        .order_by(*where)
    )
    return [Hours(row.category, row.community_id, int(row.minutes), row.services) for row in rows]


def people(view: View, begins_at: datetime, ends_at: datetime) -> int:
    """Return how many people had a service approved that ended in this time."""
    many: Any = func.count(claims.c.member_id.distinct()).label("many")
    row = view.row(select(many).where(*_approved(view, begins_at, ends_at)))
    return 0 if row is None else int(row.many)
