"""Needs: all that are asked for, found by words, state, kind, place and day; and one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Form, Query
from fastapi.responses import Response

from api.edge.forms import TaskId, TaskRef
from api.edge.routes import Routes
from api.pages.forms import FormKey, Line, Sent
from api.pages.office.need_forms import Clock, Title
from api.pages.page import Page, page_for
from api.words import groups as group_texts
from creditbank.core import tags
from creditbank.core.clock import start_of_day
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.identity.roles import Right
from creditbank.ledger import accounts
from creditbank.people import communities, namesakes, skills
from creditbank.people.namesakes import Known
from creditbank.service import afterwards, rolls
from creditbank.service.afterwards import Remark
from creditbank.service.attendance_errors import NotAfterwards
from creditbank.tasks import (
    categories,
    claims,
    details,
    endings,
    publishing,
    repeats,
    searches,
    series,
    series_changes,
    tasks,
)
from creditbank.tasks.details import Detail
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.searches import Wanted, Which
from creditbank.tasks.series import Series
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Task, TaskKind

router = Routes(prefix="/b/{slug}/office/needs", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]


class CancelForm(Sent):
    """Why a need is cancelled."""

    reason: Line
    tag: Annotated[str, Query(max_length=64)] = ""


class TaggedForm(Sent):
    """How a need was when it was looked at."""

    tag: Annotated[str, Query(max_length=64)] = ""


class SeriesForm(Sent):
    """What changes of one of a series and all later ones."""

    from_task_id: TaskRef
    title: Title
    place: Title
    starts: Clock
    lasts_minutes: Annotated[int, Query(ge=1, le=repeats.MINUTES_MOST)]
    capacity: Annotated[int, Query(ge=1, le=publishing.CAPACITY_MOST)]


class SeriesCancelForm(Sent):
    """From which on a series is cancelled, and why."""

    from_task_id: TaskRef
    reason: Line


@dataclass(frozen=True, slots=True)
class Found:
    """Needs as a list shows them, and what to choose from."""

    tasks: tuple[Task, ...]
    after: str | None
    places: dict[str, str]
    kinds: dict[str, str]


@dataclass(frozen=True, slots=True)
class Whole:
    """One need with everything that is known of it."""

    task: Task
    detail: Detail
    place: str
    category: str
    assets: dict[str, Asset]
    skills: dict[str, str]
    counts: dict[ClaimState, int]
    text: str | None
    series: Series | None
    later: tuple[Task, ...]
    beneficiary: Known | None
    remark: Remark | None
    tag: str


def own(page: Page) -> tuple[str, ...] | None:
    """Return the communities whose drafts somebody may see."""
    return page.whole.may_within(Right.KEEP_TASKS)


@router.get("")
async def listing(
    page: Sees,
    *,
    which: Which = Which.COMING,
    words: Annotated[str, Query(max_length=80)] = "",
    category: Annotated[str, Query(max_length=40)] = "",
    community: Annotated[str, Query(max_length=40)] = "",
    day: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """List needs; who keeps tasks in some communities sees those first."""
    narrowed = {"which": which, "words": words.strip(), "category": category}
    asked = narrowed | {"community": community, "day": day}
    found = await page.read(lambda view: _found(view, _wanted(view, page, asked), after))
    return page.show(
        "office/needs.html",
        found=found,
        asked=asked,
        narrowed=any((words, category, community, day)),
        may_keep=page.whole.may(Right.KEEP_TASKS),
    )


def _wanted(view: View, page: Page, asked: dict[str, Any]) -> Wanted:
    """Return what is looked for; a day that is none is left out."""
    try:
        day = date.fromisoformat(asked["day"]) if asked["day"] else None
    except ValueError:
        day = None
    if day is not None and day.year not in repeats.YEARS:
        raise BadField("day", f"{repeats.YEARS[0]}–{repeats.YEARS[-1]}")
    return Wanted(
        which=asked["which"],
        words=asked["words"],
        category=asked["category"] or None,
        community_id=asked["community"] or None,
        from_day=None if day is None else start_of_day(day, view.bank.zone),
        drafts_within=own(page),
    )


def _found(view: View, wanted: Wanted, after: str | None) -> Found:
    found = searches.found(view, wanted, after=after)
    return Found(found.tasks, found.after, places(view), kinds(view))


def places(view: View) -> dict[str, str]:
    """Return the names of the communities by id."""
    return {one.community_id: one.name for one in communities.every(view)}


def kinds(view: View) -> dict[str, str]:
    """Return the names of the categories by code."""
    return {one.code: one.name for one in categories.every(view)}


def seen(view: View, page: Page, task_id: str) -> Task:
    """Return a need; drafts are shown to the organisers of their community only.

    Raises:
        TaskNotFound: this bank has none of this id, or it is a draft of others.
    """
    found = tasks.find(view, task_id)
    near = own(page)
    if found.state is TaskState.DRAFT and near is not None and found.community_id not in near:
        waits = page.whole.may_within(Right.KEEP_ATTENDANCE)
        noted = found.kind is TaskKind.AFTERWARDS
        if not (noted and (waits is None or found.community_id in waits)):
            raise TaskNotFound(task_id)
    return found


@router.get("/{task_id}")
async def show(page: Sees, task_id: TaskId) -> Response:
    """Show everything of one need."""
    domain = page.request.app.state.settings.domain
    whole = await page.read(lambda view: _whole(view, page, seen(view, page, task_id), domain))
    return page.show(
        "office/need.html",
        whole=whole,
        task=whole.task,
        mine=_holds(own(page), whole.task),
        attends=_holds(page.whole.may_within(Right.KEEP_ATTENDANCE), whole.task),
        share=f"{page.request.base_url}".rstrip("/") + f"{page.base}/tasks/{task_id}",
    )


def _holds(within: tuple[str, ...] | None, task: Task) -> bool:
    """Tell whether a role that holds in some communities holds where a need is."""
    return within is None or task.community_id in within


def _whole(view: View, page: Page, task: Task, domain: str | None) -> Whole:
    within, may = page.caller.communities, page.whole.may_within
    counts: dict[ClaimState, int] = {}
    for one in claims.of_task(view, task.task_id, within=within):
        counts[one.state] = counts.get(one.state, 0) + 1
    text, known = None, {}
    keeps = _holds(own(page), task) or _holds(may(Right.KEEP_ATTENDANCE), task)
    if task.kind is TaskKind.NEED:
        text = group_texts.of_task(task, group_texts.words(view, domain))
    of = None if task.series_id is None else series.find(view, task.series_id)
    later = () if of is None else tuple(series.tasks_of(view, of.series_id))
    if task.beneficiary_id is not None and keeps:
        known = namesakes.known(view, [task.beneficiary_id])
    return Whole(
        task,
        details.of_task(view, task.task_id),
        places(view).get(task.community_id, ""),
        kinds(view).get(task.category, task.category),
        accounts.every_asset(view),
        {one.code: one.name for one in skills.every(view)},
        counts,
        text,
        of,
        tuple(one for one in later if one.state is not TaskState.CANCELLED),
        known.get(task.beneficiary_id or ""),
        remark(view, task),
        tags.of(task),
    )


def remark(view: View, task: Task) -> Remark | None:
    """Return how a task was noted down afterwards, None if it was published."""
    try:
        return afterwards.find(view, task.task_id)
    except NotAfterwards:
        return None


# What is done with one ----------------------------------------------------------------------------


@router.post("/{task_id}/open")
async def open_draft(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[TaggedForm, Form()]
) -> Response:
    """Publish a draft as it is."""
    as_seen = (form.tag,) if form.tag else None
    await page.write(
        lambda unit: publishing.open_draft(unit, key=key, task_id=task_id, if_match=as_seen)
    )
    return page.go(f"/office/needs/{task_id}", "need-published")


@router.post("/{task_id}/cancel")
async def cancel(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[CancelForm, Form()]
) -> Response:
    """Cancel a need to which nobody has come; whoever claimed it is told why."""
    as_seen, why = (form.tag,) if form.tag else None, form.reason
    await page.write(
        lambda unit: endings.cancel(unit, key=key, task_id=task_id, reason=why, if_match=as_seen)
    )
    return page.go(f"/office/needs/{task_id}", "need-cancelled")


@router.post("/{task_id}/close")
async def close(page: Keeps, task_id: TaskId, key: FormKey) -> Response:
    """Settle who never came and who forgot to sign out."""
    await page.write(lambda unit: rolls.close(unit, key=key, task_id=task_id))
    return page.go(f"/office/needs/{task_id}/roster", "need-closed")


@router.post("/{task_id}/series")
async def change_series(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[SeriesForm, Form()]
) -> Response:
    """Change one of a series and all later ones; who claimed one is told."""
    series_id = await page.read(lambda view: _series_of(view, task_id))
    said = form.said()
    await page.write(lambda unit: series_changes.change(unit, key=key, series_id=series_id, **said))
    return page.go(f"/office/needs/{task_id}", "series-changed")


@router.post("/{task_id}/series/cancel")
async def cancel_series(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[SeriesCancelForm, Form()]
) -> Response:
    """Cancel one of a series and all later ones; everybody is told."""
    series_id = await page.read(lambda view: _series_of(view, task_id))
    said = form.said()
    await page.write(lambda unit: series_changes.cancel(unit, key=key, series_id=series_id, **said))
    return page.go(f"/office/needs/{task_id}", "series-cancelled")


@router.post("/{task_id}/series/open")
async def open_series(page: Keeps, task_id: TaskId, key: FormKey) -> Response:
    """Publish the drafts of a series whose time has not come."""
    series_id = await page.read(lambda view: _series_of(view, task_id))
    await page.write(lambda unit: series.open_drafts(unit, key=key, series_id=series_id))
    return page.go(f"/office/needs/{task_id}", "needs-published")


def _series_of(view: View, task_id: str) -> str:
    found = tasks.find(view, task_id)
    if found.series_id is None:
        raise TaskNotFound(task_id)
    return found.series_id
