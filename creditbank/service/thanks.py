"""Notes of thanks (电子锦旗) that were written: whom they thank, who may read them, how many.

Written, released and refused in `creditbank.service.thanking`, which says whose key seals them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Index, Row, Select, func, or_, select
from sqlmodel import Field

from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import View
from creditbank.people import consents, persons, places, stays
from creditbank.people.persons import SEALED_MOST
from creditbank.service.thanks_errors import (
    ThanksNotFound,
)
from creditbank.tasks.tasks import PAGE_MOST, Party

TEXT = "thanks"
REASON = "thanks-reason"


class ThanksState(StrEnum):
    """Where a note stands."""

    WRITTEN = "written"
    RELEASED = "released"
    REFUSED = "refused"


_OFFICE = ("另一位社区工作人员", "somebody else in office")
THANKING = Machine(
    thing="thanks",
    thing_zh="这面电子锦旗",
    states={
        ThanksState.WRITTEN: "待审阅",
        ThanksState.RELEASED: "已展示",
        ThanksState.REFUSED: "不予展示",
    },
    verbs={
        "release": Verb("展示", "release it", *_OFFICE),
        "refuse": Verb("不予展示", "refuse it, or take it down", *_OFFICE),
    },
    moves={
        (ThanksState.WRITTEN, "release"): ThanksState.RELEASED,
        (ThanksState.WRITTEN, "refuse"): ThanksState.REFUSED,
        (ThanksState.RELEASED, "refuse"): ThanksState.REFUSED,
    },
)


class ThanksRow(OfBank, table=True):
    """One note; text and reason are sealed with the key of ``holder_id``, whose claim it is about.

    ``member_id``, ``household_id`` or ``team_id`` says who is thanked, as ``kind`` tells.
    """

    __tablename__ = "thanks"
    __table_args__ = (
        within_bank(["claim_id"], "claim", ["claim_id"]),
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["household_id"], "household", ["household_id"]),
        within_bank(["team_id"], "team", ["team_id"]),
        Index("ix_thanks_state", "bank_id", "state", "written_at", "thanks_id"),
        Index("ix_thanks_claim", "bank_id", "claim_id"),
        Index("ix_thanks_member", "bank_id", "member_id", "state"),
        Index("ix_thanks_household", "bank_id", "household_id", "state"),
        Index("ix_thanks_team", "bank_id", "team_id", "state"),
        Index("ix_thanks_writer", "bank_id", "written_by_member", "written_at"),
    )

    thanks_id: str = Field(primary_key=True, max_length=40)
    claim_id: str = Field(max_length=40)
    community_id: str = Field(max_length=40)
    kind: str = Field(max_length=16)
    holder_id: str = Field(max_length=40)
    member_id: str | None = Field(max_length=40)
    household_id: str | None = Field(max_length=40)
    team_id: str | None = Field(max_length=40)
    text: str | None = Field(max_length=SEALED_MOST)
    state: str = Field(max_length=16)
    written_at: datetime = Field(sa_type=UtcDateTime)
    written_by: str = Field(max_length=64)
    written_by_member: str | None = Field(max_length=40)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    decided_by: str | None = Field(max_length=64)
    reason: str | None = Field(max_length=SEALED_MOST)


thanks = table(ThanksRow)


@dataclass(frozen=True, slots=True)
class Thanks:
    """A note of thanks; ``text`` is None once the one it is about, or its writer, is forgotten."""

    thanks_id: str
    claim_id: str
    community_id: str
    kind: Party
    holder_id: str
    member_id: str | None
    household_id: str | None
    team_id: str | None
    text: str | None = field(repr=False)
    state: ThanksState
    written_at: datetime
    written_by: str
    written_by_member: str | None
    decided_at: datetime | None
    reason: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """Notes, the latest first; ``after`` asks for the next page, None on the last one."""

    notes: tuple[Thanks, ...]
    after: str | None


def find(view: View, thanks_id: str) -> Thanks:
    """Return a note, in plain words.

    Raises:
        ThanksNotFound: this bank has none of this id.
    """
    row = view.row(
        select(thanks).where(thanks.c.bank_id == view.bank_id, thanks.c.thanks_id == thanks_id)
    )
    if row is None:
        raise ThanksNotFound(thanks_id)
    return _read(view, row)


def _read(view: View, row: Row[Any]) -> Thanks:
    return Thanks(
        row.thanks_id,
        row.claim_id,
        row.community_id,
        Party(row.kind),
        row.holder_id,
        row.member_id,
        row.household_id,
        row.team_id,
        persons.unseal(view, row.holder_id, TEXT, row.text),
        ThanksState(row.state),
        row.written_at,
        row.written_by,
        row.written_by_member,
        row.decided_at,
        persons.unseal(view, row.holder_id, REASON, row.reason),
    )


def waiting(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the notes that nobody in office has read; ``within`` are communities."""
    query = _of(view, thanks.c.state == ThanksState.WRITTEN)
    if within is not None:
        query = query.where(thanks.c.community_id.in_(within))
    return _page(view, query, after, limit)


def of_member(view: View, member_id: str, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the notes shown to a member: their own, their household's, their teams'."""
    own = or_(
        thanks.c.member_id == member_id,
        thanks.c.household_id.in_(list(stays.current_of(view, [member_id]).values())),
        thanks.c.team_id.in_(places.of_members(view, [member_id]).get(member_id, ())),
    )
    return _page(view, _of(view, thanks.c.state == ThanksState.RELEASED, own), after, limit)


def written_by(view: View, member_id: str, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the notes that a member has written, and what became of them."""
    return _page(view, _of(view, thanks.c.written_by_member == member_id), after, limit)


def wall(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the notes that everybody may see, the words only of who agreed to be named."""
    page = _page(view, _of(view, thanks.c.state == ThanksState.RELEASED), after, limit)
    agreed = consents.may_publish_name(view, {one.holder_id for one in page.notes})
    return Page(
        tuple(one if one.holder_id in agreed else replace(one, text=None) for one in page.notes),
        page.after,
    )


def count(
    view: View,
    *,
    member_id: str | None = None,
    household_id: str | None = None,
    team_id: str | None = None,
) -> int:
    """Count the notes shown to a member, a household or a team."""
    whom = {"member_id": member_id, "household_id": household_id, "team_id": team_id}
    row = view.row(
        select(func.count().label("many")).where(
            thanks.c.bank_id == view.bank_id,
            thanks.c.state == ThanksState.RELEASED,
            *(thanks.c[name] == value for name, value in whom.items() if value is not None),
        )
    )
    return 0 if row is None else int(row.many)


def _of(view: View, *which: ColumnElement[bool]) -> Select[Any]:
    return select(thanks).where(thanks.c.bank_id == view.bank_id, *which)


def _page(view: View, query: Select[Any], after: str | None, limit: int) -> Page:
    """Return a page of notes, the latest first.

    Raises:
        ThanksNotFound: ``after`` is no note of this bank.
    """
    limit = min(limit, PAGE_MOST)
    if after is not None:
        at = find(view, after).written_at
        older = (thanks.c.written_at == at) & (thanks.c.thanks_id < after)
        query = query.where((thanks.c.written_at < at) | older)
    order = (thanks.c.written_at.desc(), thanks.c.thanks_id.desc())
    rows = view.rows(query.order_by(*order).limit(limit + 1))
    shown = tuple(_read(view, row) for row in rows[:limit])
    return Page(shown, shown[-1].thanks_id if len(rows) > limit else None)
