"""A way into a demonstration: one click makes a visitor its volunteer, cashier or organiser.

Only where the bank is a demonstration: everywhere else there is nothing here, whatever is sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from api import tokens
from api.edge.cookies import Door
from api.errors import PathUnknown
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Declined, Unit
from creditbank.identity import sittings
from creditbank.identity.roles import Role
from seeds import guests
from seeds.guests import Guest

_DEVICE = "示范 demonstration"


@dataclass(frozen=True, slots=True)
class Entered:
    """Who a visitor is now, and by what."""

    holder_id: str
    via: str


def door_of(guest: Guest) -> Door:
    """Return the door by which a guest enters."""
    doors = {Guest.VOLUNTEER: Door.RESIDENT, Guest.CASHIER: Door.TILL}
    return doors.get(guest, Door.OFFICE)


def new_secret(guest: Guest) -> str:
    """Return a fresh secret for the cookie of a guest."""
    return tokens.new_secret() if guest is Guest.CASHIER else sittings.new_secret()


def become(unit: Unit, *, guest: Guest, key: str, secret: str) -> bool | Declined:
    """Let a visitor be a guest; tell whether the secret is in force, which a copy's never is.

    Declines:
        PathUnknown: the bank is no demonstration, or has no such guest.
    """
    entered = enter(unit, guest=guest, key=key, secret=secret)
    if isinstance(entered, Declined):
        return entered
    if guest is Guest.CASHIER:
        return tokens.find(unit.connection, unit.bank_id, secret, unit.now) is not None
    return sittings.find(unit.connection, unit.bank_id, secret, unit.now) is not None


@keyed
def enter(
    unit: Unit,
    *,
    guest: Guest,
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret: Unsaid[str],
) -> Entered:
    """Let a visitor be a guest, and see that there is something to do today.

    Raises:
        PathUnknown: the bank is no demonstration, or has no such guest.
    """
    if not unit.bank.demonstration:
        raise PathUnknown
    holder_id = guests.holder(unit, guest)
    if holder_id is None:
        raise PathUnknown
    guests.publish_needs(unit)
    if guest is Guest.CASHIER:
        return Entered(holder_id, _token(unit, holder_id, secret))
    sitting_id = sittings.begin(
        unit,
        holder_id=holder_id,
        secret_hash=sittings.hashed(secret),
        device=_DEVICE,
        staff=guest is not Guest.VOLUNTEER,
        second_factor=guest is not Guest.VOLUNTEER,
    )
    return Entered(holder_id, sitting_id)


def _token(unit: Unit, till_id: str, secret: str) -> str:
    made = tokens.write(
        unit,
        role=Role.TILL,
        secret_hash=tokens.hashed(secret),
        label=_DEVICE,
        member_id=None,
        till_id=till_id,
        staff_id=None,
        community_id=None,
        merchant_id=None,
        ends_at=None,
    )
    return made.token_id
