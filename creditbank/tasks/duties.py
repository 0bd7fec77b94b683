"""Duties: a member's own claims in the order in which they matter: what comes, then what was."""

from __future__ import annotations

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim, Page
from creditbank.tasks.states import ClaimState

AHEAD_MOST = 200
AHEAD = (ClaimState.WAITING, ClaimState.OFFERED, ClaimState.PLACED, ClaimState.SIGNED_IN)

_of = claims.claims.c
_at = tasks.tasks.c


def ahead(view: View, member_id: str, limit: int = AHEAD_MOST) -> list[Claim]:
    """Return the claims of a member that come, wait or run, by the start of their tasks."""
    rows = view.rows(
        select(claims.claims)
        .join(tasks.tasks, (_at.bank_id == _of.bank_id) & (_at.task_id == _of.task_id))
        .where(_of.bank_id == view.bank_id, _of.member_id == member_id, _of.state.in_(AHEAD))
        .order_by(_at.starts_at, _of.claim_id)
        .limit(limit)
    )
    return [claims.read(row) for row in rows]


def behind(view: View, member_id: str, *, after: str | None = None, limit: int = 20) -> Page:
    """Return the claims of a member that are over, the latest first.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    query = select(claims.claims).where(
        _of.bank_id == view.bank_id, _of.member_id == member_id, _of.state.not_in(AHEAD)
    )
    if after is not None:
        at = claims.find(view, after).claimed_at
        older = (_of.claimed_at == at) & (_of.claim_id < after)
        query = query.where((_of.claimed_at < at) | older)
    order = (_of.claimed_at.desc(), _of.claim_id.desc())
    return claims.page(view.rows(query.order_by(*order).limit(limit + 1)), limit)


def of_tasks(view: View, member_id: str, task_ids: list[str]) -> dict[str, Claim]:
    """Return a member's claims of some tasks, by task."""
    rows = view.rows(
        select(claims.claims).where(
            _of.bank_id == view.bank_id, _of.member_id == member_id, _of.task_id.in_(task_ids)
        )
    )
    return {row.task_id: claims.read(row) for row in rows}
