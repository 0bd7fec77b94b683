"""Expiry: the job of each day that lets points go which are past their day, and warns before.

A calendar job: its period is the day, and days that were missed are made up for in order. A slice
is a set of as many accounts as it has time for. First the accounts that took in points of the day
before (at the first run ever: of any earlier day), then those into which something came back when
its day was over, then who has points that are valid for 30, 7 and 1 more days. Where nothing ever
expires, no job is due.

What comes back past its day (a hold that ran out, a mended gift) leaves on the next day; after a
shop's refund or void the scheme's days of grace come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from creditbank import jobs, notices
from creditbank.core.clock import start_of_day
from creditbank.core.pace import Pace
from creditbank.core.units import Unit, View
from creditbank.ledger import expiries
from creditbank.people.members import Status, members
from creditbank.schemes import scheme

KIND = "expire-points"
WARN_DAYS = (30, 7, 1)
PACE = Pace(100, most=2_000)
WARN_PACE = Pace(100, most=2_000)
TRANSFERS_PER_SLICE = 400

_DAY = timedelta(days=1)
Cursor = Mapping[str, Any]


def due(view: View) -> list[str]:
    """Return the days to run now, in order: all that were missed since the last one done."""
    last = _last_done(view)
    if last is None:
        return [view.today.isoformat()] if expiries.any_dated(view) else []
    missed = (view.today - last).days
    return [(last + n * _DAY).isoformat() for n in range(1, missed + 1)]


def _last_done(view: View) -> date | None:
    of = jobs.jobs.c
    row = view.row(
        select(func.max(of.period).label("day")).where(
            of.bank_id == view.bank_id, of.kind == KIND, of.done_at.is_not(None)
        )
    )
    return None if row is None or row.day is None else date.fromisoformat(row.day)


def run_slice(unit: Unit, lease: jobs.Lease) -> bool:
    """Do the next slice of the lease's day; True if that was the last.

    Raises:
        LeaseLost: another worker took the job over.
    """
    cursor = jobs.hold(unit, lease) or _start(unit)
    following = _STAGES[cursor["stage"]](unit, date.fromisoformat(lease.period), cursor)
    if following is None:
        jobs.finish(unit, lease)
        return True
    jobs.advance(unit, lease, following | {"slice": cursor["slice"] + 1})
    return False


def _start(unit: Unit) -> Cursor:
    """Begin with the day after the last one that was looked at, or with the first there is."""
    last = _last_done(unit)
    looked_at = date.min if last is None else last - _DAY
    return {"stage": "past", "slice": 0, "day": looked_at.isoformat(), "after": None}


def _past(unit: Unit, today: date, cursor: Cursor) -> dict[str, Any] | None:
    """Let go what took its account in with a day that is over."""
    day, after = date.fromisoformat(cursor["day"]), cursor["after"]
    if after is None:
        following = expiries.next_day(unit, day)
        if following is None or following >= today:
            return {"stage": "back", "span": 0, "at": ["", ""]}
        day, after = following, 0
    size = PACE.size
    with PACE.timed(size):
        found = expiries.took_in(unit, day, after=after, limit=size)
        _expire(unit, found, today, cursor["slice"])
    more = len(found) == size
    return {"stage": "past", "day": day.isoformat(), "after": found[-1] if more else None}


def _back(unit: Unit, today: date, cursor: Cursor) -> dict[str, Any] | None:
    """Let go what came back yesterday past its day, and what a shop gave back before the grace."""
    spans = _spans(unit, today)
    if cursor["span"] == len(spans):
        return {"stage": "warn", "which": 0, "after": 0}
    first, last = spans[cursor["span"]]
    zone = unit.bank.zone
    seen = expiries.came_back(
        unit,
        start_of_day(first, zone),
        start_of_day(last + _DAY, zone),
        day=today,
        at=(cursor["at"][0], cursor["at"][1]),
        limit=TRANSFERS_PER_SLICE,
    )
    _expire(unit, seen.account_ids, today, cursor["slice"])
    if seen.at is None:
        return {"stage": "back", "span": cursor["span"] + 1, "at": ["", ""]}
    return {"stage": "back", "span": cursor["span"], "at": list(seen.at)}


def _spans(view: View, today: date) -> list[tuple[date, date]]:
    """Return the days, first and last, in which something came back that may leave today.

    Where the grace became shorter today, more days are over than one.
    """
    grace = scheme.in_force(view, today).expiry_grace_days
    before = scheme.in_force(view, today - _DAY).expiry_grace_days
    yesterday = today - _DAY
    ended = yesterday - timedelta(days=grace)
    spans = [(yesterday - timedelta(days=max(grace, before)), ended)]
    return spans if ended == yesterday else [*spans, (yesterday, yesterday)]


def _expire(unit: Unit, account_ids: Sequence[int], day: date, number: int) -> None:
    if account_ids:
        grace = scheme.in_force(unit, day).expiry_grace_days
        expiries.expire(unit, account_ids=account_ids, day=day, grace_days=grace, slice_no=number)


def _warn(unit: Unit, today: date, cursor: Cursor) -> dict[str, Any] | None:
    """Tell who has points that are valid for so many more days, once for each of the numbers."""
    if cursor["which"] == len(WARN_DAYS):
        return None
    days = WARN_DAYS[cursor["which"]]
    last = today + timedelta(days=days)
    size = WARN_PACE.size
    with WARN_PACE.timed(size):
        found = _warned(unit, last, days, after=cursor["after"], limit=size)
    if len(found) == size:
        return {"stage": "warn", "which": cursor["which"], "after": found[-1]}
    return {"stage": "warn", "which": cursor["which"] + 1, "after": 0}


def _warned(unit: Unit, last: date, days: int, *, after: int, limit: int) -> list[int]:
    """Tell the next members whose points are valid until a day; return the accounts looked at."""
    found = expiries.took_in(unit, last, after=after, limit=limit)
    told = expiries.expiring(unit, found, last) if found else {}
    notices.tell_each(
        unit,
        "points-expire",
        {
            member_id: {"units": told[member_id], "days": days, "day": last.isoformat()}
            for member_id in _with_us(unit, told)
        },
        link="/me/statement",
        due_at=start_of_day(last + _DAY, unit.bank.zone),
    )
    return found


def _with_us(view: View, member_ids: Iterable[str]) -> list[str]:
    """Return those of these members who have not left."""
    of = members.c
    rows = view.rows(
        select(of.member_id)
        .where(
            of.bank_id == view.bank_id,
            of.member_id.in_(sorted(member_ids)),
            of.status != Status.CLOSED,
        )
        .order_by(of.member_id)
    )
    return [row.member_id for row in rows]


_STAGES = {"past": _past, "back": _back, "warn": _warn}
