"""Disputes: a member does not accept that a service was rejected; a second reviewer decides.

The member, or their guardian, says why within some days. Who decided first, and who is close to
them, does not decide again; the second decision is final. An approval of fewer minutes is not
disputed here: it is credited, and what is wrong with it is mended by withdrawing the approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.identity import assists
from creditbank.people import guardians, kin, persons, trail
from creditbank.people.errors import NotYours
from creditbank.schemes import scheme
from creditbank.service import deadlines
from creditbank.service.review_errors import DecisionFinal, DisputeTooLate
from creditbank.tasks import claims
from creditbank.tasks.claims import DISPUTE, Claim
from creditbank.tasks.states import CLAIM, ClaimState
from creditbank.tasks.tasks import REASON_MOST


@dataclass(frozen=True, slots=True)
class Disputed:
    """What a dispute answers: until when it should be decided."""

    claim_id: str
    state: ClaimState
    review_due_at: datetime


@keyed
def dispute(unit: Unit, *, claim_id: str, reason: str, key: str) -> Disputed:  # noqa: ARG001
    """Ask for a second reviewer for a rejected service, and say why.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: the actor is neither the member nor a guardian.
        StateConflict: it was not rejected.
        DecisionFinal: it was disputed before.
        DisputeTooLate: the rejection is older than the scheme allows.
        BadField: the reason is unusable.
    """
    said = line("reason", reason, REASON_MOST)
    _require_right(unit, claims.find(unit, claim_id))
    found = claims.lock(unit, claim_id)
    if found.state is ClaimState.REJECTED and found.disputed_at is not None:
        raise DecisionFinal(claim_id)
    state = ClaimState(CLAIM.after(found.state, "dispute"))
    days = scheme.current(unit).dispute_days
    assert found.decided_at is not None, "a rejection has its instant"
    if unit.now > found.decided_at + timedelta(days=days):
        raise DisputeTooLate(claim_id, days)
    due_at = deadlines.review_due(unit)
    claims.store(
        unit,
        claim_id,
        state=state,
        disputed_at=unit.now,
        dispute=persons.seal(unit, found.member_id, DISPUTE, said),
        first_decided_by=found.decided_by,
        first_decided_by_member=found.decided_by_member,
        review_due_at=due_at,
        escalated_at=None,
    )
    assists.done(unit, "assist.disputed", claim_id)
    trail.record(unit, "service.disputed", claim_id, subject_id=found.member_id)
    return Disputed(claim_id, state, due_at)


def _require_right(unit: Unit, found: Claim) -> None:
    """See that the member acts, on any row of theirs, is assisted, or has the actor as guardian.

    Raises:
        NotYours: somebody else does.
    """
    who = unit.actor.assists or unit.actor.member_id
    if who is not None and found.member_id in kin.same(unit, who):
        return
    if unit.actor.assists or who not in guardians.of(unit, found.member_id):
        raise NotYours
