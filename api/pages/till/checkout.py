"""The checkout: how many points at most, how many are taken, and the PIN where one is wanted.

A redemption has one address; what it shows is where the redemption stands, so that a reload, a
second tab and the way back all show the same. What is paid is shown by its receipt.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import JSONResponse, Response

from api.edge.forms import PinDigits, RedemptionId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Sent
from api.pages.page import TillPage
from api.pin_checks import with_pin
from api.words import offers as offer_sentences
from api.words.offers import Sentences
from creditbank.core.errors import CreditbankError
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from merchants import cancellations, checkout, offer_book, pin_requests, redemptions, scans
from merchants.errors import PinNeeded, RedemptionExpired
from merchants.offer_book import Adopted
from merchants.offers import Item, Quote
from merchants.receipts import PAID_STATES
from merchants.redemptions import OPEN, PinState, Redemption, State

router = Routes(prefix="/b/{slug}/till/redemptions", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a redemption stands; ``trouble`` is why nothing can come of it any more."""

    one: Redemption
    booked: Adopted
    words: Sentences
    asset: Asset
    quote: Quote | None
    trouble: CreditbankError | None
    in_time: bool

    @property
    def is_item(self) -> bool:
        """Whether a thing is taken for a fixed number of points."""
        return isinstance(self.booked.offer.rule, Item)

    @property
    def open(self) -> bool:
        """Whether points can still be taken."""
        return self.one.state is State.SCANNED and self.in_time and self.trouble is None

    @property
    def waits(self) -> bool:
        """Whether a PIN is waited for."""
        return self.open and self.one.pin is PinState.WANTED

    @property
    def asks_card(self) -> bool:
        """Whether the PIN is typed here, by the holder of a printed card."""
        return self.waits and self.one.card_id is not None and not self.one.guarded

    @property
    def given(self) -> bool:
        """Whether the PIN was given, so that the points are to be taken now."""
        return self.open and self.one.pin is PinState.GIVEN

    @property
    def fen_per_point(self) -> int:
        """What one point takes off the bill."""
        rule = self.booked.offer.rule
        return 0 if isinstance(rule, Item) else rule.fen_per_point


class TakeForm(Sent):
    """How many points are taken."""

    points: Count


class CardPinForm(Sent):
    """What the holder of a printed card typed."""

    pin: PinDigits


def look(view: View, till_id: str, redemption_id: str) -> Standing:
    """Return where a redemption of this till stands.

    Raises:
        RedemptionNotFound: this till has none of this id.
    """
    one = redemptions.of_till(redemptions.find(view, redemption_id), till_id)
    booked = offer_book.find(view, one.offer_id)
    asset = accounts.asset(view, one.asset_code)
    in_time = one.state not in OPEN or view.now < one.ends_at
    quote, trouble = None, None
    if one.state is State.SCANNED and in_time:
        try:
            quote = scans.requote(view, till_id=till_id, redemption_id=redemption_id)
        except CreditbankError as error:
            trouble = error
    words = offer_sentences.of(booked.offer, asset.name)
    return Standing(one, booked, words, asset, quote, trouble, in_time)


@router.get("/{redemption_id}")
async def show(page: TillPage, redemption_id: RedemptionId) -> Response:
    """Show where a redemption stands, and what can be done next."""
    stands = await page.read(lambda view: look(view, page.caller.till_id, redemption_id))
    if stands.one.state in PAID_STATES:
        return page.go(f"/till/receipts/{redemption_id}")
    return page.show("till/checkout.html", stands=stands, keys=_shuffled())


def _shuffled() -> list[str]:
    """Return the keys of a keypad in an order that tells nothing to who looks on."""
    digits = list("0123456789")
    secrets.SystemRandom().shuffle(digits)
    return digits


@router.get("/{redemption_id}/state")
async def state(page: TillPage, redemption_id: RedemptionId) -> Response:
    """Say where a redemption stands, to a screen that waits for the customer."""
    stands = await page.read(lambda view: look(view, page.caller.till_id, redemption_id))
    said = f"{stands.one.state}/{stands.one.pin or 'none'}/{'open' if stands.open else 'over'}"
    return JSONResponse({"state": said}, headers={"Cache-Control": "no-store"})


@router.post("/{redemption_id}/redeem")
async def redeem(
    page: TillPage, redemption_id: RedemptionId, key: FormKey, form: Annotated[TakeForm, Form()]
) -> Response:
    """Take the points; where a PIN is wanted, or it is over by now, show where it stands."""
    try:
        await page.write(checkout.Redeem(redemption_id, key, points=form.points))
    except (PinNeeded, StateConflict, RedemptionExpired):
        return page.go(f"/till/redemptions/{redemption_id}")
    return page.go(f"/till/receipts/{redemption_id}")


@router.post("/{redemption_id}/cancel")
async def cancel(page: TillPage, redemption_id: RedemptionId, key: FormKey) -> Response:
    """End what was scanned, without taking any points."""
    await page.write(
        lambda unit: cancellations.cancel_scanned(unit, key=key, redemption_id=redemption_id)
    )
    return page.go("/till", "scan-cancelled")


@router.post("/{redemption_id}/pin")
async def card_pin(
    page: TillPage, redemption_id: RedemptionId, key: FormKey, form: Annotated[CardPinForm, Form()]
) -> Response:
    """Take the PIN of whoever's printed card was scanned; it is counted, and never kept."""
    holder = await page.read(
        lambda view: pin_requests.holder(
            view, till_id=page.caller.till_id, redemption_id=redemption_id
        )
    )
    await with_pin(
        page.caller,
        lambda unit: pin_requests.confirm_at_till(unit, key=key, redemption_id=redemption_id),
        member_id=holder,
        pin=form.pin,
        key=key,
    )
    return page.go(f"/till/redemptions/{redemption_id}")
