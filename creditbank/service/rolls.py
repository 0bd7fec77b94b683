"""Rolls: the attendance of a task that is over is closed; reviews go on."""

from __future__ import annotations

from collections.abc import Sequence

from creditbank.core import tags
from creditbank.core.keys import keyed
from creditbank.core.units import Unit
from creditbank.people import trail
from creditbank.service import attendance
from creditbank.tasks import claims, no_shows, tasks, waitlist
from creditbank.tasks.states import TASK, ClaimState, TaskState
from creditbank.tasks.tasks import Moved

_QUEUED = (ClaimState.WAITING, ClaimState.OFFERED)


@keyed
def close(
    unit: Unit,
    *,
    task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Moved:
    """Close the attendance of a task that has ended; reviews go on.

    Who never came is a no-show; who forgot to sign out is signed out at the end of the window;
    whoever waits still waits no longer.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        PreconditionFailed: it is not as ``if_match`` says.
        StateConflict: it has not ended, or was closed or cancelled.
    """
    task = tasks.lock_own(unit, task_id)
    tags.require(if_match, task)
    state = TaskState(TASK.after(task.state, "close"))
    wanted = [ClaimState.PLACED, ClaimState.SIGNED_IN, *_QUEUED]
    found = claims.lock_all(unit, task_id, wanted)
    for one in found:
        if one.state is ClaimState.SIGNED_IN:
            attendance.close_one(unit, task, one)
    no_shows.record(unit, task, [one for one in found if one.state is ClaimState.PLACED])
    waitlist.lapse(unit, task, [one for one in found if one.state in _QUEUED], waitlist.STARTED)
    trail.record(unit, "task.closed", task_id)
    return tasks.store(unit, task_id, state)
