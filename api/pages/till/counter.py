"""The counter: what a cashier has before them — the bill or a thing, then the customer's code.

The bill travels in the address of the scanning page, so that reloading and *back* keep it. The
key of the form that sends a code is the till's request id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response
from pydantic import AfterValidator, BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import OfferRef, printable
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeYuan, Sent, plain
from api.pages.page import TillPage
from api.words import offers as offer_sentences
from api.words.offers import Sentences
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from creditbank.people import masks, persons
from merchants import cashiers, offer_book, offers, partners, scans, tills
from merchants.cashiers import CashierState
from merchants.offer_book import Adopted
from merchants.offers import Item
from merchants.partners import Merchant, MerchantState
from merchants.tills import Till, TillState

router = Routes(prefix="/b/{slug}/till", include_in_schema=False)

CodeText = Annotated[
    str,
    BeforeValidator(plain),
    Text(min_length=1, max_length=40),
    AfterValidator(printable),
]


@dataclass(frozen=True, slots=True)
class Told:
    """An offer of the shop that holds today, with its words."""

    adopted: Adopted
    words: Sentences

    @property
    def is_item(self) -> bool:
        """Whether it is a thing for a fixed number, without a bill."""
        return isinstance(self.adopted.offer.rule, Item)


@dataclass(frozen=True, slots=True)
class Counter:
    """A till as its cashier finds it; ``serving`` is whose turn it is, by masked name."""

    till: Till
    shop: Merchant
    asset: Asset
    offers: tuple[Told, ...]
    cashiers: tuple[tuple[str, str], ...]
    serving: str | None
    locked: bool

    @property
    def open(self) -> bool:
        """Whether the till and its shop take points at all."""
        active = self.till.state is TillState.ACTIVE
        return active and self.shop.state is MerchantState.ACTIVE

    @property
    def unserved(self) -> bool:
        """Whether a cashier has to sign on first."""
        return self.till.has_cashiers and self.till.cashier_id is None

    @property
    def ready(self) -> bool:
        """Whether a code can be scanned now."""
        return self.open and not self.unserved and not self.locked

    @property
    def bills(self) -> list[Told]:
        """The offers that go by the bill."""
        return [one for one in self.offers if not one.is_item]

    @property
    def things(self) -> list[Told]:
        """The offers of one thing each."""
        return [one for one in self.offers if one.is_item]


def look(view: View, till_id: str) -> Counter:
    """Return what stands on a till's counter today."""
    till = tills.find(view, till_id)
    shop = partners.find(view, till.merchant_id)
    asset = accounts.asset(view, shop.asset)
    made = offer_book.in_force(view, shop.merchant_id, view.today)
    active = [
        one.cashier_id
        for one in cashiers.listing(view, shop.merchant_id)
        if one.state is CashierState.ACTIVE
    ]
    names = persons.masked_names(view, active)
    serving = till.cashier_id
    return Counter(
        till,
        shop,
        asset,
        tuple(Told(one, offer_sentences.of(one.offer, asset.name)) for one in made),
        tuple((one, names.get(one, masks.GONE)) for one in active),
        None if serving is None else names.get(serving, masks.GONE),
        till.locked_until is not None and view.now < till.locked_until,
    )


class CodeForm(Sent):
    """A code that was read or typed, the bill and the offer that were chosen before."""

    code: CodeText
    cart: MaybeYuan = None
    offer_id: OfferRef


@router.get("")
async def counter(page: TillPage) -> Response:
    """Ask for the bill, or for the thing; before that for whoever is to serve."""
    stands = await page.read(lambda view: look(view, page.caller.till_id))
    return page.show("till/counter.html", counter=stands)


@router.get("/scan")
async def scanner(
    page: TillPage,
    offer_id: Annotated[OfferRef | None, Query()] = None,
    cart: Annotated[MaybeYuan, Query()] = None,
) -> Response:
    """Ask for the customer's code, by camera, photo or digits."""
    stands = await page.read(lambda view: look(view, page.caller.till_id))
    chosen = next((one for one in stands.offers if one.adopted.offer_id == offer_id), None)
    if chosen is None or not stands.ready:
        return page.go("/till")
    offers.check_said(cart, None)
    offers.require_bill(chosen.adopted.offer, cart)
    return page.show("till/scan.html", scanner=True, counter=stands, chosen=chosen, cart=cart)


@router.post("/scans")
async def scan(page: TillPage, key: FormKey, form: Annotated[CodeForm, Form()]) -> Response:
    """Burn a code and go to what came of it."""
    opened = await page.write(
        lambda unit: scans.scan(
            unit, key=key, code=form.code, cart_fen=form.cart, offer_id=form.offer_id
        )
    )
    return page.go(f"/till/redemptions/{opened.redemption_id}")
