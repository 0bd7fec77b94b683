"""Cashiers: who serves at a merchant's tills, each with a PIN of six digits.

Kept by the owner. What a cashier is called is a person's (`creditbank.people.persons`), and the
member a cashier also is stands on the row, so that law 7 holds at the till. A PIN is hashed
outside the unit. Whoever is suspended or gets another PIN is off every till at once. A row of
``till_turn`` is a turn that nobody ended (`merchants.turns` begins them).

Locks: the cashier before the till.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, Select, delete, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import members, persons, trail
from merchants import partners
from merchants.till_errors import CashierNotFound

PIN_LENGTH = 6

_HASH_MOST = 255


class CashierState(StrEnum):
    """Whether a cashier may sign in on a till."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


EMPLOYMENT = Machine(
    thing="cashier",
    thing_zh="收银员",
    states={CashierState.ACTIVE: "正常", CashierState.SUSPENDED: "已暂停"},
    verbs={
        "suspend": Verb("暂停", "suspend the cashier", "店主", "the owner"),
        "reinstate": Verb("恢复", "reinstate the cashier", "店主", "the owner"),
    },
    moves={
        (CashierState.ACTIVE, "suspend"): CashierState.SUSPENDED,
        (CashierState.SUSPENDED, "reinstate"): CashierState.ACTIVE,
    },
)


class CashierRow(OfBank, table=True):
    """One cashier; ``pin_hash`` is argon2's, ``wrong`` counts tries since the last right one."""

    __tablename__ = "cashier"
    __table_args__ = (
        within_bank(["merchant_id"], "merchant", ["merchant_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_cashier_merchant", "bank_id", "merchant_id", "state"),
    )

    cashier_id: str = Field(primary_key=True, max_length=40)
    merchant_id: str = Field(max_length=40)
    member_id: str | None = Field(max_length=40)
    state: str = Field(max_length=16)
    pin_hash: str = Field(max_length=_HASH_MOST)
    wrong: int
    locked_until: datetime | None = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TillTurnRow(OfBank, table=True):
    """Whose turn it is at a till."""

    __tablename__ = "till_turn"
    __table_args__ = (
        within_bank(["till_id"], "till", ["till_id"]),
        within_bank(["cashier_id"], "cashier", ["cashier_id"]),
        Index("ix_till_turn_cashier", "bank_id", "cashier_id"),
    )

    till_id: str = Field(primary_key=True, max_length=40)
    cashier_id: str = Field(max_length=40)
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)


cashiers = table(CashierRow)
till_turns = table(TillTurnRow)


@dataclass(frozen=True, slots=True)
class Cashier:
    """A cashier; ``member_id`` if they are also a resident."""

    cashier_id: str
    merchant_id: str
    member_id: str | None
    state: CashierState
    locked_until: datetime | None


def _cashier(row: Row[Any]) -> Cashier:
    return Cashier(
        row.cashier_id,
        row.merchant_id,
        row.member_id,
        CashierState(row.state),
        row.locked_until,
    )


@keyed
def add(
    unit: Unit,
    *,
    merchant_id: str,
    name: str,
    pin: str,  # noqa: ARG001 - part of what was said; only its hash is kept
    key: str,  # noqa: ARG001 - the key is @keyed's
    pin_hash: Unsaid[str],
    member_id: str | None = None,
) -> str:
    """Take a cashier on and return their id.

    Raises:
        BadField: the name is unusable.
        MerchantNotFound: this bank has no such merchant, or it is not the actor's.
        MemberNotFound: this bank has no such member.
    """
    partners.require_own(unit.actor, merchant_id)
    partners.find(unit, merchant_id)
    if member_id is not None:
        members.find(unit, member_id)
    cashier_id = unit.new_id("csh")
    unit.run(
        insert(cashiers),
        {
            "bank_id": unit.bank_id,
            "cashier_id": cashier_id,
            "merchant_id": merchant_id,
            "member_id": member_id,
            "state": CashierState.ACTIVE,
            "pin_hash": pin_hash,
            "wrong": 0,
            "locked_until": None,
            "created_at": unit.now,
        },
    )
    persons.keep(unit, holder_id=cashier_id, name=name)
    _trail(unit, "cashier.added", cashier_id, after={"merchant": merchant_id, "member": member_id})
    return cashier_id


@keyed
def reset_pin(
    unit: Unit,
    *,
    cashier_id: str,
    pin: str,  # noqa: ARG001 - part of what was said; only its hash is kept
    key: str,  # noqa: ARG001 - the key is @keyed's
    pin_hash: Unsaid[str],
) -> CashierState:
    """Give a cashier another PIN, forget the wrong ones, and end their turns.

    Raises:
        CashierNotFound: this bank has none of this id, or they are another merchant's.
    """
    row = _lock_own(unit, cashier_id)
    keep(unit, cashier_id, pin_hash=pin_hash, wrong=0, locked_until=None)
    end_turns(unit, cashier_id=cashier_id)
    _trail(unit, "cashier.pin-reset", cashier_id)
    return CashierState(row.state)


@keyed
def suspend(unit: Unit, *, cashier_id: str, key: str) -> CashierState:  # noqa: ARG001
    """Keep a cashier from every till, at once.

    Raises:
        CashierNotFound: this bank has none of this id, or they are another merchant's.
        StateConflict: they are suspended already.
    """
    return _move(unit, cashier_id, "suspend", "cashier.suspended")


@keyed
def reinstate(unit: Unit, *, cashier_id: str, key: str) -> CashierState:  # noqa: ARG001
    """Let a cashier sign in again.

    Raises:
        CashierNotFound: this bank has none of this id, or they are another merchant's.
        StateConflict: they are not suspended.
    """
    return _move(unit, cashier_id, "reinstate", "cashier.reinstated")


def _move(unit: Unit, cashier_id: str, verb: str, deed: str) -> CashierState:
    before = _lock_own(unit, cashier_id).state
    state = CashierState(EMPLOYMENT.after(before, verb))
    keep(unit, cashier_id, state=state)
    end_turns(unit, cashier_id=cashier_id)
    _trail(unit, deed, cashier_id, before={"state": before}, after={"state": state})
    return state


def _lock_own(unit: Unit, cashier_id: str) -> Row[Any]:
    row = lock(unit, cashier_id)
    if not partners.owns(unit.actor, row.merchant_id):
        raise CashierNotFound(cashier_id)
    return row


def _trail(unit: Unit, what: str, cashier_id: str, **change: Mapping[str, Any]) -> None:
    trail.record(unit, what, cashier_id, subject_id=cashier_id, **change)


def lock(unit: Unit, cashier_id: str) -> Row[Any]:
    """Lock a cashier's row and return it.

    Raises:
        CashierNotFound: this bank has none of this id.
    """
    row = unit.row(_of(unit, cashier_id).with_for_update(key_share=True))
    if row is None:
        raise CashierNotFound(cashier_id)
    return row


def keep(unit: Unit, cashier_id: str, **values: object) -> None:
    """Write changes of a cashier whom this unit has locked."""
    unit.run(
        update(cashiers)
        .where(cashiers.c.bank_id == unit.bank_id, cashiers.c.cashier_id == cashier_id)
        .values(**values)
    )


def find(view: View, cashier_id: str) -> Cashier:
    """Return a cashier.

    Raises:
        CashierNotFound: this bank has none of this id.
    """
    row = view.row(_of(view, cashier_id))
    if row is None:
        raise CashierNotFound(cashier_id)
    return _cashier(row)


def pin_hash_of(view: View, cashier_id: str) -> str | None:
    """Return what a cashier's PIN is compared with, outside the unit."""
    row = view.row(_of(view, cashier_id))
    return None if row is None else row.pin_hash


def _of(view: View, cashier_id: str) -> Select[Any]:
    return select(cashiers).where(
        cashiers.c.bank_id == view.bank_id, cashiers.c.cashier_id == cashier_id
    )


def end_turns(unit: Unit, **of: str) -> None:
    """End the turn at a till (``till_id``) or the turns of a cashier (``cashier_id``)."""
    unit.run(
        delete(till_turns).where(
            till_turns.c.bank_id == unit.bank_id,
            *(till_turns.c[column] == value for column, value in of.items()),
        )
    )


def listing(view: View, merchant_id: str) -> list[Cashier]:
    """Return the cashiers of a merchant in the order they were taken on."""
    rows = view.rows(
        select(cashiers)
        .where(cashiers.c.bank_id == view.bank_id, cashiers.c.merchant_id == merchant_id)
        .order_by(cashiers.c.created_at, cashiers.c.cashier_id)
    )
    return [_cashier(row) for row in rows]


def of_members(view: View, member_ids: Sequence[str]) -> list[str]:
    """Return the ids of the cashiers that these members also are."""
    rows = view.rows(
        select(cashiers.c.cashier_id).where(
            cashiers.c.bank_id == view.bank_id, cashiers.c.member_id.in_(member_ids)
        )
    )
    return [row.cashier_id for row in rows]


def people_behind(view: View, ids: tuple[str | None, ...]) -> frozenset[str]:
    """Return the members among these ids, and the members that cashiers among them also are."""
    known = frozenset(one for one in ids if one is not None)
    rows = view.rows(
        select(cashiers.c.member_id).where(
            cashiers.c.bank_id == view.bank_id, cashiers.c.cashier_id.in_(sorted(known))
        )
    )
    return known | {row.member_id for row in rows if row.member_id is not None}
