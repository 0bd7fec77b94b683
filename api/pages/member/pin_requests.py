"""PIN requests: a till waits, and the payer answers here; so do guardians and delegates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import RedemptionId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Sent, plain
from api.pages.page import MemberPage, Page
from api.pin_checks import with_pin
from creditbank.core.units import View
from creditbank.core.values import Asset
from creditbank.identity import pins
from creditbank.identity.pins import PinState
from creditbank.ledger import accounts
from creditbank.people import persons
from merchants import pin_requests
from merchants.pin_requests import PinRequest

router = Routes(prefix="/b/{slug}/me/pin-requests", include_in_schema=False)

PinText = Annotated[str, BeforeValidator(plain), Text(pattern=r"^[0-9]{6}$")]
At = Literal["code", "requests"]


class ConfirmForm(Sent):
    """The PIN, the points that were seen, and the page it was typed on."""

    pin: PinText
    points: Count
    at: At = "requests"


class RefuseForm(Sent):
    """The page where a payment is refused."""

    at: At = "requests"


@dataclass(frozen=True, slots=True)
class Asking:
    """What waits for a member's PIN, how it stands with it, and what the templates need."""

    requests: list[PinRequest]
    pin: PinState
    assets: Mapping[str, Asset]
    names: Mapping[str, str]


def asking(view: View, member_id: str) -> Asking:
    """Return what waits for a member's PIN now; others whose points they are by masked names."""
    found = pin_requests.listing(view, member_id)
    others = {one.member_id for one in found} - {member_id}
    return Asking(
        found,
        pins.state(view, member_id),
        accounts.every_asset(view) if found else {},
        persons.masked_names(view, others) if others else {},
    )


@router.get("")
async def listing(page: MemberPage) -> Response:
    """Show which tills wait for this member's PIN."""
    found = await page.read(lambda view: asking(view, page.member_id))
    template = "member/pin_request.html" if page.by_script else "member/pin_requests.html"
    return page.show(template, asking=found, at="requests")


@router.post("/{redemption_id}/confirm")
async def confirm(
    page: MemberPage,
    redemption_id: RedemptionId,
    form: Annotated[ConfirmForm, Form()],
    key: FormKey,
) -> Response:
    """Give the PIN for a payment; the till then takes at most these points."""
    await with_pin(
        page.caller,
        lambda unit: pin_requests.confirm(
            unit,
            key=key,
            payer_id=page.member_id,
            redemption_id=redemption_id,
            points=form.points,
        ),
        member_id=page.member_id,
        pin=form.pin,
        key=key,
    )
    return _answered(page, form.at, "pin-given")


@router.post("/{redemption_id}/refuse")
async def refuse(
    page: MemberPage,
    redemption_id: RedemptionId,
    form: Annotated[RefuseForm, Form()],
    key: FormKey,
) -> Response:
    """Refuse a payment that waits; the till has to scan again."""
    await page.write(
        lambda unit: pin_requests.refuse(
            unit, key=key, payer_id=page.member_id, redemption_id=redemption_id
        )
    )
    return _answered(page, form.at, "payment-refused")


def _answered(page: Page, at: At, done: str) -> Response:
    """Go back to where it was asked; the page of the code looks again by itself."""
    if at == "code" and page.by_script:
        return Response(status_code=204, headers={"HX-Trigger": "answered"})
    return page.go("/me/code" if at == "code" else "/me/pin-requests", done)
