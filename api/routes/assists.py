"""Assists: the office acts for a member who is present or telephones; all of it visible to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from api.edge.forms import AssistId, Form, Limit, MemberId, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.papers import slips
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity import assists
from creditbank.identity.assist_errors import AssistNotFound, AssistOver
from creditbank.identity.assists import Assist, Channel, Identity
from creditbank.identity.roles import Right
from creditbank.identity.sign_in_errors import OwnService
from creditbank.people import members
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity

router = Routes(prefix="/v1/b/{slug}", tags=["assists"])

Assists = Annotated[Caller, having(Right.ASSIST)]
OfMember = Annotated[Caller, of_member(Right.ASSIST)]
SeesSlips = Annotated[Caller, having(Right.ACT_AS_MEMBER, Right.ASSIST)]


class AssistForm(Form):
    """How it was seen who is there, whether they are present, and why the office acts."""

    identity: Literal["known_personally", "document_seen", "card_shown"]
    channel: Literal["present", "telephone"]
    reason: Reason


class AssistOpened(Shown):
    """An assist of a quarter of an hour: requests for the member carry its id in `X-Assist`."""

    assist_id: str
    member_id: str
    ends_at: datetime


class AssistEnded(Shown):
    """An assist that was closed."""

    assist_id: str


class AssistShown(Shown):
    """An assist, as the member may see it."""

    assist_id: str
    staff_id: str
    identity: Identity
    channel: Channel
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reason: str | None = Field(description="Null once the member was forgotten.")


class LineShown(Shown):
    """One thing that was done."""

    at: datetime
    zh: str
    en: str
    about: str | None


class SlipShown(Shown):
    """What was done in an assist; the phone is masked."""

    assist_id: str
    bank: str
    number: str
    name: str
    phone: str | None
    staff_id: str
    identity: Identity
    channel: Channel
    begun_at: datetime
    lines: list[LineShown]


@router.post(
    "/members/{member_id}/assists",
    summary="Open an assist",
    status_code=201,
    response_model=AssistOpened,
    responses=refusals(MemberNotFound, OtherCommunity, OwnService, MemberSuspended, BadField),
)
async def begin(caller: Assists, member_id: MemberId, key: Key, form: AssistForm) -> assists.Opened:
    """Open an assist for a member, of whom it was seen who they are."""
    return await caller.write(
        lambda unit: assists.begin(
            unit,
            key=key,
            member_id=member_id,
            identity=Identity(form.identity),
            channel=Channel(form.channel),
            reason=form.reason,
        )
    )


@router.get(
    "/members/{member_id}/assists",
    summary="When the office acted for a member",
    response_model=list[AssistShown],
    responses=refusals(MemberNotFound),
)
async def listing(caller: OfMember, member_id: MemberId, limit: Limit = 50) -> list[Assist]:
    """List the latest assists of a member, the last one first."""

    def look(view: View) -> list[Assist]:
        members.find(view, member_id)
        return assists.of_member(view, member_id, limit=limit)

    return await caller.read(look)


@router.post(
    "/assists/{assist_id}/end",
    summary="Close an assist",
    responses=refusals(AssistNotFound, AssistOver),
)
async def end(caller: Assists, assist_id: AssistId, key: Key) -> AssistEnded:
    """Close an assist of one's own before its time."""
    ended = await caller.write(lambda unit: assists.end(unit, key=key, assist_id=assist_id))
    return AssistEnded(assist_id=ended)


@router.get(
    "/assists/{assist_id}/slip",
    summary="A slip",
    response_model=SlipShown,
    responses=refusals(AssistNotFound, OtherCommunity),
)
async def slip(caller: SeesSlips, assist_id: AssistId) -> slips.Slip:
    """Show what was done in an assist, to its member and to the office."""
    return await caller.read(lambda view: _slip(view, caller, assist_id))


@router.get(
    "/assists/{assist_id}/slip.html",
    summary="A slip to print",
    response_class=Response,
    responses=refusals(AssistNotFound, OtherCommunity)
    | {200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def printable(caller: SeesSlips, assist_id: AssistId) -> Response:
    """Show the slip as a page in large type."""
    found = await caller.read(lambda view: _slip(view, caller, assist_id))
    return Response(slips.page(found), media_type="text/html", headers=slips.HEADERS)


def _slip(view: View, caller: Caller, assist_id: str) -> slips.Slip:
    """Return a slip to whom it belongs, or to the office of the member's community.

    The name is whole for the member and for who was there with them, masked for others.

    Raises:
        AssistNotFound: this bank has none of this id, or it is another member's.
        OtherCommunity: the caller's role does not hold where the member lives.
    """
    one = assists.find(view, assist_id)
    if caller.may(Right.ACT_AS_MEMBER):
        if one.member_id != caller.member_id:
            raise AssistNotFound(assist_id)
    else:
        members.require_near(view, caller.actor, one.member_id)
    there = {one.member_id, one.staff_id}
    return slips.of(view, one, whole=bool(there & {caller.actor.id, caller.principal.member_id}))
