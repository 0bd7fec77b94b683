"""Periods: the years of a bank, and to which of them a service counts.

A service counts to the year in which it ended, by the bank's time zone, until that year's grace
is over; what is reviewed or withdrawn later counts to the year of the day, as a correction.
Whoever posts to a period holds it FOR SHARE; whoever seals it takes it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, UniqueConstraint, select, update
from sqlmodel import Field

from creditbank.core.clock import day_of
from creditbank.core.errors import NotFound
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.schemes import scheme

YEAR = "year"


class PeriodState(StrEnum):
    """Where a period stands: ``closing`` waits for late reviews, ``frozen`` never changes."""

    OPEN = "open"
    CLOSING = "closing"
    FROZEN = "frozen"


class PeriodRow(OfBank, table=True):
    """One period; ``ends_on`` and ``grace_ends_on`` are the first days after it."""

    __tablename__ = "period"
    __table_args__ = (to_bank(), UniqueConstraint("bank_id", "name"))

    period_id: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=20)
    kind: str = Field(max_length=16)
    starts_on: date
    ends_on: date
    grace_ends_on: date
    sealed_at: datetime | None = Field(sa_type=UtcDateTime)
    frozen_at: datetime | None = Field(sa_type=UtcDateTime)


periods = table(PeriodRow)


@dataclass(eq=False)
class PeriodNotFound(NotFound):
    """No such period in this bank."""

    slug = "period-not-found"
    zh = "没有这个期间"
    en = "There is no such period"
    period: str


@dataclass(frozen=True, slots=True)
class Period:
    """A period; ``ends_on`` and ``grace_ends_on`` are the first days after it."""

    period_id: str
    name: str
    kind: str
    starts_on: date
    ends_on: date
    grace_ends_on: date
    sealed_at: datetime | None
    frozen_at: datetime | None

    def state(self, today: date) -> PeriodState:
        """Return where the period stands on a day."""
        if self.frozen_at is not None:
            return PeriodState.FROZEN
        return PeriodState.OPEN if today < self.ends_on else PeriodState.CLOSING

    def takes(self, today: date) -> bool:
        """Tell whether something posted today can still count to it."""
        return self.sealed_at is None and today < self.grace_ends_on


def _period(row: Row[Any]) -> Period:
    return Period(
        row.period_id,
        row.name,
        row.kind,
        row.starts_on,
        row.ends_on,
        row.grace_ends_on,
        row.sealed_at,
        row.frozen_at,
    )


def served_on(view: View, ended_at: datetime) -> date:
    """Return the calendar day on which a service ended; one until midnight ended that evening."""
    return day_of(ended_at - datetime.resolution, view.bank.zone)


def for_service(unit: Unit, ended_at: datetime) -> str:
    """Return the period to which a service counts that ended then, held FOR SHARE.

    The year's period is made on demand.
    """
    ended_on = served_on(unit, ended_at)
    _make(unit, ended_on)
    return _shared(unit, str(ended_on.year))


def for_correction(unit: Unit, period_id: str) -> str:
    """Return the period in which something is mended that counted to ``period_id``, FOR SHARE.

    Raises:
        PeriodNotFound: this bank has none of this id.
    """
    return _shared(unit, find(unit, period_id).name)


def _shared(unit: Unit, name: str) -> str:
    """Hold the period of a name, or the first from today on if that one takes nothing any more.

    A year may be sealed before this unit's day has reached its end: then it is the next one.
    """
    period = _lock_shared(unit, name)
    while not period.takes(unit.today):
        day = max(unit.today, period.ends_on)
        _make(unit, day)
        period = _lock_shared(unit, str(day.year))
    return period.period_id


def _lock_shared(unit: Unit, name: str) -> Period:
    row = unit.row(
        select(periods)
        .where(periods.c.bank_id == unit.bank_id, periods.c.name == name)
        .with_for_update(read=True)
    )
    assert row is not None, "a period is made before it is held"
    return _period(row)


def _make(unit: Unit, day: date) -> None:
    """Make the period of a day's year if it is missing; its grace is by that year's scheme."""
    query = select(periods.c.period_id).where(
        periods.c.bank_id == unit.bank_id, periods.c.name == str(day.year)
    )
    if unit.row(query) is not None:
        return
    ends_on = date(day.year + 1, 1, 1)
    grace = scheme.in_force(unit, day).grace_days
    unit.run(
        insert_or_skip(unit.connection, periods),
        {
            "bank_id": unit.bank_id,
            "period_id": unit.new_id("per"),
            "name": str(day.year),
            "kind": YEAR,
            "starts_on": date(day.year, 1, 1),
            "ends_on": ends_on,
            "grace_ends_on": ends_on + timedelta(days=grace),
            "sealed_at": None,
            "frozen_at": None,
        },
    )


def lock(unit: Unit, name: str) -> Period:
    """Take a period alone: nobody posts to it meanwhile.

    Raises:
        PeriodNotFound: this bank has none of this name.
    """
    row = unit.row(
        select(periods)
        .where(periods.c.bank_id == unit.bank_id, periods.c.name == name)
        .with_for_update(key_share=True)
    )
    if row is None:
        raise PeriodNotFound(name)
    return _period(row)


def seal(unit: Unit, period_id: str) -> None:
    """Let nothing more count to a period that this unit has locked."""
    _mark(unit, period_id, {"sealed_at": unit.now})


def freeze(unit: Unit, period_id: str) -> None:
    """Mark the ranking of a period that this unit has locked as final."""
    _mark(unit, period_id, {"frozen_at": unit.now})


def _mark(unit: Unit, period_id: str, values: dict[str, datetime]) -> None:
    unit.run(
        update(periods)
        .where(periods.c.bank_id == unit.bank_id, periods.c.period_id == period_id)
        .values(**values)
    )


def every(view: View) -> list[Period]:
    """Return the periods of the bank in order."""
    rows = view.rows(
        select(periods).where(periods.c.bank_id == view.bank_id).order_by(periods.c.starts_on)
    )
    return [_period(row) for row in rows]


def find(view: View, period_id: str) -> Period:
    """Return a period.

    Raises:
        PeriodNotFound: this bank has none of this id.
    """
    return _find(view, periods.c.period_id == period_id, period_id)


def by_name(view: View, name: str) -> Period:
    """Return the period of a name such as ``2026``.

    Raises:
        PeriodNotFound: this bank has none of this name.
    """
    return _find(view, periods.c.name == name, name)


def _find(view: View, which: Any, said: str) -> Period:
    row = view.row(select(periods).where(periods.c.bank_id == view.bank_id, which))
    if row is None:
        raise PeriodNotFound(said)
    return _period(row)
