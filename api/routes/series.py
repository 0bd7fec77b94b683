"""Series and copies: tasks that recur, and plans that are used once more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from api.edge.forms import (
    CommunityRef,
    Day,
    Form,
    MemberRef,
    Reason,
    SeriesId,
    Shown,
    TaskId,
    TaskRef,
    Title,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Key
from api.routes.tasks import (
    AudienceForm,
    CategoryCode,
    Keeps,
    RewardForm,
    Sees,
    TaskShown,
)
from creditbank.core.errors import AssetNotFound, BadField, Busy
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people.errors import CommunityNotFound, MemberNotFound, OtherCommunity
from creditbank.schemes.rewards import Reward
from creditbank.tasks import copies, publishing, repeats, series, series_changes
from creditbank.tasks.claim_errors import CapacityTaken
from creditbank.tasks.errors import CategoryNotFound, TaskNotFound
from creditbank.tasks.repeats import MINUTES_MOST, RULE_MOST, Repeat, Weekday
from creditbank.tasks.series_errors import EndlessRepeat, SeriesNotFound
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, CapacityUnit, Terms

router = Routes(prefix="/v1/b/{slug}", tags=["series"])

_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
RuleText = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=RULE_MOST)]
ClockTime = Annotated[
    str,
    StringConstraints(strict=True, pattern=_CLOCK),
    Field(description="Hours and minutes on the bank's clocks.", examples=["19:00"]),
]
Lasts = Annotated[StrictInt, Field(ge=1, le=MINUTES_MOST)]
CloseMinutes = Annotated[StrictInt | None, Field(ge=0, le=series.CLOSE_MINUTES_MOST)]
LeftOut = Annotated[tuple[Day, ...], Field(max_length=repeats.DAYS_MOST)]


class SeriesForm(Form):
    """Tasks to publish, all by one rule: as RFC 5545 writes it, or weekdays and a last day."""

    rule: Annotated[RuleText | None, Field(examples=["FREQ=WEEKLY;BYDAY=TU,FR;UNTIL=20260630"])] = (
        None
    )
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = ()
    until: Day | None = None
    first_on: Day
    starts: ClockTime
    lasts_minutes: Lasts
    left_out: LeftOut = ()
    title: Title
    category: CategoryCode
    community_id: CommunityRef
    place: Title
    capacity: Annotated[StrictInt, Field(ge=1, le=publishing.CAPACITY_MOST)]
    rewards: Annotated[list[RewardForm], Field(min_length=1, max_length=20)]
    draft: StrictBool = False
    audience: AudienceForm | None = None
    capacity_unit: CapacityUnit = CapacityUnit.PERSON
    waitlist_most: Annotated[StrictInt | None, Field(ge=0, le=publishing.WAITLIST_MOST)] = None
    claims_close_minutes: CloseMinutes = None
    withdraw_close_minutes: CloseMinutes = None
    beneficiary_id: MemberRef | None = None


class SeriesMade(Shown):
    """A new series: its tasks in order of their start."""

    series_id: str
    task_ids: list[str]


class SeriesChanges(Form):
    """What to change of a task of a series and all later ones; what is left out stays."""

    from_task_id: TaskRef
    title: Title | None = None
    place: Title | None = None
    starts: ClockTime | None = None
    lasts_minutes: Lasts | None = None
    capacity: Annotated[StrictInt | None, Field(ge=1, le=publishing.CAPACITY_MOST)] = None


class SeriesCancelForm(Form):
    """From which task on a series is cancelled, and why; shown to those who had a place."""

    from_task_id: TaskRef
    reason: Reason


class SeriesAltered(Shown):
    """How many tasks were meant, and how many stay because somebody has signed in."""

    series_id: str
    altered: int
    kept: int


class SeriesShown(Shown):
    """A series as it was published, and its tasks as they stand now."""

    series_id: str
    community_id: str
    rule: str
    first_on: date
    starts: str
    lasts_minutes: int
    left_out: list[date]
    published_at: datetime
    tasks: list[TaskShown]


class Occurrence(Shown):
    """When a task would start and end."""

    starts_at: datetime
    ends_at: datetime


class CopyForm(Form):
    """On which days a task is published once more, at the same time of day."""

    days: Annotated[tuple[Day, ...], Field(min_length=1, max_length=copies.COPIES_MOST)]
    draft: StrictBool = False


class PlanCopyForm(Form):
    """Which week's plan of a community is published once more, in which week; from Mondays on."""

    community_id: CommunityRef
    week_on: Day
    to_week_on: Day
    draft: StrictBool = False


class Copied(Shown):
    """The new tasks in order of their start."""

    task_ids: list[str]


def _clock(said: str) -> time:
    return time.fromisoformat(said)


def _rule(rule: str | None, weekdays: Sequence[Weekday], until: date | None) -> str:
    """Return the rule that was said in one of two ways.

    Raises:
        BadField: it was said in both or in none, or one of the weekdays twice.
        EndlessRepeat: there is no last day.
    """
    if (rule is None) == (not weekdays) or (rule is not None and until is not None):
        raise BadField("rule", "or weekdays with until / 规则或“星期＋截止日期”二选一")
    if rule is not None:
        return rule
    if until is None:
        raise EndlessRepeat(repeats.COUNT_MOST, repeats.DAYS_MOST)
    return repeats.weekly(weekdays, until)


def _asked(
    *,
    first_on: Annotated[Day, Query()],
    starts: Annotated[
        str, Query(pattern=_CLOCK, description="Hours and minutes.", examples=["19:00"])
    ],
    lasts_minutes: Annotated[int, Query(ge=1, le=MINUTES_MOST, description="How long.")],
    rule: Annotated[
        str | None, Query(max_length=RULE_MOST, description="As RFC 5545 writes it.")
    ] = None,
    weekdays: Annotated[
        tuple[Weekday, ...], Query(max_length=7, description="In place of a rule.")
    ] = (),
    until: Annotated[Day | None, Query(description="The last day, with weekdays.")] = None,
    left_out: Annotated[
        tuple[Day, ...], Query(max_length=repeats.DAYS_MOST, description="Days without.")
    ] = (),
) -> Repeat:
    """Return the rule that is asked about."""
    return Repeat(
        rule=_rule(rule, weekdays, until),
        first_on=first_on,
        starts=_clock(starts),
        lasts_minutes=lasts_minutes,
        left_out=left_out,
    )


@router.get(
    "/series/preview",
    summary="When a rule would repeat",
    response_model=list[Occurrence],
    responses=refusals(EndlessRepeat, BadField),
)
async def preview(caller: Keeps, repeat: Annotated[Repeat, Depends(_asked)]) -> list[Occurrence]:
    """Show the times of a rule before anything is written."""
    windows = await caller.read(lambda view: repeats.windows(repeat, view.bank.zone))
    return [Occurrence(starts_at=one, ends_at=other) for one, other in windows]


@router.post(
    "/series",
    summary="Publish a series",
    status_code=201,
    response_model=SeriesMade,
    responses=refusals(
        *(EndlessRepeat, CategoryNotFound, CommunityNotFound, OtherCommunity, AssetNotFound),
        *(MemberNotFound, BadField),
    ),
)
async def publish(caller: Keeps, key: Key, form: SeriesForm) -> series.Published:
    """Publish a task for every occurrence of a rule."""
    said = _said(form)
    return await caller.write(lambda unit: series.publish(unit, key=key, **said))


def _said(form: SeriesForm) -> dict[str, Any]:
    """Return what a form says in the engine's words."""
    own = {"rule", "weekdays", "until", "first_on", "starts", "lasts_minutes", "left_out"}
    said = form.model_dump(exclude=own | {"rewards", "audience", "capacity_unit", "waitlist_most"})
    said["repeat"] = Repeat(
        rule=_rule(form.rule, form.weekdays, form.until),
        first_on=form.first_on,
        starts=_clock(form.starts),
        lasts_minutes=form.lasts_minutes,
        left_out=form.left_out,
    )
    said["rewards"] = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    said["terms"] = Terms(capacity_unit=form.capacity_unit, waitlist_most=form.waitlist_most)
    if form.audience is not None:
        said["audience"] = Audience(**form.audience.model_dump())
    return said


@router.get("/series/{series_id}", summary="A series", responses=refusals(SeriesNotFound))
async def show(caller: Sees, series_id: SeriesId) -> SeriesShown:
    """Show a series and its tasks; drafts to the organisers of its community only."""
    own = caller.may_within(Right.KEEP_TASKS)
    return await caller.read(lambda view: _whole(view, series_id, own))


def _whole(view: View, series_id: str, own: tuple[str, ...] | None) -> SeriesShown:
    """Return a series with its tasks; ``own`` are the communities whose drafts are shown.

    Raises:
        SeriesNotFound: this bank has none of this id, or it is all drafts of others.
    """
    found = series.find(view, series_id)
    drafts = own is None or found.community_id in own
    shown = [
        TaskShown.model_validate(one)
        for one in series.tasks_of(view, series_id)
        if drafts or one.state is not TaskState.DRAFT
    ]
    if not shown and not drafts:
        raise SeriesNotFound(series_id)
    return SeriesShown(
        series_id=series_id,
        community_id=found.community_id,
        rule=found.repeat.rule,
        first_on=found.repeat.first_on,
        starts=f"{found.repeat.starts:%H:%M}",
        lasts_minutes=found.repeat.lasts_minutes,
        left_out=list(found.repeat.left_out),
        published_at=found.published_at,
        tasks=shown,
    )


@router.post(
    "/series/{series_id}/open",
    summary="Publish the drafts of a series",
    response_model=SeriesAltered,
    responses=refusals(SeriesNotFound, OtherCommunity),
)
async def open_drafts(caller: Keeps, series_id: SeriesId, key: Key) -> series.Altered:
    """Publish the drafts of a series whose time has not come."""
    return await caller.write(lambda unit: series.open_drafts(unit, key=key, series_id=series_id))


@router.post(
    "/series/{series_id}/change",
    summary="Change this and later ones",
    response_model=SeriesAltered,
    responses=refusals(SeriesNotFound, TaskNotFound, OtherCommunity, CapacityTaken, Busy, BadField),
)
async def change(
    caller: Keeps, series_id: SeriesId, key: Key, form: SeriesChanges
) -> series.Altered:
    """Change a task of a series and all later ones; who claimed one is told."""
    said = form.model_dump(exclude={"starts"}, exclude_none=True)
    if form.starts is not None:
        said["starts"] = _clock(form.starts)
    return await caller.write(
        lambda unit: series_changes.change(unit, key=key, series_id=series_id, **said)
    )


@router.post(
    "/series/{series_id}/cancel",
    summary="Cancel this and later ones",
    response_model=SeriesAltered,
    responses=refusals(SeriesNotFound, TaskNotFound, OtherCommunity, BadField),
)
async def cancel(
    caller: Keeps, series_id: SeriesId, key: Key, form: SeriesCancelForm
) -> series.Altered:
    """Cancel a task of a series and all later ones; claims end, everybody is told."""
    said = form.model_dump()
    return await caller.write(
        lambda unit: series_changes.cancel(unit, key=key, series_id=series_id, **said)
    )


@router.post(
    "/tasks/{task_id}/copies",
    summary="Copy a task to other days",
    status_code=201,
    response_model=Copied,
    responses=refusals(TaskNotFound, OtherCommunity, CategoryNotFound, AssetNotFound, BadField),
)
async def copy(caller: Keeps, task_id: TaskId, key: Key, form: CopyForm) -> copies.Copied:
    """Publish a task once more on other days, at the same time of day."""
    said = form.model_dump()
    return await caller.write(lambda unit: copies.copy(unit, key=key, task_id=task_id, **said))


@router.post(
    "/plans/copies",
    summary="Copy a week's plan",
    status_code=201,
    response_model=Copied,
    responses=refusals(
        CommunityNotFound, OtherCommunity, CategoryNotFound, AssetNotFound, BadField
    ),
)
async def copy_week(caller: Keeps, key: Key, form: PlanCopyForm) -> copies.Copied:
    """Publish a community's plan of one week once more in another one."""
    said = form.model_dump()
    return await caller.write(lambda unit: copies.copy_week(unit, key=key, **said))
