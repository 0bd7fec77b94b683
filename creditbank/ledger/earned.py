"""Earned: line by line what one member earned of an asset in a period, found by their account.

The sum of the lines is the member's place in the ranking: issues that count to the period, less
those that were reversed in it. Welcome credits, opening balances and gifts have no period.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers

_reversal = transfers.alias("reversal")


@dataclass(frozen=True, slots=True)
class Line:
    """What one transfer brought, or with negative units took back; about a service that ended."""

    transfer_id: str
    units: int
    occurred_at: datetime
    recorded_at: datetime
    refers_to: str | None


def of_member(view: View, period_id: str, member_id: str, asset: str) -> list[Line]:
    """Return what a member earned in a period, oldest first."""
    source, destination = accounts.alias("source"), accounts.alias("destination")
    rows = view.rows(
        select(
            transfers,
            postings.c.units,
            _reversal.c.transfer_id.label("reversal_id"),
            _reversal.c.period_id.label("reversal_period_id"),
            _reversal.c.recorded_at.label("reversal_at"),
        )
        .select_from(destination)
        .join(
            postings,
            (postings.c.bank_id == destination.c.bank_id)
            & (postings.c.destination_id == destination.c.account_id),
        )
        .join(
            source,
            (source.c.bank_id == postings.c.bank_id)
            & (source.c.account_id == postings.c.source_id),
        )
        .join(
            transfers,
            (transfers.c.bank_id == postings.c.bank_id)
            & (transfers.c.transfer_id == postings.c.transfer_id),
        )
        .outerjoin(
            _reversal,
            (_reversal.c.bank_id == transfers.c.bank_id)
            & (_reversal.c.reverses == transfers.c.transfer_id),
        )
        .where(
            destination.c.bank_id == view.bank_id,
            destination.c.address.in_([chart.member(member_id), chart.debt(member_id)]),
            destination.c.asset_code == asset,
            source.c.address == chart.ISSUANCE,
            or_(transfers.c.period_id == period_id, _reversal.c.period_id == period_id),
        )
    )
    found = [line for row in rows for line in _lines(row, period_id)]
    return sorted(found, key=lambda one: (one.recorded_at, one.transfer_id))


def _lines(row: Row[Any], period_id: str) -> list[Line]:
    """Return what an issue brought in a period, and what its reversal took back in it."""
    found = []
    if row.period_id == period_id:
        here = (row.occurred_at, row.recorded_at, row.refers_to)
        found.append(Line(row.transfer_id, row.units, *here))
    if row.reversal_period_id == period_id:
        there = (row.occurred_at, row.reversal_at, row.refers_to)
        found.append(Line(row.reversal_id, -row.units, *there))
    return found
