"""Rosters: "is this you?" Whoever was imported or put down takes the row over with a proven phone.

Offered are active members with this phone whom nobody ever signed in as, masked; a couple with one
phone is offered both. To take one over the whole name is typed: it is compared by keyed hash, three
times per proof at most, counted under the counter's lock. No second admission is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from creditbank import notices
from creditbank.core import counters
from creditbank.core.keys import keyed
from creditbank.core.units import Declined, Unit, View
from creditbank.identity import one_time_codes, phones, sign_in
from creditbank.identity.errors import NameOther, NameTriesOver, NotOnRoster
from creditbank.identity.phones import sign_in_phones
from creditbank.identity.sign_in import SignedIn
from creditbank.identity.sittings import sittings
from creditbank.people import consents, masks, members, persons, trail
from creditbank.people.errors import ConsentMissing
from creditbank.people.members import Status

TRIES_MOST = 3

_TRIES = "roster-name"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody with this phone, as shown before it is known who asks."""

    member_id: str
    name: str = field(repr=False)
    tail: str = field(repr=False)


def candidates(view: View, *, proof: str, phone: str) -> list[Candidate]:
    """Return who of the roster may be asking, masked; the proof stays good.

    Raises:
        BadField: it is no phone number.
        ProofOver: the phone is not proven (any more).
    """
    normal = one_time_codes.look_at_proof(view, proof=proof, phone=phone)
    ids = _untouched(view, normal)
    names = persons.masked_names(view, ids)
    return [Candidate(one, names[one], masks.tail(normal)) for one in ids]


@keyed
def claim(
    unit: Unit,
    *,
    proof: str,
    phone: str,
    member_id: str,
    name: str,
    purposes: Sequence[str],
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> SignedIn | Declined:
    """Take a row over: its person signs in with this phone from now on.

    A wrong name is counted and comes back as `Declined`: `NameOther`, and `NameTriesOver` after
    three with one proof.

    Raises:
        BadField: the phone, the name or a purpose is unusable.
        ProofOver: the phone is not proven (any more).
        NotOnRoster: this row is not offered with this phone.
        ConsentMissing: the needed purpose is not agreed to.
        GuardianNeeded: the person is under 14.
    """
    normal = one_time_codes.hold_proof(unit, proof=proof, phone=phone)
    attempt_id = one_time_codes.attempt_of(proof)
    if member_id not in _untouched(unit, normal):
        raise NotOnRoster
    members.lock(unit, [member_id])
    if member_id not in _untouched(unit, normal):
        raise NotOnRoster
    if consents.SERVICE not in purposes:
        raise ConsentMissing(consents.SERVICE)
    tries = counters.for_ever(_TRIES, attempt_id)
    used = counters.lock(unit, [tries])[tries]
    if used >= TRIES_MOST:
        return Declined(NameTriesOver())
    if member_id not in persons.looked_up(unit, persons.NAME, name):
        counters.add(unit, {tries: 1})
        left = TRIES_MOST - used - 1
        return Declined(NameOther(left) if left else NameTriesOver())
    consents.put_down(unit, member_id, purposes, guardian_id=None)
    phones.link(unit, member_id=member_id, phone=normal)
    trail.record(unit, "roster-row.claimed", member_id, subject_id=member_id)
    notices.tell(unit, member_id, "roster-claimed")
    return sign_in.enter(
        unit, attempt_id=attempt_id, member_id=member_id, phone=normal, device=device
    )


def _untouched(view: View, phone: str) -> list[str]:
    """Return the active members with this phone whom nobody ever signed in as, in order."""
    of = members.members.c
    linked = select(sign_in_phones.c.member_id).where(
        sign_in_phones.c.bank_id == view.bank_id, sign_in_phones.c.member_id == of.member_id
    )
    sat = select(sittings.c.sitting_id).where(
        sittings.c.bank_id == view.bank_id, sittings.c.holder_id == of.member_id
    )
    rows = view.rows(
        select(of.member_id)
        .where(
            of.bank_id == view.bank_id,
            of.member_id.in_(persons.looked_up(view, persons.PHONE, phone)),
            of.status == Status.ACTIVE,
            ~linked.exists(),
            ~sat.exists(),
        )
        .order_by(of.member_id)
    )
    return [row.member_id for row in rows]
