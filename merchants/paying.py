"""Paying, as the payer's own screen tells it: the last payment that their code opened.

The payer is who shows the code: the member, or a delegate for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from creditbank.core.units import View
from merchants.partners import merchants
from merchants.redemptions import OPEN, PinState, State, redemptions


@dataclass(frozen=True, slots=True)
class Payment:
    """Where a payment stands; ``balance_after`` is what its member had left, once it is paid."""

    redemption_id: str
    member_id: str
    shop: str
    asset: str
    state: State
    pin: PinState | None
    points: int
    cart_fen: int | None
    discount_fen: int
    balance_after: int | None
    reason: str | None
    for_another: bool
    paid_at: datetime | None

    @property
    def to_pay_fen(self) -> int | None:
        """What is still to be paid at the till; None if there is no bill."""
        return None if self.cart_fen is None else self.cart_fen - self.discount_fen


def latest(view: View, payer_id: str, *, since: datetime) -> Payment | None:
    """Return the last payment that a payer's code opened or paid since an instant, or opens now."""
    of = redemptions.c
    row = view.row(
        select(redemptions, merchants.c.name.label("shop"))
        .join(
            merchants,
            (merchants.c.bank_id == of.bank_id) & (merchants.c.merchant_id == of.merchant_id),
        )
        .where(
            of.bank_id == view.bank_id,
            or_(
                and_(of.member_id == payer_id, of.delegate_id.is_(None)),
                of.delegate_id == payer_id,
            ),
            of.card_id.is_(None),
            or_(
                of.scanned_at >= since,
                of.paid_at >= since,
                and_(of.state.in_(OPEN), of.ends_at > view.now),
            ),
        )
        .order_by(of.scanned_at.desc(), of.redemption_id.desc())
        .limit(1)
    )
    if row is None:
        return None
    state = State(row.state)
    if state in OPEN and row.ends_at <= view.now:
        state = State.EXPIRED
    return Payment(
        row.redemption_id,
        row.member_id,
        row.shop,
        row.asset_code,
        state,
        None if row.pin is None else PinState(row.pin),
        row.points,
        row.cart_fen,
        row.discount_fen,
        row.balance_after,
        row.reason,
        row.delegate_id is not None,
        row.paid_at,
    )
