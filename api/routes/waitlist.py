"""The waitlist: who waits for a place in a task, and the answer to a place on offer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import ClaimId, Shown, TaskId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.filling import fill_after
from api.routes.claims import Claimed, ClaimShown, Joins, SeesClaims
from creditbank.core.states import StateConflict
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.service import reviews
from creditbank.tasks import claims, waitlist
from creditbank.tasks.claim_errors import NotLeading, OfferOver
from creditbank.tasks.errors import ClaimNotFound, TaskNotFound
from creditbank.tasks.states import ClaimState

router = Routes(prefix="/v1/b/{slug}", tags=["tasks"])

SeesPlace = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.SEE_MEMBERS)]


class PlaceShown(Shown):
    """Where somebody stands in the queue; with an offer, until when to answer."""

    claim_id: str
    state: ClaimState
    position: int | None
    ahead: int
    behind: bool
    offered_until: datetime | None


@router.get(
    "/tasks/{task_id}/waitlist",
    summary="Who waits",
    response_model=list[ClaimShown],
    responses=refusals(TaskNotFound),
)
async def queue(caller: SeesClaims, task_id: TaskId) -> list[claims.Claim]:
    """List who has a place on offer, then who waits, in the order in which places are filled.

    Staff of other communities than the task's see their own members.
    """
    within = caller.communities
    return await caller.read(
        lambda view: reviews.with_reasons(view, waitlist.listing(view, task_id, within=within))
    )


@router.get(
    "/claims/{claim_id}/place",
    summary="A place in the queue",
    response_model=PlaceShown,
    responses=refusals(ClaimNotFound, NotYours, OtherCommunity),
)
async def place(caller: SeesPlace, claim_id: ClaimId) -> waitlist.Place:
    """Tell how many are ahead of a claim that waits."""
    actor = caller.actor
    return await caller.read(lambda view: waitlist.place(view, claim_id, actor=actor))


@router.post(
    "/claims/{claim_id}/accept",
    summary="Take a place on offer",
    response_model=Claimed,
    responses=refusals(
        *(ClaimNotFound, NotYours, NotLeading, OtherCommunity, MemberSuspended),
        *(StateConflict, OfferOver),
    ),
)
async def accept(caller: Joins, claim_id: ClaimId, key: Key) -> claims.Claimed:
    """Take the place, or for a family or team the places, on offer."""
    return await caller.write(lambda unit: waitlist.accept(unit, key=key, claim_id=claim_id))


@router.post(
    "/claims/{claim_id}/decline",
    summary="Leave a place on offer to the next",
    response_model=Claimed,
    responses=refusals(ClaimNotFound, NotYours, NotLeading, OtherCommunity, StateConflict),
)
async def decline(caller: Joins, claim_id: ClaimId, key: Key) -> claims.Claimed:
    """Leave the place, or for a family or team the places, to whoever comes next."""
    gone = await caller.write(lambda unit: waitlist.decline(unit, key=key, claim_id=claim_id))
    fill_after(caller, claim_id)
    return gone
