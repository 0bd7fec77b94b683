"""Unpaid: open redemptions that end without a payment: stopped, or past their own time."""

from __future__ import annotations

from sqlalchemy import select

from creditbank.core.units import Unit, View
from creditbank.ledger import holds
from merchants.redemptions import (
    CHECKOUT,
    OPEN,
    State,
    give_caps_back,
    keep,
    lock,
    lock_all,
    redemptions,
)


def stop_scanned(
    unit: Unit, member_id: str, *, card_id: str | None = None, delegate_id: str | None = None
) -> int:
    """Cancel the scanned redemptions of a member, who is locked; return how many.

    Naming a card or a delegate cancels only those that were opened by it.
    """
    query = select(redemptions.c.redemption_id).where(
        redemptions.c.bank_id == unit.bank_id,
        redemptions.c.member_id == member_id,
        redemptions.c.state == State.SCANNED,
    )
    if card_id is not None:
        query = query.where(redemptions.c.card_id == card_id)
    if delegate_id is not None:
        query = query.where(redemptions.c.delegate_id == delegate_id)
    found = lock_all(unit, [row.redemption_id for row in unit.rows(query)]).values()
    scanned = [one for one in found if one.state is State.SCANNED]
    for one in scanned:
        keep(unit, one, state=State(CHECKOUT.after(one.state, "stop")))
    return len(scanned)


def due(view: View, limit: int) -> list[str]:
    """Return the ids of open redemptions whose time is over, oldest first."""
    rows = view.rows(
        select(redemptions.c.redemption_id)
        .where(
            redemptions.c.bank_id == view.bank_id,
            redemptions.c.state.in_(OPEN),
            redemptions.c.ends_at <= view.now,
        )
        .order_by(redemptions.c.ends_at, redemptions.c.redemption_id)
        .limit(limit)
    )
    return [row.redemption_id for row in rows]


def expire(unit: Unit, redemption_id: str) -> State:
    """End an open redemption whose time is over, with its hold; any other stays as it is.

    Raises:
        RedemptionNotFound: this bank has none of this id.
    """
    one = lock(unit, redemption_id)
    if one.state not in OPEN or unit.now < one.ends_at:
        return one.state
    if one.hold_id is not None:
        give_caps_back(unit, one)
        holds.expire(unit, hold_id=one.hold_id)
    return keep(unit, one, state=State(CHECKOUT.after(one.state, "expire"))).state
