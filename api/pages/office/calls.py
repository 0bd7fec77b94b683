"""The call list: whom no text reaches, what to tell them, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response

from api.edge.forms import Cursor, NoticeId
from api.edge.routes import Routes
from api.pages.forms import FormKey
from api.pages.page import Page, opened, page_for
from api.words.notices import sentences
from creditbank.core.units import View
from creditbank.identity import call_list, reveals
from creditbank.identity.call_list import Call
from creditbank.identity.roles import Right
from creditbank.people import persons

router = Routes(prefix="/b/{slug}/office/calls", include_in_schema=False)

Calls = Annotated[Page, page_for(Right.CALL)]


async def _looking(notice_id: NoticeId, page: Calls) -> Page:
    """Hand the page in the role that may see this member's number even if they are a minor."""
    place = await page.read(lambda view: call_list.community_of(view, notice_id))
    if place is None:
        return page
    return await opened(page.request, page.caller.foremost(Right.REVEAL_MINORS, place), page.whole)


Looks = Annotated[Page, Depends(_looking)]


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell what."""

    call: Call
    name: str
    zh: str
    en: str


@router.get("")
async def listing(page: Calls, after: Cursor = None) -> Response:
    """Show whom to call, the most pressing first."""
    within = page.caller.communities

    def look(view: View) -> tuple[list[Told], str | None]:
        found = call_list.listing(view, within=within, after=after, limit=50)
        names = persons.masked_names(view, [one.member_id for one in found.calls])
        said = sentences(view, found.calls)
        told = [
            Told(one, names[one.member_id], words.zh, words.en)
            for one, words in zip(found.calls, said, strict=True)
        ]
        return told, found.after

    calls, following = await page.read(look)
    return page.show("office/calls.html", calls=calls, following=following)


@router.post("/{notice_id}/number")
async def number(page: Looks, notice_id: NoticeId, key: FormKey) -> Response:
    """Show a number after noting who looks."""
    noted = await page.write(lambda unit: call_list.number(unit, key=key, notice_id=notice_id))

    def look(view: View) -> tuple[str, dict[str, object]]:
        name = persons.masked_names(view, [noted.member_id])[noted.member_id]
        return name, dict(reveals.shown(view, noted))

    name, plain = await page.read(look)
    return page.show(
        "office/call_number.html", name=name, phone=plain.get("phone"), notice_id=notice_id
    )


@router.post("/{notice_id}/told")
async def told(page: Calls, notice_id: NoticeId, key: FormKey) -> Response:
    """Take a notice off the list, because its member knows now."""
    await page.write(lambda unit: call_list.told(unit, key=key, notice_id=notice_id))
    return page.go("/office/calls", "told")
