"""Many rows in one statement.

PostgreSQL is sent one array for each column, which saves it and us a message for every row; SQLite
has no messages to save and takes rows one by one, as do few rows. All name the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Executable, Table, bindparam, column, func, insert, select, update
from sqlalchemy.sql.selectable import TableValuedAlias

from creditbank.core.units import Unit

FEW = 4

Rows = Sequence[Mapping[str, Any]]


def insert_all(unit: Unit, into: Table, rows: Rows) -> None:
    """Insert rows that name every column of a table."""
    if _is_worth_it(unit, rows):
        unit.run(_insertion(into), _arrays(rows))
    elif rows:
        unit.run(insert(into), rows)


def update_all(unit: Unit, of: Table, rows: Rows) -> None:
    """Give rows of a table, found by its primary key, the other values that ``rows`` name.

    Whoever calls has locked them: the statement itself keeps no order.
    """
    if not rows:
        return
    names = tuple(sorted(rows[0]))
    if _is_worth_it(unit, rows):
        unit.run(_update_of_arrays(of, names), _arrays(rows) | {"of_bank_id": unit.bank_id})
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


def _is_worth_it(unit: Unit, rows: Rows) -> bool:
    return len(rows) > FEW and unit.connection.dialect.name == "postgresql"


def _arrays(rows: Rows) -> dict[str, Any]:
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in row.items()}
