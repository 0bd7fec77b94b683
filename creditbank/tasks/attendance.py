"""Attendance: when a participant came and left, by the server's clock, inside the task's window.

Members note their own; staff at tasks of the communities where their role holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.people import communities, members
from creditbank.tasks import claims, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.errors import NotBegun, TooEarly
from creditbank.tasks.states import CLAIM, TASK, ClaimState
from creditbank.tasks.tasks import Task

SIGN_IN_EARLY_MINUTES = 60

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Attended:
    """What signing in and out answer; ``measured_minutes`` is 0 until the sign-out."""

    claim_id: str
    state: ClaimState
    at: datetime
    measured_minutes: int


@keyed
def sign_in(unit: Unit, *, claim_id: str, key: str) -> Attended:  # noqa: ARG001 - @keyed's
    """Note that a participant has come, from one hour before the start on.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the task is.
        MemberSuspended: the member may not act now.
        StateConflict: the claim or the task does not admit it.
        TooEarly: signing in is not open yet.
    """
    members.require_active(unit, _require_right(unit, claim_id))
    task, found = claims.lock_with_task(unit, claim_id)
    state = ClaimState(CLAIM.after(found.state, "sign_in"))
    TASK.after(task.state, "sign_in")
    if unit.now < task.starts_at - SIGN_IN_EARLY_MINUTES * _MINUTE:
        raise TooEarly(task.task_id, SIGN_IN_EARLY_MINUTES)
    claims.store(unit, claim_id, state=state, signed_in_at=unit.now, **claims.by(unit, "signed_in"))
    return Attended(claim_id, state, unit.now, 0)


@keyed
def sign_out(unit: Unit, *, claim_id: str, key: str) -> Attended:  # noqa: ARG001 - @keyed's
    """Note that a participant has left, and measure the minutes inside the task's window.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
        OtherCommunity: the actor's role does not hold where the task is.
        StateConflict: the participant has not signed in, or the attendance is closed.
        NotBegun: the task has not started.
    """
    _require_right(unit, claim_id)
    task, found = claims.lock_with_task(unit, claim_id)
    state = ClaimState(CLAIM.after(found.state, "sign_out"))
    TASK.after(task.state, "sign_out")
    if unit.now < task.starts_at:
        raise NotBegun(task.task_id)
    minutes = _sign_out(unit, task, found, state, unit.now)
    return Attended(claim_id, state, unit.now, minutes)


def _require_right(unit: Unit, claim_id: str) -> str:
    """See that the actor may note this attendance, and return whose it is."""
    seen = claims.find(unit, claim_id)
    members.require_own(unit.actor, seen.member_id)
    if unit.actor.communities is not None:
        task = tasks.find(unit, seen.task_id)
        communities.require_within(unit.actor, task.community_id)
    return seen.member_id


def _sign_out(unit: Unit, task: Task, found: Claim, state: ClaimState, until: datetime) -> int:
    """Keep when the service ended, and return its full minutes in the window, at least 1."""
    assert found.signed_in_at is not None, "measured after the sign-in"
    ended = min(until, task.ends_at)
    minutes = max((ended - max(found.signed_in_at, task.starts_at)) // _MINUTE, 1)
    kept = {"state": state, "signed_out_at": ended, "measured_minutes": minutes}
    claims.store(unit, found.claim_id, **kept, **claims.by(unit, "signed_out"))
    return minutes


def close_one(unit: Unit, task: Task, found: Claim) -> None:
    """Settle the attendance of one claim: who never came, or forgot to sign out."""
    state = ClaimState(CLAIM.after(found.state, "close"))
    if found.state is ClaimState.PLACED:
        claims.store(unit, found.claim_id, state=state)
        return
    _sign_out(unit, task, found, state, task.ends_at)
