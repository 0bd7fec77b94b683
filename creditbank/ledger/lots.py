"""Lots: on which days the points of an account expire.

Points are used in order of their day, those without one last. Holds are no flow of their own.
A refund brings back what had gone out, a reversal undoes what it refers to: an inflow at the day
it had. So nothing that goes out and comes back ever moves a day. What is undone of several lots
is undone of the latest first: that is what the member still has.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select

from creditbank.core.units import View
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind

BACK = (Kind.REFUND, Kind.REVERSE, Kind.RELEASE, Kind.REDEEM)
"""Kinds that bring to a member only what had gone out: they set no day."""

Came = dict[int, Counter[date | None]]
"""What came into accounts, by the last day on which it is valid."""


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
    came_in = came(view, [mine.account_id])[mine.account_id]
    gone = came_in.total() - mine.balance
    left: list[Lot] = []
    for day in sorted(came_in, key=lambda day: (day is None, day)):
        used = min(gone, came_in[day])
        gone -= used
        if came_in[day] > used:
            left.append(Lot(day, came_in[day] - used))
    assert sum(lot.units for lot in left) == mine.balance, "lots are what the account has"
    return left


def first_of(view: View, address: str, asset: str, units: int) -> list[Lot]:
    """Return the lots, or parts of lots, that the next so many units of an account are."""
    taken: list[Lot] = []
    for lot in lots(view, address, asset):
        if units > 0:
            taken.append(Lot(lot.expires_on, min(units, lot.units)))
            units -= taken[-1].units
    return taken


def came(view: View, account_ids: Collection[int], *, since: date | None = None) -> Came:
    """Return what came into accounts by its day, less what was undone of it.

    With ``since`` only what is valid on that day or later: all that a proof of expiry needs.
    """
    of = postings.c
    kind = (
        select(transfers.c.kind)
        .where(transfers.c.bank_id == of.bank_id, transfers.c.transfer_id == of.transfer_id)
        .scalar_subquery()
    )
    query = (
        select(of.destination_id, of.expires_on, func.sum(of.units).label("units"))
        .where(
            of.bank_id == view.bank_id,
            of.destination_id.in_(account_ids),
            or_(of.expires_on.is_not(None), kind.not_in(BACK)),
        )
        .group_by(of.destination_id, of.expires_on)
    )
    if since is not None:
        query = query.where(or_(of.expires_on.is_(None), of.expires_on >= since))
    rows = view.rows(query)
    found: Came = {account_id: Counter() for account_id in account_ids}
    for row in rows:
        found[row.destination_id][row.expires_on] += int(row.units)
    for account_id, undone in _undone(view, account_ids).items():
        for day, units in undone.items():
            if since is None or day is None or day >= since:
                found[account_id][day] -= units
    return found


def _undone(view: View, account_ids: Collection[int]) -> Came:
    """Return what reversals took back of what had come into accounts, by the day it had."""
    of, first, began = postings.c, postings.alias("first"), transfers.alias("began")
    rows = view.rows(
        select(of.source_id, of.transfer_id, of.n, of.units)
        .add_columns(first.c.n.label("first_n"), first.c.units.label("came"), first.c.expires_on)
        .join_from(
            postings,
            transfers,
            (transfers.c.bank_id == of.bank_id) & (transfers.c.transfer_id == of.transfer_id),
        )
        .join(
            first,
            (first.c.bank_id == of.bank_id)
            & (first.c.transfer_id == transfers.c.reverses)
            & (first.c.destination_id == of.source_id),
        )
        .join(
            began,
            (began.c.bank_id == of.bank_id) & (began.c.transfer_id == first.c.transfer_id),
        )
        .where(
            of.bank_id == view.bank_id,
            of.source_id.in_(account_ids),
            transfers.c.kind == Kind.REVERSE,
            began.c.kind.not_in(BACK),
        )
    )
    took: defaultdict[tuple[int, str], dict[int, int]] = defaultdict(dict)
    brought: defaultdict[tuple[int, str], dict[int, tuple[date | None, int]]] = defaultdict(dict)
    for row in rows:
        place = (row.source_id, row.transfer_id)
        took[place][row.n] = row.units
        brought[place][row.first_n] = (row.expires_on, row.came)
    found: defaultdict[int, Counter[date | None]] = defaultdict(Counter)
    for place, lots_then in brought.items():
        left = sum(took[place].values())
        for day, units in sorted(lots_then.values(), key=_latest_first):
            back = min(left, units)
            left -= back
            found[place[0]][day] += back
    return found


def _latest_first(lot: tuple[date | None, int]) -> tuple[bool, int]:
    day = lot[0]
    return (day is not None, -day.toordinal() if day is not None else 0)
