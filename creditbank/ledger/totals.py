"""Totals: what the books say about one asset as a whole, for everybody to read.

What circulates is what members, teams and funds hold; what shops took lies with them or was
settled. Each figure is a sum over the books: nothing is kept beside them (law 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from creditbank.core.units import View
from creditbank.ledger import chart, statements
from creditbank.ledger.books import accounts, postings, transfers


@dataclass(frozen=True, slots=True)
class Totals:
    """An asset as a whole, in units: ``issued`` and ``redeemed`` are net of what was undone."""

    asset: str
    issued: int
    circulating: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What was issued and redeemed of an asset in a span of time, net of what was undone in it."""

    issued: int
    redeemed: int


def of(view: View, asset: str) -> Totals:
    """Return the totals of an asset, of all time."""
    found = statements.circulation(view, asset)
    redeemed = sum(one.redeemed for one in flows(view, asset, [view.now]))
    circulating = found.with_members + found.elsewhere
    return Totals(asset, found.issued - found.taken_back, circulating, redeemed)


def flows(view: View, asset: str, bounds: Sequence[datetime]) -> list[Flow]:
    """Return what moved in the spans between instants, by when it was recorded.

    ``n`` bounds in order make ``n + 1`` spans: before the first, between them, from the last on.
    """
    assert bounds, "there is an instant to part at"
    legs = _legs(view, asset, bounds).subquery("leg")
    rows = view.rows(
        select(
            legs.c.span,
            func.sum(legs.c.issued).label("issued"),
            func.sum(legs.c.redeemed).label("redeemed"),
        ).group_by(legs.c.span)
    )
    known = {int(row.span): Flow(int(row.issued), int(row.redeemed)) for row in rows}
    return [known.get(n, Flow(0, 0)) for n in range(len(bounds) + 1)]


def _legs(view: View, asset: str, bounds: Sequence[datetime]) -> Select[Any]:
    """Return each movement that issues, redeems, or undoes it, with its span and its sign."""
    source, destination = accounts.alias("source"), accounts.alias("destination")
    from_issuance = source.c.address == chart.ISSUANCE
    to_issuance = destination.c.address == chart.ISSUANCE
    to_shop = and_(_shop(destination), _member(source))
    from_shop = and_(_shop(source), _member(destination))
    units, recorded = postings.c.units, transfers.c.recorded_at
    spans = [(recorded < at, n) for n, at in enumerate(bounds)]
    return (
        select(
            case(*spans, else_=len(bounds)).label("span"),
            case((from_issuance, units), (to_issuance, -units), else_=0).label("issued"),
            case((to_shop, units), (from_shop, -units), else_=0).label("redeemed"),
        )
        .join_from(
            postings,
            transfers,
            (transfers.c.bank_id == postings.c.bank_id)
            & (transfers.c.transfer_id == postings.c.transfer_id),
        )
        .join(source, _is(source, postings.c.source_id))
        .join(destination, _is(destination, postings.c.destination_id))
        .where(
            postings.c.bank_id == view.bank_id,
            source.c.asset_code == asset,
            or_(from_issuance, to_issuance, to_shop, from_shop),
        )
    )


def _is(account: Any, account_id: Any) -> ColumnElement[bool]:
    return and_(account.c.bank_id == postings.c.bank_id, account.c.account_id == account_id)


def _shop(account: Any) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", account.c.address.like("merchant/%"))


def _member(account: Any) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", account.c.address.like("member/%"))
