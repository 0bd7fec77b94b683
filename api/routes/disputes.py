"""Disputes: a member does not accept a rejection; a second reviewer decides."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import ClaimId, Form, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, joining
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.people.errors import NotYours
from creditbank.service import disputes
from creditbank.service.review_errors import DecisionFinal, DisputeTooLate
from creditbank.tasks.errors import ClaimNotFound
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}", tags=["reviews"])

Joins = Annotated[Caller, joining(Right.ACT_AS_MEMBER)]


class DisputeForm(Form):
    """Why the rejection is wrong; shown to the second reviewer."""

    reason: Reason


class Disputed(Shown):
    """Until when a second reviewer should have decided."""

    claim_id: str
    state: ClaimState
    review_due_at: datetime


@router.post(
    "/claims/{claim_id}/dispute",
    summary="Dispute a rejection",
    response_model=Disputed,
    responses=refusals(
        *(ClaimNotFound, NotYours, StateConflict, DecisionFinal, DisputeTooLate, BadField),
    ),
)
async def dispute(
    caller: Joins, claim_id: ClaimId, key: Key, form: DisputeForm
) -> disputes.Disputed:
    """Ask for a second reviewer, once, as the member or their guardian."""
    return await caller.write(
        lambda unit: disputes.dispute(unit, key=key, claim_id=claim_id, reason=form.reason)
    )
