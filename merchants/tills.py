"""Tills: where a merchant takes points, and the lock after too many wrong codes.

Wrong codes are counted under the till's own row lock, so a parallel burst counts exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Row, Select, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import CreditbankError
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.schemes.scheme import Scheme
from merchants import partners
from merchants.errors import MerchantSuspended, TillLocked, TillNotFound, TillSuspended
from merchants.partners import MerchantState

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
    """A till, with the state and the asset of its merchant."""

    till_id: str
    merchant_id: str
    name: str
    state: TillState
    locked_until: datetime | None
    merchant_state: MerchantState
    asset: str


def _till(row: Row[Any]) -> Till:
    return Till(
        row.till_id,
        row.merchant_id,
        row.name,
        TillState(row.state),
        row.locked_until,
        MerchantState(row.merchant_state),
        row.asset_code,
    )


def _query(view: View) -> Select[Any]:
    of = partners.merchants
    return (
        select(tills, of.c.state.label("merchant_state"), of.c.asset_code)
        .join(of, (of.c.bank_id == tills.c.bank_id) & (of.c.merchant_id == tills.c.merchant_id))
        .where(tills.c.bank_id == view.bank_id)
    )


@keyed
def register(unit: Unit, *, merchant_id: str, name: str, key: str) -> str:  # noqa: ARG001
    """Give a merchant a till and return its id.

    Raises:
        BadField: the name is unusable.
        MerchantNotFound: this bank has no such merchant.
    """
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
    return till_id


def find(view: View, till_id: str) -> Till:
    """Return a till.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    row = view.row(_query(view).where(tills.c.till_id == till_id))
    if row is None:
        raise TillNotFound(till_id)
    return _till(row)


def listing(view: View, merchant_id: str) -> list[Till]:
    """Return the tills of a merchant by name."""
    rows = view.rows(
        _query(view)
        .where(tills.c.merchant_id == merchant_id)
        .order_by(tills.c.name, tills.c.till_id)
    )
    return [_till(row) for row in rows]


def require_active(view: View, till_id: str) -> Till:
    """Return a till that is in use, at a merchant that takes points.

    Raises:
        TillNotFound: this bank has none of this id.
        TillSuspended: the till is out of use.
        MerchantSuspended: the merchant takes no points now.
    """
    till = find(view, till_id)
    if till.state is TillState.SUSPENDED:
        raise TillSuspended(till_id)
    if till.merchant_state is MerchantState.SUSPENDED:
        raise MerchantSuspended(till.merchant_id)
    return till


def require_open(view: View, till_id: str) -> Till:
    """Return a till that may scan: in use and not locked.

    Raises:
        TillNotFound: this bank has none of this id.
        TillSuspended: the till is out of use.
        MerchantSuspended: the merchant takes no points now.
        TillLocked: too many wrong codes came from it.
    """
    till = require_active(view, till_id)
    if till.locked_until is not None and view.now < till.locked_until:
        raise TillLocked(till_id, till.locked_until.isoformat())
    return till


def count_wrong(
    unit: Unit, *, till_id: str, scheme: Scheme, error: CreditbankError
) -> CreditbankError:
    """Remember a wrong code at a till and return what to answer (as `Declined`).

    The wrong code that fills the window locks the till; those behind it get `TillLocked`.
    """
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
    _set(unit, till_id, wrong_at=recent, locked_until=locked_until)
    return error


@keyed
def unlock(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Let a locked till scan again, and forget its wrong codes.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    till = find(unit, till_id)
    _set(unit, till_id, wrong_at=[], locked_until=None)
    return till.state


@keyed
def suspend(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Take a till out of use.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    find(unit, till_id)
    _set(unit, till_id, state=TillState.SUSPENDED)
    return TillState.SUSPENDED


@keyed
def reinstate(unit: Unit, *, till_id: str, key: str) -> TillState:  # noqa: ARG001
    """Take a till into use again.

    Raises:
        TillNotFound: this bank has none of this id.
    """
    find(unit, till_id)
    _set(unit, till_id, state=TillState.ACTIVE)
    return TillState.ACTIVE


def _set(unit: Unit, till_id: str, **values: object) -> None:
    unit.run(
        update(tills)
        .where(tills.c.bank_id == unit.bank_id, tills.c.till_id == till_id)
        .values(**values)
    )
