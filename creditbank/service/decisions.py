"""Decisions: what was approved lately and can still be taken back, for those who may do so."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.schemes import scheme
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Page
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import PAGE_MOST


def revocable(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the approvals that are not too old to be withdrawn, the latest services first.

    ``within`` leaves those for tasks of some communities; ``after`` is that of the page before.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    limit = min(limit, PAGE_MOST)
    of = claims.claims.c
    since = view.now - timedelta(days=scheme.current(view).withdraw_approval_days)
    query = select(claims.claims).where(
        of.bank_id == view.bank_id, of.state == ClaimState.APPROVED, of.decided_at >= since
    )
    if within is not None:
        query = query.where(tasks.is_within(view, of.task_id, within))
    if after is not None:
        at = claims.find(view, after).signed_out_at
        query = query.where(
            (of.signed_out_at < at) | ((of.signed_out_at == at) & (of.claim_id < after))
        )
    order = (of.signed_out_at.desc(), of.claim_id.desc())
    return claims.page(view.rows(query.order_by(*order).limit(limit + 1)), limit)
