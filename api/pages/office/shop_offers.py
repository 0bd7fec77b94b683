"""A shop's offers, those in force and those before; and a poster that tells them at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import Response

from api.edge.forms import MerchantId
from api.edge.routes import Routes
from api.pages.office.shop import SeesSales, own
from api.pages.page import Page
from api.pages.public import qr
from api.words import offers as offer_sentences
from api.words.offers import Sentences
from creditbank.core.units import View
from creditbank.ledger import accounts
from merchants import offer_book
from merchants.offer_book import Adopted, OfferState
from merchants.partners import Merchant

router = Routes(prefix="/b/{slug}/shop/{merchant_id}", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Made:
    """An offer with its words, and whether it is made now and holds today."""

    adopted: Adopted
    words: Sentences
    since: datetime
    active: bool
    today: bool


def _look(view: View, page: Page, merchant_id: str) -> tuple[Merchant, str, Sequence[Made]]:
    shop = own(view, page, merchant_id)
    name = accounts.asset(view, shop.asset).name
    return (
        shop,
        name,
        [
            Made(
                one,
                offer_sentences.of(one.offer, name),
                since,
                one.state is OfferState.ACTIVE,
                one.state is OfferState.ACTIVE and one.offer.holds_on(view.today),
            )
            for one, since in offer_book.history(view, merchant_id)
        ],
    )


@router.get("/offers")
async def listing(page: SeesSales, merchant_id: MerchantId) -> Response:
    """Show the offers of a shop in words."""
    shop, _, made = await page.read(lambda view: _look(view, page, merchant_id))
    return page.show("office/shop_offers.html", shop=shop, offers=made)


@router.get("/poster")
async def poster(page: SeesSales, merchant_id: MerchantId) -> Response:
    """Show a poster to print: the offers in large type, and a code to the shop's page."""
    shop, name, made = await page.read(lambda view: _look(view, page, merchant_id))
    address = str(page.request.base_url).rstrip("/") + f"{page.base}/shops/{merchant_id}"
    return page.show(
        "office/shop_poster.html",
        shop=shop,
        points_name=name,
        offers=[one for one in reversed(made) if one.active],
        code=await qr.drawn(address),
        address=address,
    )
