"""Movements: postings with both their ends, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from creditbank.core.clock import day_of
from creditbank.core.units import View
from creditbank.ledger import chart, day_totals, flows
from creditbank.ledger.books import postings, transfers
from creditbank.ledger.day_totals import destination, joined, source


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer in a list: what it was, how much it moved of one asset, and what it is about."""

    transfer_id: str
    kind: chart.Kind
    recorded_at: datetime
    units: int
    asset: str
    source: str
    destination: str
    refers_to: str | None


def latest(
    view: View, asset: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> Sequence[Entry]:
    """Return what moved of an asset in its latest transfers, newest first; whole transfers only.

    ``before`` is the last transfer seen, ``limit`` how many transfers. An asset that rarely moves
    is looked for on those days alone on which it did.
    """
    of, order = transfers.c, (transfers.c.recorded_at.desc(), transfers.c.transfer_id.desc())
    which = select(of.transfer_id).where(of.bank_id == view.bank_id, _moves(asset))
    if before is not None:
        at, last = before
        which = which.where(of.recorded_at <= at, (of.recorded_at < at) | (of.transfer_id < last))
    ids: list[str] = []
    until = view.today if before is None else day_of(before[0], view.bank.zone)
    for span in day_totals.spans_of(view, asset, until, limit):
        part = which.where(*flows.within(span)).order_by(*order).limit(limit - len(ids))
        ids += [row.transfer_id for row in view.rows(part)]
        if len(ids) == limit:
            break
    query = joined(
        view,
        asset,
        *(of.transfer_id, of.kind, of.recorded_at, of.refers_to, postings.c.units),
        source.c.address.label("source"),
        destination.c.address.label("destination"),
    )
    return [
        Entry(
            row.transfer_id,
            chart.Kind(row.kind),
            row.recorded_at,
            row.units,
            asset,
            row.source,
            row.destination,
            row.refers_to,
        )
        for row in view.rows(query.where(of.transfer_id.in_(ids)).order_by(*order, postings.c.n))
    ]


def _moves(asset: str) -> ColumnElement[bool]:
    """Return what is true of transfers that moved an asset."""
    return (
        select(postings.c.transfer_id)
        .join(
            source,
            (source.c.bank_id == postings.c.bank_id)
            & (source.c.account_id == postings.c.source_id),
        )
        .where(
            postings.c.bank_id == transfers.c.bank_id,
            postings.c.transfer_id == transfers.c.transfer_id,
            source.c.asset_code == asset,
        )
        .exists()
    )
