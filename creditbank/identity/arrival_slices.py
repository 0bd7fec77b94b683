"""The job of arrivals: lines become members, then points are posted, as many as a slice has time.

How far a list is stands in its own row, in the unit of the work, so that a crash goes on and
nothing is done twice. A slice writes its lines in one set; if one of them cannot be written now,
smaller sets find it, and the others are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from creditbank import jobs
from creditbank.core.bulk import insert_all
from creditbank.core.engines import is_replayable
from creditbank.core.errors import Busy, CreditbankError, Unavailable
from creditbank.core.pace import Pace
from creditbank.core.units import Unit, View
from creditbank.identity import arrival_parts, arrival_twins, arrivals, intakes, openings
from creditbank.identity.arrival_states import ARRIVING, UNBEGUN, WORKED, ArrivalState
from creditbank.identity.arrivals import Arrival, Newcomer
from creditbank.jobs import Lease
from creditbank.people import communities, persons
from creditbank.people.errors import CommunityNotFound, NumberTaken

KIND = "take-in-arrivals"
PHONE_KNOWN = "phone-known"
PACE = Pace(2 * arrival_parts.PART_ROWS, most=500)

_over = (ArrivalState.AWAITING, ArrivalState.WRITTEN, ArrivalState.DECLINED, ArrivalState.DROPPED)


def due(view: View) -> list[str]:
    """Return what says that the job has work."""
    return [jobs.DUE_WORK] if _next(view) is not None else []


def _next(view: View) -> str | None:
    """Return the list to work on next: to write, to drop because it is old, or to lock up."""
    of = arrivals.arrivals.c
    row = view.row(
        select(of.arrival_id)
        .where(
            of.bank_id == view.bank_id,
            of.state.in_(WORKED)
            | (of.state.in_(UNBEGUN) & (of.uploaded_at <= view.now - arrivals.KEPT))
            | (of.state.in_(_over) & of.key_id.is_not(None)),
        )
        .order_by(of.uploaded_at, of.arrival_id)
        .limit(1)
    )
    return None if row is None else str(row.arrival_id)


def run_slice(unit: Unit, lease: Lease) -> bool:
    """Do the next step of the oldest list; True when there is none."""
    cursor = jobs.hold(unit, lease)
    arrival_id = _next(unit)
    if arrival_id is None:
        jobs.release(unit, lease)
        return True
    one = arrivals.lock(unit, arrival_id)
    if one.state is ArrivalState.WRITING:
        _write_next(unit, one)
    elif one.state is ArrivalState.POSTING:
        jobs.advance(unit, lease, _post_next(unit, one, cursor))
        return False
    elif one.state in UNBEGUN:
        arrivals.clear(unit, one)
    else:
        _destroy_key(unit, one)
    jobs.advance(unit, lease, {})
    return False


def _post_next(unit: Unit, one: Arrival, cursor: Mapping[str, Any]) -> dict[str, Any]:
    """Post the next points; the cursor spares the lines that are done."""
    after = cursor.get("line", 0) if cursor.get("arrival_id") == one.arrival_id else 0
    line = openings.post_next(unit, one, after=after)
    if line is None:
        arrivals.change(unit, one.arrival_id, state=ARRIVING.after(one.state, "end"))
        return {}
    return {"arrival_id": one.arrival_id, "line": line}


def _destroy_key(unit: Unit, one: Arrival) -> None:
    """Clear away what waits no more, then destroy its key: in units after the one that ended it."""
    if arrival_parts.forget(unit, one.arrival_id) and one.key_id is not None:
        unit.vault.destroy(one.key_id)
        arrivals.change(unit, one.arrival_id, key_id=None, faults=None)


def _write_next(unit: Unit, one: Arrival) -> None:
    some = arrival_parts.waiting(unit, one, after=one.rows_done, limit=PACE.size)
    if not some:
        _end(unit, one)
        return
    with PACE.timed(len(some)):
        done = _taken_in(unit, one, some)
        insert_all(
            unit,
            arrivals.lines,
            [
                {
                    "bank_id": unit.bank_id,
                    "arrival_id": one.arrival_id,
                    "line": line,
                    "member_id": member_id,
                    "reason": reason,
                }
                for line, member_id, reason in done
            ],
        )
        rows_done = one.rows_done + len(done)
        arrival_parts.forget_done(unit, one, rows_done)
        refused = sum(reason is not None for _, _, reason in done)
        arrivals.change(
            unit,
            one.arrival_id,
            rows_done=rows_done,
            rows_refused=one.rows_refused + refused,
        )
        if rows_done == one.rows:
            _end(unit, one)


def _taken_in(
    unit: Unit, one: Arrival, some: Sequence[Newcomer]
) -> list[tuple[int, str | None, str | None]]:
    """Take in the first of these people, all if they can be: lines with members, or why not."""
    reasons = _known_reasons(unit, some)
    fit = [each for each in some if each.line not in reasons]
    ids, failed = _written(unit, one, fit)
    done: list[tuple[int, str | None, str | None]] = []
    written = dict(zip((each.line for each in fit), ids, strict=False))
    for each in some:
        reason = reasons.get(each.line) or (failed if each.line not in written else None)
        if each.line not in written and reason is None:
            break
        done.append((each.line, written.get(each.line), reason))
        if each.line not in written and each.line not in reasons:
            break
    return done


def _known_reasons(unit: Unit, some: Sequence[Newcomer]) -> dict[int, str]:
    """Return which lines cannot be written now, and why: what was checked has changed since."""
    phones = [each.phone for each in some if each.phone is not None]
    numbers = [each.number for each in some if each.number is not None]
    known = arrival_twins.known(unit, persons.PHONE, phones) if phones else set()
    taken = arrival_twins.numbers_taken(unit, numbers) if numbers else set()
    there = {each.community_id for each in communities.every(unit)}
    reasons = {each.line: NumberTaken.slug for each in some if each.number in taken}
    reasons |= {each.line: PHONE_KNOWN for each in some if each.phone in known}
    reasons |= {
        each.line: CommunityNotFound.slug for each in some if each.community_id not in there
    }
    return reasons


def _written(unit: Unit, one: Arrival, people: Sequence[Newcomer]) -> tuple[list[str], str | None]:
    """Write as many of these people as go into one set; if the very first cannot be, say why."""
    while people:
        try:
            with unit.connection.begin_nested():
                return intakes.take_in(unit, arrival_id=one.arrival_id, people=people), None
        except CreditbankError as error:
            if is_replayable(error) or isinstance(error, Unavailable | Busy):
                raise
            if len(people) == 1:
                return [], error.slug
            people = people[: len(people) // 2]
    return [], None


def _end(unit: Unit, one: Arrival) -> None:
    verb = "await" if openings.totals(unit, one.arrival_id) else "end"
    arrivals.change(unit, one.arrival_id, state=ARRIVING.after(one.state, verb))
