"""Notices: what a member was told, newest first, and what of it they have read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.edge.forms import Cursor, Limit, MemberId, NoticeId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, assisted
from api.words.notices import sentences
from creditbank import notices
from creditbank.core.units import View
from creditbank.notice_kinds import KINDS
from creditbank.notices import Inbox, Notice, NoticeNotFound
from creditbank.people.errors import MemberNotFound

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/notices", tags=["notices"])

OfMember = Annotated[Caller, assisted(None)]


class NoticeShown(Shown):
    """One notice, in both languages; `link` is where something can be done about it."""

    notice_id: str
    kind: str
    zh: str
    en: str
    link: str | None
    urgent: bool
    told_at: datetime
    due_at: datetime | None = Field(description="When it is too late to tell.")
    read_at: datetime | None


class InboxShown(Shown):
    """Notices, newest first, and how many of all are unread."""

    items: list[NoticeShown]
    unread: int
    next: str | None = Field(description="`after` of the following page; null on the last one.")


class ReadShown(Shown):
    """That a notice was read, and when first."""

    notice_id: str
    read_at: datetime


class AllReadShown(Shown):
    """How many notices were unread till now."""

    member_id: str
    read: int


@router.get("", summary="A member's notices", responses=refusals(MemberNotFound))
async def inbox(
    caller: OfMember, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> InboxShown:
    """List what a member was told."""
    return await caller.read(
        lambda view: _inbox(view, notices.inbox(view, member_id, after=after, limit=limit))
    )


def _inbox(view: View, found: Inbox) -> InboxShown:
    items = [
        NoticeShown(
            zh=said.zh,
            en=said.en,
            urgent=KINDS[one.kind].urgent,
            **{name: getattr(one, name) for name in Notice.__slots__ if name != "figures"},
        )
        for one, said in zip(found.notices, sentences(view, found.notices), strict=True)
    ]
    return InboxShown(items=items, unread=found.unread, next=found.older_than)


@router.post("/read-all", summary="Mark all notices as read", responses=refusals(MemberNotFound))
async def read_all(caller: OfMember, member_id: MemberId, key: Key) -> AllReadShown:
    """Remember that a member has read everything there is."""
    done = await caller.write(lambda unit: notices.read_all(unit, key=key, member_id=member_id))
    return AllReadShown.model_validate(done)


@router.post(
    "/{notice_id}/read",
    summary="Mark a notice as read",
    responses=refusals(MemberNotFound, NoticeNotFound),
)
async def read(caller: OfMember, member_id: MemberId, notice_id: NoticeId, key: Key) -> ReadShown:
    """Remember that a member has read a notice."""
    done = await caller.write(
        lambda unit: notices.read(unit, key=key, member_id=member_id, notice_id=notice_id)
    )
    return ReadShown.model_validate(done)
