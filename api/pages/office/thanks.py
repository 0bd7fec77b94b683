"""Notes of thanks to read before they are shown: let through, or given back with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import Cursor, ThanksId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Line, Sent
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import households, persons, teams
from creditbank.service import thanking, thanks
from creditbank.service.thanks import Thanks

router = Routes(prefix="/b/{slug}/office/thanks", include_in_schema=False)

Reads = Annotated[Page, page_for(Right.KEEP_MEMBERS, Right.REVIEW)]

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Note:
    """A note with how both sides are called (masked)."""

    thanks: Thanks
    to_name: str
    from_name: str | None


def _notes(view: View, found: thanks.Page) -> list[Note]:
    people = {one.member_id for one in found.notes} | {one.written_by_member for one in found.notes}
    names = persons.masked_names(view, {one for one in people if one is not None})
    return [
        Note(one, _called(view, one, names), names.get(one.written_by_member or ""))
        for one in found.notes
    ]


def _called(view: View, one: Thanks, names: dict[str, str]) -> str:
    """Return how those are called whom a note thanks."""
    if one.household_id is not None:
        return households.find(view, one.household_id).number
    if one.team_id is not None:
        return teams.find(view, one.team_id).name
    return names.get(one.member_id or "", "")


@router.get("")
async def waiting(page: Reads, after: Cursor = None) -> Response:
    """Show the notes that nobody in office has read."""
    within = page.caller.communities

    def look(view: View) -> tuple[list[Note], str | None]:
        found = thanks.waiting(view, within=within, after=after or None, limit=AT_ONCE)
        return _notes(view, found), found.after

    notes, following = await page.read(look)
    return page.show("office/thanks.html", notes=notes, following=following)


@router.post("/{thanks_id}/release")
async def release(page: Reads, thanks_id: ThanksId, key: FormKey) -> Response:
    """Show a note, having read it."""
    await page.write(lambda unit: thanking.release(unit, key=key, thanks_id=thanks_id))
    return page.go("/office/thanks", "thanks-shown")


class RefuseForm(Sent):
    """Why a note is not shown; its writer sees it."""

    reason: Line


@router.post("/{thanks_id}/refuse")
async def refuse(
    page: Reads, thanks_id: ThanksId, key: FormKey, form: Annotated[RefuseForm, Form()]
) -> Response:
    """Give a note back with a reason."""
    await page.write(
        lambda unit: thanking.refuse(unit, key=key, thanks_id=thanks_id, reason=form.reason)
    )
    return page.go("/office/thanks", "thanks-refused")
