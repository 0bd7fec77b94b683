"""Rate limits: so many of one kind in a minute, counted by who asks or by what is asked about.

A limit is a bucket of tokens per name: each request takes one, and they come back evenly. It is
kept by one instant per name, in the memory of this process: a restart forgives, and two servers
give twice as much. What must never be forgiven (codes, PINs) is counted in the database.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from fastapi import Depends, Request

from api.edge import proxies
from api.edge.openapi import refusals
from api.edge.wiring import database_of
from api.errors import RateLimited

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_NAMES_MOST = 50_000

LIMITED = refusals(RateLimited)


class RateLimit:
    """One limit for many names: ``per_minute`` in the long run, ``burst`` of them at once."""

    def __init__(
        self, *, per_minute: int, burst: int | None = None, names_most: int = _NAMES_MOST
    ) -> None:
        """Start with a full bucket for everyone."""
        assert per_minute > 0, "a limit lets something through"
        self._every = _MINUTE / per_minute
        self._whole = self._every * (burst or per_minute)
        self._names_most = names_most
        self._full_again: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def take(self, name: str, now: datetime) -> RateLimited | None:
        """Take one token of a name; returns the refusal if it has none left.

        A refused try costs nothing. A clock that was set back makes nobody wait longer than an
        empty bucket does.
        """
        with self._lock:
            full_again = self._full_again.get(name, now)
            full_again = min(max(full_again, now), now + self._whole) + self._every
            wait = full_again - now - self._whole
            if wait > timedelta(0):
                return RateLimited(-(-wait // _SECOND))
            self._full_again[name] = full_again
            if len(self._full_again) > self._names_most:
                self._sweep(now)
            return None

    def _sweep(self, now: datetime) -> None:
        """Forget full buckets; of too many others, the fuller half."""
        busy = {name: at for name, at in self._full_again.items() if at > now}
        if len(busy) > self._names_most // 2:
            longest = sorted(busy, key=busy.__getitem__)[-(self._names_most // 2) :]
            busy = {name: busy[name] for name in longest}
        self._full_again = busy


class Limits:
    """The limits of one app, by what they limit."""

    def __init__(self) -> None:
        """Start with none; each is made when it is first asked for."""
        self._known: dict[str, RateLimit] = {}

    def take(
        self, what: str, name: str, now: datetime, *, per_minute: int, burst: int | None = None
    ) -> None:
        """Take one token of a name from the limit of a kind.

        Raises:
            RateLimited: there is none left.
        """
        if what not in self._known:
            self._known[what] = RateLimit(per_minute=per_minute, burst=burst)
        refused = self._known[what].take(name, now)
        if refused is not None:
            raise refused


def spend(
    request: Request, what: str, name: str, *, per_minute: int, burst: int | None = None
) -> None:
    """Count a request by what it is about: ``spend(request, "code", phone, per_minute=3)``.

    Call it in a route, before the work, once the body is known. The name stays in memory and is
    never logged.

    Raises:
        RateLimited: too many of this kind about this name; the answer is 429 with Retry-After.
    """
    limits: Limits = request.app.state.limits
    now = database_of(request).clock.now()
    limits.take(what, name, now, per_minute=per_minute, burst=burst)


def limited(what: str, *, per_minute: int, burst: int | None = None) -> Any:
    """Return the dependency that counts requests of a kind by the client's address.

    ``limited(what: str, *, per_minute: int, burst: int | None = None)`` stands in a route's list,
    with `LIMITED` among its answers::

        @router.post(
            "/sign-in",
            dependencies=[limited("sign-in", per_minute=10)],
            responses=refusals(CodeWrong) | LIMITED,
        )

    Routes that name the same ``what`` share one limit, that of the first one asked. The address
    is the connection's, or what a listed proxy says (`api.edge.proxies`); forged headers change
    nothing. Too many are answered 429 with Retry-After.
    """

    async def counted(request: Request) -> None:
        name = proxies.name_of(request.scope)
        spend(request, what, name, per_minute=per_minute, burst=burst)

    return Depends(counted)
