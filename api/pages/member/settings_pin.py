"""The payment PIN of a volunteer: set, changed with the old one, and what to do if it is gone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.routes import Routes
from api.errors import PinsDiffer
from api.pages.forms import FormKey, Sent
from api.pages.member.pin_requests import PinText
from api.pages.page import MemberPage, Page
from api.pin_checks import hashed, with_pin
from creditbank.core.units import Declined, Unit
from creditbank.identity import pins
from creditbank.identity.pins import PinSet

router = Routes(prefix="/b/{slug}/me/settings/pin", include_in_schema=False)


class FirstForm(Sent):
    """The new PIN, twice."""

    pin: PinText
    again: PinText


class ChangeForm(FirstForm):
    """The old PIN, and the new one twice."""

    old: PinText


@router.get("")
async def state(page: MemberPage) -> Response:
    """Show how it stands with a volunteer's PIN, and what can be done."""
    found = await page.read(lambda view: pins.state(view, page.member_id))
    return page.show("member/settings_pin.html", pin=found)


@router.post("")
async def first(page: MemberPage, form: Annotated[FirstForm, Form()], key: FormKey) -> Response:
    """Set the first PIN, or a new one after a reset at the office."""
    kept = await _kept(page, form, key)
    await page.write(
        lambda unit: pins.set_first(unit, key=key, member_id=page.member_id, pin_hash=kept)
    )
    return page.go("/me/settings/pin", "pin-set")


@router.post("/change")
async def change(page: MemberPage, form: Annotated[ChangeForm, Form()], key: FormKey) -> Response:
    """Put another PIN in the place of the old one; other devices are signed out."""
    kept = await _kept(page, form, key)

    def work(unit: Unit) -> PinSet | Declined:
        return pins.change(unit, key=key, member_id=page.member_id, pin_hash=kept)

    await with_pin(page.caller, work, member_id=page.member_id, pin=form.old, key=key)
    return page.go("/me/settings/pin", "pin-set")


@router.post("/reset/cancel")
async def keep(page: MemberPage, key: FormKey) -> Response:
    """Cancel a reset that somebody began; the old PIN stays."""
    await page.write(lambda unit: pins.cancel_reset(unit, key=key, member_id=page.member_id))
    return page.go("/me/settings/pin", "pin-kept")


async def _kept(page: Page, form: FirstForm, key: str) -> str:
    """Return what is kept of a new PIN.

    Raises:
        PinsDiffer: it was not typed the same twice.
        PinWeak: it is guessed first.
    """
    if form.pin != form.again:
        raise PinsDiffer
    return await hashed(page.caller, page.member_id, form.pin, key)
