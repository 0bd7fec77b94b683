"""Flows: which way a member's points went, and within which time; conditions for statements."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind

Span = tuple[datetime | None, datetime | None]
"""From an instant until before another; None is no end on that side."""

EVER: Span = (None, None)


class Flow(StrEnum):
    """Which way points went: earned by helping, or used."""

    HELPED = "helped"
    USED = "used"


def within(span: Span) -> tuple[ColumnElement[bool], ...]:
    """Return what is true of transfers that were recorded in a span."""
    begins, ends = span
    since = () if begins is None else (transfers.c.recorded_at >= begins,)
    until = () if ends is None else (transfers.c.recorded_at < ends,)
    return (*since, *until)


def goes(flow: Flow, units: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return what is true of rows of a flow; what was taken back belongs to what it undoes.

    What was given, inherited or brought along was neither helped for nor used.
    """
    kind = transfers.c.kind
    if flow is Flow.HELPED:
        return or_(
            and_(kind.in_([Kind.ISSUE, Kind.SERVICE]), units > 0),
            and_(kind == Kind.REVERSE, units < 0),
        )
    return or_(
        kind.in_([Kind.REDEEM, Kind.REFUND, Kind.EXPIRE]),
        and_(kind.in_([Kind.GIFT, Kind.DONATE, Kind.SERVICE]), units < 0),
        and_(kind == Kind.REVERSE, units > 0),
    )
