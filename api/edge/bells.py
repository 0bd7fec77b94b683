"""Bells: screens that are open now look again when something of theirs was committed.

The writer rings after a commit (`Unit.ring`); a screen listens by a server-sent stream. A ring
says nothing but "look again", so nobody learns here what they may not read. Best effort: a ring
lives in this process only, and whoever listens also looks from time to time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

QUIET_S = 10
LISTENERS_MOST = 8  # of one holder: each open tab is one


class Bells:
    """Who listens for what in this process; made in the event loop that serves them."""

    def __init__(self) -> None:
        """Begin with nobody listening."""
        self._loop = asyncio.get_running_loop()
        self._ears: dict[tuple[int, str], set[asyncio.Event]] = defaultdict(set)
        self._closed = False

    def ring(self, bank_id: int, holder_ids: Iterable[str]) -> None:
        """Wake the screens of these holders; to be called from any thread."""
        heard = [one for one in holder_ids if (bank_id, one) in self._ears]
        if heard:
            with suppress(RuntimeError):  # the loop has ended, and nobody listens any more
                self._loop.call_soon_threadsafe(self._wake, bank_id, heard)

    def _wake(self, bank_id: int, holder_ids: list[str]) -> None:
        for one in holder_ids:
            for ear in self._ears.get((bank_id, one), ()):
                ear.set()

    async def listen(self, bank_id: int, holder_id: str) -> AsyncIterator[bool]:
        """Yield True at each ring, False after every quiet while, until the server stops.

        One listener more than a holder may have hears nothing at all.
        """
        ear, ears = asyncio.Event(), self._ears[bank_id, holder_id]
        if len(ears) >= LISTENERS_MOST:
            return
        ears.add(ear)
        try:
            while not self._closed:
                try:
                    await asyncio.wait_for(ear.wait(), QUIET_S)
                except TimeoutError:
                    yield False
                else:
                    ear.clear()
                    if not self._closed:
                        yield True
        finally:
            ears.discard(ear)
            if not ears:
                self._ears.pop((bank_id, holder_id), None)

    def close(self) -> None:
        """Let every stream end, so that the server can stop; to be called from any thread."""
        self._closed = True
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for ears in self._ears.values():
            for ear in ears:
                ear.set()
