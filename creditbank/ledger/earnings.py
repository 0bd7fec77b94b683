"""Earnings: what the books say about what members earned, for other rooms' proofs and reports.

Earned is what came from issuance in transfers that count to a period, minus what withdrawn
approvals reversed in such transfers; welcome credits, opening balances and gifts have no period.
What went to teams and funds is no member's: not when it was issued, and not when it was withdrawn.
Sums are SQL of their own, shared with nobody (S608: the texts put together are constants);
`of_member` tells line by line what a place in the ranking is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, text

from creditbank.core.tables import UtcDateTime
from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers

_LEGS = """
    SELECT d.address AS address, d.asset_code AS asset_code, p.units AS units,
           t.transfer_id AS transfer_id, t.occurred_at AS occurred_at,
           t.recorded_at AS recorded_at, t.refers_to AS refers_to
    FROM transfer t
    JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
    JOIN account s ON s.bank_id = p.bank_id AND s.account_id = p.source_id
    JOIN account d ON d.bank_id = p.bank_id AND d.account_id = p.destination_id
    WHERE t.bank_id = :bank_id AND t.period_id = :period_id AND s.address = 'issuance'
      AND d.address LIKE 'member/%'
    UNION ALL
    SELECT d.address, d.asset_code, -p.units, t.transfer_id, t.occurred_at, t.recorded_at,
           t.refers_to
    FROM transfer t
    JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.reverses
    JOIN account s ON s.bank_id = p.bank_id AND s.account_id = p.source_id
    JOIN account d ON d.bank_id = p.bank_id AND d.account_id = p.destination_id
    WHERE t.bank_id = :bank_id AND t.period_id = :period_id AND s.address = 'issuance'
      AND d.address LIKE 'member/%'
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """A line of a period about a service of an earlier one; ``units`` is signed."""

    transfer_id: str
    member_id: str
    asset: str
    units: int
    occurred_at: datetime
    recorded_at: datetime
    refers_to: str | None


@dataclass(frozen=True, slots=True)
class IssuesAbout:
    """How many issues refer to one thing, and how many of them were reversed."""

    refers_to: str
    issues: int
    reversed: int


def _member_id(address: str) -> str:
    return address.split("/")[1]


def by_member(view: View, period_id: str) -> dict[tuple[str, str], int]:
    """Return what each (member, asset) earned in a period, from the raw rows."""
    rows = view.connection.execute(
        text(f"SELECT address, asset_code, sum(units) FROM ({_LEGS}) legs GROUP BY 1, 2"),  # noqa: S608
        {"bank_id": view.bank_id, "period_id": period_id},
    )
    earned: dict[tuple[str, str], int] = {}
    for address, asset, units in rows:
        place = (_member_id(address), asset)
        earned[place] = earned.get(place, 0) + int(units)
    return earned


def corrections(view: View, period_id: str, begins_at: datetime) -> list[Correction]:
    """Return the lines of a period about services that ended by its begin, oldest first."""
    statement = text(
        f"SELECT * FROM ({_LEGS}) legs WHERE occurred_at <= :begins_at"  # noqa: S608
        " ORDER BY recorded_at, transfer_id, address"
    ).columns(occurred_at=UtcDateTime, recorded_at=UtcDateTime)
    statement = statement.bindparams(bindparam("begins_at", type_=UtcDateTime))
    rows = view.connection.execute(
        statement, {"bank_id": view.bank_id, "period_id": period_id, "begins_at": begins_at}
    )
    return [
        Correction(
            row.transfer_id,
            _member_id(row.address),
            row.asset_code,
            int(row.units),
            row.occurred_at,
            row.recorded_at,
            row.refers_to,
        )
        for row in rows
    ]


def issues_about(view: View, prefix: str) -> Iterator[IssuesAbout]:
    """Count issues and their reversals by what they refer to, for ids of one prefix (``clm``)."""
    rows = view.connection.execute(
        text(
            """
            SELECT t.refers_to, count(*), count(r.transfer_id) FROM transfer t
            LEFT JOIN transfer r ON r.bank_id = t.bank_id AND r.reverses = t.transfer_id
            WHERE t.bank_id = :bank_id AND t.kind = 'issue'
              AND substr(t.refers_to, 1, :length) = :head
            GROUP BY t.refers_to ORDER BY t.refers_to
            """
        ),
        {"bank_id": view.bank_id, "head": f"{prefix}_", "length": len(prefix) + 1},
    )
    for refers_to, issues, undone in rows:
        yield IssuesAbout(refers_to, issues, undone)


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
