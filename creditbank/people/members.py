"""Members: the people of a bank, with a number, a name, a community, and whether they may act.

Whoever changes what belongs to a member locks the member first, several in ascending order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, UniqueConstraint, select, update
from sqlmodel import Field

from creditbank.core import counters
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, insert_or_skip, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Actor, Unit, View
from creditbank.people import communities
from creditbank.people.errors import MemberNotFound, MemberSuspended, NotYours, NumberTaken

MEMBER_ROLE = "member"
PAGE_MOST = 200

_NAME_MOST = 60
_NUMBER = re.compile(r"[A-Za-z0-9-]{1,20}")
_NUMBERS_GIVEN = counters.for_ever("member-number")


class Status(StrEnum):
    """Whether a member may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


MEMBERSHIP = Machine(
    thing="member",
    thing_zh="成员",
    states={Status.ACTIVE: "正常", Status.SUSPENDED: "已暂停", Status.CLOSED: "已注销"},
    verbs={
        "suspend": Verb("暂停", "suspend the member", "工作人员", "staff"),
        "reinstate": Verb("恢复", "reinstate the member", "工作人员", "staff"),
    },
    moves={
        (Status.ACTIVE, "suspend"): Status.SUSPENDED,
        (Status.SUSPENDED, "reinstate"): Status.ACTIVE,
    },
)


class MemberRow(OfBank, table=True):
    """A person in a bank."""

    __tablename__ = "member"
    __table_args__ = (
        within_bank(["community_id"], "community", ["community_id"]),
        UniqueConstraint("bank_id", "number"),
    )

    member_id: str = Field(primary_key=True, max_length=40)
    number: str = Field(max_length=20)
    name: str = Field(max_length=_NAME_MOST)
    community_id: str = Field(max_length=40)
    status: str = Field(max_length=16)
    joined_on: date


members = table(MemberRow)


@dataclass(frozen=True, slots=True)
class Member:
    """A member."""

    member_id: str
    number: str
    name: str
    community_id: str
    status: Status
    joined_on: date


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration answers."""

    member_id: str
    number: str


@dataclass(frozen=True, slots=True)
class Page:
    """Members by number; ``after`` asks for the next page, None on the last one."""

    members: tuple[Member, ...]
    after: str | None


def _member(row: Row[Any]) -> Member:
    return Member(
        row.member_id, row.number, row.name, row.community_id, Status(row.status), row.joined_on
    )


@keyed
def register(
    unit: Unit,
    *,
    name: str,
    community_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    number: str | None = None,
) -> Registered:
    """Take someone in; without a ``number`` the next free one is given (``M0001`` …).

    Raises:
        BadField: the name or number is unusable.
        CommunityNotFound: this bank has no such community.
        NumberTaken: another member has this number.
    """
    if number is not None and not _NUMBER.fullmatch(number):
        raise BadField("number", "1–20 letters, digits, '-' / 1–20 位字母、数字或连字符")
    row = {
        "bank_id": unit.bank_id,
        "member_id": unit.new_id("mem"),
        "name": line("name", name, _NAME_MOST),
        "community_id": communities.find(unit, community_id).community_id,
        "status": Status.ACTIVE,
        "joined_on": unit.today,
    }
    if number is not None:
        if not _insert(unit, row | {"number": number}):
            raise NumberTaken(number)
        return Registered(str(row["member_id"]), number)
    given = counters.lock(unit, [_NUMBERS_GIVEN])[_NUMBERS_GIVEN]
    following = given + 1
    while not _insert(unit, row | {"number": f"M{following:04d}"}):
        following += 1
    counters.add(unit, {_NUMBERS_GIVEN: following - given})
    return Registered(str(row["member_id"]), f"M{following:04d}")


def _insert(unit: Unit, row: dict[str, Any]) -> bool:
    """Insert a member; False if the number is taken."""
    made = unit.run(insert_or_skip(unit.connection, members).returning(members.c.number), row)
    return made.first() is not None


def lock(unit: Unit, member_ids: Iterable[str]) -> dict[str, Member]:
    """Lock members in ascending order and return them by id.

    Raises:
        MemberNotFound: this bank has no member of one of these ids.
    """
    wanted = sorted(set(member_ids))
    rows = unit.rows(
        select(members)
        .where(members.c.bank_id == unit.bank_id, members.c.member_id.in_(wanted))
        .order_by(members.c.member_id)
        .with_for_update(key_share=True)
    )
    found = {row.member_id: _member(row) for row in rows}
    for member_id in wanted:
        if member_id not in found:
            raise MemberNotFound(member_id)
    return found


def require_active(unit: Unit, member_id: str) -> Member:
    """Lock a member and see that they may act.

    Raises:
        MemberNotFound: this bank has none of this id.
        MemberSuspended: the member is suspended, or the membership is closed.
    """
    member = lock(unit, [member_id])[member_id]
    if member.status is not Status.ACTIVE:
        raise MemberSuspended(member_id, member.status)
    return member


def require_own(actor: Actor, member_id: str) -> None:
    """See that a member acts for oneself; staff act for anyone.

    Raises:
        NotYours: a member acts for somebody else.
    """
    if actor.role == MEMBER_ROLE and actor.member_id != member_id:
        raise NotYours


@keyed
def suspend(unit: Unit, *, member_id: str, key: str) -> Status:  # noqa: ARG001
    """Keep a member from claiming and spending until reinstated; nothing they have is lost.

    Raises:
        MemberNotFound: this bank has none of this id.
        StateConflict: the member is not active.
    """
    return _move(unit, member_id, "suspend")


@keyed
def reinstate(unit: Unit, *, member_id: str, key: str) -> Status:  # noqa: ARG001
    """Let a suspended member act again.

    Raises:
        MemberNotFound: this bank has none of this id.
        StateConflict: the member is not suspended.
    """
    return _move(unit, member_id, "reinstate")


def _move(unit: Unit, member_id: str, verb: str) -> Status:
    member = lock(unit, [member_id])[member_id]
    status = Status(MEMBERSHIP.after(member.status, verb))
    unit.run(
        update(members)
        .where(members.c.bank_id == unit.bank_id, members.c.member_id == member_id)
        .values(status=status)
    )
    return status


def find(view: View, member_id: str) -> Member:
    """Return a member.

    Raises:
        MemberNotFound: this bank has none of this id.
    """
    row = view.row(
        select(members).where(members.c.bank_id == view.bank_id, members.c.member_id == member_id)
    )
    if row is None:
        raise MemberNotFound(member_id)
    return _member(row)


def by_number(view: View, number: str) -> Member:
    """Return the member of a number.

    Raises:
        MemberNotFound: this bank has given it to nobody.
    """
    row = view.row(
        select(members).where(members.c.bank_id == view.bank_id, members.c.number == number)
    )
    if row is None:
        raise MemberNotFound(number)
    return _member(row)


def listing(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return members by number; ``after`` is the ``after`` of the page before."""
    limit = min(limit, PAGE_MOST)
    query = select(members).where(members.c.bank_id == view.bank_id)
    if after is not None:
        query = query.where(members.c.number > after)
    rows = view.rows(query.order_by(members.c.number).limit(limit + 1))
    shown = tuple(_member(row) for row in rows[:limit])
    return Page(shown, shown[-1].number if len(rows) > limit else None)


def names(view: View, member_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of these members by id; ids of others are left out."""
    rows = view.rows(
        select(members.c.member_id, members.c.name).where(
            members.c.bank_id == view.bank_id, members.c.member_id.in_(sorted(set(member_ids)))
        )
    )
    return {row.member_id: row.name for row in rows}
