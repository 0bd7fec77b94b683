"""Endings: what is over by its deadline, and what a member who leaves lets go of.

One job of due work ends services and hand-outs whose time is over.
"""

from __future__ import annotations

from creditbank import jobs
from creditbank.core.units import Unit, View
from creditbank.exchange import handouts, needy, outcomes

KIND = "end-exchange"
_HANDOUTS_PER_SLICE = 20


def due(view: View) -> list[str]:
    """Tell the scheduler whether anything is over."""
    return [jobs.DUE_WORK] if outcomes.any_due(view) or handouts.any_due(view) else []


def run_slice(unit: Unit, lease: jobs.Lease) -> bool:
    """End the next service, or hand-outs, whose time is over; True if there is none.

    Raises:
        LeaseLost: another worker took the job over.
    """
    jobs.hold(unit, lease)
    if outcomes.lapse_next(unit) or handouts.lapse_due(unit, _HANDOUTS_PER_SLICE):
        jobs.advance(unit, lease, {})
        return False
    jobs.release(unit, lease)
    return True


def of_member(unit: Unit, member_id: str, *, kept_id: str | None = None) -> None:
    """End the services of a member who leaves, and the entry of the register, or move that.

    The member is locked by this unit; ``kept_id`` is the row that the same person goes on with.
    """
    outcomes.end_all(unit, member_id)
    if kept_id is None:
        needy.end_all(unit, member_id)
    else:
        needy.move(unit, member_id, kept_id)
