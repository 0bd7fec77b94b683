"""Changing the phone one signs in with, for programs and for the pages; the old phone is told."""

from __future__ import annotations

from fastapi import Request

from api import senders
from api.edge.wiring import Caller
from api.pin_checks import with_pin
from creditbank.core.units import Declined, Unit
from creditbank.identity import phones
from creditbank.identity.phones import PhoneChanged
from creditbank.people import persons

_TEXT = (
    "您的登录手机号已更改，此号码不再用于登录。如非本人操作，请立即联系社区。"
    " The phone you sign in with was changed. If that was not you, tell the office at once."
)


async def change(
    request: Request, caller: Caller, *, member_id: str, pin: str | None, key: str, **said: str
) -> PhoneChanged:
    """Let a member sign in with another phone; ``said`` is what `phones.change` is told.

    Raises:
        MemberNotFound, MemberSuspended, BadField, PhoneTaken, PhoneChangeUnproven, CodeWrong,
        CodeTriesOver, CodeOver: as `phones.change`.
        PinMissing, PinWaiting, PinWrong, PinLocked: as `pin_checks.verified`.
    """
    before = await caller.read(lambda view: persons.find(view, member_id).phone)

    def changed(unit: Unit) -> PhoneChanged | Declined:
        return phones.change(unit, key=key, member_id=member_id, **said)

    done = await with_pin(caller, changed, member_id=member_id, pin=pin, key=key)
    if before is not None and before != persons.normal_phone(said["phone"]):
        await senders.try_to_deliver(request, before, _TEXT)
    return done
