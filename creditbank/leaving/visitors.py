"""Visitors: memberships that close by themselves after 90 idle days.

Idle is who was seen on no device, moved no points, claimed nothing and has nothing to come. What
is left in points expires by one transfer: a visitor has no family here to give it to, nobody
comes back for it, and points that stand for ever would be a promise to the shops that nobody
redeems and everybody's books have to carry. What was earned, and its honours, stay on record.
The job runs once a day by the bank's calendar, one member a slice, in order of their ids.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from creditbank import jobs
from creditbank.core.clock import day_of
from creditbank.core.units import Unit, View
from creditbank.identity.sittings import sittings
from creditbank.jobs import Lease
from creditbank.leaving import closings
from creditbank.ledger import chart, estates, statements
from creditbank.people import members, trail
from creditbank.people.members import MemberKind, Status
from creditbank.tasks.claims import claims

KIND = "close-visitors"
IDLE_DAYS = 90

_LOOKED_AT = 50
_of = members.members.c


def run_slice(unit: Unit, lease: Lease) -> bool:
    """Close the next visitor who is idle; the last slice ends the day's job."""
    after = str(jobs.hold(unit, lease).get("after", ""))
    found = _candidates(unit, after)
    idle = next((one for one in found if not _moved(unit, one)), None)
    if idle is not None:
        close(unit, idle)
    if not found:
        jobs.finish(unit, lease)
        return True
    jobs.advance(unit, lease, {"after": idle or found[-1]})
    return False


def close(unit: Unit, member_id: str) -> bool:
    """Close a visitor who is still idle under the lock; tell whether it was done.

    Raises:
        MemberNotFound: this bank has none of this id.
    """
    closings.lock(unit, member_id)
    if not is_idle(unit, member_id):
        return False
    closings.close(unit, member_id)
    moved = estates.expire(
        unit, member_id=member_id, key=f"visitor/{member_id}", refers_to=member_id
    )
    after = {"transfer": None if moved is None else moved.transfer_id}
    trail.record(unit, "visitor.closed", member_id, subject_id=member_id, after=after)
    return True


def is_idle(view: View, member_id: str) -> bool:
    """Tell whether a member is a visitor who has been idle for 90 days."""
    row = view.row(select(_of.member_id).where(*_still(view), _of.member_id == member_id))
    return row is not None and not _moved(view, member_id)


def _since(view: View) -> datetime:
    return view.now - timedelta(days=IDLE_DAYS)


def _candidates(view: View, after: str) -> list[str]:
    """Return the next visitors who were not seen and claimed nothing, by id."""
    rows = view.rows(
        select(_of.member_id)
        .where(*_still(view), _of.member_id > after)
        .order_by(_of.member_id)
        .limit(_LOOKED_AT)
    )
    return [row.member_id for row in rows]


def _still(view: View) -> list[ColumnElement[bool]]:
    """Return the conditions on the row of a visitor who was neither seen nor claimed anything."""
    since = _since(view)
    seen = select(sittings.c.sitting_id).where(
        sittings.c.bank_id == view.bank_id,
        sittings.c.holder_id == _of.member_id,
        sittings.c.seen_at > since,
    )
    claimed = select(claims.c.claim_id).where(
        claims.c.bank_id == view.bank_id,
        claims.c.member_id == _of.member_id,
        or_(
            claims.c.claimed_at > since,
            claims.c.signed_out_at > since,
            claims.c.state.in_(closings.IN_FLIGHT),
        ),
    )
    return [
        _of.bank_id == view.bank_id,
        _of.kind == MemberKind.VISITOR,
        _of.status.in_([Status.ACTIVE, Status.SUSPENDED]),
        _of.joined_on <= day_of(since, view.bank.zone),
        ~seen.exists(),
        ~claimed.exists(),
    ]


def _moved(view: View, member_id: str) -> bool:
    """Tell whether points of a member moved, or are on hold, within the 90 days."""
    since = _since(view)
    places = (chart.member(member_id), chart.held(member_id))
    return any(statements.moved_since(view, one, since) for one in places)
