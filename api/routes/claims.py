"""Claims: who takes part in tasks, alone, as a family or as a team."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool

from api.edge.forms import (
    ClaimId,
    Cursor,
    Form,
    HouseholdRef,
    Limit,
    MemberId,
    MemberRef,
    PartyId,
    Reason,
    Shown,
    TaskId,
    TeamRef,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, joining, of_member
from api.filling import fill_after, fill_soon
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import members
from creditbank.people.errors import MemberNotFound, MemberSuspended, NotYours, OtherCommunity
from creditbank.people.group_errors import HouseholdNotFound, TeamNotFound
from creditbank.service import reviews
from creditbank.tasks import claiming, claims, no_shows, parties, withdrawals
from creditbank.tasks.claim_errors import (
    AgeUnfit,
    AgeUnknown,
    ChildAlone,
    ChildStays,
    ClaimsClosed,
    GuardianConsentMissing,
    NothingMissed,
    NotLeading,
    NotNeighbour,
    NotOfFamily,
    NotOfTeam,
    NotOpenTo,
    OthersWait,
    Overlaps,
    OwnAbsence,
    Resting,
    SkillsMissing,
    TooFewPlaces,
    WaitlistFull,
)
from creditbank.tasks.errors import AlreadyClaimed, ClaimNotFound, PartyNotFound, TaskNotFound
from creditbank.tasks.pair_errors import NotOfPair, OwnElder
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Party

router = Routes(prefix="/v1/b/{slug}", tags=["tasks"])

Joins = Annotated[Caller, joining(Right.ACT_AS_MEMBER, Right.KEEP_TASKS)]
Keeps = Annotated[Caller, having(Right.KEEP_TASKS)]
SeesClaims = Annotated[Caller, having(Right.SEE_MEMBERS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]

# What may keep people from a place, alone or together.
TOGETHER = (
    *(TaskNotFound, MemberNotFound, OtherCommunity, MemberSuspended, AlreadyClaimed),
    *(StateConflict, ClaimsClosed, NotOpenTo, AgeUnfit, AgeUnknown, SkillsMissing, NotNeighbour),
    *(ChildAlone, GuardianConsentMissing, Overlaps, OthersWait, TooFewPlaces, WaitlistFull),
    *(Resting, NotOfPair, OwnElder, BadField),
)


OrWait = Annotated[
    StrictBool, Field(description="Wait for a place if there is none, or others wait already.")
]
People = Annotated[list[MemberRef], Field(min_length=1, max_length=claiming.PEOPLE_MOST)]


class ClaimForm(Form):
    """Who takes part; a member leaves it out, staff name the member."""

    member_id: MemberRef | None = None
    or_wait: OrWait = False


class FamilyClaimForm(Form):
    """Which people of a household take part, and who leads them there."""

    household_id: HouseholdRef
    member_ids: People
    leader_id: MemberRef | None = None
    or_wait: OrWait = False


class TeamClaimForm(Form):
    """Which people of a team take part, and who leads them there."""

    team_id: TeamRef
    member_ids: People
    leader_id: MemberRef | None = None
    or_wait: OrWait = False


class ExcuseForm(Form):
    """Why an absence does not count; kept with the claim."""

    reason: Reason


class Claimed(Shown):
    """A place in a task, or a position in its queue."""

    claim_id: str
    state: ClaimState
    position: int | None


class ClaimedTogether(Shown):
    """The places of a family or team, or their position in the queue."""

    party_id: str
    state: ClaimState
    claim_ids: list[str]
    position: int | None


class PartyShown(Shown):
    """The claim of a family or team."""

    party_id: str
    task_id: str
    kind: Party
    household_id: str | None
    team_id: str | None
    leader_id: str


class ClaimShown(Shown):
    """A claim, and what came of it."""

    claim_id: str
    task_id: str
    member_id: str
    state: ClaimState
    claimed_at: datetime
    signed_in_at: datetime | None
    signed_out_at: datetime | None
    measured_minutes: int | None
    approved_minutes: int | None
    decided_at: datetime | None
    transfer_id: str | None
    reason: str | None
    party_id: str | None
    position: int | None
    behind: bool
    offered_until: datetime | None
    lapsed_for: str | None
    missed_at: datetime | None
    excused_at: datetime | None


class ClaimPage(Shown):
    """A page of claims."""

    items: list[ClaimShown]
    next: str | None


@router.get(
    "/tasks/{task_id}/claims",
    summary="Who takes part",
    response_model=list[ClaimShown],
    responses=refusals(TaskNotFound),
)
async def claims_of_task(caller: SeesClaims, task_id: TaskId) -> list[claims.Claim]:
    """List the claims of a task in the order they were made.

    Staff of other communities than the task's see the claims of their own members.
    """
    within = caller.communities
    return await caller.read(
        lambda view: reviews.with_reasons(view, claims.of_task(view, task_id, within=within))
    )


@router.post(
    "/tasks/{task_id}/claims",
    summary="Claim a task",
    status_code=201,
    response_model=Claimed,
    responses=refusals(
        *TOGETHER,
    ),
)
async def claim(caller: Joins, task_id: TaskId, key: Key, form: ClaimForm) -> claims.Claimed:
    """Take a place in a task."""
    who = caller.on_behalf_of(form.member_id)
    made = await caller.write(
        lambda unit: claiming.claim(
            unit, key=key, task_id=task_id, member_id=who, or_wait=form.or_wait
        )
    )
    _go_on(caller, task_id, made.state)
    return made


def _go_on(caller: Caller, task_id: str, state: ClaimState) -> None:
    """See whether somebody who waits fits into the places that are free."""
    if state is ClaimState.WAITING:
        fill_soon(caller, task_id)


@router.post(
    "/tasks/{task_id}/family-claims",
    summary="Claim a task as a family",
    status_code=201,
    response_model=ClaimedTogether,
    responses=refusals(HouseholdNotFound, NotYours, NotOfFamily, *TOGETHER),
)
async def claim_as_family(
    caller: Joins, task_id: TaskId, key: Key, form: FamilyClaimForm
) -> claiming.ClaimedTogether:
    """Take places for people of one household, each of whom keeps minutes of their own."""
    said = form.model_dump()
    made = await caller.write(
        lambda unit: claiming.claim_as_family(unit, key=key, task_id=task_id, **said)
    )
    _go_on(caller, task_id, made.state)
    return made


@router.post(
    "/tasks/{task_id}/team-claims",
    summary="Claim a task as a team",
    status_code=201,
    response_model=ClaimedTogether,
    responses=refusals(TeamNotFound, NotYours, NotOfTeam, *TOGETHER),
)
async def claim_as_team(
    caller: Joins, task_id: TaskId, key: Key, form: TeamClaimForm
) -> claiming.ClaimedTogether:
    """Take places for people of one team, each of whom keeps minutes of their own."""
    said = form.model_dump()
    made = await caller.write(
        lambda unit: claiming.claim_as_team(unit, key=key, task_id=task_id, **said)
    )
    _go_on(caller, task_id, made.state)
    return made


@router.get(
    "/members/{member_id}/claims",
    summary="What a member takes part in",
    responses=refusals(MemberNotFound, OtherCommunity, ClaimNotFound),
)
async def claims_of_member(
    caller: OfMember, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> ClaimPage:
    """List the claims of a member, the latest first."""

    def look(view: View) -> tuple[list[claims.Claim], str | None]:
        members.find(view, member_id)
        page = claims.of_member(view, member_id, after=after, limit=limit)
        return reviews.with_reasons(view, page.claims), page.after

    items, following = await caller.read(look)
    return ClaimPage.model_validate({"items": items, "next": following})


@router.post(
    "/claims/{claim_id}/withdraw",
    summary="Give a place back",
    response_model=Claimed,
    responses=refusals(ClaimNotFound, NotYours, OtherCommunity, StateConflict, ChildStays),
)
async def withdraw(caller: Joins, claim_id: ClaimId, key: Key) -> claims.Claimed:
    """Give a place, or a place in the queue, back before the task is over."""
    gone = await caller.write(lambda unit: withdrawals.withdraw(unit, key=key, claim_id=claim_id))
    fill_after(caller, claim_id)
    return gone


@router.post(
    "/parties/{party_id}/withdraw",
    summary="Give the places of a family or team back",
    response_model=PartyShown,
    responses=refusals(PartyNotFound, NotLeading, OtherCommunity, StateConflict, ChildStays),
)
async def withdraw_party(caller: Joins, party_id: PartyId, key: Key) -> parties.ClaimedAs:
    """Give the places of all who came together back, by who leads them."""
    gone = await caller.write(
        lambda unit: withdrawals.withdraw_party(unit, key=key, party_id=party_id)
    )
    fill_soon(caller, gone.task_id)
    return gone


@router.post(
    "/claims/{claim_id}/excuse",
    summary="Excuse an absence",
    response_model=Claimed,
    responses=refusals(ClaimNotFound, OtherCommunity, OwnAbsence, NothingMissed, BadField),
)
async def excuse(caller: Keeps, claim_id: ClaimId, key: Key, form: ExcuseForm) -> claims.Claimed:
    """Let an absence, or a withdrawal after the cut-off, not count."""
    return await caller.write(
        lambda unit: no_shows.excuse(unit, key=key, claim_id=claim_id, reason=form.reason)
    )
