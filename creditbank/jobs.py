"""Jobs: a scheduled job is a claim row in the database; the scheduler only wakes it.

Whoever takes a row holds it for a lease of 60 s, renewed with every slice, under a fencing
number. A lease that ran out may be taken over, and then the number of the late writer is old: its
slice is refused and rolls back. Calendar jobs have a period and are finished once, in the unit
of their last slice; due-work jobs have the period ``""`` and are released for the next time.

A slice is one unit: `hold` first (the row's lock comes before all others), then the work, then
`advance`, `finish` or `release`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, Column, select, update
from sqlmodel import Field

from creditbank.core.engines import is_replayable, translated
from creditbank.core.errors import Busy, Refused, Unavailable
from creditbank.core.tables import OfBank, UtcDateTime, insert_or_skip, table, to_bank
from creditbank.core.units import Unit, View

LEASE_S = 60
DUE_WORK = ""

_log = logging.getLogger(__name__)

R = TypeVar("R")


class JobState(StrEnum):
    """Where a job stands; ``done`` is final."""

    FREE = "free"
    TAKEN = "taken"
    DONE = "done"


class JobRow(OfBank, table=True):
    """One job: who works on it, until when, and how far it is."""

    __tablename__ = "job"
    __table_args__ = (to_bank(),)

    kind: str = Field(primary_key=True, max_length=40)
    period: str = Field(primary_key=True, max_length=40)
    state: str = Field(max_length=16)
    owner: str = Field(max_length=64)
    lease_until: datetime | None = Field(sa_type=UtcDateTime)
    fence: int
    cursor: Any = Field(sa_column=Column("cursor", JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(sa_type=UtcDateTime)


jobs = table(JobRow)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job until somebody takes it over."""

    kind: str
    period: str
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    kind: str
    period: str
    state: JobState
    owner: str
    lease_until: datetime | None
    fence: int
    cursor: Mapping[str, Any]
    created_at: datetime
    done_at: datetime | None


@dataclass(eq=False)
class LeaseLost(Refused):
    """Another worker took the job over; what this one did in its slice is undone."""

    slug = "lease-lost"
    zh = "任务“{kind}”已由另一程序接手"
    en = "The job '{kind}' was taken over by another worker"
    final = False
    kind: str
    period: str


def take(unit: Unit, *, kind: str, owner: str, period: str = DUE_WORK) -> Lease | None:
    """Take a job that is free or whose lease ran out; None if it is done or somebody works on it.

    What a worker before had reached stays: `hold` gives it.
    """
    unit.run(
        insert_or_skip(unit.connection, jobs),
        {
            "bank_id": unit.bank_id,
            "kind": kind,
            "period": period,
            "state": JobState.FREE,
            "owner": "",
            "lease_until": None,
            "fence": 0,
            "cursor": {},
            "created_at": unit.now,
            "done_at": None,
        },
    )
    row = _lock(unit, kind, period)
    if row.state == JobState.DONE:
        return None
    if row.state == JobState.TAKEN and row.lease_until > unit.now:
        return None
    lease = Lease(kind, period, owner, row.fence + 1)
    unit.run(
        update(jobs)
        .where(jobs.c.bank_id == unit.bank_id, jobs.c.kind == kind, jobs.c.period == period)
        .values(state=JobState.TAKEN, owner=owner, fence=lease.fence, **_renewed(unit))
    )
    return lease


def hold(unit: Unit, lease: Lease) -> dict[str, Any]:
    """Lock the job at the start of a slice and return its cursor.

    Raises:
        LeaseLost: another worker took it over, or it is done.
    """
    row = _lock(unit, lease.kind, lease.period)
    if row.fence != lease.fence or row.state != JobState.TAKEN:
        raise LeaseLost(lease.kind, lease.period)
    return dict(row.cursor)


def spared(unit: Unit, lease: Lease, of: str, work: Callable[[], R]) -> R | None:
    """Do the part of a slice that is about one thing; None if that one cannot be done now.

    What is wrong with one keeps no other waiting: what its part did is undone, its id is logged,
    and the job comes to it again when it is woken next. Lost races and a database that cannot be
    reached are no fault of it.
    """
    try:
        with unit.connection.begin_nested():
            return work()
    except Exception as error:
        if is_replayable(error) or isinstance(translated(error), Unavailable | Busy):
            raise
        _log.warning("%s passes over %s: %s", lease.kind, of, type(error).__name__)
        return None


def advance(unit: Unit, lease: Lease, cursor: Mapping[str, Any]) -> None:
    """Keep how far a slice came, in the slice's own unit, and renew the lease.

    Raises:
        LeaseLost: another worker took the job over.
    """
    _write(unit, lease, cursor=dict(cursor), **_renewed(unit))


def finish(unit: Unit, lease: Lease) -> None:
    """Mark a calendar job as done, in the unit of its last slice.

    Raises:
        LeaseLost: another worker took the job over.
    """
    _write(unit, lease, state=JobState.DONE, lease_until=None, done_at=unit.now)


def release(unit: Unit, lease: Lease) -> None:
    """Give a due-work job back until it is woken again; its cursor starts over.

    Raises:
        LeaseLost: another worker took the job over.
    """
    _write(unit, lease, state=JobState.FREE, lease_until=None, cursor={})


def listing(view: View) -> list[Job]:
    """Return all jobs of the bank by kind and period."""
    rows = view.rows(
        select(jobs).where(jobs.c.bank_id == view.bank_id).order_by(jobs.c.kind, jobs.c.period)
    )
    return [
        Job(
            row.kind,
            row.period,
            JobState(row.state),
            row.owner,
            row.lease_until,
            row.fence,
            row.cursor,
            row.created_at,
            row.done_at,
        )
        for row in rows
    ]


def _renewed(unit: Unit) -> dict[str, Any]:
    return {"lease_until": unit.now + timedelta(seconds=LEASE_S)}


def _lock(unit: Unit, kind: str, period: str) -> Any:
    row = unit.row(
        select(jobs)
        .where(jobs.c.bank_id == unit.bank_id, jobs.c.kind == kind, jobs.c.period == period)
        .with_for_update(key_share=True)
    )
    assert row is not None, "a job is taken before it is worked on"
    return row


def _write(unit: Unit, lease: Lease, **values: Any) -> None:
    """Change the row as its worker; the number in WHERE refuses a late one."""
    written = unit.run(
        update(jobs)
        .where(
            jobs.c.bank_id == unit.bank_id,
            jobs.c.kind == lease.kind,
            jobs.c.period == lease.period,
            jobs.c.fence == lease.fence,
            jobs.c.state == JobState.TAKEN,
        )
        .values(**values)
    )
    if written.rowcount != 1:
        raise LeaseLost(lease.kind, lease.period)
