"""Turnovers: all that moved one account within a span of time, from what it held to what it holds.

By the instant at which a transfer was recorded, which never falls along an account's versions, so
that opening + lines = closing, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from creditbank.core.units import View
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind


@dataclass(frozen=True, slots=True)
class Move:
    """One posting on the account; ``units`` is signed."""

    version: int
    kind: Kind
    recorded_at: datetime
    units: int
    balance_after: int
    refers_to: str | None


@dataclass(frozen=True, slots=True)
class Turnover:
    """What an account held before, each move in order, and what it held in the end."""

    opening: int
    moves: tuple[Move, ...]

    @property
    def closing(self) -> int:
        """What it held in the end."""
        return self.moves[-1].balance_after if self.moves else self.opening


def between(
    view: View, address: str, asset: str, starts_at: datetime, ends_at: datetime
) -> Turnover:
    """Return what moved a bounded account from an instant on (included) to another (excluded)."""
    account = view.row(
        select(accounts.c.account_id).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == address,
            accounts.c.asset_code == asset,
        )
    )
    if account is None:
        return Turnover(0, ())
    moves = tuple(_moves(view, account.account_id, starts_at, ends_at))
    if moves:
        return Turnover(moves[0].balance_after - moves[0].units, moves)
    return Turnover(_held_before(view, account.account_id, starts_at), ())


def _moves(view: View, account_id: int, starts_at: datetime, ends_at: datetime) -> list[Move]:
    rows = view.rows(
        select(
            *(postings.c.source_id, postings.c.source_version, postings.c.source_balance),
            *(postings.c.destination_version, postings.c.destination_balance, postings.c.units),
            *(transfers.c.kind, transfers.c.recorded_at, transfers.c.refers_to),
        )
        .join_from(
            postings,
            transfers,
            and_(
                transfers.c.bank_id == postings.c.bank_id,
                transfers.c.transfer_id == postings.c.transfer_id,
            ),
        )
        .where(
            postings.c.bank_id == view.bank_id,
            or_(postings.c.source_id == account_id, postings.c.destination_id == account_id),
            transfers.c.recorded_at >= starts_at,
            transfers.c.recorded_at < ends_at,
        )
    )
    found = []
    for row in rows:
        out = row.source_id == account_id
        version = row.source_version if out else row.destination_version
        balance = row.source_balance if out else row.destination_balance
        units = -row.units if out else row.units
        found.append(Move(version, Kind(row.kind), row.recorded_at, units, balance, row.refers_to))
    return sorted(found, key=lambda one: one.version)


def _held_before(view: View, account_id: int, instant: datetime) -> int:
    """Return what the account held just before an instant, by its last move until then."""
    last = 0
    version = 0
    for side in ("source", "destination"):
        row = view.row(
            select(
                postings.c[f"{side}_version"].label("version"),
                postings.c[f"{side}_balance"].label("balance"),
            )
            .join_from(
                postings,
                transfers,
                and_(
                    transfers.c.bank_id == postings.c.bank_id,
                    transfers.c.transfer_id == postings.c.transfer_id,
                ),
            )
            .where(
                postings.c.bank_id == view.bank_id,
                postings.c[f"{side}_id"] == account_id,
                transfers.c.recorded_at < instant,
            )
            .order_by(postings.c[f"{side}_version"].desc())
            .limit(1)
        )
        if row is not None and row.version > version:
            version, last = row.version, row.balance
    return last
