"""Many rows in one statement.

PostgreSQL is sent all rows as one JSON text, which saves it and us a message for every row (arrays
cost twice as much to write, docs/adr/0017); SQLite has no messages to save and takes rows one by
one. All rows name the same columns.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Dialect,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeDecorator

from creditbank.core.cursors import say
from creditbank.core.prepared import SQLITE, Prepared
from creditbank.core.tables import skipping
from creditbank.core.units import Unit, View

Rows = Sequence[Mapping[str, Any]]
FEW = 4


def insert_all(unit: Unit, into: Table, rows: Rows) -> None:
    """Insert rows that name every column of a table."""
    if in_one(unit, rows):
        _insertion_of_many(into).run(unit, {"all_rows": rows})
    else:
        _insertion(into).run_each(unit, rows)


def insert_new(unit: Unit, into: Table, rows: Rows, *, telling: Sequence[str]) -> set[Any]:
    """Insert the rows that break no unique key, and return which: their columns ``telling``.

    A copy that another transaction is inserting is waited for. Sorted rows cannot deadlock.
    """
    told = tuple(telling)
    if in_one(unit, rows):
        found = _claim_of_many(into, told).rows(unit, all_rows=rows)
        return {row[0] if len(told) == 1 else tuple(row) for row in found}
    if len(rows) > FEW and _all_are_new(unit, into, rows):
        new = rows
    else:
        one_by_one = _claim(into, told)
        new = [values for values in rows if one_by_one.row(unit, **values) is not None]
    return {row[told[0]] if len(told) == 1 else tuple(row[name] for name in told) for row in new}


def _all_are_new(unit: Unit, into: Table, rows: Rows) -> bool:
    """Insert rows if none of them breaks a unique key; otherwise insert nothing.

    For SQLite, which tells faster how many there were than which.
    """
    say(unit.connection, "SAVEPOINT rows")
    count = _skipping(into).run_each(unit, rows)
    if count < len(rows):
        say(unit.connection, "ROLLBACK TO SAVEPOINT rows")
    say(unit.connection, "RELEASE SAVEPOINT rows")
    return count == len(rows)


def update_all(unit: Unit, of: Table, rows: Rows) -> None:
    """Give rows of a table, found by its primary key, the other values that ``rows`` name.

    Whoever calls has locked them: the statement itself keeps no order.
    """
    if not rows:
        return
    names = tuple(sorted(rows[0]))
    if in_one(unit, rows):
        _update_of_many(of, names).run(unit, {"all_rows": rows, "of_bank_id": unit.bank_id})
    else:
        _update_of_one(of, names).run_each(unit, [bound(row) for row in rows])


@cache
def _insertion(into: Table) -> Prepared:
    return Prepared(insert(into))


@cache
def _insertion_of_many(into: Table) -> Prepared:
    names = [one.name for one in into.c]
    return Prepared(insert(into).from_select(names, select(*rows_of(into, names).c)))


@cache
def _skipping(into: Table) -> Prepared:
    return Prepared(lambda sqlite: skipping(into, sqlite=sqlite))


@cache
def _claim(into: Table, told: Collection[str]) -> Prepared:
    columns = [into.c[name] for name in told]
    return Prepared(lambda sqlite: skipping(into, sqlite=sqlite).returning(*columns))


@cache
def _claim_of_many(into: Table, told: Collection[str]) -> Prepared:
    names = [one.name for one in into.c]
    rows = select(*rows_of(into, names).c)
    claim = skipping(into, sqlite=False).from_select(names, rows)
    return Prepared(claim.returning(*(into.c[name] for name in told)))


@cache
def _update_of_many(of: Table, names: Sequence[str]) -> Prepared:
    many = rows_of(of, names)
    keys = {one.name for one in of.primary_key}
    return Prepared(
        update(of)
        .where(of.c.bank_id == bindparam("of_bank_id"))
        .where(*(of.c[name] == many.c[name] for name in names if name in keys))
        .values({name: many.c[name] for name in names if name not in keys})
    )


@cache
def _update_of_one(of: Table, names: Sequence[str]) -> Prepared:
    keys = {one.name for one in of.primary_key}
    return Prepared(
        update(of)
        .where(*(of.c[name] == bindparam(f"of_{name}") for name in names if name in keys))
        .values({name: bindparam(f"of_{name}") for name in names if name not in keys})
    )


class _Records(TypeDecorator[Rows]):
    """Rows as one JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Rows | None, dialect: Dialect) -> str:  # noqa: ARG002
        return _JSON(value)


def _plain(value: Any) -> str:
    assert isinstance(value, date), "texts, numbers, days, instants and what JSON itself knows"
    return value.isoformat()


_JSON = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":")).encode


def rows_of(of: Table, names: Sequence[str]) -> TableValuedAlias:
    """Return the value ``all_rows``, rows that name such columns of a table, as a table."""
    columns = [column(name, of.c[name].type) for name in names]
    said = cast(bindparam("all_rows", type_=_Records()), JSON)
    many = func.json_to_recordset(said).table_valued(*columns, name="many")
    return many.render_derived(with_types=True)


def in_one(view: View, rows: Rows) -> bool:
    """Tell whether rows are sent as one value, for `rows_of`."""
    return len(rows) > 1 and view.connection.dialect.name != SQLITE


def bound(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as values named ``of_…``, so that they differ from what is set."""
    return {f"of_{name}": value for name, value in row.items()}
