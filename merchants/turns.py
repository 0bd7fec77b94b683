"""Turns: a cashier signs in on a till by PIN and serves until they sign out, or 12 hours.

A PIN is compared at the edge, outside the unit; under the cashier's row lock the try is counted,
and only then is it told what came of it: five wrong in a row lock the cashier, so that of any
number sent at once five are told the truth.

Locks: the cashier before the till.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Declined, Unit
from creditbank.identity.passwords import Checked
from merchants import cashiers, tills
from merchants.cashiers import CashierState, till_turns
from merchants.till_errors import CashierLocked, CashierNotFound, CashierPinWrong

WRONG_MOST = 5
LOCK_S = 30 * 60
TURN_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Turn:
    """Who serves at a till, and until when at most."""

    till_id: str
    cashier_id: str
    since: datetime
    until: datetime


@keyed
def sign_in(
    unit: Unit,
    *,
    cashier_id: str,
    pin: str,  # noqa: ARG001 - part of what was said; `checked` says whether it fits
    key: str,  # noqa: ARG001 - the key is @keyed's
    checked: Unsaid[Checked],
) -> Turn | Declined:
    """Let a cashier serve at the till that asks, and nobody else.

    Raises:
        TillSuspended, MerchantSuspended: the till takes nothing now.
        CashierNotFound: this merchant has no such cashier, or they are suspended.

    Declines:
        CashierPinWrong: the PIN does not fit; the try is counted.
        CashierLocked: too many did not.
    """
    till = tills.require_in_use(unit, unit.actor.id)
    row = cashiers.lock(unit, cashier_id)
    if row.merchant_id != till.merchant_id or row.state != CashierState.ACTIVE:
        raise CashierNotFound(cashier_id)
    if row.locked_until is not None and unit.now < row.locked_until:
        return Declined(CashierLocked(cashier_id, row.locked_until.isoformat()))
    if not checked.right or checked.password_hash != row.pin_hash:
        wrong = row.wrong + 1
        locked = wrong >= WRONG_MOST
        cashiers.keep(
            unit,
            cashier_id,
            wrong=0 if locked else wrong,
            locked_until=unit.now + timedelta(seconds=LOCK_S) if locked else None,
        )
        return Declined(CashierPinWrong(cashier_id))
    cashiers.keep(unit, cashier_id, wrong=0, locked_until=None)
    return _begun(
        unit, Turn(till.till_id, cashier_id, unit.now, unit.now + timedelta(seconds=TURN_S))
    )


def _begun(unit: Unit, turn: Turn) -> Turn:
    tills.lock(unit, turn.till_id)
    cashiers.end_turns(unit, till_id=turn.till_id)
    unit.run(
        insert(till_turns),
        {
            "bank_id": unit.bank_id,
            "till_id": turn.till_id,
            "cashier_id": turn.cashier_id,
            "since": turn.since,
            "until": turn.until,
        },
    )
    return turn


@keyed
def sign_out(unit: Unit, *, key: str) -> None:  # noqa: ARG001 - the key is @keyed's
    """End the turn at the till that asks, if there is one."""
    cashiers.end_turns(unit, till_id=unit.actor.id)
