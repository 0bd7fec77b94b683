"""Days: minutes belong to the days of the bank's calendar on which they were served."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select

from creditbank.core.clock import day_of, start_of_day
from creditbank.core.units import View
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import ClaimState

_MINUTE = timedelta(minutes=1)


def split(signed_in_at: datetime, minutes: int, zone: str) -> list[tuple[date, int]]:
    """Return on which days so many minutes from an instant on were served. Pure.

    A minute belongs to the day in which it begins.
    """
    found, at, left = [], signed_in_at, minutes
    while left > 0:
        day = day_of(at, zone)
        until = start_of_day(day + timedelta(days=1), zone)
        here = min(left, -((at - until) // _MINUTE))
        found.append((day, here))
        at, left = at + here * _MINUTE, left - here
    return found


def begun(signed_in_at: datetime, starts_at: datetime) -> datetime:
    """Return when the minutes of somebody begin who came at an instant to a task. Pure."""
    return max(signed_in_at, starts_at)


def approved(view: View, member_id: str, on: Iterable[date]) -> dict[date, int]:
    """Return how many minutes are approved for a member on each of these days."""
    found = dict.fromkeys(on, 0)
    if not found:
        return found
    zone = view.bank.zone
    of, at = claims.claims.c, tasks.tasks.c
    rows = view.rows(
        select(of.signed_in_at, of.approved_minutes, at.starts_at)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(
            of.bank_id == view.bank_id,
            of.member_id == member_id,
            of.state == ClaimState.APPROVED,
            of.signed_out_at >= start_of_day(min(found), zone),
            of.signed_in_at < start_of_day(max(found) + timedelta(days=1), zone),
        )
    )
    for row in rows:
        for day, minutes in split(
            begun(row.signed_in_at, row.starts_at), row.approved_minutes, zone
        ):
            if day in found:
                found[day] += minutes
    return found
