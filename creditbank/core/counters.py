"""Counters: what was used of a cap, and numbers that are given out, as rows under a lock.

A missing row takes no lock, so rows are made first and locked afterwards, in sorted order, all
of a unit in one call. Their rank is after members, tasks and codes, before accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, CheckConstraint, bindparam, select, update
from sqlmodel import Field

from creditbank.core.bulk import bound, in_one, insert_new, rows_of
from creditbank.core.prepared import Prepared
from creditbank.core.tables import OfBank, table, to_bank
from creditbank.core.units import Unit, View


class Counter(NamedTuple):
    """What is counted, for whom, and over which span of the bank's calendar.

    ``day`` is a day ``2026-03-01``, a month ``2026-03``, or empty: for ever. ``who`` is an id, or
    several joined by ``/``, or empty: the bank.
    """

    what: str
    who: str
    day: str


class CounterRow(OfBank, table=True):
    """How many units were used."""

    __tablename__ = "counter"
    __table_args__ = (to_bank(), CheckConstraint("used >= 0", name="used"))

    what: str = Field(primary_key=True, max_length=40)
    who: str = Field(primary_key=True, max_length=90)
    day: str = Field(primary_key=True, max_length=10)
    used: int = Field(sa_type=BigInteger)


counters = table(CounterRow)


def of_day(what: str, who: str, day: date) -> Counter:
    """Return the counter of one calendar day."""
    return Counter(what, who, day.isoformat())


def for_ever(what: str, who: str = "") -> Counter:
    """Return the counter that never starts over."""
    return Counter(what, who, "")


def lock(unit: Unit, wanted: Iterable[Counter]) -> dict[Counter, int]:
    """Make the counters that are missing, lock all of them, and return what each has used."""
    names = sorted(set(wanted))
    if not names:
        return {}
    rows = [{"bank_id": unit.bank_id, **_named(name), "used": 0} for name in names]
    made = insert_new(unit, counters, rows, telling=Counter._fields)
    known = dict.fromkeys((Counter(*one) for one in made), 0)
    if len(known) < len(names):
        known |= _used(unit, [name for name in names if name not in known], _LOCK, _LOCK_ALL)
    return known


def peek(view: View, wanted: Iterable[Counter]) -> dict[Counter, int]:
    """Return what counters have used, without a lock; 0 where there is none yet."""
    names = sorted(set(wanted))
    return dict.fromkeys(names, 0) | _used(view, names, _LOOK, _LOOK_ALL)


def add(unit: Unit, by: Mapping[Counter, int]) -> None:
    """Change counters that this unit has locked; a negative number gives back."""
    rows = [{**_named(name), "used": units} for name, units in sorted(by.items()) if units]
    if in_one(unit, rows):
        _ADD_ALL.run(unit, {"all_rows": rows, "of_bank": unit.bank_id})
    else:
        _ADD.run_each(unit, [bound(row) | {"of_bank": unit.bank_id} for row in rows])


def _named(name: Counter) -> dict[str, Any]:
    return {"what": name.what, "who": name.who, "day": name.day}


def _used(view: View, names: list[Counter], one: Prepared, every: Prepared) -> dict[Counter, int]:
    """Ask for counters: all at once, or one by one where that costs no message."""
    rows = [_named(name) for name in names]
    if in_one(view, rows):
        found = every.rows(view, all_rows=rows, of_bank=view.bank_id)
    else:
        found = [one.row(view, **bound(row), of_bank=view.bank_id) for row in rows]
    return {Counter(*row[:-1]): row.used for row in found if row is not None}


_THIS = (
    counters.c.bank_id == bindparam("of_bank"),
    counters.c.what == bindparam("of_what"),
    counters.c.who == bindparam("of_who"),
    counters.c.day == bindparam("of_day"),
)
_PLACE = (counters.c.what, counters.c.who, counters.c.day)
_LOOK = Prepared(select(*_PLACE, counters.c.used).where(*_THIS))
_LOCK = Prepared(select(*_PLACE, counters.c.used).where(*_THIS).with_for_update(key_share=True))
_ADD = Prepared(update(counters).where(*_THIS).values(used=counters.c.used + bindparam("of_used")))
_wanted = rows_of(counters, Counter._fields)
_SAME = (
    counters.c.bank_id == bindparam("of_bank"),
    *(counters.c[name] == _wanted.c[name] for name in Counter._fields),
)
_LOOK_ALL = Prepared(select(*_PLACE, counters.c.used).where(*_SAME))
_LOCK_ALL = Prepared(
    select(*_PLACE, counters.c.used)
    .where(*_SAME)
    .order_by(*_PLACE)
    .with_for_update(key_share=True, of=counters)
)
_more = rows_of(counters, (*Counter._fields, "used"))
_ADD_ALL = Prepared(
    update(counters)
    .where(
        counters.c.bank_id == bindparam("of_bank"),
        *(counters.c[name] == _more.c[name] for name in Counter._fields),
    )
    .values(used=counters.c.used + _more.c.used)
)
