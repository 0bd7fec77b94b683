"""Pay codes: what a member shows at a till; issued, shown as digits or picture, and stopped."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from api.forms import MemberId, PayCodeId, Shown
from api.openapi import refusals
from api.wiring import Caller, Key, of_member
from creditbank.core.units import View
from creditbank.people.errors import MemberNotFound, MemberSuspended
from merchants import cancellations, code_pictures, codes
from merchants.codes import CodeIssued, CodeState
from merchants.errors import CodeNotFound

router = APIRouter(prefix="/v1/b/{slug}/members/{member_id}/pay-codes", tags=["members"])

OfMember = Annotated[Caller, of_member(None)]
_NO_STORE = {"Cache-Control": "no-store"}


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
    responses=refusals(MemberNotFound, MemberSuspended),
)
async def issue(
    caller: OfMember, member_id: MemberId, key: Key, response: Response
) -> PayCodeShown:
    """Give a member their pay code: a new one every 30 s, each good for 60 s."""
    response.headers.update(_NO_STORE)
    made = await caller.write(lambda unit: codes.issue(unit, key=key, member_id=member_id))
    digits = await caller.read(lambda view: codes.digits(view, made.pay_code_id))
    return _shown(made, digits)


def _shown(made: CodeIssued, digits: str) -> PayCodeShown:
    return PayCodeShown(
        pay_code_id=made.pay_code_id,
        digits=digits,
        issued_at=made.issued_at,
        ends_at=made.ends_at,
        refresh_at=made.refresh_at,
        state=made.state,
    )


def _digits(view: View, member_id: str, pay_code_id: str) -> str:
    """Return the digits of a member's own code.

    Raises:
        CodeNotFound: this bank has none of this id, or it is somebody else's.
    """
    found = codes.digits(view, pay_code_id)
    if codes.shown(view, found).member_id != member_id:
        raise CodeNotFound(pay_code_id)
    return found


@router.get(
    "/{pay_code_id}.svg",
    summary="A pay code as SVG",
    response_class=Response,
    responses=refusals(CodeNotFound)
    | {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
async def svg(caller: OfMember, member_id: MemberId, pay_code_id: PayCodeId) -> Response:
    """Draw a pay code as a QR of version 1."""
    digits = await caller.read(lambda view: _digits(view, member_id, pay_code_id))
    picture = await asyncio.to_thread(code_pictures.svg, digits)
    return Response(picture, media_type="image/svg+xml", headers=_NO_STORE)


@router.get(
    "/{pay_code_id}.png",
    summary="A pay code as PNG",
    response_class=Response,
    responses=refusals(CodeNotFound)
    | {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def png(caller: OfMember, member_id: MemberId, pay_code_id: PayCodeId) -> Response:
    """Draw a pay code as a QR of version 1."""
    digits = await caller.read(lambda view: _digits(view, member_id, pay_code_id))
    picture = await asyncio.to_thread(code_pictures.png, digits)
    return Response(picture, media_type="image/png", headers=_NO_STORE)


@router.post(
    "/stop",
    summary="Stop my pay codes",
    response_model=StoppedShown,
    responses=refusals(MemberNotFound),
)
async def stop(caller: OfMember, member_id: MemberId, key: Key) -> cancellations.Stopped:
    """Stop a member's live codes and open scans: for a lost phone, or a change of mind."""
    return await caller.write(lambda unit: cancellations.stop(unit, key=key, member_id=member_id))
