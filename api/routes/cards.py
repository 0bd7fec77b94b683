"""Printed cards: made at the office, the digits given once, stopped by the member or the office."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.edge.forms import CardId, MemberId, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.routes.pay_codes import NO_STORE
from creditbank.core.units import Declined, Unit
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity
from merchants import cards, code_pictures
from merchants.cards import Card, CardState
from merchants.errors import CardNotFound

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/cards", tags=["cards"])

KeepsCards = Annotated[Caller, having(Right.KEEP_CARDS)]
OfMember = Annotated[Caller, of_member(Right.KEEP_CARDS)]


class CardShown(Shown):
    """A card without its digits."""

    card_id: str
    member_id: str
    state: CardState
    made_at: datetime
    ended_at: datetime | None


class CardMade(CardShown):
    """A card that was just made. Its digits are told this once, to be printed, and not kept."""

    digits: str | None = Field(description="18 digits; null when the request is repeated.")
    svg: str | None = Field(description="The digits as a QR, drawn as SVG.")


class CardsShown(Shown):
    """The cards of a member, the latest first; at most one is live."""

    items: list[CardShown]


@router.get("", summary="A member's cards", responses=refusals(MemberNotFound))
async def listing(caller: OfMember, member_id: MemberId) -> CardsShown:
    """List the cards of a member."""
    found = await caller.read(lambda view: cards.listing(view, member_id))
    return CardsShown(items=[CardShown.model_validate(one) for one in found])


@router.post(
    "",
    summary="Make a card",
    status_code=201,
    responses=refusals(MemberNotFound, MemberSuspended, OtherCommunity),
)
async def make(caller: KeepsCards, member_id: MemberId, key: Key, response: Response) -> CardMade:
    """Make a card for a member who is present; the one before is dead at once."""
    response.headers.update(NO_STORE)
    digits = cards.new_digits()

    def work(unit: Unit) -> tuple[Card, bool] | Declined:
        made = cards.make(unit, key=key, member_id=member_id)
        return made if isinstance(made, Declined) else (made, cards.arm(unit, made.card_id, digits))

    made, armed = await caller.write(work)
    return await _made(made, digits if armed else None)


async def _made(made: Card, digits: str | None) -> CardMade:
    shown = CardShown.model_validate(made).model_dump()
    if digits is None:
        return CardMade(**shown, digits=None, svg=None)
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    return CardMade(**shown, digits=digits, svg=picture)


@router.post(
    "/{card_id}/revoke",
    summary="Stop a card",
    response_model=CardShown,
    responses=refusals(MemberNotFound, CardNotFound, OtherCommunity),
)
async def revoke(caller: OfMember, member_id: MemberId, card_id: CardId, key: Key) -> Card:
    """Stop a card at once, with what it has opened and not paid."""
    return await caller.write(
        lambda unit: cards.revoke(unit, key=key, member_id=member_id, card_id=card_id)
    )
