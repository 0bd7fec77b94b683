"""Pairs (结对帮扶): the office pairs, volunteers visit, and everybody sees who is short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field, StrictInt, StringConstraints

from api.edge.forms import (
    Cursor,
    Form,
    HouseholdRef,
    Instant,
    Limit,
    MemberId,
    MemberRef,
    PairId,
    Reason,
    Shown,
    printable,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.routes.claims import TOGETHER
from api.routes.tasks import CategoryCode, RewardForm, RewardShown
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities, members, persons
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity
from creditbank.people.group_errors import HouseholdNotFound
from creditbank.schemes.rewards import Reward
from creditbank.tasks import pairs, partings, visits
from creditbank.tasks.errors import CategoryNotFound
from creditbank.tasks.pair_errors import AlreadyPaired, OwnElder, PairNotFound
from creditbank.tasks.pairs import Cause, Pair, PairState

router = Routes(prefix="/v1/b/{slug}", tags=["pairs"])

Keeps = Annotated[Caller, having(Right.KEEP_TASKS)]
SeesPairs = Annotated[Caller, having(Right.SEE_MEMBERS)]
SeesOwn = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.SEE_MEMBERS)]
Visits = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_TASKS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
Told = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]
MonthAsked = Annotated[
    str | None,
    Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="A month, as 2026-03."),
]


class PairForm(Form):
    """Whom to pair with an elder: a volunteer or a household; and what a visit gives."""

    elder_id: MemberRef
    volunteer_id: MemberRef | None = None
    household_id: HouseholdRef | None = None
    category: CategoryCode
    rewards: Annotated[list[RewardForm], Field(min_length=1, max_length=20)]
    told: Annotated[Told | None, Field(description="What the visitors may know.")] = None


class PairMade(Shown):
    """The id of a new pair."""

    pair_id: str


class PairEndForm(Form):
    """Why a pair ends."""

    cause: Annotated[Cause, Field(examples=["moved"])]
    reason: Reason


class PairEnded(Shown):
    """That a pair has ended, and how many planned visits with it."""

    pair_id: str
    state: PairState
    visits_cancelled: int


class PairShown(Shown):
    """A pair, without what is for its visitors only."""

    pair_id: str
    elder_id: str
    elder_name: str
    volunteer_id: str | None
    household_id: str | None
    community_id: str
    category: str
    rewards: list[RewardShown]
    state: PairState
    paired_at: datetime
    ended_at: datetime | None
    cause: Cause | None


class PairWhole(PairShown):
    """A pair with what its visitors may know, and for the office why it was ended."""

    told: str | None
    reason: str | None


class PairPage(Shown):
    """Pairs, the first made first."""

    items: list[PairShown]
    next: str | None


class MonthShown(Shown):
    """How a pair stands in a month; `days_left` counts today, `planned` is not done yet."""

    pair_id: str
    elder_id: str
    volunteer_id: str | None
    household_id: str | None
    wanted: int
    done: int
    planned: int
    missing: int
    days_left: int


class ShortPage(Shown):
    """Pairs that have not done their visits; a page may be empty and still have a next one."""

    items: list[MonthShown]
    next: str | None


class VisitForm(Form):
    """Who visits, when and for how long; a member who names nobody comes alone, now."""

    visitor_ids: Annotated[tuple[MemberRef, ...], Field(max_length=20)] = ()
    starts_at: Instant | None = None
    lasts_minutes: Annotated[StrictInt, Field(ge=1, le=visits.MINUTES_MOST)] = 60


class VisitPlanned(Shown):
    """A visit, and the claims of those who come."""

    task_id: str
    claim_ids: list[str]


def _shown(view: View, several: Sequence[Pair]) -> list[PairShown]:
    """Return pairs with the masked names of their elders."""
    named = persons.masked_names(view, [one.elder_id for one in several])
    return [_one(one, named[one.elder_id]) for one in several]


def _one(found: Pair, elder_name: str) -> PairShown:
    return PairShown(
        pair_id=found.pair_id,
        elder_id=found.elder_id,
        elder_name=elder_name,
        volunteer_id=found.volunteer_id,
        household_id=found.household_id,
        community_id=found.community_id,
        category=found.category,
        rewards=[RewardShown.model_validate(one) for one in found.rewards],
        state=found.state,
        paired_at=found.paired_at,
        ended_at=found.ended_at,
        cause=found.cause,
    )


@router.post(
    "/pairs",
    summary="Pair an elder",
    status_code=201,
    responses=refusals(
        *(MemberNotFound, HouseholdNotFound, OtherCommunity, MemberSuspended, CategoryNotFound),
        *(AssetNotFound, OwnElder, AlreadyPaired, BadField),
    ),
)
async def pair(caller: Keeps, key: Key, form: PairForm) -> PairMade:
    """Pair an elder with a volunteer or a household; nobody with who lives with them."""
    said = form.model_dump(exclude={"rewards"})
    rewards = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    made = await caller.write(lambda unit: pairs.pair(unit, key=key, rewards=rewards, **said))
    return PairMade(pair_id=made)


@router.get("/pairs", summary="The pairs")
async def listing(
    caller: SeesPairs,
    *,
    state: Annotated[PairState | None, Query(description="Left out, all.")] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> PairPage:
    """List the pairs of the communities in which the caller is in office."""

    def look(view: View) -> PairPage:
        page = pairs.listing(view, within=caller.communities, state=state, after=after, limit=limit)
        return PairPage(items=_shown(view, page.pairs), next=page.after)

    return await caller.read(look)


@router.get("/pairs/short", summary="Who is short of visits", response_model=ShortPage)
async def short(
    caller: SeesPairs, month: MonthAsked = None, after: Cursor = None, limit: Limit = 50
) -> ShortPage:
    """List the running pairs that have not done this month's visits yet."""
    within = caller.communities
    return await caller.read(lambda view: _short(view, month, within, after, limit))


def _short(
    view: View, month: str | None, within: tuple[str, ...] | None, after: str | None, limit: int
) -> ShortPage:
    day = view.today if month is None else date.fromisoformat(f"{month}-01")
    found = visits.short(view, day=day, within=within, after=after, limit=limit)
    items = [
        MonthShown(
            pair_id=one.pair.pair_id,
            elder_id=one.pair.elder_id,
            volunteer_id=one.pair.volunteer_id,
            household_id=one.pair.household_id,
            wanted=one.wanted,
            done=one.done,
            planned=one.planned,
            missing=one.missing,
            days_left=one.days_left,
        )
        for one in found.months
    ]
    return ShortPage(items=items, next=found.after)


@router.get("/pairs/{pair_id}", summary="A pair", responses=refusals(PairNotFound, OtherCommunity))
async def show(caller: SeesOwn, pair_id: PairId) -> PairWhole:
    """Show a pair to both sides and the office; to its visitors and the organiser what is told."""
    return await caller.read(lambda view: _whole(view, caller, pair_id))


def _whole(view: View, caller: Caller, pair_id: str) -> PairWhole:
    """Return a pair as far as this caller may see it.

    Raises:
        PairNotFound: this bank has none of this id, or it is not the member's.
        OtherCommunity: the caller's role does not hold where it is.
    """
    found = pairs.find(view, pair_id)
    held, own = caller.may_within(Right.KEEP_TASKS), caller.may(Right.ACT_AS_MEMBER)
    keeps = held is None or found.community_id in held
    if not own:
        communities.require_within(caller.actor, found.community_id)
    elif found not in pairs.of_member(view, caller.member_id):
        raise PairNotFound(pair_id)
    [shown] = _shown(view, [found])
    return PairWhole(
        **shown.model_dump(),
        told=pairs.told(view, found) if keeps or own else None,
        reason=pairs.reason(view, found) if keeps else None,
    )


@router.get(
    "/members/{member_id}/pairs",
    summary="A member's pairs",
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def of_one(caller: OfMember, member_id: MemberId) -> list[PairShown]:
    """List the pairs in which a member is the elder, or visits now, with ended ones."""

    def look(view: View) -> list[PairShown]:
        members.find(view, member_id)
        return _shown(view, pairs.of_member(view, member_id))

    return await caller.read(look)


@router.post(
    "/pairs/{pair_id}/visits",
    summary="Plan a visit",
    status_code=201,
    response_model=VisitPlanned,
    responses=refusals(PairNotFound, CategoryNotFound, AssetNotFound, *TOGETHER),
)
async def plan(caller: Visits, pair_id: PairId, key: Key, form: VisitForm) -> visits.Planned:
    """Publish a visit and claim it in one call; visitors sign in and out themselves."""
    said = form.model_dump()
    return await caller.write(lambda unit: visits.plan(unit, key=key, pair_id=pair_id, **said))


@router.post(
    "/pairs/{pair_id}/end",
    summary="End a pair",
    response_model=PairEnded,
    responses=refusals(PairNotFound, OtherCommunity, StateConflict, BadField),
)
async def end(caller: Keeps, pair_id: PairId, key: Key, form: PairEndForm) -> partings.Ended:
    """End a pair with a reason; both sides are told, and the elder can be paired again."""
    said = form.model_dump()
    return await caller.write(lambda unit: partings.end(unit, key=key, pair_id=pair_id, **said))
