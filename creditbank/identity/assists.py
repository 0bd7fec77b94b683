"""Assists: somebody in office acts for a member who is present, or who telephones.

An assist is opened for one member, by one member of staff who is somebody else, after it was seen
who is there; it lasts a quarter of an hour. Whatever is written in it says so: the actor is the
member of staff, as "assistant", through the assist; `done` puts it on the trail for the slip, and
the member is told. The engine lets an assistant act for that member only (`members.require_own`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.identity import face_to_face, pins
from creditbank.identity.assist_errors import AssistNotFound, AssistOver, AssistPinNeeded
from creditbank.identity.sign_in_errors import OwnService
from creditbank.people import kin, persons, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status

ASSISTANT_ROLE = "assistant"
TTL_S = 15 * 60
PAGE_MOST = 200

_REASON = "assist"


class Identity(StrEnum):
    """How it was seen who is there."""

    KNOWN = "known_personally"
    DOCUMENT = "document_seen"
    CARD = "card_shown"


class Channel(StrEnum):
    """Whether the member is present."""

    PRESENT = "present"
    TELEPHONE = "telephone"


class AssistRow(OfBank, table=True):
    """One assist; ``reason`` is sealed with the member's key."""

    __tablename__ = "assist"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_assist_member", "bank_id", "member_id", "begun_at"),
    )

    assist_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    staff_id: str = Field(max_length=64)
    identity: str = Field(max_length=20)
    channel: str = Field(max_length=12)
    reason: str = Field(max_length=persons.SEALED_MOST)
    begun_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    told_at: datetime | None = Field(sa_type=UtcDateTime)


assists = table(AssistRow)


@dataclass(frozen=True, slots=True)
class Opened:
    """An assist that requests can name from now on."""

    assist_id: str
    member_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Assist:
    """An assist as it is told; ``reason`` is None once the member was forgotten."""

    assist_id: str
    member_id: str
    staff_id: str
    identity: Identity
    channel: Channel
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    reason: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done in an assist."""

    what: str
    object_id: str
    done_at: datetime


def _assist(view: View, row: Row[Any]) -> Assist:
    return Assist(
        row.assist_id,
        row.member_id,
        row.staff_id,
        Identity(row.identity),
        Channel(row.channel),
        row.begun_at,
        row.ends_at,
        row.ended_at,
        persons.unseal(view, row.member_id, _REASON, row.reason),
    )


@keyed
def begin(
    unit: Unit,
    *,
    member_id: str,
    identity: Identity,
    channel: Channel,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Opened:
    """Open an assist for a member, of whom the actor has seen who they are.

    Raises:
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        OwnService: the actor is this member, or the same person on another row.
        MemberSuspended: the member may not act now.
        BadField: nothing can be shown by telephone.
    """
    if channel is Channel.TELEPHONE and identity is not Identity.KNOWN:
        raise BadField("identity", "by telephone: known_personally / 电话代办须认识本人")
    if member_id in kin.of_actor(unit, unit.actor):
        raise OwnService
    member = face_to_face.lock(unit, member_id)
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member_id, member.status)
    opened = Opened(unit.new_id("ast"), member_id, unit.now + timedelta(seconds=TTL_S))
    unit.run(
        insert(assists),
        {
            "bank_id": unit.bank_id,
            "assist_id": opened.assist_id,
            "member_id": member_id,
            "staff_id": unit.actor.id,
            "identity": identity,
            "channel": channel,
            "reason": persons.seal(unit, member_id, _REASON, reason),
            "begun_at": unit.now,
            "ends_at": opened.ends_at,
            "ended_at": None,
            "told_at": None,
        },
    )
    said = {"identity": identity, "channel": channel, "reason": reason}
    trail.record(unit, "assist.begun", opened.assist_id, subject_id=member_id, after=said)
    return opened


@keyed
def end(unit: Unit, *, assist_id: str, key: str) -> str:  # noqa: ARG001 - the key is @keyed's
    """Close an assist of the actor's before its time, and return its id.

    Raises:
        AssistNotFound: the actor has opened none of this id.
        AssistOver: it is over.
    """
    require_open(unit, unit.actor, assist_id)
    _set(unit, assist_id, ended_at=unit.now)
    return assist_id


def require_open(view: View, actor: Actor, assist_id: str) -> Assist:
    """Return an assist that the actor has opened and may act in.

    Raises:
        AssistNotFound: the actor has opened none of this id.
        AssistOver: it is over.
    """
    found = find(view, assist_id)
    if found.staff_id != actor.id:
        raise AssistNotFound(assist_id)
    if found.ended_at is not None or view.now >= found.ends_at:
        raise AssistOver(assist_id)
    return found


def find(view: View, assist_id: str) -> Assist:
    """Return an assist.

    Raises:
        AssistNotFound: this bank has none of this id.
    """
    row = view.row(
        select(assists).where(assists.c.bank_id == view.bank_id, assists.c.assist_id == assist_id)
    )
    if row is None:
        raise AssistNotFound(assist_id)
    return _assist(view, row)


def of_member(view: View, member_id: str, *, limit: int = 50) -> list[Assist]:
    """Return the latest assists of a member, the last one first."""
    rows = view.rows(
        select(assists)
        .where(assists.c.bank_id == view.bank_id, assists.c.member_id == member_id)
        .order_by(assists.c.begun_at.desc(), assists.c.assist_id.desc())
        .limit(min(limit, PAGE_MOST))
    )
    return [_assist(view, row) for row in rows]


# What is done in an assist -----------------------------------------------------------------------


def done(unit: Unit, what: str, object_id: str) -> None:
    """Put what the actor did on the trail, if it was done in an assist."""
    if unit.actor.assists is not None:
        trail.record(unit, what, object_id, subject_id=unit.actor.assists)


def require_pin(unit: Unit, member_id: str, key: str) -> None:
    """See that spending in an assist comes with the member's PIN, typed for this very request.

    Raises:
        AssistPinNeeded: it does not (`pins.settle` with the request's key).
    """
    if unit.actor.assists is not None and not pins.spend_proof(unit, member_id, key):
        raise AssistPinNeeded


def tell(unit: Unit, assist_id: str) -> None:
    """Tell the member, once, that the office acted for them."""
    row = unit.run(
        update(assists)
        .where(
            assists.c.bank_id == unit.bank_id,
            assists.c.assist_id == assist_id,
            assists.c.told_at.is_(None),
        )
        .values(told_at=unit.now)
        .returning(assists.c.member_id)
    ).first()
    if row is not None:
        notices.tell(unit, row.member_id, "assisted", link=f"/me/assists/{assist_id}")


def deeds(view: View, one: Assist) -> list[Deed]:
    """Return what was done in an assist, in order."""
    of = trail.deeds.c
    rows = view.rows(
        select(of.what, of.object_id, of.done_at)
        .where(
            of.bank_id == view.bank_id,
            of.subject_id == one.member_id,
            of.via == one.assist_id,
        )
        .order_by(of.done_at, of.deed_id)
    )
    return [Deed(row.what, row.object_id, row.done_at) for row in rows]


def _set(unit: Unit, assist_id: str, **values: object) -> None:
    unit.run(
        update(assists)
        .where(assists.c.bank_id == unit.bank_id, assists.c.assist_id == assist_id)
        .values(**values)
    )
