"""Reviews: credited exactly once, by somebody else, to the right period; and taken back."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from creditbank import jobs
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Amount
from creditbank.ledger import chart, posting, statements
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from creditbank.people import members
from creditbank.recognition import closing, periods, standings
from creditbank.schemes import scheme
from creditbank.schemes.rewards import Per, Reward
from creditbank.service import attendance, reviews, rolls
from creditbank.tasks import claiming, claims
from creditbank.tasks.errors import OwnWork, SecondPersonNeeded, WithdrawalTooLate
from creditbank.tasks.states import ClaimState
from tests.books import POINTS, SHOP, STARS, moved
from tests.society import ORGANISER, REVIEWER, SECOND, Society, as_member, outcomes

BOTH = (Reward(POINTS, 5, Per.PERSON), Reward(STARS, 3, Per.HOUR))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _adopt(society: Society, **parameters: Any) -> None:
    key = society.name()
    society.by(
        ORGANISER,
        lambda u: scheme.adopt(u, parameters=parameters, effective_from=u.today, key=key),
    )


def _standing(society: Society, member_id: str, name: str = "2026") -> dict[str, int]:
    period_id = society.see(lambda v: periods.by_name(v, name)).period_id
    return society.see(lambda v: standings.of_member(v, period_id, member_id))


def test_a_service_is_credited(society: Society) -> None:
    """Each asset gets its units in one transfer about the claim, and the standings know."""
    who = society.member()
    claim_id = society.served(who, society.publish(rewards=BOTH), minutes=119)
    approved = society.approve(claim_id)
    assert (ClaimState.APPROVED, 119) == (approved.state, approved.minutes)
    assert {Amount(5, POINTS), Amount(3, STARS)} == set(approved.earned)
    assert (5, 3) == (society.points(who), society.balance(who, STARS).available)
    issued = society.see(lambda v: statements.issued_about(v, claim_id))
    assert [approved.transfer_id] == issued
    assert {POINTS: 5, STARS: 3} == _standing(society, who)
    found = society.claim_of(claim_id)
    assert (REVIEWER.id, 119, approved.transfer_id) == (
        found.decided_by,
        found.approved_minutes,
        found.transfer_id,
    )
    assert [] == society.findings()


def test_fewer_minutes_earn_less(society: Society) -> None:
    """A reviewer may approve fewer minutes than were measured, never more."""
    who = society.member()
    claim_id = society.served(who, society.publish(rewards=BOTH))
    for minutes in (0, -1, 121, True, 1.5):
        with pytest.raises(BadField, match="minutes"):
            society.approve(claim_id, minutes=minutes)  # type: ignore[arg-type]
    assert 60 == society.approve(claim_id, minutes=60).minutes
    assert {POINTS: 5, STARS: 3} == _standing(society, who)


def test_too_short_a_service_earns_nothing(society: Society) -> None:
    """It is approved and recorded, without a transfer, and can be taken back as well."""
    who = society.member()
    hourly = society.publish(rewards=(Reward(POINTS, 5, Per.HOUR),))
    claim_id = society.served(who, hourly, minutes=59)
    approved = society.approve(claim_id)
    assert ((), None) == (approved.earned, approved.transfer_id)
    assert 0 == society.points(who) == society.count(transfers)
    assert ((), None) == (
        (revoked := society.withdraw_approval(claim_id)).taken_back,
        revoked.transfer_id,
    )
    assert [] == society.findings()


@pytest.mark.parametrize(
    ("expected", "rounding"),
    [(5, "whole_hours_down"), (7, "half_hours_down"), (8, "minutes_exact")],
)
def test_the_scheme_says_how_time_is_rounded(
    society: Society, expected: int, rounding: str
) -> None:
    """The rounding in force on the day of the service decides, as data."""
    _adopt(society, rounding=rounding)
    who = society.member()
    claim_id = society.served(
        who, society.publish(rewards=(Reward(POINTS, 5, Per.HOUR),)), minutes=97
    )
    _adopt(society, rounding=rounding)
    society.approve(claim_id)
    assert expected == society.points(who)


def test_the_scheme_says_until_when_points_are_valid(society: Society) -> None:
    """The validity in force at the approval dates what comes in."""
    _adopt(society, validity_months=12)
    approved = society.approve(society.served(society.member()))
    assert approved.transfer_id is not None
    transfer = society.see(lambda v: posting.find(v, str(approved.transfer_id)))
    assert [date(2027, 3, 1)] == [one.expires_on for one in transfer.postings]


def test_nobody_reviews_own_work(society: Society) -> None:
    """Neither who served, nor who published, nor either of them under an office role."""
    who, creator = society.member(), society.member()
    publisher = Actor("stf_publisher", "organiser", creator)
    claim_id = society.served(who, society.publish(actor=publisher))
    own = [as_member(who), Actor("stf_office", "reviewer", who), publisher]
    own += [Actor("stf_publisher", "reviewer"), Actor("stf_other", "reviewer", creator)]
    for actor in own:
        for verb in (society.approve, society.reject):
            with pytest.raises(OwnWork):
                verb(claim_id, actor=actor)
    assert (ClaimState.SIGNED_OUT, 0) == (society.claim_of(claim_id).state, society.points(who))
    assert ClaimState.APPROVED == society.approve(claim_id).state


NOTED = ("claim", "sign_in", "sign_out", "close")


def _attended(society: Society, who: str, clerks: dict[str, Actor]) -> str:
    """A claim that waits, of which these people noted a part, and the organiser the rest."""
    task_id, keys = society.publish(), [society.name() for _ in NOTED]
    by = {verb: clerks.get(verb, ORGANISER) for verb in NOTED}
    placed = society.by(
        by["claim"], lambda u: claiming.claim(u, task_id=task_id, member_id=who, key=keys[0])
    )
    claim_id = placed.claim_id
    society.clock.advance(hours=1)
    society.by(by["sign_in"], lambda u: attendance.sign_in(u, claim_id=claim_id, key=keys[1]))
    society.clock.advance(hours=1)
    if "close" not in clerks:
        society.by(by["sign_out"], lambda u: attendance.sign_out(u, claim_id=claim_id, key=keys[2]))
    else:
        society.clock.advance(hours=1)
        society.by(by["close"], lambda u: rolls.close(u, task_id=task_id, key=keys[3]))
    return claim_id


def test_nobody_reviews_attendance_they_noted(society: Society) -> None:
    """One person alone mints nothing: who claimed for, signed in, out or closed is refused."""
    who, office = society.member(), society.member()
    clerk = Actor("stf_clerk", "reviewer", office)
    for verb in NOTED:
        claim_id = _attended(society, who, {verb: clerk})
        for actor in (clerk, Actor("stf_clerk", "operator"), Actor("stf_b", "reviewer", office)):
            for decide in (society.approve, society.reject):
                with pytest.raises(OwnWork):
                    decide(claim_id, actor=actor)
        assert ClaimState.APPROVED == society.approve(claim_id).state
    assert [] == society.findings()


def test_two_clerks_of_one_claim_are_both_refused(society: Society) -> None:
    """The one who signed in is not forgotten when another one signs out."""
    claim_id = _attended(society, society.member(), {"sign_in": REVIEWER, "sign_out": SECOND})
    for actor in (REVIEWER, SECOND):
        with pytest.raises(OwnWork):
            society.approve(claim_id, actor=actor)
    assert ClaimState.APPROVED == society.approve(claim_id, actor=Actor("stf_c", "reviewer")).state


def test_who_signs_in_themselves_is_reviewed_as_usual(society: Society) -> None:
    """A participant's own attendance is noted by nobody else, and any reviewer may decide."""
    who = society.member()
    mine = {verb: as_member(who) for verb in ("claim", "sign_in", "sign_out")}
    claim_id = _attended(society, who, mine)
    assert frozenset({who}) == society.claim_of(claim_id).noted_by
    assert ClaimState.APPROVED == society.approve(claim_id).state


@pytest.mark.parametrize("column", ["claimed_by", "signed_in_by", "signed_out_by"])
@pytest.mark.parametrize("suffix", ["", "_member"])
def test_the_audit_sees_who_reviewed_their_own_note(
    society: Society, column: str, suffix: str
) -> None:
    """A decision of someone who noted the attendance is found, by actor and by member."""
    reviewer = Actor("stf_office", "reviewer", society.member())
    claim_id = society.served(society.member())
    society.approve(claim_id, actor=reviewer)
    assert [] == society.findings()
    noted = reviewer.member_id if suffix else reviewer.id
    society.do(lambda u: claims.store(u, claim_id, **{column + suffix: noted}))
    assert ["nobody reviews own work"] == [
        one.split("proof='")[1].split("'")[0] for one in society.findings()
    ]


def test_twenty_reviewers_credit_once(society: Society) -> None:
    """20 reviewers with 20 keys at once: one issue, and nineteen are told that it is approved."""
    who = society.member()
    claim_id = society.served(who)
    futures = [
        society.submit(Actor(f"stf_{n}", "reviewer"), _approving(society, claim_id))
        for n in range(20)
    ]
    done, refused = outcomes(futures)
    assert (1, 19) == (len(done), len(refused))
    assert {"approved"} == {one.figures["state"] for one in refused}
    assert (5, 1) == (society.points(who), society.count(transfers))
    assert [] == society.findings()


def test_twenty_copies_of_one_key_credit_once(society: Society) -> None:
    """20 parallel copies of one approval have one effect and one answer."""
    who = society.member()
    claim_id, key = society.served(who), society.name()
    futures = [
        society.submit(REVIEWER, lambda u: reviews.approve(u, claim_id=claim_id, key=key))
        for _ in range(20)
    ]
    done, refused = outcomes(futures)
    assert [] == refused
    assert (20, 1) == (len(done), len(set(done)))
    assert (5, 1) == (society.points(who), society.count(transfers))


def test_many_services_of_one_member_are_approved_at_once(society: Society) -> None:
    """15 approvals of one member in parallel lose nothing of balance or standing."""
    who = society.member()
    waiting = [society.served(who, minutes=60) for _ in range(15)]
    futures = [society.submit(REVIEWER, _approving(society, claim_id)) for claim_id in waiting]
    done, refused = outcomes(futures)
    assert (15, []) == (len(done), refused)
    assert (75, {POINTS: 75}) == (society.points(who), _standing(society, who))
    assert [] == society.findings()


def test_a_rejection_has_a_reason_and_credits_nothing(society: Society) -> None:
    """The reason is kept with the claim; an empty one is refused."""
    who = society.member()
    claim_id, key = society.served(who), society.name()
    with pytest.raises(BadField, match="reason"):
        society.by(REVIEWER, lambda u: reviews.reject(u, claim_id=claim_id, reason=" ", key=key))
    society.reject(claim_id)
    found = society.claim_of(claim_id)
    assert "未到岗" not in str(found.reason)
    found = society.see(lambda view: reviews.with_reasons(view, [found])[0])
    assert (ClaimState.REJECTED, "未到岗", 0) == (found.state, found.reason, society.points(who))
    with pytest.raises(StateConflict, match="rejected"):
        society.approve(claim_id)


def test_a_suspended_member_is_credited_for_what_was_done(society: Society) -> None:
    """Suspension stops new claims, not the credit for a service."""
    who = society.member()
    claim_id, key = society.served(who), society.name()
    society.by(ORGANISER, lambda u: members.suspend(u, member_id=who, key=key))
    society.approve(claim_id)
    assert 5 == society.points(who)


def test_a_withdrawn_approval_takes_back_what_is_there_and_books_the_rest(
    society: Society,
) -> None:
    """Spent points become a debt that the next service pays first; the shop keeps its own."""
    who = society.member()
    claim_id = society.served(who, society.publish(rewards=BOTH))
    society.approve(claim_id)
    society.post(moved(chart.member(who), SHOP, 3), kind=Kind.REDEEM)
    revoked = society.withdraw_approval(claim_id)
    assert {Amount(5, POINTS), Amount(6, STARS)} == set(revoked.taken_back)
    assert ((0, 0, 3), 0) == (society.holding(who), society.balance(who, STARS).available)
    assert {POINTS: 0, STARS: 0} == _standing(society, who)
    assert ClaimState.REVOKED == society.claim_of(claim_id).state
    society.approve(society.served(who))
    assert (2, 0, 0) == society.holding(who)
    assert {POINTS: 5, STARS: 0} == _standing(society, who)
    assert [] == society.findings()


def test_an_approval_is_withdrawn_by_a_second_person(society: Society) -> None:
    """Neither who approved nor who served, also not under another role."""
    who, office = society.member(), society.member()
    claim_id = society.served(who)
    society.approve(claim_id, actor=Actor("stf_a", "reviewer", office))
    same = [Actor("stf_a", "operator"), Actor("stf_b", "reviewer", office), as_member(who)]
    for actor in same:
        with pytest.raises(SecondPersonNeeded):
            society.withdraw_approval(claim_id, actor=actor)
    assert 5 == society.points(who)
    assert ClaimState.REVOKED == society.withdraw_approval(claim_id).state


def test_an_approval_is_withdrawn_within_ninety_days(society: Society) -> None:
    """On the ninetieth day it still goes, a second later the approval stands for ever."""
    first, second = society.served(society.member()), society.served(society.member())
    society.approve(first)
    society.approve(second)
    society.clock.advance(days=90)
    assert ClaimState.REVOKED == society.withdraw_approval(first).state
    society.clock.advance(seconds=1)
    with pytest.raises(WithdrawalTooLate, match="90 days"):
        society.withdraw_approval(second)
    assert [] == society.findings()


def test_an_approval_is_withdrawn_once_in_parallel(society: Society) -> None:
    """20 people at once: one transfer goes back."""
    who = society.member()
    claim_id = society.served(who)
    society.approve(claim_id)
    futures = [
        society.submit(Actor(f"stf_{n}", "reviewer"), _withdrawing(society, claim_id))
        for n in range(20)
    ]
    done, refused = outcomes(futures)
    assert (1, 19) == (len(done), len(refused))
    assert {"revoked"} == {one.figures["state"] for one in refused}
    assert (0, 2) == (society.points(who), society.count(transfers))
    assert [] == society.findings()


def test_a_late_review_counts_to_the_old_year_until_its_grace_ends(society: Society) -> None:
    """A service until midnight of 31 December belongs to the old year if reviewed by the 15th."""
    society.clock.set(datetime.fromisoformat("2026-12-31T18:00:00+08:00"))
    people = [society.member() for _ in range(3)]
    waiting = [society.served(one, minutes=60) for one in people]
    assert datetime.fromisoformat("2027-01-01T00:00:00+08:00") == society.clock.now()
    society.approve(waiting[2])
    society.clock.set(datetime.fromisoformat("2027-01-15T23:59:59+08:00"))
    society.approve(waiting[1])
    society.clock.set(datetime.fromisoformat("2027-01-16T00:00:00+08:00"))
    society.approve(waiting[0])
    assert [{}, {POINTS: 5}, {POINTS: 5}] == [_standing(society, one) for one in people]
    assert {POINTS: 5} == _standing(society, people[0], "2027")
    period_id = society.see(lambda v: periods.by_name(v, "2027")).period_id
    lines = society.see(lambda v: standings.corrections(v, period_id))
    assert [(people[0], POINTS, 5)] == [(one.member_id, one.asset, one.units) for one in lines]
    assert [] == society.findings()


def test_a_service_belongs_to_the_banks_year(society: Society) -> None:
    """Half past midnight in Shanghai is the new year, though it is still December in UTC."""
    society.clock.set(datetime.fromisoformat("2026-12-31T23:00:00+08:00"))
    who = society.member()
    society.approve(society.served(who, minutes=30))
    assert {POINTS: 5} == _standing(society, who, "2027")


def test_a_late_withdrawal_is_a_correction_of_the_new_year(society: Society) -> None:
    """What was earned in a sealed year is taken back in the year of the day."""
    society.clock.set(datetime.fromisoformat("2026-12-20T08:00:00+08:00"))
    who = society.member()
    claim_id = society.served(who)
    society.approve(claim_id)
    society.clock.set(datetime.fromisoformat("2027-02-01T08:00:00+08:00"))
    society.withdraw_approval(claim_id)
    assert ({POINTS: 5}, {POINTS: -5}) == (
        _standing(society, who),
        _standing(society, who, "2027"),
    )
    assert [] == society.findings()


def test_approvals_withdrawals_and_the_closing_race(society: Society) -> None:
    """Whatever comes first, every credit is in one period, and the frozen list is what it says."""
    society.clock.set(datetime.fromisoformat("2026-12-31T12:00:00+08:00"))
    people = [society.member() for _ in range(8)]
    task_id = society.publish()
    waiting = [society.claim(task_id, one).claim_id for one in people]
    society.clock.advance(hours=1)
    for one in waiting:
        society.sign_in(one)
    society.clock.advance(hours=1)
    for one in waiting:
        society.sign_out(one)
    for one in waiting[:4]:
        society.approve(one)
    society.clock.set(datetime.fromisoformat("2027-01-16T00:00:00+08:00"))
    worker = Actor("job_close", "job")
    lease = society.by(worker, lambda u: jobs.take(u, kind=closing.KIND, period="2026", owner="a"))
    assert lease is not None
    futures: list[Future[Any]] = []

    def race(actor: Actor, work: Callable[[Unit], Any]) -> None:
        futures.append(society.submit(actor, work))

    for one in waiting[:2]:
        race(SECOND, _withdrawing(society, one))
    race(worker, lambda u: closing.run_slice(u, lease))
    for one in waiting[4:]:
        race(REVIEWER, _approving(society, one))
        race(SECOND, _withdrawing(society, one))
    race(worker, lambda u: closing.run_slice(u, lease))
    race(SECOND, _withdrawing(society, waiting[2]))
    outcomes(futures)
    while not society.by(worker, lambda u: closing.run_slice(u, lease)):
        pass
    assert [] == society.findings()
    assert [{POINTS: 5}] * 4 == [_standing(society, one) for one in people[:4]]


def test_a_closing_waits_for_who_posts_to_its_year(society: Society) -> None:
    """A unit that holds the period is finished before the seal, and its credit is in the list."""
    who = society.member()
    served_at = datetime.fromisoformat("2026-12-31T12:00:00+08:00")
    society.clock.set(datetime.fromisoformat("2027-01-15T23:59:00+08:00"))
    society.by(REVIEWER, partial(periods.for_service, ended_at=served_at))
    holding, go_on = threading.Event(), threading.Event()

    def post(unit: Unit) -> None:
        period_id = periods.for_service(unit, served_at)
        holding.set()
        assert go_on.wait(20)
        standings.add(unit, period_id, [(who, POINTS, 5)])

    posting_unit = society.submit(REVIEWER, post)
    assert holding.wait(20)
    society.clock.set(datetime.fromisoformat("2027-01-16T00:00:00+08:00"))
    sealing = society.submit(REVIEWER, _sealed)
    with pytest.raises(TimeoutError):
        sealing.result(timeout=0.3)
    go_on.set()
    posting_unit.result(20)
    assert {POINTS: 5} == sealing.result(20)


def _sealed(unit: Unit) -> dict[str, int]:
    """Seal the year 2026 and return what there is in it."""
    period = periods.lock(unit, "2026")
    periods.seal(unit, period.period_id)
    rows = unit.rows(
        select(standings.standings.c.asset_code, standings.standings.c.units).where(
            standings.standings.c.bank_id == unit.bank_id,
            standings.standings.c.period_id == period.period_id,
        )
    )
    return {row.asset_code: row.units for row in rows}


def test_nothing_is_posted_to_a_sealed_year(society: Society) -> None:
    """A unit that began before the grace ended, and came after the seal, counts to its own day."""
    society.clock.set(datetime.fromisoformat("2026-12-20T08:00:00+08:00"))
    first, late = society.served(society.member()), society.served(who := society.member())
    society.approve(first)
    society.clock.set(datetime.fromisoformat("2027-01-16T00:00:00+08:00"))
    take = partial(jobs.take, kind=closing.KIND, period="2026", owner="a")
    lease = society.by(REVIEWER, take)
    assert lease is not None
    society.by(REVIEWER, partial(closing.run_slice, lease=lease))
    society.clock.set(datetime.fromisoformat("2027-01-15T23:59:59+08:00"))
    society.approve(late)
    assert ({}, {POINTS: 5}) == (_standing(society, who), _standing(society, who, "2027"))


def test_nothing_is_posted_to_a_year_sealed_before_its_unit_ended(society: Society) -> None:
    """Without a grace, a credit and a withdrawal begun before midnight go to the next year."""
    _adopt(society, grace_days=0)
    society.clock.set(datetime.fromisoformat("2026-12-31T18:00:00+08:00"))
    early, task_id = society.member(), society.publish(lasts=timedelta(hours=1))
    late = society.member()
    placed = [society.claim(task_id, one).claim_id for one in (early, late)]
    society.clock.advance(hours=1)
    for one in placed:
        society.sign_in(one)
    society.clock.advance(hours=1)
    for one in placed:
        society.sign_out(one)
    society.approve(placed[0])
    society.clock.set(datetime.fromisoformat("2027-01-01T00:00:00+08:00"))
    take = partial(jobs.take, kind=closing.KIND, period="2026", owner="a")
    lease = society.by(REVIEWER, take)
    assert lease is not None
    society.by(REVIEWER, partial(closing.run_slice, lease=lease))
    society.clock.set(datetime.fromisoformat("2026-12-31T23:59:59+08:00"))
    society.approve(placed[1])
    society.withdraw_approval(placed[0])
    assert [{POINTS: 5}, {}] == [_standing(society, one) for one in (early, late)]
    assert [{POINTS: -5}, {POINTS: 5}] == [_standing(society, one, "2027") for one in (early, late)]
    assert [] == society.findings()


def _approving(society: Society, claim_id: str) -> Callable[[Unit], object]:
    key = society.name()
    return lambda u: reviews.approve(u, claim_id=claim_id, key=key)


def _withdrawing(society: Society, claim_id: str) -> Callable[[Unit], object]:
    key = society.name()
    return lambda u: reviews.withdraw_approval(u, claim_id=claim_id, reason="误", key=key)


def test_reviewers_see_what_waits(society: Society) -> None:
    """Signed-out and forced-out claims wait, the one that ended first comes first, in pages."""
    made = [society.served(society.member(), minutes=30) for _ in range(3)]
    task_id = society.publish()
    forgotten = society.claim(task_id, society.member()).claim_id
    society.clock.advance(hours=1)
    society.sign_in(forgotten)
    society.clock.advance(hours=3)
    society.close(task_id)
    society.approve(made.pop(1))
    first = society.see(lambda v: reviews.waiting(v, limit=2))
    rest = society.see(lambda v: reviews.waiting(v, limit=2, after=first.after))
    shown = [one.claim_id for one in (*first.claims, *rest.claims)]
    assert ([*made, forgotten], None) == (shown, rest.after)
    assert 120 == society.approve(forgotten).minutes


def test_the_audit_sees_a_credit_without_its_claim(society: Society) -> None:
    """An issue about a claim that is not approved, and a claim that lost its issue, are found."""
    who = society.member()
    claim_id = society.served(who)
    society.earn(who, 5)
    assert [] != society.findings()
    transfer_id = society.approve(claim_id).transfer_id
    society.do(lambda u: posting.reverse(u, transfer_id=str(transfer_id), key=society.key()))
    found = [one for one in society.findings() if claim_id in one]
    assert ["approved: 1 issues, 1 of them reversed"] == [
        one.split("detail='")[1].split("'")[0] for one in found
    ]
