"""A member's personal data at the office: shown whole for a reason, and corrected with one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Form
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from api.edge.forms import MemberId
from api.edge.routes import Routes
from api.pages.forms import (
    FormKey,
    MaybeDay,
    MaybeLine,
    MaybeSaid,
    Said,
    Sent,
    blank_is_none,
)
from api.pages.office.members import DocumentText, named
from api.pages.page import Page, opened, page_for
from creditbank.identity import reveals
from creditbank.identity.roles import Right
from creditbank.people import corrections, members

router = Routes(prefix="/b/{slug}/office/members/{member_id}/data", include_in_schema=False)

Keeps = Annotated[Page, page_for(Right.KEEP_MEMBERS)]


async def _revealing(member_id: MemberId, page: Annotated[Page, page_for(Right.REVEAL)]) -> Page:
    """Return the page in the role that may see this member's data even if they are a minor."""
    member = await page.read(lambda view: members.find(view, member_id))
    caller = page.caller.foremost(Right.REVEAL_MINORS, member.community_id)
    return await opened(page.request, caller, page.whole)


Reveals = Annotated[Page, Depends(_revealing)]

FIELDS: dict[str, tuple[str, str]] = {
    "name": ("姓名", "name"),
    "phone": ("手机号", "phone"),
    "document": ("证件号", "document"),
    "born_on": ("出生日期", "date of birth"),
    "address": ("住址", "address"),
}


class RevealForm(Sent):
    """What to show whole, and why."""

    fields: Annotated[
        list[Literal["name", "phone", "document", "born_on", "address"]],
        Field(min_length=1, max_length=len(FIELDS)),
    ]
    reason: Said


class CorrectionForm(Sent):
    """What is corrected; what stays empty stays as it is, `without` takes things out."""

    name: MaybeLine = None
    document: Annotated[DocumentText | None, BeforeValidator(blank_is_none)] = None
    born_on: MaybeDay = None
    address: MaybeLine = None
    notes: MaybeSaid = None
    without: Annotated[
        list[Literal["document", "born_on", "address", "notes"]],
        Field(max_length=4, default_factory=list),
    ]
    reason: Said

    def values(self) -> dict[str, Any]:
        """Return what changes."""
        said = {
            name: value
            for name, value in self.said().items()
            if name not in {"without", "reason"} and value is not None
        }
        return said | dict.fromkeys(self.without)


@router.post("")
async def reveal(
    page: Reveals, member_id: MemberId, key: FormKey, form: Annotated[RevealForm, Form()]
) -> Response:
    """Show fields whole after noting who looks, at what and why."""
    noted = await page.write(
        lambda unit: reveals.reveal(
            unit, key=key, member_id=member_id, fields=form.fields, reason=form.reason
        )
    )
    one, plain = await page.read(
        lambda view: (
            named(view, (members.find(view, member_id),))[0],
            reveals.shown(view, noted),
        )
    )
    return page.show("office/member_data.html", one=one, plain=plain, labels=FIELDS)


@router.get("/correct")
async def correcting(page: Keeps, member_id: MemberId) -> Response:
    """Show the form of a correction; what is known is not shown there."""

    def look(view: Any) -> Any:
        members.require_near(view, page.caller.actor, member_id)
        return named(view, (members.find(view, member_id),))[0]

    return page.show("office/member_correction.html", one=await page.read(look))


@router.post("/correct")
async def correct(
    page: Keeps, member_id: MemberId, key: FormKey, form: Annotated[CorrectionForm, Form()]
) -> Response:
    """Correct what the office has seen on paper."""
    await page.write(
        lambda unit: corrections.correct(
            unit, key=key, member_id=member_id, values=form.values(), reason=form.reason
        )
    )
    return page.go(f"/office/members/{member_id}", "corrected")
