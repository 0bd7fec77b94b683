"""A new need by form: filled in or copied, looked at as volunteers will see it, then published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Form, Query
from fastapi.responses import Response

from api.edge.forms import TaskId
from api.edge.routes import Routes
from api.filling import fill_soon
from api.pages.forms import FormKey
from api.pages.office import need_forms
from api.pages.office.need_forms import Desk, NeedForm, Often, WhatForm
from api.pages.page import Page, page_for
from creditbank.core import tags
from creditbank.core.clock import day_of
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.core.values import write_units
from creditbank.identity.roles import Right
from creditbank.people import communities, members
from creditbank.schemes.rewards import Reward
from creditbank.tasks import details, edits, publishing, repeats, series, tasks
from creditbank.tasks.details import Detail
from creditbank.tasks.errors import TaskNotFound
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, Party, Task, TaskKind

router = Routes(prefix="/b/{slug}/office/needs", include_in_schema=False)

Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class Then(StrEnum):
    """What a button of the form asks for."""

    PREVIEW = "preview"
    CHANGE = "change"
    DRAFT = "draft"
    PUBLISH = "publish"


class NewForm(NeedForm):
    """A need, and what is to become of it."""

    then: Then = Then.PREVIEW


class EditForm(WhatForm):
    """What is changed of a need, and how it was when it was looked at."""

    tag: Annotated[str, Query(max_length=64)] = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A need as it will be: its times, and what it gives."""

    windows: tuple[tuple[datetime, datetime], ...]
    rewards: list[Reward]
    fixed: list[str]
    audience: Audience
    place: str


@router.get("/new")
async def show(
    page: Keeps,
    of: Annotated[str | None, Query(pattern=r"^tsk_[0-9a-hjkmnp-tv-z]{26}$")] = None,
    on: Annotated[date | None, Query()] = None,
) -> Response:
    """Show the form of a need: empty, or filled in as another need."""
    within = page.caller.communities

    def look(view: View) -> tuple[Desk, dict[str, Any]]:
        desk = need_forms.desk(view, within)
        if of is None:
            return desk, _blank(view, desk, on)
        return desk, _like(view, desk, _seen(view, of, within), on)

    desk, filled = await page.read(look)
    return page.show("office/new_need.html", desk=desk, filled=filled, copied=of is not None)


def _seen(view: View, task_id: str, within: tuple[str, ...] | None) -> Task:
    """Return a need of the communities where the role holds."""
    found = tasks.find(view, task_id)
    if within is not None and found.community_id not in within:
        raise TaskNotFound(task_id)
    return found


def _blank(view: View, desk: Desk, on: date | None) -> dict[str, Any]:
    """Return the form as it stands before anything is filled in."""
    return {
        "day": on if on is not None and on >= view.today else view.today + _DAY,
        "starts": "09:00",
        "ends": "11:00",
        "capacity": 5,
        "open_to": list(Party),
        "community_id": desk.communities[0].community_id if desk.communities else "",
        "often": Often.ONCE,
        "times": 4,
        "rewards": {one.asset: one for one in desk.rules.rewards_of(None)},
    }


def _like(view: View, desk: Desk, task: Task, on: date | None) -> dict[str, Any]:
    """Return the form filled in as a need, a week after it or later."""
    said = details.of_task(view, task.task_id)
    filled = _blank(view, desk, on) | _what(view, desk, task, said)
    day = day_of(task.starts_at, view.bank.zone)
    later = day + _WEEK
    while later <= view.today:
        later += _WEEK
    number = None
    if task.beneficiary_id is not None:
        number = members.find(view, task.beneficiary_id).number
    after = later - day
    return filled | {
        "day": on or later,
        "ends_day": _ends_day(view, task, after),
        "category": task.category,
        "community_id": task.community_id,
        "capacity_unit": task.terms.capacity_unit,
        "open_to": list(task.audience.open_to),
        "age_from": task.audience.age_from,
        "age_below": task.audience.age_below,
        "skills": list(task.audience.skills),
        "neighbours_only": task.audience.neighbours_only,
        "waitlist_most": task.terms.waitlist_most,
        "beneficiary": number,
        "of": task.task_id,
    }


def _ends_day(view: View, task: Task, after: timedelta = timedelta(0)) -> date | None:
    first, last = (day_of(at, view.bank.zone) for at in (task.starts_at, task.ends_at))
    return None if first == last else last + after


def _what(view: View, desk: Desk, task: Task, said: Detail) -> dict[str, Any]:
    """Return what can be changed of a need as the form shows it."""
    scales = {one.code: one.scale for one in desk.assets}
    return {
        "title": task.title,
        "place": task.place,
        "day": day_of(task.starts_at, view.bank.zone),
        "starts_at": task.starts_at,
        "ends_at": task.ends_at,
        "starts": None,
        "ends": None,
        "ends_day": _ends_day(view, task),
        "capacity": task.capacity,
        "description": said.description or "",
        "contact": said.contact or "",
        "rewards": {one.asset: one for one in task.rewards},
        "typed": {
            one.asset: write_units(one.units, scales.get(one.asset, 0)) for one in task.rewards
        },
    }


@router.post("/new")
async def consider(page: Keeps, form: Annotated[NewForm, Form()]) -> Response:
    """Show a need as volunteers will see it, with all its days; or the form once more."""
    within = page.caller.communities
    if form.then is Then.CHANGE:
        desk = await page.read(lambda view: need_forms.desk(view, within))
        again = _again(form)
        return page.show("office/new_need.html", desk=desk, filled=again, copied=bool(form.of))
    desk, preview = await page.read(lambda view: _preview(view, form, within))
    return page.show(
        "office/need_preview.html",
        desk=desk,
        form_said=form,
        preview=preview,
        fields=[pair for pair in need_forms.fields(form) if pair[0] != "then"],
    )


def _again(form: NewForm) -> dict[str, Any]:
    """Return the form as it was filled in."""
    typed = dict(zip(form.reward_asset, form.reward_units, strict=False))
    pers = dict(zip(form.reward_asset, form.reward_per, strict=False))
    return form.said() | {
        "starts": f"{form.starts:%H:%M}",
        "ends": f"{form.ends:%H:%M}",
        "rewards": {},
        "typed": typed,
        "pers": pers,
    }


def _preview(view: View, form: NewForm, within: tuple[str, ...] | None) -> tuple[Desk, Preview]:
    zone = view.bank.zone
    desk = need_forms.desk(view, within)
    said = need_forms.said(form, desk, view, within)
    need_forms.terms(form, view)
    repeat = need_forms.repeat(form, zone)
    windows = (need_forms.window(form, zone),) if repeat is None else repeats.windows(repeat, zone)
    if windows[0][1] <= view.now:
        raise BadField("day", "is past / 已经过去")
    publishing.audience_columns(said["audience"])
    place = communities.find(view, form.community_id).name
    fixed = sorted(desk.rates(form.category))
    return desk, Preview(windows, said["rewards"], fixed, said["audience"], place)


@router.post("")
async def create(page: Keeps, key: FormKey, form: Annotated[NewForm, Form()]) -> Response:
    """Publish a need, or all of a series, or keep them as drafts."""
    within, draft = page.caller.communities, form.then is Then.DRAFT
    asked, more = await page.read(lambda view: _asked(view, form, within))
    if "repeat" in asked:
        made = await page.write(lambda unit: series.publish(unit, key=key, draft=draft, **asked))
        ids: tuple[str, ...] = made.task_ids
    else:
        ids = (
            await page.write(lambda unit: publishing.publish(unit, key=key, draft=draft, **asked)),
        )
    if any(more.values()):
        await page.write(lambda unit: details.put(unit, key=f"{key}/2", task_ids=ids, **more))
    done = "need-drafted" if draft else "need-published"
    if len(ids) > 1:
        done = "needs-drafted" if draft else "needs-published"
    return page.go(f"/office/needs/{ids[0]}", done)


def _asked(
    view: View, form: NewForm, within: tuple[str, ...] | None
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """Return what the engine is asked to publish, and what else is written down of it."""
    zone = view.bank.zone
    desk = need_forms.desk(view, within)
    asked = need_forms.said(form, desk, view, within)
    terms = need_forms.terms(form, view)
    repeat = need_forms.repeat(form, zone)
    if repeat is None:
        starts_at, ends_at = need_forms.window(form, zone)
        asked |= {"starts_at": starts_at, "ends_at": ends_at, "terms": terms}
    else:
        of_each = replace(terms, claims_until=None, withdraw_until=None)
        asked |= {"repeat": repeat, "terms": of_each, **need_forms.closing(form, zone)}
    return asked, _more(form)


def _more(form: WhatForm) -> dict[str, str | None]:
    return {"description": form.description or None, "contact": form.contact or None}


# Changing -----------------------------------------------------------------------------------------


@router.get("/{task_id}/edit")
async def editing(page: Keeps, task_id: TaskId) -> Response:
    """Show what can be changed of a need."""
    within = page.caller.communities

    def look(view: View) -> tuple[Task, Desk, dict[str, Any]]:
        task, desk = _seen(view, task_id, within), need_forms.desk(view, within)
        return task, desk, _what(view, desk, task, details.of_task(view, task_id))

    task, desk, filled = await page.read(look)
    return page.show(
        "office/edit_need.html",
        task=task,
        desk=desk,
        filled=filled,
        tag=tags.of(task),
        claimed=bool(task.placed or task.queued),
        noted=task.kind is not TaskKind.NEED,
        begun=task.state not in {TaskState.DRAFT, TaskState.OPEN, TaskState.FULL},
    )


@router.post("/{task_id}/edit")
async def edit(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[EditForm, Form()]
) -> Response:
    """Change a need that has not begun; what it gives only while nobody has claimed it."""
    changed = await page.read(lambda v: _changed(v, task_id, form, page.caller.communities))
    seen = (form.tag,) if form.tag else None
    await page.write(
        lambda unit: edits.edit(unit, key=key, task_id=task_id, if_match=seen, **changed)
    )
    more = _more(form)
    await page.write(lambda unit: details.put(unit, key=f"{key}/2", task_ids=[task_id], **more))
    fill_soon(page.caller, task_id)
    return page.go(f"/office/needs/{task_id}", "saved")


def _changed(
    view: View, task_id: str, form: EditForm, within: tuple[str, ...] | None
) -> dict[str, Any]:
    """Return what a form changes of a need, as `edits.edit` takes it."""
    task, desk = _seen(view, task_id, within), need_forms.desk(view, within)
    starts_at, ends_at = need_forms.window(form, view.bank.zone)
    changed: dict[str, Any] = {
        "title": form.title,
        "place": form.place,
        "capacity": form.capacity,
        "starts_at": _same_minute(starts_at, task.starts_at),
        "ends_at": _same_minute(ends_at, task.ends_at),
    }
    if form.reward_asset:
        changed["rewards"] = need_forms.rewards(form, desk, task.category)
    return changed


def _same_minute(typed: datetime, known: datetime) -> datetime:
    """Return the known instant if what was typed is its minute: forms have no seconds."""
    return known if known.replace(second=0, microsecond=0) == typed else typed
