"""Partner organisations and their rota: whose week it is to look after the lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import OrganisationId, OrganisationRef
from api.edge.routes import Routes
from api.pages.forms import Count, DayText, FormKey, Line, Sent, Ticked
from api.pages.office.reviews import CommunityChosen
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.lists import organisations, rota
from creditbank.lists.organisations import Organisation
from creditbank.lists.rota import Duty
from creditbank.people import communities
from creditbank.people.communities import Community

router = Routes(prefix="/b/{slug}/office/rota", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS, Right.KEEP_TASKS, Right.KEEP_COMMUNITIES)]
Plans = Annotated[Page, page_for(Right.KEEP_TASKS, Right.KEEP_COMMUNITIES)]

_WEEKS = 12


@dataclass(frozen=True, slots=True)
class Rota:
    """Some weeks of a rota, from the present one on."""

    weeks: tuple[Duty, ...]
    today: Duty
    organisations: tuple[Organisation, ...]
    communities: tuple[Community, ...]
    first_free: date

    def name(self, organisation_id: str | None) -> str:
        """Return what an organisation is called."""
        known = self.organisations
        return next((o.name for o in known if o.organisation_id == organisation_id), "")


def _rota(view: View, community_id: str | None) -> Rota:
    monday = rota.monday_of(view.today)
    weeks = rota.listing(view, first_week=monday, weeks=_WEEKS, community_id=community_id)
    given = [one.week_on for one in weeks if one.organisation_id is not None]
    return Rota(
        tuple(weeks),
        rota.on_duty(view, community_id, view.today),
        tuple(organisations.every(view)),
        tuple(communities.every(view)),
        max(given) + timedelta(days=7) if given else monday,
    )


@router.get("")
async def show(page: Sees, community: CommunityChosen = None) -> Response:
    """Show whose weeks come."""
    found = await page.read(lambda view: _rota(view, community))
    held = page.whole.may_within(Right.KEEP_TASKS)
    plans = page.whole.may(Right.KEEP_COMMUNITIES) or (
        page.whole.may(Right.KEEP_TASKS) and (held is None or community in held)
    )
    return page.show("office/rota.html", found=found, community=community, plans=plans)


class AddForm(Sent):
    """A partner organisation to take in."""

    name: Line


@router.post("/organisations")
async def add(page: Plans, key: FormKey, form: Annotated[AddForm, Form()]) -> Response:
    """Take a partner organisation in."""
    await page.write(lambda unit: organisations.add(unit, key=key, name=form.name))
    return page.go("/office/rota", "saved")


@router.post("/organisations/{organisation_id}/retire")
async def retire(page: Plans, organisation_id: OrganisationId, key: FormKey) -> Response:
    """Let an organisation take no more turns."""
    await page.write(lambda unit: rota.retire(unit, key=key, organisation_id=organisation_id))
    return page.go("/office/rota", "saved")


@router.post("/organisations/{organisation_id}/return")
async def take_back(page: Plans, organisation_id: OrganisationId, key: FormKey) -> Response:
    """Let an organisation that has retired take turns again."""
    await page.write(
        lambda unit: organisations.take_back(unit, key=key, organisation_id=organisation_id)
    )
    return page.go("/office/rota", "saved")


class WriteForm(Sent):
    """Weeks to give in turn to all organisations."""

    community_id: str = ""
    first_week: DayText
    weeks: Count
    leave_gap: Ticked = False


@router.post("/weeks")
async def generate(page: Plans, key: FormKey, form: Annotated[WriteForm, Form()]) -> Response:
    """Give weeks in turn, no gap and no double without a word."""
    await page.write(
        lambda unit: rota.generate(
            unit,
            key=key,
            first_week=form.first_week,
            weeks=form.weeks,
            community_id=form.community_id or None,
            leave_gap=form.leave_gap,
        )
    )
    return _back(page, form.community_id)


class AssignForm(Sent):
    """A week, and who takes it instead."""

    community_id: str = ""
    week_on: DayText
    organisation_id: OrganisationRef


@router.post("/assign")
async def assign(page: Plans, key: FormKey, form: Annotated[AssignForm, Form()]) -> Response:
    """Give a week to another organisation."""
    await page.write(
        lambda unit: rota.assign(
            unit,
            key=key,
            week_on=form.week_on,
            organisation_id=form.organisation_id,
            community_id=form.community_id or None,
        )
    )
    return _back(page, form.community_id)


def _back(page: Page, community_id: str) -> Response:
    """Return to the rota that was changed."""
    query = {"community": community_id} if community_id else {}
    return page.go("/office/rota", "saved", **query)
