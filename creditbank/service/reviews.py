"""Reviews: somebody else looks at a service, and it is credited exactly once, in the same unit.

Nobody reviews their own service, a task they published, or attendance they noted for others, nor
anyone close to them (`kin`), nor a guardian, nor who is of the same team; and only where their role
holds, or for the bank's pool (`reviewers`).
What was disputed is decided by a second reviewer, for good. Locks: period (share), member, claim,
standings, accounts; the task is only read, since what it gives never changes once published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.people import guardians, kin, members, persons, teams, trail
from creditbank.recognition import periods
from creditbank.schemes import scheme
from creditbank.service import confirmations, crediting, deadlines, draws, reviewers, sights
from creditbank.service.review_errors import LookFirst, OtherReviewerNeeded
from creditbank.tasks import claims, parties, tasks
from creditbank.tasks.claims import DISPUTE, REASON, Claim, Page
from creditbank.tasks.errors import OwnWork, SecondPersonNeeded, WithdrawalTooLate
from creditbank.tasks.states import AWAITING_REVIEW, CLAIM, ClaimState
from creditbank.tasks.tasks import PAGE_MOST, REASON_MOST, Task, TaskKind


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
        OtherReviewerNeeded: it was disputed, and the actor decided first or is close to who did.
        StateConflict: it does not wait for a review.
        BadField: the minutes are not 1 to the measured ones.
        ConfirmationNeeded, Contradicted: the beneficiary has not confirmed it, or says otherwise.
    """
    return _approve(unit, claim_id, minutes, looked=True)


@keyed
def approve_listed(
    unit: Unit,
    *,
    claim_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    minutes: int | None = None,
    looked: bool = False,
) -> Approved:
    """Approve one of many services at once; an odd one only by who says they looked at it.

    Raises:
        LookFirst: something is odd about it, and nobody looked.
        ClaimNotFound, OtherCommunity, OwnWork, OtherReviewerNeeded, StateConflict, BadField: as
            in `approve`.
        ConfirmationNeeded, Contradicted: as in `approve`.
    """
    return _approve(unit, claim_id, minutes, looked=looked)


def _approve(unit: Unit, claim_id: str, minutes: int | None, *, looked: bool) -> Approved:
    seen = claims.find(unit, claim_id)
    task = task_of(unit, seen)
    refuse_own(unit, task, seen)
    ended_at = seen.signed_out_at
    if ended_at is None or seen.measured_minutes is None:
        raise CLAIM.conflict(seen.state, "approve")
    odd = sights.flags_of(unit, [seen]).get(claim_id, ())
    period_id = periods.for_service(unit, ended_at)
    members.lock(unit, [seen.member_id])
    found = claims.lock(unit, claim_id)
    state = ClaimState(CLAIM.after(found.state, "approve"))
    refuse_first(unit, found)
    flags = tuple(dict.fromkeys((*found.flags, *odd)))
    if flags and not looked:
        raise LookFirst(claim_id, ", ".join(flags))
    confirmations.require(unit, task, found)
    credited = _minutes(minutes, seen.measured_minutes)
    done = crediting.credit(unit, task, found, credited, period_id)
    claims.store(
        unit,
        claim_id,
        state=state,
        approved_minutes=credited,
        decided_at=unit.now,
        period_id=period_id,
        transfer_id=done.transfer_id,
        reason=None,
        flags=",".join(flags) or None,
        second_look=draws.draw(unit, found, flags),
        **claims.by(unit, "decided"),
    )
    trail.record(unit, "service.approved", claim_id, subject_id=found.member_id)
    _tell(unit, found, "approved" if done.amounts else "approved-short", done.amounts)
    return Approved(claim_id, state, credited, done.amounts, done.transfer_id)


def _tell(unit: Unit, found: Claim, kind: str, amounts: Iterable[Amount] = ()) -> None:
    """Tell a member what became of their service."""
    units = {one.asset: one.units for one in amounts}
    notices.tell(unit, found.member_id, kind, link=f"/me/claims/{found.claim_id}", units=units)


def task_of(unit: Unit, found: Claim) -> Task:
    """Return the task of a claim, if the actor may review what is done there.

    Raises:
        OtherCommunity: the actor's role does not hold there, and the bank's pool is not asked.
    """
    task = tasks.find(unit, found.task_id)
    reviewers.require(unit, unit.actor, task, found)
    return task


def refuse_own(unit: Unit, task: Task, found: Claim) -> None:
    """See that the actor has no part in a service, nor anyone close to them.

    Raises:
        OwnWork: they take part, published the task, or noted the attendance; or they were there
            when it was noted down afterwards; or they are the child's guardian, came in the same
            family's or team's claim, or are of the team.
    """
    involved = {found.member_id, task.created_by, task.created_by_member, *found.noted_by}
    if task.kind is TaskKind.AFTERWARDS:
        involved |= {one.member_id for one in claims.of_task(unit, task.task_id)}
    involved |= guardians.of(unit, found.member_id) | _company(unit, found)
    if involved & kin.of_actor(unit, unit.actor):
        raise OwnWork(found.claim_id)


def _company(unit: Unit, found: Claim) -> frozenset[str]:
    """Return who came in the same claim of a family or team, and who is of that team."""
    if found.party_id is None:
        return frozenset()
    party = parties.find(unit, found.party_id)
    people = {one.member_id for one in parties.claims_of(unit, party.party_id)}
    team = () if party.team_id is None else teams.find(unit, party.team_id).member_ids
    return frozenset({party.leader_id, *people, *team})


def refuse_first(unit: Unit, found: Claim) -> None:
    """See that somebody else than the first reviewer decides about a dispute.

    Raises:
        OtherReviewerNeeded: the actor decided first, or is close to who did.
    """
    first = {found.first_decided_by, found.first_decided_by_member}
    if found.state is ClaimState.DISPUTED and first & kin.of_actor(unit, unit.actor):
        raise OtherReviewerNeeded(found.claim_id)


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
        OtherReviewerNeeded: it was disputed, and the actor decided first or is close to who did.
        StateConflict: it does not wait for a review.
        BadField: the reason is unusable.
    """
    said = line("reason", reason, REASON_MOST)
    found = claims.lock(unit, claim_id)
    refuse_own(unit, task_of(unit, found), found)
    state = ClaimState(CLAIM.after(found.state, "reject"))
    refuse_first(unit, found)
    claims.store(
        unit,
        claim_id,
        state=state,
        decided_at=unit.now,
        reason=persons.seal(unit, found.member_id, REASON, said),
        **claims.by(unit, "decided"),
    )
    trail.record(unit, "service.rejected", claim_id, subject_id=found.member_id)
    _tell(unit, found, "rejected-for-good" if found.disputed_at else "rejected")
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
    return revoke(unit, claims.find(unit, claim_id), line("reason", reason, REASON_MOST))


def revoke(
    unit: Unit, seen: Claim, said: str, require: Callable[[Claim], None] | None = None
) -> Revoked:
    """Take an approval back, with what else is required of the claim under its lock.

    Raises:
        OtherCommunity, SecondPersonNeeded, StateConflict, WithdrawalTooLate: as in
            `withdraw_approval`.
    """
    task_of(unit, seen)
    _refuse_same_person(unit, seen)
    claim_id = seen.claim_id
    if seen.period_id is None:
        raise CLAIM.conflict(seen.state, "withdraw_approval")
    period_id = periods.for_correction(unit, seen.period_id)
    members.lock(unit, [seen.member_id])
    found = claims.lock(unit, claim_id)
    if require is not None:
        require(found)
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
        reason=persons.seal(unit, found.member_id, REASON, said),
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
    community_id: str | None = None,
    states: Sequence[ClaimState] = AWAITING_REVIEW,
) -> Page:
    """Return the claims that wait for a review, those that are due first before others.

    ``within`` leaves only those for tasks of some communities, and those that the bank's pool
    has: of communities without two reviewers, and what is late. ``after`` is that of the page
    before. ``community_id`` leaves those of one community, ``states`` those that stand so.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    limit = min(limit, PAGE_MOST)
    of = claims.claims.c
    due = func.coalesce(of.review_due_at, of.signed_out_at, type_=of.signed_out_at.type)
    query = select(claims.claims).where(of.bank_id == view.bank_id, of.state.in_(states))
    if community_id is not None:
        query = query.where(tasks.is_within(view, of.task_id, [community_id]))
    if within is not None:
        near = sorted({*within, *reviewers.pooled(view)})
        query = query.where(tasks.is_within(view, of.task_id, near) | deadlines.is_late(view))
    if after is not None:
        last = claims.find(view, after)
        at = last.review_due_at or last.signed_out_at
        query = query.where((due > at) | ((due == at) & (of.claim_id > after)))
    rows = view.rows(query.order_by(due, of.claim_id).limit(limit + 1))
    return claims.page(rows, limit)


def with_reasons(view: View, several: Iterable[Claim]) -> list[Claim]:
    """Return claims with their reasons in plain words, for those who may read them."""
    return [
        replace(
            one,
            reason=persons.unseal(view, one.member_id, REASON, one.reason),
            dispute=persons.unseal(view, one.member_id, DISPUTE, one.dispute),
        )
        for one in several
    ]
