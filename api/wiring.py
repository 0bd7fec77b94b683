"""What a route is handed: the caller, the bank, and the two ways into the database.

Order of a request: authentication, right, idempotency key, form of the body, then the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import tokens
from api.auth import Right, may
from api.errors import CallerSuspended, RoleDenied, TokenMissing, TokenUnknown
from api.forms import MemberId
from api.tokens import Role, Token
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.errors import BankNotFound, KeyMissing
from creditbank.core.keys import KEY_LENGTH
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.people.errors import MemberNotFound

R = TypeVar("R")

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token of this bank, made with `creditbank token create`.",
)


def database_of(request: Request) -> Database:
    """Return the database this app was opened with."""
    return cast("Database", request.app.state.database)


async def bank_of(
    request: Request,
    slug: Annotated[str, Path(description="The bank's slug.", examples=["trust"])],
) -> int:
    """Return the id of the bank in the path; a slug keeps its id for ever."""
    known = cast("dict[str, int]", request.app.state.bank_ids)
    if slug not in known:
        if "\0" in slug:
            raise BankNotFound("?")
        look = database_of(request).reader.submit_install(lambda c: banks.find(c, slug))
        known[slug] = (await asyncio.wrap_future(look)).bank_id
    return known[slug]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, at which bank, and how to read and write as them."""

    database: Database
    bank_id: int
    token: Token

    @property
    def actor(self) -> Actor:
        """What units record."""
        return Actor(self.token.holder_id, self.token.role, self.token.member_id)

    @property
    def member_id(self) -> str:
        """The member this token acts for; only asked where the right says there is one."""
        assert self.token.member_id is not None, "the right names a member"
        return self.token.member_id

    @property
    def till_id(self) -> str:
        """The till this token acts at; only asked where the right says there is one."""
        assert self.token.till_id is not None, "the right names a till"
        return self.token.till_id

    def may(self, right: Right) -> bool:
        """Tell whether this caller's role includes a right."""
        return may(self.token.role, right)

    def on_behalf_of(self, member_id: str | None) -> str | None:
        """Return whom a write is for: a member acts for oneself, staff for whom they name.

        Raises:
            MemberNotFound: a member names somebody else.
        """
        own = self.token.member_id if self.token.role is Role.MEMBER else None
        if own is not None and member_id not in {None, own}:
            raise MemberNotFound(str(member_id))
        return own or member_id

    async def write(self, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as this caller; the answer exists after the commit."""
        return await self.database.writer.run(self.bank_id, self.actor, work)

    async def read(self, look: Callable[[View], R], *, patient: bool = False) -> R:
        """Run one view of this bank; ``patient`` for a look at the whole books."""
        return await self.database.reader.run(self.bank_id, look, patient=patient)


async def _token(
    request: Request,
    bank_id: Annotated[int, Depends(bank_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Find out who calls."""
    if credentials is None:
        raise TokenMissing
    database, secret = database_of(request), credentials.credentials
    look = database.reader.submit_install(lambda c: tokens.find(c, bank_id, secret))
    return Caller(database, bank_id, _acting(await asyncio.wrap_future(look)))


def _acting(known: tokens.Known | None) -> Token:
    """Return the token of someone who may act.

    A suspended till may still ask what became of its requests: the engine refuses the rest.

    Raises:
        TokenUnknown: this bank has no such token.
        CallerSuspended: the member behind it is suspended.
    """
    if known is None:
        raise TokenUnknown
    if not known.active:
        raise CallerSuspended
    return known.token


def having(*rights: Right) -> Any:
    """Return the dependency that hands a route its caller, if their role has one of the rights."""

    async def caller(caller: Annotated[Caller, Depends(_token)]) -> Caller:
        if not any(may(caller.token.role, right) for right in rights):
            raise RoleDenied(caller.token.role, rights[0])
        return caller

    return Depends(caller)


def of_member(right_of_staff: Right | None) -> Any:
    """Return the dependency of routes about one member: that member, or staff with a right.

    To a member anyone else does not exist; None keeps staff out, too.
    """

    async def caller(member_id: MemberId, caller: Annotated[Caller, Depends(_token)]) -> Caller:
        if caller.token.role is Role.MEMBER:
            if member_id != caller.member_id:
                raise MemberNotFound(member_id)
        elif right_of_staff is None or not may(caller.token.role, right_of_staff):
            raise RoleDenied(caller.token.role, right_of_staff or Right.ACT_AS_MEMBER)
        return caller

    return Depends(caller)


async def key_of(
    idempotency_key: Annotated[
        str | None,
        Header(
            description=(
                "Names this write for ever: the same key with the same content gives the first "
                "outcome again, with other content it is refused. 16–255 visible characters."
            ),
            examples=["till-7-20260301-000123"],
        ),
    ] = None,
) -> str:
    """Return the idempotency key of a write.

    Raises:
        KeyMissing: there is none, or it is too short, too long or not visible characters.
    """
    key = idempotency_key or ""
    if len(key) not in KEY_LENGTH or not all("!" <= sign <= "~" for sign in key):
        raise KeyMissing
    return key


Key = Annotated[str, Depends(key_of)]
AnyCaller = Annotated[Caller, Depends(_token)]
