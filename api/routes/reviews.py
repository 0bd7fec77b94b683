"""Reviews: somebody else looks at a service, and it is credited exactly once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, StrictInt

from api.edge.forms import ClaimId, Cursor, Form, Limit, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.claims import ClaimShown
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people.errors import OtherCommunity
from creditbank.schemes.asset_rules import OverCap
from creditbank.service import review_sheets, reviews
from creditbank.service.attendance_errors import ConfirmationNeeded, Contradicted
from creditbank.service.review_errors import OtherReviewerNeeded
from creditbank.service.review_sheets import Sheet
from creditbank.service.reviewers import Pool
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import (
    ClaimNotFound,
    OwnWork,
    SecondPersonNeeded,
    WithdrawalTooLate,
)
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}", tags=["reviews"])

Reviews = Annotated[Caller, having(Right.REVIEW)]
SeesReviews = Annotated[Caller, having(Right.REVIEW, Right.OVERSEE)]
Withdraws = Annotated[Caller, having(Right.WITHDRAW_APPROVAL)]
MinutesAsked = Annotated[
    int | None, Query(ge=1, le=100_000, description="For how many minutes; else all.")
]
DECIDING = (ClaimNotFound, OtherCommunity, OwnWork, OtherReviewerNeeded, StateConflict, BadField)


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


class FlagShown(Shown):
    """Something odd about a service, in words."""

    word: str
    zh: str
    en: str


class ReviewShown(ClaimShown):
    """A claim with what its reviewer should know; ``photos`` are all of its task."""

    party_id: str | None
    signed_in_how: SignedInHow | None
    forced_out_at: datetime | None
    confirmed_at: datetime | None
    review_due_at: datetime | None
    disputed_at: datetime | None
    dispute: str | None
    flags: list[FlagShown]
    photos: int
    late: bool


class ReviewPage(Shown):
    """A page of what waits for a review."""

    items: list[ReviewShown]
    next: str | None


class LineShown(Shown):
    """What comes in of an asset, and what a cap takes away and where that goes."""

    asset: str
    units: int
    kept: int
    to_team: bool
    over: int
    over_cap: OverCap
    over_to: str | None


class PreviewShown(Shown):
    """What an approval would bring now; of the minutes those that count."""

    minutes: int
    lines: list[LineShown]


class BeforeShown(Shown):
    """A service before its decision."""

    claim: ReviewShown
    reviewed_by: Pool
    preview: PreviewShown | None


def review_of(sheet: Sheet) -> ReviewShown:
    """Show a sheet as a claim with more beside it."""
    shown = {name: getattr(sheet.claim, name, None) for name in ReviewShown.model_fields}
    more = {"flags": sheet.flags, "photos": sheet.photos, "late": sheet.late}
    return ReviewShown.model_validate(shown | more)


@router.get("/reviews", summary="What waits for a review", responses=refusals(ClaimNotFound))
async def waiting(caller: SeesReviews, after: Cursor = None, limit: Limit = 50) -> ReviewPage:
    """List the services that wait for a review, those due first before others, with what is odd.

    Those of communities without two reviewers of their own, and what is late, are the whole bank's.
    """
    within = caller.communities

    def look(view: View) -> tuple[list[Sheet], str | None]:
        page = reviews.waiting(view, within=within, after=after, limit=limit)
        return review_sheets.several(view, page.claims), page.after

    sheets, following = await caller.read(look)
    return ReviewPage(items=[review_of(one) for one in sheets], next=following)


@router.get(
    "/claims/{claim_id}/review",
    summary="A service before its decision",
    responses=refusals(ClaimNotFound, OtherCommunity),
)
async def before(
    caller: SeesReviews, claim_id: ClaimId, minutes: MinutesAsked = None
) -> BeforeShown:
    """Show a service, and what approving it for so many minutes would bring, caps included."""
    actor = caller.actor
    found = await caller.read(lambda view: review_sheets.of(view, actor, claim_id, minutes))
    preview = None if found.preview is None else PreviewShown.model_validate(found.preview)
    claim = review_of(found.sheet)
    return BeforeShown(claim=claim, reviewed_by=found.reviewed_by, preview=preview)


@router.post(
    "/claims/{claim_id}/approve",
    summary="Approve a service",
    response_model=Approved,
    responses=refusals(*DECIDING, ConfirmationNeeded, Contradicted),
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
    responses=refusals(*DECIDING),
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
