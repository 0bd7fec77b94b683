"""Reviews: somebody else looks at a service, and it is credited exactly once, in the same unit.

Nobody reviews their own service, a task they published, or attendance they noted for others, nor
anyone close to them (`kin`); and only for tasks of the communities where their role holds.
Locks: period (share), member, claim, standings, accounts; the task is only read, since what it
gives never changes once published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.people import communities, kin, members, persons, trail
from creditbank.recognition import periods
from creditbank.schemes import scheme
from creditbank.tasks import claims, crediting, tasks
from creditbank.tasks.claims import Claim, Page
from creditbank.tasks.errors import OwnWork, SecondPersonNeeded, WithdrawalTooLate
from creditbank.tasks.states import AWAITING_REVIEW, CLAIM, ClaimState
from creditbank.tasks.tasks import PAGE_MOST, REASON_MOST, Task

_REASON = "reason"


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval answers; ``transfer_id`` is None where so short a service earns nothing."""

    claim_id: str
    state: ClaimState
    minutes: int
    earned: tuple[Amount, ...]
    transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a rejection answers."""

    claim_id: str
    state: ClaimState


@dataclass(frozen=True, slots=True)
class Revoked:
    """What a withdrawn approval answers: what went back, debts included."""

    claim_id: str
    state: ClaimState
    taken_back: tuple[Amount, ...]
    transfer_id: str | None


@keyed
def approve(
    unit: Unit,
    *,
    claim_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    minutes: int | None = None,
) -> Approved:
    """Approve a service, for the measured minutes or for fewer, and credit it.

    Raises:
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task is.
        OwnWork: the reviewer takes part, published the task, or noted the attendance.
        StateConflict: it does not wait for a review.
        BadField: the minutes are not 1 to the measured ones.
    """
    seen = claims.find(unit, claim_id)
    task = _task_of(unit, seen)
    _refuse_own(unit, task, seen)
    ended_at = seen.signed_out_at
    if ended_at is None or seen.measured_minutes is None:
        raise CLAIM.conflict(seen.state, "approve")
    period_id = periods.for_service(unit, ended_at)
    members.lock(unit, [seen.member_id])
    found = claims.lock(unit, claim_id)
    state = ClaimState(CLAIM.after(found.state, "approve"))
    credited = _minutes(minutes, seen.measured_minutes)
    earned = crediting.earned(unit, task, ended_at, credited)
    transfer_id = crediting.issue(unit, found, earned, ended_at, period_id)
    claims.store(
        unit,
        claim_id,
        state=state,
        approved_minutes=credited,
        decided_by=unit.actor.id,
        decided_by_member=unit.actor.member_id,
        decided_at=unit.now,
        period_id=period_id,
        transfer_id=transfer_id,
    )
    trail.record(unit, "service.approved", claim_id, subject_id=found.member_id)
    _tell(unit, found, "approved" if earned else "approved-short", earned)
    return Approved(claim_id, state, credited, earned, transfer_id)


def _tell(unit: Unit, found: Claim, kind: str, amounts: Iterable[Amount] = ()) -> None:
    """Tell a member what became of their service."""
    units = {one.asset: one.units for one in amounts}
    notices.tell(unit, found.member_id, kind, link=f"/me/claims/{found.claim_id}", units=units)


def _task_of(unit: Unit, found: Claim) -> Task:
    """Return the task of a claim, if the actor's role holds where it is.

    Raises:
        OtherCommunity: it does not.
    """
    task = tasks.find(unit, found.task_id)
    communities.require_within(unit.actor, task.community_id)
    return task


def _refuse_own(unit: Unit, task: Task, found: Claim) -> None:
    involved = {found.member_id, task.created_by, task.created_by_member, *found.noted_by}
    if involved & kin.of_actor(unit, unit.actor):
        raise OwnWork(found.claim_id)


def _minutes(wanted: int | None, measured: int) -> int:
    if wanted is None:
        return measured
    if type(wanted) is not int or not 1 <= wanted <= measured:
        raise BadField("minutes", f"1–{measured}")
    return wanted


@keyed
def reject(unit: Unit, *, claim_id: str, reason: str, key: str) -> Rejected:  # noqa: ARG001
    """Refuse to credit a service, with a reason.

    Raises:
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task is.
        OwnWork: the reviewer takes part, published the task, or noted the attendance.
        StateConflict: it does not wait for a review.
        BadField: the reason is unusable.
    """
    said = line("reason", reason, REASON_MOST)
    found = claims.lock(unit, claim_id)
    _refuse_own(unit, _task_of(unit, found), found)
    state = ClaimState(CLAIM.after(found.state, "reject"))
    claims.store(
        unit,
        claim_id,
        state=state,
        decided_by=unit.actor.id,
        decided_by_member=unit.actor.member_id,
        decided_at=unit.now,
        reason=persons.seal(unit, found.member_id, _REASON, said),
    )
    trail.record(unit, "service.rejected", claim_id, subject_id=found.member_id)
    _tell(unit, found, "rejected")
    return Rejected(claim_id, state)


@keyed
def withdraw_approval(
    unit: Unit,
    *,
    claim_id: str,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Revoked:
    """Take an approval back, once; what the member no longer has becomes a debt to earn back.

    Raises:
        ClaimNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the task is.
        SecondPersonNeeded: the actor approved it, or takes part.
        StateConflict: it is not approved.
        WithdrawalTooLate: the approval is older than the scheme allows.
        BadField: the reason is unusable.
    """
    said = line("reason", reason, REASON_MOST)
    seen = claims.find(unit, claim_id)
    _task_of(unit, seen)
    _refuse_same_person(unit, seen)
    if seen.period_id is None:
        raise CLAIM.conflict(seen.state, "withdraw_approval")
    period_id = periods.for_correction(unit, seen.period_id)
    members.lock(unit, [seen.member_id])
    found = claims.lock(unit, claim_id)
    state = ClaimState(CLAIM.after(found.state, "withdraw_approval"))
    days = scheme.current(unit).withdraw_approval_days
    assert found.decided_at is not None, "an approval has its instant"
    if unit.now > found.decided_at + timedelta(days=days):
        raise WithdrawalTooLate(claim_id, days)
    taken_back, transfer_id = crediting.take_back(unit, found, period_id)
    claims.store(
        unit,
        claim_id,
        state=state,
        revoked_by=unit.actor.id,
        revoked_at=unit.now,
        reason=persons.seal(unit, found.member_id, _REASON, said),
    )
    trail.record(unit, "approval.withdrawn", claim_id, subject_id=found.member_id)
    _tell(unit, found, "approval-withdrawn", taken_back)
    return Revoked(claim_id, state, taken_back, transfer_id)


def _refuse_same_person(unit: Unit, found: Claim) -> None:
    involved = {found.member_id, found.decided_by, found.decided_by_member}
    if involved & kin.of_actor(unit, unit.actor):
        raise SecondPersonNeeded(found.claim_id)


def waiting(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the claims that wait for a review, those that ended first before others.

    ``within`` leaves only those for tasks of some communities; ``after`` is that of the page
    before.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    limit = min(limit, PAGE_MOST)
    of = claims.claims.c
    query = select(claims.claims).where(of.bank_id == view.bank_id, of.state.in_(AWAITING_REVIEW))
    if within is not None:
        query = query.where(of.task_id.in_(tasks.ids_within(view, within)))
    if after is not None:
        at = claims.find(view, after).signed_out_at
        query = query.where(
            (of.signed_out_at > at) | ((of.signed_out_at == at) & (of.claim_id > after))
        )
    rows = view.rows(query.order_by(of.signed_out_at, of.claim_id).limit(limit + 1))
    return claims.page(rows, limit)


def with_reasons(view: View, several: Iterable[Claim]) -> list[Claim]:
    """Return claims with their reasons in plain words, for those who may read them."""
    return [
        replace(one, reason=persons.unseal(view, one.member_id, _REASON, one.reason))
        for one in several
    ]
