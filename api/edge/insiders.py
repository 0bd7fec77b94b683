"""Who may read the description of the API: anybody while it is tried out, insiders in production.

An insider is whoever any bank of this server knows, by token or by cookie, whatever the role.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from fastapi import Request
from sqlalchemy import Connection

from api.edge import callers, cookies
from api.edge.callers import Principal
from api.edge.wiring import database_of
from api.errors import CallerSuspended, TokenMissing, TokenUnknown
from api.settings import Settings
from creditbank.core import banks

_BEARER = "bearer"


async def admit(request: Request) -> None:
    """Let a request pass if its sender may read the description.

    Raises:
        TokenMissing: there is neither a token nor a cookie of ours.
        TokenUnknown: no bank knows it.
        CallerSuspended: whoever stands behind it is suspended.
    """
    settings: Settings = request.app.state.settings
    if not settings.production:
        return
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != _BEARER and not request.cookies:
        raise TokenMissing
    secret = token.strip() if kind.lower() == _BEARER else None
    database = database_of(request)
    now = database.clock.now()
    look = database.reader.submit_install(lambda c: _find(c, request, secret, now))
    found = await asyncio.wrap_future(look)
    if found is None:
        raise TokenUnknown
    if not found.active:
        raise CallerSuspended


def _find(
    connection: Connection, request: Request, token: str | None, now: datetime
) -> Principal | None:
    """Ask each bank in turn; a cookie is asked of its own bank only."""
    for bank in banks.every(connection):
        cookie = None if token is not None else cookies.read(request, bank.slug)
        if token is not None:
            found = callers.of_token(connection, bank.bank_id, token, now)
        elif cookie is not None:
            found = callers.of_cookie(connection, bank.bank_id, cookie, now)
        else:
            found = None
        if found is not None:
            return found
    return None
