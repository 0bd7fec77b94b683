"""Erasures: a member asks to be forgotten, or the office does for one who is there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import ErasureId, Form, MemberId, MemberRef, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.leaving import erasures
from creditbank.leaving.erasures import Erasure, ErasureState, Goes
from creditbank.leaving.errors import ErasureNotFound, InOffice, Involved
from creditbank.people import members
from creditbank.people.errors import (
    MemberNotFound,
    MemberSuspended,
    NotYours,
    OtherCommunity,
    PersonNotFound,
)

router = Routes(prefix="/v1/b/{slug}", tags=["erasures"])

Erases = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.ERASE)]
OfMember = Annotated[Caller, of_member(Right.ERASE)]


class ErasureForm(Form):
    """Where the points go: to the community's fund, to one member, or nowhere: they expire."""

    goes: Goes
    to_member_id: MemberRef | None = Field(
        default=None, description="With `give` only: a relative or friend who is a member."
    )


class ErasureShown(Shown):
    """A wish to be erased. `waits` is the slug of what was still open when it was due."""

    erasure_id: str
    member_id: str
    goes: Goes
    to_member_id: str | None
    state: ErasureState
    asked_at: datetime
    due_at: datetime
    waits: str | None
    settled_at: datetime | None
    transfer_id: str | None


class ErasureMoved(Shown):
    """The new state of a wish."""

    erasure_id: str
    state: ErasureState


@router.post(
    "/members/{member_id}/erasures",
    summary="Ask to be erased",
    status_code=201,
    response_model=ErasureShown,
    responses=refusals(
        *(MemberNotFound, NotYours, OtherCommunity, MemberSuspended, PersonNotFound),
        *(Involved, InOffice, StateConflict, BadField),
    ),
)
async def ask(caller: OfMember, member_id: MemberId, key: Key, form: ErasureForm) -> Erasure:
    """Note the wish. It is carried out after seven days, and can be taken back until then."""
    return await caller.write(
        lambda unit: erasures.ask(
            unit, key=key, member_id=member_id, goes=form.goes, to_member_id=form.to_member_id
        )
    )


@router.get(
    "/members/{member_id}/erasures",
    summary="A member's wishes to be erased",
    response_model=list[ErasureShown],
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def listing(caller: OfMember, member_id: MemberId) -> list[Erasure]:
    """Show what was asked, what it waits for, and what became of it, latest first."""

    def look(view: View) -> list[Erasure]:
        members.find(view, member_id)
        return erasures.of_member(view, member_id)

    return await caller.read(look)


@router.post(
    "/erasures/{erasure_id}/cancel",
    summary="Take a wish to be erased back",
    responses=refusals(ErasureNotFound, OtherCommunity, StateConflict),
)
async def cancel(caller: Erases, erasure_id: ErasureId, key: Key) -> ErasureMoved:
    """Take a wish back while it waits."""
    state = await caller.write(lambda u: erasures.cancel(u, key=key, erasure_id=erasure_id))
    return ErasureMoved(erasure_id=erasure_id, state=state)
