"""Instants and days. The only room that reads the wall clock; the engine is handed ``unit.now``."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Something that tells the time."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the instant, aware, in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that is set by hand: for replays of history, the demonstration, and tests."""

    def __init__(self, start: datetime) -> None:
        """Start at an aware instant."""
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant last set, in UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Move to an aware instant."""
        self._now = instant.astimezone(UTC)

    def advance(self, **step: int) -> None:
        """Move forward by ``timedelta(**step)``."""
        self._now += timedelta(**step)


def day_of(instant: datetime, zone: str) -> date:
    """Return the calendar day of an instant in a time zone such as ``Asia/Shanghai``."""
    return instant.astimezone(ZoneInfo(zone)).date()


def start_of_day(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which a calendar day begins in a time zone."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
