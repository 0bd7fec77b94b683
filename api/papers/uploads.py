"""Uploading a journal to a running server: checked whole, stored in parts, loaded by a job.

The file goes to disk as it arrives, and is checked there off the event's loop, some rows at a
time, so a file of any size takes the same memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterable, Callable, Sequence
from functools import partial
from typing import BinaryIO, TypeVar

from api.edge.wiring import Caller
from api.errors import ImportRefused
from creditbank.core.pace import Pace
from creditbank.core.units import Unit, View
from creditbank.ledger import accounts, imports, journal, plans
from creditbank.ledger.imports import PART_ROWS, Import, ImportState
from creditbank.ledger.plans import Plan

R = TypeVar("R")

_ON_ITS_WAY = {ImportState.READY, ImportState.LOADED}
_CHUNK = 1 << 20
_PACE = Pace(2 * PART_ROWS, most=5_000)


async def upload(
    caller: Caller,
    content: AsyncIterable[bytes],
    *,
    asset: str,
    allow_negative: Sequence[str],
    key: str,
) -> Import:
    """Take a journal in and return how far it is; the same upload again is the same import.

    Raises:
        AssetNotFound: the bank has no such asset.
        BadJournal: the file is no journal.
        ImportRefused: rows are bad; nothing of it is loaded.
    """
    with tempfile.TemporaryFile() as file:
        digest = await _received(content, file)
        opening = partial(
            imports.open_import,
            asset=asset,
            digest=digest,
            allow_negative=tuple(allow_negative),
            key=key,
        )
        import_id = await caller.write(opening)
        one = await caller.read(partial(imports.find, import_id=import_id))
        if one.state in _ON_ITS_WAY or one.parts:
            return one
        await asyncio.to_thread(_take_in, caller, import_id, file, asset, allow_negative)
    return await caller.read(partial(imports.find, import_id=import_id))


async def _received(content: AsyncIterable[bytes], file: BinaryIO) -> str:
    """Write what arrives to a file, and return its hash."""
    digest, waiting = hashlib.sha256(), bytearray()

    async def write() -> None:
        digest.update(waiting)
        await asyncio.to_thread(file.write, bytes(waiting))
        waiting.clear()

    async for chunk in content:
        waiting += chunk
        if len(waiting) >= _CHUNK:
            await write()
    await write()
    return digest.hexdigest()


def _take_in(
    caller: Caller, import_id: str, file: BinaryIO, asset: str, allow_negative: Sequence[str]
) -> None:
    """Check a whole file, then store its rows; in a thread of its own.

    Raises:
        BadJournal: the file is no journal.
        ImportRefused: rows are bad.
    """

    def look(ask: Callable[[View], R]) -> R:
        return caller.database.reader.submit(caller.bank_id, ask, patient=True).result()

    known, zone = look(lambda view: (accounts.asset(view, asset), view.bank.zone))
    lines = journal.lines_of(file)
    with plans.make(
        lines, asset=known, zone=zone, look=look, allow_negative=allow_negative
    ) as plan:
        if plan.bad_found:
            raise ImportRefused(
                plan.bad_found, [{"line": row.line, "reason": row.reason} for row in plan.bad]
            )
        _store(caller, import_id, plan)


def _store(caller: Caller, import_id: str, plan: Plan) -> None:
    attempt = _patiently(caller, imports.new_attempt)
    last, first = 0, 0
    while checked := plan.after(last, max(1, _PACE.size // PART_ROWS) * PART_ROWS):
        storing = partial(
            imports.store_parts,
            import_id=import_id,
            attempt=attempt,
            first=first,
            checked=checked,
        )
        first += _patiently(caller, _timed(storing, len(checked.drafts)))
        last = checked.last
    ready = partial(
        imports.make_ready,
        import_id=import_id,
        attempt=attempt,
        rows=plan.rows,
        parts=first,
    )
    forget = partial(imports.forget_parts, import_id=import_id, attempt=attempt)
    over = _patiently(caller, ready)
    while not over:
        over = _patiently(caller, forget)


def _timed(work: Callable[[Unit], R], count: int) -> Callable[[Unit], R]:
    def timed(unit: Unit) -> R:
        with _PACE.timed(count):
            return work(unit)

    return timed


def _patiently(caller: Caller, work: Callable[[Unit], R]) -> R:
    """Run a slice behind all waiting requests."""
    return caller.database.writer.submit(caller.bank_id, caller.actor, work, patient=True).result()
