"""Merchants: partner shops, what they offer, and the tills they scan with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from api.edge.forms import (
    AssetCode,
    CommunityRef,
    Form,
    MerchantId,
    Name,
    OfferId,
    ShortName,
    Shown,
    TillId,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from creditbank.core.errors import AssetNotFound, BadField, NotSpendable
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people.errors import CommunityNotFound
from merchants import offer_book, offers, partners, tills
from merchants.errors import MerchantNotFound, OfferInvalid, OfferNotFound, TillNotFound
from merchants.offer_book import OfferState
from merchants.offer_files import TEXT_MOST
from merchants.partners import MerchantState
from merchants.tills import TillState

router = Routes(prefix="/v1/b/{slug}", tags=["merchants"])

Sees = Annotated[Caller, having(Right.SEE_MERCHANTS)]
Keeps = Annotated[Caller, having(Right.KEEP_MERCHANTS)]
KeepsTills = Annotated[Caller, having(Right.KEEP_TILLS)]
SeesTills = Annotated[Caller, having(Right.KEEP_TILLS, Right.OVERSEE)]


class MerchantForm(Form):
    """A shop to take in as a partner, and the points it takes."""

    name: Name
    trade: ShortName
    asset: AssetCode
    community_id: CommunityRef | None = None


class MerchantMade(Shown):
    """The id of a new merchant."""

    merchant_id: str


class MerchantShown(Shown):
    """A partner shop."""

    merchant_id: str
    name: str
    trade: str
    asset: str
    community_id: str | None
    state: MerchantState


class MerchantMoved(Shown):
    """Whether a merchant takes points."""

    merchant_id: str
    state: MerchantState


class OfferForm(Form):
    """An offer as the text of its TOML file."""

    toml: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=TEXT_MOST)] = (
        Field(examples=['name = "满 30 元用 3 分"\nrule = "step"\nevery_fen = 3000\npoints = 3\n'])
    )


class OfferMade(Shown):
    """The id of an adopted offer."""

    offer_id: str


class OfferShown(Shown):
    """An adopted offer; `rule` holds its parameters by their names in the file."""

    offer_id: str
    merchant_id: str
    state: OfferState
    rule: dict[str, Any]


class OfferMoved(Shown):
    """Whether an offer is made to new scans."""

    offer_id: str
    state: OfferState


class TillForm(Form):
    """A till to register."""

    name: ShortName


class TillMade(Shown):
    """The id of a new till; a pairing code gives a device its token."""

    till_id: str


class TillShown(Shown):
    """A till."""

    till_id: str
    merchant_id: str
    name: str
    state: TillState
    locked_until: datetime | None


class TillMoved(Shown):
    """Whether a till is in use."""

    till_id: str
    state: TillState


@router.get("/merchants", summary="The merchants", response_model=list[MerchantShown])
async def listing(caller: Sees) -> list[partners.Merchant]:
    """List the partner shops by name."""
    return await caller.read(partners.listing)


@router.post(
    "/merchants",
    summary="Take a merchant in",
    status_code=201,
    responses=refusals(AssetNotFound, NotSpendable, CommunityNotFound, BadField),
)
async def register(caller: Keeps, key: Key, form: MerchantForm) -> MerchantMade:
    """Take a shop in as a partner."""
    made = await caller.write(lambda unit: partners.register(unit, key=key, **form.model_dump()))
    return MerchantMade(merchant_id=made)


@router.get(
    "/merchants/{merchant_id}",
    summary="A merchant",
    response_model=MerchantShown,
    responses=refusals(MerchantNotFound),
)
async def show(caller: Sees, merchant_id: MerchantId) -> partners.Merchant:
    """Show a partner shop."""
    return await caller.read(lambda view: partners.find(view, merchant_id))


@router.post(
    "/merchants/{merchant_id}/suspend",
    summary="Suspend a merchant",
    responses=refusals(MerchantNotFound, StateConflict),
)
async def suspend(caller: Keeps, merchant_id: MerchantId, key: Key) -> MerchantMoved:
    """Let a merchant take no more points; what it took stays."""
    state = await caller.write(
        lambda unit: partners.suspend(unit, key=key, merchant_id=merchant_id)
    )
    return MerchantMoved(merchant_id=merchant_id, state=state)


@router.post(
    "/merchants/{merchant_id}/reinstate",
    summary="Reinstate a merchant",
    responses=refusals(MerchantNotFound, StateConflict),
)
async def reinstate(caller: Keeps, merchant_id: MerchantId, key: Key) -> MerchantMoved:
    """Let a merchant take points again."""
    state = await caller.write(
        lambda unit: partners.reinstate(unit, key=key, merchant_id=merchant_id)
    )
    return MerchantMoved(merchant_id=merchant_id, state=state)


@router.get(
    "/merchants/{merchant_id}/offers",
    summary="What a merchant offers",
    responses=refusals(MerchantNotFound),
)
async def offer_listing(caller: Sees, merchant_id: MerchantId) -> list[OfferShown]:
    """List the offers a merchant makes, oldest first."""

    def look(view: View) -> list[offer_book.Adopted]:
        partners.find(view, merchant_id)
        return offer_book.listing(view, merchant_id)

    return [_offer(one) for one in await caller.read(look)]


def _offer(one: offer_book.Adopted) -> OfferShown:
    return OfferShown(
        offer_id=one.offer_id,
        merchant_id=one.merchant_id,
        state=one.state,
        rule=offers.write(one.offer),
    )


@router.post(
    "/merchants/{merchant_id}/offers",
    summary="Adopt an offer",
    status_code=201,
    responses=refusals(MerchantNotFound, OfferInvalid),
)
async def adopt(caller: Keeps, merchant_id: MerchantId, key: Key, form: OfferForm) -> OfferMade:
    """Adopt an offer for a merchant; a fault of its text is named with its line."""
    made = await caller.write(
        lambda unit: offer_book.adopt(unit, key=key, merchant_id=merchant_id, text=form.toml)
    )
    return OfferMade(offer_id=made)


@router.post(
    "/offers/{offer_id}/withdraw", summary="Withdraw an offer", responses=refusals(OfferNotFound)
)
async def withdraw(caller: Keeps, offer_id: OfferId, key: Key) -> OfferMoved:
    """Make an offer to no new scan; open redemptions of it may still be paid."""
    state = await caller.write(lambda unit: offer_book.withdraw(unit, key=key, offer_id=offer_id))
    return OfferMoved(offer_id=offer_id, state=state)


@router.get(
    "/merchants/{merchant_id}/tills",
    summary="A merchant's tills",
    response_model=list[TillShown],
    responses=refusals(MerchantNotFound),
)
async def till_listing(caller: SeesTills, merchant_id: MerchantId) -> list[tills.Till]:
    """List the tills of a merchant."""

    def look(view: View) -> list[tills.Till]:
        partners.require_own(caller.actor, merchant_id)
        partners.find(view, merchant_id)
        return tills.listing(view, merchant_id)

    return await caller.read(look)


@router.post(
    "/merchants/{merchant_id}/tills",
    summary="Register a till",
    status_code=201,
    responses=refusals(MerchantNotFound, BadField),
)
async def till_register(
    caller: KeepsTills, merchant_id: MerchantId, key: Key, form: TillForm
) -> TillMade:
    """Give a merchant a till."""
    made = await caller.write(
        lambda unit: tills.register(unit, key=key, merchant_id=merchant_id, name=form.name)
    )
    return TillMade(till_id=made)


@router.post("/tills/{till_id}/unlock", summary="Unlock a till", responses=refusals(TillNotFound))
async def till_unlock(caller: KeepsTills, till_id: TillId, key: Key) -> TillMoved:
    """Let a till scan again that was locked after too many wrong codes."""
    state = await caller.write(lambda unit: tills.unlock(unit, key=key, till_id=till_id))
    return TillMoved(till_id=till_id, state=state)


@router.post("/tills/{till_id}/suspend", summary="Suspend a till", responses=refusals(TillNotFound))
async def till_suspend(caller: KeepsTills, till_id: TillId, key: Key) -> TillMoved:
    """Take a till out of use."""
    state = await caller.write(lambda unit: tills.suspend(unit, key=key, till_id=till_id))
    return TillMoved(till_id=till_id, state=state)


@router.post(
    "/tills/{till_id}/reinstate", summary="Reinstate a till", responses=refusals(TillNotFound)
)
async def till_reinstate(caller: KeepsTills, till_id: TillId, key: Key) -> TillMoved:
    """Take a till into use again."""
    state = await caller.write(lambda unit: tills.reinstate(unit, key=key, till_id=till_id))
    return TillMoved(till_id=till_id, state=state)
