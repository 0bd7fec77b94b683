"""Second factors: codes by the clock (TOTP, RFC 6238) and recovery codes, each good for once.

A step that was used, and every step before it, is never accepted again: the last used step is
kept under the row's lock (pyotp itself would take a code twice). The secret is sealed with the
person's key; of recovery codes only keyed hashes are kept.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import Row, delete, func, insert, select, update
from sqlmodel import Field

from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity import staff
from creditbank.people import persons

STEP_S = 30
STEPS_BESIDE = 1
RECOVERY_CODES = 10

_TOTP = "totp"
_RECOVERY = "recovery"
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_HALF = 6


class RecoveryRow(OfBank, table=True):
    """One recovery code, and when it was used."""

    __tablename__ = "recovery_code"
    __table_args__ = (within_bank(["staff_id"], "staff", ["staff_id"]),)

    staff_id: str = Field(primary_key=True, max_length=40)
    code_hash: str = Field(primary_key=True, max_length=64)
    used_at: datetime | None = Field(sa_type=UtcDateTime)


recovery_codes = table(RecoveryRow)


def new_secret() -> str:
    """Return a fresh TOTP secret in base 32, to be shown once."""
    return pyotp.random_base32()


def uri(secret: str, *, login: str, bank: str) -> str:
    """Return the ``otpauth://`` address that an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=bank)


def new_recovery_codes() -> tuple[str, ...]:
    """Return fresh recovery codes such as ``k7m2qp-x4tn9d``, to be shown once."""

    def half() -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))

    return tuple(f"{half()}-{half()}" for _ in range(RECOVERY_CODES))


def step_at(now: datetime) -> int:
    """Return the step of an instant: whole periods of 30 seconds since 1970."""
    return int(now.timestamp()) // STEP_S


def matching_step(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """Return the step whose code this is: the present one or its neighbours, if still unused.

    ``after`` is the last step used; it and those before it are over.
    """
    totp, present, found = pyotp.TOTP(secret), step_at(now), None
    for step in range(present - STEPS_BESIDE, present + STEPS_BESIDE + 1):
        same = hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
        if same and (after is None or step > after):
            found = step
    return found


def begin(unit: Unit, staff_id: str, secret: str) -> None:
    """Keep a secret that is being set up, for somebody whose row this unit has locked."""
    staff.store(unit, staff_id, totp_pending=persons.seal(unit, staff_id, _TOTP, secret))


def pending_is(view: View, staff_id: str, secret: str) -> bool:
    """Tell whether this secret is the one being set up, so that it may be shown."""
    row = view.row(
        select(staff.staff.c.totp_pending).where(
            staff.staff.c.bank_id == view.bank_id, staff.staff.c.staff_id == staff_id
        )
    )
    kept = None if row is None else persons.unseal(view, staff_id, _TOTP, row.totp_pending)
    return kept is not None and hmac.compare_digest(kept.encode(), secret.encode())


def accepts(unit: Unit, row: Row[Any], code: str) -> int | None:
    """Return the unused step of a code of somebody whose row this unit has locked, or None."""
    return _step_of(unit, row, row.totp_secret, code, row.totp_step)


def confirms(unit: Unit, row: Row[Any], code: str) -> int | None:
    """Return the step of a code that proves the secret being set up, or None."""
    return _step_of(unit, row, row.totp_pending, code, None)


def _step_of(
    unit: Unit, row: Row[Any], sealed: str | None, code: str, after: int | None
) -> int | None:
    secret = persons.unseal(unit, row.staff_id, _TOTP, sealed)
    return None if secret is None else matching_step(secret, code, unit.now, after=after)


def settle(unit: Unit, row: Row[Any], *, step: int, codes: Sequence[str]) -> None:
    """Put the secret being set up into force, with fresh recovery codes; the old ones are void."""
    put(unit, row.staff_id, sealed=row.totp_pending, step=step, codes=codes)


def seal(unit: Unit, staff_id: str, secret: str) -> str:
    """Return a secret as `put` wants it."""
    return persons.seal(unit, staff_id, _TOTP, secret)


def put(
    unit: Unit, staff_id: str, *, sealed: str | None, step: int | None, codes: Sequence[str]
) -> None:
    """Give somebody a second factor with its recovery codes, or take it away with None."""
    staff.store(unit, staff_id, totp_secret=sealed, totp_pending=None, totp_step=step)
    unit.run(
        delete(recovery_codes).where(
            recovery_codes.c.bank_id == unit.bank_id, recovery_codes.c.staff_id == staff_id
        )
    )
    if codes:
        unit.run(
            insert(recovery_codes),
            [
                {
                    "bank_id": unit.bank_id,
                    "staff_id": staff_id,
                    "code_hash": _hash_of(unit, staff_id, code),
                    "used_at": None,
                }
                for code in codes
            ],
        )


def use_recovery(unit: Unit, staff_id: str, code: str) -> bool:
    """Use a recovery code up; False if there is none like it left. The row is locked."""
    used = unit.run(
        update(recovery_codes)
        .where(*_of_code(unit, staff_id, code), recovery_codes.c.used_at.is_(None))
        .values(used_at=unit.now)
        .returning(recovery_codes.c.staff_id)
    ).first()
    return used is not None


def has_recovery(view: View, staff_id: str, code: str) -> bool:
    """Tell whether a recovery code is one of somebody's, so that it may be shown."""
    query = select(recovery_codes.c.staff_id).where(*_of_code(view, staff_id, code))
    return view.row(query) is not None


def recovery_left(view: View, staff_id: str) -> int:
    """Return how many recovery codes somebody has left."""
    row = view.row(
        select(func.count()).where(
            recovery_codes.c.bank_id == view.bank_id,
            recovery_codes.c.staff_id == staff_id,
            recovery_codes.c.used_at.is_(None),
        )
    )
    return 0 if row is None else int(row[0])


def _of_code(view: View, staff_id: str, code: str) -> list[Any]:
    return [
        recovery_codes.c.bank_id == view.bank_id,
        recovery_codes.c.staff_id == staff_id,
        recovery_codes.c.code_hash == _hash_of(view, staff_id, code),
    ]


def _hash_of(view: View, staff_id: str, code: str) -> str:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return view.vault.hashed(f"{_RECOVERY}/{view.bank_id}/{staff_id}", plain)
