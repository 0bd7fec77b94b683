"""Earnings: what the books say about what members earned, for other rooms' proofs and reports.

Earned is what came from issuance in transfers that count to a period, minus what withdrawn
approvals reversed in such transfers; welcome credits, opening balances and gifts have no period.
What went to teams and funds is no member's: not when it was issued, and not when it was withdrawn.
SQL of its own: nothing here is shared with posting (S608: the texts put together are constants).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, text

from creditbank.core.tables import UtcDateTime
from creditbank.core.units import View

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
