"""Second looks: somebody else looks at an approval that was drawn; a failed one is taken back.

Not the first reviewer, nor anyone close to them, nor who has a part in the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from sqlalchemy import select

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import kin, trail
from creditbank.service import reviewers, reviews
from creditbank.service.draws import SecondLook
from creditbank.service.review_errors import NotDrawn, OtherReviewerNeeded
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim, Page
from creditbank.tasks.states import CLAIM, ClaimState
from creditbank.tasks.tasks import PAGE_MOST, REASON_MOST


@dataclass(frozen=True, slots=True)
class Looked:
    """What a second look answers; ``transfer_id`` is what took the credit back."""

    claim_id: str
    state: ClaimState
    second_look: SecondLook
    transfer_id: str | None


@keyed
def look(
    unit: Unit,
    *,
    claim_id: str,
    passed: bool,
    key: str,  # noqa: ARG001 - the key is @keyed's
    reason: str | None = None,
) -> Looked:
    """Say what a second look at an approval showed; a failed one withdraws it, with a reason.

    Raises:
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task is.
        OwnWork: the actor takes part, published the task, or noted the attendance.
        OtherReviewerNeeded: the actor approved it, or is close to who did.
        NotDrawn: it was not drawn, or somebody looked already.
        StateConflict: it is not approved (any more).
        WithdrawalTooLate: the approval is older than the scheme allows to take back.
        BadField: the look failed without a usable reason.
    """
    seen = claims.find(unit, claim_id)
    reviews.refuse_own(unit, reviews.task_of(unit, seen), seen)
    require = partial(_require_drawn, kin.of_actor(unit, unit.actor))
    came = SecondLook.PASSED if passed else SecondLook.FAILED
    transfer_id = None
    if passed:
        require(claims.lock(unit, claim_id))
        state = ClaimState.APPROVED
    else:
        if reason is None:
            raise BadField("reason", "is missing / 未填写")
        said = line("reason", reason, REASON_MOST)
        require(seen)
        done = reviews.revoke(unit, seen, said, require)
        state, transfer_id = done.state, done.transfer_id
    by = claims.by(unit, "second_looked")
    claims.store(unit, claim_id, second_look=came, second_looked_at=unit.now, **by)
    trail.record(unit, f"second-look.{came}", claim_id, subject_id=seen.member_id)
    return Looked(claim_id, state, came, transfer_id)


def _require_drawn(actor: frozenset[str], found: Claim) -> None:
    """See that a claim, which is locked, waits for a look, and by somebody else than its reviewers.

    Raises:
        StateConflict: it is not approved (any more).
        OtherReviewerNeeded: one of those who act approved it, or decided before a dispute.
        NotDrawn: it was not drawn, or somebody looked already.
    """
    if found.state is not ClaimState.APPROVED:
        raise CLAIM.conflict(found.state, "withdraw_approval")
    first = {found.decided_by, found.decided_by_member}
    if actor & (first | {found.first_decided_by, found.first_decided_by_member}):
        raise OtherReviewerNeeded(found.claim_id)
    if found.second_look != SecondLook.DRAWN:
        raise NotDrawn(found.claim_id)


def waiting(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    other_than: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the approvals that wait for a second look, the oldest first.

    ``within`` leaves only those of some communities and of those without reviewers of their own;
    ``other_than`` leaves out what somebody approved; ``after`` is that of the page before.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    limit = min(limit, PAGE_MOST)
    of = claims.claims.c
    query = select(claims.claims).where(
        of.bank_id == view.bank_id,
        of.state == ClaimState.APPROVED,
        of.second_look == SecondLook.DRAWN,
    )
    if other_than is not None:
        query = query.where(of.decided_by != other_than)
    if within is not None:
        near = sorted({*within, *reviewers.pooled(view)})
        query = query.where(tasks.is_within(view, of.task_id, near))
    if after is not None:
        at = claims.find(view, after).decided_at
        query = query.where((of.decided_at > at) | ((of.decided_at == at) & (of.claim_id > after)))
    rows = view.rows(query.order_by(of.decided_at, of.claim_id).limit(limit + 1))
    return claims.page(rows, limit)
