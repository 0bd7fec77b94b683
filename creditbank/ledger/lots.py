"""Lots: on which days the points of an account expire.

Points are used in order of their day, those without one last. Holds are no flow of their own.
A refund brings back what had gone out, a reversal undoes what it refers to: an inflow at the day
it had. So nothing that goes out and comes back ever moves a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, or_, select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind


@dataclass(frozen=True, slots=True)
class Lot:
    """Units of an account that expire on one day; None is never."""

    expires_on: date | None
    units: int


def lots(view: View, address: str, asset: str) -> list[Lot]:
    """Return what an account has, in the order in which it is used; open holds are gone."""
    mine = view.row(
        select(accounts.c.account_id, accounts.c.balance).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == address,
            accounts.c.asset_code == asset,
        )
    )
    if mine is None or mine.balance is None or mine.balance <= 0:
        return []
    came = _came(_rows(view, mine.account_id), mine.account_id)
    gone = sum(came.values()) - mine.balance
    left: list[Lot] = []
    for day in sorted(came, key=lambda day: (day is None, day)):
        used = min(gone, came[day])
        gone -= used
        if came[day] > used:
            left.append(Lot(day, came[day] - used))
    assert sum(lot.units for lot in left) == mine.balance, "lots are what the account has"
    return left


def _rows(view: View, account_id: int) -> Sequence[Row[Any]]:
    """Return what moved an account for good, with the other end's address."""
    other = accounts.alias("other")
    return [
        row
        for row in view.rows(
            select(
                postings.c.transfer_id,
                postings.c.destination_id,
                postings.c.units,
                postings.c.expires_on,
                transfers.c.kind,
                transfers.c.reverses,
                other.c.address,
            )
            .join_from(
                postings,
                transfers,
                (transfers.c.bank_id == postings.c.bank_id)
                & (transfers.c.transfer_id == postings.c.transfer_id),
            )
            .join(
                other,
                (other.c.bank_id == postings.c.bank_id)
                & other.c.account_id.in_([postings.c.source_id, postings.c.destination_id])
                & (other.c.account_id != account_id),
            )
            .where(
                postings.c.bank_id == view.bank_id,
                or_(postings.c.source_id == account_id, postings.c.destination_id == account_id),
            )
        )
        if not chart.is_held(row.address)
    ]


def _came(rows: Sequence[Row[Any]], account_id: int) -> Counter[date | None]:
    """Return what came in by its day, less what was undone of it."""
    came: Counter[date | None] = Counter()
    first = {row.transfer_id: row for row in rows}
    for row in rows:
        comes = row.destination_id == account_id
        undone = first.get(row.reverses) if row.reverses is not None else None
        if undone is not None and undone.destination_id == account_id and not comes:
            came[undone.expires_on] -= min(row.units, undone.units)
        elif comes and undone is None and row.kind != Kind.REFUND:
            came[row.expires_on] += row.units
    return came
