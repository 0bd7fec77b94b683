"""Sittings: what a signed-in device stands for, until it signs out, idles too long or is shut off.

The secret is 256 bits and lives in the device's cookie; the table keeps its SHA-256. Every
request looks its sitting up, so that one that is ended, or whose holder lost a role, is dead at
once on all devices. (The word is sitting because a session is the database's.)
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Index, UniqueConstraint, bindparam, insert, select, update
from sqlmodel import Field

from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank
from creditbank.core.units import Unit, View
from creditbank.identity.errors import SittingNotFound

DEVICE_MOST = 60
RESIDENT_IDLE_S = 30 * 24 * 3600
RESIDENT_LONGEST_S = 366 * 24 * 3600
STAFF_IDLE_S = 30 * 60
STAFF_LONGEST_S = 12 * 3600
TOUCHED_EVERY_S = 60

_SECRET_BYTES = 32


class SittingRow(OfBank, table=True):
    """One signed-in device of a member or of someone in office."""

    __tablename__ = "sitting"
    __table_args__ = (
        to_bank(),
        UniqueConstraint("bank_id", "secret_hash"),
        Index("ix_sitting_holder", "bank_id", "holder_id", "ended_at"),
    )

    sitting_id: str = Field(primary_key=True, max_length=40)
    holder_id: str = Field(max_length=40)
    secret_hash: str = Field(max_length=64)
    device: str = Field(max_length=DEVICE_MOST)
    second_factor: bool
    idle_s: int
    begun_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)


sittings = table(SittingRow)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A device that is signed in. ``second_factor`` says that it proved one."""

    sitting_id: str
    holder_id: str
    device: str
    second_factor: bool
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime


def new_secret() -> str:
    """Return a fresh secret, for the device's cookie only."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def hashed(secret: str) -> str:
    """Return what the table keeps of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_of(secret: str) -> str:
    """Return the word that a page must send along with a write, bound to its cookie."""
    return hashlib.sha256(f"csrf/{secret}".encode()).hexdigest()


def begin(
    unit: Unit, *, holder_id: str, secret_hash: str, device: str, staff: bool, second_factor: bool
) -> str:
    """Sign a device in and return the sitting's id; who it is was proven by the caller."""
    idle_s, longest_s = (
        (STAFF_IDLE_S, STAFF_LONGEST_S) if staff else (RESIDENT_IDLE_S, RESIDENT_LONGEST_S)
    )
    sitting_id = unit.new_id("sit")
    unit.run(
        insert(sittings),
        {
            "bank_id": unit.bank_id,
            "sitting_id": sitting_id,
            "holder_id": holder_id,
            "secret_hash": secret_hash,
            "device": device[:DEVICE_MOST],
            "second_factor": second_factor,
            "idle_s": idle_s,
            "begun_at": unit.now,
            "seen_at": unit.now,
            "ends_at": unit.now + timedelta(seconds=longest_s),
            "ended_at": None,
        },
    )
    return sitting_id


_FIND = select(sittings).where(
    sittings.c.bank_id == bindparam("of_bank"),
    sittings.c.secret_hash == bindparam("of_hash"),
    sittings.c.ended_at.is_(None),
)


def find(connection: Connection, bank_id: int, secret: str, now: datetime) -> Sitting | None:
    """Return the sitting of a cookie, or None if it is unknown, over or idle for too long."""
    row = connection.execute(_FIND, {"of_bank": bank_id, "of_hash": hashed(secret)}).first()
    if row is None or now >= row.ends_at or now >= row.seen_at + timedelta(seconds=row.idle_s):
        return None
    return Sitting(
        row.sitting_id,
        row.holder_id,
        row.device,
        row.second_factor,
        row.begun_at,
        row.seen_at,
        row.ends_at,
    )


def touch(unit: Unit, sitting_id: str) -> None:
    """Remember that a device was seen now."""
    unit.run(
        update(sittings)
        .where(sittings.c.bank_id == unit.bank_id, sittings.c.sitting_id == sitting_id)
        .values(seen_at=unit.now)
    )


def listing(view: View, holder_id: str) -> list[Sitting]:
    """Return the devices of a holder that are signed in, latest first."""
    rows = view.rows(
        select(sittings)
        .where(
            sittings.c.bank_id == view.bank_id,
            sittings.c.holder_id == holder_id,
            sittings.c.ended_at.is_(None),
            sittings.c.ends_at > view.now,
        )
        .order_by(sittings.c.seen_at.desc(), sittings.c.sitting_id)
    )
    return [
        Sitting(
            row.sitting_id,
            row.holder_id,
            row.device,
            row.second_factor,
            row.begun_at,
            row.seen_at,
            row.ends_at,
        )
        for row in rows
        if view.now < row.seen_at + timedelta(seconds=row.idle_s)
    ]


def end(unit: Unit, *, holder_id: str, sitting_id: str) -> None:
    """Sign one device of a holder out.

    Raises:
        SittingNotFound: this holder has no such device signed in.
    """
    done = unit.run(
        update(sittings)
        .where(
            sittings.c.bank_id == unit.bank_id,
            sittings.c.sitting_id == sitting_id,
            sittings.c.holder_id == holder_id,
            sittings.c.ended_at.is_(None),
        )
        .values(ended_at=unit.now)
        .returning(sittings.c.sitting_id)
    ).first()
    if done is None:
        raise SittingNotFound(sitting_id)


def end_all(unit: Unit, holder_id: str, *, but: str | None = None) -> None:
    """Sign all devices of a holder out, or all but one."""
    unit.run(
        update(sittings)
        .where(
            sittings.c.bank_id == unit.bank_id,
            sittings.c.holder_id == holder_id,
            sittings.c.ended_at.is_(None),
            sittings.c.sitting_id != (but or ""),
        )
        .values(ended_at=unit.now)
    )
