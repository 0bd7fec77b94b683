"""Totals by day: what moved between which places, summed once a day is over.

Accounts without bounds keep no balance, so that nothing queues on them; what went through them is
summed here. A place is the address of an account that keeps no balance or is a shop's; all others
are summed up as ``member``, ``team``, ``fund`` and ``outside``. Whoever asks gets whole days from
these rows and the rest from the postings themselves, by when they were recorded. The rows are
written by `creditbank.ledger.day_sums`, and the audit adds them up anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Case,
    ColumnElement,
    FromClause,
    Index,
    Row,
    Select,
    case,
    func,
    or_,
    select,
)
from sqlmodel import Field

from creditbank.core.clock import day_of, start_of_day
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.units import View
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.flows import Span

CIRCULATING = frozenset({"member", "team", "fund", "outside"})
Through = dict[tuple[str, str], int]
"""Units by place and asset."""

source = accounts.alias("source")
destination = accounts.alias("destination")

_DAY = timedelta(days=1)


class SummedDayRow(OfBank, table=True):
    """A day of the bank's calendar: how far it is summed, and whether that is its end."""

    __tablename__ = "summed_day"
    __table_args__ = (to_bank(), Index("ix_summed_day_begins_at", "bank_id", "begins_at"))

    day: date = Field(primary_key=True)
    begins_at: datetime = Field(sa_type=UtcDateTime)
    reached_at: datetime = Field(sa_type=UtcDateTime)
    is_whole: bool


class DayTotalRow(OfBank, table=True):
    """What one kind of transfer moved of an asset from one place to another on a day."""

    __tablename__ = "day_total"
    __table_args__ = (
        within_bank(["asset_code"], "asset", ["code"]),
        Index("ix_day_total_source", "bank_id", "asset_code", "source", "day"),
        Index("ix_day_total_destination", "bank_id", "asset_code", "destination", "day"),
    )

    asset_code: str = Field(primary_key=True, max_length=16)
    day: date = Field(primary_key=True)
    source: str = Field(primary_key=True, max_length=120)
    destination: str = Field(primary_key=True, max_length=120)
    kind: str = Field(primary_key=True, max_length=16)
    units: int = Field(sa_type=BigInteger)
    postings: int = Field(sa_type=BigInteger)


summed_days = table(SummedDayRow)
day_totals = table(DayTotalRow)


@dataclass(frozen=True, slots=True)
class Sum:
    """What one kind of transfer moved from one place to another, in units."""

    kind: str
    source: str
    destination: str
    units: int


def place(account: FromClause) -> Case[Any]:
    """Return the place of an account, in SQL."""
    address = account.c.address
    kept = or_(account.c.balance.is_(None), address.like("merchant/%"))
    heads = ((address.like(f"{head}/%"), head) for head in ("member", "team", "fund"))
    return case((kept, address), *heads, else_="outside")


def joined(view: View, asset: str | None, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return columns of the movements of an asset, or of all: with transfers and both accounts."""
    query = (
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
        .where(transfers.c.bank_id == view.bank_id)
    )
    return query if asset is None else query.where(source.c.asset_code == asset)


def raw(
    view: View, asset: str | None, begins_at: datetime | None, ends_at: datetime | None
) -> Select[Any]:
    """Return a query that sums up the postings themselves, of a span, by place and kind."""
    by = (
        source.c.asset_code.label("asset_code"),
        place(source).label("source"),
        place(destination).label("destination"),
        transfers.c.kind.label("kind"),
    )
    sums = (func.sum(postings.c.units).label("units"), func.count().label("postings"))
    query = joined(view, asset, *by, *sums).group_by(*by)
    if begins_at is not None:
        query = query.where(transfers.c.recorded_at >= begins_at)
    if ends_at is not None:
        query = query.where(transfers.c.recorded_at < ends_at)
    return query


def between(view: View, asset: str, begins_at: datetime, ends_at: datetime) -> list[Sum]:
    """Return what moved of an asset from one instant until before another, by place and kind."""
    first = day_of(begins_at, view.bank.zone)
    if _begin(view, first) < begins_at:
        first += _DAY
    last = last_whole(view)
    behind = min(day_of(ends_at, view.bank.zone), first if last is None else last.day + _DAY)
    if behind <= first:
        return _added(view.rows(raw(view, asset, begins_at, ends_at)))
    of = day_totals.c
    rows = view.rows(
        select(of.kind, of.source, of.destination, func.sum(of.units).label("units"))
        .where(
            of.bank_id == view.bank_id,
            of.asset_code == asset,
            of.day >= first,
            of.day < behind,
        )
        .group_by(of.kind, of.source, of.destination)
    )
    around = ((begins_at, _begin(view, first)), (_begin(view, behind), ends_at))
    more = (view.rows(raw(view, asset, *span)) for span in around if span[0] < span[1])
    return _added(rows, *more)


def through(
    view: View, asset: str | None = None, places: Collection[str] | None = None
) -> tuple[Through, Through]:
    """Return the units that ever left places, and those that ever came to them.

    Of all assets and all places, or of one asset and of some places alone.
    """
    last = last_whole(view)
    today = view.rows(raw(view, asset, None if last is None else last.ends_at, None))
    found = []
    for side in ("source", "destination"):
        units: Counter[tuple[str, str]] = Counter()
        for row in [] if last is None else view.rows(_summed(view, side, last.day, asset, places)):
            units[row.place, row.asset_code] += int(row.units)
        for row in today:
            name = getattr(row, side)
            if places is None or name in places:
                units[name, row.asset_code] += int(row.units)
        found.append(dict(units))
    return found[0], found[1]


def _summed(
    view: View, side: str, until: date, asset: str | None, places: Collection[str] | None
) -> Select[Any]:
    """Return a query for what went through one side of places until a day."""
    of, own = day_totals.c, day_totals.c[side]
    query = select(own.label("place"), of.asset_code, func.sum(of.units).label("units")).where(
        of.bank_id == view.bank_id, of.day <= until
    )
    if asset is not None:
        query = query.where(of.asset_code == asset)
    if places is not None:
        query = query.where(own.in_(sorted(places)))
    return query.group_by(own, of.asset_code)


@dataclass(frozen=True, slots=True)
class Whole:
    """The last day that is summed to its end, and that end."""

    day: date
    ends_at: datetime


def last_whole(view: View) -> Whole | None:
    """Return the last day that is summed to its end; no day before it will change."""
    of = summed_days.c
    row = view.row(
        select(of.day, of.reached_at)
        .where(of.bank_id == view.bank_id, of.is_whole)
        .order_by(of.day.desc())
        .limit(1)
    )
    return None if row is None else Whole(row.day, row.reached_at)


def spans_of(view: View, asset: str, until: date, limit: int) -> list[Span]:
    """Return where an asset may have moved: what is not summed yet, then so many days, back.

    No day is behind the one given. Before any day is summed, it may have moved at any time.
    """
    last = last_whole(view)
    if last is None:
        return [(None, None)]
    of = day_totals.c
    rows = view.rows(
        select(of.day)
        .where(of.bank_id == view.bank_id, of.asset_code == asset, of.day <= min(until, last.day))
        .group_by(of.day)
        .order_by(of.day.desc())
        .limit(limit)
    )
    days = [(_begin(view, row.day), _begin(view, row.day + _DAY)) for row in rows]
    return [(last.ends_at, None), *days]


def _begin(view: View, day: date) -> datetime:
    return start_of_day(day, view.bank.zone)


def _added(*parts: Iterable[Row[Any]]) -> list[Sum]:
    found: Counter[tuple[str, str, str]] = Counter()
    for rows in parts:
        for row in rows:
            found[row.kind, row.source, row.destination] += int(row.units)
    return [Sum(*key, units) for key, units in sorted(found.items())]
