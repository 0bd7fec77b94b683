"""The payment PIN: six digits that the member types on their own phone, or with a printed card.

Digits never come in here, only their argon2 hash (`creditbank.identity.pin_digits`). A try is
counted before it is looked at, under the row's lock, so that parallel guesses count exactly:

    begin_try (a unit) → matches (a thread) → settle (a unit)

A PIN is changed with the old one; a forgotten one is reset face to face, after a day in which the
member can cancel it, and within a week. Where a PIN is replaced, other devices are signed out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, delete, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import CreditbankError
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, within_bank
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import devices, face_to_face, sittings
from creditbank.identity.sign_in_errors import (
    NoPinReset,
    PinAlreadySet,
    PinLocked,
    PinMissing,
    PinUnproven,
    PinWaiting,
    PinWrong,
)
from creditbank.people import members, trail

TRIES_MOST = 5
LOCK_S = 30 * 60
WAIT_S = 24 * 3600
RESET_TTL_S = 7 * 24 * 3600
PROOF_TTL_S = 60


class PinRow(OfBank, table=True):
    """A member's PIN, its wrong tries, and a reset that waits.

    ``wrong`` counts tries that are not known to be right, those under way among them.
    ``proven_key`` is the request for which the PIN was last typed right.
    """

    __tablename__ = "payment_pin"
    __table_args__ = (within_bank(["member_id"], "member", ["member_id"]),)

    member_id: str = Field(primary_key=True, max_length=40)
    pin_hash: str | None = Field(max_length=255)
    usable_at: datetime | None = Field(sa_type=UtcDateTime)
    wrong: int
    locked_until: datetime | None = Field(sa_type=UtcDateTime)
    proven_key: str | None = Field(max_length=255)
    proven_at: datetime | None = Field(sa_type=UtcDateTime)
    reset_at: datetime | None = Field(sa_type=UtcDateTime)
    reset_by: str | None = Field(max_length=64)


payment_pins = table(PinRow)


@dataclass(frozen=True, slots=True)
class PinSet:
    """A PIN was set, and works from ``usable_at`` on."""

    member_id: str
    usable_at: datetime


@dataclass(frozen=True, slots=True)
class PinReset:
    """A reset was opened; from ``usable_at`` on the member sets a new PIN without the old one."""

    member_id: str
    usable_at: datetime


@dataclass(frozen=True, slots=True)
class PinState:
    """How it stands with a member's PIN."""

    is_set: bool
    usable_at: datetime | None
    locked_until: datetime | None
    reset_at: datetime | None


def state(view: View, member_id: str) -> PinState:
    """Return how it stands with a member's PIN; ``reset_at`` is when an open reset can be used."""
    row = view.row(_of(view, member_id))
    if row is None:
        return PinState(is_set=False, usable_at=None, locked_until=None, reset_at=None)
    locked = row.locked_until is not None and view.now < row.locked_until
    return PinState(
        row.pin_hash is not None,
        row.usable_at,
        row.locked_until if locked else None,
        row.reset_at if _is_open(view, row) else None,
    )


# Trying ----------------------------------------------------------------------------------------


def begin_try(unit: Unit, member_id: str) -> str | Declined:
    """Count a try before it is looked at, and return the hash to compare it with.

    Refusals come back as `Declined`, because their unit must commit: `PinMissing`, `PinWaiting`,
    and `PinLocked` if five tries were wrong or are still under way.
    """
    row = _lock(unit, member_id)
    if row is None or row.pin_hash is None:
        return Declined(PinMissing())
    if unit.now < row.usable_at:
        return Declined(PinWaiting(row.usable_at.isoformat()))
    wrong = row.wrong
    if row.locked_until is not None:
        if unit.now < row.locked_until:
            return Declined(PinLocked(row.locked_until.isoformat()))
        wrong = 0
    if wrong >= TRIES_MOST:
        return Declined(_locked(unit, member_id))
    _set(unit, member_id, wrong=wrong + 1, locked_until=None)
    return str(row.pin_hash)


def settle(
    unit: Unit, member_id: str, *, right: bool, key: str | None = None
) -> CreditbankError | None:
    """Finish a try: forget the wrong ones if it was right, else return what to answer.

    ``key`` is the request that the PIN was typed for; `spend_proof` finds it within a minute.
    """
    row = _lock(unit, member_id)
    assert row is not None, "a try was begun on it"
    if right:
        proven_at = None if key is None else unit.now
        _set(unit, member_id, wrong=0, locked_until=None, proven_key=key, proven_at=proven_at)
        return None
    if row.wrong >= TRIES_MOST:
        return _locked(unit, member_id)
    return PinWrong(TRIES_MOST - row.wrong)


def spend_proof(unit: Unit, member_id: str, key: str) -> bool:
    """Tell whether the PIN was typed right for this very request, a moment ago; only once."""
    row = _lock(unit, member_id)
    if row is None or row.proven_key != key or row.proven_at is None:
        return False
    _set(unit, member_id, proven_key=None, proven_at=None)
    return bool(unit.now < row.proven_at + timedelta(seconds=PROOF_TTL_S))


def _locked(unit: Unit, member_id: str) -> PinLocked:
    until = unit.now + timedelta(seconds=LOCK_S)
    _set(unit, member_id, locked_until=until)
    return PinLocked(until.isoformat())


# Setting ---------------------------------------------------------------------------------------


@keyed
def set_first(unit: Unit, *, member_id: str, pin_hash: str, key: str) -> PinSet:  # noqa: ARG001
    """Set the first PIN, or a new one after a reset; from a new device it works after a day.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not act now.
        NotYours: a member asks for somebody else.
        PinAlreadySet: there is one, and no reset whose time has come.
    """
    members.require_own(unit.actor, member_id)
    members.require_active(unit, member_id)
    _refuse_set(unit, member_id)
    wait_s = WAIT_S if devices.is_new(unit, member_id, unit.actor.via) else 0
    return _keep(unit, member_id, pin_hash, unit.now + timedelta(seconds=wait_s))


@keyed
def set_at_office(
    unit: Unit,
    *,
    member_id: str,
    pin_hash: str,
    reason: str,
    identity: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> PinSet:
    """Let a resident who is present set a PIN at the office; it works at once.

    Raises:
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is that member.
        OtherWorkerNeeded: the actor has just written down the member's phone.
        PinAlreadySet: there is one, and no reset whose time has come.
    """
    face_to_face.lock(unit, member_id)
    face_to_face.refuse_both(unit, member_id, face_to_face.PHONE_DEEDS)
    _refuse_set(unit, member_id)
    said = {"reason": reason, "identity": identity}
    trail.record(unit, "pin.set-at-office", member_id, subject_id=member_id, after=said)
    return _keep(unit, member_id, pin_hash, unit.now)


@keyed
def change(unit: Unit, *, member_id: str, pin_hash: str, key: str) -> PinSet:
    """Put another PIN in the place of the old one, which was typed for this very request.

    All other devices are signed out.

    Raises:
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not act now.
        NotYours: a member asks for somebody else.
        PinMissing: there is none to change.
        PinUnproven: the old one was not typed for this request (`settle` with its key).
    """
    members.require_own(unit.actor, member_id)
    members.require_active(unit, member_id)
    row = _lock(unit, member_id)
    if row is None or row.pin_hash is None:
        raise PinMissing
    if not spend_proof(unit, member_id, key):
        raise PinUnproven
    sittings.end_all(unit, member_id, but=unit.actor.via)
    return _keep(unit, member_id, pin_hash, unit.now)


def _refuse_set(unit: Unit, member_id: str) -> None:
    """Make and lock the row, and see that it has no PIN, or that a reset can be used.

    Where a PIN is replaced, all other devices are signed out.
    """
    unit.run(
        insert_or_skip(unit.connection, payment_pins),
        {column.name: None for column in payment_pins.columns}
        | {"bank_id": unit.bank_id, "member_id": member_id, "wrong": 0},
    )
    row = _lock(unit, member_id)
    assert row is not None, "it was made, or was there"
    if row.pin_hash is not None:
        if not _is_open(unit, row) or unit.now < row.reset_at:
            raise PinAlreadySet
        sittings.end_all(unit, member_id, but=unit.actor.via)


def _is_open(view: View, row: Row[Any]) -> bool:
    """Tell whether a reset waits, or can be used still."""
    if row.reset_at is None:
        return False
    return bool(view.now < row.reset_at + timedelta(seconds=RESET_TTL_S))


def _keep(unit: Unit, member_id: str, pin_hash: str, usable_at: datetime) -> PinSet:
    _set(
        unit,
        member_id,
        pin_hash=pin_hash,
        usable_at=usable_at,
        wrong=0,
        locked_until=None,
        proven_key=None,
        proven_at=None,
        reset_at=None,
        reset_by=None,
    )
    notices.tell(unit, member_id, "pin-set")
    trail.record(unit, "pin.set", member_id, subject_id=member_id)
    return PinSet(member_id, usable_at)


# Resetting -------------------------------------------------------------------------------------


@keyed
def open_reset(
    unit: Unit,
    *,
    member_id: str,
    reason: str,
    identity: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> PinReset:
    """Begin the reset of a forgotten PIN, face to face; a second one keeps the time of the first.

    The old PIN works until a new one is set. ``identity`` says how it was seen who they are.

    Raises:
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is that member.
        OtherWorkerNeeded: the actor has just written down the member's phone.
        PinMissing: there is nothing to reset.
    """
    face_to_face.lock(unit, member_id)
    face_to_face.refuse_both(unit, member_id, face_to_face.PHONE_DEEDS)
    row = _lock(unit, member_id)
    if row is None or row.pin_hash is None:
        raise PinMissing
    if _is_open(unit, row):
        return PinReset(member_id, row.reset_at)
    usable_at = unit.now + timedelta(seconds=WAIT_S)
    _set(unit, member_id, reset_at=usable_at, reset_by=unit.actor.id)
    notices.tell(unit, member_id, "pin-reset-opened", link="/me/pin")
    said = {"reason": reason, "identity": identity}
    trail.record(unit, "pin.reset-opened", member_id, subject_id=member_id, after=said)
    return PinReset(member_id, usable_at)


@keyed
def cancel_reset(unit: Unit, *, member_id: str, key: str) -> str:  # noqa: ARG001
    """Cancel a reset, by the member; return the member's id.

    Raises:
        NoPinReset: none is open.
        NotYours: a member asks for somebody else.
    """
    members.require_own(unit.actor, member_id)
    row = _lock(unit, member_id)
    if row is None or not _is_open(unit, row):
        raise NoPinReset
    _set(unit, member_id, reset_at=None, reset_by=None)
    trail.record(unit, "pin.reset-cancelled", member_id, subject_id=member_id)
    return member_id


def forget(unit: Unit, member_id: str) -> None:
    """Leave no PIN of a member, for those who leave or are erased."""
    unit.run(
        delete(payment_pins).where(
            payment_pins.c.bank_id == unit.bank_id, payment_pins.c.member_id == member_id
        )
    )


def _of(view: View, member_id: str) -> Select[Any]:
    return select(payment_pins).where(
        payment_pins.c.bank_id == view.bank_id, payment_pins.c.member_id == member_id
    )


def _lock(unit: Unit, member_id: str) -> Row[Any] | None:
    return unit.row(_of(unit, member_id).with_for_update(key_share=True))


def _set(unit: Unit, member_id: str, **values: object) -> None:
    unit.run(
        update(payment_pins)
        .where(payment_pins.c.bank_id == unit.bank_id, payment_pins.c.member_id == member_id)
        .values(**values)
    )
