"""Consents: what a member agreed to, in which words, when and through whom (PIPL).

A purpose has a version: new words are a new version, and ask anew. A consent is in force from
the moment it was given until it is withdrawn, which its member can do at any time; what is
withdrawn stays on record. Who is under 14 on the bank's day agrees through a guardian, an active
adult member whom the office or the joining has put down; from then on the guardian gives and
withdraws, too. Without the purpose that is needed nobody can be served: who withdraws it is told
that this leads to closing, and has to say that it is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Index, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.bulk import insert_all
from creditbank.core.errors import BadField
from creditbank.core.indexes import sparse
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.people import ages, communities, members, persons, trail
from creditbank.people.errors import (
    ConsentNotFound,
    GuardianNeeded,
    GuardianUnfit,
    MemberNotFound,
    WithdrawalCloses,
)
from creditbank.people.members import MEMBER_ROLE, Status

SERVICE = "service"
PUBLISH_NAME = "publish_name"
PHOTOS = "photos"
MESSAGES = "messages"

GUARDED_BELOW = 14


@dataclass(frozen=True, slots=True)
class Purpose:
    """What personal data is used for; without a ``needed`` one there is no membership."""

    slug: str
    version: int
    zh: str
    en: str
    needed: bool = False


_PURPOSES = (
    Purpose(
        SERVICE,
        1,
        "为办理入社、活动报名、服务记录、积分和核销，互助社保存我的姓名、手机号和服务记录；"
        "证件号码和出生日期仅在办理需要时登记，均加密保存。撤回此项即需注销。",
        "The society keeps my name, phone and record of service so that I can join, serve, earn "
        "and spend; a document or birth date only where needed, all of it encrypted. To withdraw "
        "this is to leave.",
        needed=True,
    ),
    Purpose(
        PUBLISH_NAME,
        1,
        "在年终排名和公示中显示我的全名；不同意则只显示姓。",
        "My whole name is shown in rankings and notices; otherwise its first character only.",
    ),
    Purpose(
        PHOTOS,
        1,
        "在活动介绍中使用有我的照片。",
        "Photos with me may be used to tell about activities.",
    ),
    Purpose(
        MESSAGES,
        1,
        "除必要的服务提醒外，接收活动消息。",
        "I receive news of activities, beyond what concerns my own service.",
    ),
)
PURPOSES: Mapping[str, Purpose] = {one.slug: one for one in _PURPOSES}


class ConsentRow(OfBank, table=True):
    """One consent: what, in which version, through whom; withdrawn once, never deleted."""

    __tablename__ = "consent"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["guardian_id"], "member", ["member_id"]),
        Index("ix_consent_member", "bank_id", "member_id", "purpose"),
        sparse("ix_consent_guardian", "guardian_id"),
    )

    consent_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    purpose: str = Field(max_length=24)
    version: int
    given_at: datetime = Field(sa_type=UtcDateTime)
    given_by: str = Field(max_length=64)
    given_via: str | None = Field(max_length=40)
    guardian_id: str | None = Field(max_length=40)
    withdrawn_at: datetime | None = Field(sa_type=UtcDateTime)
    withdrawn_by: str | None = Field(max_length=64)


consents = table(ConsentRow)


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent on record, in force until it is withdrawn or its words change."""

    purpose: str
    version: int
    given_at: datetime
    guardian_id: str | None
    withdrawn_at: datetime | None

    @property
    def in_force(self) -> bool:
        """Whether it holds now, for the words as they are now."""
        return self.withdrawn_at is None and self.version == PURPOSES[self.purpose].version


@dataclass(frozen=True, slots=True)
class Given:
    """What giving answers: all purposes that are in force now."""

    member_id: str
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What withdrawing answers; ``leads_to_closing`` if there is no membership without it."""

    member_id: str
    purpose: str
    leads_to_closing: bool


@keyed
def give(
    unit: Unit,
    *,
    member_id: str,
    purposes: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
    guardian_id: str | None = None,
) -> Given:
    """Put down that a member agrees: by the member, by their guardian, or at the office.

    What is in force already stays as it was given.

    Raises:
        BadField: a purpose is unknown.
        MemberNotFound: this bank has none of this id, or, to a member, it is somebody else.
        OtherCommunity: the actor's role does not hold where the member lives.
        GuardianNeeded: the member is under 14, and no guardian agrees.
        GuardianUnfit: the guardian is not an active adult member.
    """
    members.lock(unit, {member_id, guardian_id or member_id})
    require_part(unit, unit.actor, member_id)
    if unit.actor.role == MEMBER_ROLE and unit.actor.member_id != member_id:
        guardian_id = unit.actor.member_id
    return Given(member_id, put_down(unit, member_id, purposes, guardian_id=guardian_id))


def put_down(
    unit: Unit, member_id: str, purposes: Iterable[str], *, guardian_id: str | None
) -> tuple[str, ...]:
    """Write consents of a member, who is locked or new, and return all that are in force.

    Raises:
        BadField: a purpose is unknown.
        GuardianNeeded: the member is under 14, and no guardian agrees.
        GuardianUnfit: the guardian is not an active adult member.
    """
    said = sorted(set(purposes))
    if not set(said) <= set(PURPOSES):
        raise BadField("purposes", " / ".join(PURPOSES))
    guarded = is_guarded(unit, member_id)
    if guarded:
        _require_guardian(unit, member_id, guardian_id)
    standing = in_force_of(unit, [member_id])[member_id]
    fresh = [one for one in said if one not in standing]
    guardian = guardian_id if guarded else None
    insert_all(unit, consents, [_given(unit, member_id, one, guardian) for one in fresh])
    if fresh:
        trail.record(unit, "consent.given", member_id, subject_id=member_id, after={"of": fresh})
    return tuple(sorted({*standing, *fresh}))


def put_down_all(unit: Unit, agreed: Mapping[str, Iterable[str]]) -> None:
    """Write down to what each of several new members agrees, who are all 14 or older.

    Raises:
        BadField: a purpose is unknown.
        GuardianNeeded: one of them is under 14.
    """
    said = {one: sorted(set(purposes)) for one, purposes in agreed.items() if purposes}
    if not {each for purposes in said.values() for each in purposes} <= set(PURPOSES):
        raise BadField("purposes", " / ".join(PURPOSES))
    for member_id, born_on in persons.births(unit, said).items():
        if ages.years(born_on, unit.today) < GUARDED_BELOW:
            raise GuardianNeeded(member_id)
    rows = [
        _given(unit, member_id, one, None) for member_id, several in said.items() for one in several
    ]
    if rows:
        insert_all(unit, consents, rows)
        trail.record_each(unit, "consent.given", {one: {"of": of} for one, of in said.items()})


def _given(unit: Unit, member_id: str, purpose: str, guardian_id: str | None) -> dict[str, object]:
    return {
        "bank_id": unit.bank_id,
        "consent_id": unit.new_id("cns"),
        "member_id": member_id,
        "purpose": purpose,
        "version": PURPOSES[purpose].version,
        "given_at": unit.now,
        "given_by": unit.actor.id,
        "given_via": unit.actor.via,
        "guardian_id": guardian_id,
        "withdrawn_at": None,
        "withdrawn_by": None,
    }


def _require_guardian(unit: Unit, member_id: str, guardian_id: str | None) -> None:
    if guardian_id is None or guardian_id == member_id:
        raise GuardianNeeded(member_id)
    guardian = members.find(unit, guardian_id)
    if guardian.status is not Status.ACTIVE or not ages.is_adult(unit, guardian_id):
        raise GuardianUnfit(guardian_id)


@keyed
def withdraw(
    unit: Unit,
    *,
    member_id: str,
    purpose: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    understood: bool = False,
) -> Withdrawn:
    """Take a consent back: by the member, by their guardian, or at the office.

    ``understood`` says that whoever withdraws the needed purpose means to leave.

    Raises:
        MemberNotFound: this bank has none of this id, or, to a member, it is somebody else.
        OtherCommunity: the actor's role does not hold where the member lives.
        ConsentNotFound: there is none in force.
        WithdrawalCloses: there is no membership without it, and that was not understood.
    """
    members.lock(unit, [member_id])
    require_part(unit, unit.actor, member_id)
    if purpose not in in_force_of(unit, [member_id])[member_id]:
        raise ConsentNotFound(purpose)
    closes = PURPOSES[purpose].needed
    if closes and not understood:
        raise WithdrawalCloses(purpose)
    unit.run(
        update(consents)
        .where(
            consents.c.bank_id == unit.bank_id,
            consents.c.member_id == member_id,
            consents.c.purpose == purpose,
            consents.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=unit.now, withdrawn_by=unit.actor.id)
    )
    trail.record(
        unit, "consent.withdrawn", member_id, subject_id=member_id, before={"of": [purpose]}
    )
    if closes:
        notices.tell(unit, member_id, "service-withdrawn")
    return Withdrawn(member_id, purpose, closes)


def require_part(view: View, actor: Actor, member_id: str) -> None:
    """See that an actor has a say in a member's consents.

    Raises:
        MemberNotFound: this bank has none of this id, or, to a member, it is somebody else.
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    if actor.role != MEMBER_ROLE:
        communities.require_within(actor, members.find(view, member_id).community_id)
    elif actor.member_id != member_id and actor.member_id not in guardians_of(view, member_id):
        raise MemberNotFound(member_id)


def guardians_of(view: View, member_id: str) -> frozenset[str]:
    """Return who agreed for a member who is still under 14."""
    if not is_guarded(view, member_id):
        return frozenset()
    rows = view.rows(
        select(consents.c.guardian_id)
        .where(
            consents.c.bank_id == view.bank_id,
            consents.c.member_id == member_id,
            consents.c.guardian_id.is_not(None),
        )
        .distinct()
    )
    return frozenset(row.guardian_id for row in rows)


def is_guarded(view: View, member_id: str) -> bool:
    """Tell whether a member is known to be under 14 on the bank's day."""
    age = ages.today(view, member_id)
    return age is not None and age < GUARDED_BELOW


def in_force(view: View, member_id: str, purpose: str) -> bool:
    """Tell whether a member agrees to a purpose now."""
    return purpose in in_force_of(view, [member_id])[member_id]


def in_force_of(view: View, member_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return to what each of these members agrees now."""
    wanted = sorted(set(member_ids))
    rows = view.rows(
        select(consents.c.member_id, consents.c.purpose, consents.c.version).where(
            consents.c.bank_id == view.bank_id,
            consents.c.member_id.in_(wanted),
            consents.c.withdrawn_at.is_(None),
        )
    )
    found: dict[str, set[str]] = {one: set() for one in wanted}
    for row in rows:
        if row.version == PURPOSES[row.purpose].version:
            found[row.member_id].add(row.purpose)
    return {one: frozenset(purposes) for one, purposes in found.items()}


def may_publish_name(view: View, member_ids: Iterable[str]) -> frozenset[str]:
    """Return those of these members whose whole name may be shown to everybody."""
    agreed = in_force_of(view, member_ids)
    return frozenset(one for one, purposes in agreed.items() if PUBLISH_NAME in purposes)


def public_names(view: View, member_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of members as everybody may see them: whole if they agreed, else masked."""
    wanted = set(member_ids)
    shown = persons.masked_names(view, wanted)
    return shown | persons.names(view, may_publish_name(view, wanted))


def history(view: View, member_id: str) -> list[Consent]:
    """Return what a member ever agreed to, in order."""
    rows = view.rows(
        select(consents)
        .where(consents.c.bank_id == view.bank_id, consents.c.member_id == member_id)
        .order_by(consents.c.given_at, consents.c.consent_id)
    )
    return [
        Consent(row.purpose, row.version, row.given_at, row.guardian_id, row.withdrawn_at)
        for row in rows
    ]
