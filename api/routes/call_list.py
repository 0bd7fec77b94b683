"""The call list: whom the office tells, because no text reaches them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from api.edge.forms import Cursor, Limit, NoticeId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.words.notices import sentences
from creditbank.core.units import View
from creditbank.identity import call_list, reveals
from creditbank.identity.call_list import Call, Page, Why
from creditbank.identity.errors import (
    CallNotFound,
    MinorsData,
    NumberUnknown,
    RevealOver,
    RevealsUsedUp,
)
from creditbank.identity.roles import Right
from creditbank.people import persons
from creditbank.people.errors import OtherCommunity, PersonNotFound

router = Routes(prefix="/v1/b/{slug}/call-list", tags=["call list"])

Calls = Annotated[Caller, having(Right.CALL)]


async def _looking(notice_id: NoticeId, caller: Calls) -> Caller:
    """Return the caller in the role that may see this member's number even if they are a minor."""
    place = await caller.read(lambda view: call_list.community_of(view, notice_id))
    return caller if place is None else caller.foremost(Right.REVEAL_MINORS, place)


Looks = Annotated[Caller, Depends(_looking)]


class CallShown(Shown):
    """Whom to tell what, and by when; the number has to be asked for."""

    notice_id: str
    member_id: str
    name: str = Field(description="Masked.", examples=["王*"])
    number: str = Field(description="The member's number, no phone.", examples=["M0001"])
    community_id: str
    zh: str
    en: str
    told_at: datetime
    due_at: datetime | None = Field(description="When it is too late to tell.")
    why: Why = Field(description="Why no text reaches them.")
    has_number: bool = Field(description="Whether a phone number is known.")


_PLAIN = [name for name in Call.__slots__ if name not in {"kind", "figures"}]


class CallPage(Shown):
    """Calls, the most pressing first."""

    items: list[CallShown]
    next: str | None = Field(description="`after` of the following page; null on the last one.")


class NumberShown(Shown):
    """The number to call."""

    member_id: str
    phone: str | None


class ToldShown(Shown):
    """That a member was told, and when."""

    notice_id: str
    member_id: str
    told_at: datetime


@router.get("", summary="Whom to call")
async def listing(caller: Calls, after: Cursor = None, limit: Limit = 50) -> CallPage:
    """List the members of the caller's communities whom no text reaches, with what to tell."""
    within = caller.communities
    return await caller.read(
        lambda view: _page(view, call_list.listing(view, within=within, after=after, limit=limit))
    )


def _page(view: View, found: Page) -> CallPage:
    names = persons.masked_names(view, [one.member_id for one in found.calls])
    items = [
        CallShown(
            name=names[one.member_id],
            zh=said.zh,
            en=said.en,
            **{name: getattr(one, name) for name in _PLAIN},
        )
        for one, said in zip(found.calls, sentences(view, found.calls), strict=True)
    ]
    return CallPage(items=items, next=found.after)


@router.post(
    "/{notice_id}/number",
    summary="Show the number to call",
    responses=refusals(
        *(CallNotFound, OtherCommunity, NumberUnknown, PersonNotFound),
        *(MinorsData, RevealsUsedUp, RevealOver),
    ),
)
async def number(caller: Looks, notice_id: NoticeId, key: Key) -> NumberShown:
    """Show a number after noting who looks; it counts as a look at personal data."""
    noted = await caller.write(lambda unit: call_list.number(unit, key=key, notice_id=notice_id))
    plain = await caller.read(lambda view: reveals.shown(view, noted))
    return NumberShown.model_validate({"member_id": noted.member_id, **plain})


@router.post(
    "/{notice_id}/told",
    summary="Tick that a member was told",
    responses=refusals(CallNotFound, OtherCommunity),
)
async def told(caller: Calls, notice_id: NoticeId, key: Key) -> ToldShown:
    """Take a notice off the list, because its member knows now."""
    done = await caller.write(lambda unit: call_list.told(unit, key=key, notice_id=notice_id))
    return ToldShown.model_validate(done)
