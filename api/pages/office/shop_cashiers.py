"""A shop's cashiers: who serves there, their PINs, and who may not any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import CashierId, MerchantId, Name
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent
from api.pages.office.shop import own
from api.pages.office.shop_tills import KeepsTills, SeesTills
from api.pages.page import Page
from api.pages.till.shop import CashierPin
from creditbank.core.units import View
from creditbank.identity import passwords
from creditbank.people import masks, persons
from merchants import cashiers
from merchants.cashiers import Cashier
from merchants.partners import Merchant
from merchants.till_errors import CashierNotFound

router = Routes(prefix="/b/{slug}/shop/{merchant_id}/cashiers", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Known:
    """A cashier with a name: whole for the owner, masked for everyone else."""

    cashier: Cashier
    name: str
    locked: bool


class CashierForm(Sent):
    """Someone who is to serve, with a PIN."""

    name: Name
    pin: CashierPin


class PinForm(Sent):
    """Another PIN."""

    pin: CashierPin


@router.get("")
async def listing(page: SeesTills, merchant_id: MerchantId) -> Response:
    """List the cashiers of a shop."""
    shop, known = await page.read(lambda view: _look(view, page, own(view, page, merchant_id)))
    return page.show("office/shop_cashiers.html", shop=shop, cashiers=known)


def _look(view: View, page: Page, shop: Merchant) -> tuple[Merchant, Sequence[Known]]:
    found = cashiers.listing(view, shop.merchant_id)
    names_of = persons.names if page.caller.merchants is not None else persons.masked_names
    names = names_of(view, [one.cashier_id for one in found])
    return shop, [
        Known(
            one,
            names.get(one.cashier_id, masks.GONE),
            one.locked_until is not None and view.now < one.locked_until,
        )
        for one in found
    ]


@router.post("")
async def add(
    page: KeepsTills, merchant_id: MerchantId, key: FormKey, form: Annotated[CashierForm, Form()]
) -> Response:
    """Take a cashier on; from then on the tills take points in a cashier's turn only."""
    pin_hash = await asyncio.to_thread(passwords.hashed, form.pin)
    await page.write(
        lambda unit: cashiers.add(
            unit,
            key=key,
            merchant_id=merchant_id,
            name=form.name,
            pin=form.pin,
            pin_hash=pin_hash,
        )
    )
    return page.go(f"/shop/{merchant_id}/cashiers", "cashier-added")


async def _require_of(page: Page, merchant_id: str, cashier_id: str) -> None:
    """See that a cashier is this shop's.

    Raises:
        CashierNotFound: they are another shop's.
    """

    def look(view: View) -> None:
        shop = own(view, page, merchant_id)
        if cashiers.find(view, cashier_id).merchant_id != shop.merchant_id:
            raise CashierNotFound(cashier_id)

    await page.read(look)


@router.post("/{cashier_id}/pin")
async def reset_pin(
    page: KeepsTills,
    merchant_id: MerchantId,
    cashier_id: CashierId,
    key: FormKey,
    form: Annotated[PinForm, Form()],
) -> Response:
    """Give a cashier another PIN, and unlock them; they are signed out of every till."""
    await _require_of(page, merchant_id, cashier_id)
    pin_hash = await asyncio.to_thread(passwords.hashed, form.pin)
    await page.write(
        lambda unit: cashiers.reset_pin(
            unit, key=key, cashier_id=cashier_id, pin=form.pin, pin_hash=pin_hash
        )
    )
    return page.go(f"/shop/{merchant_id}/cashiers", "cashier-pin-set")


@router.post("/{cashier_id}/suspend")
async def suspend(
    page: KeepsTills, merchant_id: MerchantId, cashier_id: CashierId, key: FormKey
) -> Response:
    """Keep a cashier from every till, at once."""
    await _require_of(page, merchant_id, cashier_id)
    await page.write(lambda unit: cashiers.suspend(unit, key=key, cashier_id=cashier_id))
    return page.go(f"/shop/{merchant_id}/cashiers", "cashier-suspended")


@router.post("/{cashier_id}/reinstate")
async def reinstate(
    page: KeepsTills, merchant_id: MerchantId, cashier_id: CashierId, key: FormKey
) -> Response:
    """Let a cashier sign in again."""
    await _require_of(page, merchant_id, cashier_id)
    await page.write(lambda unit: cashiers.reinstate(unit, key=key, cashier_id=cashier_id))
    return page.go(f"/shop/{merchant_id}/cashiers", "cashier-reinstated")
