"""Uploading a journal to a running server: checked whole, stored in parts, loaded by a job."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from api.edge.wiring import Caller
from api.errors import ImportRefused
from creditbank.core.units import Unit, View
from creditbank.ledger import accounts, imports, journal
from creditbank.ledger.imports import PART_ROWS, Import, ImportState
from creditbank.ledger.journal import Plan

R = TypeVar("R")

_ON_ITS_WAY = {ImportState.READY, ImportState.LOADED}
_ROWS_TOLD = 1000


async def upload(
    caller: Caller, content: bytes, *, asset: str, allow_negative: Sequence[str], key: str
) -> Import:
    """Take a journal in and return how far it is; the same upload again is the same import.

    Raises:
        AssetNotFound: the bank has no such asset.
        BadJournal: the file is no journal.
        ImportRefused: rows are bad; nothing of it is loaded.
    """
    digest = hashlib.sha256(content).hexdigest()
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
    lines = io.StringIO(journal.decoded(content), newline="")
    plan = await caller.read(lambda view: _plan(view, lines, asset, allow_negative), patient=True)
    if plan.bad:
        raise ImportRefused(
            len(plan.bad),
            [{"line": row.line, "reason": row.reason} for row in plan.bad[:_ROWS_TOLD]],
        )
    await _store(caller, import_id, plan)
    return await caller.read(partial(imports.find, import_id=import_id))


def _plan(view: View, lines: io.StringIO, asset: str, allow_negative: Sequence[str]) -> Plan:
    known = accounts.asset(view, asset)
    return journal.plan(view, lines, asset=known, allow_negative=allow_negative)


async def _store(caller: Caller, import_id: str, plan: Plan) -> None:
    drafts = plan.drafts
    attempt = await _patiently(caller, imports.new_attempt)
    starts = range(0, len(drafts), PART_ROWS)
    for n, at in enumerate(starts):
        part = drafts[at : at + PART_ROWS]
        storing = partial(
            imports.store_part,
            import_id=import_id,
            attempt=attempt,
            n=n,
            drafts=part,
            bounds=plan.bounds,
        )
        await _patiently(caller, storing)
    ready = partial(
        imports.make_ready,
        import_id=import_id,
        attempt=attempt,
        rows=len(drafts),
        parts=len(starts),
    )
    await _patiently(caller, ready)


async def _patiently(caller: Caller, work: Callable[[Unit], R]) -> R:
    """Run a slice behind all waiting requests."""
    waiting = caller.database.writer.submit(caller.bank_id, caller.actor, work, patient=True)
    return await asyncio.wrap_future(waiting)
