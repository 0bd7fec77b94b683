"""Tills: where a merchant takes points, and the lock after too many wrong codes.

Wrong codes are counted under the till's own row lock, so a parallel burst counts exactly. Where
its merchant has cashiers, even suspended ones, a till takes points only in the turn of one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Row,
    Select,
    bindparam,
    exists,
    insert,
    select,
    update,
)
from sqlmodel import Field

from creditbank.core.errors import CreditbankError
from creditbank.core.keys import keyed
from creditbank.core.prepared import Prepared, among
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import trail
from creditbank.schemes.parameters import Scheme
from merchants import partners
from merchants.cashiers import CashierState, cashiers, till_turns
from merchants.errors import MerchantSuspended, TillLocked, TillNotFound, TillSuspended
from merchants.partners import MerchantState
from merchants.till_errors import CashierNeeded

_NAME_MOST = 40


class TillState(StrEnum):
    """Whether a till is in use."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class TillRow(OfBank, table=True):
    """One till; ``wrong_at`` keeps the instants of its latest wrong codes."""

    __tablename__ = "till"
    __table_args__ = (to_bank(), within_bank(["merchant_id"], "merchant", ["merchant_id"]))

    till_id: str = Field(primary_key=True, max_length=40)
    merchant_id: str = Field(max_length=40)
    name: str = Field(max_length=_NAME_MOST)
    state: str = Field(max_length=16)
    wrong_at: Any = Field(sa_column=Column("wrong_at", JSON, nullable=False))
    locked_until: datetime | None = Field(sa_type=UtcDateTime)


tills = table(TillRow)


@dataclass(frozen=True, slots=True)
class Till:
    """A till, with the state and the asset of its merchant.

    ``cashier_id`` is whose turn it is now, and ``behind_id`` the member they also are;
    ``has_cashiers`` says that it takes points in somebody's turn only.
    """

    till_id: str
    merchant_id: str
    name: str
    state: TillState
    locked_until: datetime | None
    merchant_state: MerchantState
    asset: str
    has_cashiers: bool
    cashier_id: str | None
    behind_id: str | None
    turn_until: datetime | None


def _till(row: Row[Any]) -> Till:
    return Till(
        row.till_id,
        row.merchant_id,
        row.name,
        TillState(row.state),
        row.locked_until,
        MerchantState(row.merchant_state),
        row.asset_code,
        row.has_cashiers,
        row.serving_id,
        row.behind_id,
        row.turn_until,
    )


def _query(*which: ColumnElement[bool]) -> Select[Any]:
    of = partners.merchants
    anyone = cashiers.alias("anyone")
    has_cashiers = exists().where(
        anyone.c.bank_id == tills.c.bank_id,
        anyone.c.merchant_id == tills.c.merchant_id,
    )
    turn = (
        (till_turns.c.bank_id == tills.c.bank_id)
        & (till_turns.c.till_id == tills.c.till_id)
        & (till_turns.c.until > bindparam("now"))
    )
    serving = (
        (cashiers.c.bank_id == till_turns.c.bank_id)
        & (cashiers.c.cashier_id == till_turns.c.cashier_id)
        & (cashiers.c.state == CashierState.ACTIVE)
    )
    return (
        select(
            tills,
            of.c.state.label("merchant_state"),
            of.c.asset_code,
            cashiers.c.cashier_id.label("serving_id"),
            cashiers.c.member_id.label("behind_id"),
            till_turns.c.until.label("turn_until"),
            has_cashiers.label("has_cashiers"),
        )
        .join(of, (of.c.bank_id == tills.c.bank_id) & (of.c.merchant_id == tills.c.merchant_id))
        .outerjoin(till_turns, turn)
        .outerjoin(cashiers, serving)
        .where(tills.c.bank_id == bindparam("bank_id"), *which)
        .order_by(tills.c.name, tills.c.till_id)
    )


_THESE = Prepared(_query(among(tills.c.till_id, "till_ids")))
_OF_MERCHANT = Prepared(_query(tills.c.merchant_id == bindparam("merchant_id")))


@keyed
def register(unit: Unit, *, merchant_id: str, name: str, key: str) -> str:  # noqa: ARG001
    """Give a merchant a till and return its id.

    Raises:
        BadField: the name is unusable.
        MerchantNotFound: this bank has no such merchant.
    """
    partners.require_own(unit.actor, merchant_id)
    till_id = unit.new_id("til")
    unit.run(
        insert(tills),
        {
            "bank_id": unit.bank_id,
            "till_id": till_id,
            "merchant_id": partners.find(unit, merchant_id).merchant_id,
            "name": line("name", name, _NAME_MOST),
            "state": TillState.ACTIVE,
            "wrong_at": [],
            "locked_until": None,
        },
    )
    trail.record(unit, "till.registered", till_id, after={"merchant_id": merchant_id})
    return till_id


def find(view: View, till_id: str) -> Till:
    """Return a till.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    found = find_all(view, [till_id]).get(till_id)
    if found is None:
        raise TillNotFound(till_id)
    return found


def find_all(view: View, till_ids: Iterable[str]) -> dict[str, Till]:
    """Return the tills of these ids that there are, by id."""
    ids = sorted(set(till_ids))
    rows = _THESE.rows(view, bank_id=view.bank_id, now=view.now, till_ids=ids)
    return {row.till_id: _till(row) for row in rows}


def find_own(unit: Unit, till_id: str) -> Till:
    """Return a till of a merchant at which the actor's role holds.

    Raises:
        TillNotFound: this bank has none of this id, or it is another merchant's.
    """
    till = find(unit, till_id)
    if not partners.owns(unit.actor, till.merchant_id):
        raise TillNotFound(till_id)
    return till


def listing(view: View, merchant_id: str) -> list[Till]:
    """Return the tills of a merchant by name."""
    rows = _OF_MERCHANT.rows(view, bank_id=view.bank_id, now=view.now, merchant_id=merchant_id)
    return [_till(row) for row in rows]


def lock(unit: Unit, till_id: str) -> None:
    """Lock a till that was found before."""
    unit.row(
        select(tills.c.till_id)
        .where(tills.c.bank_id == unit.bank_id, tills.c.till_id == till_id)
        .with_for_update(key_share=True)
    )


def require_in_use(view: View, till_id: str) -> Till:
    """Return a till that is in use, at a merchant that takes points.

    Raises:
        TillNotFound: this bank has none of this id.
        TillSuspended: the till is out of use.
        MerchantSuspended: the merchant takes no points now.
    """
    till = find(view, till_id)
    _require_in_use(till)
    return till


def _require_in_use(till: Till) -> None:
    if till.state is TillState.SUSPENDED:
        raise TillSuspended(till.till_id)
    if till.merchant_state is MerchantState.SUSPENDED:
        raise MerchantSuspended(till.merchant_id)


def require_served(unit: Unit, till: Till) -> None:
    """See that a till is in the turn of a cashier, if its merchant has any: the actor's.

    Raises:
        CashierNeeded: no cashier has signed in on it, or another one just now.
    """
    unserved = till.has_cashiers and till.cashier_id is None
    if unserved or till.behind_id not in {None, unit.actor.member_id}:
        raise CashierNeeded(till.till_id)


def require_active(unit: Unit, till_id: str) -> Till:
    """Return a till that may take points: in use, and in the turn of a cashier if there are any.

    Raises:
        TillNotFound: this bank has none of this id.
        TillSuspended: the till is out of use.
        MerchantSuspended: the merchant takes no points now.
        CashierNeeded: no cashier has signed in on it.
    """
    return admit(unit, find_all(unit, [till_id]))


def admit(unit: Unit, known: Mapping[str, Till]) -> Till:
    """Return the till that acts, out of those that were found, if it may take points.

    Raises:
        TillNotFound: it is none of them.
        TillSuspended: the till is out of use.
        MerchantSuspended: the merchant takes no points now.
        CashierNeeded: no cashier has signed in on it.
    """
    till = known.get(unit.actor.id)
    if till is None:
        raise TillNotFound(unit.actor.id)
    _require_in_use(till)
    require_served(unit, till)
    return till


def require_unlocked(unit: Unit, till: Till) -> None:
    """See that a till may scan.

    Raises:
        TillLocked: too many wrong codes came from it.
    """
    if till.locked_until is not None and unit.now < till.locked_until:
        raise TillLocked(till.till_id, till.locked_until.isoformat())


def count_wrong(unit: Unit, *, scheme: Scheme, error: CreditbankError) -> CreditbankError:
    """Remember a wrong code at the till that acts, and return what to answer (as `Declined`).

    The wrong code that fills the window locks the till; those behind it get `TillLocked`.
    """
    till_id = unit.actor.id
    row = unit.row(
        select(tills.c.wrong_at, tills.c.locked_until)
        .where(tills.c.bank_id == unit.bank_id, tills.c.till_id == till_id)
        .with_for_update(key_share=True)
    )
    assert row is not None, "the till was found before"
    if row.locked_until is not None and unit.now < row.locked_until:
        return TillLocked(till_id, row.locked_until.isoformat())
    start = unit.now - timedelta(seconds=scheme.wrong_codes_window_s)
    recent = [one for one in row.wrong_at if datetime.fromisoformat(one) > start]
    recent.append(unit.now.isoformat())
    locked_until = None
    if len(recent) >= scheme.wrong_codes_most:
        recent, locked_until = [], unit.now + timedelta(seconds=scheme.till_lock_s)
        trail.record(unit, "till.locked", till_id, after={"until": locked_until})
    _set(unit, till_id, wrong_at=recent, locked_until=locked_until)
    return error


@keyed
def unlock(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Let a locked till scan again, and forget its wrong codes.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    till = find_own(unit, till_id)
    _set(unit, till_id, wrong_at=[], locked_until=None)
    trail.record(unit, "till.unlocked", till_id)
    return till.state


@keyed
def suspend(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Take a till out of use.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    find_own(unit, till_id)
    _set(unit, till_id, state=TillState.SUSPENDED)
    trail.record(unit, "till.suspended", till_id)
    return TillState.SUSPENDED


@keyed
def reinstate(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Take a till into use again.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    find_own(unit, till_id)
    _set(unit, till_id, state=TillState.ACTIVE)
    trail.record(unit, "till.reinstated", till_id)
    return TillState.ACTIVE


def taker(unit: Unit, till: Till) -> str | None:
    """Return who takes points at a till: the cashier whose turn it is, or the member behind it."""
    return till.cashier_id or unit.actor.member_id


def _set(unit: Unit, till_id: str, **values: object) -> None:
    unit.run(
        update(tills)
        .where(tills.c.bank_id == unit.bank_id, tills.c.till_id == till_id)
        .values(**values)
    )
