"""The scheduler wakes jobs; what is done stands in their claim rows, once, whoever runs them."""

import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api import installation, scheduler
from api.errors import ServerRunning
from api.scheduler import Ran
from api.settings import Settings
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.keys import keys
from creditbank.core.units import Actor, View
from creditbank.core.values import Amount
from creditbank.jobs import JobState
from creditbank.ledger import holds
from creditbank.recognition import closing, periods, ranking
from tests.books import POINTS
from tests.society import Society

CLOSE_YEAR = [work for work in scheduler.WORKS if work.kind == closing.KIND]
WORKER = Actor("test-worker", "job")


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def years(society: Society, count: int) -> list[str]:
    """Let someone earn in each of so many years, and go past the grace of the last one."""
    member_id = society.member()
    names = []
    for _ in range(count):
        names.append(str(society.clock.now().year))
        society.approve(society.served(member_id))
        society.clock.advance(days=366)
    society.clock.advance(days=30)
    return names


def frozen_lists(view: View, name: str) -> list[ranking.Ranking]:
    """The frozen lists of a year."""
    return ranking.frozen(view, periods.by_name(view, name).period_id)


def jobs_of(society: Society, kind: str) -> dict[str, JobState]:
    """The states of the jobs of a kind, by period."""
    return {job.period: job.state for job in society.see(jobs.listing) if job.kind == kind}


def test_all_missed_years_are_closed_in_order(society: Society) -> None:
    """A machine that was off for three years closes them all, and only once."""
    names = years(society, 3)
    ran = scheduler.run_due(society.database, "one", CLOSE_YEAR)
    assert names == [one.period for one in ran][:3]
    assert [] == scheduler.run_due(society.database, "two", CLOSE_YEAR)
    assert dict.fromkeys(names, JobState.DONE) == jobs_of(society, closing.KIND)
    for name in names:
        lists = society.see(partial(frozen_lists, name=name))
        assert [1] == [one.members for one in lists]


def test_two_workers_one_killed_in_the_middle_of_a_slice(society: Society) -> None:
    """What a dead worker began is finished by another, each year once; the dead one is refused."""
    names = years(society, 4)

    class Killed(BaseException):
        pass

    real = CLOSE_YEAR[0]
    slices: list[str] = []

    def dies(unit: Any, lease: Any) -> bool:
        done = real.run_slice(unit, lease)
        slices.append(lease.period)
        if len(slices) >= 5:
            raise Killed
        return done

    deadly = scheduler.Work(real.kind, real.due, dies)
    with pytest.raises(RuntimeError, match="the unit stopped"):
        scheduler.run_due(society.database, "first", [deadly])
    interrupted = slices[-1]
    assert JobState.TAKEN is jobs_of(society, closing.KIND)[interrupted]
    assert [] == scheduler.run_due(society.database, "second", CLOSE_YEAR), "the lease holds"
    society.clock.advance(seconds=jobs.LEASE_S + 1)
    finished = scheduler.run_due(society.database, "second", CLOSE_YEAR)
    assert names[names.index(interrupted) :] == [one.period for one in finished]
    assert dict.fromkeys(names, JobState.DONE) == jobs_of(society, closing.KIND)
    assert [] == society.findings()


def test_two_workers_at_once_close_each_year_once(society: Society) -> None:
    """Both run over the same years; every year is somebody's, none is both's."""
    names = years(society, 6)
    done: list[Ran] = []

    def work(owner: str) -> None:
        for _ in range(20):
            done.extend(scheduler.run_due(society.database, owner, CLOSE_YEAR))

    threads = [threading.Thread(target=work, args=(f"worker-{n}",)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == sorted(one.period for one in done)


def test_holds_past_their_time_are_given_back(society: Society) -> None:
    """Due work does whatever is due, then gives its one row back."""
    member_id = society.member()
    for _ in range(3):
        society.approve(society.served(member_id))
    for units in (1, 2, 3):
        amount = Amount(units, POINTS)
        society.by(
            WORKER,
            partial(holds.authorise, member_id=member_id, amount=amount, ttl_s=60 * units),
        )
    society.clock.advance(seconds=121)
    expire = [work for work in scheduler.WORKS if work.kind == scheduler.EXPIRE_HOLDS]
    ran = scheduler.run_due(society.database, "one", expire)
    assert [("", 3)] == [(one.period, one.slices) for one in ran]
    assert (12, 3) == (society.balance(member_id).available, society.balance(member_id).held)
    assert {"": JobState.FREE} == jobs_of(society, scheduler.EXPIRE_HOLDS)
    assert [] == scheduler.run_due(society.database, "one", expire), "nothing is due"


def test_old_answers_are_forgotten_once_a_day(society: Society) -> None:
    """Answers older than 30 days go, keys and outcomes stay."""
    forget = [work for work in scheduler.WORKS if work.kind == scheduler.FORGET_ANSWERS]
    society.clock.advance(days=31)
    assert 1 == len(scheduler.run_due(society.database, "one", forget))
    assert [] == scheduler.run_due(society.database, "two", forget)
    query = select(keys.c.outcome, keys.c.answer).where(keys.c.bank_id == society.bank_id)
    kept = society.see(lambda view: view.rows(query))
    assert {("ok", None)} == {(row.outcome, row.answer) for row in kept}
    society.clock.advance(days=1)
    assert 1 == len(scheduler.run_due(society.database, "one", forget))


def test_a_copy_is_made_once_a_day(
    backend: str, society: Society, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two workers one makes the day's copy, and the copy is whole."""
    if backend == "postgres":
        from tests import postgres

        monkeypatch.setenv("PG_BIN", str(postgres._binaries(None)))
    folder = tmp_path / "copies"
    path = scheduler.back_up_if_due(society.database, "one", folder)
    assert path is not None
    assert path.stat().st_size > 0
    assert None is scheduler.back_up_if_due(society.database, "two", folder)
    today = society.see(lambda view: view.today).isoformat()
    assert {today: JobState.DONE} == jobs_of(society, scheduler.BACKUP)


def test_the_schema_waits_for_a_living_server(
    society: Society, clock: ManualClock, database: Database
) -> None:
    """A heartbeat younger than 30 s keeps a migration away; an older one does not."""

    def refuse() -> None:
        look = database.reader.submit_install(
            lambda c: installation.refuse_while_serving(c, clock.now())
        )
        look.result()

    assert society.bank_id
    refuse()
    server_id = installation.announce(database, what="serve")
    with pytest.raises(ServerRunning, match="serve on"):
        refuse()
    clock.advance(seconds=29)
    with pytest.raises(ServerRunning):
        refuse()
    clock.advance(seconds=1)
    refuse()
    installation.beat(database, server_id)
    with pytest.raises(ServerRunning):
        refuse()
    installation.leave(database, server_id)
    refuse()


def test_a_running_scheduler_wakes_the_jobs_and_beats(
    society: Society, database: Database, tmp_path: Path
) -> None:
    """Inside `running`, due work is done without being asked for; afterwards no row is left."""
    member_id = society.member()
    society.approve(society.served(member_id))
    society.by(
        WORKER,
        lambda unit: holds.authorise(unit, member_id=member_id, amount=Amount(1, POINTS), ttl_s=60),
    )
    society.clock.advance(seconds=61)
    settings = Settings(wake_every_s=1, heartbeat_every_s=1, backup_dir=tmp_path)
    rows = select(installation.installations)
    with scheduler.running(database, settings):
        deadline = time.monotonic() + 20
        while society.balance(member_id).held and time.monotonic() < deadline:
            time.sleep(0.05)
        assert 0 == society.balance(member_id).held
        looked = database.reader.submit_install(lambda c: c.execute(rows).all())
        assert 1 == len(looked.result())
    assert [] == database.reader.submit_install(lambda c: c.execute(rows).all()).result()


def test_a_suspended_bank_is_left_alone(society: Society) -> None:
    """Its jobs wait until it is open again."""
    from creditbank.core import banks
    from creditbank.core.banks import BankState

    years(society, 1)
    bank_id = society.bank_id
    society.database.install(lambda c, _now: banks.set_state(c, bank_id, BankState.SUSPENDED))
    assert [] == scheduler.run_due(society.database, "one")


def test_what_fails_at_one_bank_keeps_no_other_waiting(
    society: Society, clock: ManualClock, database: Database
) -> None:
    """The other bank's year is closed; the failure is told at the end."""
    other = Society(database, clock, slug="other")
    names = years(other, 1)
    real = CLOSE_YEAR[0]

    def due(view: View) -> list[str]:
        if view.bank_id == society.bank_id:
            raise ValueError(view.bank.slug)
        return real.due(view)

    with pytest.raises(ValueError, match="demo"):
        scheduler.run_due(database, "one", [scheduler.Work(real.kind, due, real.run_slice)])
    assert dict.fromkeys(names, JobState.DONE) == jobs_of(other, closing.KIND)


def test_every_kind_of_job_has_its_own_name() -> None:
    """Claim rows are found by the kind, so no two share one."""
    kinds = [work.kind for work in scheduler.WORKS]
    assert sorted(set(kinds)) == sorted(kinds)


@pytest.fixture
def second_program(database_url: str, backend: str) -> list[str]:
    """The command of a worker in a process of its own, where the database allows two."""
    if backend == "sqlite":
        pytest.skip("SQLite lets one program write; its lock file says so in test_cli")
    return [sys.executable, "-m", "api", "worker", "--once", "--database", database_url]


def test_two_processes_close_each_year_once(society: Society, second_program: list[str]) -> None:
    """Two real workers beside each other: every year is closed by one of them.

    Their clock is the machine's, which stands before the year of the last service.
    """
    names = years(society, 5)
    programs = [
        subprocess.Popen(second_program, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [program.communicate(timeout=60)[0] for program in programs]
    assert [0, 0] == [program.returncode for program in programs]
    rows = [line.split("\t") for text in said for line in text.splitlines()]
    closed = [row[2] for row in rows if row[1] == closing.KIND]
    assert names[:-1] == sorted(closed)
