"""What the pages ask of the database: every statement of a request, and how SQLite would find it.

A plan is bad where a table that grows with use is read from end to end: without an index, or by
nothing more than the bank it is of.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from tests.statements import read

# Tables that stay small: what a bank sets up, not what its people do.
SMALL = frozenset(
    {
        *("bank", "installation", "asset", "category", "community", "scheme", "skill"),
        *("merchant", "till", "offer", "staff", "staff_grant", "organisation", "period", "job"),
        *("cashier", "team", "rota_week", "invitation", "role_grant"),
    }
)
GROWTH = 10_000
_STEP = re.compile(
    r"^(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?(?:INDEX|PRIMARY KEY).*?\((.*)\))?"
)


@dataclass(slots=True)
class Asked:
    """The statements of a request, with what was bound to them."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, statement: str, parameters: Any) -> None:
        """Keep one; requests run their statements in threads."""
        with self._lock:
            self.statements.append((statement, parameters))


@contextlib.contextmanager
def asked() -> Iterator[Asked]:
    """Keep what is asked of any database for the length of a with block."""
    found = Asked()

    def before(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, *_rest: Any
    ) -> None:
        if read(statement).verb in {"select", "insert", "update", "delete", "with"}:
            found.take(statement, parameters)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)


@contextlib.contextmanager
def grown(path: Path, copy: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database in which SQLite takes every table for ten thousand times as long.

    All of them are of one bank, so that its id alone finds nothing.
    """
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("ANALYZE")
        for rowid, told in target.execute("SELECT rowid, stat FROM sqlite_stat1").fetchall():
            rows, *rest = (int(one) for one in told.split() if one.isdecimal())
            many = [rows * GROWTH, *([rows * GROWTH, *rest[1:]] if rest else [])]
            said = " ".join(str(one) for one in many)
            target.execute("UPDATE sqlite_stat1 SET stat = ? WHERE rowid = ?", (said, rowid))
    source.close()
    target.close()
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        yield connection


def long_ways(
    connection: sqlite3.Connection, statement: str, parameters: Any
) -> list[tuple[str, str]]:
    """The growing tables that a statement reads from end to end, each with its step."""
    reading = read(statement)
    if reading.verb not in {"select", "with"}:
        return []
    steps = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    ordered = "limit" in reading.words() and not any("ORDER BY" in one for one in steps)
    made = {one.split()[1] for one in steps if one.startswith(("CO-ROUTINE", "MATERIALIZE"))}
    found = []
    for step in steps:
        match = _STEP.match(step)
        if (
            match is None
            or match[2] in made
            or "CONSTANT ROW" in step
            or "INTEGER PRIMARY KEY" in step
        ):
            continue
        table = reading.aliases.get(match[2], match[2])
        narrowed = (match[3] or "").replace("bank_id=?", "").strip(" AND")
        if table in SMALL or table not in SQLModel.metadata.tables or narrowed:
            continue
        if not (match[3] and ordered):
            found.append((table, step))
    return found
