"""Imports through a running server: a checked journal is stored in parts, then loaded by a job.

A slice stores or loads as many parts as keep no till waiting (`creditbank.core.pace`), in one set.
States: storing → ready → loaded | stopped; a stopped import says why, and goes on where it stopped
when it is resumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, bindparam, delete, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import NotFound, Refused
from creditbank.core.keys import keyed
from creditbank.core.pace import Pace
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, Posting
from creditbank.ledger import accounts, walks
from creditbank.ledger.chart import Bounds, Kind
from creditbank.ledger.plans import Slice
from creditbank.ledger.posting import Draft, places_of

PART_ROWS = 100
FORGOTTEN_AT_ONCE = 50
_LINE = 7
PACE = Pace(PART_ROWS, most=5_000)


class ImportState(StrEnum):
    """Where an import stands."""

    STORING = "storing"
    READY = "ready"
    LOADED = "loaded"
    STOPPED = "stopped"


@dataclass(eq=False)
class ImportNotFound(NotFound):
    """No such import in this bank."""

    slug = "import-not-found"
    zh = "没有这次导入"
    en = "There is no such import"
    import_id: str


@dataclass(eq=False)
class ImportNotStopped(Refused):
    """Only an import that stopped half-way can be resumed."""

    slug = "import-not-stopped"
    zh = "这次导入不在停止状态（{state}），无需继续"
    en = "This import is not stopped ({state}), so it cannot be resumed"
    import_id: str
    state: str


class ImportRow(OfBank, table=True):
    """One journal on its way into the books."""

    __tablename__ = "import_file"
    __table_args__ = (within_bank(["asset_code"], "asset", ["code"]),)

    import_id: str = Field(primary_key=True, max_length=40)
    asset_code: str = Field(max_length=16)
    digest: str = Field(max_length=64)
    rows: int
    parts: int
    parts_loaded: int
    rows_loaded: int
    state: str = Field(max_length=16)
    attempt: str | None = Field(max_length=40)
    reason: str | None = Field(max_length=400)
    opened_by: str = Field(max_length=64)
    opened_at: datetime = Field(sa_type=UtcDateTime)


class ImportPartRow(OfBank, table=True):
    """A part that waits to be loaded; it is deleted in the unit that loads it."""

    __tablename__ = "import_part"
    __table_args__ = (within_bank(["import_id"], "import_file", ["import_id"]),)

    import_id: str = Field(primary_key=True, max_length=40)
    attempt: str = Field(primary_key=True, max_length=40)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: Any = Field(sa_type=JSON)


files = table(ImportRow)
parts = table(ImportPartRow)


@dataclass(frozen=True, slots=True)
class Import:
    """How far an import is."""

    import_id: str
    asset: str
    state: ImportState
    rows: int
    rows_loaded: int
    parts: int
    parts_loaded: int
    reason: str | None


@keyed
def open_import(
    unit: Unit,
    *,
    asset: str,
    digest: str,
    allow_negative: Sequence[str],  # noqa: ARG001 - part of what one key means
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Announce a journal and return the import's id; ``digest`` is the SHA-256 of the file.

    Raises:
        AssetNotFound: the bank has no such asset.
    """
    accounts.asset(unit, asset)
    import_id = unit.new_id("imp")
    unit.run(
        insert(files),
        {
            "bank_id": unit.bank_id,
            "import_id": import_id,
            "asset_code": asset,
            "digest": digest,
            "rows": 0,
            "parts": 0,
            "parts_loaded": 0,
            "rows_loaded": 0,
            "state": ImportState.STORING,
            "attempt": None,
            "reason": None,
            "opened_by": unit.actor.id,
            "opened_at": unit.now,
        },
    )
    return import_id


def new_attempt(unit: Unit) -> str:
    """Return the name of one attempt to store an import; another one may run beside it."""
    return unit.new_id("att")


def store_parts(unit: Unit, *, import_id: str, attempt: str, first: int, checked: Slice) -> int:
    """Keep the next rows of a checked journal in parts from number ``first`` on; return how many.

    Every part has the bounds of the names that are new in it.
    """
    rows = [
        {
            "bank_id": unit.bank_id,
            "import_id": import_id,
            "attempt": attempt,
            "n": first + n,
            "content": _content(checked, at),
        }
        for n, at in enumerate(range(0, len(checked.drafts), PART_ROWS))
    ]
    unit.run(insert(parts), rows)
    return len(rows)


def _content(checked: Slice, at: int) -> dict[str, Any]:
    drafts = checked.drafts[at : at + PART_ROWS]
    return {
        "drafts": [
            [
                draft.kind,
                draft.key,
                draft.occurred_at.isoformat(),
                draft.postings[0].source,
                draft.postings[0].destination,
                draft.postings[0].amount.units,
                draft.postings[0].amount.asset,
                line,
            ]
            for draft, line in zip(drafts, checked.lines[at:], strict=False)
        ],
        "bounds": [
            [*place, checked.bounds[place].floor, checked.bounds[place].ceiling]
            for place in sorted(places_of(drafts) & checked.bounds.keys())
        ],
    }


def make_ready(unit: Unit, *, import_id: str, attempt: str, rows: int, parts: int) -> bool:
    """Let the job load what an attempt has stored completely; only the first attempt counts.

    Who comes second (False) has to forget what it stored.
    """
    first = unit.run(
        update(files)
        .where(
            files.c.bank_id == unit.bank_id,
            files.c.import_id == import_id,
            files.c.state == ImportState.STORING,
        )
        .values(rows=rows, parts=parts, attempt=attempt, state=ImportState.READY)
    ).rowcount
    return bool(first)


def forget_parts(unit: Unit, *, import_id: str, attempt: str | None = None) -> bool:
    """Forget some parts, of an attempt or of all; returns whether there were none left."""
    of = parts.c
    which = [of.bank_id == unit.bank_id, of.import_id == import_id]
    if attempt is not None:
        which.append(of.attempt == attempt)
    rows = unit.rows(select(of.attempt, of.n).where(*which).limit(FORGOTTEN_AT_ONCE))
    _delete(unit, import_id, rows)
    return len(rows) < FORGOTTEN_AT_ONCE


def _delete(unit: Unit, import_id: str, rows: Sequence[Any]) -> None:
    if rows:
        unit.run(
            _DELETE,
            [
                {
                    "of_bank": unit.bank_id,
                    "of_import": import_id,
                    "of_attempt": row.attempt,
                    "of_n": row.n,
                }
                for row in rows
            ],
        )


_DELETE = delete(parts).where(
    parts.c.bank_id == bindparam("of_bank"),
    parts.c.import_id == bindparam("of_import"),
    parts.c.attempt == bindparam("of_attempt"),
    parts.c.n == bindparam("of_n"),
)


@keyed
def resume(unit: Unit, *, import_id: str, key: str) -> ImportState:  # noqa: ARG001 - @keyed's
    """Let the job go on with an import that stopped half-way.

    Raises:
        ImportNotFound: this bank has none of this id.
        ImportNotStopped: it is on its way, loaded, or was never stored as a whole.
    """
    one = find(unit, import_id)
    if one.state is not ImportState.STOPPED or not one.parts:
        raise ImportNotStopped(import_id, one.state)
    _set(unit, import_id, state=ImportState.READY, reason=None)
    return ImportState.READY


def load_parts(unit: Unit, *, import_id: str) -> bool:
    """Load the next parts of an import, as many as the pace says; returns whether it is loaded.

    What attempts that came second had stored is cleared away at the end, some at a time.

    Raises:
        ImportNotFound: this bank has none of this id.
        RowRefused: the books have moved since the journal was checked.
    """
    one = find(unit, import_id)
    waiting = unit.rows(
        select(parts.c.attempt, parts.c.n, parts.c.content)
        .join_from(
            files,
            parts,
            (parts.c.bank_id == files.c.bank_id)
            & (parts.c.import_id == files.c.import_id)
            & (parts.c.attempt == files.c.attempt),
        )
        .where(files.c.bank_id == unit.bank_id, files.c.import_id == import_id)
        .order_by(parts.c.n)
        .limit(max(1, PACE.size // PART_ROWS))
    )
    if not waiting:
        over = forget_parts(unit, import_id=import_id)
        if over:
            _set(unit, import_id, state=ImportState.LOADED)
        return over
    rows = [cells for row in waiting for cells in row.content["drafts"]]
    with PACE.timed(len(rows)):
        bounds = {
            (place, code): Bounds(floor, top)
            for row in waiting
            for place, code, floor, top in row.content["bounds"]
        }
        drafts = [_draft(cells) for cells in rows]
        loaded = walks.load(unit, drafts, bounds, lines=[_line(cells) for cells in rows])
        _delete(unit, import_id, waiting)
        _set(
            unit,
            import_id,
            parts_loaded=one.parts_loaded + len(waiting),
            rows_loaded=one.rows_loaded + loaded,
        )
    return False


def stop(unit: Unit, *, import_id: str, reason: str) -> None:
    """Stop an import that cannot go on, and keep why."""
    _set(unit, import_id, state=ImportState.STOPPED, reason=reason[:400])


def find(view: View, import_id: str) -> Import:
    """Return how far an import is.

    Raises:
        ImportNotFound: this bank has none of this id.
    """
    row = view.row(
        select(files).where(files.c.bank_id == view.bank_id, files.c.import_id == import_id)
    )
    if row is None:
        raise ImportNotFound(import_id)
    return Import(
        row.import_id,
        row.asset_code,
        ImportState(row.state),
        row.rows,
        row.rows_loaded,
        row.parts,
        row.parts_loaded,
        row.reason,
    )


def ready(view: View) -> list[str]:
    """Return the ids of imports that wait to be loaded, oldest first."""
    rows = view.rows(
        select(files.c.import_id)
        .where(files.c.bank_id == view.bank_id, files.c.state == ImportState.READY)
        .order_by(files.c.opened_at, files.c.import_id)
    )
    return [row.import_id for row in rows]


def _draft(cells: Sequence[Any]) -> Draft:
    kind, key, at, source, destination, units, asset = cells[:_LINE]
    posting = Posting(source, destination, Amount(units, asset))
    return Draft(Kind(kind), key, datetime.fromisoformat(at), (posting,))


def _line(cells: Sequence[Any]) -> int:
    """Return the line of a stored row; those stored by versions before had none."""
    return int(cells[_LINE]) if len(cells) > _LINE else 0


def _set(unit: Unit, import_id: str, **values: object) -> None:
    unit.run(
        update(files)
        .where(files.c.bank_id == unit.bank_id, files.c.import_id == import_id)
        .values(**values)
    )
