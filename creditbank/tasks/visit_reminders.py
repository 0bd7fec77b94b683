"""Visit reminders: some days before a month ends, who is short of visits is told, once a month.

A visit that is planned still counts as if it were done. In a household its adults are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from creditbank import jobs, notices
from creditbank.core.clock import start_of_day
from creditbank.core.units import Unit, View
from creditbank.jobs import Lease
from creditbank.people import households
from creditbank.people.stays import Standing
from creditbank.tasks import pairs, visits
from creditbank.tasks.pairs import Pair
from creditbank.tasks.visits import Month

KIND = "remind-visits"
REMINDED_DAYS = 7
SLICE = 50


def due(view: View) -> list[str]:
    """Return the month, in its last days, as long as nobody has finished telling of it."""
    if (visits.last_of_month(view.today) - view.today).days >= REMINDED_DAYS:
        return []
    month = f"{view.today:%Y-%m}"
    of = jobs.jobs.c
    done = view.row(
        select(of.done_at).where(
            of.bank_id == view.bank_id,
            of.kind == KIND,
            of.period == month,
            of.done_at.is_not(None),
        )
    )
    return [month] if done is None else []


def run_slice(unit: Unit, lease: Lease) -> bool:
    """Tell the next pairs that are short; a month that is over meanwhile is told no more."""
    after = jobs.hold(unit, lease).get("after")
    over = f"{unit.today:%Y-%m}" != lease.period
    page = pairs.listing(unit, after=after, limit=SLICE)
    for one in [] if over else visits.in_month(unit, page.pairs, unit.today):
        if one.missing > one.planned:
            _tell(unit, one)
    if over or page.after is None:
        jobs.finish(unit, lease)
        return True
    jobs.advance(unit, lease, {"after": page.after})
    return False


def _tell(unit: Unit, one: Month) -> None:
    last = visits.last_of_month(unit.today)
    notices.tell_all(
        unit,
        _told(unit, one.pair),
        "visits-short",
        link=f"/pairs/{one.pair.pair_id}",
        due_at=start_of_day(last + timedelta(days=1), unit.bank.zone),
        visits=one.missing - one.planned,
        days=one.days_left,
    )


def _told(view: View, found: Pair) -> Sequence[str]:
    if found.household_id is None:
        return pairs.visitors(view, found.volunteer_id, None)
    stays = households.find(view, found.household_id).stays
    return [one.member_id for one in stays if one.standing is not Standing.CHILD]
