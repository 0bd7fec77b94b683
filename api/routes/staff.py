"""Staff: who is in office, with which roles; nobody changes their own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Annotated

from api.edge.forms import Cursor, GrantId, Limit, Shown, StaffId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.invitations import (
    InvitationMade,
    RoleForm,
    link_made,
    require_places,
)
from api.routes.staff_sign_in import GrantShown
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import appointments, grants, staff
from creditbank.identity.errors import (
    GrantNotFound,
    LastOperator,
    OwnRole,
    RoleHeld,
    StaffNotFound,
)
from creditbank.identity.roles import Grant, Right
from creditbank.identity.staff import Named, StaffState
from creditbank.people.errors import CommunityNotFound
from merchants.errors import MerchantNotFound

router = Routes(prefix="/v1/b/{slug}", tags=["staff"])

KeepsStaff = Annotated[Caller, having(Right.KEEP_STAFF)]
SeesStaff = Annotated[Caller, having(Right.KEEP_STAFF, Right.OVERSEE)]


class HeldShown(GrantShown):
    """A role that somebody holds."""

    grant_id: str


class StaffShown(Shown):
    """Somebody in office; a role that wants a second factor sleeps while there is none."""

    staff_id: str
    name: str
    login: str | None
    member_id: str | None
    state: StaffState
    has_second_factor: bool
    roles: list[HeldShown]


class StaffPage(Shown):
    """People in office, those who came first before others."""

    items: list[StaffShown]
    next: str | None


class StaffMoved(Shown):
    """Whether somebody may sign in."""

    staff_id: str
    state: StaffState


class RoleGiven(Shown):
    """A role that was given; `needs_second_factor`: it sleeps in a sitting without one."""

    grant_id: str
    needs_second_factor: bool


class RoleEnded(Shown):
    """A role that was taken back."""

    grant_id: str


@router.get("/staff", summary="Who is in office")
async def listing(caller: SeesStaff, after: Cursor = None, limit: Limit = 50) -> StaffPage:
    """List the people in office with their roles."""

    def look(view: View) -> StaffPage:
        page = staff.listing(view, after=after, limit=limit)
        return StaffPage(items=_shown(view, page.staff), next=page.after)

    return await caller.read(look)


@router.get("/staff/{staff_id}", summary="Somebody in office", responses=refusals(StaffNotFound))
async def show(caller: SeesStaff, staff_id: StaffId) -> StaffShown:
    """Show somebody in office with their roles."""
    return await caller.read(lambda view: _shown(view, [staff.named(view, staff_id)])[0])


def _shown(view: View, found: Iterable[Named]) -> list[StaffShown]:
    several = tuple(found)
    held = grants.of_all(view, [one.staff.staff_id for one in several])
    return [_person(one, held.get(one.staff.staff_id, {})) for one in several]


def _person(one: Named, held: dict[str, Grant]) -> StaffShown:
    return StaffShown(
        staff_id=one.staff.staff_id,
        name=one.name,
        login=one.login,
        member_id=one.staff.member_id,
        state=one.staff.state,
        has_second_factor=one.staff.has_second_factor,
        roles=[
            HeldShown(
                grant_id=grant_id,
                role=grant.role,
                community_id=grant.community_id,
                merchant_id=grant.merchant_id,
            )
            for grant_id, grant in held.items()
        ],
    )


@router.post(
    "/staff/{staff_id}/grants",
    summary="Give somebody a role",
    status_code=201,
    response_model=RoleGiven,
    responses=refusals(
        *(StaffNotFound, OwnRole, RoleHeld, CommunityNotFound, MerchantNotFound, BadField)
    ),
)
async def appoint(
    caller: KeepsStaff, staff_id: StaffId, key: Key, form: RoleForm
) -> appointments.Given:
    """Give somebody else a role. Nobody gives themselves one."""

    def work(unit: Unit) -> appointments.Given | Declined:
        require_places(unit, [form.grant()])
        return appointments.appoint(unit, key=key, staff_id=staff_id, grant=form.grant())

    return await caller.write(work)


@router.post(
    "/grants/{grant_id}/end",
    summary="Take a role back",
    responses=refusals(GrantNotFound, LastOperator),
)
async def dismiss(caller: KeepsStaff, grant_id: GrantId, key: Key) -> RoleEnded:
    """Take a role back; whoever held it has lost it with the next request, on all devices."""
    done = await caller.write(lambda unit: appointments.dismiss(unit, key=key, grant_id=grant_id))
    return RoleEnded(grant_id=done)


@router.post(
    "/staff/{staff_id}/suspend",
    summary="Keep somebody out of office",
    response_model=StaffMoved,
    responses=refusals(StaffNotFound, OwnRole, StateConflict, LastOperator),
)
async def suspend(caller: KeepsStaff, staff_id: StaffId, key: Key) -> appointments.Moved:
    """Sign somebody out everywhere, and let them in no more."""
    return await caller.write(lambda unit: appointments.suspend(unit, key=key, staff_id=staff_id))


@router.post(
    "/staff/{staff_id}/reinstate",
    summary="Let somebody into office again",
    response_model=StaffMoved,
    responses=refusals(StaffNotFound, OwnRole, StateConflict),
)
async def reinstate(caller: KeepsStaff, staff_id: StaffId, key: Key) -> appointments.Moved:
    """Let somebody who was kept out sign in again."""
    return await caller.write(lambda unit: appointments.reinstate(unit, key=key, staff_id=staff_id))


@router.post(
    "/staff/{staff_id}/second-factor/reset",
    summary="Set somebody's second factor back",
    status_code=201,
    responses=refusals(StaffNotFound, OwnRole, StateConflict),
)
async def reset(caller: KeepsStaff, staff_id: StaffId, key: Key) -> InvitationMade:
    """Take a lost second factor away, and make a link by which another one is set up."""
    make = partial(appointments.reset_second_factor, key=key, staff_id=staff_id)
    return await link_made(caller, make)
