"""Seats: the devices at which people in office sign in, and the cookie one is given.

The cookie's secret is made here and told to nobody else. A repeated request with the same key
gets the same answer without it: whoever lost the first answer signs in anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Request, Response

from api.edge import cookies
from api.edge.wiring import AnyCaller, Caller, bank_of, database_of
from api.errors import RoleDenied
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import sittings
from creditbank.identity.staff_sign_in import SignedIn

R = TypeVar("R")

NOBODY = Actor("anonymous", "none")
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Seat:
    """A device in front of a bank, before anybody is known there."""

    request: Request
    response: Response
    slug: str
    bank_id: int

    async def write(self, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as nobody known; the answer exists after the commit."""
        return await database_of(self.request).writer.run(self.bank_id, NOBODY, work)

    async def sit(self, sign_in: Callable[[Unit, str], SignedIn | Declined]) -> SatDown:
        """Run a sign-in with the hash of a fresh secret; the device keeps it if that began it."""
        secret = sittings.new_secret()

        def work(unit: Unit) -> tuple[SignedIn, bool] | Declined:
            done = sign_in(unit, sittings.hashed(secret))
            if isinstance(done, Declined):
                return done
            known = sittings.find(unit.connection, unit.bank_id, secret, unit.now)
            return done, known is not None

        done, fresh = await self.write(work)
        self.response.headers.update(NO_STORE)
        if fresh:
            longest_s = sittings.STAFF_LONGEST_S
            cookies.give(self.request, self.response, self.slug, secret, longest_s)
        return SatDown(done, sittings.csrf_of(secret) if fresh else None)


@dataclass(frozen=True, slots=True)
class SatDown:
    """Who signed in, and the word to send with writes: None to a repeated request."""

    signed_in: SignedIn
    csrf: str | None


async def seat_of(
    request: Request,
    response: Response,
    slug: Annotated[str, Path(description="The bank's slug.", examples=["trust"])],
    bank_id: Annotated[int, Depends(bank_of)],
) -> Seat:
    """Hand a route the device that asks."""
    return Seat(request, response, slug, bank_id)


async def clerk_of(caller: AnyCaller) -> Caller:
    """Hand a route its caller, who is somebody in office.

    Raises:
        RoleDenied: it is a resident, a till or a cashier.
    """
    if caller.principal.staff_id is None:
        raise RoleDenied(caller.actor.role, "sign in with a password")
    return caller


AtSeat = Annotated[Seat, Depends(seat_of)]
Clerk = Annotated[Caller, Depends(clerk_of)]
