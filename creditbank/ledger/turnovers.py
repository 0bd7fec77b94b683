"""Turnovers: all that moved one account within a span of time, from what it held to what it holds.

By the instant at which a transfer was recorded, which never falls along an account's versions, so
that opening + lines = closing, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.ledger import statements
from creditbank.ledger.books import accounts, transfers
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
    account_id = statements.account_of(view, address, asset)
    if account_id is None:
        return Turnover(0, ())
    before, last = (_reached(view, account_id, at) for at in (starts_at, ends_at))
    side = statements.sides(view, account_id, last.version + 1, after=before.version)
    rows = view.rows(
        select(side, transfers.c.kind, transfers.c.recorded_at, transfers.c.refers_to)
        .join_from(side, transfers, statements.recorded(view, side))
        .order_by(side.c.version)
    )
    moves = (
        Move(
            *(row.version, Kind(row.kind), row.recorded_at),
            *(row.units, row.own_balance, row.refers_to),
        )
        for row in rows
    )
    return Turnover(before.balance, tuple(moves))


@dataclass(frozen=True, slots=True)
class _Reached:
    version: int
    balance: int


def _reached(view: View, account_id: int, instant: datetime) -> _Reached:
    """Return how far an account had come just before an instant.

    Versions have no gaps and never go back in time, so the last one is halved out: a shop of
    years is read as quickly as one of days.
    """
    row = view.row(
        select(accounts.c.version).where(
            accounts.c.bank_id == view.bank_id, accounts.c.account_id == account_id
        )
    )
    assert row is not None, "the account was found"
    found, above = _Reached(0, 0), row.version + 1
    while found.version + 1 < above:
        middle = (found.version + above) // 2
        side = statements.sides(view, account_id, middle + 1, after=middle - 1)
        move = view.row(
            select(side.c.version, side.c.own_balance, transfers.c.recorded_at).join_from(
                side, transfers, statements.recorded(view, side)
            )
        )
        assert move is not None, "versions have no gaps"
        if move.recorded_at < instant:
            found = _Reached(middle, move.own_balance)
        else:
            above = middle
    return found
