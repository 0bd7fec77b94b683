"""The payment PIN at the edge: counted, then looked at in a thread, then settled."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from typing import TypeVar

from api.edge.wiring import Caller
from creditbank.core.units import Declined, Unit
from creditbank.identity import pin_digits, pins
from creditbank.identity.sign_in_errors import PhoneChangeUnproven, PinUnproven

R = TypeVar("R")

_ONE_TRY_S = 60
_pepper = secrets.token_bytes(32)
_tries: dict[bytes, asyncio.Task[None]] = {}


async def verified(caller: Caller, member_id: str, pin: str, *, key: str | None = None) -> None:
    """See that a PIN is the member's; whoever calls has seen that the caller may type it.

    With ``key`` the request of that key may rely on it for a minute (`pins.spend_proof`), and the
    same digits sent again under it, as by a double tap, are one try with one outcome.

    Raises:
        PinMissing: none is set.
        PinWaiting: it was set on a new device less than a day ago.
        PinWrong: it is another one; the try was counted.
        PinLocked: too many were wrong.
    """
    if key is None:
        await _tried(caller, member_id, pin, None)
        return
    said = repr((id(caller.database), caller.bank_id, caller.actor.id, member_id, key, pin))
    one = hashlib.blake2b(said.encode(), key=_pepper).digest()
    if one not in _tries:
        _tries[one] = asyncio.create_task(_tried(caller, member_id, pin, key))
        asyncio.get_running_loop().call_later(_ONE_TRY_S, _tries.pop, one, None)
    await asyncio.shield(_tries[one])


async def _tried(caller: Caller, member_id: str, pin: str, key: str | None) -> None:
    kept = await caller.write(lambda unit: pins.begin_try(unit, member_id))
    right = await asyncio.to_thread(pin_digits.matches, pin, kept)

    def settled(unit: Unit) -> Declined | None:
        error = pins.settle(unit, member_id, right=right, key=key)
        return None if error is None else Declined(error)

    await caller.write(settled)


async def hashed(caller: Caller, member_id: str, pin: str, key: str) -> str:
    """Return what is kept of a new PIN, made in a thread.

    Raises:
        PinWeak: it is guessed first.
    """
    return await asyncio.to_thread(
        pin_digits.hashed, caller.database.vault, pin, whose=member_id, key=key
    )


async def with_pin(
    caller: Caller,
    work: Callable[[Unit], R | Declined],
    *,
    member_id: str,
    pin: str | None,
    key: str,
) -> R:
    """Run a unit that may ask for the PIN, which is looked at only then.

    So a copy of a request finds its first outcome before anything is checked or counted (law 3).

    Raises:
        PinUnproven, PhoneChangeUnproven: the unit asks for a PIN and there is none.
        PinMissing, PinWaiting, PinWrong, PinLocked: as `verified` does.
    """
    try:
        return await caller.write(work)
    except (PinUnproven, PhoneChangeUnproven):
        if pin is None:
            raise
    await verified(caller, member_id, pin, key=key)
    return await caller.write(work)
