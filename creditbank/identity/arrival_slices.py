"""The job of arrivals: one line a slice becomes a member; then points are posted, some a slice.

How far a list is stands in its own row, in the unit of the work, so that a crash goes on and
nothing is done twice. One line a slice, because two would take their locks out of order.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from creditbank import jobs
from creditbank.core.engines import is_replayable
from creditbank.core.errors import Busy, CreditbankError, Unavailable
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import arrival_twins, arrivals, joining, openings
from creditbank.identity.arrival_states import ARRIVING, UNBEGUN, WORKED, ArrivalState
from creditbank.identity.arrivals import PART_ROWS, Arrival, Newcomer
from creditbank.jobs import Lease
from creditbank.people import persons

KIND = "take-in-arrivals"
PHONE_KNOWN = "phone-known"

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
    jobs.hold(unit, lease)
    arrival_id = _next(unit)
    if arrival_id is None:
        jobs.release(unit, lease)
        return True
    one = arrivals.lock(unit, arrival_id)
    if one.state is ArrivalState.WRITING:
        _write_next(unit, one)
    elif one.state is ArrivalState.POSTING:
        if openings.post_next(unit, one):
            arrivals.change(unit, arrival_id, state=ARRIVING.after(one.state, "end"))
    elif one.state in UNBEGUN:
        arrivals.clear(unit, one)
    else:
        _destroy_key(unit, one)
    jobs.advance(unit, lease, {})
    return False


def _destroy_key(unit: Unit, one: Arrival) -> None:
    """Destroy the key of a list of which nothing waits, after the unit that ended the waiting."""
    if one.key_id is not None:
        unit.vault.destroy(one.key_id)
        arrivals.change(unit, one.arrival_id, key_id=None, faults=None)


def _write_next(unit: Unit, one: Arrival) -> None:
    n, place = divmod(one.rows_done, PART_ROWS)
    waiting = arrivals.part(unit, one, n)
    if place >= len(waiting):
        _end(unit, one)
        return
    newcomer = waiting[place]
    member_id, reason = _take_in(unit, one, newcomer)
    unit.run(
        insert(arrivals.lines),
        {
            "bank_id": unit.bank_id,
            "arrival_id": one.arrival_id,
            "line": newcomer.line,
            "member_id": member_id,
            "reason": reason,
        },
    )
    if place == len(waiting) - 1:
        _forget_part(unit, one, n)
    arrivals.change(
        unit,
        one.arrival_id,
        rows_done=one.rows_done + 1,
        rows_refused=one.rows_refused + (member_id is None),
    )
    if one.rows_done + 1 == one.rows:
        _end(unit, one)


def _take_in(unit: Unit, one: Arrival, newcomer: Newcomer) -> tuple[str | None, str | None]:
    """Take one person in; returns the member, or why it cannot be done now."""
    if newcomer.phone is not None and arrival_twins.known(unit, persons.PHONE, [newcomer.phone]):
        return None, PHONE_KNOWN
    said: dict[str, Any] = {
        name: getattr(newcomer, name)
        for name in ("name", "community_id", "number", "phone", "document", "born_on", "address")
    }
    try:
        with unit.connection.begin_nested():
            key = f"{one.arrival_id}/{newcomer.line}"
            made = joining.take_in(unit, key=key, purposes=newcomer.purposes, **said)
            if isinstance(made, Declined):
                return None, made.error.slug
            openings.put_down(
                unit, arrival_id=one.arrival_id, member_id=made.member_id, newcomer=newcomer
            )
            return made.member_id, None
    except CreditbankError as error:
        if is_replayable(error) or isinstance(error, Unavailable | Busy):
            raise
        return None, error.slug


def _forget_part(unit: Unit, one: Arrival, n: int) -> None:
    of = arrivals.parts
    unit.run(
        delete(of).where(
            of.c.bank_id == unit.bank_id, of.c.arrival_id == one.arrival_id, of.c.n == n
        )
    )


def _end(unit: Unit, one: Arrival) -> None:
    verb = "await" if openings.totals(unit, one.arrival_id) else "end"
    arrivals.change(unit, one.arrival_id, state=ARRIVING.after(one.state, verb))
