"""Afterwards (补录): activities that are over are noted down in one call."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import CommunityRef, Form, Instant, MemberRef, Reason, Shown, TaskId, Title
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.tasks import CategoryCode, RewardForm
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people.errors import (
    CommunityNotFound,
    MemberNotFound,
    MemberSuspended,
    OtherCommunity,
)
from creditbank.schemes.rewards import Reward
from creditbank.service import afterwards
from creditbank.service.attendance_errors import Concerned, NotAfterwards, TooLongAgo, Unaccompanied
from creditbank.tasks import tasks
from creditbank.tasks.claim_errors import Overlaps
from creditbank.tasks.errors import CategoryNotFound, TaskNotFound
from creditbank.tasks.states import TaskState

router = Routes(prefix="/v1/b/{slug}/afterwards", tags=["afterwards"])

Keeps = Annotated[Caller, having(Right.KEEP_TASKS)]
Seconds = Annotated[Caller, having(Right.KEEP_ATTENDANCE)]


class AfterwardsForm(Form):
    """An activity that is over, and everybody who was there from its start to its end."""

    title: Title
    category: CategoryCode
    community_id: CommunityRef
    place: Title
    starts_at: Instant
    ends_at: Instant
    member_ids: Annotated[list[MemberRef], Field(min_length=1, max_length=afterwards.NAMED_MOST)]
    rewards: Annotated[list[RewardForm], Field(min_length=1, max_length=20)]
    remark: Reason | None = Field(default=None, description="Public; needed where it is long over.")
    beneficiary_id: MemberRef | None = None


class Noted(Shown):
    """A task that was noted down; a draft waits for a second person."""

    task_id: str
    state: TaskState
    claim_ids: list[str]


class Waiting(Shown):
    """A draft that waits for a second person."""

    task_id: str


class RemarkShown(Shown):
    """How a task was noted down afterwards, for everybody to read."""

    task_id: str
    remark: str | None
    waits: bool
    noted_at: datetime
    noted_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None


@router.post(
    "",
    summary="Note an activity down afterwards",
    status_code=201,
    response_model=Noted,
    responses=refusals(
        *(CategoryNotFound, CommunityNotFound, AssetNotFound, MemberNotFound, OtherCommunity),
        *(MemberSuspended, TooLongAgo, Overlaps, Unaccompanied, BadField),
    ),
)
async def note(caller: Keeps, key: Key, form: AfterwardsForm) -> afterwards.Noted:
    """Note down who served together; somebody else reviews it. Photos are added to the claims."""
    said = form.model_dump(exclude={"rewards"})
    rewards = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    return await caller.write(lambda unit: afterwards.note(unit, key=key, rewards=rewards, **said))


@router.get("", summary="What waits for a second person")
async def waiting(caller: Seconds) -> list[Waiting]:
    """List what was noted down late, the oldest first."""
    within = caller.communities
    found = await caller.read(lambda view: afterwards.waiting(view, within=within))
    return [Waiting(task_id=one) for one in found]


@router.get(
    "/{task_id}",
    summary="How a task was noted down afterwards",
    response_model=RemarkShown,
    responses=refusals(TaskNotFound, NotAfterwards),
)
async def show(
    caller: Annotated[Caller, having(Right.SEE_TASKS)], task_id: TaskId
) -> afterwards.Remark:
    """Show the public remark, and who wrote and confirmed it; a draft to its community's office."""
    own = caller.may_within(Right.KEEP_ATTENDANCE)
    return await caller.read(lambda view: _remark(view, task_id, own))


def _remark(view: View, task_id: str, own: tuple[str, ...] | None) -> afterwards.Remark:
    """Return a remark; ``own`` are the communities whose drafts are shown.

    Raises:
        TaskNotFound: this bank has none of this id, or it is a draft of others.
        NotAfterwards: it was published.
    """
    found = tasks.find(view, task_id)
    if found.state is TaskState.DRAFT and own is not None and found.community_id not in own:
        raise TaskNotFound(task_id)
    return afterwards.find(view, task_id)


@router.post(
    "/{task_id}/confirm",
    summary="Confirm it as the second person",
    response_model=Noted,
    responses=refusals(TaskNotFound, OtherCommunity, NotAfterwards, Concerned),
)
async def confirm(caller: Seconds, task_id: TaskId, key: Key) -> afterwards.Noted:
    """Confirm what was noted down late: neither there, nor its writer, nor one of their homes."""
    return await caller.write(lambda unit: afterwards.confirm(unit, key=key, task_id=task_id))
