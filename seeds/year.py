"""A year of the invented society, lived through the engine's public functions.

Everything happens at its own time of a clock set by hand: needs are published on Mondays, people
claim, come, leave, are reviewed the next day, go shopping. Every key is made from the seed number
and what it is about, so a build that was interrupted goes on where it stopped when run again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from creditbank import jobs
from creditbank.core.clock import ManualClock, day_of
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.recognition import closing
from seeds.chronicle import Year
from seeds.happenings import HAPPENINGS
from seeds.settling import found, settle_in
from seeds.society import YEAR, Plan

_OFFICE_OPENS = time(9, 30)
_WITHDRAWN_ON = date(YEAR, 12, 27)

Progress = Callable[[int, int, str], None]
Step = tuple[datetime, int, str, Any]


def build(
    database: Database, clock: ManualClock, plan: Plan, seed: int, progress: Progress
) -> Year:
    """Live the planned year and close it; ``progress`` hears (done, of how many, what)."""
    clock.set(datetime(YEAR, 1, 2, 1, tzinfo=UTC))
    year = Year(database, clock, found(database, plan), plan, seed)
    settle_in(year)
    steps = _agenda(plan)
    at = 0
    while at < len(steps):
        instant, _, what, _ = steps[at]
        same = _same(steps, at)
        clock.set(instant)
        HAPPENINGS[what](year, same)
        at += len(same)
        progress(at, len(steps), day_of(instant, plan.zone).isoformat())
    _close(year)
    return year


def _same(steps: Sequence[Step], at: int) -> list[Any]:
    """Return what happens together with the step at this place: same instant, same kind."""
    together = takewhile(lambda step: step[:3] == steps[at][:3], islice(steps, at, None))
    return [payload for *_, payload in together]


def _agenda(plan: Plan) -> list[Step]:
    """Return all steps of the year, by time; steps of one instant in the order of life."""
    steps: list[tuple[datetime, str, Any]] = []
    for n, need in enumerate(plan.needs):
        steps.append((need.published_at, "publish", n))
        for m, turn in enumerate(need.turns):
            who = (n, m)
            steps.append((need.published_at + timedelta(hours=1), "claim", who))
            if turn.withdrawn:
                steps.append((need.published_at + timedelta(hours=2), "withdraw", who))
                continue
            steps.append((need.starts_at, "sign in", who))
            leaves_at = need.starts_at + timedelta(minutes=turn.minutes)
            steps.append((leaves_at, "sign out", who))
            steps.append((_next_morning(need.ends_at, plan.zone), "review", who))
    for n, visit in enumerate(plan.visits):
        for seconds, what in ((0, "show code"), (10, "scan"), (20, "redeem")):
            steps.append((visit.at + timedelta(seconds=seconds), what, n))
        if visit.voided:
            steps.append((visit.at + timedelta(minutes=20), "void", n))
        if visit.refunded:
            steps.append((visit.at + timedelta(days=1), "refund", n))
    last = max(step[0] for step in steps)
    checked_at = datetime.combine(_WITHDRAWN_ON, _OFFICE_OPENS, ZoneInfo(plan.zone))
    steps.append((min(checked_at.astimezone(UTC), last), "withdraw approval", None))
    order = list(HAPPENINGS)
    return sorted(
        ((at, order.index(what), what, payload) for at, what, payload in steps),
        key=lambda step: step[:2],
    )


def _next_morning(instant: datetime, zone: str) -> datetime:
    day = day_of(instant, zone) + timedelta(days=1)
    return datetime.combine(day, _OFFICE_OPENS, ZoneInfo(zone)).astimezone(UTC)


def _close(year: Year) -> None:
    """Close the year after its grace, slice by slice, as the scheduler's job does."""
    year.clock.set(datetime(YEAR + 1, 1, 20, 1, tzinfo=UTC))
    job = Actor(f"job/{closing.KIND}", "job")
    for period in year.database.read(year.bank.bank_id, closing.due):
        lease = year.do(
            job, partial(jobs.take, kind=closing.KIND, owner="demonstration", period=period)
        )
        while lease is not None and not year.do(job, partial(closing.run_slice, lease=lease)):
            pass
