"""The call list: urgent notices that no text reaches, told by the office by telephone or in person.

On it stands who has no phone, who has withdrawn the consent to messages, and whom the sender
failed to reach. Names are masked; a number is revealed one at a time, and that is written in the
trail as every look at personal data. Whoever told a member ticks it, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, func, literal, not_, select

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import UtcDateTime
from creditbank.core.units import Unit, View
from creditbank.identity import messages, reveals
from creditbank.identity.errors import CallNotFound, NumberUnknown
from creditbank.identity.reveals import Reveal
from creditbank.notices import Figure
from creditbank.people import communities, trail
from creditbank.people.members import members
from creditbank.people.persons import persons

PAGE_MOST = 200
REASON = "电话通知 / to be told by telephone"

_of = notices.notices.c
_presses = func.coalesce(_of.due_at, literal(datetime(9999, 1, 1, tzinfo=UTC), UtcDateTime()))


class Why(StrEnum):
    """Why no text reaches a member."""

    NO_PHONE = "no_phone"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be told to whom; ``has_number`` says whether a number is known."""

    notice_id: str
    member_id: str
    number: str
    community_id: str
    kind: str
    figures: Mapping[str, Figure]
    told_at: datetime
    due_at: datetime | None
    why: Why
    has_number: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, the most pressing first; ``after`` asks for the next page, None on the last one."""

    calls: tuple[Call, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """That a member was told, and when."""

    notice_id: str
    member_id: str
    told_at: datetime


def listing(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return whom to call: all, or the members of some communities.

    ``after`` is the last one of the page before.
    """
    query = _waiting(view)
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    if after is not None:
        last = view.row(
            select(_presses.label("presses")).where(
                _of.bank_id == view.bank_id, _of.notice_id == after
            )
        )
        if last is None:
            return Page((), None)
        at = literal(last.presses, UtcDateTime())
        query = query.where((_presses > at) | ((_presses == at) & (_of.notice_id > after)))
    limit = min(limit, PAGE_MOST)
    rows = view.rows(query.order_by(_presses, _of.notice_id).limit(limit + 1))
    shown = tuple(_call(row) for row in rows[:limit])
    return Page(shown, shown[-1].notice_id if len(rows) > limit else None)


def many(view: View, *, within: tuple[str, ...] | None = None) -> int:
    """Count whom to call, as `listing` lists them."""
    query = _waiting(view)
    if within is not None:
        query = query.where(members.c.community_id.in_(within))
    found = query.with_only_columns(func.count(_of.notice_id).label("many"))
    row = view.row(found)
    return 0 if row is None else int(row.many)


def _waiting(view: View) -> Select[Any]:
    return messages.open_notices(
        view,
        members.c.number,
        members.c.community_id,
        persons.c.phone.is_not(None).label("has_number"),
        messages.has_withdrawn().label("withdrawn"),
    ).where(not_(messages.reachable()))


def _call(row: Row[Any]) -> Call:
    if row.failed_at is not None:
        why = Why.FAILED
    else:
        why = Why.WITHDRAWN if row.withdrawn and row.has_number else Why.NO_PHONE
    return Call(
        row.notice_id,
        row.member_id,
        row.number,
        row.community_id,
        row.kind,
        row.figures,
        row.told_at,
        row.due_at,
        why,
        bool(row.has_number),
    )


def find(view: View, notice_id: str) -> Call:
    """Return a call that waits.

    Raises:
        CallNotFound: nothing of this id is on the list (any more).
    """
    row = view.row(_waiting(view).where(_of.notice_id == notice_id))
    if row is None:
        raise CallNotFound(notice_id)
    return _call(row)


def community_of(view: View, notice_id: str) -> str | None:
    """Return where the member of a notice lives; None if there is no such notice."""
    row = view.row(
        select(members.c.community_id)
        .join(
            notices.notices,
            (_of.bank_id == members.c.bank_id) & (_of.member_id == members.c.member_id),
        )
        .where(members.c.bank_id == view.bank_id, _of.notice_id == notice_id)
    )
    return None if row is None else str(row.community_id)


@keyed
def number(unit: Unit, *, notice_id: str, key: str) -> Reveal:  # noqa: ARG001
    """Note that someone in office looks at the number of whom they call; `reveals.shown` gives it.

    Raises:
        CallNotFound: nothing of this id is on the list (any more).
        OtherCommunity: the actor's role does not hold where the member lives.
        NumberUnknown: no number is known.
        MinorsData: the member is under 18, and the actor is no community head.
        RevealsUsedUp: this member of staff has looked at too many people today.
    """
    one = find(unit, notice_id)
    communities.require_within(unit.actor, one.community_id)
    if not one.has_number:
        raise NumberUnknown(notice_id)
    return reveals.note(unit, member_id=one.member_id, fields=("phone",), reason=REASON)


@keyed
def told(unit: Unit, *, notice_id: str, key: str) -> Told:  # noqa: ARG001
    """Tick that a member was told.

    Raises:
        CallNotFound: nothing of this id is on the list (any more).
        OtherCommunity: the actor's role does not hold where the member lives.
    """
    one = find(unit, notice_id)
    communities.require_within(unit.actor, one.community_id)
    if not notices.settle(unit, notice_id, by=unit.actor.id):
        raise CallNotFound(notice_id)
    after = {"kind": one.kind, "why": one.why}
    trail.record(unit, "call.told", notice_id, subject_id=one.member_id, after=after)
    return Told(notice_id, one.member_id, unit.now)
