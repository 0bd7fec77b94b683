"""Workers of our own command that close years, one of them killed in the middle of a slice."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.jobs import JobState
from creditbank.recognition import audit, closing
from tests.books import found
from tests.faults import program, years
from tests.faults.years import Closed

_GIVE_UP_S = 300
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What the years came to after a worker was killed."""

    closed: list[Closed]
    owners: int
    taken_over: list[str]
    unfinished: int
    findings: int


def lived(url: str, names: list[str], members: int) -> int:
    """Found a bank whose members earned in each of the years; return its id."""
    clock = ManualClock(datetime(int(names[0]), 1, 1, tzinfo=UTC))
    with Database(url, clock=clock) as database:
        of = found(database).bank_id
        ids = years.populate(database, of, members)
        years.live(database, clock, of, ids, map(int, names))
    return of


def undisturbed(url: str, bank_id: int) -> list[Closed]:
    """The years as one worker closes them whom nobody disturbs."""
    program.run("worker", "--once", url=url)
    with Database(url, writing=False) as database:
        return years.closed(database, bank_id)


def two_at_once(url: str, bank_id: int, folder: Path, *, kill_at: str) -> Disturbed:
    """Let two workers run on PostgreSQL, and kill the one that is in a slice of this year.

    The test holds the year's row, so that the slice must wait; whoever waits there is killed.
    """
    engine = create_engine(url)
    at_work = [program.worker(url, folder / f"worker-{n}.log", wake_every_s=1) for n in (1, 2)]
    try:
        with engine.connect() as ours:
            ours.execute(
                text("SELECT 1 FROM period WHERE bank_id = :of AND name = :name FOR UPDATE"),
                {"of": bank_id, "name": kill_at},
            )
            holder = _until_taken(url, bank_id, kill_at)
            doomed = next(one for one in at_work if f"-{one.pid}-" in holder)
            _until_somebody_waits(engine)
            doomed.kill()
        _until_all_is_done(url, bank_id)
    finally:
        for one in at_work:
            one.kill()
        engine.dispose()
    return _outcome(url, bank_id)


def one_after_the_other(url: str, bank_id: int, *, slices: int, now: datetime) -> Disturbed:
    """Kill a worker in the middle of a slice; let another go on when the lease has run out."""
    words = ["-m", "tests.faults.doomed_worker", url, now.isoformat(), str(slices)]
    subprocess.run(
        [sys.executable, *words],
        check=False,
        cwd=program.ROOT,
        env=program.environment(None),
        timeout=_GIVE_UP_S,
    )
    program.run("worker", "--once", url=url)
    return _outcome(url, bank_id)


def _until_taken(url: str, bank_id: int, name: str) -> str:
    """Wait until a worker has the job of a year; return the owner's name."""
    deadline = time.monotonic() + _GIVE_UP_S
    while True:
        for job in _jobs(url, bank_id):
            if job.period == name and job.state is JobState.TAKEN:
                return job.owner
        assert time.monotonic() < deadline, f"nobody takes {name}"
        time.sleep(_LOOK_EVERY_S)


def _until_somebody_waits(engine: Engine) -> None:
    deadline = time.monotonic() + _GIVE_UP_S
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'creditbank' AND wait_event_type = 'Lock'"
    )
    with engine.connect() as connection:
        while not connection.execute(waits).scalar():
            connection.rollback()
            assert time.monotonic() < deadline, "nobody waits for the year"
            time.sleep(_LOOK_EVERY_S)


def _until_all_is_done(url: str, bank_id: int) -> None:
    deadline = time.monotonic() + _GIVE_UP_S
    while any(job.state is not JobState.DONE for job in _jobs(url, bank_id)) or _due(url, bank_id):
        assert time.monotonic() < deadline, "the years are not closed"
        time.sleep(1)


def _due(url: str, bank_id: int) -> list[str]:
    with Database(url, writing=False) as database:
        return database.read(bank_id, closing.due)


def _jobs(url: str, bank_id: int) -> list[jobs.Job]:
    """The jobs that close years."""
    with Database(url, writing=False) as database:
        return [job for job in database.read(bank_id, jobs.listing) if job.kind == closing.KIND]


def _outcome(url: str, bank_id: int) -> Disturbed:
    known = _jobs(url, bank_id)
    with Database(url, writing=False) as database:
        return Disturbed(
            years.closed(database, bank_id),
            len({job.owner for job in known}),
            [job.period for job in known if job.fence > 1],
            sum(job.state is not JobState.DONE for job in known),
            sum(len(database.read(bank_id, one)) for one in audit.PROOFS),
        )
