"""One service before its reviewer: what shows it, what it would bring, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from pydantic import Field, ValidationInfo, field_validator

from api.edge.forms import ClaimId
from api.edge.routes import Routes
from api.edge.wiring import narrowed
from api.pages.forms import FormKey, MaybeCount, MaybeLine, Sent
from api.pages.office import names
from api.pages.office.reviews import HOW, STATES, Reviews, SeesReviews, Withdraws, waits
from api.pages.page import Page
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, posting
from creditbank.people import communities
from creditbank.people.errors import OtherCommunity
from creditbank.schemes import scheme
from creditbank.service import evidence, photos, review_sheets, reviews, second_looks
from creditbank.service.draws import SecondLook
from creditbank.service.photos import Photo
from creditbank.service.review_sheets import Before
from creditbank.tasks import categories, tasks
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/reviews/{claim_id}", include_in_schema=False)

# Reasons to choose from; the member reads the chosen sentence.
REJECTED_FOR = (
    ("没有按约定到场服务", "Did not come as agreed"),
    ("服务时长与实际不符", "The hours are not what they were"),
    ("没有照片或确认，无法核实", "No photo or confirmation to check it by"),
    ("同一次服务已经登记过", "The same service was noted before"),
    ("不属于可以计分的服务", "Not a service that counts"),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """All that a reviewer sees of one service; no evidence for who only oversees."""

    before: Before
    task: Task
    category: str
    community: str
    name: str
    evidence: evidence.Shown | None
    photos: tuple[Photo, ...]
    assets: dict[str, str]
    earned: tuple[tuple[int, str], ...]
    withdrawn_until: datetime | None


def _opened(view: View, page: Page, claim_id: str) -> Opened:
    actor = page.caller.actor
    before = review_sheets.of(view, actor, claim_id)
    claim = before.sheet.claim
    task = tasks.find(view, claim.task_id)
    shown = _evidence(view, page, claim_id)
    kinds = {one.code: one.name for one in categories.every(view)}
    until = None
    if claim.state is ClaimState.APPROVED and claim.decided_at is not None:
        until = claim.decided_at + timedelta(days=scheme.current(view).withdraw_approval_days)
    return Opened(
        before,
        task,
        kinds.get(task.category, task.category),
        communities.find(view, task.community_id).name,
        names.near(view, page, [claim.member_id])[claim.member_id],
        shown,
        () if shown is None else tuple(photos.of_claim(view, claim_id)),
        {code: one.name for code, one in accounts.every_asset(view).items()},
        _earned(view, claim.transfer_id),
        until if until is not None and until >= view.now else None,
    )


def _evidence(view: View, page: Page, claim_id: str) -> evidence.Shown | None:
    """Return what shows a service, as far as who asks reviews there, not only oversees."""
    if not page.caller.may(Right.REVIEW):
        return None
    try:
        return evidence.of_claim(view, narrowed(page.caller, (Right.REVIEW,)).actor, claim_id)
    except OtherCommunity:
        return None


def _earned(view: View, transfer_id: str | None) -> tuple[tuple[int, str], ...]:
    """Return what an approval brought."""
    if transfer_id is None:
        return ()
    legs = posting.find(view, transfer_id).postings
    return tuple((one.amount.units, one.amount.asset) for one in legs)


@router.get("")
async def show(page: SeesReviews, claim_id: ClaimId) -> Response:
    """Show one service with its evidence, and what can be decided about it."""
    found = await page.read(lambda view: _opened(view, page, claim_id))
    claim = found.before.sheet.claim
    looks = claim.state is ClaimState.APPROVED and claim.second_look == SecondLook.DRAWN
    may = page.caller.may
    return page.show(
        "office/review.html",
        found=found,
        claim=claim,
        decides=waits(claim) and may(Right.REVIEW),
        looks=looks and may(Right.WITHDRAW_APPROVAL),
        withdraws=found.withdrawn_until is not None and may(Right.WITHDRAW_APPROVAL),
        reasons=REJECTED_FOR,
        how=HOW,
        states=STATES,
    )


class ApproveForm(Sent):
    """For how many minutes; left empty, for those that were measured."""

    minutes: MaybeCount = None


class ReasonForm(Sent):
    """Why: a sentence that was chosen, or one that was written."""

    chosen: MaybeLine = None
    reason: MaybeLine = Field(None, validate_default=True)

    @field_validator("reason")
    @classmethod
    def is_given(cls, reason: str | None, info: ValidationInfo) -> str | None:
        """See that one of them is there."""
        if reason is None and info.data.get("chosen") is None:
            message = "choose a reason or write one"
            raise ValueError(message)
        return reason

    def why(self) -> str:
        """Return what was written, or else what was chosen."""
        return self.reason or self.chosen or ""


@router.post("/approve")
async def approve(
    page: Reviews, claim_id: ClaimId, key: FormKey, form: Annotated[ApproveForm, Form()]
) -> Response:
    """Approve a service and credit it."""
    await page.write(
        lambda unit: reviews.approve(unit, key=key, claim_id=claim_id, minutes=form.minutes)
    )
    return page.go("/office/reviews", "approved")


@router.post("/reject")
async def reject(
    page: Reviews, claim_id: ClaimId, key: FormKey, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Refuse to credit a service, with a reason that the member reads."""
    reason = form.why()
    await page.write(lambda unit: reviews.reject(unit, key=key, claim_id=claim_id, reason=reason))
    return page.go("/office/reviews", "rejected")


@router.post("/withdraw-approval")
async def withdraw(
    page: Withdraws, claim_id: ClaimId, key: FormKey, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Take an approval back, as a second person and with a reason."""
    reason = form.why()
    await page.write(
        lambda unit: reviews.withdraw_approval(unit, key=key, claim_id=claim_id, reason=reason)
    )
    return page.go(f"/office/reviews/{claim_id}", "approval-withdrawn")


@router.post("/second-look/pass")
async def let_stand(page: Withdraws, claim_id: ClaimId, key: FormKey) -> Response:
    """Let an approval stand after a second look."""
    await page.write(
        lambda unit: second_looks.look(unit, key=key, claim_id=claim_id, passed=True, reason=None)
    )
    return page.go("/office/second-looks", "looked")


@router.post("/second-look/fail")
async def fail(
    page: Withdraws, claim_id: ClaimId, key: FormKey, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Take an approval back after a second look."""
    reason = form.why()
    await page.write(
        lambda unit: second_looks.look(
            unit, key=key, claim_id=claim_id, passed=False, reason=reason
        )
    )
    return page.go("/office/second-looks", "approval-withdrawn")
