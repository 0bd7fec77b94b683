"""Phones that members sign in with: proven, one to a member, found by a keyed hash of this bank.

A phone that the office wrote down waits a day; then the old one works no more, and the new one
takes effect when its owner first signs in with it. If nobody does within a week, as with a wrong
number, it is void and the old one works again. What is shown and called is the person's
(`creditbank.people.persons`); here stand hashes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, delete, or_, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, within_bank
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import devices, face_to_face, one_time_codes, pins, sittings
from creditbank.identity.sign_in_errors import (
    NoPhoneComing,
    PhoneChangeUnproven,
    PhoneTaken,
)
from creditbank.people import members, persons, trail
from creditbank.people.members import Status

WAIT_S = 24 * 3600
COMING_TTL_S = 7 * 24 * 3600

_OVER = {Status.REFUSED, Status.CLOSED}


class SignInPhoneRow(OfBank, table=True):
    """Which member signs in with a phone, and from when on.

    It is ``coming`` from when the office wrote it down until its owner signs in with it.
    """

    __tablename__ = "sign_in_phone"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_sign_in_phone_member", "bank_id", "member_id"),
    )

    phone_hash: str = Field(primary_key=True, max_length=64)
    member_id: str = Field(max_length=40)
    usable_at: datetime = Field(sa_type=UtcDateTime)
    coming: bool


sign_in_phones = table(SignInPhoneRow)


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """A member signs in with another phone, from ``usable_at`` on."""

    member_id: str
    usable_at: datetime


def link(unit: Unit, *, member_id: str, phone: str) -> None:
    """Let a member sign in with a phone that was proven to be theirs, and with no other.

    The member is locked, or was made in this unit. Who was refused or has left holds no phone.

    Raises:
        BadField: it is no phone number.
        PhoneTaken: another member of this bank signs in with it.
    """
    _claim(unit, member_id, phone, usable_at=unit.now, coming=False)
    _drop_others(unit, member_id, _hash_of(unit, phone))


def unlink(unit: Unit, member_id: str) -> None:
    """Let a member sign in with no phone any more, for those who leave or are erased."""
    unit.run(
        delete(sign_in_phones).where(
            sign_in_phones.c.bank_id == unit.bank_id, sign_in_phones.c.member_id == member_id
        )
    )


def member_of(view: View, phone: str) -> str | None:
    """Return who signs in with a phone now, or None; whether they may is their status.

    Raises:
        BadField: it is no phone number.
    """
    row = view.row(
        select(sign_in_phones.c.member_id, sign_in_phones.c.usable_at).where(
            *_here(view, _hash_of(view, phone)),
            sign_in_phones.c.usable_at <= view.now,
            _in_time(view),
        )
    )
    if row is None:
        return None
    later = view.row(
        select(sign_in_phones.c.phone_hash).where(
            sign_in_phones.c.bank_id == view.bank_id,
            sign_in_phones.c.member_id == row.member_id,
            sign_in_phones.c.usable_at > row.usable_at,
            sign_in_phones.c.usable_at <= view.now,
            _in_time(view),
        )
    )
    return None if later is not None else str(row.member_id)


def is_coming(view: View, member_id: str) -> bool:
    """Tell whether a phone that the office wrote down waits for a member."""
    row = view.row(
        select(sign_in_phones.c.phone_hash).where(
            sign_in_phones.c.bank_id == view.bank_id,
            sign_in_phones.c.member_id == member_id,
            sign_in_phones.c.coming,
            _in_time(view),
        )
    )
    return row is not None


def settle(unit: Unit, *, member_id: str, phone: str) -> None:
    """Let a phone that waited take effect, now that its owner signs in with it.

    The old one is forgotten and all devices are signed out; nothing happens if it did not wait.
    """
    phone_hash = _hash_of(unit, phone)
    came = unit.run(
        update(sign_in_phones)
        .where(*_here(unit, phone_hash), sign_in_phones.c.coming)
        .values(coming=False)
        .returning(sign_in_phones.c.member_id)
    )
    if came.first() is not None:
        _drop_others(unit, member_id, phone_hash)
        persons.change(unit, holder_id=member_id, phone=phone)
        sittings.end_all(unit, member_id)


# Changing --------------------------------------------------------------------------------------


@keyed
def change(
    unit: Unit,
    *,
    member_id: str,
    attempt_id: str,
    phone: str,
    code: str,
    key: str,
) -> PhoneChanged | Declined:
    """Let a member sign in with another phone from now on; all other devices are signed out.

    The code proves the new phone. Beyond it stands the PIN, typed for this very request
    (`pins.settle`), or a device that has been signed in for a day.

    Raises:
        BadField: it is no phone number.
        MemberNotFound: this bank has no such member.
        MemberSuspended: the member may not act now.
        NotYours: a member asks for somebody else.
        PhoneChangeUnproven: there is the code alone.
        PhoneTaken: another member of this bank signs in with it.
    """
    members.require_own(unit.actor, member_id)
    proven = one_time_codes.prove(unit, attempt_id=attempt_id, phone=phone, code=code)
    if isinstance(proven, Declined):
        return proven
    members.require_active(unit, member_id)
    if not devices.is_trusted(unit, member_id, unit.actor.via) and not pins.spend_proof(
        unit, member_id, key
    ):
        raise PhoneChangeUnproven(devices.NEW_FOR_S // 3600)
    link(unit, member_id=member_id, phone=phone)
    persons.change(unit, holder_id=member_id, phone=phone)
    sittings.end_all(unit, member_id, but=unit.actor.via)
    notices.tell(unit, member_id, "phone-changed")
    trail.record(unit, "phone.changed", member_id, subject_id=member_id)
    return PhoneChanged(member_id, unit.now)


@keyed
def change_at_office(
    unit: Unit,
    *,
    member_id: str,
    phone: str,
    reason: str,
    identity: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> PhoneChanged:
    """Write down, face to face, the phone that a member will sign in with after a day.

    ``identity`` says how it was seen who they are. The member is told and can cancel it.

    Raises:
        BadField: it is no phone number.
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is that member.
        OtherWorkerNeeded: the actor has just reset or set the member's PIN.
        PhoneTaken: another member of this bank signs in with it.
    """
    face_to_face.lock(unit, member_id)
    return write_down(unit, member_id, phone, reason=reason, identity=identity)


def write_down(unit: Unit, member_id: str, phone: str, **said: str) -> PhoneChanged:
    """Let a phone wait a day for a member, who is locked; ``said`` is why, for the trail.

    Raises:
        BadField: it is no phone number.
        OtherWorkerNeeded: the actor has just reset or set the member's PIN.
        PhoneTaken: another member of this bank signs in with it.
    """
    face_to_face.refuse_both(unit, member_id, face_to_face.PIN_DEEDS)
    _drop_coming(unit, member_id)
    usable_at = unit.now + timedelta(seconds=WAIT_S)
    _claim(unit, member_id, phone, usable_at=usable_at, coming=True)
    notices.tell(unit, member_id, "phone-coming", link="/me/devices")
    after = {"phone": persons.normal_phone(phone)} | said
    trail.record(unit, "phone.written-down", member_id, subject_id=member_id, after=after)
    return PhoneChanged(member_id, usable_at)


@keyed
def cancel(unit: Unit, *, member_id: str, key: str) -> str:  # noqa: ARG001
    """Cancel the phone that waits to take effect; return the member's id.

    Raises:
        MemberNotFound: this bank has no such member.
        NoPhoneComing: none waits.
        NotYours: a member asks for somebody else.
    """
    members.require_own(unit.actor, member_id)
    members.lock(unit, [member_id])
    if not _drop_coming(unit, member_id):
        raise NoPhoneComing
    trail.record(unit, "phone.change-cancelled", member_id, subject_id=member_id)
    return member_id


def _claim(unit: Unit, member_id: str, phone: str, *, usable_at: datetime, coming: bool) -> None:
    """Write down that a phone is a member's from an instant on; the row is made first."""
    phone_hash = _hash_of(unit, phone)
    theirs = {"member_id": member_id, "usable_at": usable_at, "coming": coming}
    unit.run(
        insert_or_skip(unit.connection, sign_in_phones),
        {"bank_id": unit.bank_id, "phone_hash": phone_hash} | theirs,
    )
    here = _here(unit, phone_hash)
    row = unit.row(select(sign_in_phones).where(*here).with_for_update(key_share=True))
    assert row is not None, "it was made, or was there"
    if row.member_id != member_id and not _is_void(unit, row):
        raise PhoneTaken
    if row.member_id != member_id or usable_at < row.usable_at:
        unit.run(update(sign_in_phones).where(*here).values(**theirs))


def _is_void(view: View, row: Row[Any]) -> bool:
    """Tell whether a phone is free: its member has left, or nobody took it up in its time."""
    late = row.coming and view.now >= row.usable_at + timedelta(seconds=COMING_TTL_S)
    return late or members.find(view, row.member_id).status in _OVER


def _in_time(view: View) -> ColumnElement[bool]:
    """Return what is true of a phone that is in use, or was written down not too long ago."""
    of = sign_in_phones.c
    return or_(~of.coming, of.usable_at > view.now - timedelta(seconds=COMING_TTL_S))


def _here(view: View, phone_hash: str) -> tuple[Any, Any]:
    return (
        sign_in_phones.c.bank_id == view.bank_id,
        sign_in_phones.c.phone_hash == phone_hash,
    )


def _drop_others(unit: Unit, member_id: str, phone_hash: str) -> None:
    unit.run(
        delete(sign_in_phones).where(
            sign_in_phones.c.bank_id == unit.bank_id,
            sign_in_phones.c.member_id == member_id,
            sign_in_phones.c.phone_hash != phone_hash,
        )
    )


def _drop_coming(unit: Unit, member_id: str) -> bool:
    dropped = unit.run(
        delete(sign_in_phones)
        .where(
            sign_in_phones.c.bank_id == unit.bank_id,
            sign_in_phones.c.member_id == member_id,
            sign_in_phones.c.coming,
        )
        .returning(sign_in_phones.c.phone_hash)
    )
    return bool(dropped.all())


def _hash_of(view: View, phone: str) -> str:
    return persons.hash_of(view, one_time_codes.SIGN_IN, persons.normal_phone(phone))
