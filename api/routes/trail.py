"""The audit trail: who did what to people, roles, tasks, schemes and offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from api.edge.forms import Cursor, Limit, MemberId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, having, of_member
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import masks, members, persons, trail
from creditbank.people.errors import MemberNotFound

router = Routes(prefix="/v1/b/{slug}", tags=["trail"])

SeesTrail = Annotated[Caller, having(Right.SEE_TRAIL)]
Own = Annotated[Caller, of_member(Right.SEE_TRAIL)]
ObjectAsked = Annotated[
    str | None,
    Query(pattern=r"^[\x21-\x7e]{1,64}$", description="Only what was done to this thing."),
]
SubjectAsked = Annotated[
    str | None,
    Query(
        pattern=r"^(mem|stf|csh)_[0-9a-hjkmnp-tv-z]{26}$",
        description="Only what concerns this person.",
    ),
]


class DeedShown(Shown):
    """Something that was done; `change` holds `before` and `after`, null once erased.

    What is known of a person is masked there, but for the person.
    """

    deed_id: str
    done_at: datetime
    actor_id: str
    role: str
    via: str | None = Field(description="The token or sitting.")
    what: str
    object_id: str
    subject_id: str | None
    change: dict[str, Any] | None


class TrailPage(Shown):
    """Deeds, newest first."""

    items: list[DeedShown]
    next: str | None = Field(description="`after` of the following page; null on the last one.")


def _shown(page: trail.Page, *, whole: bool = False) -> TrailPage:
    deeds = page.deeds if whole else [_masked(one) for one in page.deeds]
    return TrailPage.model_validate({"items": deeds, "next": page.older_than})


def _masked(deed: trail.Deed) -> trail.Deed:
    """Mask what a deed changed of a person: to see it whole takes a reason (`reveals`)."""
    if deed.change is None:
        return deed
    return replace(deed, change={when: _hidden(said) for when, said in deed.change.items()})


def _hidden(said: dict[str, Any] | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        what: masks.value(what, value) if what in persons.FIELDS and value is not None else value
        for what, value in said.items()
    }


@router.get("/trail", summary="Who did what")
async def listing(
    caller: SeesTrail,
    object_id: ObjectAsked = None,
    subject_id: SubjectAsked = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> TrailPage:
    """List what was done, newest first; a role that holds in communities sees their members'."""
    near = caller.communities

    def look(view: View) -> trail.Page:
        about = None if near is None else members.is_within(view, trail.deeds.c.subject_id, near)
        asked = {"object_id": object_id, "subject_id": subject_id, "older_than": after}
        return trail.listing(view, about=about, limit=limit, **asked)

    return _shown(await caller.read(look))


@router.get(
    "/members/{member_id}/trail",
    summary="What was done to a member",
    responses=refusals(MemberNotFound),
)
async def of_one(
    caller: Own, member_id: MemberId, after: Cursor = None, limit: Limit = 50
) -> TrailPage:
    """List what concerns a member, newest first: the member's own to see."""

    def look(view: View) -> trail.Page:
        members.find(view, member_id)
        return trail.listing(view, subject_id=member_id, older_than=after, limit=limit)

    own = caller.principal.member_id == member_id
    return _shown(await caller.read(look), whole=own)
