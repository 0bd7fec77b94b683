"""Summing up days: the job that fills `creditbank.ledger.day_totals`, in slices.

A day is summed when it can change no more. A unit's instant never falls behind what its bank has
recorded; so once a transfer lies behind a day's end, no unit that begins later records one within
it. Those that had begun before are over an hour later, because every wait for a lock and every
replay has an end. A day counts from the slice that reaches its end; until then the postings do.

The claim row's lock keeps two workers apart, and how far a day is summed is kept with its sums, so
a slice is done wholly or not at all. `forget` lets the job sum up everything anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from creditbank import jobs
from creditbank.core.clock import day_of, start_of_day
from creditbank.core.tables import insert_or_skip
from creditbank.core.units import Unit, View
from creditbank.ledger.books import transfers
from creditbank.ledger.day_totals import day_totals, raw, summed_days

KIND = "sum-days"
SETTLED_AFTER = timedelta(hours=1)
TRANSFERS_PER_SLICE = 3_000


@dataclass(frozen=True, slots=True)
class _Open:
    """A day that is over and not wholly summed: from where on, and where it ends."""

    day: date
    begins_at: datetime
    reached_at: datetime
    ends_at: datetime
    is_new: bool


def due(view: View) -> list[str]:
    """Tell whether there is a day to sum up."""
    return [] if _next(view) is None else [jobs.DUE_WORK]


def run_slice(unit: Unit, lease: jobs.Lease) -> bool:
    """Sum up some more of the first day that is over; True if no such day is left.

    Raises:
        LeaseLost: another worker took the job over.
    """
    jobs.hold(unit, lease)
    following = _next(unit)
    if following is None:
        jobs.release(unit, lease)
        return True
    until = _until(unit, following)
    _add(unit, following.day, following.reached_at, until)
    _reach(unit, following, until)
    jobs.advance(unit, lease, {})
    return False


def forget(unit: Unit) -> None:
    """Forget all sums: from now on the postings count, until the job has summed them up anew."""
    for each in (day_totals, summed_days):
        unit.run(delete(each).where(each.c.bank_id == unit.bank_id))


def _next(view: View) -> _Open | None:
    """Return the first day that is over and not wholly summed; days without transfers are none."""
    of = summed_days.c
    last = view.row(
        select(summed_days).where(of.bank_id == view.bank_id).order_by(of.day.desc()).limit(1)
    )
    if last is not None and not last.is_whole:
        ends_at = _end(view, last.day)
        return _Open(last.day, last.begins_at, last.reached_at, ends_at, is_new=False)
    first = _recorded(view, None if last is None else last.reached_at, 0)
    if first is None:
        return None
    day = day_of(first, view.bank.zone)
    begins_at, ends_at = start_of_day(day, view.bank.zone), _end(view, day)
    is_over = ends_at + SETTLED_AFTER <= view.now and _recorded(view, ends_at, 0) is not None
    return _Open(day, begins_at, begins_at, ends_at, is_new=True) if is_over else None


def _end(view: View, day: date) -> datetime:
    return start_of_day(day + timedelta(days=1), view.bank.zone)


def _recorded(view: View, since: datetime | None, nth: int) -> datetime | None:
    """Return when the nth transfer from an instant on was recorded, None if there are fewer."""
    of = transfers.c
    query = select(of.recorded_at).where(of.bank_id == view.bank_id)
    if since is not None:
        query = query.where(of.recorded_at >= since)
    row = view.row(query.order_by(of.recorded_at).offset(nth).limit(1))
    return None if row is None else row.recorded_at


def _until(view: View, of: _Open) -> datetime:
    """Return where a slice of the day ends: before a transfer, and not between those of a unit."""
    following = _recorded(view, of.reached_at, TRANSFERS_PER_SLICE)
    while following is not None and following <= of.reached_at:
        following = _recorded(view, following + _INSTANT, 0)
    return of.ends_at if following is None else min(following, of.ends_at)


_INSTANT = timedelta(microseconds=1)


def _add(unit: Unit, day: date, begins_at: datetime, ends_at: datetime) -> None:
    rows = [row._asdict() for row in unit.rows(raw(unit, None, begins_at, ends_at))]
    if not rows:
        return
    empty = {"bank_id": unit.bank_id, "day": day, "units": 0, "postings": 0}
    unit.run(insert_or_skip(unit.connection, day_totals), [row | empty for row in rows])
    unit.run(_ADD, [_bound(row) | {"of_bank": unit.bank_id, "of_day": day} for row in rows])


def _bound(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "of_asset": row["asset_code"],
        "of_source": row["source"],
        "of_destination": row["destination"],
        "of_kind": row["kind"],
        "by_units": int(row["units"]),
        "by_postings": row["postings"],
    }


_ADD = (
    update(day_totals)
    .where(
        day_totals.c.bank_id == bindparam("of_bank"),
        day_totals.c.asset_code == bindparam("of_asset"),
        day_totals.c.day == bindparam("of_day"),
        day_totals.c.source == bindparam("of_source"),
        day_totals.c.destination == bindparam("of_destination"),
        day_totals.c.kind == bindparam("of_kind"),
    )
    .values(
        units=day_totals.c.units + bindparam("by_units"),
        postings=day_totals.c.postings + bindparam("by_postings"),
    )
)


def _reach(unit: Unit, of: _Open, until: datetime) -> None:
    reached = {"reached_at": until, "is_whole": until == of.ends_at}
    if of.is_new:
        row = {"bank_id": unit.bank_id, "day": of.day, "begins_at": of.begins_at, **reached}
        unit.run(insert_or_skip(unit.connection, summed_days), row)
    else:
        which = (summed_days.c.bank_id == unit.bank_id, summed_days.c.day == of.day)
        unit.run(update(summed_days).where(*which).values(**reached))
