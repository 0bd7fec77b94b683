"""Departures: who moved away or died, and what becomes of their points."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import DepartureId, DocumentNumber, Form, MemberRef, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField, InDebt
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.leaving import departures
from creditbank.leaving.departures import Cause, Departure, DepartureState, Relation, Settled
from creditbank.leaving.errors import (
    ClaimsInFlight,
    DepartureNotFound,
    InOffice,
    Involved,
    NotFamily,
    SecondWorkerNeeded,
)
from creditbank.ledger.estates import HoldsOpen
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity

router = Routes(prefix="/v1/b/{slug}/departures", tags=["departures"])

Settles = Annotated[Caller, having(Right.SETTLE_DEPARTURES)]
SeesDepartures = Annotated[Caller, having(Right.SETTLE_DEPARTURES, Right.OVERSEE)]


class DepartureForm(Form):
    """Who left and why; without somebody of the family to receive it, what is left expires."""

    member_id: MemberRef
    cause: Cause
    reason: Reason
    to_member_id: MemberRef | None = None
    relation: Relation | None = None
    document: DocumentNumber | None = None


class SettledShown(Shown):
    """Where a departure stands."""

    departure_id: str
    state: DepartureState
    transfer_id: str | None


class DepartureShown(Shown):
    """A departure; without `to_member_id` what is left expires."""

    departure_id: str
    member_id: str
    cause: Cause
    to_member_id: str | None
    relation: Relation | None
    state: DepartureState
    proposed_at: datetime
    proposed_by: str
    settled_at: datetime | None
    settled_by: str | None
    transfer_id: str | None


@router.post(
    "",
    summary="Propose a departure",
    response_model=SettledShown,
    responses=refusals(
        MemberNotFound, OtherCommunity, Involved, MemberSuspended, InOffice, NotFamily, BadField
    ),
)
async def propose(caller: Settles, key: Key, form: DepartureForm) -> Settled:
    """Propose what becomes of the points of somebody who left; nothing moves yet."""
    said = form.model_dump()
    return await caller.write(lambda unit: departures.propose(unit, key=key, **said))


@router.get("", summary="Departures that wait", response_model=list[DepartureShown])
async def waiting(caller: SeesDepartures) -> list[Departure]:
    """List what waits for a second worker, oldest first, at most 200."""

    def look(view: View) -> list[Departure]:
        return departures.waiting(view, within=caller.communities)

    return await caller.read(look)


@router.post(
    "/{departure_id}/approve",
    summary="Approve a departure",
    response_model=SettledShown,
    responses=refusals(
        DepartureNotFound,
        OtherCommunity,
        Involved,
        SecondWorkerNeeded,
        StateConflict,
        MemberSuspended,
        InOffice,
        ClaimsInFlight,
        HoldsOpen,
        InDebt,
    ),
)
async def approve(caller: Settles, departure_id: DepartureId, key: Key) -> Settled:
    """Approve as a second worker: the points move or expire, and the membership closes."""
    return await caller.write(
        lambda unit: departures.approve(unit, departure_id=departure_id, key=key)
    )


@router.post(
    "/{departure_id}/cancel",
    summary="Cancel a departure",
    response_model=SettledShown,
    responses=refusals(DepartureNotFound, StateConflict, OtherCommunity),
)
async def cancel(caller: Settles, departure_id: DepartureId, key: Key) -> Settled:
    """Take a proposal back, or refuse to approve it."""
    return await caller.write(
        lambda unit: departures.cancel(unit, departure_id=departure_id, key=key)
    )
