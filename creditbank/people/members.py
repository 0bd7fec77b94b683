"""Members: the people of a bank, with a number, a community, and whether they may act.

What they are called is in `creditbank.people.persons`.

Whoever changes what belongs to a member locks the member first, several in ascending order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, UniqueConstraint, bindparam, select, update
from sqlmodel import Field

from creditbank.core import counters
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.prepared import Prepared, among
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, insert_or_skip, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.people import communities, documents, persons, trail
from creditbank.people.errors import (
    MemberNotFound,
    MemberSuspended,
    NotYours,
    NumberTaken,
    OwnReturn,
)

MEMBER_ROLE = "member"
PAGE_MOST = 200

_NUMBER = re.compile(r"[A-Za-z0-9-]{1,20}")
NUMBERS_GIVEN = counters.for_ever("member-number")


class MemberKind(StrEnum):
    """A resident, or a visitor: serves and spends, has no vote, closes when long idle."""

    RESIDENT = "resident"
    VISITOR = "visitor"


class Status(StrEnum):
    """Whether a member may act; an applied one waits for admission."""

    APPLIED = "applied"
    REFUSED = "refused"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


MEMBERSHIP = Machine(
    thing="member",
    thing_zh="成员",
    states={
        Status.APPLIED: "待审核",
        Status.REFUSED: "未通过",
        Status.ACTIVE: "正常",
        Status.SUSPENDED: "已暂停",
        Status.CLOSED: "已注销",
    },
    verbs={
        "admit": Verb("通过", "admit the member", "社区工作人员", "a community worker"),
        "refuse": Verb("不通过", "refuse the member", "社区工作人员", "a community worker"),
        "close": Verb("注销", "close the membership", "系统", "the system"),
        "suspend": Verb("暂停", "suspend the member", "工作人员", "staff"),
        "reinstate": Verb("恢复", "reinstate the member", "工作人员", "staff"),
    },
    moves={
        (Status.APPLIED, "admit"): Status.ACTIVE,
        (Status.APPLIED, "refuse"): Status.REFUSED,
        (Status.APPLIED, "close"): Status.CLOSED,
        (Status.REFUSED, "close"): Status.CLOSED,
        (Status.ACTIVE, "close"): Status.CLOSED,
        (Status.SUSPENDED, "close"): Status.CLOSED,
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
        Index("ix_member_status", "bank_id", "status", "community_id"),
        Index("ix_member_merged_into", "bank_id", "merged_into"),
    )

    member_id: str = Field(primary_key=True, max_length=40)
    number: str = Field(max_length=20)
    community_id: str = Field(max_length=40)
    kind: str = Field(max_length=16, sa_column_kwargs={"server_default": MemberKind.RESIDENT})
    status: str = Field(max_length=16)
    joined_on: date
    merged_into: str | None = Field(max_length=40)


members = table(MemberRow)


@dataclass(frozen=True, slots=True)
class Member:
    """A member; ``merged_into`` is the row that the same person goes on with."""

    member_id: str
    number: str
    community_id: str
    kind: MemberKind
    status: Status
    joined_on: date
    merged_into: str | None


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
    of = {name: getattr(row, name) for name in Member.__slots__}
    return Member(**of | {"kind": MemberKind(row.kind), "status": Status(row.status)})


@keyed
def register(
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
) -> Registered:
    """Take someone in at the office; without a ``number`` the next free one is given.

    Raises:
        BadField: the name, number, phone or document is unusable.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        NumberTaken: another member has this number.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    made = enrol(unit, community_id=community_id, kind=kind, status=Status.ACTIVE, number=number)
    persons.keep(
        unit,
        holder_id=made.member_id,
        name=name,
        phone=phone,
        document=document,
        born_on=born_on,
    )
    return made


def enrol(
    unit: Unit,
    *,
    community_id: str,
    kind: MemberKind,
    status: Status,
    number: str | None = None,
) -> Registered:
    """Make the row of a new member; who it is, is written by `persons.keep`.

    Whether the actor's role holds in the community is seen to by who calls.

    Raises:
        BadField: the number is unusable.
        CommunityNotFound: this bank has no such community.
        NumberTaken: another member has this number.
    """
    if number is not None and not _NUMBER.fullmatch(number):
        raise BadField("number", "1–20 letters, digits, '-' / 1–20 位字母、数字或连字符")
    row = {
        "bank_id": unit.bank_id,
        "member_id": unit.new_id("mem"),
        "community_id": communities.find(unit, community_id).community_id,
        "kind": kind,
        "status": status,
        "joined_on": unit.today,
        "merged_into": None,
    }
    if number is not None:
        if not _insert(unit, row | {"number": number}):
            raise NumberTaken(number)
        return Registered(str(row["member_id"]), number)
    given = counters.lock(unit, [NUMBERS_GIVEN])[NUMBERS_GIVEN]
    following = given + 1
    while not _insert(unit, row | {"number": f"M{following:04d}"}):
        following += 1
    counters.add(unit, {NUMBERS_GIVEN: following - given})
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
    rows = _LOCK.rows(unit, bank_id=unit.bank_id, member_ids=wanted)
    found = {row.member_id: _member(row) for row in rows}
    if missing := [one for one in wanted if one not in found]:
        raise MemberNotFound(missing[0])
    return found


_LOCK = Prepared(
    select(members)
    .where(members.c.bank_id == bindparam("bank_id"), among(members.c.member_id, "member_ids"))
    .order_by(members.c.member_id)
    .with_for_update(key_share=True)
)


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
    """See that a member acts for oneself, an assistant for whom they assist; staff for anyone.

    Raises:
        NotYours: it is somebody else's.
    """
    if actor.assists not in {None, member_id}:
        raise NotYours
    if actor.role == MEMBER_ROLE and actor.member_id != member_id:
        raise NotYours


def require_near(view: View, actor: Actor, member_id: str) -> None:
    """See that the actor's role holds where a member lives.

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: it holds in other communities only.
    """
    if actor.communities is not None:
        communities.require_within(actor, find(view, member_id).community_id)


@keyed
def suspend(unit: Unit, *, member_id: str, key: str) -> Status:  # noqa: ARG001
    """Keep a member from claiming and spending until reinstated; nothing they have is lost.

    Raises:
        MemberNotFound: this bank has none of this id.
        StateConflict: the member is not active.
    """
    status = move(unit, member_id, "suspend")
    trail.record(unit, "member.suspended", member_id, subject_id=member_id)
    return status


@keyed
def reinstate(unit: Unit, *, member_id: str, key: str) -> Status:  # noqa: ARG001
    """Let a suspended member act again.

    Raises:
        MemberNotFound: this bank has none of this id.
        OwnReturn: the actor is this person.
        StateConflict: the member is not suspended.
    """
    own, merged_into = unit.actor.member_id, find(unit, member_id).merged_into
    mine = [] if own is None else [own, find(unit, own).merged_into or own]
    if {member_id, merged_into} & documents.same_person(unit, mine):
        raise OwnReturn
    status = move(unit, member_id, "reinstate")
    trail.record(unit, "member.reinstated", member_id, subject_id=member_id)
    return status


def move(unit: Unit, member_id: str, verb: str, **values: date | str | None) -> Status:
    """Lock a member and do a verb of `MEMBERSHIP`, within the actor's communities.

    ``values`` are columns that change with it. What else ends with a membership is in
    `creditbank.leaving.closings`.

    Raises:
        MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the member lives.
        StateConflict: the member's status does not admit the verb.
    """
    member = lock(unit, [member_id])[member_id]
    communities.require_within(unit.actor, member.community_id)
    status = Status(MEMBERSHIP.after(member.status, verb))
    unit.run(
        update(members)
        .where(members.c.bank_id == unit.bank_id, members.c.member_id == member_id)
        .values(status=status, **values)
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


def listing(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    status: Status | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return members by number, all or those of some communities, or of one status.

    ``after`` is the ``after`` of the page before.
    """
    limit = min(limit, PAGE_MOST)
    query = select(members).where(members.c.bank_id == view.bank_id)
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    if status is not None:
        query = query.where(members.c.status == status)
    if after is not None:
        query = query.where(members.c.number > after)
    rows = view.rows(query.order_by(members.c.number).limit(limit + 1))
    shown = tuple(_member(row) for row in rows[:limit])
    return Page(shown, shown[-1].number if len(rows) > limit else None)


def is_within(
    view: View, member_id: ColumnElement[str], community_ids: Sequence[str]
) -> ColumnElement[bool]:
    """Return what says that a row's member is of some communities: each is looked up by its id."""
    here = (members.c.bank_id == view.bank_id) & (members.c.member_id == member_id)
    return select(members.c.community_id).where(here).scalar_subquery().in_(community_ids)
