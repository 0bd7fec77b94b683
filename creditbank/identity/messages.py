"""Messages: urgent notices that go out to a phone, once, in decent hours.

A notice is taken for sending under its lock, and whoever took it commits before sending: if the
program dies in between, it is not sent twice but not at all. What cannot wait for the morning,
because what it is about begins before, goes out at night; what it is too late to tell stays.
Whoever has no phone, or has withdrawn the consent to messages, is called by the office
(`creditbank.identity.call_list`), and so is whom the sender failed to reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select

from creditbank import jobs, notices
from creditbank.core.units import Unit, View
from creditbank.notices import SENDER, Figure
from creditbank.people.consents import MESSAGES, consents
from creditbank.people.members import Status, members
from creditbank.people.persons import find, persons

KIND = "send-notices"
FROM_HOUR = 8
UNTIL_HOUR = 21

_of = notices.notices.c


@dataclass(frozen=True, slots=True)
class Message:
    """A notice that is about to be sent; ``phone`` is None if its member is just being erased."""

    notice_id: str
    kind: str
    figures: Mapping[str, Figure]
    phone: str | None = field(repr=False)


def reachable() -> ColumnElement[bool]:
    """Say that a text may reach the member of an open notice and was not tried in vain."""
    return and_(persons.c.phone.is_not(None), not_(has_withdrawn()), _of.failed_at.is_(None))


def has_withdrawn() -> ColumnElement[bool]:
    """Say that the member of an open notice has taken the consent to messages back."""

    def some(*, withdrawn: bool) -> ColumnElement[bool]:
        at = consents.c.withdrawn_at
        return (
            select(consents.c.consent_id)
            .where(
                consents.c.bank_id == _of.bank_id,
                consents.c.member_id == _of.member_id,
                consents.c.purpose == MESSAGES,
                at.is_not(None) if withdrawn else at.is_(None),
            )
            .exists()
        )

    return and_(some(withdrawn=True), not_(some(withdrawn=False)))


def open_notices(view: View, *more: Any) -> Select[Any]:
    """Return the query for urgent notices that nobody has told yet and that make sense still.

    Those of people who have left are told to nobody. ``more`` are further columns.
    """
    return (
        select(notices.notices, *more)
        .join(members, (members.c.bank_id == _of.bank_id) & (members.c.member_id == _of.member_id))
        .outerjoin(
            persons, (persons.c.bank_id == _of.bank_id) & (persons.c.holder_id == _of.member_id)
        )
        .where(
            _of.bank_id == view.bank_id,
            _of.urgent,
            _of.settled_at.is_(None),
            or_(_of.due_at.is_(None), _of.due_at > view.now),
            members.c.status != Status.CLOSED,
        )
    )


def _to_send(view: View) -> Select[Any]:
    """Return the query for what may be sent now, the most pressing first."""
    query = open_notices(view).where(reachable())
    morning = _coming_morning(view)
    if morning is not None:
        query = query.where(_of.due_at <= morning)
    return query.order_by(_of.due_at.is_(None), _of.due_at, _of.told_at, _of.notice_id).limit(1)


def _coming_morning(view: View) -> datetime | None:
    """Return when texts may go out again, at night; None by day."""
    here = view.now.astimezone(ZoneInfo(view.bank.zone))
    if FROM_HOUR <= here.hour < UNTIL_HOUR:
        return None
    day = here.date() + timedelta(days=int(here.hour >= UNTIL_HOUR))
    return datetime.combine(day, time(FROM_HOUR), here.tzinfo).astimezone(UTC)


def due(view: View) -> list[str]:
    """Return whether something is to be sent now, as a job that does whatever is due."""
    return [] if view.row(_to_send(view)) is None else [jobs.DUE_WORK]


def take(unit: Unit) -> Message | None:
    """Take the most pressing notice for sending; None if nothing is to be sent.

    It is sent after this unit's commit, and by nobody else.
    """
    row = unit.row(_to_send(unit))
    if row is None or not notices.settle(unit, row.notice_id, by=SENDER):
        return None
    return Message(row.notice_id, row.kind, row.figures, find(unit, row.member_id).phone)
