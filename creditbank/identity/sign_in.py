"""A resident signs in: a proven phone opens a sitting, or leads to joining if it is nobody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from creditbank import notices
from creditbank.core.errors import AnswerGone
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import devices, one_time_codes, phones, sittings
from creditbank.people import members
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status

_SITTING = "sitting"
_MAY = {Status.ACTIVE, Status.APPLIED}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a right code brought: a member's sitting, or without one a proof for joining."""

    attempt_id: str
    proven_at: datetime
    member_id: str | None = None
    sitting_id: str | None = None
    new_device: bool = False


@keyed
def sign_in(
    unit: Unit,
    *,
    attempt_id: str,
    phone: str,
    code: str,
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> SignedIn | Declined:
    """Use a code up and sign the phone's member in; `secret_of` renders the cookie.

    If the phone is nobody's here, the proof is left for joining (`one_time_codes.take_proof`).

    Raises:
        BadField: it is no phone number.
    """
    proven = one_time_codes.prove(unit, attempt_id=attempt_id, phone=phone, code=code)
    if isinstance(proven, Declined):
        return proven
    member_id = phones.member_of(unit, phone)
    status = None if member_id is None else members.lock(unit, [member_id])[member_id].status
    if member_id is not None and status is Status.SUSPENDED:
        return Declined(MemberSuspended(member_id, status))
    if member_id is None or status not in _MAY:
        return SignedIn(attempt_id, unit.now)
    return enter(unit, attempt_id=attempt_id, member_id=member_id, phone=phone, device=device)


def enter(unit: Unit, *, attempt_id: str, member_id: str, phone: str, device: str) -> SignedIn:
    """Use a proven attempt up and sign in the member whose phone it is; both are locked."""
    one_time_codes.spend(unit, attempt_id=attempt_id)
    phones.settle(unit, member_id=member_id, phone=phone)
    sitting_id = sittings.begin(
        unit,
        holder_id=member_id,
        secret_hash=sittings.hashed(_secret(unit, attempt_id)),
        device=device,
        staff=False,
        second_factor=False,
    )
    new_device = devices.is_new(unit, member_id, sitting_id)
    if new_device:
        notices.tell(unit, member_id, "new-device", link="/me/devices")
    return SignedIn(attempt_id, unit.now, member_id, sitting_id, new_device)


def secret_of(view: View, done: SignedIn) -> str:
    """Return the secret of the cookie, for the device that signed in; again for a few minutes.

    Raises:
        AnswerGone: this is a late copy of the request.
    """
    _refuse_late(view, done)
    return _secret(view, done.attempt_id)


def proof_of(view: View, done: SignedIn) -> str:
    """Return the proof of a phone that is nobody's here, for joining.

    Raises:
        AnswerGone: this is a late copy of the request.
    """
    _refuse_late(view, done)
    return one_time_codes.proof_of(view, proof_until(done))


def proof_until(done: SignedIn) -> one_time_codes.Proven:
    """Return what was proven, with the instant until which it holds."""
    ends_at = done.proven_at + timedelta(seconds=one_time_codes.PROOF_TTL_S)
    return one_time_codes.Proven(done.attempt_id, ends_at)


def _refuse_late(view: View, done: SignedIn) -> None:
    if view.now >= proof_until(done).ends_at:
        raise AnswerGone("ok")


def _secret(view: View, attempt_id: str) -> str:
    return view.vault.hashed(_SITTING, f"{view.bank_id}/{attempt_id}")
