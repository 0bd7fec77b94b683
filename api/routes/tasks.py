"""Tasks: needs that are published and claimed, and who came."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from api.etags import NOT_MODIFIED, Asked
from api.forms import (
    AssetCode,
    ClaimId,
    CommunityRef,
    Cursor,
    Form,
    Instant,
    Limit,
    MemberId,
    MemberRef,
    Name,
    Shown,
    TaskId,
    Title,
    Units,
)
from api.openapi import refusals
from api.wiring import Caller, Key, having, joining, of_member
from creditbank.core import tags
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import members
from creditbank.people.errors import (
    CommunityNotFound,
    MemberNotFound,
    MemberSuspended,
    NotYours,
    OtherCommunity,
)
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import attendance, categories, claims, publishing, reviews, tasks
from creditbank.tasks.errors import (
    AlreadyClaimed,
    CategoryExists,
    CategoryNotFound,
    ClaimNotFound,
    NotBegun,
    TaskNotFound,
    TooEarly,
)
from creditbank.tasks.states import ClaimState, TaskState

router = APIRouter(prefix="/v1/b/{slug}", tags=["tasks"])

Sees = Annotated[Caller, having(Right.SEE_TASKS)]
Keeps = Annotated[Caller, having(Right.KEEP_TASKS)]
KeepsCategories = Annotated[Caller, having(Right.KEEP_CATEGORIES)]
Joins = Annotated[Caller, joining(Right.ACT_AS_MEMBER, Right.KEEP_TASKS)]
Attends = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_ATTENDANCE)]
SeesClaims = Annotated[Caller, having(Right.SEE_MEMBERS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
CategoryCode = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
]


class CategoryShown(Shown):
    """A kind of tasks."""

    code: str
    name: str


class CategoryForm(Form):
    """A kind of tasks to add."""

    code: CategoryCode
    name: Name


class RewardForm(Form):
    """What a task gives of one asset: to each person, or for each hour."""

    asset: AssetCode
    units: Units
    per: Per


class TaskForm(Form):
    """A need to publish, or to keep as a draft."""

    title: Title
    category: CategoryCode
    community_id: CommunityRef
    place: Title
    starts_at: Instant
    ends_at: Instant
    capacity: Annotated[StrictInt, Field(ge=1, le=publishing.CAPACITY_MOST)]
    rewards: Annotated[list[RewardForm], Field(min_length=1, max_length=20)]
    draft: StrictBool = False


class TaskMade(Shown):
    """The id of a new task."""

    task_id: str


class RewardShown(Shown):
    """What a task gives of one asset."""

    asset: str
    units: int
    per: Per


class TaskShown(Shown):
    """A task as it stands now."""

    task_id: str
    title: str
    category: str
    community_id: str
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    placed: int
    state: TaskState
    rewards: list[RewardShown]
    reason: str | None


class TaskPage(Shown):
    """Tasks in order of their start."""

    items: list[TaskShown]
    next: str | None


class ClaimForm(Form):
    """Who takes part; a member leaves it out, staff name the member."""

    member_id: MemberRef | None = None


class Claimed(Shown):
    """A place in a task."""

    claim_id: str
    state: ClaimState


class Attended(Shown):
    """A sign-in or sign-out by the server's clock; minutes are 0 until the sign-out."""

    claim_id: str
    state: ClaimState
    at: datetime
    measured_minutes: int


class ClaimShown(Shown):
    """A claim, and what came of it."""

    claim_id: str
    task_id: str
    member_id: str
    state: ClaimState
    claimed_at: datetime
    signed_in_at: datetime | None
    signed_out_at: datetime | None
    measured_minutes: int | None
    approved_minutes: int | None
    decided_at: datetime | None
    transfer_id: str | None
    reason: str | None


class ClaimPage(Shown):
    """A page of claims."""

    items: list[ClaimShown]
    next: str | None


@router.get("/categories", summary="The categories", response_model=list[CategoryShown])
async def category_listing(caller: Sees) -> list[categories.Category]:
    """List the kinds of tasks of the bank."""
    return await caller.read(categories.every)


@router.post(
    "/categories",
    summary="Add a category",
    status_code=201,
    responses=refusals(CategoryExists, BadField),
)
async def category_create(caller: KeepsCategories, key: Key, form: CategoryForm) -> CategoryShown:
    """Add a kind of tasks."""
    await caller.write(
        lambda unit: categories.create(unit, key=key, code=form.code, name=form.name)
    )
    return CategoryShown(code=form.code, name=form.name)


@router.post(
    "/tasks",
    summary="Publish a task",
    status_code=201,
    responses=refusals(
        CategoryNotFound, CommunityNotFound, OtherCommunity, AssetNotFound, BadField
    ),
)
async def publish(caller: Keeps, key: Key, form: TaskForm) -> TaskMade:
    """Publish a need; what it gives never changes once somebody claims it."""
    said = form.model_dump(exclude={"rewards"})
    rewards = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    made = await caller.write(
        lambda unit: publishing.publish(unit, key=key, rewards=rewards, **said)
    )
    return TaskMade(task_id=made)


@router.get("/tasks", summary="The tasks", responses=refusals(TaskNotFound))
async def listing(
    caller: Sees,
    *,
    upcoming: Annotated[
        bool, Query(description="Leave out drafts and what is over or cancelled.")
    ] = True,
    after: Cursor = None,
    limit: Limit = 50,
) -> TaskPage:
    """List tasks by their start. Drafts are shown to the organisers of their community only."""
    hidden = upcoming or not caller.may(Right.KEEP_TASKS)
    own = caller.may_within(Right.KEEP_TASKS)
    page = await caller.read(
        lambda view: tasks.listing(
            view, after=after, limit=limit, upcoming=hidden, drafts_within=own
        )
    )
    return TaskPage.model_validate({"items": page.tasks, "next": page.after})


@router.get(
    "/tasks/{task_id}",
    summary="A task",
    response_model=TaskShown,
    responses=refusals(TaskNotFound, BadField) | NOT_MODIFIED,
)
async def show(caller: Sees, task_id: TaskId, asked: Asked) -> tasks.Task | Response:
    """Show a task as it stands now. Drafts are shown to the organisers of its community only."""
    found = await caller.read(lambda view: tasks.find(view, task_id))
    own = caller.may_within(Right.KEEP_TASKS)
    if found.state is TaskState.DRAFT and own is not None and found.community_id not in own:
        raise TaskNotFound(task_id)
    return asked.shown(found, tags.of(found))


@router.get(
    "/tasks/{task_id}/claims",
    summary="Who takes part",
    response_model=list[ClaimShown],
    responses=refusals(TaskNotFound),
)
async def claims_of_task(caller: SeesClaims, task_id: TaskId) -> list[claims.Claim]:
    """List the claims of a task in the order they were made.

    Staff of other communities than the task's see the claims of their own members.
    """
    within = caller.communities
    return await caller.read(
        lambda view: reviews.with_reasons(view, claims.of_task(view, task_id, within=within))
    )


@router.post(
    "/tasks/{task_id}/claims",
    summary="Claim a task",
    status_code=201,
    response_model=Claimed,
    responses=refusals(
        *(TaskNotFound, MemberNotFound, OtherCommunity, MemberSuspended, AlreadyClaimed),
        *(StateConflict, BadField),
    ),
)
async def claim(caller: Joins, task_id: TaskId, key: Key, form: ClaimForm) -> claims.Claimed:
    """Take a place in a task."""
    who = caller.on_behalf_of(form.member_id)
    return await caller.write(
        lambda unit: claims.claim(unit, key=key, task_id=task_id, member_id=who)
    )


@router.get(
    "/members/{member_id}/claims",
    summary="What a member takes part in",
    responses=refusals(MemberNotFound, OtherCommunity, ClaimNotFound),
)
async def claims_of_member(
    caller: OfMember, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> ClaimPage:
    """List the claims of a member, the latest first."""

    def look(view: View) -> tuple[list[claims.Claim], str | None]:
        members.find(view, member_id)
        page = claims.of_member(view, member_id, after=after, limit=limit)
        return reviews.with_reasons(view, page.claims), page.after

    items, following = await caller.read(look)
    return ClaimPage.model_validate({"items": items, "next": following})


@router.post(
    "/claims/{claim_id}/withdraw",
    summary="Give a place back",
    response_model=Claimed,
    responses=refusals(ClaimNotFound, NotYours, OtherCommunity, StateConflict),
)
async def withdraw(caller: Joins, claim_id: ClaimId, key: Key) -> claims.Claimed:
    """Give a place back before the task is over."""
    return await caller.write(lambda unit: claims.withdraw(unit, key=key, claim_id=claim_id))


@router.post(
    "/claims/{claim_id}/sign-in",
    summary="Sign in",
    response_model=Attended,
    responses=refusals(
        ClaimNotFound, NotYours, OtherCommunity, MemberSuspended, StateConflict, TooEarly
    ),
)
async def sign_in(caller: Attends, claim_id: ClaimId, key: Key) -> attendance.Attended:
    """Note that a participant has come, from one hour before the start on."""
    return await caller.write(lambda unit: attendance.sign_in(unit, key=key, claim_id=claim_id))


@router.post(
    "/claims/{claim_id}/sign-out",
    summary="Sign out",
    response_model=Attended,
    responses=refusals(ClaimNotFound, NotYours, OtherCommunity, StateConflict, NotBegun),
)
async def sign_out(caller: Attends, claim_id: ClaimId, key: Key) -> attendance.Attended:
    """Note that a participant has left, and measure the minutes inside the task's window."""
    return await caller.write(lambda unit: attendance.sign_out(unit, key=key, claim_id=claim_id))
