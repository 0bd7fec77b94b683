"""Texts to paste into the WeChat group: of one task, or of the plan of some days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import PlainTextResponse

from api.edge.forms import CommunityAsked, DayAsked, TaskId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.routes.tasks import Sees
from api.words import groups as group_texts
from creditbank.core.clock import start_of_day
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities
from creditbank.people.errors import CommunityNotFound
from creditbank.tasks import repeats, tasks
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import TaskKind

router = Routes(prefix="/v1/b/{slug}", tags=["tasks"])

DAYS_MOST = 7
PLAN_MOST = 100
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


def _told(description: str) -> dict[int | str, dict[str, object]]:
    return {200: {"description": description, "content": _TEXT}}


@router.get(
    "/tasks/{task_id}/text",
    summary="A task as text",
    response_class=PlainTextResponse,
    responses=_told("Words for the group, in Chinese.") | refusals(TaskNotFound),
)
async def of_task(request: Request, caller: Sees, task_id: TaskId) -> str:
    """Say what a task is, when, where, for whom, what one receives, and how to claim it.

    Visits of pairs, and drafts of other communities, are not for the group.
    """
    domain, own = request.app.state.settings.domain, caller.may_within(Right.KEEP_TASKS)
    return await caller.read(lambda view: _task(view, task_id, own, domain))


def _task(view: View, task_id: str, own: tuple[str, ...] | None, domain: str | None) -> str:
    found = tasks.find(view, task_id)
    foreign = own is not None and found.community_id not in own
    if found.kind is not TaskKind.NEED or (found.state is TaskState.DRAFT and foreign):
        raise TaskNotFound(task_id)
    return group_texts.of_task(found, group_texts.words(view, domain))


@router.get(
    "/plans/text",
    summary="The plan of some days as text",
    response_class=PlainTextResponse,
    responses=_told("Words for the group, in Chinese.") | refusals(CommunityNotFound, BadField),
)
async def of_plan(
    request: Request,
    caller: Sees,
    *,
    community_id: CommunityAsked = None,
    day: DayAsked = None,
    days: Annotated[int, Query(ge=1, le=DAYS_MOST, description="How many days.")] = 1,
) -> str:
    """Say what a community, or the whole bank, plans on a day or in a week."""
    domain = request.app.state.settings.domain
    return await caller.read(
        lambda view: _plan(view, community_id, day or view.today, days, domain)
    )


def _plan(view: View, community_id: str | None, first: date, days: int, domain: str | None) -> str:
    if first.year not in repeats.YEARS:
        raise BadField("day", f"{repeats.YEARS[0]}–{repeats.YEARS[-1]}")
    of, zone, last = tasks.tasks.c, view.bank.zone, first + timedelta(days=days - 1)
    where = [] if community_id is None else [of.community_id == community_id]
    name = view.bank.name
    if community_id is not None:
        name = communities.find(view, community_id).name
    several = tasks.chosen(
        view,
        of.kind == TaskKind.NEED,
        of.stored_state == TaskState.OPEN,
        of.starts_at >= start_of_day(first, zone),
        of.starts_at < start_of_day(last + timedelta(days=1), zone),
        *where,
        limit=PLAN_MOST + 1,
    )
    until = "" if days == 1 else f"至{last.month}月{last.day}日"
    heading = f"{name} {first.month}月{first.day}日{until}活动安排"
    text = group_texts.of_plan(several[:PLAN_MOST], group_texts.words(view, domain), heading)
    return text if len(several) <= PLAN_MOST else f"{text}\n\n……更多活动请打开互助社页面查看。"
