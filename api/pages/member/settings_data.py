"""What is known of a volunteer: to read, to change, to take along, to see who looked, to erase."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator
from pydantic_core import to_jsonable_python

from api.edge.forms import Cursor, ErasureId
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeLine, Sent
from api.pages.member import acquaintances
from api.pages.member.settings_helpers import NumberText
from api.pages.page import MemberPage
from api.privacy import exports, papers
from creditbank.core.units import View
from creditbank.identity import reveals
from creditbank.identity.reveals import Revealed
from creditbank.leaving import erasures
from creditbank.leaving.erasures import Goes
from creditbank.people import corrections, persons

router = Routes(prefix="/b/{slug}/me/settings", include_in_schema=False)

MaybeNumber = Annotated[
    NumberText | None,
    BeforeValidator(lambda text: None if isinstance(text, str) and not text.strip() else text),
]


class OwnForm(Sent):
    """What a member keeps up to date; empty takes it out."""

    address: MaybeLine = None
    notes: MaybeLine = None


class ErasureForm(Sent):
    """Where the points go; with `give` to somebody known by number and name."""

    goes: Goes
    number: MaybeNumber = None
    name: MaybeLine = None


@dataclass(frozen=True, slots=True)
class Looks:
    """Who looked at a member's data, newest first, by masked names."""

    items: tuple[Revealed, ...]
    names: Mapping[str, str]
    older: str | None


@router.get("/data")
async def shown(page: MemberPage) -> Response:
    """Show a volunteer what is known of them."""
    found = await page.read(lambda view: persons.find(view, page.member_id))
    return page.show("member/settings_data.html", person=found)


@router.post("/data")
async def keep(page: MemberPage, form: Annotated[OwnForm, Form()], key: FormKey) -> Response:
    """Change one's own address and notes."""
    await page.write(
        lambda unit: corrections.keep_own(
            unit, key=key, member_id=page.member_id, values=form.said()
        )
    )
    return page.go("/me/settings/data", "saved")


@router.get("/data/export")
async def read_export(page: MemberPage) -> Response:
    """Give everything that is known of a volunteer as one page to read or print."""
    made = await page.read(lambda view: exports.of_member(view, page.member_id), patient=True)
    headers = {"Content-Security-Policy": papers.POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(papers.page(made), headers=headers)


@router.get("/data/export.json")
async def take_export(page: MemberPage) -> Response:
    """Give the same to a program."""
    made = await page.read(lambda view: exports.of_member(view, page.member_id), patient=True)
    text = json.dumps(to_jsonable_python(asdict(made)), ensure_ascii=False, indent=1)
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.json"',
        "Cache-Control": "no-store",
    }
    return Response(text, media_type="application/json", headers=headers)


@router.get("/data/looks")
async def looks(page: MemberPage, after: Cursor = None) -> Response:
    """Show who in office looked at this member's data, when, at what and why."""

    def look(view: View) -> Looks:
        found, older = reveals.of_member(view, page.member_id, older_than=after)
        names = persons.masked_names(view, [one.actor_id for one in found])
        return Looks(found, names, older)

    return page.show("member/settings_looks.html", looks=await page.read(look))


@router.get("/erasure")
async def erasure(page: MemberPage) -> Response:
    """Show what leaving means, and a wish that waits."""
    found = await page.read(lambda view: erasures.of_member(view, page.member_id))
    return page.show("member/settings_erasure.html", wishes=found, days=erasures.DAYS)


@router.post("/erasure")
async def ask(page: MemberPage, form: Annotated[ErasureForm, Form()], key: FormKey) -> Response:
    """Note the wish to be forgotten; for seven days it can be taken back."""
    given = form.goes is Goes.GIVE and form.number is not None
    to = await acquaintances.asked(page, form.number or "", form.name or "") if given else None
    await page.write(
        lambda unit: erasures.ask(
            unit, key=key, member_id=page.member_id, goes=form.goes, to_member_id=to
        )
    )
    return page.go("/me/settings/erasure", "erasure-asked")


@router.post("/erasure/{erasure_id}/cancel")
async def cancel(page: MemberPage, erasure_id: ErasureId, key: FormKey) -> Response:
    """Take the wish back while it waits."""
    await page.write(lambda unit: erasures.cancel(unit, key=key, erasure_id=erasure_id))
    return page.go("/me/settings/erasure", "erasure-cancelled")
