"""Printed cards and PINs of members who are present: made, printed once, stopped."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from markupsafe import Markup

from api import pin_checks
from api.edge.forms import CardId, MemberId, PinDigits
from api.edge.routes import Routes
from api.pages.forms import FormKey, Said, Sent
from api.pages.office.members import named
from api.pages.page import Page, page_for
from creditbank.core.units import Declined, Unit
from creditbank.identity import pins
from creditbank.identity.roles import Right
from creditbank.people import members
from merchants import cards, code_pictures
from merchants.cards import Card

router = Routes(prefix="/b/{slug}/office/members/{member_id}", include_in_schema=False)

KeepsCards = Annotated[Page, page_for(Right.KEEP_CARDS)]
Assists = Annotated[Page, page_for(Right.ASSIST)]


class ServiceForm(Sent):
    """Why the office does this, and how it was seen who is there."""

    reason: Said
    identity: Said


class PinForm(ServiceForm):
    """The PIN that a member who is present types."""

    pin: PinDigits


@router.post("/cards")
async def make(page: KeepsCards, member_id: MemberId, key: FormKey) -> Response:
    """Make a card for a member who is present, and show it this once, to be printed."""
    digits = cards.new_digits()

    def work(unit: Unit) -> tuple[Card, bool] | Declined:
        made = cards.make(unit, key=key, member_id=member_id)
        return made if isinstance(made, Declined) else (made, cards.arm(unit, made.card_id, digits))

    _, armed = await page.write(work)
    if not armed:  # the form was sent again: its digits were shown once
        return page.go(f"/office/members/{member_id}", "card-shown")
    one = await page.read(lambda view: named(view, (members.find(view, member_id),))[0])
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    drawn = Markup(picture)  # noqa: S704 - drawn by ourselves
    return page.show("office/card.html", one=one, digits=digits, picture=drawn)


@router.post("/cards/{card_id}/revoke")
async def revoke(page: KeepsCards, member_id: MemberId, card_id: CardId, key: FormKey) -> Response:
    """Stop a card at once."""
    await page.write(lambda unit: cards.revoke(unit, key=key, member_id=member_id, card_id=card_id))
    return page.go(f"/office/members/{member_id}", "card-ended")


@router.post("/pin")
async def set_pin(
    page: Assists, member_id: MemberId, key: FormKey, form: Annotated[PinForm, Form()]
) -> Response:
    """Let a member who is present set their PIN."""
    kept = await pin_checks.hashed(page.caller, member_id, form.pin, key)
    await page.write(
        lambda unit: pins.set_at_office(
            unit,
            key=key,
            member_id=member_id,
            pin_hash=kept,
            reason=form.reason,
            identity=form.identity,
        )
    )
    return page.go(f"/office/members/{member_id}", "office-pin-set")


@router.post("/pin/reset")
async def reset_pin(
    page: Assists, member_id: MemberId, key: FormKey, form: Annotated[ServiceForm, Form()]
) -> Response:
    """Begin, face to face, the reset of a PIN."""
    await page.write(
        lambda unit: pins.open_reset(
            unit, key=key, member_id=member_id, reason=form.reason, identity=form.identity
        )
    )
    return page.go(f"/office/members/{member_id}", "office-pin-reset")
