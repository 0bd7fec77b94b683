"""The shop as its till knows it: what it offers, who serves, and how to get help."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import CashierRef
from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent, plain
from api.pages.page import TillPage
from api.pages.till import counter
from creditbank.identity import passwords
from merchants import cashiers, turns
from merchants.cashiers import PIN_LENGTH

router = Routes(prefix="/b/{slug}/till", include_in_schema=False)

CashierPin = Annotated[str, BeforeValidator(plain), Text(pattern=rf"^[0-9]{{{PIN_LENGTH}}}$")]


class TurnForm(Sent):
    """Who begins a turn, and their PIN."""

    cashier_id: CashierRef
    pin: CashierPin


@router.get("/shop")
async def shop(page: TillPage) -> Response:
    """Show the shop, its offers, and who serves."""
    stands = await page.read(lambda view: counter.look(view, page.caller.till_id))
    return page.show("till/shop.html", counter=stands)


@router.post("/turn")
async def begin(page: TillPage, key: FormKey, form: Annotated[TurnForm, Form()]) -> Response:
    """Begin a cashier's turn; whoever served before is off."""
    kept = await page.read(lambda view: cashiers.pin_hash_of(view, form.cashier_id))
    checked = await asyncio.to_thread(passwords.checked, kept, form.pin)
    await page.write(
        lambda unit: turns.sign_in(
            unit, key=key, checked=checked, cashier_id=form.cashier_id, pin=form.pin
        )
    )
    return page.go("/till", "turn-begun")


@router.post("/turn/end")
async def end(page: TillPage, key: FormKey) -> Response:
    """End the turn of whoever serves."""
    await page.write(lambda unit: turns.sign_out(unit, key=key))
    return page.go("/till", "turn-ended")
