"""Attendance: when people came to a task, paused and left; and the code that the site shows."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import AfterValidator, Field, StringConstraints

from api.edge.forms import ClaimId, ClaimRef, Form, Shown, TaskId, printable
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.service import attendance, pauses, site_codes
from creditbank.service.attendance_errors import (
    NoPause,
    PauseOpen,
    SignedInElsewhere,
    SiteCodeClosed,
    SiteCodeNeeded,
    SiteCodeOld,
    SiteCodeScrambled,
    SiteCodeTries,
    SiteCodeWrong,
    Unaccompanied,
)
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import ClaimNotFound, NotBegun, TaskNotFound, TooEarly
from creditbank.tasks.states import ClaimState
from merchants import code_pictures

router = Routes(prefix="/v1/b/{slug}", tags=["tasks"])

Attends = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_ATTENDANCE)]
CODES = (SiteCodeNeeded, SiteCodeScrambled, SiteCodeOld, SiteCodeWrong, SiteCodeTries, BadField)
COMING = (MemberSuspended, TooEarly, SignedInElsewhere, Unaccompanied)
WHOSE = (ClaimNotFound, NotYours, OtherCommunity, StateConflict)
SITE = (TaskNotFound, NotYours, OtherCommunity, StateConflict, SiteCodeClosed)
NO_STORE = {"Cache-Control": "no-store"}

SiteDigits = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=40),
    AfterValidator(printable),
    Field(description="The 18 digits that the site shows now, scanned or typed."),
]


class SiteCodeForm(Form):
    """What the participant scanned at the site; staff and leaders send nothing."""

    site_code: SiteDigits | None = None


class RosterForm(Form):
    """Who has come, or left: claims of this task, each once."""

    claim_ids: Annotated[list[ClaimRef], Field(min_length=1, max_length=attendance.AT_ONCE_MOST)]


class Attended(Shown):
    """A sign-in or sign-out by the server's clock; minutes are 0 until the sign-out."""

    claim_id: str
    state: ClaimState
    at: datetime
    measured_minutes: int
    how: SignedInHow | None


class PauseShown(Shown):
    """A pause; `ended_at` is null while it lasts."""

    pause_id: str
    claim_id: str
    began_at: datetime
    ended_at: datetime | None


class SiteCodeShown(Shown):
    """What the site shows now; ask for the next one at `refresh_at`."""

    digits: str = Field(description="18 digits; they can be typed, too.", examples=["0" * 18])
    issued_at: datetime
    refresh_at: datetime
    ends_at: datetime


@router.get(
    "/tasks/{task_id}/site-code",
    summary="The code that the site shows",
    response_model=SiteCodeShown,
    responses=refusals(*SITE),
)
async def site_code(caller: Attends, task_id: TaskId, response: Response) -> site_codes.SiteCode:
    """Show the code that people scan to sign in and out, to who organises or leads there."""
    response.headers.update(NO_STORE)
    return await _code(caller, task_id)


@router.get(
    "/tasks/{task_id}/site-code.svg",
    summary="The site's code as SVG",
    response_class=Response,
    responses=refusals(*SITE)
    | {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
async def site_code_svg(caller: Attends, task_id: TaskId) -> Response:
    """Draw the site's code as a QR of version 1."""
    found = await _code(caller, task_id)
    picture = await asyncio.to_thread(code_pictures.svg, found.digits)
    return Response(picture, media_type="image/svg+xml", headers=NO_STORE)


@router.get(
    "/tasks/{task_id}/site-code.png",
    summary="The site's code as PNG",
    response_class=Response,
    responses=refusals(*SITE)
    | {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def site_code_png(caller: Attends, task_id: TaskId) -> Response:
    """Draw the site's code as a QR of version 1."""
    found = await _code(caller, task_id)
    picture = await asyncio.to_thread(code_pictures.png, found.digits)
    return Response(picture, media_type="image/png", headers=NO_STORE)


async def _code(caller: Caller, task_id: str) -> site_codes.SiteCode:
    return await caller.read(lambda view: site_codes.shown(view, caller.actor, task_id))


@router.post(
    "/claims/{claim_id}/sign-in",
    summary="Sign in",
    response_model=Attended,
    responses=refusals(*WHOSE, *COMING, *CODES),
)
async def sign_in(
    caller: Attends, claim_id: ClaimId, key: Key, form: SiteCodeForm | None = None
) -> attendance.Attended:
    """Note that a participant has come, from one hour before the start on.

    Members sign themselves in, by the site's code or, where the programme allows it, without; who
    leads a family or team signs its people in; staff tick the roster.
    """
    code = None if form is None else form.site_code
    return await caller.write(
        lambda unit: attendance.sign_in(unit, key=key, claim_id=claim_id, code=code)
    )


@router.post(
    "/tasks/{task_id}/sign-ins",
    summary="Sign several in",
    response_model=list[Attended],
    responses=refusals(TaskNotFound, *WHOSE, *COMING, SiteCodeNeeded, BadField),
)
async def sign_in_all(
    caller: Attends, task_id: TaskId, key: Key, form: RosterForm
) -> tuple[attendance.Attended, ...]:
    """Note that several participants have come: all of them, or with one refused, nobody."""
    return await caller.write(
        lambda unit: attendance.sign_in_all(
            unit, key=key, task_id=task_id, claim_ids=form.claim_ids
        )
    )


@router.post(
    "/claims/{claim_id}/pause",
    summary="Begin a pause",
    response_model=PauseShown,
    responses=refusals(*WHOSE, PauseOpen),
)
async def pause(caller: Attends, claim_id: ClaimId, key: Key) -> pauses.Pause:
    """Let the minutes stand still; the sign-out ends a pause, too."""
    return await caller.write(lambda unit: pauses.begin(unit, key=key, claim_id=claim_id))


@router.post(
    "/claims/{claim_id}/resume",
    summary="End a pause",
    response_model=PauseShown,
    responses=refusals(*WHOSE, NoPause),
)
async def resume(caller: Attends, claim_id: ClaimId, key: Key) -> pauses.Pause:
    """Let the minutes run on."""
    return await caller.write(lambda unit: pauses.end(unit, key=key, claim_id=claim_id))


@router.post(
    "/claims/{claim_id}/sign-out",
    summary="Sign out",
    response_model=Attended,
    responses=refusals(*WHOSE, NotBegun, *CODES),
)
async def sign_out(
    caller: Attends, claim_id: ClaimId, key: Key, form: SiteCodeForm | None = None
) -> attendance.Attended:
    """Note that a participant has left, and measure the minutes inside the task's window.

    Some time after the end of the task it counts as forgotten: `forced_out`.
    """
    code = None if form is None else form.site_code
    return await caller.write(
        lambda unit: attendance.sign_out(unit, key=key, claim_id=claim_id, code=code)
    )


@router.post(
    "/tasks/{task_id}/sign-outs",
    summary="Sign several out",
    response_model=list[Attended],
    responses=refusals(TaskNotFound, *WHOSE, NotBegun, SiteCodeNeeded, BadField),
)
async def sign_out_all(
    caller: Attends, task_id: TaskId, key: Key, form: RosterForm
) -> tuple[attendance.Attended, ...]:
    """Note that several participants have left: all of them, or with one refused, nobody."""
    return await caller.write(
        lambda unit: attendance.sign_out_all(
            unit, key=key, task_id=task_id, claim_ids=form.claim_ids
        )
    )
