"""The code that a site shows: huge, on the organiser's screen or on the wall; it changes by itself.

One code is for coming and for leaving; the claim says which it is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi.responses import Response
from markupsafe import Markup

from api.edge.forms import TaskId
from api.edge.routes import Routes
from api.pages.page import Page, page_for
from creditbank.core.units import Actor, View
from creditbank.identity.roles import Right
from creditbank.schemes import scheme
from creditbank.service import site_codes
from creditbank.service.attendance_errors import SiteCodeClosed
from creditbank.service.site_codes import SiteCode
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task
from merchants import code_pictures

router = Routes(prefix="/b/{slug}/office/needs/{task_id}/site-code", include_in_schema=False)

Attends = Annotated[Page, page_for(Right.KEEP_ATTENDANCE)]
_AWAY = (ClaimState.WAITING, ClaimState.OFFERED, ClaimState.WITHDRAWN, ClaimState.LAPSED)
_MOMENT_MS = 300
_CLOSED_MS = 20_000


@dataclass(frozen=True, slots=True)
class Screen:
    """What the site shows now; no code before and after its time."""

    task: Task
    code: SiteCode | None
    opens: datetime
    closes: datetime
    came: int
    left: int
    people: int


@router.get("")
async def show(page: Attends, task_id: TaskId) -> Response:
    """Show the code; only its part to a page that is open."""
    actor = page.caller.actor
    screen = await page.read(lambda view: _screen(view, actor, task_id))
    picture, wait_ms = Markup(""), _CLOSED_MS
    if screen.code is not None:
        drawn = await asyncio.to_thread(code_pictures.svg, screen.code.digits)
        picture = Markup(drawn)  # noqa: S704 - drawn here of digits only
        left = screen.code.refresh_at - page.now
        wait_ms = max(int(left.total_seconds() * 1000), 0) + _MOMENT_MS
    return page.show(
        "office/site_code_now.html" if page.by_script else "office/site_code.html",
        screen=screen,
        task=screen.task,
        picture=picture,
        wait_ms=wait_ms,
    )


def _screen(view: View, actor: Actor, task_id: str) -> Screen:
    try:
        code = site_codes.shown(view, actor, task_id)
    except SiteCodeClosed:
        code = None
    task = tasks.find(view, task_id)
    opens, closes = site_codes.window(task, scheme.current(view))
    there = [one for one in claims.of_task(view, task_id) if one.state not in _AWAY]
    came = sum(one.signed_in_at is not None for one in there)
    left = sum(one.signed_out_at is not None for one in there)
    return Screen(task, code, opens, closes, came, left, len(there))
