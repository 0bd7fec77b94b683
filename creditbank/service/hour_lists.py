"""Hours of a span, service by service, as an office keeps them in a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.people.members import members
from creditbank.tasks.claims import claims
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import tasks

LINES_MOST = 20_000
_DONE = (ClaimState.APPROVED, ClaimState.REJECTED, ClaimState.REVOKED)


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


def between(
    view: View, starts_at: datetime, ends_at: datetime, *, within: tuple[str, ...] | None
) -> list[Line]:
    """Return the decided services of needs that start in a span, by their start; at most so many.

    ``within`` are the communities whose needs are looked at.
    """
    query = (
        select(
            claims.c.member_id,
            members.c.number,
            tasks.c.title,
            tasks.c.category,
            tasks.c.community_id,
            claims.c.signed_in_at,
            claims.c.measured_minutes,
            claims.c.approved_minutes,
            claims.c.state,
        )
        .join(tasks, (tasks.c.bank_id == claims.c.bank_id) & (tasks.c.task_id == claims.c.task_id))
        .join(
            members,
            (members.c.bank_id == claims.c.bank_id) & (members.c.member_id == claims.c.member_id),
        )
        .where(
            claims.c.bank_id == view.bank_id,
            claims.c.state.in_(_DONE),
            tasks.c.starts_at >= starts_at,
            tasks.c.starts_at < ends_at,
        )
    )
    if within is not None:
        query = query.where(tasks.c.community_id.in_(within))
    rows = view.rows(query.order_by(tasks.c.starts_at, claims.c.claim_id).limit(LINES_MOST))
    return [
        Line(
            **{name: getattr(row, name) for name in Line.__slots__}
            | {"state": ClaimState(row.state)}
        )
        for row in rows
    ]
