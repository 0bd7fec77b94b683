"""Claiming from a task's page, and answering and giving back: forms only, no page of their own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from pydantic import Field

from api.edge.forms import ClaimId, HouseholdRef, MemberRef, PartyId, TaskId, TeamRef
from api.edge.routes import Routes
from api.filling import fill_after, fill_soon
from api.pages.forms import FormKey, Sent, Ticked
from api.pages.page import MemberPage, Page
from creditbank.people import stays
from creditbank.people.stays import Standing
from creditbank.tasks import claiming, waitlist, withdrawals
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/b/{slug}", include_in_schema=False)

People = Annotated[list[MemberRef], Field(min_length=1, max_length=claiming.PEOPLE_MOST)]


class ClaimForm(Sent):
    """Whether to wait if there is no place."""

    or_wait: Ticked = False


class FamilyClaimForm(Sent):
    """Who of the household comes."""

    household_id: HouseholdRef
    member_ids: People
    or_wait: Ticked = False


class TeamClaimForm(Sent):
    """Who of the team comes."""

    team_id: TeamRef
    member_ids: People
    or_wait: Ticked = False


@router.post("/tasks/{task_id}/claims")
async def claim(
    page: MemberPage, task_id: TaskId, key: FormKey, form: Annotated[ClaimForm, Form()]
) -> Response:
    """Take a place, or wait for one."""
    made = await page.write(
        lambda unit: claiming.claim(
            unit, key=key, task_id=task_id, member_id=page.member_id, or_wait=form.or_wait
        )
    )
    _go_on(page, task_id, made.state)
    waits = made.state is ClaimState.WAITING
    return page.go(f"/me/duties/{made.claim_id}", "waiting" if waits else "claimed")


@router.post("/tasks/{task_id}/family-claims")
async def claim_as_family(
    page: MemberPage, task_id: TaskId, key: FormKey, form: Annotated[FamilyClaimForm, Form()]
) -> Response:
    """Take places for people of the household."""
    said = form.said() | {"leader_id": await _leader(page, form.member_ids)}
    made = await page.write(
        lambda unit: claiming.claim_as_family(unit, key=key, task_id=task_id, **said)
    )
    return _together(page, task_id, made.state)


@router.post("/tasks/{task_id}/team-claims")
async def claim_as_team(
    page: MemberPage, task_id: TaskId, key: FormKey, form: Annotated[TeamClaimForm, Form()]
) -> Response:
    """Take places for people of a team."""
    said = form.said() | {"leader_id": await _leader(page, form.member_ids)}
    made = await page.write(
        lambda unit: claiming.claim_as_team(unit, key=key, task_id=task_id, **said)
    )
    return _together(page, task_id, made.state)


async def _leader(page: Page, member_ids: list[str]) -> str | None:
    """Return who leads these people there: who claims, if they come, else the first adult."""
    if page.member_id in member_ids:
        return page.member_id
    lives = await page.read(lambda view: stays.stays_with(view, [page.member_id]))
    children = {
        one.member_id for one in lives.get(page.member_id, ()) if one.standing is Standing.CHILD
    }
    return next((one for one in member_ids if one not in children), None)


def _together(page: Page, task_id: str, state: ClaimState) -> Response:
    _go_on(page, task_id, state)
    waits = state is ClaimState.WAITING
    return page.go(f"/tasks/{task_id}", "waiting-together" if waits else "claimed-together")


def _go_on(page: Page, task_id: str, state: ClaimState) -> None:
    """See whether somebody who waits fits into the places that are free."""
    if state is ClaimState.WAITING:
        fill_soon(page.caller, task_id)


@router.post("/me/duties/{claim_id}/withdraw")
async def withdraw(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Give a place, or a place in the queue, back."""
    await page.write(lambda unit: withdrawals.withdraw(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go("/me/duties", "claim-withdrawn")


@router.post("/me/duties/parties/{party_id}/withdraw")
async def withdraw_party(page: MemberPage, party_id: PartyId, key: FormKey) -> Response:
    """Give the places of a family or team back, by who leads it."""
    gone = await page.write(
        lambda unit: withdrawals.withdraw_party(unit, key=key, party_id=party_id)
    )
    fill_soon(page.caller, gone.task_id)
    return page.go("/me/duties", "claim-withdrawn")


@router.post("/me/duties/{claim_id}/accept")
async def accept(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Take the place, or the places, on offer."""
    await page.write(lambda unit: waitlist.accept(unit, key=key, claim_id=claim_id))
    return page.go(f"/me/duties/{claim_id}", "claimed")


@router.post("/me/duties/{claim_id}/decline")
async def decline(page: MemberPage, claim_id: ClaimId, key: FormKey) -> Response:
    """Leave the place, or the places, to whoever comes next."""
    await page.write(lambda unit: waitlist.decline(unit, key=key, claim_id=claim_id))
    fill_after(page.caller, claim_id)
    return page.go("/me/duties", "place-declined")
