"""Assisted mode: the office acts for a member who is present or telephones, under their eyes.

An assist lasts a quarter of an hour. Its id is in the address; each request looks whether it is
open still, whose it is, and where the role holds, as the requests of programs do. The member is
told, and what was done can be printed for them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Depends, Form
from fastapi.responses import Response
from markupsafe import Markup
from pydantic import BeforeValidator

from api.edge.forms import AssistId, ClaimId, MemberId, PinDigits, TaskId
from api.edge.routes import Routes
from api.filling import fill_after, fill_soon
from api.pages.forms import FormKey, Said, Sent, blank_is_none
from api.pages.office.members import Named, named
from api.pages.page import Page, opened, page_for
from api.papers import slips
from api.pin_checks import with_pin
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity import assists
from creditbank.identity.assist_errors import AssistByTelephone
from creditbank.identity.assists import Assist, Channel, Identity
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, chart, statements
from creditbank.people import members
from creditbank.tasks import claiming, claims, searches, tasks, withdrawals
from creditbank.tasks.claims import Claim
from creditbank.tasks.searches import Wanted
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task, TaskKind
from merchants import cancellations, code_pictures, codes

router = Routes(prefix="/b/{slug}/office", include_in_schema=False)

Clerk = Annotated[Page, page_for(Right.ASSIST)]
AHEAD = (ClaimState.WAITING, ClaimState.OFFERED, ClaimState.PLACED)
TASKS = 30


async def _assisting(page: Clerk, assist_id: AssistId) -> Page:
    """Hand a page to whoever acts in an assist of theirs.

    Raises:
        AssistNotFound: they have opened none of this id.
        AssistOver: it is over.
        OtherCommunity: their role holds no more where the member lives.
    """
    clerk = page.caller

    def look(view: View) -> Assist:
        found = assists.require_open(view, clerk.actor, assist_id)
        members.require_near(view, clerk.actor, found.member_id)
        return found

    acting = replace(clerk, assist=await clerk.read(look))
    return await opened(page.request, acting, page.whole)


Assisting = Annotated[Page, Depends(_assisting)]


async def _present(page: Assisting) -> Page:
    """Hand a page to whoever acts for a member who is there.

    Raises:
        AssistByTelephone: they telephone.
    """
    if _of(page).channel is Channel.TELEPHONE:
        raise AssistByTelephone
    return page


Present = Annotated[Page, Depends(_present)]


class BeginForm(Sent):
    """How it was seen who is there, whether they are present, and why the office acts."""

    identity: Literal["known_personally", "document_seen", "card_shown"]
    channel: Literal["present", "telephone"]
    reason: Said


class ClaimForm(Sent):
    """Whether they would wait for a place."""

    or_wait: bool = False


class CodeForm(Sent):
    """The PIN that the member types."""

    pin: Annotated[PinDigits | None, BeforeValidator(blank_is_none)] = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands on the desk during an assist."""

    one: Named
    assist: Assist
    left_minutes: int
    points: tuple[tuple[Asset, int], ...]
    ahead: tuple[tuple[Claim, Task], ...]
    wanted: tuple[Task, ...]


def _of(page: Page) -> Assist:
    assert page.caller.assist is not None, "the dependency has put it there"
    return page.caller.assist


@router.post("/members/{member_id}/assists")
async def begin(
    page: Clerk, member_id: MemberId, key: FormKey, form: Annotated[BeginForm, Form()]
) -> Response:
    """Open an assist for a member, of whom it was seen who they are."""
    made = await page.write(
        lambda unit: assists.begin(
            unit,
            key=key,
            member_id=member_id,
            identity=Identity(form.identity),
            channel=Channel(form.channel),
            reason=form.reason,
        )
    )
    return page.go(f"/office/assists/{made.assist_id}")


@router.get("/assists/{assist_id}")
async def desk(page: Assisting) -> Response:
    """Show what can be done for the member now."""
    return page.show("office/assist.html", desk=await page.read(lambda view: _desk(view, page)))


def _desk(view: View, page: Page) -> Desk:
    assist = _of(page)
    assets = accounts.every_asset(view)
    held = statements.balances(view, chart.member(assist.member_id))
    several = [
        one
        for one in claims.of_member(view, assist.member_id, limit=50).claims
        if one.state in AHEAD
    ]
    found = {
        one.task_id: one
        for one in tasks.chosen(
            view, tasks.tasks.c.task_id.in_(sorted({one.task_id for one in several}))
        )
    }
    ahead = [(one, found[one.task_id]) for one in several if found[one.task_id].ends_at > view.now]
    taken = {one.task_id for one, _ in ahead}
    coming = searches.found(view, Wanted(within=None), limit=TASKS).tasks
    open_now = [one for one in coming if one.kind is TaskKind.NEED and one.starts_at > view.now]
    return Desk(
        one=named(view, (members.find(view, assist.member_id),))[0],
        assist=assist,
        left_minutes=max(0, (assist.ends_at - view.now) // timedelta(minutes=1)),
        points=tuple(
            (assets[one.asset], one.available)
            for one in held
            if assets[one.asset].kind is AssetKind.SPENDABLE
        ),
        ahead=tuple(sorted(ahead, key=lambda each: each[1].starts_at)),
        wanted=tuple(one for one in open_now if one.task_id not in taken),
    )


@router.post("/assists/{assist_id}/tasks/{task_id}/claim")
async def claim(
    page: Assisting, task_id: TaskId, key: FormKey, form: Annotated[ClaimForm, Form()]
) -> Response:
    """Take a place in a task for the member."""
    whom = _of(page).member_id
    made = await page.write(
        lambda unit: claiming.claim(
            unit, key=key, task_id=task_id, member_id=whom, or_wait=form.or_wait
        )
    )
    if made.state is ClaimState.WAITING:
        fill_soon(page.caller, task_id)
    return page.go(_home(page), "claimed-for")


@router.post("/assists/{assist_id}/claims/{claim_id}/withdraw")
async def withdraw(page: Assisting, claim_id: ClaimId, key: FormKey) -> Response:
    """Give a place back for the member."""
    await page.write(lambda unit: withdrawals.withdraw(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go(_home(page), "withdrawn-for")


@router.post("/assists/{assist_id}/code")
async def code(page: Present, key: FormKey, form: Annotated[CodeForm, Form()]) -> Response:
    """Show the member's pay code, after they have typed their PIN; it is good for a minute."""
    whom = _of(page).member_id
    made = await with_pin(
        page.caller,
        lambda unit: codes.issue(unit, key=key, member_id=whom),
        member_id=whom,
        pin=form.pin,
        key=key,
    )
    digits = await page.read(lambda view: codes.digits(view, made.pay_code_id))
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    drawn = Markup(picture)  # noqa: S704 - drawn by ourselves
    one = await page.read(lambda view: _desk(view, page))
    return page.show("office/assist_code.html", desk=one, digits=digits, picture=drawn, code=made)


@router.post("/assists/{assist_id}/code/stop")
async def stop(page: Present, key: FormKey) -> Response:
    """Stop the member's live codes."""
    whom = _of(page).member_id
    await page.write(lambda unit: cancellations.stop(unit, key=key, member_id=whom))
    return page.go(_home(page), "code-stopped")


@router.post("/assists/{assist_id}/end")
async def end(page: Clerk, assist_id: AssistId, key: FormKey) -> Response:
    """Close the assist, and show the slip."""
    await page.write(lambda unit: assists.end(unit, key=key, assist_id=assist_id))
    return page.go(f"/office/assists/{assist_id}/slip", "assist-ended")


@router.get("/assists/{assist_id}/slip")
async def slip(page: Clerk, assist_id: AssistId) -> Response:
    """Show what was done, to be printed for the member."""

    def look(view: View) -> tuple[slips.Slip, str]:
        one = assists.find(view, assist_id)
        members.require_near(view, page.caller.actor, one.member_id)
        there = {one.member_id, one.staff_id}
        mine = {page.caller.actor.id, page.caller.principal.member_id}
        return slips.of(view, one, whole=bool(there & mine)), one.member_id

    found, member = await page.read(look)
    return page.show(
        "office/assist_slip.html",
        slip=found,
        member_id=member,
        identities=slips.IDENTITIES,
        channels=slips.CHANNELS,
    )


def _home(page: Page) -> str:
    return f"/office/assists/{_of(page).assist_id}"
