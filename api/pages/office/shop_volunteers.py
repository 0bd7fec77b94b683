"""Volunteers whom a shop puts down, where the society lets it; the community admits them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response
from pydantic import Field

from api.edge.forms import CommunityRef, MerchantId, Name
from api.edge.routes import Routes
from api.pages.forms import FormKey, MaybeDay, PhoneText, Sent
from api.pages.office.shop import own
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import communities
from creditbank.people.communities import Community
from creditbank.people.consents import PURPOSES
from merchants import volunteers
from merchants.partners import Merchant

router = Routes(prefix="/b/{slug}/shop/{merchant_id}/volunteers", include_in_schema=False)

Registers = Annotated[Page, page_for(Right.REGISTER_VOLUNTEERS)]
Agreed = Annotated[
    tuple[Literal["service", "publish_name", "photos", "messages"], ...],
    Field(max_length=len(PURPOSES)),
]


class VolunteerForm(Sent):
    """Who stands in the shop, where they live, and to what they agreed on paper."""

    name: Name
    phone: PhoneText
    community_id: CommunityRef
    purposes: Agreed = ()
    born_on: MaybeDay = None


@router.get("")
async def ask(page: Registers, merchant_id: MerchantId) -> Response:
    """Ask for a person who wants to help."""

    def look(view: View) -> tuple[Merchant, bool, Sequence[Community]]:
        shop = own(view, page, merchant_id)
        return shop, volunteers.may(view, merchant_id), communities.every(view)

    shop, may, known = await page.read(look)
    return page.show(
        "office/shop_volunteers.html",
        shop=shop,
        allowed=may,
        communities=known,
        purposes=PURPOSES.values(),
    )


@router.post("")
async def register(
    page: Registers, merchant_id: MerchantId, key: FormKey, form: Annotated[VolunteerForm, Form()]
) -> Response:
    """Put a person down; the community admits or refuses them."""
    await page.write(
        lambda unit: volunteers.register(unit, key=key, merchant_id=merchant_id, **form.said())
    )
    return page.go(f"/shop/{merchant_id}/volunteers", "volunteer-put-down")
