"""Months: what came into an account and what went out in a time, as its statement shows it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, func, select

from creditbank.core.units import View
from creditbank.ledger import flows
from creditbank.ledger.books import transfers
from creditbank.ledger.flows import EVER, Flow, Span
from creditbank.ledger.statements import account_of, sides


@dataclass(frozen=True, slots=True)
class Totals:
    """What came in and what went out, both as positive units."""

    came: int
    went: int


def totals(
    view: View, address: str, asset: str, *, span: Span = EVER, flow: Flow | None = None
) -> Totals:
    """Return what came into an account and what went out, of the rows that `history` shows."""
    account_id = account_of(view, address, asset)
    if account_id is None:
        return Totals(0, 0)
    held_id = account_of(view, f"{address}/held", asset)
    side = sides(view, account_id, None)
    row = view.row(
        select(
            func.sum(case((side.c.units > 0, side.c.units), else_=0)).label("came"),
            func.sum(case((side.c.units < 0, -side.c.units), else_=0)).label("went"),
        )
        .join_from(
            side,
            transfers,
            and_(
                transfers.c.bank_id == view.bank_id,
                transfers.c.transfer_id == side.c.transfer_id,
            ),
        )
        .where(
            side.c.other_id != held_id if held_id is not None else side.c.version > 0,
            *flows.within(span),
            *(() if flow is None else (flows.goes(flow, side.c.units),)),
        )
    )
    return Totals(0, 0) if row is None else Totals(int(row.came or 0), int(row.went or 0))
