"""Phones that members sign in with: changed by the member, or written down at the office."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Request

from api import phone_changes
from api.edge.forms import AttemptRef, CodeDigits, Form, MemberId, Phone, PinDigits, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from creditbank.core.errors import BadField
from creditbank.identity import phones
from creditbank.identity import sign_in_errors as refused
from creditbank.identity.phones import PhoneChanged
from creditbank.identity.roles import Right
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/phone", tags=["sign-in"])

Own = Annotated[Caller, of_member(None)]
Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]


class PhoneForm(Form):
    """The new phone with the code that was sent to it; and the PIN, unless the device is old."""

    attempt_id: AttemptRef
    phone: Phone
    code: CodeDigits
    pin: PinDigits | None = None


class OfficePhoneForm(Form):
    """The new phone of a member who is present, why, and how it was seen who they are."""

    phone: Phone
    reason: Reason
    identity: Reason


class PhoneShown(Shown):
    """From when on the member signs in with the new phone."""

    member_id: str
    usable_at: datetime


class PhoneKept(Shown):
    """The member goes on signing in with the old phone."""

    member_id: str


@router.post(
    "",
    summary="Change my phone",
    response_model=PhoneShown,
    responses=refusals(
        *(MemberNotFound, MemberSuspended, BadField, refused.PhoneTaken),
        refused.PhoneChangeUnproven,
        *(refused.CodeWrong, refused.CodeTriesOver, refused.CodeOver),
        *(refused.PinMissing, refused.PinWaiting, refused.PinWrong, refused.PinLocked),
    ),
)
async def change_phone(
    request: Request, caller: Own, member_id: MemberId, key: Key, form: PhoneForm
) -> PhoneChanged:
    """Sign in with another phone from now on; other devices are signed out, the old one is told."""
    return await phone_changes.change(
        request, caller, member_id=member_id, key=key, **form.model_dump()
    )


@router.post(
    "/at-office",
    summary="Write a member's new phone down",
    response_model=PhoneShown,
    responses=refusals(
        *(MemberNotFound, OtherCommunity, BadField, refused.OwnService, refused.PhoneTaken),
        refused.OtherWorkerNeeded,
    ),
)
async def write_phone_down(
    caller: Keeps, member_id: MemberId, key: Key, form: OfficePhoneForm
) -> PhoneChanged:
    """Write down, face to face, with which phone a member signs in after a day."""
    said = form.model_dump()
    return await caller.write(
        lambda unit: phones.change_at_office(unit, key=key, member_id=member_id, **said)
    )


@router.post(
    "/cancel",
    summary="Cancel the phone that waits",
    responses=refusals(MemberNotFound, refused.NoPhoneComing),
)
async def cancel_phone(caller: Own, member_id: MemberId, key: Key) -> PhoneKept:
    """Cancel the phone that the office wrote down."""
    kept = await caller.write(lambda unit: phones.cancel(unit, key=key, member_id=member_id))
    return PhoneKept(member_id=kept)
