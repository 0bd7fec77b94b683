"""Personal data: seen whole by its owner, by staff for a reason; corrected, and exported."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends
from fastapi.responses import HTMLResponse
from pydantic import Field, StringConstraints

from api.edge.forms import Cursor, Day, DocumentNumber, Form, Limit, MemberId, Name, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.privacy import exports, papers
from creditbank.core.errors import BadField
from creditbank.core.units import View
from creditbank.identity import reveals
from creditbank.identity.errors import MinorsData, RevealOver, RevealsUsedUp
from creditbank.identity.roles import Right
from creditbank.people import corrections, members, persons
from creditbank.people.errors import (
    MemberNotFound,
    OtherCommunity,
    OwnCorrection,
    PersonNotFound,
)

router = Routes(prefix="/v1/b/{slug}/members/{member_id}", tags=["personal data"])

Own = Annotated[Caller, of_member(None)]
Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
FieldName = Literal["name", "phone", "document", "born_on", "address"]
Line = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)
]

assert FieldName.__args__ == reveals.FIELDS, "the form knows every field"  # type: ignore[attr-defined]


async def _revealing(
    member_id: MemberId, caller: Annotated[Caller, having(Right.REVEAL)]
) -> Caller:
    """Return the caller in the role that may see this member's data even if they are a minor."""
    member = await caller.read(lambda view: members.find(view, member_id))
    return caller.foremost(Right.REVEAL_MINORS, member.community_id)


Reveals = Annotated[Caller, Depends(_revealing)]


class RevealForm(Form):
    """What to show whole, and why; the reason is kept, and the member can read it."""

    fields: Annotated[list[FieldName], Field(min_length=1, max_length=5)]
    reason: Reason


class RevealShown(Shown):
    """The plain values of the fields that were asked for; the others are left out."""

    member_id: str
    name: str | None = None
    phone: str | None = None
    document: str | None = None
    born_on: date | None = None
    address: str | None = None


class PersonalDataShown(Shown):
    """All that is known of a member, for that member's eyes."""

    name: str
    phone: str | None
    document: str | None
    born_on: date | None
    address: str | None
    notes: str | None


class PartShown(Shown):
    """What one table holds of a member."""

    table: str
    zh: str
    en: str
    rows: list[dict[str, Any]]


class ExportShown(Shown):
    """Everything that is known of a member at one instant."""

    bank: str
    member_id: str
    made_at: datetime
    parts: list[PartShown]


class OwnChanges(Form):
    """What a member changes of their own data; what is left out stays, null takes it out."""

    address: Line | None = None
    notes: Line | None = None


class Correction(Form):
    """What the office corrects; what is left out stays, null takes it out."""

    name: Name | None = None
    document: DocumentNumber | None = None
    born_on: Day | None = None
    address: Line | None = None
    notes: Line | None = None
    reason: Reason


class ChangedShown(Shown):
    """Whose data was changed; what it is now has to be asked for."""

    member_id: str


class LookShown(Shown):
    """One look of staff at a member's data."""

    revealed_at: datetime
    role: str
    by: str = Field(description="Who looked, masked.", examples=["李*"])
    fields: list[str]
    reason: str | None


class LookPage(Shown):
    """Looks, newest first."""

    items: list[LookShown]
    next: str | None


@router.get(
    "/personal-data",
    summary="What is known of a member",
    responses=refusals(MemberNotFound, PersonNotFound),
)
async def show(caller: Own, member_id: MemberId) -> PersonalDataShown:
    """Show a member all that is known of them."""
    found = await caller.read(lambda view: persons.find(view, member_id))
    return PersonalDataShown.model_validate(found)


@router.patch(
    "/personal-data",
    summary="Change one's own address or notes",
    responses=refusals(MemberNotFound, PersonNotFound, BadField),
)
async def keep(caller: Own, member_id: MemberId, key: Key, form: OwnChanges) -> ChangedShown:
    """Let a member change what they keep themselves."""
    values = form.model_dump(exclude_unset=True)
    await caller.write(
        lambda unit: corrections.keep_own(unit, key=key, member_id=member_id, values=values)
    )
    return ChangedShown(member_id=member_id)


@router.post(
    "/personal-data/corrections",
    summary="Correct a member's data",
    responses=refusals(MemberNotFound, OtherCommunity, PersonNotFound, OwnCorrection, BadField),
)
async def correct(caller: Keeps, member_id: MemberId, key: Key, form: Correction) -> ChangedShown:
    """Correct a name, a document or a birth date at the office, which has seen the paper."""
    values = form.model_dump(exclude_unset=True, exclude={"reason"})
    await caller.write(
        lambda unit: corrections.correct(
            unit, key=key, member_id=member_id, values=values, reason=form.reason
        )
    )
    return ChangedShown(member_id=member_id)


@router.get(
    "/export",
    summary="Everything that is known of a member",
    responses=refusals(MemberNotFound),
)
async def export(caller: Own, member_id: MemberId) -> ExportShown:
    """Give a member a copy of everything, by table, in plain words."""
    made = await caller.read(lambda view: exports.of_member(view, member_id), patient=True)
    return ExportShown.model_validate(made)


@router.get(
    "/export.html",
    summary="Everything that is known of a member, to read or print",
    response_class=HTMLResponse,
    responses=refusals(MemberNotFound),
)
async def export_page(caller: Own, member_id: MemberId) -> HTMLResponse:
    """Give a member the same as one page without script."""
    made = await caller.read(lambda view: exports.of_member(view, member_id), patient=True)
    headers = {"Content-Security-Policy": papers.POLICY}
    return HTMLResponse(papers.page(made), headers=headers)


@router.post(
    "/reveal",
    summary="Show a member's data to staff",
    response_model_exclude_unset=True,
    responses=refusals(
        *(MemberNotFound, OtherCommunity, PersonNotFound, MinorsData, RevealsUsedUp, RevealOver),
        BadField,
    ),
)
async def reveal(caller: Reveals, member_id: MemberId, key: Key, form: RevealForm) -> RevealShown:
    """Show fields whole after noting who looks, at what and why. At most so many people a day."""
    said = form.model_dump()
    noted = await caller.write(
        lambda unit: reveals.reveal(unit, key=key, member_id=member_id, **said)
    )
    plain = await caller.read(lambda view: reveals.shown(view, noted))
    return RevealShown.model_validate({"member_id": member_id, **plain})


@router.get(
    "/reveals",
    summary="Who looked at a member's data",
    responses=refusals(MemberNotFound),
)
async def looks(
    caller: Own, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> LookPage:
    """Show a member who of staff looked at their data, when, at what and why."""
    return await caller.read(lambda view: _looks(view, member_id, after, limit))


def _looks(view: View, member_id: str, after: str | None, limit: int) -> LookPage:
    """Show who looked, by masked names."""
    found, following = reveals.of_member(view, member_id, older_than=after, limit=limit)
    names = persons.masked_names(view, [one.actor_id for one in found])
    items = [
        LookShown(
            revealed_at=one.revealed_at,
            role=one.role,
            by=names[one.actor_id],
            fields=list(one.fields),
            reason=one.reason,
        )
        for one in found
    ]
    return LookPage(items=items, next=following)
