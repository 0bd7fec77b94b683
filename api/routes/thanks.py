"""Notes of thanks (电子锦旗): written, read by the office, shown to who is thanked, on the wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from api.edge.forms import ClaimId, Cursor, Form, Limit, MemberId, Reason, Shown, ThanksId
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, joining, of_member
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import consents, households, members, persons, teams
from creditbank.people import errors as people
from creditbank.service import thanking, thanks, thanks_errors
from creditbank.service.thanking import Noted
from creditbank.service.thanks import Page, Thanks, ThanksState
from creditbank.tasks.errors import ClaimNotFound
from creditbank.tasks.tasks import Party

router = Routes(prefix="/v1/b/{slug}", tags=["thanks"])

SeesAll = Annotated[Caller, having(Right.SEE_TASKS)]
Writes = Annotated[Caller, joining(Right.ACT_AS_MEMBER, Right.KEEP_MEMBERS)]
Reads = Annotated[Caller, having(Right.KEEP_MEMBERS, Right.REVIEW)]
SeesOne = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
Own = Annotated[Caller, of_member(None)]

_DECIDED = (
    *(thanks_errors.ThanksNotFound, people.OtherCommunity),
    *(thanks_errors.OwnThanks, StateConflict),
)


class ThanksForm(Form):
    """The words, and whether they are for who served, their family, or their team."""

    text: Reason
    to: Party = Party.PERSON


class RefusalForm(Form):
    """Why a note is not shown; its writer sees it."""

    reason: Reason


class NotedShown(Shown):
    """Where a note stands."""

    thanks_id: str
    state: ThanksState


class WallNoteShown(Shown):
    """A note as everybody may see it: whole names and words only of who agreed to be named."""

    thanks_id: str
    kind: Party
    to_name: str
    text: str | None
    written_at: datetime


class WallShown(Shown):
    """The wall, the latest first; `next` is the `after` of the following page."""

    items: list[WallNoteShown]
    next: str | None


class NoteShown(WallNoteShown):
    """A note as who is thanked, its writer and the office see it, with masked names."""

    claim_id: str
    state: ThanksState
    member_id: str | None
    household_id: str | None
    team_id: str | None
    from_name: str | None
    decided_at: datetime | None
    reason: str | None


class NotesShown(Shown):
    """Notes, the latest first; `next` is the `after` of the following page."""

    items: list[NoteShown]
    next: str | None


class OwnNotesShown(NotesShown):
    """The notes shown to a member, and how many thank this member alone."""

    count: int


def _to(view: View, notes: Sequence[Thanks], names: Mapping[str, str]) -> dict[str, str]:
    """Return how those are called whom these notes thank, by note."""
    called: dict[str, str] = {}
    for one in notes:
        if one.household_id is not None:
            called[one.thanks_id] = households.find(view, one.household_id).number
        elif one.team_id is not None:
            called[one.thanks_id] = teams.find(view, one.team_id).name
        else:
            called[one.thanks_id] = names[str(one.member_id)]
    return called


def _wall(view: View, page: Page) -> WallShown:
    thanked = {one.member_id for one in page.notes if one.member_id is not None}
    called = _to(view, page.notes, consents.public_names(view, thanked))
    items = [
        WallNoteShown(
            thanks_id=one.thanks_id,
            kind=one.kind,
            to_name=called[one.thanks_id],
            text=one.text,
            written_at=one.written_at,
        )
        for one in page.notes
    ]
    return WallShown(items=items, next=page.after)


def _notes(view: View, page: Page) -> NotesShown:
    both = {one.member_id for one in page.notes} | {one.written_by_member for one in page.notes}
    names = persons.masked_names(view, {one for one in both if one is not None})
    called = _to(view, page.notes, names)
    items = [
        NoteShown(
            to_name=called[one.thanks_id],
            from_name=None if one.written_by_member is None else names[one.written_by_member],
            **{
                name: getattr(one, name)
                for name in NoteShown.model_fields
                if name not in {"to_name", "from_name"}
            },
        )
        for one in page.notes
    ]
    return NotesShown(items=items, next=page.after)


@router.post(
    "/claims/{claim_id}/thanks",
    summary="Thank who served",
    status_code=201,
    response_model=NotedShown,
    responses=refusals(
        *(ClaimNotFound, BadField, people.OtherCommunity, thanks_errors.ServedOthers),
        *(thanks_errors.OwnThanks, thanks_errors.ThanksTooEarly, thanks_errors.NotServedSo),
        thanks_errors.ThankedAlready,
    ),
)
async def write(caller: Writes, claim_id: ClaimId, key: Key, form: ThanksForm) -> Noted:
    """Thank for an approved service, as whom it was for, or as the office; it is read first."""
    return await caller.write(
        lambda unit: thanking.write(unit, key=key, claim_id=claim_id, **form.model_dump())
    )


@router.get(
    "/thanks", summary="The wall of thanks", responses=refusals(thanks_errors.ThanksNotFound)
)
async def wall(caller: SeesAll, after: Cursor = None, limit: Limit = 50) -> WallShown:
    """List the notes that are shown, with the names and words of who agreed to be named."""
    return await caller.read(lambda view: _wall(view, thanks.wall(view, after=after, limit=limit)))


@router.get(
    "/thanks/waiting",
    summary="Notes of thanks to read",
    responses=refusals(thanks_errors.ThanksNotFound),
)
async def waiting(caller: Reads, after: Cursor = None, limit: Limit = 50) -> NotesShown:
    """List the notes that nobody in office has read."""
    within = caller.communities
    return await caller.read(
        lambda view: _notes(view, thanks.waiting(view, within=within, after=after, limit=limit))
    )


@router.post(
    "/thanks/{thanks_id}/release",
    summary="Show a note of thanks",
    response_model=NotedShown,
    responses=refusals(*_DECIDED, thanks_errors.ThanksTooEarly),
)
async def release(caller: Reads, thanks_id: ThanksId, key: Key) -> Noted:
    """Show a note, having read it; never by its writer, or by who is close to those thanked."""
    return await caller.write(lambda unit: thanking.release(unit, key=key, thanks_id=thanks_id))


@router.post(
    "/thanks/{thanks_id}/refuse",
    summary="Refuse a note of thanks",
    response_model=NotedShown,
    responses=refusals(*_DECIDED, BadField),
)
async def refuse(caller: Reads, thanks_id: ThanksId, key: Key, form: RefusalForm) -> Noted:
    """Keep a note from being shown, or take it down, with a reason that its writer sees."""
    return await caller.write(
        lambda unit: thanking.refuse(unit, key=key, thanks_id=thanks_id, reason=form.reason)
    )


@router.get(
    "/members/{member_id}/thanks",
    summary="The thanks a member got",
    responses=refusals(people.MemberNotFound, thanks_errors.ThanksNotFound),
)
async def of_one(
    caller: SeesOne, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> OwnNotesShown:
    """List the notes shown to a member: their own, their household's, their teams'."""

    def look(view: View) -> OwnNotesShown:
        members.find(view, member_id)
        page = thanks.of_member(view, member_id, after=after, limit=limit)
        many = thanks.count(view, member_id=member_id)
        return OwnNotesShown(count=many, **_notes(view, page).model_dump())

    return await caller.read(look)


@router.get(
    "/members/{member_id}/thanks-written",
    summary="The thanks a member wrote",
    responses=refusals(people.MemberNotFound, thanks_errors.ThanksNotFound),
)
async def written(
    caller: Own, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> NotesShown:
    """List the notes that a member wrote, and what became of them."""
    return await caller.read(
        lambda view: _notes(view, thanks.written_by(view, member_id, after=after, limit=limit))
    )
