"""Who may pay for a volunteer, whom they pay for, and the printed card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import CardId, DelegationId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Line, Sent, plain
from api.pages.member import acquaintances
from api.pages.page import MemberPage
from creditbank.core.units import View
from creditbank.people import delegates, persons
from creditbank.people.delegates import DelegateState, Delegation
from creditbank.schemes import scheme
from merchants import cards, delegations
from merchants.cards import Card

router = Routes(prefix="/b/{slug}/me/settings", include_in_schema=False)

NumberText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9A-Za-z-]{1,20}$")]


class DelegateForm(Sent):
    """Whom a member sends, by number and whole name, and for how many points a day at most."""

    number: NumberText
    name: Line
    points_day: Count


@dataclass(frozen=True, slots=True)
class Helpers:
    """Delegations in force, with masked names, and how many points a day one may have."""

    mine: list[Delegation]
    others: list[Delegation]
    names: Mapping[str, str]
    points_day_most: int


@router.get("/delegates")
async def listing(page: MemberPage) -> Response:
    """Show who may pay for this member, and for whom this member may pay."""

    def look(view: View) -> Helpers:
        every = delegates.listing(view, page.member_id)
        held = [one for one in every if one.state is DelegateState.ACTIVE]
        who = {one.member_id for one in held} | {one.delegate_member_id for one in held}
        return Helpers(
            [one for one in held if one.member_id == page.member_id],
            [one for one in held if one.member_id != page.member_id],
            persons.masked_names(view, who),
            scheme.current(view).delegate_points_day_most,
        )

    return page.show("member/settings_delegates.html", found=await page.read(look))


@router.post("/delegates")
async def name(page: MemberPage, form: Annotated[DelegateForm, Form()], key: FormKey) -> Response:
    """Let somebody whom this member knows pay for them."""
    chosen = await acquaintances.asked(page, form.number, form.name)
    await page.write(
        lambda unit: delegations.name(
            unit,
            key=key,
            member_id=page.member_id,
            delegate_member_id=chosen,
            points_day=form.points_day,
        )
    )
    return page.go("/me/settings/delegates", "delegate-named")


@router.post("/delegates/{delegation_id}/revoke")
async def revoke(page: MemberPage, delegation_id: DelegationId, key: FormKey) -> Response:
    """End a delegation at once, by either of the two."""
    await page.write(
        lambda unit: delegations.revoke(
            unit, key=key, member_id=page.member_id, delegation_id=delegation_id
        )
    )
    return page.go("/me/settings/delegates", "delegate-ended")


@router.get("/cards")
async def of_cards(page: MemberPage) -> Response:
    """Show the printed card of this member, and those before it."""

    def look(view: View) -> list[Card]:
        return cards.listing(view, page.member_id)

    return page.show("member/settings_cards.html", cards=await page.read(look))


@router.post("/cards/{card_id}/revoke")
async def stop_card(page: MemberPage, card_id: CardId, key: FormKey) -> Response:
    """Stop a card at once, as when it is lost."""
    await page.write(
        lambda unit: cards.revoke(unit, key=key, member_id=page.member_id, card_id=card_id)
    )
    return page.go("/me/settings/cards", "card-stopped")
