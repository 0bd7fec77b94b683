"""Many rows in one statement.

PostgreSQL is sent one array for each column, which saves it and us a message for every row; SQLite
has no messages to save and takes rows one by one. The rows all name the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Executable, Table, bindparam, column, func, insert, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

from creditbank.core.units import Unit

Rows = Sequence[Mapping[str, Any]]


def insert_all(unit: Unit, into: Table, rows: Rows) -> None:
    """Insert rows that name every column of a table."""
    if len(rows) > 1 and unit.connection.dialect.name == "postgresql":
        unit.run(_insertion(into), _arrays(into, rows))
    elif rows:
        unit.run(insert(into), rows)


def update_all(unit: Unit, of: Table, rows: Rows) -> None:
    """Give rows of a table, found by its primary key, the other values that ``rows`` name.

    Whoever calls has locked them: the statement itself keeps no order.
    """
    if not rows:
        return
    names = tuple(sorted(rows[0]))
    if len(rows) > 1 and unit.connection.dialect.name == "postgresql":
        keys = {name: rows[0][name] for name in ("bank_id",)}
        unit.run(_update_of_arrays(of, names), _arrays(of, rows) | _bound(keys))
    else:
        unit.run(_update_of_one(of, names), [_bound(row) for row in rows])


@cache
def _insertion(into: Table) -> Executable:
    names = [one.name for one in into.c]
    return insert(into).from_select(names, select(*_many(into, names).c))


@cache
def _update_of_arrays(of: Table, names: Sequence[str]) -> Executable:
    many = _many(of, names)
    keys = {one.name for one in of.primary_key}
    return (
        update(of)
        .where(of.c.bank_id == bindparam("of_bank_id"))
        .where(*(of.c[name] == many.c[name] for name in names if name in keys))
        .values({name: many.c[name] for name in names if name not in keys})
    )


@cache
def _update_of_one(of: Table, names: Sequence[str]) -> Executable:
    keys = {one.name for one in of.primary_key}
    return (
        update(of)
        .where(*(of.c[name] == bindparam(f"of_{name}") for name in names if name in keys))
        .values({name: bindparam(f"of_{name}") for name in names if name not in keys})
    )


def _many(of: Table, names: Sequence[str]) -> TableValuedAlias:
    """Return arrays of so many columns as rows."""
    arrays = [bindparam(f"all_{name}", type_=ARRAY(of.c[name].type)) for name in names]
    columns = [column(name, of.c[name].type) for name in names]
    return func.unnest(*arrays).table_valued(*columns, name="many").render_derived()


def _arrays(of: Table, rows: Rows) -> dict[str, list[Any]]:
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0] if name in of.c}


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in row.items()}
