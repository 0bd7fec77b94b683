"""Afterwards (补录): an activity that is over is noted down on one screen, with who was there."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import Response
from pydantic import StringConstraints as Text

from api.edge.forms import TaskId
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeLine
from api.pages.office import need_forms, needs, people
from api.pages.office.need_forms import Code, CommunityText, Desk, MaybeNumber, WhatForm
from api.pages.office.people import Match, Numbers, Picks
from api.pages.page import Page, page_for
from api.papers import chains
from api.papers.chains import Entry
from creditbank.core.clock import day_of
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.schemes.rewards import Reward
from creditbank.service import afterwards
from creditbank.service.afterwards import Remark
from creditbank.tasks import tasks
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/afterwards", include_in_schema=False)

Opens = Annotated[Page, page_for(Right.KEEP_TASKS, Right.KEEP_ATTENDANCE)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]
Seconds = Annotated[Page, page_for(Right.KEEP_ATTENDANCE)]
_BETWEEN = re.compile(r"[\s,、;]+")
_NUMBERED = re.compile(r"\s*\d{1,3}\s*[.、,:)）．：]")


class NoteForm(WhatForm):
    """An activity that is over."""

    capacity: int = 1
    category: Code
    community_id: CommunityText
    beneficiary: MaybeNumber = None
    remark: MaybeLine = None


class ConsiderForm(NoteForm):
    """An activity, and the names or numbers of who was there."""

    names: Annotated[str, Text(min_length=1, max_length=chains.TEXT_MOST)]


class WhoForm(NoteForm):
    """An activity, and who was there."""

    who: Picks
    number: Numbers


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was noted down late and waits for a second person."""

    task: Task
    remark: Remark
    people: int


@dataclass(frozen=True, slots=True)
class Considered:
    """An activity as it would be noted down."""

    starts_at: datetime
    ends_at: datetime
    rewards: list[Reward]
    matches: list[Match]
    left_out: tuple[str, ...]
    late: bool
    place: str


@router.get("")
async def show(page: Opens) -> Response:
    """Show the form, and what waits for a second person."""
    within = page.whole.may_within(Right.KEEP_TASKS)
    attends = page.whole.may_within(Right.KEEP_ATTENDANCE)

    def look(view: View) -> tuple[Desk, list[Waiting], dict[str, str]]:
        desk = need_forms.desk(view, within)
        return desk, _waiting(view, attends), needs.places(view)

    desk, waiting, places = await page.read(look)
    return page.show(
        "office/afterwards.html",
        desk=desk,
        waiting=waiting,
        places=places,
        filled={"rewards": {one.asset: one for one in desk.rules.rewards_of(None)}},
        may_note=page.whole.may(Right.KEEP_TASKS),
        today=day_of(page.now, page.bank.zone),
    )


def _waiting(view: View, within: tuple[str, ...] | None) -> list[Waiting]:
    ids = afterwards.waiting(view, within=within)
    several = {one.task_id: one for one in tasks.chosen(view, tasks.tasks.c.task_id.in_(ids))}
    found = [(several[one], afterwards.find(view, one)) for one in ids]
    return [Waiting(task, remark, task.placed) for task, remark in found]


@router.post("")
async def consider(page: Keeps, form: Annotated[ConsiderForm, Form()]) -> Response:
    """Show the activity and whom the names mean; nothing is written."""
    within = page.caller.communities
    considered, desk = await page.read(lambda view: _considered(view, form, within))
    carried = [pair for pair in need_forms.fields(form) if pair[0] not in {"names", "capacity"}]
    return page.show(
        "office/afterwards_preview.html",
        form_said=form,
        considered=considered,
        desk=desk,
        fields=carried,
    )


def _considered(
    view: View, form: ConsiderForm, within: tuple[str, ...] | None
) -> tuple[Considered, Desk]:
    desk = need_forms.desk(view, within)
    starts_at, ends_at = need_forms.window(form, view.bank.zone)
    late = _check(view, desk, starts_at, ends_at)
    if late and form.remark is None:
        hours = desk.rules.backdated_hours_most
        raise BadField("remark", f"older than {hours} h: say why / 超过 {hours} 小时，请写明说明")
    listed, names = _by_number(form.names)
    found = chains.read(names)
    return (
        Considered(
            starts_at,
            ends_at,
            need_forms.rewards(form, desk, form.category),
            people.match(view, [*listed, *found.entries], within),
            (*((found.title,) if found.title else ()), *found.left_out),
            late,
            needs.places(view).get(form.community_id, ""),
        ),
        desk,
    )


def _by_number(names: str) -> tuple[list[Entry], str]:
    """Return the members' numbers in a list (M0001, 0032), and the list without them.

    What stands in one line without numbers before the names is taken apart at its signs.
    """
    words = _BETWEEN.split(unicodedata.normalize("NFKC", names))
    listed = [Entry(None, one.upper()) for one in words if _is_number(one)]
    if any(_NUMBERED.match(one) for one in names.splitlines()):
        return listed, names
    return listed, "\n".join(one for one in words if not _is_number(one))


def _is_number(word: str) -> bool:
    shortest = 3
    return (
        len(word) >= shortest
        and word.isascii()
        and any(one.isdigit() for one in word)
        and all(one.isalnum() or one == "-" for one in word)
    )


def _check(view: View, desk: Desk, starts_at: datetime, ends_at: datetime) -> bool:
    """See that an activity is over; tell whether it is too old for one person alone."""
    if ends_at > view.now:
        raise BadField("ends", "is still to come / 还没有结束，请用发布需求")
    if ends_at - starts_at > afterwards.SPAN_MOST:
        raise BadField("ends", "within 24 h of the start / 不超过 24 小时")
    return view.now - ends_at > timedelta(hours=desk.rules.backdated_hours_most)


@router.post("/note")
async def note(page: Keeps, key: FormKey, form: Annotated[WhoForm, Form()]) -> Response:
    """Note the activity down; somebody else reviews it."""
    within = page.caller.communities
    asked = await page.read(lambda view: _note(view, form, within))
    made = await page.write(lambda unit: afterwards.note(unit, key=key, **asked))
    waits = made.state is TaskState.DRAFT
    return page.go(f"/office/needs/{made.task_id}", "noted-late" if waits else "noted-down")


def _note(view: View, form: WhoForm, within: tuple[str, ...] | None) -> dict[str, Any]:
    desk = need_forms.desk(view, within)
    starts_at, ends_at = need_forms.window(form, view.bank.zone)
    return {
        "title": form.title,
        "category": form.category,
        "community_id": form.community_id,
        "place": form.place,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "member_ids": people.picked(view, form.who, form.number, within),
        "rewards": need_forms.rewards(form, desk, form.category),
        "remark": form.remark,
        "beneficiary_id": need_forms.beneficiary(view, form.beneficiary, within),
    }


@router.post("/{task_id}/confirm")
async def confirm(page: Seconds, task_id: TaskId, key: FormKey) -> Response:
    """Confirm as the second person; now it waits for its review."""
    await page.write(lambda unit: afterwards.confirm(unit, key=key, task_id=task_id))
    return page.go("/office/afterwards", "confirmed-afterwards")
