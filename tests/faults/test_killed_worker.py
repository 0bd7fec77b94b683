"""A worker is killed in the middle of a slice: another goes on, and each year is done once."""

import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from api import scheduler, schema
from api.scheduler import Ran, Work
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import WriterTaken
from creditbank.recognition import audit, closing
from tests.books import found
from tests.faults import program, years
from tests.faults.years import Closed

NAMES = [str(year) for year in range(2016, 2021)]
NOW = datetime.fromisoformat("2026-03-01T09:00:00+08:00")
WORKS = [Work(closing.KIND, closing.due, closing.run_slice)]


@pytest.fixture
def bank_id(database_url: str) -> int:
    """A bank whose members earned in five years that nobody has closed."""
    return lived(database_url)


@pytest.fixture
def undisturbed(_migrated_sqlite: Path, tmp_path: Path) -> list[Closed]:
    """The same five years, closed by one worker that nobody disturbs."""
    shutil.copyfile(_migrated_sqlite, tmp_path / "calm.db")
    url = f"sqlite:///{tmp_path / 'calm.db'}"
    bank_id = lived(url)
    with Database(url, clock=ManualClock(NOW)) as database:
        scheduler.run_due(database, "calm", WORKS)
        return years.closed(database, bank_id)


def lived(url: str) -> int:
    """Found a bank and let its members earn in each of the years."""
    clock = ManualClock(datetime.fromisoformat("2016-01-01T00:00:00Z"))
    with Database(url, clock=clock) as database:
        of = found(database).bank_id
        members = years.populate(database, of, 40)
        years.live(database, clock, of, members, map(int, NAMES))
    return of


def killed_in_a_slice(url: str, slices: int) -> None:
    """Let a worker die by kill -9 after the work of its next slice, before the commit."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.doomed_worker", url, NOW.isoformat(), str(slices)],
        check=False,
        cwd=program.ROOT,
        env=program.environment(None),
        timeout=60,
    )
    assert -signal.SIGKILL == done.returncode


def test_a_year_whose_worker_was_killed_is_closed_once(
    database_url: str, bank_id: int, undisturbed: list[Closed]
) -> None:
    """Two owners go on after its lease ran out; all lists are those of an undisturbed run."""
    killed_in_a_slice(database_url, slices=7)
    clock = ManualClock(NOW)
    with Database(database_url, clock=clock) as database:
        before = {job.period: job for job in database.read(bank_id, jobs.listing)}
        assert ("2018", "doomed") == (max(before), before["2018"].owner)
        assert [] == scheduler.run_due(database, "too early", WORKS)
        clock.advance(seconds=jobs.LEASE_S + 1)
        with ThreadPoolExecutor(2) as two:
            ran = list(
                two.map(lambda owner: scheduler.run_due(database, owner, WORKS), ("one", "two"))
            )
        assert NAMES[2:] == sorted(each.period for owner in ran for each in owner)
        assert undisturbed == years.closed(database, bank_id)
        assert NAMES == [one.name for one in years.closed(database, bank_id)]
        after = database.read(bank_id, jobs.listing)
        assert {jobs.JobState.DONE} == {job.state for job in after}
        assert 2 == next(job.fence for job in after if job.period == "2018")
        findings = [one for proof in audit.PROOFS for one in database.read(bank_id, proof)]
        assert [] == findings


def test_a_late_worker_is_refused(database_url: str, bank_id: int) -> None:
    """Whoever was taken over writes nothing more: its slice rolls back."""
    clock = ManualClock(NOW)
    with Database(database_url, clock=clock) as database:
        actor = scheduler._actor(closing.KIND)
        late = database.write(
            bank_id,
            actor,
            lambda unit: jobs.take(unit, kind=closing.KIND, owner="late", period=NAMES[0]),
        )
        assert late is not None
        database.write(bank_id, actor, lambda unit: closing.run_slice(unit, late))
        clock.advance(seconds=jobs.LEASE_S + 1)
        ran = scheduler.run_due(database, "next", WORKS)
        assert [Ran("demo", closing.KIND, name, 3) for name in NAMES[1:]] == ran[1:]
        before = years.closed(database, bank_id)
        with pytest.raises(jobs.LeaseLost):
            database.write(bank_id, actor, lambda unit: closing.run_slice(unit, late))
        assert before == years.closed(database, bank_id)


def test_on_sqlite_a_second_worker_is_told_who_writes(tmp_path: Path) -> None:
    """One program writes to a file; a worker beside it exits 3 and names the other one."""
    url = f"sqlite:///{tmp_path / 'taken.db'}"
    schema.migrate(url)
    with Database(url):
        with pytest.raises(WriterTaken):
            Database(url)
        told = program.run("worker", "--once", url=url, expect=3)
    assert "pid" in told.stderr
