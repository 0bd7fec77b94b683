"""The roster of a need: who comes, who came and left, who waits; ticked, printed, added to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import Response
from pydantic import Field
from pydantic import StringConstraints as Text

from api.edge.forms import ClaimId, ClaimRef, MemberRef, TaskId
from api.edge.routes import Routes
from api.filling import fill_after, fill_soon
from api.pages.forms import FormKey, Line, Sent
from api.pages.office import needs
from api.pages.page import Page, page_for
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import namesakes
from creditbank.people.namesakes import Known
from creditbank.schemes import scheme
from creditbank.service import attendance, pauses, reviews, site_codes
from creditbank.tasks import claiming, claims, no_shows, waitlist, withdrawals
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/needs/{task_id}/roster", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]
Attends = Annotated[Page, page_for(Right.KEEP_ATTENDANCE)]
_GONE = (ClaimState.WITHDRAWN, ClaimState.LAPSED)
_QUEUED = (ClaimState.OFFERED, ClaimState.WAITING)


class Tick(StrEnum):
    """What is noted of everybody who is ticked."""

    IN = "in"
    OUT = "out"


class TickForm(Sent):
    """Who came, or left."""

    tick: Tick
    claim_ids: Annotated[
        list[ClaimRef], Field(max_length=attendance.AT_ONCE_MOST, default_factory=list)
    ]


class FindForm(Sent):
    """A name or number of who is to be added."""

    who: Annotated[str, Text(strip_whitespace=True, min_length=1, max_length=60)]


class AddForm(Sent):
    """Who is added."""

    member_id: MemberRef


class ExcuseForm(Sent):
    """Why an absence does not count."""

    reason: Line


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody of a need, by where they stand."""

    task: Task
    place: str
    here: tuple[Claim, ...]
    queue: tuple[Claim, ...]
    gone: tuple[Claim, ...]
    known: Mapping[str, Known]
    resting: frozenset[str]
    opens: Any
    closes: Any

    @property
    def came(self) -> int:
        """How many have signed in."""
        return sum(one.signed_in_at is not None for one in self.here)


@router.get("")
async def show(page: Sees, task_id: TaskId) -> Response:
    """Show the roster; a part of it to a page that is open and was told to look again."""
    return await _shown(page, task_id)


async def _shown(page: Page, task_id: str, found: list[Known] | None = None) -> Response:
    near = page.whole.may_within(Right.SEE_MEMBERS)
    whole = page.whole.may_within(Right.REVEAL)
    roster = await page.read(
        lambda view: _roster(view, needs.seen(view, page, task_id), near, whole)
    )
    place = roster.task.community_id
    within = {right: page.whole.may_within(right) for right in _RIGHTS}
    holds = {right: held is None or place in held for right, held in within.items()}
    going = roster.task.state not in {TaskState.DRAFT, TaskState.CANCELLED, TaskState.CLOSED}
    return page.show(
        "office/roster_rows.html" if page.by_script else "office/roster.html",
        roster=roster,
        task=roster.task,
        found=found,
        attends=holds[Right.KEEP_ATTENDANCE] and going,
        keeps=holds[Right.KEEP_TASKS],
        going=going,
    )


_RIGHTS = (Right.KEEP_TASKS, Right.KEEP_ATTENDANCE)


def _roster(
    view: View, task: Task, within: tuple[str, ...] | None, tails: tuple[str, ...] | None
) -> Roster:
    """Return who is on a task; phones' tails of those only who live in the communities ``tails``.

    Whoever has them could look the whole phones up, for a reason.
    """
    every = reviews.with_reasons(view, claims.of_task(view, task.task_id, within=within))
    here = tuple(one for one in every if one.state not in {*_GONE, *_QUEUED})
    gone = tuple(one for one in every if one.state in _GONE)
    queue = tuple(waitlist.listing(view, task.task_id, within=within))
    people = [one.member_id for one in every]
    serving = [one.claim_id for one in here if one.state is ClaimState.SIGNED_IN]
    opens, closes = site_codes.window(task, scheme.current(view))
    return Roster(
        task,
        needs.places(view).get(task.community_id, ""),
        here,
        queue,
        gone,
        {
            one.member_id: one
            if tails is None or one.community_id in tails
            else replace(one, tail=None)
            for one in namesakes.known(view, people).values()
        },
        pauses.lasting(view, serving),
        opens,
        closes,
    )


@router.post("")
async def tick(
    page: Attends, task_id: TaskId, key: FormKey, form: Annotated[TickForm, Form()]
) -> Response:
    """Note that everybody who is ticked came, or left: all of them, or with one refused, nobody."""
    if not form.claim_ids:
        raise BadField("claim_ids", "tick somebody first / 请先勾选")
    ids, came = form.claim_ids, form.tick is Tick.IN
    note: Callable[..., Any] = attendance.sign_in_all if came else attendance.sign_out_all
    await page.write(lambda unit: note(unit, key=key, task_id=task_id, claim_ids=ids))
    return page.go(_path(task_id), "roster-in" if came else "roster-out")


def _path(task_id: str) -> str:
    return f"/office/needs/{task_id}/roster"


# Adding somebody ----------------------------------------------------------------------------------


@router.post("/find")
async def find(page: Keeps, task_id: TaskId, form: Annotated[FindForm, Form()]) -> Response:
    """Find members by their whole name or number; nothing is written."""
    within = page.caller.communities
    found = await page.read(lambda view: matching(view, form.who, within))
    if page.by_script:
        return page.show("office/roster_found.html", found=found, task_id=task_id)
    return await _shown(page, task_id, found)


def matching(view: View, who: str, within: tuple[str, ...] | None) -> list[Known]:
    """Return the active members of a name or number within some communities, by number."""
    ids = namesakes.of_names(view, [who], within=within).get(who, [])
    number = namesakes.of_numbers(view, [who, who.upper()], within=within)
    known = namesakes.known(view, [*ids, *number.values()])
    return sorted(known.values(), key=lambda one: one.number)


@router.post("/add")
async def add(
    page: Keeps, task_id: TaskId, key: FormKey, form: Annotated[AddForm, Form()]
) -> Response:
    """Claim a place for a member, or a place in the queue if there is none."""
    who = form.member_id
    made = await page.write(
        lambda unit: claiming.claim(unit, key=key, task_id=task_id, member_id=who, or_wait=True)
    )
    waits = made.state is ClaimState.WAITING
    if waits:
        fill_soon(page.caller, task_id)
    return page.go(_path(task_id), "volunteer-waits" if waits else "volunteer-added")


# One of them --------------------------------------------------------------------------------------


@router.post("/{claim_id}/pause")
async def pause(page: Attends, task_id: TaskId, claim_id: ClaimId, key: FormKey) -> Response:
    """Let the minutes stand still."""
    await page.write(lambda unit: pauses.begin(unit, key=key, claim_id=claim_id))
    return page.go(_path(task_id), "roster-pause")


@router.post("/{claim_id}/resume")
async def resume(page: Attends, task_id: TaskId, claim_id: ClaimId, key: FormKey) -> Response:
    """Let the minutes run on."""
    await page.write(lambda unit: pauses.end(unit, key=key, claim_id=claim_id))
    return page.go(_path(task_id), "roster-resume")


@router.post("/{claim_id}/withdraw")
async def withdraw(page: Keeps, task_id: TaskId, claim_id: ClaimId, key: FormKey) -> Response:
    """Give somebody's place back for them."""
    await page.write(lambda unit: withdrawals.withdraw(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go(_path(task_id), "withdrawn-for")


@router.post("/{claim_id}/accept")
async def accept(page: Keeps, task_id: TaskId, claim_id: ClaimId, key: FormKey) -> Response:
    """Take a place on offer for who said so by telephone."""
    await page.write(lambda unit: waitlist.accept(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go(_path(task_id), "volunteer-added")


@router.post("/{claim_id}/decline")
async def decline(page: Keeps, task_id: TaskId, claim_id: ClaimId, key: FormKey) -> Response:
    """Leave a place on offer to the next for who said so by telephone."""
    await page.write(lambda unit: waitlist.decline(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go(_path(task_id), "withdrawn-for")


@router.post("/{claim_id}/excuse")
async def excuse(
    page: Keeps,
    task_id: TaskId,
    claim_id: ClaimId,
    key: FormKey,
    form: Annotated[ExcuseForm, Form()],
) -> Response:
    """Let an absence not count, with a reason that stays with it."""
    why = form.reason
    await page.write(lambda unit: no_shows.excuse(unit, key=key, claim_id=claim_id, reason=why))
    return page.go(_path(task_id), "excused")
