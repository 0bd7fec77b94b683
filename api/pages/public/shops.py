"""Partner shops for everybody: by trade, with their offers of today in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from api.edge.forms import MerchantId
from api.edge.routes import Routes
from api.pages.page import AnyPage
from api.words import offers as offer_sentences
from api.words.offers import Sentences
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.ledger import accounts
from creditbank.people import communities
from merchants import offer_book, partners
from merchants.errors import MerchantNotFound
from merchants.offer_book import Adopted
from merchants.partners import Merchant, MerchantState

router = Routes(prefix="/b/{slug}/shops", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop that takes points now; ``community`` is empty for one of the whole bank."""

    merchant_id: str
    name: str
    trade: str
    community: str
    asset: str
    offers: Sequence[Sentences]


def listed(view: View) -> dict[str, list[Shop]]:
    """Return the shops that take points now, by trade."""
    made = offer_book.in_force_everywhere(view)
    assets, places = accounts.every_asset(view), _places(view)
    found: dict[str, list[Shop]] = {}
    for one in partners.listing(view):
        if one.state is MerchantState.ACTIVE:
            shop = _shop(one, made.get(one.merchant_id, ()), assets, places)
            found.setdefault(one.trade, []).append(shop)
    return dict(sorted(found.items()))


def _places(view: View) -> dict[str, str]:
    return {one.community_id: one.name for one in communities.every(view)}


def _shop(
    one: Merchant, made: Sequence[Adopted], assets: Mapping[str, Asset], places: Mapping[str, str]
) -> Shop:
    name = assets[one.asset].name
    said = [offer_sentences.of(each.offer, name) for each in made]
    place = places.get(one.community_id or "", "")
    return Shop(one.merchant_id, one.name, one.trade, place, name, said)


@router.get("")
async def shops(page: AnyPage) -> Response:
    """List the shops by what they sell."""
    return page.show("public/shops.html", trades=await page.read(listed))


@router.get("/{merchant_id}")
async def shop(page: AnyPage, merchant_id: MerchantId) -> Response:
    """Show one shop: the page to which its poster leads.

    Raises:
        MerchantNotFound: this bank has none of this id that takes points now.
    """
    return page.show("public/shop.html", shop=await page.read(lambda view: _one(view, merchant_id)))


def _one(view: View, merchant_id: str) -> Shop:
    found = partners.find(view, merchant_id)
    if found.state is not MerchantState.ACTIVE:
        raise MerchantNotFound(merchant_id)
    made = offer_book.in_force(view, merchant_id, view.today)
    return _shop(found, made, accounts.every_asset(view), _places(view))
