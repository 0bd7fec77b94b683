"""Deadlines: until when a service, or a dispute about one, should be reviewed; and what is late.

Nothing is approved by silence. What is late stands first in the queue, is open to the whole bank's
reviewers, and the job tells the member and those who review at that community, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select

from creditbank import jobs, notices
from creditbank.core.units import Unit, View
from creditbank.jobs import Lease
from creditbank.schemes import scheme
from creditbank.service import reviewers
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import AWAITING_REVIEW

KIND = "tell-late-reviews"
SLICE = 20


def review_due(view: View) -> datetime:
    """Return until when a service that waits for a review from now on should have one."""
    return view.now + timedelta(days=scheme.current(view).review_days)


def is_late(view: View) -> ColumnElement[bool]:
    """Return what says of a claim that nobody reviewed it in time.

    A service from before there were deadlines has its own from its end.
    """
    of = claims.claims.c
    since = view.now - timedelta(days=scheme.current(view).review_days)
    undated = of.review_due_at.is_(None) & (of.signed_out_at <= since)
    return of.state.in_(AWAITING_REVIEW) & or_(of.review_due_at <= view.now, undated)


def due(view: View) -> list[str]:
    """Return what says that the job has work: a review is late, and nobody was told."""
    return [jobs.DUE_WORK] if _untold(view, 1) else []


def run_slice(unit: Unit, lease: Lease) -> bool:
    """Tell of the next late reviews; give the job back when all were told."""
    jobs.hold(unit, lease)
    late = _untold(unit, SLICE)
    for claim_id in sorted(row.claim_id for row in late):
        found = claims.lock(unit, claim_id)
        if found.state in AWAITING_REVIEW and found.escalated_at is None:
            due_at = found.review_due_at or unit.now
            claims.store(unit, claim_id, escalated_at=unit.now, review_due_at=due_at)
            link = f"/me/claims/{claim_id}"
            notices.tell(unit, found.member_id, "review-late", link=link, task=found.task_id)
    counts: dict[str, int] = {}
    for row in late:
        counts[row.community_id] = counts.get(row.community_id, 0) + 1
    for community_id, count in sorted(counts.items()):
        told = reviewers.heads(unit, community_id)
        notices.tell_all(unit, told, "reviews-late", link="/reviews", count=count)
    if late:
        jobs.advance(unit, lease, {})
        return False
    jobs.release(unit, lease)
    return True


def _untold(view: View, limit: int) -> Sequence[Row[Any]]:
    of, at = claims.claims.c, tasks.tasks.c
    return view.rows(
        select(of.claim_id, at.community_id)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(of.bank_id == view.bank_id, is_late(view), of.escalated_at.is_(None))
        .order_by(of.signed_out_at, of.claim_id)
        .limit(limit)
    )
