"""Reviews: somebody else looks at a service, and it is credited exactly once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StrictInt

from api.forms import ClaimId, Cursor, Form, Limit, Reason, Shown
from api.openapi import refusals
from api.routes.tasks import ClaimPage
from api.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.people.errors import OtherCommunity
from creditbank.tasks import reviews
from creditbank.tasks.errors import (
    ClaimNotFound,
    OwnWork,
    SecondPersonNeeded,
    WithdrawalTooLate,
)
from creditbank.tasks.states import ClaimState

router = APIRouter(prefix="/v1/b/{slug}", tags=["reviews"])

Reviews = Annotated[Caller, having(Right.REVIEW)]
SeesReviews = Annotated[Caller, having(Right.REVIEW, Right.OVERSEE)]
Withdraws = Annotated[Caller, having(Right.WITHDRAW_APPROVAL)]


class ApproveForm(Form):
    """For how many minutes; left out, for those that were measured."""

    minutes: Annotated[StrictInt, Field(ge=1, le=100_000)] | None = None


class ReasonForm(Form):
    """Why; shown to the member."""

    reason: Reason


class AmountShown(Shown):
    """So many units of an asset."""

    units: int
    asset: str


class Approved(Shown):
    """What was credited; no transfer where so short a service earns nothing."""

    claim_id: str
    state: ClaimState
    minutes: int
    earned: list[AmountShown]
    transfer_id: str | None


class Rejected(Shown):
    """A service that is not credited."""

    claim_id: str
    state: ClaimState


class Revoked(Shown):
    """What went back, debts included."""

    claim_id: str
    state: ClaimState
    taken_back: list[AmountShown]
    transfer_id: str | None


@router.get("/reviews", summary="What waits for a review", responses=refusals(ClaimNotFound))
async def waiting(caller: SeesReviews, after: Cursor = None, limit: Limit = 50) -> ClaimPage:
    """List the services that wait for a review, those that ended first before others."""
    within = caller.communities
    page = await caller.read(
        lambda view: reviews.waiting(view, within=within, after=after, limit=limit)
    )
    return ClaimPage.model_validate({"items": page.claims, "next": page.after})


@router.post(
    "/claims/{claim_id}/approve",
    summary="Approve a service",
    response_model=Approved,
    responses=refusals(ClaimNotFound, OtherCommunity, OwnWork, StateConflict, BadField),
)
async def approve(
    caller: Reviews, claim_id: ClaimId, key: Key, form: ApproveForm
) -> reviews.Approved:
    """Approve a service and credit it, in one unit. Nobody approves what they made or gain by."""
    return await caller.write(
        lambda unit: reviews.approve(unit, key=key, claim_id=claim_id, minutes=form.minutes)
    )


@router.post(
    "/claims/{claim_id}/reject",
    summary="Reject a service",
    response_model=Rejected,
    responses=refusals(ClaimNotFound, OtherCommunity, OwnWork, StateConflict, BadField),
)
async def reject(
    caller: Reviews, claim_id: ClaimId, key: Key, form: ReasonForm
) -> reviews.Rejected:
    """Refuse to credit a service, with a reason."""
    return await caller.write(
        lambda unit: reviews.reject(unit, key=key, claim_id=claim_id, reason=form.reason)
    )


@router.post(
    "/claims/{claim_id}/withdraw-approval",
    summary="Withdraw an approval",
    response_model=Revoked,
    responses=refusals(
        *(ClaimNotFound, OtherCommunity, SecondPersonNeeded, StateConflict),
        *(WithdrawalTooLate, BadField),
    ),
)
async def withdraw_approval(
    caller: Withdraws, claim_id: ClaimId, key: Key, form: ReasonForm
) -> reviews.Revoked:
    """Take an approval back, once; what the member no longer has becomes a debt to earn back."""
    return await caller.write(
        lambda unit: reviews.withdraw_approval(unit, key=key, claim_id=claim_id, reason=form.reason)
    )
