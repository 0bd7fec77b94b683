"""Second looks: a share of approvals is looked at once more, by somebody else."""

from __future__ import annotations

from pydantic import StrictBool

from api.edge.forms import ClaimId, Cursor, Form, Limit, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Key
from api.routes.reviews import ReviewPage, SeesReviews, Withdraws, review_of
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.people.errors import OtherCommunity
from creditbank.service import review_sheets, second_looks
from creditbank.service.draws import SecondLook
from creditbank.service.review_errors import NotDrawn, OtherReviewerNeeded
from creditbank.service.review_sheets import Sheet
from creditbank.tasks.errors import (
    ClaimNotFound,
    OwnWork,
    SecondPersonNeeded,
    WithdrawalTooLate,
)
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}", tags=["reviews"])


class LookForm(Form):
    """Whether the service stands; if not, why: the approval is withdrawn."""

    passed: StrictBool
    reason: Reason | None = None


class Looked(Shown):
    """What came of a second look; ``transfer_id`` is what took the credit back."""

    claim_id: str
    state: ClaimState
    second_look: SecondLook
    transfer_id: str | None


@router.get(
    "/second-looks", summary="What waits for a second look", responses=refusals(ClaimNotFound)
)
async def drawn(caller: SeesReviews, after: Cursor = None, limit: Limit = 50) -> ReviewPage:
    """List the approvals that were drawn, the oldest first, without one's own."""
    within, own = caller.communities, caller.actor.id

    def look(view: View) -> tuple[list[Sheet], str | None]:
        page = second_looks.waiting(view, within=within, other_than=own, after=after, limit=limit)
        return review_sheets.several(view, page.claims), page.after

    sheets, following = await caller.read(look)
    return ReviewPage(items=[review_of(one) for one in sheets], next=following)


@router.post(
    "/claims/{claim_id}/second-look",
    summary="Say what a second look showed",
    response_model=Looked,
    responses=refusals(
        *(ClaimNotFound, OtherCommunity, OwnWork, OtherReviewerNeeded, SecondPersonNeeded),
        *(NotDrawn, StateConflict, WithdrawalTooLate, BadField),
    ),
)
async def look(
    caller: Withdraws, claim_id: ClaimId, key: Key, form: LookForm
) -> second_looks.Looked:
    """Let an approval stand, or withdraw it with a reason, as someone else than who approved."""
    return await caller.write(
        lambda unit: second_looks.look(
            unit, key=key, claim_id=claim_id, passed=form.passed, reason=form.reason
        )
    )
