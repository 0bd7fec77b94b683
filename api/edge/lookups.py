"""Look-ups of callers, gathered: what asks while one look is under way shares the next.

Every request is looked up after it has come, so that what was ended before is dead at once. But
thirty tills that ask at the same time cost one reader's turn, one snapshot and one statement, not
thirty; one till alone waits for nobody. A look that hangs, as on a dead connection, holds back
only who shares it: who asks a while later begins another one.
"""

from __future__ import annotations

import asyncio

from api.edge import callers
from api.edge.callers import Claimed, Principal
from creditbank.core.database import Database

_AT_ONCE_MOST = 256
_PATIENCE_S = 1.0


class Lookups:
    """Those of one app; it lives on the event loop, and only there."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: list[tuple[Claimed, asyncio.Future[Principal | None]]] = []
        self._looking: asyncio.Task[None] | None = None
        self._began = 0.0

    async def find(self, database: Database, claimed: Claimed) -> Principal | None:
        """Return who stands behind a secret now, or None if this bank knows nobody by it."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Principal | None] = loop.create_future()
        self._waiting.append((claimed, told))
        if self._looking is None or loop.time() > self._began + _PATIENCE_S:
            self._began = loop.time()
            self._looking = loop.create_task(self._look(database))
        return await told

    async def _look(self, database: Database) -> None:
        """Look for all who wait, until nobody does."""
        try:
            while self._waiting:
                taken = self._waiting[:_AT_ONCE_MOST]
                del self._waiting[:_AT_ONCE_MOST]
                self._began = asyncio.get_running_loop().time()
                found, error = await _found(database, {claimed for claimed, _ in taken})
                for claimed, told in taken:
                    if told.done():  # whoever asked has gone
                        continue
                    if error is None:
                        told.set_result(found.get(claimed))
                    else:
                        told.set_exception(error)
        finally:
            if self._looking is asyncio.current_task():
                self._looking = None


async def _found(
    database: Database, asked: set[Claimed]
) -> tuple[dict[Claimed, Principal], Exception | None]:
    now = database.clock.now()
    try:
        look = database.reader.submit_install(lambda c: callers.of_all(c, asked, now))
        return await asyncio.wrap_future(look), None
    except Exception as error:  # noqa: BLE001 - each who asked is told
        return {}, error
