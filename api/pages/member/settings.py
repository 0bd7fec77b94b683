"""Settings of a volunteer: how the pages look, what they agreed to, and the way to the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Form, Path
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.forms import FormKey, Sent, Ticked
from api.pages.page import MemberPage
from creditbank.core.units import View
from creditbank.identity import pins, sittings
from creditbank.identity.pins import PinState
from creditbank.leaving import erasures
from creditbank.leaving.erasures import ErasureState
from creditbank.people import consents, masks, persons
from creditbank.people.consents import PURPOSES, Purpose

router = Routes(prefix="/b/{slug}/me/settings", include_in_schema=False)

PurposePath = Annotated[str, Path(pattern=f"^({'|'.join(PURPOSES)})$")]


class WithdrawalForm(Sent):
    """Whether it is understood that without the needed consent the membership ends."""

    understood: Ticked = False


@dataclass(frozen=True, slots=True)
class Settings:
    """How things stand, for the entries of the page."""

    phone: str | None
    pin: PinState
    devices: int
    erasure_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """A purpose, and since when the volunteer agrees to it, if they do."""

    purpose: Purpose
    given_at: datetime | None


@router.get("")
async def settings(page: MemberPage) -> Response:
    """Show what can be set."""

    def look(view: View) -> Settings:
        phone = persons.find(view, page.member_id).phone
        waiting = erasures.of_member(view, page.member_id, ErasureState.ASKED)
        return Settings(
            None if phone is None else masks.phone(phone),
            pins.state(view, page.member_id),
            len(sittings.listing(view, page.member_id)),
            waiting[0].due_at if waiting else None,
        )

    return page.show("member/settings.html", found=await page.read(look))


@router.get("/consents")
async def agreed(page: MemberPage) -> Response:
    """Show what a volunteer's data may be used for."""

    def look(view: View) -> list[Agreed]:
        held = consents.history(view, page.member_id)
        since = {one.purpose: one.given_at for one in held if one.in_force}
        return [Agreed(one, since.get(slug)) for slug, one in PURPOSES.items()]

    return page.show("member/settings_consents.html", agreed=await page.read(look))


@router.post("/consents/{purpose}/give")
async def give(page: MemberPage, purpose: PurposePath, key: FormKey) -> Response:
    """Agree to a purpose."""
    await page.write(
        lambda unit: consents.give(
            unit, key=key, member_id=page.member_id, purposes=[purpose], guardian_id=None
        )
    )
    return page.go("/me/settings/consents", "agreed")


@router.post("/consents/{purpose}/withdraw")
async def withdraw(
    page: MemberPage, purpose: PurposePath, form: Annotated[WithdrawalForm, Form()], key: FormKey
) -> Response:
    """Take a consent back; the needed one only by who says that it is understood."""
    done = await page.write(
        lambda unit: consents.withdraw(
            unit,
            key=key,
            member_id=page.member_id,
            purpose=purpose,
            understood=form.understood,
        )
    )
    closes = done.leads_to_closing
    return page.go("/me/settings/erasure" if closes else "/me/settings/consents", "withdrawn")
