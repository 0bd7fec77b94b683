"""The sign-in of people in office, and what they change of it themselves.

Tries are counted under the row's lock: 5 wrong ones, and for 15 minutes nothing is right, so that
of any number sent at once 5 are told the truth. What was wrong is never said, and a refusal
commits (law 6). Passwords are compared at the edge, for unknown logins as slowly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Actor, Declined, Unit
from creditbank.identity import second_factors, sittings, staff
from creditbank.identity.errors import (
    SecondFactorMissing,
    SecondFactorWrong,
    StaffSignInRefused,
)
from creditbank.identity.passwords import Checked
from creditbank.identity.staff import StaffState
from creditbank.people import trail

WRONG_MOST = 5
LOCK_S = 15 * 60


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a sign-in answers; ``recovery_left`` counts the recovery codes not used yet."""

    staff_id: str
    sitting_id: str
    second_factor: bool
    recovery_left: int


def as_them(unit: Unit, staff_id: str) -> Unit:
    """Return the unit with the person who has just proven who they are as its actor."""
    return replace(unit, actor=Actor(staff_id, "staff", via=unit.actor.via))


def proven(
    unit: Unit,
    staff_id: str,
    checked: Checked,
    *,
    code: str | None,
    recovery_code: str | None,
    password_only: bool = False,
) -> Row[Any] | None:
    """Lock somebody in office; return the row if they are who they say, else count the try."""
    row = staff.lock(unit, staff_id)
    if row.locked_until is not None and unit.now < row.locked_until:
        return None
    right = checked.right and checked.password_hash == row.password_hash
    right = right and row.state == StaffState.ACTIVE
    step = row.totp_step
    if right and row.totp_secret is not None and not password_only:
        used = second_factors.accepts(unit, row, code) if code else None
        by_code = recovery_code is not None and used is None
        right = used is not None or (
            by_code and second_factors.use_recovery(unit, staff_id, recovery_code or "")
        )
        step = step if used is None else used
    _count(unit, row, right=right, totp_step=step)
    return row if right else None


def _count(unit: Unit, row: Row[Any], *, right: bool, **values: object) -> None:
    """Keep what came of a try; the wrong one that fills the measure locks."""
    wrong = 0 if right else row.wrong + 1
    locked = wrong >= WRONG_MOST
    staff.store(
        unit,
        row.staff_id,
        wrong=0 if locked else wrong,
        locked_until=unit.now + timedelta(seconds=LOCK_S) if locked else None,
        **values,
    )


def begin_sitting(
    unit: Unit, staff_id: str, *, device: str, secret_hash: str, second_factor: bool
) -> SignedIn:
    """Sign somebody in who has proven who they are."""
    sitting_id = sittings.begin(
        unit,
        holder_id=staff_id,
        secret_hash=secret_hash,
        device=device,
        staff=True,
        second_factor=second_factor,
    )
    left = second_factors.recovery_left(unit, staff_id)
    return SignedIn(staff_id, sitting_id, second_factor, left)


@keyed
def sign_in(
    unit: Unit,
    *,
    login: str,
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    checked: Unsaid[Checked],
    secret_hash: Unsaid[str],
    code: str | None = None,
    recovery_code: str | None = None,
) -> SignedIn | Declined:
    """Sign somebody in office in; ``secret_hash`` is that of the cookie which the edge has made.

    Who has a second factor must show it. Who has none yet gets the roles that need none.

    Declines:
        StaffSignInRefused: whatever was wrong; the try is counted.
    """
    staff_id = staff.by_login(unit, login)
    row = None
    if staff_id is not None:
        row = proven(unit, staff_id, checked, code=code, recovery_code=recovery_code)
    if row is None:
        return Declined(StaffSignInRefused())
    return begin_sitting(
        unit,
        row.staff_id,
        device=device,
        secret_hash=secret_hash,
        second_factor=row.totp_secret is not None,
    )


@keyed
def change_password(
    unit: Unit,
    *,
    staff_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    checked: Unsaid[Checked],
    password_hash: Unsaid[str],
) -> str | Declined:
    """Give oneself another password; all other devices are signed out. Returns the staff id.

    Raises:
        StaffNotFound: the caller is nobody in office.

    Declines:
        StaffSignInRefused: the old password is wrong, or too many were; the try is counted.
    """
    row = proven(unit, staff_id, checked, code=None, recovery_code=None, password_only=True)
    if row is None:
        return Declined(StaffSignInRefused())
    staff.store(unit, staff_id, password_hash=password_hash)
    sittings.end_all(unit, staff_id, but=unit.actor.via)
    trail.record(unit, "password.changed", staff_id, subject_id=staff_id)
    return staff_id


@keyed
def begin_second_factor(
    unit: Unit,
    *,
    staff_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    checked: Unsaid[Checked],
    secret: Unsaid[str],
    code: str | None = None,
    recovery_code: str | None = None,
) -> str | Declined:
    """Begin to set up another second factor, proven by the one that is there.

    The old one works until the new one is confirmed. Who has none is given one by invitation or
    by another operator, never by the password alone. Returns the staff id.

    Raises:
        StaffNotFound: the caller is nobody in office.
        SecondFactorMissing: there is no second factor yet.

    Declines:
        StaffSignInRefused: the password or code is wrong, or too many were; the try is counted.
    """
    row = proven(unit, staff_id, checked, code=code, recovery_code=recovery_code)
    if row is None:
        return Declined(StaffSignInRefused())
    if row.totp_secret is None:
        raise SecondFactorMissing
    second_factors.begin(unit, staff_id, secret)
    return staff_id


@keyed
def confirm_second_factor(
    unit: Unit,
    *,
    staff_id: str,
    code: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    recovery_codes: Unsaid[Sequence[str]],
) -> str | Declined:
    """Put the second factor that is being set up into force; other devices are signed out.

    Raises:
        StaffNotFound: the caller is nobody in office.
        SecondFactorMissing: none is being set up.

    Declines:
        SecondFactorWrong: the code is not the new one's, or too many were not; counted.
    """
    row = staff.lock(unit, staff_id)
    if row.totp_pending is None:
        raise SecondFactorMissing
    if row.locked_until is not None and unit.now < row.locked_until:
        return Declined(SecondFactorWrong())
    step = second_factors.confirms(unit, row, code)
    _count(unit, row, right=step is not None)
    if step is None:
        return Declined(SecondFactorWrong())
    second_factors.settle(unit, row, step=step, codes=recovery_codes)
    sittings.end_all(unit, staff_id, but=unit.actor.via)
    trail.record(unit, "second-factor.set", staff_id, subject_id=staff_id)
    return staff_id
