"""What is asked of the database, and how SQLite and PostgreSQL would find it in a big bank.

A plan is bad where a table that grows with use is read from end to end: without an index, or by
nothing more than the bank it is of. A walk along an index that a LIMIT ends is no such reading.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from creditbank.core.engines import is_sqlite, sqlite_path
from tests import postgres
from tests.statements import OF_NO_BANK, read

# Tables that stay small: what a bank sets up, uploads or decides as one, not what its people do.
SMALL = frozenset(
    {
        *("bank", "installation", "asset", "category", "community", "scheme", "skill"),
        *("merchant", "till", "offer", "staff", "staff_grant", "organisation", "period", "job"),
        *("cashier", "team", "rota_week", "invitation", "role_grant"),
        *("till_turn", "staff_login", "recovery_code"),
        *("arrival", "arrival_part", "import_file", "import_part", "handout", "summed_day"),
    }
)
# The end of an index, which SQLite does not tell from the whole of it.
_LATEST = {"transfer": "( select max ( transfer . recorded_at )"}
# Indexes of so few rows that all of them may be read: of the addresses those of funds.
NARROW = frozenset({"ix_account_fund"})
GROWTH = 10_000
ROWS = 2_000_000  # of a growing table on PostgreSQL, of which sixty fill a page
_PAGES = ROWS // 60
_FEW = 60
_PAGE = 8192
_STEP = re.compile(
    r"^(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?(?:INDEX|PRIMARY KEY) ?(\w*).*?\((.*)\))?"
)
_READS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"}
_READ_WHOLE = {"Sort", "Hash", "Aggregate", "Materialize", "WindowAgg", "Unique"}


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
        _connection: Connection,
        _cursor: Any,
        statement: str,
        parameters: Any,
        _context: Any,
        executemany: bool,
    ) -> None:
        if read(statement).verb in {"select", "insert", "update", "delete", "with"}:
            found.take(statement, parameters[0] if executemany else parameters)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)


class Planner(Protocol):
    """A database that tells how it would find something in a big bank."""

    @property
    def connection(self) -> Any:
        """The connection to it, for SQL of one's own."""

    def long_ways(self, statement: str, parameters: Any) -> list[tuple[str, str]]:
        """Return the growing tables that a statement reads from end to end, each with its step."""


def grows(table: str) -> bool:
    """Whether a table grows with use."""
    return table in SQLModel.metadata.tables and table not in SMALL


@dataclass(frozen=True, slots=True)
class Sqlite:
    """SQLite, and what it would do in a file that it takes for big."""

    connection: sqlite3.Connection

    def long_ways(self, statement: str, parameters: Any) -> list[tuple[str, str]]:
        """Return the growing tables that a statement reads from end to end, each with its step."""
        reading = read(statement)
        rows = self.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[-1] for row in rows]
        ordered = "limit" in reading.words() and "USE TEMP B-TREE FOR ORDER BY" not in steps
        made = {one.split()[1] for one in steps if one.startswith(("CO-ROUTINE", "MATERIALIZE"))}
        found = []
        for step in steps:
            match = _STEP.match(step)
            if (
                match is None
                or match[2] in made
                or match[3] in NARROW
                or "CONSTANT ROW" in step
                or "INTEGER PRIMARY KEY" in step
            ):
                continue
            table = reading.aliases.get(match[2], match[2])
            narrowed = (match[4] or "").replace("bank_id=?", "").strip(" AND")
            if _LATEST.get(table, step) in reading.words():
                continue
            if grows(table) and not narrowed and not ("INDEX" in step and ordered):
                found.append((table, step))
        return found


# What ANALYZE says nothing of, because nothing is in it yet: each value of a column in one row.
_UNKNOWN = """
SELECT m.tbl_name, m.name, replace(hex(zeroblob(count(*) - 1)), '00', ' 1')
FROM sqlite_schema m JOIN pragma_index_info(m.name) WHERE m.type = 'index'
AND m.name NOT IN (SELECT idx FROM sqlite_stat1) GROUP BY 1, 2
"""


@contextlib.contextmanager
def grown(path: Path, copy: Path) -> Iterator[sqlite3.Connection]:
    """A copy of a database in which SQLite takes every table for ten thousand times as long.

    All of them are of one bank, so that its id alone finds nothing.
    """
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)
        target.execute("ANALYZE")
        empty = [one for one in target.execute(_UNKNOWN) if grows(one[0])]
        target.executemany("INSERT INTO sqlite_stat1 VALUES (?, ?, '1 1' || ?)", empty)
        known = "SELECT rowid, tbl, stat FROM sqlite_stat1"
        for rowid, table, told in target.execute(known).fetchall():
            rows, *rest = (int(one) for one in told.split() if one.isdecimal())
            if rest and table not in OF_NO_BANK:
                rest[0] = rows * GROWTH
            many = [rows * GROWTH, *rest]
            said = " ".join(str(one) for one in many)
            target.execute("UPDATE sqlite_stat1 SET stat = ? WHERE rowid = ?", (said, rowid))
    source.close()
    target.close()
    with contextlib.closing(sqlite3.connect(copy, cached_statements=0)) as connection:
        yield connection


@dataclass(frozen=True, slots=True)
class Postgres:
    """PostgreSQL, and what it would do in a database that it takes for big."""

    connection: psycopg.Connection[Any]

    def long_ways(self, statement: str, parameters: Any) -> list[tuple[str, str]]:
        """Return the growing tables that a statement reads from end to end, each with its step."""
        row = self.connection.execute(
            f"EXPLAIN (FORMAT JSON) {statement}", parameters or None
        ).fetchone()
        assert row is not None
        told = row[0] if isinstance(row[0], list) else json.loads(row[0])
        return list(_walked(told[0]["Plan"], ends=False))


def _walked(node: dict[str, Any], *, ends: bool, table: str = "") -> Iterator[tuple[str, str]]:
    """The long ways of a plan; what is above a step `ends` when it has its first rows."""
    kind = node["Node Type"]
    if node.get("Index Name") in NARROW:
        return
    table = node.get("Relation Name", table if kind.startswith("Bitmap") else "")
    condition = str(node.get("Index Cond", ""))
    if kind in _READS and grows(table):
        narrowed = _columns(condition, table) - {"bank_id"}
        if not narrowed and not (ends and kind.startswith("Index")):
            yield table, f"{kind} of {table} {condition or node.get('Filter', '')}"
    ends = (ends or kind == "Limit") and kind not in _READ_WHOLE
    for below in node.get("Plans", ()):
        in_step = kind == "Merge Join" or below["Parent Relationship"] in {"Outer", "Member"}
        yield from _walked(below, ends=ends and in_step, table=table)


def _columns(condition: str, table: str) -> set[str]:
    """The columns of a table that an index is asked by."""
    bare = re.sub(r"'(?:[^']|'')*'|\w+\.\w+", "", condition)
    return set(re.findall(r"\w+", bare)) & set(SQLModel.metadata.tables[table].columns.keys())


@contextlib.contextmanager
def grown_postgres(server: postgres.Server) -> Iterator[psycopg.Connection[Any]]:
    """A database in which PostgreSQL takes every growing table for one of millions of rows.

    It asks a file how long it is, so the files of the tables become long, and are empty inside;
    how many rows fill a page, and how many values a column has, stand where ANALYZE writes them.
    All rows are of one bank, so that its id alone finds nothing. Texts are sorted as in a
    dictionary, so that the index of a text is none of its beginnings.
    """
    with _connected(server.admin_url) as connection:
        connection.execute(_CREATE)
    url = server.url(_GROWN, "postgres")
    try:
        owner = create_engine(url)
        SQLModel.metadata.create_all(owner)
        owner.dispose()
        with _connected(url) as connection:
            _grow(connection)
            yield connection
    finally:
        server.drop_database(_GROWN)


def _connected(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(), autocommit=True)


def _grow(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    for table, path in connection.execute(_RELATIONS).fetchall():
        if grows(table):
            os.truncate(Path(row[0], path), _PAGES * _PAGE)
    connection.execute(_INSTANTS)
    connection.execute("ANALYZE instants")
    for table, columns in SQLModel.metadata.tables.items():
        rows, pages = (ROWS, _PAGES) if grows(table) else (_FEW, 1)
        connection.execute(_SIZE, {"table": table, "rows": rows, "pages": pages})
        many = {one.name: _distinct(one, rows) for one in columns.columns}
        connection.execute(_VALUES, {"table": table, "many": json.dumps(many)})


@contextlib.contextmanager
def planner(request: pytest.FixtureRequest, url: URL, folder: Path) -> Iterator[Planner]:
    """What a big database of this kind would do; PostgreSQL is asked in one of its own."""
    if is_sqlite(url):
        with grown(sqlite_path(url), folder / "grown.db") as file:
            yield Sqlite(file)
    else:
        with grown_postgres(request.getfixturevalue("postgres_server")) as connection:
            yield Postgres(connection)


_GROWN = "grown"
_CREATE = f"""
CREATE DATABASE {_GROWN} TEMPLATE template0
LOCALE_PROVIDER libc LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'
"""
_RELATIONS = """
SELECT coalesce(t.relname, c.relname), pg_relation_filepath(c.oid) FROM pg_class c
LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
"""
_SIZE = """
UPDATE pg_class SET reltuples = %(rows)s, relpages = %(pages)s WHERE oid = %(table)s::regclass
OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass)
"""
# Ten years of instants, evenly; what is asked for is mostly later than nearly all of them.
_INSTANTS = """
CREATE TABLE instants AS SELECT generate_series(
  timestamptz '2016-03-01', timestamptz '2026-03-01', interval '1 day') AS at
"""
_VALUES = """
INSERT INTO pg_statistic
SELECT c.attrelid, c.attnum, false, CASE WHEN c.attnotnull THEN 0 ELSE 0.5 END, 16,
  (%(many)s::json ->> c.attname)::real,
  coalesce(s.stakind1, 0), coalesce(s.stakind2, 0), 0, 0, 0,
  coalesce(s.staop1, 0), coalesce(s.staop2, 0), 0, 0, 0,
  coalesce(s.stacoll1, 0), coalesce(s.stacoll2, 0), 0, 0, 0,
  s.stanumbers1, s.stanumbers2, NULL, NULL, NULL, s.stavalues1, s.stavalues2, NULL, NULL, NULL
FROM pg_attribute c LEFT JOIN pg_statistic s
ON s.starelid = 'instants'::regclass AND c.atttypid = 'timestamptz'::regtype
WHERE c.attrelid = %(table)s::regclass AND c.attnum > 0 AND NOT c.attisdropped
"""
# Columns of a few words each, and those of states: what is asked for is never where most rows end.
# All others say something of their own in one row of five.
_WORDS = {"asset_code": 20, "category": 20, "kind": 20, "role": 20, "what": 20}
_STATES = dict.fromkeys(("state", "status", "stored_state"), 1000)


def _distinct(column: Any, rows: int) -> float:
    """How many values a column has in a big bank: a share of its rows where that is negative."""
    if column.name == "bank_id":
        return 1
    if any(not grows(one.column.table.name) for one in column.foreign_keys):
        return min(_FEW, rows)
    return (_WORDS | _STATES).get(column.name, -0.2)
