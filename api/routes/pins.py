"""Payment PINs: set, changed with the old one, reset face to face."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.edge.forms import Form, MemberId, PinDigits, Reason, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.pin_checks import hashed, with_pin
from creditbank.core.errors import BadField
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import pins
from creditbank.identity import sign_in_errors as refused
from creditbank.identity.pins import PinReset, PinSet, PinState
from creditbank.identity.roles import Right
from creditbank.people import members
from creditbank.people.errors import MemberNotFound, MemberSuspended, OtherCommunity

router = Routes(prefix="/v1/b/{slug}/members/{member_id}/pin", tags=["sign-in"])

OfMember = Annotated[Caller, of_member(Right.ASSIST)]
Own = Annotated[Caller, of_member(None)]
Assists = Annotated[Caller, having(Right.ASSIST)]


class PinForm(Form):
    """The new PIN; and the old one, unless it is the first or a reset is open."""

    pin: PinDigits
    old: PinDigits | None = None


class ServiceForm(Form):
    """Why the office does this, and how it was seen who is there."""

    reason: Reason
    identity: Reason


class OfficePinForm(ServiceForm):
    """The PIN that a member who is present types at the office."""

    pin: PinDigits


class PinStateShown(Shown):
    """How it stands with a PIN; `reset_at` is when an open reset can be used."""

    is_set: bool
    usable_at: datetime | None
    locked_until: datetime | None
    reset_at: datetime | None


class PinSetShown(Shown):
    """From when on the PIN works."""

    member_id: str
    usable_at: datetime


class PinKept(Shown):
    """The old PIN stays."""

    member_id: str


@router.get(
    "",
    summary="How it stands with a PIN",
    response_model=PinStateShown,
    responses=refusals(MemberNotFound),
)
async def pin_state(caller: OfMember, member_id: MemberId) -> PinState:
    """Show whether a PIN is set, waits, is locked, or is being reset."""

    def look(view: View) -> PinState:
        members.find(view, member_id)
        return pins.state(view, member_id)

    return await caller.read(look)


@router.put(
    "",
    summary="Set or change my PIN",
    response_model=PinSetShown,
    responses=refusals(
        *(MemberNotFound, MemberSuspended, BadField, refused.PinWeak, refused.PinAlreadySet),
        *(refused.PinMissing, refused.PinWaiting, refused.PinWrong, refused.PinLocked),
    ),
)
async def set_pin(caller: Own, member_id: MemberId, key: Key, form: PinForm) -> PinSet:
    """Set the first PIN, or another one with the old one; other devices are signed out then."""
    kept = await hashed(caller, member_id, form.pin, key)
    work = pins.set_first if form.old is None else pins.change

    def done(unit: Unit) -> PinSet | Declined:
        return work(unit, key=key, member_id=member_id, pin_hash=kept)

    return await with_pin(caller, done, member_id=member_id, pin=form.old, key=key)


@router.post(
    "/at-office",
    summary="Set a PIN at the office",
    response_model=PinSetShown,
    responses=refusals(
        *(MemberNotFound, OtherCommunity, BadField),
        *(refused.PinWeak, refused.PinAlreadySet, refused.OwnService),
        refused.OtherWorkerNeeded,
    ),
)
async def set_pin_at_office(
    caller: Assists, member_id: MemberId, key: Key, form: OfficePinForm
) -> PinSet:
    """Let a resident who is present set their PIN; it works at once."""
    kept = await hashed(caller, member_id, form.pin, key)
    said = form.model_dump(exclude={"pin"})
    return await caller.write(
        lambda u: pins.set_at_office(u, key=key, member_id=member_id, pin_hash=kept, **said)
    )


@router.post(
    "/reset",
    summary="Begin the reset of a PIN",
    response_model=PinSetShown,
    responses=refusals(
        *(MemberNotFound, OtherCommunity, refused.PinMissing, refused.OwnService),
        refused.OtherWorkerNeeded,
    ),
)
async def open_pin_reset(
    caller: Assists, member_id: MemberId, key: Key, form: ServiceForm
) -> PinReset:
    """Begin, face to face, the reset of a PIN; after a day a new one is set without the old."""
    said = form.model_dump()
    return await caller.write(
        lambda unit: pins.open_reset(unit, key=key, member_id=member_id, **said)
    )


@router.post(
    "/reset/cancel",
    summary="Cancel the reset of my PIN",
    responses=refusals(MemberNotFound, refused.NoPinReset),
)
async def cancel_pin_reset(caller: Own, member_id: MemberId, key: Key) -> PinKept:
    """Cancel a reset that somebody began; the old PIN stays."""
    kept = await caller.write(lambda u: pins.cancel_reset(u, key=key, member_id=member_id))
    return PinKept(member_id=kept)
