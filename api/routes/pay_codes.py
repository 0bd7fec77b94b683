"""Pay codes: what a member shows at a till; issued, shown as digits or picture, and stopped."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.edge.forms import Form, MemberId, PayCodeId, PinDigits, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, assisted
from api.pin_checks import with_pin
from creditbank.identity.assist_errors import AssistPinNeeded
from creditbank.identity.sign_in_errors import PinLocked, PinMissing, PinWaiting, PinWrong
from creditbank.people.errors import MemberNotFound, MemberSuspended
from merchants import cancellations, code_pictures, codes
from merchants.codes import CodeIssued, CodeState
from merchants.errors import CodeNotFound

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/pay-codes", tags=["members"])

OfMember = Annotated[Caller, assisted(None)]
PINS = (PinMissing, PinWaiting, PinWrong, PinLocked)
NO_STORE = {"Cache-Control": "no-store"}


class PinForm(Form):
    """In an assist, the PIN that the member who is present types."""

    pin: PinDigits | None = None


class PayCodeShown(Shown):
    """A pay code for its owner's screen; ask for another one at `refresh_at`."""

    pay_code_id: str
    digits: str = Field(description="18 digits; they can be typed, too.", examples=["0" * 18])
    issued_at: datetime
    ends_at: datetime
    refresh_at: datetime
    state: CodeState


class StoppedShown(Shown):
    """How many codes and open scans were stopped."""

    codes: int
    redemptions: int


@router.post(
    "",
    summary="Issue a pay code",
    status_code=201,
    responses=refusals(MemberNotFound, MemberSuspended, AssistPinNeeded, *PINS),
)
async def issue(
    caller: OfMember,
    member_id: MemberId,
    key: Key,
    response: Response,
    form: PinForm | None = None,
) -> PayCodeShown:
    """Give a member their pay code: a new one every 30 s, each good for 60 s."""
    response.headers.update(NO_STORE)
    made = await with_pin(
        caller,
        lambda unit: codes.issue(unit, key=key, member_id=member_id),
        member_id=member_id,
        pin=form.pin if form is not None else None,
        key=key,
    )
    digits = await caller.read(lambda view: codes.digits(view, made.pay_code_id))
    return shown(made, digits)


def shown(made: CodeIssued, digits: str) -> PayCodeShown:
    """Return a pay code for the screen of whoever shows it."""
    return PayCodeShown(
        pay_code_id=made.pay_code_id,
        digits=digits,
        issued_at=made.issued_at,
        ends_at=made.ends_at,
        refresh_at=made.refresh_at,
        state=made.state,
    )


@router.get(
    "/{pay_code_id}.svg",
    summary="A pay code as SVG",
    response_class=Response,
    responses=refusals(CodeNotFound)
    | {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
async def svg(caller: OfMember, member_id: MemberId, pay_code_id: PayCodeId) -> Response:
    """Draw a pay code as a QR of version 1."""
    digits = await caller.read(lambda view: codes.digits_of(view, pay_code_id, member_id=member_id))
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    return Response(picture, media_type="image/svg+xml", headers=NO_STORE)


@router.get(
    "/{pay_code_id}.png",
    summary="A pay code as PNG",
    response_class=Response,
    responses=refusals(CodeNotFound)
    | {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def png(caller: OfMember, member_id: MemberId, pay_code_id: PayCodeId) -> Response:
    """Draw a pay code as a QR of version 1."""
    digits = await caller.read(lambda view: codes.digits_of(view, pay_code_id, member_id=member_id))
    picture = await asyncio.to_thread(code_pictures.png, digits)
    return Response(picture, media_type="image/png", headers=NO_STORE)


@router.post(
    "/stop",
    summary="Stop my pay codes",
    response_model=StoppedShown,
    responses=refusals(MemberNotFound),
)
async def stop(caller: OfMember, member_id: MemberId, key: Key) -> cancellations.Stopped:
    """Stop a member's live codes and open scans: for a lost phone, or a change of mind."""
    return await caller.write(lambda unit: cancellations.stop(unit, key=key, member_id=member_id))
