"""Endings: a task is cancelled before anybody served."""

from __future__ import annotations

from collections.abc import Sequence

from creditbank import notices
from creditbank.core import tags
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import trail
from creditbank.tasks import claims, parties, tasks
from creditbank.tasks.errors import TaskServed
from creditbank.tasks.states import CLAIM, PLACELESS, TASK, ClaimState, TaskState
from creditbank.tasks.tasks import REASON_MOST, Moved

_QUEUED = (ClaimState.WAITING, ClaimState.OFFERED)
_NEVER_CAME = (ClaimState.PLACED, *PLACELESS, ClaimState.OFFERED, ClaimState.NO_SHOW)
_SERVED = tuple(state for state in ClaimState if state not in _NEVER_CAME)


@keyed
def cancel(
    unit: Unit,
    *,
    task_id: str,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Moved:
    """Cancel a task to which nobody has come yet; claims of it end as withdrawn.

    Whoever had a place or waited for one is told, as long as they may be on their way.

    Raises:
        BadField: the reason is unusable.
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        PreconditionFailed: it is not as ``if_match`` says.
        StateConflict: it has ended, or was closed or cancelled.
        TaskServed: someone has signed in.
    """
    said = line("reason", reason, REASON_MOST)
    task = tasks.lock_own(unit, task_id)
    tags.require(if_match, task)
    state = TaskState(TASK.after(task.state, "cancel"))
    found = claims.lock_all(unit, task_id, [ClaimState.PLACED, *_QUEUED, *_SERVED])
    served = [one for one in found if one.state in _SERVED]
    if served:
        raise TaskServed(task_id, len(served))
    parties.free(unit, task, found)
    for one in found:
        state_after = CLAIM.after(one.state, "cancel")
        claims.store(unit, one.claim_id, state=state_after, offered_until=None)
    trail.record(unit, "task.cancelled", task_id, after={"claims": len(found)})
    notices.tell_all(
        unit,
        [one.member_id for one in found],
        "claim-cancelled",
        link=f"/tasks/{task_id}",
        due_at=task.starts_at if unit.now < task.starts_at else task.ends_at,
        task=task_id,
    )
    return tasks.store(unit, task_id, state, said)
