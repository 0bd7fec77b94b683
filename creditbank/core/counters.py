"""Counters: what was used of a cap, and numbers that are given out, as rows under a lock.

A missing row takes no lock, so rows are made first and locked afterwards, in sorted order, all
of a unit in one call. Their rank is after members, tasks and codes, before accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, CheckConstraint, bindparam, select, tuple_, update
from sqlmodel import Field

from creditbank.core.tables import OfBank, insert_or_skip, table, to_bank
from creditbank.core.units import Unit


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
_wanted = counters.alias("wanted")


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
    unit.run(
        insert_or_skip(unit.connection, counters),
        [{"bank_id": unit.bank_id, **name._asdict(), "used": 0} for name in names],
    )
    place = (_wanted.c.what, _wanted.c.who, _wanted.c.day)
    rows = unit.rows(
        select(*place, _wanted.c.used)
        .where(_wanted.c.bank_id == unit.bank_id, tuple_(*place).in_(names))
        .order_by(*place)
        .with_for_update(key_share=True)
    )
    return {Counter(row.what, row.who, row.day): row.used for row in rows}


def add(unit: Unit, by: Mapping[Counter, int]) -> None:
    """Change counters that this unit has locked; a negative number gives back."""
    rows = [
        {
            "of_bank": unit.bank_id,
            "of_what": name.what,
            "of_who": name.who,
            "of_day": name.day,
            "by": units,
        }
        for name, units in sorted(by.items())
        if units
    ]
    if rows:
        unit.run(_ADD, rows)


_ADD = (
    update(counters)
    .where(
        counters.c.bank_id == bindparam("of_bank"),
        counters.c.what == bindparam("of_what"),
        counters.c.who == bindparam("of_who"),
        counters.c.day == bindparam("of_day"),
    )
    .values(used=counters.c.used + bindparam("by"))
)
