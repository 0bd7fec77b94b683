"""Partner organisations and their rota: who is on duty for the lists, week by week."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import Field, StrictBool, StrictInt

from api.edge.forms import (
    CommunityAsked,
    CommunityRef,
    Day,
    DayAsked,
    Form,
    Name,
    OrganisationId,
    OrganisationRef,
    Shown,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.tasks import Sees
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.lists import organisations, rota
from creditbank.lists.entry_errors import (
    OrganisationExists,
    OrganisationNotFound,
    OrganisationOnDuty,
    OrganisationRetired,
    WeekFree,
    WeekGap,
    WeekTaken,
)
from creditbank.lists.organisations import OrganisationState
from creditbank.lists.rota import WEEKS_MOST
from creditbank.people.errors import CommunityNotFound, OtherCommunity

router = Routes(prefix="/v1/b/{slug}", tags=["rota"])

Plans = Annotated[Caller, having(Right.KEEP_TASKS, Right.KEEP_COMMUNITIES)]


class OrganisationShown(Shown):
    """A partner organisation."""

    organisation_id: str
    name: str
    state: OrganisationState


class OrganisationForm(Form):
    """A partner organisation to take in."""

    name: Name


class OrganisationMade(Shown):
    """The id of a new partner organisation."""

    organisation_id: str


class OrganisationMoved(Shown):
    """Whether a partner organisation takes turns now."""

    organisation_id: str
    state: OrganisationState


class RotaForm(Form):
    """Weeks to give in turn; without names to all organisations, without a community the bank's."""

    first_week: Day
    weeks: Annotated[StrictInt, Field(ge=1, le=WEEKS_MOST)]
    community_id: CommunityRef | None = None
    organisation_ids: Annotated[tuple[OrganisationRef, ...], Field(max_length=WEEKS_MOST)] = ()
    leave_gap: Annotated[
        StrictBool, Field(description="Let weeks before or after stay without anybody.")
    ] = False


class SwapForm(Form):
    """Two weeks of the rota, by their Mondays."""

    week_on: Day
    other_week_on: Day
    community_id: CommunityRef | None = None


class AssignForm(Form):
    """A week of the rota, by its Monday, and who takes it."""

    week_on: Day
    organisation_id: OrganisationRef
    community_id: CommunityRef | None = None


class Given(Shown):
    """From which week to which the rota was written, and how many."""

    first_week: date
    last_week: date
    weeks: int


class DutyShown(Shown):
    """A week and who is on duty in it; null if nobody is."""

    week_on: date
    organisation_id: str | None


@router.get(
    "/organisations",
    summary="The partner organisations",
    response_model=list[OrganisationShown],
)
async def listing(caller: Sees) -> list[organisations.Organisation]:
    """List the partner organisations in the order in which they joined."""
    return await caller.read(organisations.every)


@router.post(
    "/organisations",
    summary="Add a partner organisation",
    status_code=201,
    responses=refusals(OrganisationExists, BadField),
)
async def add(caller: Plans, key: Key, form: OrganisationForm) -> OrganisationMade:
    """Take a partner organisation in; it has no sign-in, the office writes in its name."""
    made = await caller.write(lambda unit: organisations.add(unit, key=key, name=form.name))
    return OrganisationMade(organisation_id=made)


@router.post(
    "/organisations/{organisation_id}/retire",
    summary="Let an organisation retire",
    responses=refusals(OrganisationNotFound, StateConflict, OrganisationOnDuty),
)
async def retire(caller: Plans, organisation_id: OrganisationId, key: Key) -> OrganisationMoved:
    """Let an organisation that has no weeks to come take no more turns."""
    state = await caller.write(
        lambda unit: rota.retire(unit, key=key, organisation_id=organisation_id)
    )
    return OrganisationMoved(organisation_id=organisation_id, state=state)


@router.post(
    "/organisations/{organisation_id}/return",
    summary="Take an organisation back",
    responses=refusals(OrganisationNotFound, StateConflict),
)
async def take_back(caller: Plans, organisation_id: OrganisationId, key: Key) -> OrganisationMoved:
    """Let an organisation that has retired take turns again."""
    state = await caller.write(
        lambda unit: organisations.take_back(unit, key=key, organisation_id=organisation_id)
    )
    return OrganisationMoved(organisation_id=organisation_id, state=state)


@router.get(
    "/rota",
    summary="The rota",
    response_model=list[DutyShown],
    responses=refusals(BadField),
)
async def weeks(
    caller: Sees,
    *,
    first_week: Annotated[Day, Query(description="The Monday of the first week.")],
    weeks: Annotated[int, Query(ge=1, le=WEEKS_MOST, description="How many weeks.")] = 8,
    community_id: CommunityAsked = None,
) -> list[rota.Duty]:
    """List weeks with who is on duty: of a community's own rota, or of the bank's."""
    return await caller.read(
        lambda view: rota.listing(
            view, first_week=first_week, weeks=weeks, community_id=community_id
        )
    )


@router.get("/rota/today", summary="Who is on duty", response_model=DutyShown)
async def on_duty(
    caller: Sees, community_id: CommunityAsked = None, day: DayAsked = None
) -> rota.Duty:
    """Tell who is on duty today, or on a day: by the community's rota, else by the bank's."""
    return await caller.read(lambda view: rota.on_duty(view, community_id, day or view.today))


@router.post(
    "/rota",
    summary="Write the rota",
    status_code=201,
    response_model=Given,
    responses=refusals(
        *(CommunityNotFound, OtherCommunity, OrganisationNotFound, OrganisationRetired),
        *(WeekTaken, WeekGap, BadField),
    ),
)
async def generate(caller: Plans, key: Key, form: RotaForm) -> rota.Given:
    """Give weeks in turn to organisations; no gap and no double without a word."""
    said = form.model_dump()
    return await caller.write(lambda unit: rota.generate(unit, key=key, **said))


@router.post(
    "/rota/swap",
    summary="Swap two weeks",
    response_model=Given,
    responses=refusals(CommunityNotFound, OtherCommunity, WeekFree, BadField),
)
async def swap(caller: Plans, key: Key, form: SwapForm) -> rota.Given:
    """Let the organisations of two weeks change places."""
    said = form.model_dump()
    return await caller.write(lambda unit: rota.swap(unit, key=key, **said))


@router.post(
    "/rota/assign",
    summary="Give a week to another",
    response_model=Given,
    responses=refusals(
        *(CommunityNotFound, OtherCommunity, OrganisationNotFound, OrganisationRetired),
        *(WeekFree, BadField),
    ),
)
async def assign(caller: Plans, key: Key, form: AssignForm) -> rota.Given:
    """Give a week of the rota to another organisation."""
    said = form.model_dump()
    return await caller.write(lambda unit: rota.assign(unit, key=key, **said))
