"""What is shown once and kept nowhere in plain: second factors to set up, recovery codes.

Only the request that made a secret is told it; to a copy of the request it is None.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from api.edge.wiring import database_of
from api.seats import Seat
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import acceptances, invitations, passwords, second_factors, staff
from creditbank.identity.invitations import Purpose
from creditbank.identity.passwords import Checked


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a link is for, and a second factor to set up; both secrets None to a copy."""

    staff_id: str
    purpose: Purpose
    needs_second_factor: bool
    secret: str | None = field(repr=False)
    uri: str | None = field(repr=False)


def uri(
    unit: Unit, begun: object, staff_id: str, secret: str, login: str = ""
) -> str | Declined | None:
    """Return the address of a second factor if it is the one begun now; None to a copy."""
    if isinstance(begun, Declined):
        return begun
    if not second_factors.pending_is(unit, staff_id, secret):
        return None
    login = login or staff.named(unit, staff_id).login or staff_id
    return second_factors.uri(secret, login=login, bank=unit.bank.name)


def codes(
    unit: Unit, done: object, staff_id: str, recovery: tuple[str, ...]
) -> list[str] | Declined | None:
    """Return recovery codes if they are those that were made now; None to a copy."""
    if isinstance(done, Declined):
        return done
    return list(recovery) if second_factors.has_recovery(unit, staff_id, recovery[0]) else None


def opened(unit: Unit, *, key: str, digest: str, secret: str) -> Opened | Declined:
    """Open a link by its hash, and show a second factor to set up with it.

    Raises:
        InvitationNotFound, InvitationOver: it does not work (any more).
    """
    found = acceptances.open_link(unit, key=key, invitation=digest, secret=secret)
    if isinstance(found, Declined):
        return found
    named = staff.named(unit, found.staff_id)
    address = uri(unit, found, found.staff_id, secret, named.login or named.name)
    assert not isinstance(address, Declined), "it was opened"
    return Opened(
        found.staff_id,
        found.purpose,
        found.needs_second_factor,
        secret if address else None,
        address,
    )


async def checked_by_link(seat: Seat, digest: str, password: str) -> Checked:
    """Compare a password with that of whom a link is for, apart from the event loop."""

    def kept(view: View) -> str | None:
        staff_id = invitations.whose(view, digest)
        return None if staff_id is None else staff.own_password(view, staff_id)

    known = await database_of(seat.request).reader.run(seat.bank_id, kept)
    return await asyncio.to_thread(passwords.checked, known, password)
