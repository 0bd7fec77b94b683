"""Tallies: how much was served, of all and by whom most; approved minutes only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from creditbank.core.units import View
from creditbank.people.members import Status, members
from creditbank.tasks.claims import claims
from creditbank.tasks.states import ClaimState


@dataclass(frozen=True, slots=True)
class Tally:
    """Approved services: their minutes, how many they were, and of how many people."""

    minutes: int
    services: int
    people: int


def served(view: View, since: datetime | None = None) -> Tally:
    """Return what was served in all, or what ended since an instant."""
    of = claims.c
    row = view.row(
        select(
            func.sum(of.approved_minutes).label("minutes"),
            func.count().label("services"),
            func.count(of.member_id.distinct()).label("people"),
        ).where(*_approved(view, since))
    )
    if row is None or row.minutes is None:
        return Tally(0, 0, 0)
    return Tally(int(row.minutes), int(row.services), int(row.people))


def busiest(view: View, since: datetime, limit: int) -> list[tuple[str, int]]:
    """Return the active members who served most since an instant, with their minutes."""
    of, minutes = claims.c, func.sum(claims.c.approved_minutes)
    rows = view.rows(
        select(of.member_id, minutes.label("minutes"))
        .join(members, (members.c.bank_id == of.bank_id) & (members.c.member_id == of.member_id))
        .where(*_approved(view, since), members.c.status == Status.ACTIVE)
        .group_by(of.member_id)
        .order_by(minutes.desc(), of.member_id)
        .limit(limit)
    )
    return [(row.member_id, int(row.minutes)) for row in rows]


def _approved(view: View, since: datetime | None) -> list[ColumnElement[bool]]:
    of = claims.c
    found = [of.bank_id == view.bank_id, of.state == ClaimState.APPROVED]
    return found if since is None else [*found, of.signed_out_at >= since]
