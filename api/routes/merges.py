"""Merges: two rows that prove to be one person become one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import Form, MemberRef, MergeId, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.identity.sign_in_errors import OtherWorkerNeeded
from creditbank.leaving import merges
from creditbank.leaving.errors import (
    ClaimsInFlight,
    ErasureAsked,
    Involved,
    MergeNotFound,
    SecondWorkerNeeded,
)
from creditbank.leaving.merges import Merge, Merged, MergeState
from creditbank.ledger.estates import HoldsOpen
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity

router = Routes(prefix="/v1/b/{slug}/merges", tags=["merges"])

Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
SeesMerges = Annotated[Caller, having(Right.KEEP_MEMBERS, Right.OVERSEE)]

_REFUSED = (
    *(OtherCommunity, Involved, OtherWorkerNeeded, MemberSuspended),
    *(ErasureAsked, ClaimsInFlight, HoldsOpen),
)


class MergeForm(Form):
    """Two rows of one person; a reason is needed unless both have the same document number."""

    old_id: MemberRef
    kept_id: MemberRef
    reason: Reason | None = None


class MergedShown(Shown):
    """Where a merging stands: above 100 units it is proposed, and waits for a second worker."""

    merge_id: str
    state: MergeState
    transfer_id: str | None


class MergeShown(Shown):
    """A merging of two rows."""

    merge_id: str
    old_id: str
    kept_id: str
    state: MergeState
    by_document: bool = Field(description="Whether both have the same document number.")
    proposed_at: datetime
    proposed_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    transfer_id: str | None


@router.post(
    "",
    summary="Merge two members who are one person",
    response_model=MergedShown,
    responses=refusals(MemberNotFound, BadField, *_REFUSED),
)
async def propose(caller: Keeps, key: Key, form: MergeForm) -> Merged:
    """Close the old row and move all it has, or let it wait for a second worker."""
    return await caller.write(
        lambda unit: merges.propose(
            unit, old_id=form.old_id, kept_id=form.kept_id, reason=form.reason, key=key
        )
    )


@router.get("", summary="Merges that wait", response_model=list[MergeShown])
async def waiting(caller: SeesMerges) -> list[Merge]:
    """List what waits for a second worker, oldest first, at most 200."""

    def look(view: View) -> list[Merge]:
        return merges.waiting(view, within=caller.communities)

    return await caller.read(look)


@router.post(
    "/{merge_id}/confirm",
    summary="Confirm a merge",
    response_model=MergedShown,
    responses=refusals(MergeNotFound, StateConflict, SecondWorkerNeeded, *_REFUSED),
)
async def confirm(caller: Keeps, merge_id: MergeId, key: Key) -> Merged:
    """Confirm, as a second worker, that the two are one person."""
    return await caller.write(lambda unit: merges.confirm(unit, merge_id=merge_id, key=key))


@router.post(
    "/{merge_id}/cancel",
    summary="Cancel a merge",
    response_model=MergedShown,
    responses=refusals(MergeNotFound, StateConflict, OtherCommunity),
)
async def cancel(caller: Keeps, merge_id: MergeId, key: Key) -> Merged:
    """Take a proposal back, or refuse to confirm it."""
    return await caller.write(lambda unit: merges.cancel(unit, merge_id=merge_id, key=key))
