"""Applications: who wants to join, admitted with one tap or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import Cursor, MemberId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Said, Sent
from api.pages.office import names
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity import joining
from creditbank.identity.joining import Application
from creditbank.identity.roles import Right
from creditbank.people import communities, members

router = Routes(prefix="/b/{slug}/office/admissions", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.ADMIT, Right.OVERSEE)]
Admits = Annotated[Page, page_for(Right.ADMIT)]


class RefusalForm(Sent):
    """Why not."""

    reason: Said


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits, by a masked name; ``alike`` are members with the same phone."""

    one: Application
    name: str
    community: str
    alike: tuple[tuple[str, str, str], ...]


@router.get("")
async def listing(page: Sees, after: Cursor = None) -> Response:
    """Show who waits for admission."""

    def look(view: View) -> tuple[list[Waiting], str | None]:
        within = page.caller.communities
        found, following = joining.waiting(view, within=within, after=after, limit=50)
        return _named(view, page, found), following

    waiting, following = await page.read(look)
    return page.show("office/admissions.html", waiting=waiting, following=following)


def _named(view: View, page: Page, found: list[Application]) -> list[Waiting]:
    others = {each for one in found for each in one.alike}
    called = names.near(view, page, others | {one.member_id for one in found})
    numbers = {one: members.find(view, one).number for one in others}
    places = {one.community_id: one.name for one in communities.every(view)}
    return [
        Waiting(
            one,
            called[one.member_id],
            places[one.community_id],
            tuple((each, called[each], numbers[each]) for each in one.alike),
        )
        for one in found
    ]


@router.post("/{member_id}/admit")
async def admit(page: Admits, member_id: MemberId, key: FormKey) -> Response:
    """Admit who has applied."""
    await page.write(lambda unit: joining.admit(unit, key=key, member_id=member_id))
    return page.go("/office/admissions", "admitted")


@router.post("/{member_id}/refuse")
async def refuse(
    page: Admits, member_id: MemberId, key: FormKey, form: Annotated[RefusalForm, Form()]
) -> Response:
    """Refuse who has applied, with a reason that is kept sealed."""
    await page.write(
        lambda unit: joining.refuse(unit, key=key, member_id=member_id, reason=form.reason)
    )
    return page.go("/office/admissions", "application-refused")
