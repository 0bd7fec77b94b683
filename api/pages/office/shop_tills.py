"""A shop's tills: a device becomes one by a code, a lost one is shut off, a locked one opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api import till_tokens
from api.edge.forms import MerchantId, ShortName, TillId
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.office.shop import own
from api.pages.page import Page, page_for
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.people import masks, persons
from merchants import pairings, tills
from merchants.errors import TillNotFound
from merchants.partners import Merchant
from merchants.tills import Till

router = Routes(prefix="/b/{slug}/shop/{merchant_id}/tills", include_in_schema=False)

SeesTills = Annotated[Page, page_for(Right.KEEP_TILLS, Right.OVERSEE)]
KeepsTills = Annotated[Page, page_for(Right.KEEP_TILLS)]

_HALF = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """A till, whether it is locked now, and who serves at it by masked name."""

    till: Till
    locked: bool
    serving: str | None


class TillForm(Sent):
    """A till to register."""

    name: ShortName


@router.get("")
async def listing(page: SeesTills, merchant_id: MerchantId) -> Response:
    """List the tills of a shop."""
    shop, kept = await page.read(lambda view: _look(view, own(view, page, merchant_id)))
    return page.show("office/shop_tills.html", shop=shop, tills=kept)


def _look(view: View, shop: Merchant) -> tuple[Merchant, Sequence[Kept]]:
    found = tills.listing(view, shop.merchant_id)
    serving = [one.cashier_id for one in found if one.cashier_id is not None]
    names = persons.masked_names(view, serving)
    return shop, [
        Kept(
            one,
            one.locked_until is not None and view.now < one.locked_until,
            None if one.cashier_id is None else names.get(one.cashier_id, masks.GONE),
        )
        for one in found
    ]


@router.post("")
async def register(
    page: KeepsTills, merchant_id: MerchantId, key: FormKey, form: Annotated[TillForm, Form()]
) -> Response:
    """Give the shop another till."""
    await page.write(
        lambda unit: tills.register(unit, key=key, merchant_id=merchant_id, name=form.name)
    )
    return page.go(f"/shop/{merchant_id}/tills", "till-registered")


async def _found(page: Page, merchant_id: str, till_id: str) -> Till:
    """Return a till of this shop.

    Raises:
        TillNotFound: it is another shop's.
    """

    def look(view: View) -> Till:
        found = tills.find(view, till_id)
        if found.merchant_id != own(view, page, merchant_id).merchant_id:
            raise TillNotFound(till_id)
        return found

    return await page.read(look)


@router.post("/{till_id}/pairings")
async def pair(
    page: KeepsTills, merchant_id: MerchantId, till_id: TillId, key: FormKey
) -> Response:
    """Show a code of ten minutes, once: by it a device becomes this till.

    It is kept nowhere, so this page is no other address: sent again, it shows no code any more.
    """
    till = await _found(page, merchant_id, till_id)
    drawn = pairings.new_code()
    made, code = await page.write(
        lambda unit: pairings.show(unit, key=key, till_id=till_id, code=drawn)
    )
    return page.show(
        "office/shop_pairing_code.html" if page.by_script else "office/shop_pairing.html",
        merchant_id=merchant_id,
        till=till,
        ends_at=made.ends_at,
        code=None if code is None else (code[:_HALF], code[_HALF:]),
    )


@router.post("/{till_id}/shut-off")
async def shut_off(
    page: KeepsTills, merchant_id: MerchantId, till_id: TillId, key: FormKey
) -> Response:
    """End all that a lost device could do as this till."""
    await _found(page, merchant_id, till_id)
    await page.write(lambda unit: till_tokens.shut_off(unit, key=key, till_id=till_id))
    return page.go(f"/shop/{merchant_id}/tills", "till-shut-off")


@router.post("/{till_id}/unlock")
async def unlock(
    page: KeepsTills, merchant_id: MerchantId, till_id: TillId, key: FormKey
) -> Response:
    """Let a till scan again that was locked after too many wrong codes."""
    await _found(page, merchant_id, till_id)
    await page.write(lambda unit: tills.unlock(unit, key=key, till_id=till_id))
    return page.go(f"/shop/{merchant_id}/tills", "till-unlocked")


@router.post("/{till_id}/suspend")
async def suspend(
    page: KeepsTills, merchant_id: MerchantId, till_id: TillId, key: FormKey
) -> Response:
    """Take a till out of use."""
    await _found(page, merchant_id, till_id)
    await page.write(lambda unit: tills.suspend(unit, key=key, till_id=till_id))
    return page.go(f"/shop/{merchant_id}/tills", "till-suspended")


@router.post("/{till_id}/reinstate")
async def reinstate(
    page: KeepsTills, merchant_id: MerchantId, till_id: TillId, key: FormKey
) -> Response:
    """Take a till into use again."""
    await _found(page, merchant_id, till_id)
    await page.write(lambda unit: tills.reinstate(unit, key=key, till_id=till_id))
    return page.go(f"/shop/{merchant_id}/tills", "till-reinstated")
