"""Tasks: needs that are published and claimed, and who came."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from api.edge.etags import NOT_MODIFIED, Asked
from api.edge.forms import (
    AssetCode,
    CommunityRef,
    Cursor,
    Form,
    Instant,
    Limit,
    MemberRef,
    Name,
    Shown,
    TaskId,
    Title,
    Units,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, joining, of_member
from creditbank.core import tags
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.identity.roles import Right
from creditbank.people.errors import (
    CommunityNotFound,
    OtherCommunity,
)
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import reviewers
from creditbank.service.reviewers import Pool
from creditbank.tasks import categories, publishing, tasks
from creditbank.tasks.errors import (
    CategoryExists,
    CategoryNotFound,
    TaskNotFound,
)
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, CapacityUnit, Party, TaskKind, Terms

router = Routes(prefix="/v1/b/{slug}", tags=["tasks"])

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


class AudienceForm(Form):
    """For whom a task is; what is left out keeps nobody away."""

    open_to: Annotated[tuple[Party, ...], Field(min_length=1, max_length=3)] = tuple(Party)
    age_from: Annotated[StrictInt | None, Field(ge=0, le=publishing.AGE_MOST)] = None
    age_below: Annotated[StrictInt | None, Field(ge=0, le=publishing.AGE_MOST)] = None
    skills: Annotated[tuple[CategoryCode, ...], Field(max_length=20)] = ()
    neighbours_only: StrictBool = False


class TermsForm(Form):
    """How a task is claimed; what is left out is as the scheme says."""

    capacity_unit: CapacityUnit = CapacityUnit.PERSON
    claims_until: Instant | None = None
    withdraw_until: Instant | None = None
    waitlist_most: Annotated[StrictInt | None, Field(ge=0, le=publishing.WAITLIST_MOST)] = None


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
    audience: AudienceForm | None = None
    terms: TermsForm | None = None
    beneficiary_id: MemberRef | None = None


class TaskMade(Shown):
    """The id of a new task, and who will review what is done there."""

    task_id: str
    reviewed_by: Pool


class RewardShown(Shown):
    """What a task gives of one asset."""

    asset: str
    units: int
    per: Per


class AudienceShown(Shown):
    """For whom a task is."""

    open_to: list[Party]
    age_from: int | None
    age_below: int | None
    skills: list[str]
    neighbours_only: bool


class TermsShown(Shown):
    """How a task is claimed; null is as the scheme says."""

    capacity_unit: CapacityUnit
    claims_until: datetime | None
    withdraw_until: datetime | None
    waitlist_most: int | None


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
    kind: TaskKind
    audience: AudienceShown
    terms: TermsShown
    queued: int
    series_id: str | None
    entry_id: str | None
    pair_id: str | None


class TaskPage(Shown):
    """Tasks in order of their start."""

    items: list[TaskShown]
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
    said = form.model_dump(exclude={"rewards", "audience", "terms"}) | _for_whom(form)
    rewards = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    made = await caller.write(
        lambda unit: publishing.publish(unit, key=key, rewards=rewards, **said)
    )
    pool = await caller.read(lambda view: reviewers.pool(view, form.community_id))
    return TaskMade(task_id=made, reviewed_by=pool)


def _for_whom(form: TaskForm) -> dict[str, Audience | Terms]:
    """Return for whom a task is and how it is claimed, as far as the form says."""
    said: dict[str, Audience | Terms] = {}
    if form.audience is not None:
        said["audience"] = Audience(**form.audience.model_dump())
    if form.terms is not None:
        said["terms"] = Terms(**form.terms.model_dump())
    return said


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
