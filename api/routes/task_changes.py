"""What its organiser does with a task: publish a draft, change it, cancel it, close it.

Each takes an If-Match with the ETag of the task as it was looked at.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from api.edge.etags import IfMatch
from api.edge.forms import Form, Instant, Reason, Shown, TaskId, Title
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Key
from api.filling import fill_soon
from api.routes.tasks import Keeps, RewardForm
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.tags import PreconditionFailed
from creditbank.people.errors import OtherCommunity
from creditbank.schemes.rewards import Reward
from creditbank.service import rolls
from creditbank.tasks import edits, endings, publishing, tasks
from creditbank.tasks.claim_errors import CapacityTaken, PeopleSignedIn
from creditbank.tasks.errors import TaskClaimed, TaskNotFound, TaskServed
from creditbank.tasks.states import TaskState

router = Routes(prefix="/v1/b/{slug}/tasks/{task_id}", tags=["tasks"])


class TaskMoved(Shown):
    """The new state of a task."""

    task_id: str
    state: TaskState


class TaskChanges(Form):
    """What to change of a task; what is left out stays."""

    title: Title | None = None
    place: Title | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    capacity: Annotated[StrictInt | None, Field(ge=1, le=publishing.CAPACITY_MOST)] = None
    rewards: Annotated[list[RewardForm] | None, Field(min_length=1, max_length=20)] = None


class CancelForm(Form):
    """Why a task is cancelled; shown to those who had a place."""

    reason: Reason


@router.patch(
    "",
    summary="Change a task",
    response_model=TaskMoved,
    responses=refusals(
        *(TaskNotFound, OtherCommunity, PreconditionFailed, StateConflict, TaskClaimed),
        *(AssetNotFound, CapacityTaken, PeopleSignedIn, BadField),
    ),
)
async def edit(
    caller: Keeps, task_id: TaskId, key: Key, form: TaskChanges, if_match: IfMatch
) -> tasks.Moved:
    """Change a task that has not begun; what it gives only while nobody has claimed it."""
    said = form.model_dump(exclude={"rewards"}, exclude_none=True)
    if form.rewards is not None:
        said["rewards"] = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    moved = await caller.write(
        lambda unit: edits.edit(unit, key=key, task_id=task_id, if_match=if_match, **said)
    )
    fill_soon(caller, task_id)
    return moved


@router.post(
    "/open",
    summary="Publish a draft",
    response_model=TaskMoved,
    responses=refusals(TaskNotFound, OtherCommunity, PreconditionFailed, StateConflict, BadField),
)
async def open_draft(caller: Keeps, task_id: TaskId, key: Key, if_match: IfMatch) -> tasks.Moved:
    """Publish a draft as it is."""
    return await caller.write(
        lambda unit: publishing.open_draft(unit, key=key, task_id=task_id, if_match=if_match)
    )


@router.post(
    "/cancel",
    summary="Cancel a task",
    response_model=TaskMoved,
    responses=refusals(
        TaskNotFound, OtherCommunity, PreconditionFailed, StateConflict, TaskServed, BadField
    ),
)
async def cancel(
    caller: Keeps, task_id: TaskId, key: Key, form: CancelForm, if_match: IfMatch
) -> tasks.Moved:
    """Cancel a task to which nobody has come yet; claims of it end as withdrawn."""
    return await caller.write(
        lambda unit: endings.cancel(
            unit, key=key, task_id=task_id, reason=form.reason, if_match=if_match
        )
    )


@router.post(
    "/close",
    summary="Close a task's attendance",
    response_model=TaskMoved,
    responses=refusals(TaskNotFound, OtherCommunity, PreconditionFailed, StateConflict),
)
async def close(caller: Keeps, task_id: TaskId, key: Key, if_match: IfMatch) -> tasks.Moved:
    """Settle who never came and who forgot to sign out; reviews go on."""
    return await caller.write(
        lambda unit: rolls.close(unit, key=key, task_id=task_id, if_match=if_match)
    )
