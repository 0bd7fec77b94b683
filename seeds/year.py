"""A year of the invented society, lived through the engine's public functions.

Everything happens at its own time of a clock set by hand: needs are published on Mondays, people
claim, come, leave, are reviewed the next day, go shopping. Every key is made from the seed number
and what it is about, so a build that was interrupted goes on where it stopped when run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from creditbank.core.clock import ManualClock, day_of
from creditbank.core.database import Database
from creditbank.recognition import closing
from seeds.calls import at
from seeds.caring import CARING, OUTING_MINUTES
from seeds.chronicle import Year
from seeds.happenings import HAPPENINGS
from seeds.settling import found, settle_in
from seeds.society import YEAR, Need, Plan, Turn

_OPENS, _HALF = 9, 30
_NIGHT_UTC = 17  # one in the morning where they live
_NIGHTS_FROM = date(YEAR, 8, 1)
_WITHDRAWN_ON = date(YEAR, 12, 27)
_HAPPENINGS = {**CARING, **HAPPENINGS}

Progress = Callable[[int, int, str], None]
Planned = tuple[datetime, str, Any]
Step = tuple[datetime, int, str, Any]


def build(
    database: Database, clock: ManualClock, plan: Plan, seed: int, progress: Progress
) -> Year:
    """Live the planned year and close it; ``progress`` hears (done, of how many, what)."""
    clock.set(datetime(YEAR, 1, 2, 1, tzinfo=UTC))
    year = Year(database, clock, found(database, plan), plan, seed)
    settle_in(year)
    steps = _agenda(plan)
    done = 0
    while done < len(steps):
        instant, _, what, _ = steps[done]
        same = _same(steps, done)
        clock.set(instant)
        _HAPPENINGS[what](year, same)
        done += len(same)
        progress(done, len(steps), day_of(instant, plan.zone).isoformat())
    _close(year)
    return year


def _same(steps: Sequence[Step], place: int) -> list[Any]:
    """Return what happens together with the step at this place: same instant, same kind."""
    together = takewhile(lambda step: step[:3] == steps[place][:3], islice(steps, place, None))
    return [payload for *_, payload in together]


def _agenda(plan: Plan) -> list[Step]:
    """Return all steps of the year, by time; steps of one instant in the order of life."""
    steps = [*_of_needs(plan), *_of_visits(plan), *_of_calls(plan), *_of_families(plan)]
    steps += _of_lists(plan)
    last = max(step[0] for step in steps)
    checked_at = min(at(_WITHDRAWN_ON, _OPENS, plan.zone, _HALF), last)
    steps += [(checked_at, "withdraw approval", None), *_of_calendar(plan, last)]
    order = list(_HAPPENINGS)
    return sorted(
        ((when, order.index(what), what, payload) for when, what, payload in steps),
        key=lambda step: step[:2],
    )


def _of_needs(plan: Plan) -> Iterator[Planned]:
    for n, need in enumerate(plan.needs):
        yield need.published_at, "publish", n
        if need.raised_by is not None:
            yield need.published_at - timedelta(days=3), "raise", n
        if any(turn.waits for turn in need.turns):
            yield need.published_at + timedelta(hours=3), "fill", n
            yield need.starts_at, "fill", n
        for m, turn in enumerate(need.turns):
            who = (n, m)
            after = timedelta(minutes=90 if turn.waits else 60)
            yield need.published_at + after, "wait" if turn.waits else "claim", who
            if turn.withdrawn:
                yield need.published_at + timedelta(hours=2), "withdraw", who
            elif turn.placed:
                yield from _of_turn(need, turn, who, plan.zone)


def _of_turn(need: Need, turn: Turn, who: tuple[int, int], zone: str) -> Iterator[Planned]:
    yield need.starts_at, "sign in", who
    yield need.starts_at + timedelta(minutes=turn.minutes), "sign out", who
    morning = _next_morning(need.ends_at, zone)
    yield morning, "review", who
    if turn.rejected and turn.disputed:
        yield morning + timedelta(hours=2), "dispute", who
        yield morning + timedelta(days=2), "review again", who


def _of_visits(plan: Plan) -> Iterator[Planned]:
    for n, visit in enumerate(plan.visits):
        for seconds, what in ((0, "show code"), (10, "scan"), (20, "redeem")):
            yield visit.at + timedelta(seconds=seconds), what, n
        if visit.voided:
            yield visit.at + timedelta(minutes=20), "void", n
        if visit.refunded:
            yield visit.at + timedelta(days=1), "refund", n


def _of_calls(plan: Plan) -> Iterator[Planned]:
    for n, one in enumerate(plan.calls):
        yield one.at, "call", n
        yield one.at + timedelta(minutes=1), "arrive", n
        ends_at = one.at + timedelta(minutes=one.minutes)
        yield ends_at, "leave", n
        morning = _next_morning(ends_at, plan.zone)
        yield morning, "review calls", n
        if one.thanks is not None:
            yield morning + timedelta(hours=1), "thank", n


def _of_families(plan: Plan) -> Iterator[Planned]:
    for n, one in enumerate(plan.outings):
        yield one.starts_at - timedelta(days=4), "announce", n
        yield one.starts_at - timedelta(days=3), "claim together", n
        yield one.starts_at, "come together", n
        ends_at = one.starts_at + timedelta(minutes=OUTING_MINUTES)
        yield ends_at, "go together", n
        yield _next_morning(ends_at, plan.zone), "review together", n


def _of_lists(plan: Plan) -> Iterator[Planned]:
    for n, one in enumerate(plan.entries):
        yield one.at, "enter", n
        yield one.at + timedelta(days=3), "decide", n


def _of_calendar(plan: Plan, last: datetime) -> Iterator[Planned]:
    """Return second looks every week, giving every quarter, and the nights when points run out."""
    first = min(need.published_at for need in plan.needs)
    days = (last - first).days
    for week in range(1, days // 7 + 1):
        yield first + timedelta(weeks=week, hours=1), "look again", None
    for quarter, month in enumerate((3, 6, 9, 12)):
        given_at = at(date(YEAR, month, 20), _OPENS, plan.zone)
        if given_at < last:
            yield given_at, "give", quarter
    for day in range(days + 1):
        night = first.replace(hour=_NIGHT_UTC) + timedelta(days=day)
        if night >= at(_NIGHTS_FROM, 0, plan.zone):
            yield night, "night", None


def _next_morning(instant: datetime, zone: str) -> datetime:
    return at(day_of(instant, zone) + timedelta(days=1), _OPENS, zone, _HALF)


def _close(year: Year) -> None:
    """Close the year after its grace, slice by slice, as the scheduler's job does."""
    year.clock.set(datetime(YEAR + 1, 1, 20, 1, tzinfo=UTC))
    year.work_off(closing.KIND, closing.due, closing.run_slice)
