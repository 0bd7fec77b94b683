"""The three lists (三张清单): needs, resources and projects, and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, Field, StrictBool, StrictInt, StringConstraints

from api.edge.forms import (
    CommunityAsked,
    CommunityRef,
    Cursor,
    EntryId,
    Form,
    Instant,
    Limit,
    MemberId,
    MemberRef,
    OrganisationRef,
    Reason,
    Shown,
    Title,
    printable,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.routes.tasks import AudienceForm, CategoryCode, RewardForm, TermsForm
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.lists import entries, triage
from creditbank.lists.entries import DETAILS, DETAILS_MOST, REASON, Entry, EntryKind, EntryState
from creditbank.lists.entry_errors import (
    EntryNotFound,
    OrganisationNotFound,
    OrganisationRetired,
)
from creditbank.people import communities, members
from creditbank.people.errors import (
    CommunityNotFound,
    MemberNotFound,
    MemberSuspended,
    NotYours,
    OtherCommunity,
)
from creditbank.schemes.rewards import Reward
from creditbank.tasks import publishing
from creditbank.tasks.errors import CategoryNotFound
from creditbank.tasks.tasks import Audience, Terms

router = Routes(prefix="/v1/b/{slug}", tags=["lists"])

Raises = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.KEEP_TASKS)]
Keeps = Annotated[Caller, having(Right.KEEP_TASKS)]
SeesLists = Annotated[Caller, having(Right.SEE_MEMBERS)]
SeesOwn = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.SEE_MEMBERS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
Details = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=DETAILS_MOST),
    AfterValidator(printable),
]


class EntryForm(Form):
    """What to put on a list; the office says for whom, or in whose name, and where."""

    kind: EntryKind
    title: Title
    details: Details | None = None
    community_id: CommunityRef | None = None
    member_id: MemberRef | None = None
    organisation_id: OrganisationRef | None = None


class EntryMade(Shown):
    """The id of a new entry."""

    entry_id: str


class EntryShown(Shown):
    """An entry of the lists, without what only those see whom it concerns."""

    entry_id: str
    kind: EntryKind
    title: str
    community_id: str
    raiser_member_id: str | None
    organisation_id: str | None
    on_duty_id: str | None
    raised_at: datetime
    state: EntryState
    due_at: datetime
    overdue: bool
    task_id: str | None
    decided_at: datetime | None


class EntryWhole(EntryShown):
    """An entry with its details, and why it was closed."""

    details: str | None
    reason: str | None


class EntryPage(Shown):
    """Entries: late ones first, then by their day, then what has ended."""

    items: list[EntryShown]
    next: str | None


class EntryTaskForm(Form):
    """The task that an entry becomes, in its community; without a title it has the entry's."""

    title: Title | None = None
    category: CategoryCode
    place: Title
    starts_at: Instant
    ends_at: Instant
    capacity: Annotated[StrictInt, Field(ge=1, le=publishing.CAPACITY_MOST)]
    rewards: Annotated[list[RewardForm], Field(min_length=1, max_length=20)]
    draft: StrictBool = False
    audience: AudienceForm | None = None
    terms: TermsForm | None = None


class EntryCloseForm(Form):
    """Why an entry is closed; whoever raised it reads it."""

    reason: Reason


class EntryDecided(Shown):
    """The new state of an entry, and the task if it became one."""

    entry_id: str
    state: EntryState
    task_id: str | None


def _shown(view: View, one: Entry) -> EntryShown:
    late = not one.ended and one.due_at < view.now
    return EntryShown.model_validate(
        {name: getattr(one, name) for name in EntryShown.model_fields if name != "overdue"}
        | {"overdue": late}
    )


@router.post(
    "/lists",
    summary="Put something on a list",
    status_code=201,
    responses=refusals(
        *(CommunityNotFound, MemberNotFound, OrganisationNotFound, NotYours, OtherCommunity),
        *(MemberSuspended, OrganisationRetired, BadField),
    ),
)
async def enter(caller: Raises, key: Key, form: EntryForm) -> EntryMade:
    """Raise a need, a resource or a project; partner organisations do it through the office."""
    said = form.model_dump(exclude={"member_id"})
    who = caller.on_behalf_of(form.member_id)
    made = await caller.write(
        lambda unit: entries.enter(unit, key=key, raiser_member_id=who, **said)
    )
    return EntryMade(entry_id=made)


@router.get("/lists", summary="The lists", responses=refusals(OtherCommunity, EntryNotFound))
async def listing(
    caller: SeesLists,
    *,
    kind: Annotated[EntryKind | None, Query(description="Left out, all three.")] = None,
    state: Annotated[EntryState | None, Query(description="Left out, all.")] = None,
    community_id: CommunityAsked = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> EntryPage:
    """List the entries of the communities in which the caller is in office, late ones first."""
    within = caller.communities
    if community_id is not None:
        communities.require_within(caller.actor, community_id)
        within = (community_id,)
    return await caller.read(
        lambda view: _page(
            view,
            entries.listing(view, kind=kind, state=state, within=within, after=after, limit=limit),
        )
    )


def _page(view: View, page: entries.Page) -> EntryPage:
    return EntryPage(items=[_shown(view, one) for one in page.entries], next=page.after)


@router.get(
    "/members/{member_id}/lists",
    summary="What a member has raised",
    responses=refusals(MemberNotFound, OtherCommunity, EntryNotFound),
)
async def of_one(
    caller: OfMember, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> EntryPage:
    """List what a member has raised for the lists."""

    def look(view: View) -> EntryPage:
        members.find(view, member_id)
        page = entries.listing(view, raiser_member_id=member_id, after=after, limit=limit)
        return _page(view, page)

    return await caller.read(look)


@router.get(
    "/lists/{entry_id}", summary="An entry", responses=refusals(EntryNotFound, OtherCommunity)
)
async def show(caller: SeesOwn, entry_id: EntryId) -> EntryWhole:
    """Show an entry to whoever raised it and to the office; details to the organiser only."""
    return await caller.read(lambda view: _whole(view, caller, entry_id))


def _whole(view: View, caller: Caller, entry_id: str) -> EntryWhole:
    """Return an entry as far as this caller may see it.

    Raises:
        EntryNotFound: this bank has none of this id, or somebody else raised it.
        OtherCommunity: the caller's role does not hold where it is.
    """
    found, own = entries.find(view, entry_id), caller.may(Right.ACT_AS_MEMBER)
    if not own:
        communities.require_within(caller.actor, found.community_id)
    elif found.raiser_member_id != caller.member_id:
        raise EntryNotFound(entry_id)
    keeps = caller.may_within(Right.KEEP_TASKS)
    reads = own or keeps is None or found.community_id in keeps
    return EntryWhole(
        **_shown(view, found).model_dump(),
        details=entries.plain(view, found, DETAILS) if reads else None,
        reason=entries.plain(view, found, REASON) if reads else None,
    )


@router.post(
    "/lists/{entry_id}/accept",
    summary="Accept an entry",
    response_model=EntryDecided,
    responses=refusals(EntryNotFound, OtherCommunity, StateConflict),
)
async def accept(caller: Keeps, entry_id: EntryId, key: Key) -> triage.Decided:
    """Take an entry on."""
    return await caller.write(lambda unit: triage.accept(unit, key=key, entry_id=entry_id))


@router.post(
    "/lists/{entry_id}/task",
    summary="Publish a task for an entry",
    status_code=201,
    response_model=EntryDecided,
    responses=refusals(
        *(EntryNotFound, OtherCommunity, StateConflict, CategoryNotFound, AssetNotFound),
        BadField,
    ),
)
async def publish(
    caller: Keeps, entry_id: EntryId, key: Key, form: EntryTaskForm
) -> triage.Decided:
    """Make an entry a task of its community."""
    said = form.model_dump(exclude={"rewards", "audience", "terms"})
    said["rewards"] = [Reward(one.asset, one.units, one.per) for one in form.rewards]
    said["audience"] = form.audience and Audience(**form.audience.model_dump())
    said["terms"] = form.terms and Terms(**form.terms.model_dump())
    return await caller.write(lambda unit: triage.publish(unit, key=key, entry_id=entry_id, **said))


@router.post(
    "/lists/{entry_id}/close",
    summary="Close an entry",
    response_model=EntryDecided,
    responses=refusals(EntryNotFound, OtherCommunity, StateConflict, BadField),
)
async def close(caller: Keeps, entry_id: EntryId, key: Key, form: EntryCloseForm) -> triage.Decided:
    """Close an entry without a task, with a reason that whoever raised it can read."""
    return await caller.write(
        lambda unit: triage.close(unit, key=key, entry_id=entry_id, reason=form.reason)
    )
