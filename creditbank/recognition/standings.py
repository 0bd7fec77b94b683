"""Standings: what each member earned of each asset in a period, kept with the posting.

A roll-up: the ranking reads it, the audit rebuilds it from the books. Rows are made first and
changed afterwards, in sorted order; their rank among locks is that of counters.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Index, bindparam, func, select, update
from sqlmodel import Field

from creditbank.core.clock import start_of_day
from creditbank.core.tables import OfBank, insert_or_skip, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.ledger import earnings
from creditbank.recognition import periods

Move = tuple[str, str, int]
"""A member, an asset code, and signed units."""


class StandingRow(OfBank, table=True):
    """What a member earned of an asset in a period."""

    __tablename__ = "standing"
    __table_args__ = (
        within_bank(["period_id"], "period", ["period_id"]),
        within_bank(["asset_code"], "asset", ["code"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_standing_member", "bank_id", "member_id", "asset_code"),
        Index("ix_standing_ranked", "bank_id", "period_id", "asset_code", "units", "member_id"),
    )

    period_id: str = Field(primary_key=True, max_length=40)
    asset_code: str = Field(primary_key=True, max_length=16)
    member_id: str = Field(primary_key=True, max_length=40)
    units: int = Field(sa_type=BigInteger)


standings = table(StandingRow)


def add(unit: Unit, period_id: str, moves: Iterable[Move]) -> None:
    """Add what members earned, or with negative units lost again, to a period this unit holds."""
    rows = [
        {
            "of_bank": unit.bank_id,
            "of_period": period_id,
            "of_asset": asset,
            "of_member": member_id,
            "by": units,
        }
        for member_id, asset, units in sorted(moves)
    ]
    if not rows:
        return
    unit.run(
        insert_or_skip(unit.connection, standings),
        [
            {
                "bank_id": unit.bank_id,
                "period_id": period_id,
                "asset_code": row["of_asset"],
                "member_id": row["of_member"],
                "units": 0,
            }
            for row in rows
        ],
    )
    unit.run(_ADD, rows)


_ADD = (
    update(standings)
    .where(
        standings.c.bank_id == bindparam("of_bank"),
        standings.c.period_id == bindparam("of_period"),
        standings.c.asset_code == bindparam("of_asset"),
        standings.c.member_id == bindparam("of_member"),
    )
    .values(units=standings.c.units + bindparam("by"))
)


def of_member(view: View, period_id: str, member_id: str) -> dict[str, int]:
    """Return what a member earned in a period, by asset."""
    rows = view.rows(
        select(standings.c.asset_code, standings.c.units).where(
            standings.c.bank_id == view.bank_id,
            standings.c.period_id == period_id,
            standings.c.member_id == member_id,
        )
    )
    return {row.asset_code: row.units for row in rows}


def lifetime(view: View, member_id: str, asset: str) -> int:
    """Return what a member ever earned of an asset, less what was taken back."""
    row = view.row(
        select(func.sum(standings.c.units).label("units")).where(
            standings.c.bank_id == view.bank_id,
            standings.c.member_id == member_id,
            standings.c.asset_code == asset,
        )
    )
    return 0 if row is None or row.units is None else int(row.units)


def rebuilt(view: View, period_id: str) -> dict[tuple[str, str], int]:
    """Return what each (member, asset) earned in a period, from the books themselves."""
    return earnings.by_member(view, period_id)


def corrections(view: View, period_id: str) -> list[earnings.Correction]:
    """Return the lines of a period about services of earlier ones, oldest first.

    Raises:
        PeriodNotFound: this bank has none of this id.
    """
    starts_on = periods.find(view, period_id).starts_on
    begins_at: datetime = start_of_day(starts_on, view.bank.zone)
    return earnings.corrections(view, period_id, begins_at)
