"""Households: founded, joined and ended at the office; seen and left by who lives in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from api.edge.forms import (
    Cursor,
    DayAsked,
    Form,
    HouseholdId,
    HouseholdRef,
    Limit,
    MemberId,
    MemberRef,
    Shown,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities, households, persons, stays
from creditbank.people import errors as people
from creditbank.people import group_errors as groups
from creditbank.people.households import Household
from creditbank.people.stays import Standing, Stay

router = Routes(prefix="/v1/b/{slug}", tags=["households"])

Sees = Annotated[Caller, having(Right.SEE_MEMBERS)]
Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
SeesOne = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
KeepsOne = Annotated[Caller, of_member(Right.KEEP_MEMBERS)]


class HouseholdForm(Form):
    """A new household, in the community where its head lives."""

    head_id: MemberRef


class StayForm(Form):
    """Who comes into a household, as an adult or a child."""

    member_id: MemberRef
    standing: Standing


class LeaveForm(Form):
    """Which household is left."""

    household_id: HouseholdRef


class StayShown(Shown):
    """Somebody's time in a household, with a masked name; `left_at` is null while it lasts."""

    stay_id: str
    member_id: str
    name: str
    standing: Standing
    joined_at: datetime
    left_at: datetime | None


class HouseholdShown(Shown):
    """A household and who is in it, the head first."""

    household_id: str
    number: str
    community_id: str
    ended_at: datetime | None
    people: list[StayShown]


class HouseholdsShown(Shown):
    """Households by number; `next` is the `after` of the following page."""

    items: list[HouseholdShown]
    next: str | None


class StaysShown(Shown):
    """Everybody's times in a household, the earliest first."""

    items: list[StayShown]


def _stays(view: View, found: Sequence[Stay]) -> list[StayShown]:
    names = persons.masked_names(view, {one.member_id for one in found})
    return [
        StayShown(
            stay_id=one.stay_id,
            member_id=one.member_id,
            name=names[one.member_id],
            standing=one.standing,
            joined_at=one.joined_at,
            left_at=one.left_at,
        )
        for one in found
    ]


def _shown(view: View, one: Household) -> HouseholdShown:
    return HouseholdShown(
        household_id=one.household_id,
        number=one.number,
        community_id=one.community_id,
        ended_at=one.ended_at,
        people=_stays(view, one.stays),
    )


def _within(view: View, caller: Caller, household_id: str) -> Household:
    """Return a household of the communities where the caller's role holds."""
    found = households.find(view, household_id)
    communities.require_within(caller.actor, found.community_id)
    return found


@router.get("/households", summary="Households")
async def listing(caller: Sees, after: Cursor = None, limit: Limit = 50) -> HouseholdsShown:
    """List the households that have not ended, with masked names."""

    def look(view: View) -> HouseholdsShown:
        page = households.listing(view, within=caller.communities, after=after, limit=limit)
        return HouseholdsShown(
            items=[_shown(view, one) for one in page.households], next=page.after
        )

    return await caller.read(look)


@router.post(
    "/households",
    summary="Found a household",
    status_code=201,
    responses=refusals(
        *(people.MemberNotFound, people.OtherCommunity, people.MemberSuspended),
        *(groups.InHousehold, groups.StandingUnfit),
    ),
)
async def found(caller: Keeps, key: Key, form: HouseholdForm) -> HouseholdShown:
    """Found a household with its head, who is no minor and in no other one."""
    made = await caller.write(lambda unit: households.found(unit, key=key, head_id=form.head_id))
    return await caller.read(lambda view: _shown(view, households.find(view, made)))


@router.get(
    "/households/{household_id}",
    summary="A household",
    responses=refusals(groups.HouseholdNotFound, people.OtherCommunity),
)
async def one(caller: Sees, household_id: HouseholdId) -> HouseholdShown:
    """Show a household and who is in it now, with masked names."""
    return await caller.read(lambda view: _shown(view, _within(view, caller, household_id)))


@router.get(
    "/households/{household_id}/history",
    summary="Who was in a household",
    responses=refusals(groups.HouseholdNotFound, people.OtherCommunity),
)
async def history(caller: Sees, household_id: HouseholdId, day: DayAsked = None) -> StaysShown:
    """Show everybody who ever was in a household, or who was in it on a day."""

    def look(view: View) -> StaysShown:
        _within(view, caller, household_id)
        if day is not None:
            return StaysShown(items=_stays(view, stays.on_day(view, household_id, day)))
        return StaysShown(items=_stays(view, stays.history(view, household_id)))

    return await caller.read(look)


@router.post(
    "/households/{household_id}/members",
    summary="Take somebody into a household",
    status_code=201,
    responses=refusals(
        *(groups.HouseholdNotFound, people.MemberNotFound, people.OtherCommunity),
        *(people.MemberSuspended, groups.HouseholdEnded, groups.InHousehold),
        groups.StandingUnfit,
    ),
)
async def join(
    caller: Keeps, household_id: HouseholdId, key: Key, form: StayForm
) -> HouseholdShown:
    """Take a member in, having seen the household's book; nobody is in two."""
    await caller.write(
        lambda unit: households.join(unit, key=key, household_id=household_id, **form.model_dump())
    )
    return await caller.read(lambda view: _shown(view, households.find(view, household_id)))


@router.get(
    "/members/{member_id}/household",
    summary="A member's household",
    responses=refusals(people.MemberNotFound, groups.HouseholdNotFound),
)
async def of_one(caller: SeesOne, member_id: MemberId) -> HouseholdShown:
    """Show the household in which a member is now: to oneself, or at the office."""

    def look(view: View) -> HouseholdShown:
        home = stays.current_of(view, [member_id]).get(member_id, "")
        return _shown(view, households.find(view, home))

    return await caller.read(look)


@router.post(
    "/members/{member_id}/household/leave",
    summary="Leave a household",
    responses=refusals(
        *(people.MemberNotFound, people.OtherCommunity, groups.HouseholdNotFound),
        *(groups.NotInHousehold, groups.ChildLeaves, groups.ChildrenAlone),
    ),
)
async def leave(caller: KeepsOne, member_id: MemberId, key: Key, form: LeaveForm) -> StayShown:
    """End a member's stay: by oneself, or at the office; no child goes or stays alone."""
    await caller.write(
        lambda unit: households.leave(
            unit, key=key, member_id=member_id, household_id=form.household_id
        )
    )
    every = await caller.read(lambda view: _stays(view, stays.of_member(view, member_id)))
    return every[-1]


@router.post(
    "/households/{household_id}/end",
    summary="End a household",
    responses=refusals(groups.HouseholdNotFound, people.OtherCommunity, groups.HouseholdEnded),
)
async def end(caller: Keeps, household_id: HouseholdId, key: Key) -> HouseholdShown:
    """End a household, and with it every stay in it; what was stays on record."""
    await caller.write(lambda unit: households.end(unit, key=key, household_id=household_id))
    return await caller.read(lambda view: _shown(view, households.find(view, household_id)))
