"""Joining: an application is a member who waits; a community worker admits or refuses.

A person applies with a proven phone and signs in with it from then on, to see how it stands. A
shop that may (`merchants.volunteers`) puts down who stands before it, and the office takes in at
once; their phones are not proven, so their owners take the rows over later
(`creditbank.identity.rosters`). Nobody is admitted without the consent that is needed; who is
under 14 comes to the office with a guardian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.identity import face_to_face, one_time_codes, phones, sign_in, sittings
from creditbank.identity.sign_in import SignedIn
from creditbank.people import communities, consents, members, persons, trail
from creditbank.people.errors import ConsentMissing
from creditbank.people.members import MemberKind, Registered, Status
from creditbank.schemes import welcome

REASON_MOST = 200


@dataclass(frozen=True, slots=True)
class Joined:
    """What applying answers: a number, and a sitting in which to see how it stands."""

    member_id: str
    number: str
    signed_in: SignedIn


@dataclass(frozen=True, slots=True)
class Application:
    """Somebody who waits; ``alike`` are other members with the same phone."""

    member_id: str
    number: str
    community_id: str
    kind: MemberKind
    applied_on: date
    alike: tuple[str, ...]


@keyed
def apply(
    unit: Unit,
    *,
    proof: str,
    phone: str,
    name: str,
    community_id: str,
    purposes: Sequence[str],
    device: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    born_on: date | None = None,
    kind: MemberKind = MemberKind.RESIDENT,
) -> Joined:
    """Apply with a proven phone, and sign in with it.

    Raises:
        BadField: the name, the phone or a purpose is unusable.
        ProofOver: the phone is not proven (any more).
        CommunityNotFound: this bank has no such community.
        ConsentMissing: the needed purpose is not agreed to.
        GuardianNeeded: the person is under 14.
        PhoneTaken: a member of this bank signs in with it.
    """
    normal = one_time_codes.hold_proof(unit, proof=proof, phone=phone)
    made = put_down(
        unit,
        name=name,
        phone=normal,
        community_id=community_id,
        purposes=purposes,
        born_on=born_on,
        kind=kind,
    )
    phones.link(unit, member_id=made.member_id, phone=normal)
    done = sign_in.enter(
        unit,
        attempt_id=one_time_codes.attempt_of(proof),
        member_id=made.member_id,
        phone=normal,
        device=device,
    )
    return Joined(made.member_id, made.number, done)


@keyed
def take_in(
    unit: Unit,
    *,
    name: str,
    community_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    number: str | None = None,
    phone: str | None = None,
    document: str | None = None,
    born_on: date | None = None,
    kind: MemberKind = MemberKind.RESIDENT,
    purposes: Sequence[str] = (),
    guardian_id: str | None = None,
    address: str | None = None,
) -> Registered:
    """Take someone in at the office, admitted at once; what was agreed to is put down.

    Raises:
        BadField: the name, number, phone, document or a purpose is unusable.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        NumberTaken: another member has this number.
        GuardianNeeded: the person is under 14, and no guardian agrees.
        GuardianUnfit: the guardian is not an active adult member.
    """
    if guardian_id is not None:
        members.lock(unit, [guardian_id])
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    made = members.enrol(
        unit, community_id=community_id, kind=kind, status=Status.ACTIVE, number=number
    )
    persons.keep(
        unit,
        holder_id=made.member_id,
        name=name,
        phone=phone,
        document=document,
        born_on=born_on,
        address=address,
    )
    if purposes:
        consents.put_down(unit, made.member_id, purposes, guardian_id=guardian_id)
    welcome.give(unit, made.member_id)
    trail.record(unit, "member.taken-in", made.member_id, subject_id=made.member_id)
    return made


def put_down(
    unit: Unit,
    *,
    name: str,
    phone: str | None,
    community_id: str,
    purposes: Sequence[str],
    born_on: date | None,
    kind: MemberKind,
) -> Registered:
    """Put an application down; whoever calls has seen to who asks.

    Raises:
        BadField: the name, the phone or a purpose is unusable.
        CommunityNotFound: this bank has no such community.
        ConsentMissing: the needed purpose is not agreed to.
        GuardianNeeded: the person is under 14.
    """
    if consents.SERVICE not in purposes:
        raise ConsentMissing(consents.SERVICE)
    made = members.enrol(unit, community_id=community_id, kind=kind, status=Status.APPLIED)
    persons.keep(unit, holder_id=made.member_id, name=name, phone=phone, born_on=born_on)
    consents.put_down(unit, made.member_id, purposes, guardian_id=None)
    trail.record(unit, "member.applied", made.member_id, subject_id=made.member_id)
    return made


@keyed
def admit(unit: Unit, *, member_id: str, key: str) -> Status:  # noqa: ARG001 - @keyed's
    """Admit who has applied.

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is this person.
        StateConflict: nobody waits there.
        ConsentMissing: the needed consent was withdrawn meanwhile.
    """
    face_to_face.lock(unit, member_id)
    status = members.move(unit, member_id, "admit", joined_on=unit.today)
    if not consents.in_force(unit, member_id, consents.SERVICE):
        raise ConsentMissing(consents.SERVICE)
    welcome.give(unit, member_id)
    trail.record(unit, "member.admitted", member_id, subject_id=member_id)
    notices.tell(unit, member_id, "admitted")
    return status


@keyed
def refuse(
    unit: Unit,
    *,
    member_id: str,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Status:
    """Refuse who has applied, with a reason that is kept sealed; the phone is free again.

    Raises:
        BadField: the reason is unusable.
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is this person.
        StateConflict: nobody waits there.
    """
    said = line("reason", reason, REASON_MOST)
    face_to_face.lock(unit, member_id)
    status = members.move(unit, member_id, "refuse")
    trail.record(unit, "member.refused", member_id, subject_id=member_id, after={"reason": said})
    notices.tell(unit, member_id, "refused")
    phones.unlink(unit, member_id)
    sittings.end_all(unit, member_id)
    return status


def waiting(
    view: View, *, within: tuple[str, ...] | None, after: str | None, limit: int
) -> tuple[list[Application], str | None]:
    """Return who waits for admission by number, and ``after`` of the next page."""
    page = members.listing(view, within=within, status=Status.APPLIED, after=after, limit=limit)
    alike = _alike(view, [one.member_id for one in page.members])
    found = [
        Application(
            one.member_id,
            one.number,
            one.community_id,
            one.kind,
            one.joined_on,
            tuple(alike.get(one.member_id, ())),
        )
        for one in page.members
    ]
    return found, page.after


def _alike(view: View, member_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return for each of these the other members with the same phone who have not left."""
    theirs = persons.lookups.alias("theirs")
    of = members.members
    rows = view.rows(
        select(theirs.c.holder_id, of.c.member_id)
        .join_from(
            theirs,
            persons.lookups,
            (persons.lookups.c.bank_id == theirs.c.bank_id)
            & (persons.lookups.c.what == theirs.c.what)
            & (persons.lookups.c.hash == theirs.c.hash)
            & (persons.lookups.c.holder_id != theirs.c.holder_id),
        )
        .join(
            of,
            (of.c.bank_id == persons.lookups.c.bank_id)
            & (of.c.member_id == persons.lookups.c.holder_id),
        )
        .where(
            theirs.c.bank_id == view.bank_id,
            theirs.c.what == persons.PHONE,
            theirs.c.holder_id.in_(member_ids),
            of.c.status.in_([Status.ACTIVE, Status.SUSPENDED]),
        )
        .order_by(of.c.member_id)
    )
    alike: dict[str, list[str]] = {}
    for row in rows:
        alike.setdefault(row.holder_id, []).append(row.member_id)
    return alike
