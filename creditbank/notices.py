"""Notices: what members must be told. A row is written in the unit that causes it.

A row holds a kind and figures, never a name or free text; the sentence is made when it is read.
Urgent kinds also go out once through the sender, in decent hours (`creditbank.identity.messages`);
whom no text reaches stands on the office's call list (`creditbank.identity.call_list`). A notice
that is to be told is open until ``settled_at``: the sender has it, or somebody in office told it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Row, func, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import NotFound
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Actor, Unit, View
from creditbank.notice_kinds import KINDS

PAGE_MOST = 200
SENDER = "sender"

Figure = int | str | Mapping[str, int]


class NoticeRow(OfBank, table=True):
    """One notice to one member; with ``failed_at`` the sender failed to bring it."""

    __tablename__ = "notice"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_notice_member", "bank_id", "member_id", "read_at"),
        Index("ix_notice_inbox", "bank_id", "member_id", "told_at", "notice_id"),
        Index("ix_notice_due", "bank_id", "urgent", "settled_at"),
    )

    notice_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    kind: str = Field(max_length=24)
    figures: Any = Field(sa_column=Column("figures", JSON, nullable=False))
    link: str | None = Field(max_length=120)
    due_at: datetime | None = Field(sa_type=UtcDateTime)
    urgent: bool
    told_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(sa_type=UtcDateTime)
    settled_by: str | None = Field(max_length=64)
    failed_at: datetime | None = Field(sa_type=UtcDateTime)


notices = table(NoticeRow)


@dataclass(eq=False)
class NoticeNotFound(NotFound):
    """The member has no such notice."""

    slug = "notice-not-found"
    zh = "没有这条通知"
    en = "There is no such notice"
    notice_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What a member was told, as kind and figures."""

    notice_id: str
    kind: str
    figures: Mapping[str, Figure]
    link: str | None
    due_at: datetime | None
    told_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Notices, newest first; ``unread`` counts all that wait, ``older_than`` is the next page."""

    notices: tuple[Notice, ...]
    unread: int
    older_than: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """That a notice was read, and when first."""

    notice_id: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class AllRead:
    """How many notices of a member were unread till now."""

    member_id: str
    read: int


# Telling ---------------------------------------------------------------------------------------


def tell(
    unit: Unit,
    member_id: str,
    kind: str,
    *,
    link: str | None = None,
    due_at: datetime | None = None,
    **figures: Figure,
) -> str:
    """Tell a member something, once the unit commits; return the notice's id.

    ``figures`` fill the places of the kind's sentence: numbers and ids, never a name. ``due_at``
    is when it is too late to tell.
    """
    [notice_id] = tell_all(unit, [member_id], kind, link=link, due_at=due_at, **figures)
    return notice_id


def tell_all(
    unit: Unit,
    member_ids: Iterable[str],
    kind: str,
    *,
    link: str | None = None,
    due_at: datetime | None = None,
    **figures: Figure,
) -> list[str]:
    """Tell several members the same in one statement; return the ids of the notices."""
    same = dict.fromkeys(member_ids, figures)
    return tell_each(unit, kind, same, link=link, due_at=due_at)


def tell_each(
    unit: Unit,
    kind: str,
    figures: Mapping[str, Mapping[str, Figure]],
    *,
    link: str | None = None,
    due_at: datetime | None = None,
) -> list[str]:
    """Tell several members figures of their own in one statement; return the notices' ids."""
    rows = [
        {
            "bank_id": unit.bank_id,
            "notice_id": unit.new_id("ntc"),
            "member_id": member_id,
            "kind": kind,
            "figures": dict(theirs),
            "link": link,
            "due_at": due_at,
            "urgent": KINDS[kind].urgent,
            "told_at": unit.now,
            "read_at": None,
            "settled_at": None,
            "settled_by": None,
            "failed_at": None,
        }
        for member_id, theirs in figures.items()
    ]
    if rows:
        unit.run(insert(notices), rows)
        unit.ring(*figures)
    return [str(row["notice_id"]) for row in rows]


# Reading ---------------------------------------------------------------------------------------


def inbox(view: View, member_id: str, *, after: str | None = None, limit: int = 50) -> Inbox:
    """Return a member's notices, newest first; ``after`` is the last one of the page before."""
    of = notices.c
    theirs = (of.bank_id == view.bank_id, of.member_id == member_id)
    query = select(notices).where(*theirs)
    if after is not None:
        last = view.row(select(of.told_at).where(*theirs, of.notice_id == after))
        if last is None:
            return Inbox((), _unread(view, member_id), None)
        query = query.where(
            (of.told_at < last.told_at) | ((of.told_at == last.told_at) & (of.notice_id < after))
        )
    limit = min(limit, PAGE_MOST)
    rows = view.rows(query.order_by(of.told_at.desc(), of.notice_id.desc()).limit(limit + 1))
    shown = tuple(_notice(row) for row in rows[:limit])
    older_than = shown[-1].notice_id if len(rows) > limit else None
    return Inbox(shown, _unread(view, member_id), older_than)


def find(view: View, member_id: str, notice_id: str) -> Notice:
    """Return a notice of a member.

    Raises:
        NoticeNotFound: the member has none of this id.
    """
    row = view.row(
        select(notices).where(
            notices.c.bank_id == view.bank_id,
            notices.c.member_id == member_id,
            notices.c.notice_id == notice_id,
        )
    )
    if row is None:
        raise NoticeNotFound(notice_id)
    return _notice(row)


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        row.notice_id, row.kind, row.figures, row.link, row.due_at, row.told_at, row.read_at
    )


def _unread(view: View, member_id: str) -> int:
    row = view.row(
        select(func.count().label("many")).where(
            notices.c.bank_id == view.bank_id,
            notices.c.member_id == member_id,
            notices.c.read_at.is_(None),
        )
    )
    return 0 if row is None else int(row.many)


@keyed
def read(unit: Unit, *, member_id: str, notice_id: str, key: str) -> Read:  # noqa: ARG001
    """Remember that a member has read a notice; the first time counts.

    Raises:
        NoticeNotFound: the member has none of this id, or it is somebody else's.
    """
    _require_own(unit.actor, member_id, notice_id)
    row = _lock(unit, notice_id)
    if row is None or row.member_id != member_id:
        raise NoticeNotFound(notice_id)
    if row.read_at is not None:
        return Read(notice_id, row.read_at)
    _store(unit, notice_id, read_at=unit.now)
    return Read(notice_id, unit.now)


@keyed
def read_all(unit: Unit, *, member_id: str, key: str) -> AllRead:  # noqa: ARG001
    """Remember that a member has read all there is.

    Raises:
        NoticeNotFound: they are somebody else's.
    """
    _require_own(unit.actor, member_id, "*")
    written = unit.run(
        update(notices)
        .where(
            notices.c.bank_id == unit.bank_id,
            notices.c.member_id == member_id,
            notices.c.read_at.is_(None),
        )
        .values(read_at=unit.now)
    )
    return AllRead(member_id, written.rowcount)


def _require_own(actor: Actor, member_id: str, notice_id: str) -> None:
    """See that a member reads what is theirs, or is assisted in it.

    Raises:
        NoticeNotFound: it is somebody else's.
    """
    if member_id != (actor.assists or actor.member_id):
        raise NoticeNotFound(notice_id)


# Settling --------------------------------------------------------------------------------------


def settle(unit: Unit, notice_id: str, *, by: str) -> bool:
    """Write down, under the notice's lock, who tells it; False if somebody had it already."""
    row = _lock(unit, notice_id)
    if row is None or row.settled_at is not None:
        return False
    _store(unit, notice_id, settled_at=unit.now, settled_by=by)
    return True


def open_again(unit: Unit, notice_id: str) -> None:
    """Write down that the sender failed to bring a notice, so that somebody calls."""
    row = _lock(unit, notice_id)
    if row is not None and row.settled_by == SENDER:
        _store(unit, notice_id, settled_at=None, failed_at=unit.now)


def _lock(unit: Unit, notice_id: str) -> Row[Any] | None:
    """Lock a notice, which may have gone with its member."""
    return unit.row(
        select(notices)
        .where(notices.c.bank_id == unit.bank_id, notices.c.notice_id == notice_id)
        .with_for_update(key_share=True)
    )


def _store(unit: Unit, notice_id: str, **values: object) -> None:
    unit.run(
        update(notices)
        .where(notices.c.bank_id == unit.bank_id, notices.c.notice_id == notice_id)
        .values(**values)
    )
