"""The inbox: what a volunteer was told, newest first, each with the page that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import Response

from api.edge.forms import Cursor, NoticeId
from api.edge.routes import Routes
from api.pages.forms import FormKey
from api.pages.member.notice_links import page_of
from api.pages.page import MemberPage
from api.words.notices import Sentence, sentences
from creditbank import notices
from creditbank.core.units import View
from creditbank.notice_kinds import KINDS
from creditbank.notices import Notice

router = Routes(prefix="/b/{slug}/me/inbox", include_in_schema=False)

SHOWN_AT_ONCE = 30


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words, whether it cannot wait, and where it leads."""

    notice: Notice
    said: Sentence
    urgent: bool
    page: str | None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Notices, how many of all are unread, and where older ones begin."""

    items: list[Told]
    unread: int
    older: str | None


def told(view: View, several: list[Notice]) -> list[Told]:
    """Return notices in words, in their order."""
    return [
        Told(one, said, KINDS[one.kind].urgent, page_of(one))
        for one, said in zip(several, sentences(view, several), strict=True)
    ]


@router.get("")
async def inbox(page: MemberPage, after: Cursor = None) -> Response:
    """Show what a volunteer was told."""

    def look(view: View) -> InboxPage:
        found = notices.inbox(view, page.member_id, after=after, limit=SHOWN_AT_ONCE)
        return InboxPage(told(view, list(found.notices)), found.unread, found.older_than)

    return page.show("member/inbox.html", inbox=await page.read(look), after=after)


@router.post("/read-all")
async def read_all(page: MemberPage, key: FormKey) -> Response:
    """Mark everything as read."""
    await page.write(lambda unit: notices.read_all(unit, key=key, member_id=page.member_id))
    return page.go("/me/inbox", "read")


@router.post("/{notice_id}/read")
async def read(page: MemberPage, notice_id: NoticeId, key: FormKey) -> Response:
    """Mark a notice as read and go to the page that it is about."""
    await page.write(
        lambda unit: notices.read(unit, key=key, member_id=page.member_id, notice_id=notice_id)
    )
    found = await page.read(lambda view: notices.find(view, page.member_id, notice_id))
    return page.go(page_of(found) or "/me/inbox")
