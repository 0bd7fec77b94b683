"""Flows: which rows of a statement are asked for, by time and by the way they go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement

from creditbank.ledger.books import transfers

Span = tuple[datetime | None, datetime | None]
EVER: Span = (None, None)


class Flow(StrEnum):
    """What came in by helping others, or what went out by being used."""

    HELPED = "helped"
    USED = "used"


def within(span: Span) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of what was recorded from one instant until before another."""
    begins_at, ends_at = span
    since = () if begins_at is None else (transfers.c.recorded_at >= begins_at,)
    until = () if ends_at is None else (transfers.c.recorded_at < ends_at,)
    return (*since, *until)


def goes(flow: Flow, units: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition of what went this way, by its signed units."""
    return units > 0 if flow is Flow.HELPED else units < 0
