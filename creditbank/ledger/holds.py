"""Holds: points set aside for a time, as transfers into the member's held account.

A hold resolves once: captured (wholly, or in part with the rest returned), voided or expired.
Its time is an interval; past it a hold is refused by its own time, whether or not a job has run.
A capture first returns everything and then pays, so that a member's own account tells the whole
story and a statement needs no second chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update

from creditbank.core.errors import HoldClosed, HoldExpired, HoldNotFound
from creditbank.core.units import Unit, View
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, Posting, whole_units
from creditbank.ledger import chart
from creditbank.ledger.books import holds
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, post

TTL_S_MOST = 7 * 24 * 3600


class HoldState(StrEnum):
    """Where a hold stands; all but ``authorised`` are final."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold; ``ends_at`` is when its interval is over."""

    hold_id: str
    member_id: str
    amount: Amount
    captured_units: int
    state: HoldState
    ends_at: datetime
    refers_to: str | None


def authorise(
    unit: Unit, *, member_id: str, amount: Amount, ttl_s: int, refers_to: str | None = None
) -> Hold:
    """Set points aside for ``ttl_s`` seconds (1 to 7 days).

    Raises:
        BadAmount: the amount or the interval is out of bounds.
        InsufficientPoints: there is not enough available.
    """
    whole_units(amount.units, PAYMENT_UNITS_MOST)
    whole_units(ttl_s, TTL_S_MOST)
    hold_id = unit.new_id("hld")
    opened = post(
        unit,
        Draft(
            Kind.HOLD,
            f"hold/{hold_id}",
            unit.now,
            (Posting(chart.member(member_id), chart.held(member_id), amount),),
            refers_to,
        ),
    )
    hold = Hold(
        hold_id,
        member_id,
        amount,
        0,
        HoldState.AUTHORISED,
        unit.now + timedelta(seconds=ttl_s),
        refers_to,
    )
    unit.run(
        insert(holds),
        {
            "bank_id": unit.bank_id,
            "hold_id": hold_id,
            "member_id": member_id,
            "asset_code": amount.asset,
            "units": amount.units,
            "captured_units": 0,
            "state": hold.state,
            "opened_by": opened.transfer_id,
            "ends_at": hold.ends_at,
            "refers_to": refers_to,
        },
    )
    return hold


def capture(unit: Unit, *, hold_id: str, units: int, destination: str) -> Transfer:
    """Take ``units`` of a hold for a destination; the rest returns to the member.

    Raises:
        HoldNotFound: this bank has none of this id.
        HoldClosed: it was captured, voided or expired before.
        HoldExpired: its own time is over.
        BadAmount: more than was authorised, or no whole number.
    """
    hold = _lock_open(unit, hold_id)
    if unit.now >= hold.ends_at:
        raise HoldExpired(hold_id)
    whole_units(units, hold.amount.units)
    member = chart.member(hold.member_id)
    transfer = post(
        unit,
        Draft(
            Kind.REDEEM,
            f"hold/{hold_id}/capture",
            unit.now,
            (
                Posting(chart.held(hold.member_id), member, hold.amount),
                Posting(member, destination, Amount(units, hold.amount.asset)),
            ),
            hold.refers_to,
        ),
    )
    _close(unit, hold_id, HoldState.CAPTURED, units)
    return transfer


def void(unit: Unit, *, hold_id: str) -> Transfer:
    """Give all points of a hold back.

    Raises:
        HoldNotFound: this bank has none of this id.
        HoldClosed: it was captured, voided or expired before.
    """
    return _return(unit, _lock_open(unit, hold_id), HoldState.VOIDED)


def expire(unit: Unit, *, hold_id: str) -> Transfer | None:
    """Give the points of a hold back whose time is over; None if it is not, or is resolved.

    Raises:
        HoldNotFound: this bank has none of this id.
    """
    hold = find(unit, hold_id, lock=True)
    if hold.state is not HoldState.AUTHORISED or unit.now < hold.ends_at:
        return None
    return _return(unit, hold, HoldState.EXPIRED)


def give_back(unit: Unit, hold: Hold) -> None:
    """Return an open hold that this unit has locked: voided, or expired if its time is over."""
    over = unit.now >= hold.ends_at
    _return(unit, hold, HoldState.EXPIRED if over else HoldState.VOIDED)


def due(view: View, limit: int) -> list[str]:
    """Return the ids of open holds whose time is over, oldest first."""
    rows = view.rows(
        select(holds.c.hold_id)
        .where(
            holds.c.bank_id == view.bank_id,
            holds.c.state == HoldState.AUTHORISED,
            holds.c.ends_at <= view.now,
        )
        .order_by(holds.c.ends_at, holds.c.hold_id)
        .limit(limit)
    )
    return [row.hold_id for row in rows]


def find(view: View, hold_id: str, *, lock: bool = False) -> Hold:
    """Return a hold, under its lock if asked (in a Unit only).

    Raises:
        HoldNotFound: this bank has none of this id.
    """
    query = select(holds).where(holds.c.bank_id == view.bank_id, holds.c.hold_id == hold_id)
    row = view.row(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise HoldNotFound(hold_id)
    return Hold(
        row.hold_id,
        row.member_id,
        Amount(row.units, row.asset_code),
        row.captured_units,
        HoldState(row.state),
        row.ends_at,
        row.refers_to,
    )


def _lock_open(unit: Unit, hold_id: str) -> Hold:
    hold = find(unit, hold_id, lock=True)
    if hold.state is not HoldState.AUTHORISED:
        raise HoldClosed(hold_id, hold.state)
    return hold


def _return(unit: Unit, hold: Hold, state: HoldState) -> Transfer:
    transfer = post(
        unit,
        Draft(
            Kind.RELEASE,
            f"hold/{hold.hold_id}/{state}",
            unit.now,
            (Posting(chart.held(hold.member_id), chart.member(hold.member_id), hold.amount),),
            hold.refers_to,
        ),
    )
    _close(unit, hold.hold_id, state, 0)
    return transfer


def _close(unit: Unit, hold_id: str, state: HoldState, captured_units: int) -> None:
    unit.run(
        update(holds)
        .where(holds.c.bank_id == unit.bank_id, holds.c.hold_id == hold_id)
        .values(state=state, captured_units=captured_units)
    )
