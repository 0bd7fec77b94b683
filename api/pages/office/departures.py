"""Departures: what becomes of the points of somebody who moved away or died; by two people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form, Path, Query
from fastapi.responses import Response
from pydantic import BeforeValidator

from api.edge.routes import Routes
from api.pages.forms import FormKey, Said, Sent, blank_is_none
from api.pages.office.members import DocumentText, Named, NumberText, known
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.leaving import departures
from creditbank.leaving.departures import Cause, Departure, Relation
from creditbank.people import kin, members

router = Routes(prefix="/b/{slug}/office/departures", include_in_schema=False)

Settles = Annotated[Page, page_for(Right.SETTLE_DEPARTURES)]
Sees = Annotated[Page, page_for(Right.SETTLE_DEPARTURES, Right.OVERSEE)]
DepartureId = Annotated[str, Path(pattern=r"^dep_[0-9a-hjkmnp-tv-z]{26}$")]
Asked = Annotated[str, Query(max_length=20, pattern=r"^[A-Za-z0-9-]*$")]

CAUSES: dict[Cause, tuple[str, str]] = {
    Cause.MOVED: ("迁出", "moved away"),
    Cause.DIED: ("去世", "died"),
}
RELATIONS: dict[Relation, tuple[str, str]] = {
    Relation.RELATIVE: ("亲属", "relative"),
    Relation.GUARDIAN: ("监护人", "guardian"),
    Relation.DELEGATE: ("代办人", "delegate"),
}


class DepartureForm(Sent):
    """Who left and why; without somebody to receive it, what is left expires."""

    number: NumberText
    cause: Literal["moved", "died"]
    reason: Said
    to_number: Annotated[NumberText | None, BeforeValidator(blank_is_none)] = None
    relation: Annotated[
        Literal["relative", "guardian", "delegate"] | None, BeforeValidator(blank_is_none)
    ] = None
    document: Annotated[DocumentText | None, BeforeValidator(blank_is_none)] = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A departure that waits for a second worker."""

    one: Departure
    who: Named
    to: Named | None
    may_approve: bool


@router.get("")
async def listing(page: Sees, number: Asked = "") -> Response:
    """Show what waits for a second worker, and the form."""

    def look(view: View) -> list[Waiting]:
        mine = kin.of_actor(view, page.whole.actor)
        found = departures.waiting(view, within=page.caller.communities)
        return [_waiting(view, page, one, mine) for one in found]

    return page.show(
        "office/departures.html",
        waiting=await page.read(look),
        number=number,
        causes=CAUSES,
        relations=RELATIONS,
    )


def _waiting(view: View, page: Page, one: Departure, mine: frozenset[str]) -> Waiting:
    several = [members.find(view, one.member_id)]
    if one.to_member_id is not None:
        several.append(members.find(view, one.to_member_id))
    who, *to = known(view, page, tuple(several))
    own = {one.proposed_by, one.proposed_by_member, one.member_id, one.to_member_id}
    return Waiting(one, who, to[0] if to else None, not mine & own)


@router.post("")
async def propose(page: Settles, key: FormKey, form: Annotated[DepartureForm, Form()]) -> Response:
    """Propose what becomes of the points; nothing moves yet."""

    def look(view: View) -> tuple[str, str | None]:
        to = None if form.to_number is None else members.by_number(view, form.to_number).member_id
        return members.by_number(view, form.number).member_id, to

    member_id, to_member_id = await page.read(look)
    await page.write(
        lambda unit: departures.propose(
            unit,
            member_id=member_id,
            cause=Cause(form.cause),
            reason=form.reason,
            to_member_id=to_member_id,
            relation=None if form.relation is None else Relation(form.relation),
            document=form.document,
            key=key,
        )
    )
    return page.go("/office/departures", "departure-waits")


@router.post("/{departure_id}/approve")
async def approve(page: Settles, departure_id: DepartureId, key: FormKey) -> Response:
    """Approve as a second worker: the points move or expire, and the membership closes."""
    await page.write(lambda unit: departures.approve(unit, departure_id=departure_id, key=key))
    return page.go("/office/departures", "departure-settled")


@router.post("/{departure_id}/cancel")
async def cancel(page: Settles, departure_id: DepartureId, key: FormKey) -> Response:
    """Take a proposal back, or refuse to approve it."""
    await page.write(lambda unit: departures.cancel(unit, departure_id=departure_id, key=key))
    return page.go("/office/departures", "departure-cancelled")
