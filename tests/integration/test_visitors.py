"""Visitors close by themselves after 90 idle days, and only then."""

from datetime import timedelta
from functools import partial

import pytest

from api import scheduler
from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Amount
from creditbank.identity import phones, sittings
from creditbank.leaving import closings, visitors
from creditbank.leaving.errors import ClaimsInFlight
from creditbank.ledger import audit, chart, holds
from creditbank.ledger.chart import Kind
from creditbank.people import members
from creditbank.people.members import MemberKind, Status
from creditbank.tasks import claims
from creditbank.tasks.states import ClaimState
from tests.books import POINTS, STARS, moved
from tests.society import ORGANISER, Society

JOB = Actor("job/close-visitors", "job")


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def visitor(society: Society, kind: MemberKind = MemberKind.VISITOR) -> str:
    """Take a visitor in."""
    key = society.name()
    return society.by(
        ORGANISER,
        lambda unit: members.register(
            unit, name="王五", community_id=society.community_id, kind=kind, key=key
        ),
    ).member_id


def run(society: Society) -> list[scheduler.Ran]:
    """Wake the job as the scheduler does."""
    works = [work for work in scheduler.WORKS if work.kind == visitors.KIND]
    return scheduler.run_due(society.database, scheduler.new_owner(), works)


def status_of(society: Society, member_id: str) -> Status:
    """A member's status."""
    return society.see(lambda view: members.find(view, member_id)).status


def sit(society: Society, member_id: str) -> str:
    """Sign a device in; returns the sitting's id."""
    return society.do(
        lambda unit: sittings.begin(
            unit,
            holder_id=member_id,
            secret_hash=sittings.hashed(sittings.new_secret()),
            device="phone",
            staff=False,
            second_factor=False,
        )
    )


def test_a_visitor_closes_after_ninety_days(society: Society) -> None:
    """Not a day before; points expire by one transfer, honours stay, sign-in ends."""
    who, resident = visitor(society), visitor(society, MemberKind.RESIDENT)
    society.post(
        moved(chart.ISSUANCE, chart.member(who), 8),
        moved(chart.ISSUANCE, chart.member(who), 3, STARS),
        kind=Kind.OPENING,
    )
    society.do(lambda unit: phones.link(unit, member_id=who, phone="13800000001"))
    sit(society, who)
    society.clock.advance(hours=24 * 90 - 1)
    run(society)
    assert Status.ACTIVE == status_of(society, who)
    society.clock.advance(hours=24)
    run(society)
    assert [Status.CLOSED, Status.ACTIVE] == [status_of(society, one) for one in (who, resident)]
    assert (0, 3) == (society.points(who), society.balance(who, STARS).available)
    assert [] == society.see(lambda view: sittings.listing(view, who))
    assert society.see(lambda view: phones.member_of(view, "13800000001")) is None
    assert [] == society.findings()
    assert [] == [one for proof in audit.PROOFS for one in society.see(proof)]


def test_whoever_was_seen_moved_or_claimed_stays(society: Society) -> None:
    """A device that was seen, points that moved, a claim: each starts the 90 days anew."""
    seen, paid, claimed, idle = (visitor(society) for _ in range(4))
    sitting = sit(society, seen)
    society.post(moved(chart.ISSUANCE, chart.member(paid), 5), kind=Kind.OPENING)
    society.clock.advance(hours=24 * 80)
    society.do(lambda unit: sittings.touch(unit, sitting))
    society.post(moved(chart.member(paid), chart.EXPIRED, 1), kind=Kind.EXPIRE)
    society.withdraw(society.claim(society.publish(), claimed).claim_id)
    society.clock.advance(hours=24 * 20)
    run(society)
    assert Status.CLOSED == status_of(society, idle)
    for who in (seen, paid, claimed):
        assert Status.ACTIVE == status_of(society, who)
    society.clock.advance(hours=24 * 71)
    run(society)
    for who in (seen, paid, claimed):
        assert Status.CLOSED == status_of(society, who)


def test_something_to_come_or_to_review_keeps_a_visitor(society: Society) -> None:
    """Nobody is closed with a place in a task, or a service that was not looked at."""
    placed, served = visitor(society), visitor(society)
    claim_id = society.served(served)
    task_id = society.publish(starts_in=timedelta(days=200), lasts=timedelta(hours=2))
    society.claim(task_id, placed)
    society.clock.advance(hours=24 * 120)
    run(society)
    assert [Status.ACTIVE, Status.ACTIVE] == [status_of(society, one) for one in (placed, served)]
    assert ClaimState.SIGNED_OUT == society.see(lambda v: claims.find(v, claim_id)).state
    assert not society.by(JOB, partial(visitors.close, member_id=served))


def test_the_job_runs_once_a_day_and_goes_on_where_it_stopped(society: Society) -> None:
    """Many visitors in slices of one; a second wake-up of the same day finds it done."""
    idle = [visitor(society) for _ in range(4)]
    busy = [visitor(society) for _ in range(3)]
    society.clock.advance(hours=24 * 91)
    for who in busy:
        sit(society, who)
    ran = run(society)
    assert [5] == [one.slices for one in ran]
    assert {Status.CLOSED} == {status_of(society, who) for who in idle}
    assert {Status.ACTIVE} == {status_of(society, who) for who in busy}
    assert [] == run(society)


def test_two_workers_close_nobody_twice(society: Society) -> None:
    """A worker that lost its lease is refused before it closes anybody."""
    who = visitor(society)
    society.clock.advance(hours=24 * 91)
    day = society.see(lambda view: view.today).isoformat()
    first = society.by(JOB, partial(jobs.take, kind=visitors.KIND, owner="a", period=day))
    assert first is not None
    society.clock.advance(seconds=jobs.LEASE_S + 1)
    second = society.by(JOB, partial(jobs.take, kind=visitors.KIND, owner="b", period=day))
    assert second is not None
    with pytest.raises(jobs.LeaseLost):
        society.by(JOB, partial(visitors.run_slice, lease=first))
    assert Status.ACTIVE == status_of(society, who)
    assert not society.by(JOB, partial(visitors.run_slice, lease=second))
    assert Status.CLOSED == status_of(society, who)
    assert society.by(JOB, partial(visitors.run_slice, lease=second))


def test_points_on_hold_keep_a_visitor(society: Society) -> None:
    """Whoever stands at a till is not idle."""
    who = visitor(society)
    society.post(moved(chart.ISSUANCE, chart.member(who), 8), kind=Kind.OPENING)
    society.clock.advance(hours=24 * 91)

    def hold(unit: Unit) -> str:
        amount = Amount(3, POINTS)
        return holds.authorise(unit, member_id=who, amount=amount, ttl_s=60).hold_id

    society.do(hold)
    run(society)
    assert Status.ACTIVE == status_of(society, who)
    assert (5, 3, 0) == society.holding(who)


def test_a_closing_is_refused_while_a_service_is_open(society: Society) -> None:
    """Closing by any other way says what is still open."""
    who = visitor(society)
    society.served(who)
    with pytest.raises(ClaimsInFlight):
        society.by(ORGANISER, lambda unit: closings.close(unit, who))
    assert Status.ACTIVE == status_of(society, who)
