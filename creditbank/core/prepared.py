"""Prepared statements: written in SQL once for each database, and from then on only filled in.

To build a statement, find it in a cache and wrap its rows takes SQLAlchemy ten times as long as the
database takes to run it (docs/adr/0017). So whatever stands between a till and the disk is kept as
a `Prepared`: a Core statement whose values have names, sent by the driver's own cursor inside the
transaction that SQLAlchemy has opened.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from operator import attrgetter, itemgetter, methodcaller
from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, Connection, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeDecorator, TypeEngine

from creditbank.core.cursors import send
from creditbank.core.units import View

SQLITE = "sqlite"

Values = Mapping[str, Any]
_Turn = Callable[[Any], Any]
_ALL, _FIRST, _COUNT = methodcaller("fetchall"), methodcaller("fetchone"), attrgetter("rowcount")


class Prepared:
    """One statement, and how it is written for the database that runs it.

    ``build`` is a Core statement, or a function of "is it SQLite?" that returns one. Its values are
    `bindparam`s, lists among them by `among`; an INSERT without values names every column.
    """

    def __init__(self, build: Any) -> None:
        """Keep the statement; it is written when a database first asks for it."""
        self._build = build
        self._known: dict[str, _Written] = {}

    def rows(self, at: View | Connection, **values: Any) -> list[Any]:
        """Return all rows, as tuples that know the names of the columns."""
        connection, written = self._for(at)
        filled = written.filled(values)
        return written.read(send(connection, written.sql, filled, take=_ALL))

    def row(self, at: View | Connection, **values: Any) -> Any:
        """Return the first row, or None."""
        connection, written = self._for(at)
        found = send(connection, written.sql, written.filled(values), take=_FIRST)
        return None if found is None else written.read((found,))[0]

    def run(self, at: View | Connection, values: Values) -> None:
        """Run it for one set of values; nothing comes back."""
        connection, written = self._for(at)
        send(connection, written.sql, written.filled(values))

    def run_each(self, at: View | Connection, rows: Iterable[Values]) -> int:
        """Run it for each set of values; return how many rows it wrote."""
        connection, written = self._for(at)
        filled = [written.filled(row) for row in rows]
        if not filled:
            return 0
        return int(send(connection, written.sql, filled, many=True, take=_COUNT))

    def _for(self, at: View | Connection) -> tuple[Connection, _Written]:
        connection = at if isinstance(at, Connection) else at.connection
        dialect = connection.dialect
        known = self._known.get(dialect.name)
        if known is None:
            known = self._known[dialect.name] = _Written(self._build, dialect)
        return connection, known


class _Written:
    """A statement in the SQL of one database: its values in order, and what turns them."""

    def __init__(self, build: Any, dialect: Dialect) -> None:
        statement = build(dialect.name == SQLITE) if callable(build) else build
        compiled = statement.compile(dialect=_positional(dialect))
        assert isinstance(compiled, SQLCompiler), "a statement that reads or writes rows"
        names = compiled.positiontup or []
        self._constants = {
            name: one.value for name, one in compiled.binds.items() if not one.required
        }
        self.sql = str(compiled)
        self._one = names[0] if len(names) == 1 else None
        self._pick = itemgetter(*names) if names else None
        turns = [_binding(compiled.binds[name].type, dialect) for name in names]
        self._turns = [(place, turn) for place, turn in enumerate(turns) if turn is not None]
        self._row: Any
        self._columns(statement, dialect)

    def _columns(self, statement: Any, dialect: Dialect) -> None:
        told = list(copy(statement).exported_columns)  # it remembers them, and is shared
        self._row = namedtuple("Row", [one.key for one in told], rename=True)  # type: ignore[misc] # noqa: PYI024
        turns = [_reading(one.type, dialect) for one in told]
        self._read = [(place, turn) for place, turn in enumerate(turns) if turn is not None]

    def filled(self, values: Values) -> Sequence[Any]:
        """Return the values in the order of the text, as the driver takes them."""
        if self._pick is None:
            return ()
        picked = self._pick({**self._constants, **values} if self._constants else values)
        if self._one is not None:
            picked = (picked,)
        if not self._turns:
            return tuple(picked)
        cells = list(picked)
        for place, turn in self._turns:
            cells[place] = turn(cells[place])
        return cells

    def read(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Return what the driver gave as rows."""
        make = self._row._make
        if not self._read:
            return [make(cells) for cells in found]
        rows = []
        for one in found:
            cells = list(one)
            for place, turn in self._read:
                cells[place] = turn(cells[place])
            rows.append(make(cells))
        return rows


def _positional(dialect: Dialect) -> Dialect:
    """Return the dialect with its values by place instead of by name."""
    if dialect.positional:
        return dialect
    made = copy(dialect)
    made.positional, made.paramstyle = True, "format"
    return made


def _binding(of: TypeEngine[Any], dialect: Dialect) -> _Turn | None:
    return of.dialect_impl(dialect).bind_processor(dialect)


def _reading(of: TypeEngine[Any], dialect: Dialect) -> _Turn | None:
    return of.dialect_impl(dialect).result_processor(dialect, None)


class _ListOf(TypeDecorator[Sequence[Any]]):
    """A list of values as one value: an array for PostgreSQL, JSON for SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == SQLITE else ARRAY(self.item))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        return json.dumps(list(value or ())) if dialect.name == SQLITE else list(value or ())


class _Among(ColumnElement[bool]):
    type = Boolean()
    inherit_cache = False
    _is_implicitly_boolean = True  # no database needs to be asked whether it is 1

    def __init__(self, of: ColumnElement[Any], name: str) -> None:
        self.of, self.values = of, bindparam(name, type_=_ListOf(of.type))


def among(of: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column of texts or numbers is one of a list of that name.

    However long the list is, the text of the statement stays the same.
    """
    return _Among(of, name)


@compiles(_Among)
def _array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    of, values = (compiler.process(one, **how) for one in (element.of, element.values))
    return f"{of} = ANY ({values})"


@compiles(_Among, SQLITE)
def _json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    of, values = (compiler.process(one, **how) for one in (element.of, element.values))
    return f"{of} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - a column and a bound value
