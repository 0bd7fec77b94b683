"""Attendance: when a participant came and left, by the server's clock, inside the task's window.

Who may note whose is in `creditbank.service.witnesses`, what the site shows in `site_codes`. Pauses
don't count. Who has not signed out some time after the end is signed out by the clock, and the
claim says so. Nobody is signed in at two places, and no child alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit
from creditbank.people import documents, members
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status
from creditbank.schemes import scheme
from creditbank.service import company, confirmations, deadlines, pauses, site_codes, witnesses
from creditbank.service.attendance_errors import SignedInElsewhere, SiteCodeNeeded
from creditbank.service.site_codes import SIGN_IN_EARLY_MINUTES
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim, SignedInHow
from creditbank.tasks.errors import ClaimNotFound, NotBegun, TooEarly
from creditbank.tasks.states import CLAIM, TASK, ClaimState
from creditbank.tasks.tasks import Task

AT_ONCE_MOST = 200
FORCED = "forced"

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Attended:
    """What signing in and out answer; ``measured_minutes`` is 0 until the sign-out."""

    claim_id: str
    state: ClaimState
    at: datetime
    measured_minutes: int
    how: SignedInHow | None = None


# Coming ----------------------------------------------------------------------------------------


@keyed
def sign_in(
    unit: Unit,
    *,
    claim_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    code: str | None = None,
) -> Attended | Declined:
    """Note that a participant has come, from one hour before the start on.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        MemberSuspended: the member may not act now.
        StateConflict: the claim or the task does not admit it.
        TooEarly: signing in is not open yet.
        BadField: a code of the site comes from somebody else than the participant.
        SiteCodeNeeded: the programme wants the site's code.
        SignedInElsewhere: at another task that still runs.
        Unaccompanied: a child comes before an adult of the family has.
    """
    seen = claims.find(unit, claim_id)
    how = witnesses.how(unit, unit.actor, seen)
    members.require_active(unit, seen.member_id)
    task = tasks.lock(unit, seen.task_id)
    found = claims.lock(unit, claim_id)
    _require_coming(unit, task, found)
    noted = _by_code(unit, task, found, how, code)
    return noted if isinstance(noted, Declined) else _enter(unit, task, found, noted)


@keyed
def sign_in_all(
    unit: Unit,
    *,
    task_id: str,
    claim_ids: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> tuple[Attended, ...]:
    """Note that several participants of a task have come, all of them or nobody; adults first.

    Raises:
        BadField: nobody or somebody twice is named, or too many.
        TaskNotFound, ClaimNotFound: this bank, or this task, has none of this id.
        NotYours, OtherCommunity, MemberSuspended, StateConflict, TooEarly, SiteCodeNeeded: as
            in `sign_in`.
        SignedInElsewhere, Unaccompanied: as in `sign_in`.
    """
    noted = _seen(unit, task_id, claim_ids)
    of_whom = {claim.claim_id: claim.member_id for claim, _ in noted}
    for member in members.lock(unit, of_whom.values()).values():
        if member.status is not Status.ACTIVE:
            raise MemberSuspended(member.member_id, member.status)
    task = tasks.lock(unit, task_id)
    found = {one: claims.lock(unit, one) for one in sorted(of_whom)}
    for one in found.values():
        _require_coming(unit, task, one)
    children = company.children(unit, task, of_whom.values())
    order = sorted(noted, key=lambda pair: pair[0].member_id in children)
    done = {}
    for seen, how in order:
        alone = _by_code(unit, task, seen, how, None)
        assert not isinstance(alone, Declined), "without a code nothing is counted"
        done[seen.claim_id] = _enter(unit, task, found[seen.claim_id], alone)
    return tuple(done[one] for one in claim_ids)


def _seen(unit: Unit, task_id: str, claim_ids: Sequence[str]) -> list[tuple[Claim, SignedInHow]]:
    """Return the claims of a task that the actor may note, and as what."""
    if not 1 <= len(claim_ids) <= AT_ONCE_MOST or len(set(claim_ids)) < len(claim_ids):
        raise BadField("claim_ids", f"1–{AT_ONCE_MOST}, each once / 每人一次")
    tasks.find(unit, task_id)
    found = []
    for one in claim_ids:
        seen = claims.find(unit, one)
        if seen.task_id != task_id:
            raise ClaimNotFound(one)
        found.append((seen, witnesses.how(unit, unit.actor, seen)))
    return found


def _require_coming(unit: Unit, task: Task, found: Claim) -> None:
    """See that somebody can sign in to a task now."""
    CLAIM.after(found.state, "sign_in")
    TASK.after(task.state, "sign_in")
    if unit.now < task.starts_at - SIGN_IN_EARLY_MINUTES * _MINUTE:
        raise TooEarly(task.task_id, SIGN_IN_EARLY_MINUTES)


def _by_code(
    unit: Unit, task: Task, found: Claim, how: SignedInHow, code: str | None
) -> SignedInHow | Declined:
    """Return as what it is noted once the site's code was looked at, if one was given.

    Raises:
        BadField: a code comes from somebody else than the participant.
        SiteCodeNeeded: the programme wants the code from whoever is alone.
    """
    if code is None:
        if how is SignedInHow.SELF and not scheme.current(unit).self_sign_in:
            raise SiteCodeNeeded(task.task_id)
        return how
    if how is not SignedInHow.SELF:
        raise BadField("code", "the participant's own / 仅供本人扫码")
    refused = site_codes.refusal(unit, task, found.member_id, code)
    return SignedInHow.CODE if refused is None else Declined(refused)


def _enter(unit: Unit, task: Task, found: Claim, how: SignedInHow) -> Attended:
    state = ClaimState(CLAIM.after(found.state, "sign_in"))
    _require_nowhere_else(unit, found)
    company.require(unit, task, found)
    claims.store(
        unit,
        found.claim_id,
        state=state,
        signed_in_at=unit.now,
        signed_in_how=how,
        **claims.by(unit, "signed_in"),
    )
    unit.ring(task.task_id)
    return Attended(found.claim_id, state, unit.now, 0, how)


def _require_nowhere_else(unit: Unit, found: Claim) -> None:
    """See that the person, who is locked, is signed in at no other task that still runs."""
    of, at = claims.claims.c, tasks.tasks.c
    row = unit.row(
        select(of.claim_id)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(
            of.bank_id == unit.bank_id,
            of.member_id.in_(sorted(documents.same_person(unit, [found.member_id]))),
            of.state == ClaimState.SIGNED_IN,
            at.ends_at > unit.now,
        )
        .limit(1)
    )
    if row is not None:
        raise SignedInElsewhere(row.claim_id)


# Leaving ---------------------------------------------------------------------------------------


@keyed
def sign_out(
    unit: Unit,
    *,
    claim_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    code: str | None = None,
) -> Attended | Declined:
    """Note that a participant has left, and measure the minutes inside the task's window.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
        StateConflict: the participant has not signed in, or the attendance is closed.
        NotBegun: the task has not started.
        BadField: a code of the site comes from somebody else than the participant.
        SiteCodeNeeded: the programme wants the site's code.
    """
    seen = claims.find(unit, claim_id)
    how = witnesses.how(unit, unit.actor, seen)
    task = tasks.lock(unit, seen.task_id)
    found = claims.lock(unit, claim_id)
    _require_leaving(unit, task, found)
    noted = _by_code(unit, task, found, how, code)
    return noted if isinstance(noted, Declined) else _leave(unit, task, found)


@keyed
def sign_out_all(
    unit: Unit,
    *,
    task_id: str,
    claim_ids: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> tuple[Attended, ...]:
    """Note that several participants of a task have left, all of them or nobody.

    Raises:
        BadField: nobody or somebody twice is named, or too many.
        TaskNotFound, ClaimNotFound: this bank, or this task, has none of this id.
        NotYours, OtherCommunity, StateConflict, NotBegun, SiteCodeNeeded: as in `sign_out`.
    """
    noted = {seen.claim_id: how for seen, how in _seen(unit, task_id, claim_ids)}
    task = tasks.lock(unit, task_id)
    done = {}
    for claim_id in sorted(noted):
        found = claims.lock(unit, claim_id)
        _require_leaving(unit, task, found)
        _by_code(unit, task, found, noted[claim_id], None)
        done[claim_id] = _leave(unit, task, found)
    return tuple(done[one] for one in claim_ids)


def _require_leaving(unit: Unit, task: Task, found: Claim) -> None:
    """See that somebody can sign out of a task now."""
    CLAIM.after(found.state, "sign_out")
    TASK.after(task.state, "sign_out")
    if unit.now < task.starts_at:
        raise NotBegun(task.task_id)


def _leave(unit: Unit, task: Task, found: Claim) -> Attended:
    """Sign somebody out; past the time of the forced stop it counts as one, job or no job."""
    _, closes = site_codes.window(task, scheme.current(unit))
    if unit.now >= closes:
        return force_out(unit, task, found)
    state = ClaimState(CLAIM.after(found.state, "sign_out"))
    minutes = _measure(unit, task, found, state, unit.now)
    return Attended(found.claim_id, state, unit.now, minutes, found.signed_in_how)


def force_out(unit: Unit, task: Task, found: Claim, *, verb: str = "force_out") -> Attended:
    """Sign somebody out who has forgotten to, at the end of the task, and tell them."""
    state = ClaimState(CLAIM.after(found.state, verb))
    minutes = _measure(unit, task, found, state, task.ends_at)
    flags = ",".join(dict.fromkeys((*found.flags, FORCED)))
    claims.store(unit, found.claim_id, forced_out_at=unit.now, flags=flags)
    link = f"/me/claims/{found.claim_id}"
    notices.tell(unit, found.member_id, "forced-out", link=link, task=task.task_id)
    return Attended(found.claim_id, state, unit.now, minutes, found.signed_in_how)


def _measure(unit: Unit, task: Task, found: Claim, state: ClaimState, until: datetime) -> int:
    """Keep when the service ended, and return its full minutes in the window, at least 1."""
    assert found.signed_in_at is not None, "measured after the sign-in"
    begun, ended = max(found.signed_in_at, task.starts_at), min(until, task.ends_at)
    rests = pauses.of_claim(unit, found.claim_id)
    if any(one.ended_at is None for one in rests):
        pauses.end_open(unit, found.claim_id, ended)
    rested = pauses.between(rests, begun, ended)
    minutes = max((ended - begun - rested) // _MINUTE, 1)
    kept = {
        "state": state,
        "signed_out_at": ended,
        "measured_minutes": minutes,
        "paused_minutes": rested // _MINUTE,
        "review_due_at": deadlines.review_due(unit),
    }
    claims.store(unit, found.claim_id, **kept, **claims.by(unit, "signed_out"))
    unit.ring(task.task_id)
    confirmations.ask(unit, task, found)
    return minutes


def close_one(unit: Unit, task: Task, found: Claim) -> None:
    """Settle the attendance of one claim: who never came, or forgot to sign out."""
    if found.state is ClaimState.PLACED:
        state = ClaimState(CLAIM.after(found.state, "close"))
        claims.store(unit, found.claim_id, state=state)
        return
    force_out(unit, task, found, verb="close")
