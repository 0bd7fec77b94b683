"""Where a volunteer is signed in, and the phone they sign in with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form, Query, Request
from fastapi.responses import Response

from api import phone_changes
from api.edge.forms import SittingId
from api.edge.limits import limited
from api.edge.routes import Routes
from api.pages.forms import FormKey, PhoneText, Sent
from api.pages.page import MemberPage
from api.pages.public import attempt
from api.pages.public.attempt import Attempt
from api.pages.public.typed import MaybeSixDigits, SixDigits
from api.words import sign_in as sign_in_texts
from creditbank.core.units import View
from creditbank.identity import devices, phones, sittings
from creditbank.identity.sittings import Sitting
from creditbank.people import masks, persons

router = Routes(prefix="/b/{slug}/me/settings", include_in_schema=False)

YesAsked = Annotated[Literal["yes", ""], Query()]


class PhoneForm(Sent):
    """The phone to sign in with from now on."""

    phone: PhoneText


class CodeForm(Sent):
    """The code that came to it; and the PIN, unless this device is old."""

    code: SixDigits
    pin: MaybeSixDigits = None


@dataclass(frozen=True, slots=True)
class Device:
    """A device that is signed in, whether it is this one, and whether it is new."""

    sitting: Sitting
    this: bool
    new: bool


@dataclass(frozen=True, slots=True)
class PhonePage:
    """The phone now, masked; whether the PIN is wanted for another, and whether one waits."""

    phone: str | None
    pin_wanted: bool
    coming: bool


@router.get("/devices")
async def listing(page: MemberPage) -> Response:
    """Show where a volunteer is signed in."""
    via = page.whole.principal.via

    def look(view: View) -> list[Device]:
        return [
            Device(
                one,
                this=one.sitting_id == via,
                new=devices.is_new(view, page.member_id, one.sitting_id),
            )
            for one in sittings.listing(view, page.member_id)
        ]

    return page.show("member/settings_devices.html", devices=await page.read(look))


@router.post("/devices/end-others")
async def end_others(page: MemberPage, key: FormKey) -> Response:
    """Sign all other devices out."""
    await page.write(lambda unit: devices.end_others(unit, key=key, holder_id=page.member_id))
    return page.go("/me/settings/devices", "others-out")


@router.post("/devices/{sitting_id}/end")
async def end(page: MemberPage, sitting_id: SittingId, key: FormKey) -> Response:
    """Sign one device out; it is dead at once."""
    await page.write(
        lambda unit: devices.end(unit, key=key, holder_id=page.member_id, sitting_id=sitting_id)
    )
    return page.go("/me/settings/devices", "device-out")


@router.get("/phone")
async def phone(request: Request, page: MemberPage, other: YesAsked = "") -> Response:
    """Show the phone that is signed in with, and ask for another, then for its code."""

    def look(view: View) -> PhonePage:
        known = persons.find(view, page.member_id).phone
        return PhonePage(
            None if known is None else masks.phone(known),
            not devices.is_trusted(view, page.member_id, page.whole.principal.via),
            phones.is_coming(view, page.member_id),
        )

    begun = None if other == "yes" else attempt.of(request, page.bank.slug)
    return page.show("member/settings_phone.html", found=await page.read(look), begun=begun)


@router.post("/phone/codes", dependencies=[limited("sign-in-codes", per_minute=10)])
async def ask(
    request: Request, page: MemberPage, key: FormKey, form: Annotated[PhoneForm, Form()]
) -> Response:
    """Send a code to the new phone."""
    asked = await sign_in_texts.ask(request, page.caller, phone=form.phone, key=key)
    answer = page.go("/me/settings/phone", "code-sent")
    begun = Attempt(attempt_id=asked.attempt_id, phone=form.phone, wanted="")
    attempt.keep(request, answer, page.bank.slug, begun)
    return answer


@router.post("/phone")
async def change(
    request: Request, page: MemberPage, key: FormKey, form: Annotated[CodeForm, Form()]
) -> Response:
    """Sign in with the new phone from now on; other devices are signed out."""
    begun = attempt.require(request, page.bank.slug)
    await phone_changes.change(
        request,
        page.caller,
        member_id=page.member_id,
        attempt_id=begun.attempt_id,
        phone=begun.phone,
        code=form.code,
        pin=form.pin,
        key=key,
    )
    answer = page.go("/me/settings/phone", "phone-changed")
    attempt.forget(request, answer, page.bank.slug)
    return answer


@router.post("/phone/cancel")
async def keep(page: MemberPage, key: FormKey) -> Response:
    """Cancel the phone that the office wrote down."""
    await page.write(lambda unit: phones.cancel(unit, key=key, member_id=page.member_id))
    return page.go("/me/settings/phone", "phone-kept")
