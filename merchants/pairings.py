"""Pairings: how a device becomes a till. Its owner shows a code once, the device gives it back.

A code is eight signs that nobody confuses. The first three only find its pairing; the other five
are what is guessed at, five times at most, counted under the row's lock. Of the whole code the
table keeps a keyed hash. Codes are drawn at the edge (`new_code`), because answers are kept and
hold no secret: to a repeated request a code is not shown again.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, insert, select, update
from sqlmodel import Field

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Declined, Unit, View
from creditbank.people import trail
from merchants import cashiers, redemptions, tills
from merchants.redemptions import CHECKOUT, State
from merchants.till_errors import PairingOver, PairingWrong
from merchants.tills import Till

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
TTL_S = 10 * 60
WRONG_MOST = 5

_HANDLE_LENGTH = 3


class PairingState(StrEnum):
    """Whether a pairing code is still good."""

    LIVE = "live"
    USED = "used"
    VOID = "void"


class PairingRow(OfBank, table=True):
    """One pairing code of a till; ``handle`` is its first signs."""

    __tablename__ = "pairing"
    __table_args__ = (
        within_bank(["till_id"], "till", ["till_id"]),
        Index("ix_pairing_handle", "bank_id", "handle", "state"),
        Index("ix_pairing_till", "bank_id", "till_id", "state"),
    )

    pairing_id: str = Field(primary_key=True, max_length=40)
    till_id: str = Field(max_length=40)
    handle: str = Field(max_length=_HANDLE_LENGTH)
    code_hash: str = Field(max_length=64)
    state: str = Field(max_length=8)
    wrong: int
    made_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


pairings = table(PairingRow)


@dataclass(frozen=True, slots=True)
class Created:
    """A pairing whose code is shown by whoever made it, once."""

    pairing_id: str
    till_id: str
    ends_at: datetime


def new_code() -> str:
    """Return a fresh code, to be shown once."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


@keyed
def create(
    unit: Unit,
    *,
    till_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    code: Unsaid[str],
) -> Created:
    """Make a pairing of a till by a fresh code; the codes before it are void.

    Raises:
        TillNotFound: this bank has none of this id, or it is another merchant's.
    """
    tills.lock(unit, tills.find_own(unit, till_id).till_id)
    _void(unit, till_id)
    made = Created(unit.new_id("par"), till_id, unit.now + timedelta(seconds=TTL_S))
    unit.run(
        insert(pairings),
        {
            "bank_id": unit.bank_id,
            "pairing_id": made.pairing_id,
            "till_id": till_id,
            "handle": code[:_HANDLE_LENGTH],
            "code_hash": _hash(unit, code),
            "state": PairingState.LIVE,
            "wrong": 0,
            "made_at": unit.now,
            "ends_at": made.ends_at,
        },
    )
    trail.record(unit, "till.pairing-made", till_id)
    return made


def show(unit: Unit, *, till_id: str, key: str, code: str) -> tuple[Created, str | None] | Declined:
    """Make a pairing and return its code with it, or None if the call was a replay.

    Raises:
        TillNotFound: this bank has none of this id, or it is another merchant's.
    """
    made = create(unit, till_id=till_id, key=key, code=code)
    if isinstance(made, Declined):
        return made
    kept = unit.row(
        select(pairings.c.code_hash).where(
            pairings.c.bank_id == unit.bank_id, pairings.c.pairing_id == made.pairing_id
        )
    )
    fits = kept is not None and hmac.compare_digest(kept.code_hash, _hash(unit, code))
    return made, code if fits else None


def exchange(unit: Unit, *, code: str, device: str) -> Till | Declined:
    """Use a code up for a device and return its till; whoever calls gives the device its token.

    Raises:
        PairingOver: it was used, replaced, or is too old.

    Declines:
        PairingWrong: nobody here was given this code, or it was guessed at too often.
    """
    said = "".join(code.split()).replace("-", "").upper()
    digest = _hash(unit, said)
    found = _lock(unit, said[:_HANDLE_LENGTH])
    for row in found:
        if hmac.compare_digest(row.code_hash, digest) and row.wrong < WRONG_MOST:
            if row.state != PairingState.LIVE or unit.now >= row.ends_at:
                raise PairingOver
            return _used(unit, row, device)
    for row in found:
        if row.state == PairingState.LIVE:
            _set(unit, row.pairing_id, wrong=row.wrong + 1)
    return Declined(PairingWrong())


def _lock(unit: Unit, handle: str) -> Sequence[Row[Any]]:
    """Lock the pairings of the last day that begin like this, each after its till."""
    alike = (
        pairings.c.bank_id == unit.bank_id,
        pairings.c.handle == handle,
        pairings.c.made_at > unit.now - timedelta(days=1),
    )
    for row in unit.rows(select(pairings.c.till_id).where(*alike).distinct().order_by("till_id")):
        tills.lock(unit, row.till_id)
    return unit.rows(
        select(pairings)
        .where(*alike)
        .order_by(pairings.c.pairing_id)
        .with_for_update(key_share=True)
    )


def _used(unit: Unit, row: Row[Any], device: str) -> Till:
    _set(unit, row.pairing_id, state=PairingState.USED)
    cashiers.end_turns(unit, till_id=row.till_id)
    trail.record(unit, "till.paired", row.till_id, after={"device": device})
    return tills.find(unit, row.till_id)


def shut_off(unit: Unit, till_id: str) -> int:
    """Void a till's codes, end its turn and stop its open scans; return how many scans.

    Whoever calls revokes the till's tokens, in the same unit.

    Raises:
        TillNotFound: this bank has none of this id, or it is another merchant's.
    """
    tills.lock(unit, tills.find_own(unit, till_id).till_id)
    _void(unit, till_id)
    cashiers.end_turns(unit, till_id=till_id)
    stopped = _stop_scans(unit, till_id)
    trail.record(unit, "till.shut-off", till_id, after={"scans": stopped})
    return stopped


def _stop_scans(unit: Unit, till_id: str) -> int:
    """Cancel the scanned redemptions of a till; what it set aside returns in its own time."""
    of = redemptions.redemptions
    rows = unit.rows(
        select(of.c.redemption_id)
        .where(
            of.c.bank_id == unit.bank_id,
            of.c.till_id == till_id,
            of.c.state == State.SCANNED,
        )
        .order_by(of.c.redemption_id)
        .with_for_update(key_share=True)
    )
    for row in rows:
        one = redemptions.find(unit, row.redemption_id)
        redemptions.keep(unit, one, state=State(CHECKOUT.after(one.state, "cancel")))
    return len(rows)


def _void(unit: Unit, till_id: str) -> None:
    unit.run(
        update(pairings)
        .where(
            pairings.c.bank_id == unit.bank_id,
            pairings.c.till_id == till_id,
            pairings.c.state == PairingState.LIVE,
        )
        .values(state=PairingState.VOID)
    )


def _set(unit: Unit, pairing_id: str, **values: object) -> None:
    unit.run(
        update(pairings)
        .where(pairings.c.bank_id == unit.bank_id, pairings.c.pairing_id == pairing_id)
        .values(**values)
    )


def _hash(view: View, code: str) -> str:
    return view.vault.hashed(f"pairing/{view.bank_id}", code)
