"""Movements: postings with both their ends, newest first; and the one query that joins them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers

source = accounts.alias("source")
destination = accounts.alias("destination")


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


def joined(view: View, asset: str, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return columns of the movements of an asset: transfers, postings, and both accounts."""
    return (
        select(*columns)
        .select_from(transfers)
        .join(
            postings,
            (postings.c.bank_id == transfers.c.bank_id)
            & (postings.c.transfer_id == transfers.c.transfer_id),
        )
        .join(
            source,
            (source.c.bank_id == postings.c.bank_id)
            & (source.c.account_id == postings.c.source_id),
        )
        .join(
            destination,
            (destination.c.bank_id == postings.c.bank_id)
            & (destination.c.account_id == postings.c.destination_id),
        )
        .where(transfers.c.bank_id == view.bank_id, source.c.asset_code == asset)
    )


def latest(
    view: View, asset: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> Sequence[Entry]:
    """Return what moved of an asset in its latest transfers, newest first; whole transfers only.

    ``before`` is the last transfer seen, ``limit`` how many transfers.
    """
    of, order = transfers.c, (transfers.c.recorded_at.desc(), transfers.c.transfer_id.desc())
    moves = (
        select(postings.c.transfer_id)
        .join(
            source,
            (source.c.bank_id == postings.c.bank_id)
            & (source.c.account_id == postings.c.source_id),
        )
        .where(
            postings.c.bank_id == of.bank_id,
            postings.c.transfer_id == of.transfer_id,
            source.c.asset_code == asset,
        )
        .exists()
    )
    which = select(of.transfer_id).where(of.bank_id == view.bank_id, moves)
    if before is not None:
        at, last = before
        which = which.where(of.recorded_at <= at, (of.recorded_at < at) | (of.transfer_id < last))
    ids = [row.transfer_id for row in view.rows(which.order_by(*order).limit(limit))]
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
