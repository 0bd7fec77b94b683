"""Jobs: leases, fences, and years that are closed once by two workers of which one dies."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.jobs import JobState, Lease, LeaseLost
from creditbank.people.communities import communities
from creditbank.recognition import closing, periods, ranking, standings
from tests.books import POINTS
from tests.society import Society, outcomes

WORKER = Actor("job_worker", "job")


class Killed(Exception):
    """A worker dies in the middle of its slice."""


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _take(society: Society, owner: str, period: str = "2026") -> Lease | None:
    return society.by(WORKER, lambda u: jobs.take(u, kind="close-year", period=period, owner=owner))


def _held(society: Society, owner: str) -> Lease:
    lease = _take(society, owner)
    assert lease is not None
    return lease


def _job(society: Society) -> jobs.Job:
    return society.see(jobs.listing)[0]


def test_a_job_is_taken_by_one(society: Society) -> None:
    """20 workers at once: one gets the lease."""
    futures = [
        society.submit(
            WORKER,
            partial(jobs.take, kind="close-year", period="2026", owner=f"worker {n}"),
        )
        for n in range(20)
    ]
    done, refused = outcomes(futures)
    assert [] == refused
    assert (1, 19) == (sum(one is not None for one in done), done.count(None))
    assert (JobState.TAKEN, 1) == (_job(society).state, _job(society).fence)


def test_a_lease_that_ran_out_is_taken_over_with_its_cursor(society: Society) -> None:
    """Until its 60 s are over nobody else gets the job; then the next one goes on from there."""
    first = _held(society, "a")
    society.clock.advance(seconds=30)
    society.by(WORKER, lambda u: _work(u, first, {"at": 7}))
    society.clock.advance(seconds=59)
    assert _take(society, "b") is None
    society.clock.advance(seconds=1)
    second = _held(society, "b")
    assert (1, 2) == (first.fence, second.fence)
    assert {"at": 7} == society.by(WORKER, lambda u: jobs.hold(u, second))


def _work(unit: Unit, lease: Lease, cursor: dict[str, int]) -> None:
    jobs.hold(unit, lease)
    jobs.advance(unit, lease, cursor)


@pytest.mark.parametrize("verb", ["hold", "advance", "finish", "release"])
def test_a_late_writer_is_refused(society: Society, verb: str) -> None:
    """After a take-over the old lease does nothing any more, and its unit rolls back."""
    old = _held(society, "a")
    society.clock.advance(seconds=60)
    new = _held(society, "b")

    def late(unit: Unit) -> None:
        row = {"bank_id": unit.bank_id, "community_id": unit.new_id("com"), "name": "半途"}
        unit.run(communities.insert(), row)
        match verb:
            case "hold":
                jobs.hold(unit, old)
            case "advance":
                jobs.advance(unit, old, {"at": 1})
            case "finish":
                jobs.finish(unit, old)
            case _:
                jobs.release(unit, old)

    with pytest.raises(LeaseLost):
        society.by(WORKER, late)
    assert 1 == society.count(communities)
    assert ("b", JobState.TAKEN, {}) == (
        _job(society).owner,
        _job(society).state,
        _job(society).cursor,
    )
    society.by(WORKER, lambda u: jobs.finish(u, new))
    with pytest.raises(LeaseLost):
        society.by(WORKER, lambda u: jobs.hold(u, new))


def test_a_finished_job_is_done_for_ever(society: Society) -> None:
    """Nobody takes it again, at whatever time."""
    lease = _held(society, "a")
    society.by(WORKER, lambda u: jobs.finish(u, lease))
    assert (JobState.DONE, society.clock.now()) == (_job(society).state, _job(society).done_at)
    society.clock.advance(days=1)
    assert _take(society, "b") is None


def test_due_work_is_released_and_taken_again(society: Society) -> None:
    """It has one row, an empty period, and starts over each time."""
    for fence in (1, 2, 3):
        lease = society.by(WORKER, lambda u: jobs.take(u, kind="expire-holds", owner="a"))
        assert lease == Lease("expire-holds", "", "a", fence)
        society.by(WORKER, partial(_work, lease=lease, cursor={"at": 1}))
        society.by(WORKER, partial(jobs.release, lease=lease))
    assert (JobState.FREE, {}, None) == (
        _job(society).state,
        _job(society).cursor,
        _job(society).done_at,
    )


@pytest.fixture
def years(society: Society) -> Society:
    """A society of six members who earned in six years that nobody closed yet."""
    people = [society.member() for _ in range(6)]

    def earn(unit: Unit) -> None:
        period_id = periods.for_service(unit, unit.now)
        standings.add(unit, period_id, [(one, POINTS, n + 1) for n, one in enumerate(people)])

    for _ in range(6):
        society.by(WORKER, earn)
        society.clock.advance(days=366)
    return society


def test_two_workers_close_each_year_once_while_one_dies(
    years: Society, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slice that is killed leaves nothing; its job is taken over when the lease has run out."""
    monkeypatch.setattr(closing, "ROWS_PER_SLICE", 2)
    luck, finished, lock = random.Random(2), [], threading.Lock()

    def slice_or_death(unit: Unit, lease: Lease, *, dies: bool) -> bool:
        last = closing.run_slice(unit, lease)
        if dies:
            raise Killed
        return last

    def work(owner: str, *, mortal: bool) -> None:
        while due := years.see(closing.due):
            lease = _take(years, owner, due[0])
            try:
                while lease is not None:
                    with lock:
                        dies = mortal and luck.random() < 0.3
                    if years.by(WORKER, partial(slice_or_death, lease=lease, dies=dies)):
                        finished.append(lease.period)
                        break
            except (Killed, LeaseLost):
                pass
            years.clock.advance(seconds=20)

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(work, "mortal", mortal=True), pool.submit(work, "b", mortal=False)]
        for run in runs:
            run.result(timeout=60)
    names = [f"{year}" for year in range(2026, 2032)]
    assert names == sorted(finished)
    assert [JobState.DONE] * 6 == [one.state for one in years.see(jobs.listing)]
    for name in names:
        period_id = years.see(partial(periods.by_name, name=name)).period_id
        rows = years.see(partial(ranking.rows, period_id=period_id, asset=POINTS))
        assert [(1, 6), (2, 5), (3, 4), (4, 3), (5, 2), (6, 1)] == [
            (row.place, row.units) for row in rows
        ]


def test_a_late_worker_does_not_write_into_a_closed_year(years: Society) -> None:
    """Whoever slept through the lease finds the work done and changes nothing."""
    late = _held(years, "a")
    years.by(WORKER, lambda u: closing.run_slice(u, late))
    years.clock.advance(seconds=jobs.LEASE_S)
    new = _held(years, "b")
    while not years.by(WORKER, lambda u: closing.run_slice(u, new)):
        pass
    before = years.see(jobs.listing)
    with pytest.raises(LeaseLost):
        years.by(WORKER, lambda u: closing.run_slice(u, late))
    assert before == years.see(jobs.listing)
    assert 6 == years.count(ranking.places)
