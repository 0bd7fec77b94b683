"""The demonstration: become somebody by one click, and walk from a need to a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from api import demonstration
from api.edge import cookies
from api.edge.anonymous import stranger
from api.edge.cookies import Door
from api.edge.limits import limited
from api.edge.routes import Routes
from api.edge.wiring import bank_of
from api.errors import PathUnknown
from api.pages.forms import FormKey
from api.pages.page import AnyPage, Page, StrangerPage, opened
from api.pages.public.pairing import KEPT_S
from creditbank.core.units import View
from creditbank.identity import sittings
from seeds import accounts, guests
from seeds.guests import Guest

router = Routes(prefix="/b/{slug}/demonstration", include_in_schema=False)

_FIRST: Mapping[Guest, str] = {
    Guest.VOLUNTEER: "/me",
    Guest.CASHIER: "/till",
    Guest.REVIEWER: "/office/reviews",
    Guest.SHOP_OWNER: "/shop",
}
_LONGEST_S: Mapping[Door, int] = {
    Door.RESIDENT: sittings.RESIDENT_LONGEST_S,
    Door.OFFICE: sittings.STAFF_LONGEST_S,
    Door.TILL: KEPT_S,
}


async def _required(request: Request, bank_id: Annotated[int, Depends(bank_of)]) -> Page:
    """See, before anything else is looked at, that the bank is a demonstration.

    Raises:
        PathUnknown: it is a real one.
    """
    page = await opened(request, stranger(request, bank_id))
    if not page.bank.demonstration:
        raise PathUnknown
    return page


Required = Annotated[Page, Depends(_required)]
Counted = Annotated[None, limited("demonstration", per_minute=60)]


@router.get("")
async def choices(_required: Required, page: AnyPage) -> Response:
    """Show as whom one can look around, and how to walk the loop."""
    known = await page.read(_known)
    return page.show("public/demonstration.html", known=known, pin=accounts.PIN, Guest=Guest)


def _known(view: View) -> frozenset[Guest]:
    return frozenset(one for one in Guest if guests.holder(view, one) is not None)


@router.post("/{guest}")
async def become(
    _required: Required,
    _counted: Counted,
    request: Request,
    page: StrangerPage,
    key: FormKey,
    guest: Guest,
) -> Response:
    """Let this browser be a guest, by the cookie of the guest's door."""
    secret, door = demonstration.new_secret(guest), demonstration.door_of(guest)
    fresh = await page.write(
        lambda unit: demonstration.become(unit, guest=guest, key=key, secret=secret)
    )
    answer = page.go(_FIRST.get(guest, "/office"))
    if fresh:
        cookies.give(request, answer, page.bank.slug, secret, _LONGEST_S[door], door=door)
    return answer
