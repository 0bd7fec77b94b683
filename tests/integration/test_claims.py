"""Claims: places under the lock, who may act, and minutes inside the window."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import product

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Unit
from creditbank.people import members
from creditbank.people.errors import MemberNotFound, MemberSuspended, NotYours
from creditbank.service import attendance
from creditbank.tasks import claiming, claims, endings, withdrawals
from creditbank.tasks.errors import AlreadyClaimed, ClaimNotFound, NotBegun, TooEarly
from creditbank.tasks.states import CLAIM, ClaimState, TaskState
from tests.books import made_up
from tests.society import ORGANISER, Society, as_member, outcomes


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _claiming(society: Society, task_id: str) -> Callable[[Unit], object]:
    key = society.name()
    return lambda unit: claiming.claim(unit, task_id=task_id, key=key)


def test_fifty_race_for_ten_places(society: Society) -> None:
    """Exactly ten get a place, and forty are told that it is full."""
    task_id = society.publish(capacity=10)
    people = [society.member() for _ in range(50)]
    futures = [society.submit(as_member(one), _claiming(society, task_id)) for one in people]
    done, refused = outcomes(futures)
    assert (10, 40) == (len(done), len(refused))
    assert {"full"} == {one.figures["state"] for one in refused}
    assert (TaskState.FULL, 10) == (society.task(task_id).state, society.task(task_id).placed)
    assert 10 == society.count(claims.claims)
    assert [] == society.findings()


def test_one_member_claims_once_in_parallel(society: Society) -> None:
    """20 claims of one member with 20 keys take one place."""
    task_id, who = society.publish(capacity=10), society.member()
    futures = [society.submit(as_member(who), _claiming(society, task_id)) for _ in range(20)]
    done, refused = outcomes(futures)
    assert (1, 19) == (len(done), len(refused))
    assert {AlreadyClaimed} == {type(one) for one in refused}
    assert 1 == society.task(task_id).placed


def test_copies_of_one_key_take_one_place(society: Society) -> None:
    """20 parallel copies of one request have one effect and one answer."""
    task_id, who = society.publish(capacity=1), society.member()
    work = _claiming(society, task_id)
    done, refused = outcomes([society.submit(as_member(who), work) for _ in range(20)])
    assert [] == refused
    assert (20, 1) == (len(done), len(set(done)))
    assert 1 == society.count(claims.claims)


def test_a_refused_key_is_refused_again(society: Society) -> None:
    """A final refusal is an outcome: the same key gets it again, even when a place is free."""
    task_id = society.publish(capacity=1)
    placed = society.claim(task_id, society.member()).claim_id
    who, work = society.member(), _claiming(society, task_id)
    for _ in range(2):
        with pytest.raises(StateConflict, match="full"):
            society.by(as_member(who), work)
        society.by(ORGANISER, lambda _: None)
    society.withdraw(placed)
    with pytest.raises(StateConflict, match="full"):
        society.by(as_member(who), work)
    assert ClaimState.PLACED == society.claim(task_id, who).state


def test_withdrawals_and_claims_race_for_one_place(society: Society) -> None:
    """While one leaves, twenty try to get in: at most one place is ever taken."""
    task_id = society.publish(capacity=1)
    placed = society.claim(task_id, society.member()).claim_id
    people = [society.member() for _ in range(20)]
    key = society.name()
    futures = [society.submit(as_member(one), _claiming(society, task_id)) for one in people[:10]]
    futures.append(
        society.submit(ORGANISER, lambda u: withdrawals.withdraw(u, claim_id=placed, key=key))
    )
    futures += [society.submit(as_member(one), _claiming(society, task_id)) for one in people[10:]]
    done, _ = outcomes(futures)
    assert len(done) in {1, 2}
    assert len(done) - 1 == society.task(task_id).placed
    assert [] == society.findings()


def test_claims_race_a_cancellation(society: Society) -> None:
    """When a task is cancelled among claims, no claim of it stays alive."""
    task_id = society.publish(capacity=20)
    people = [society.member() for _ in range(12)]
    key = society.name()
    futures = [society.submit(as_member(one), _claiming(society, task_id)) for one in people[:6]]
    futures.append(
        society.submit(
            ORGANISER, lambda u: endings.cancel(u, task_id=task_id, reason="雨", key=key)
        )
    )
    futures += [society.submit(as_member(one), _claiming(society, task_id)) for one in people[6:]]
    outcomes(futures)
    found = society.see(lambda v: claims.of_task(v, task_id))
    assert {ClaimState.WITHDRAWN} >= {one.state for one in found}
    assert (TaskState.CANCELLED, 0) == (society.task(task_id).state, society.task(task_id).placed)
    assert [] == society.findings()


def test_a_suspension_races_claims(society: Society) -> None:
    """Whoever is suspended first claims nothing afterwards: the member's lock decides."""
    who = society.member()
    key = society.name()
    apart = [society.publish(starts_in=timedelta(hours=1 + 3 * n)) for n in range(6)]
    works = [_claiming(society, task_id) for task_id in apart]
    futures = [society.submit(as_member(who), work) for work in works[:3]]
    suspension = society.submit(ORGANISER, lambda u: members.suspend(u, member_id=who, key=key))
    futures += [society.submit(as_member(who), work) for work in works[3:]]
    done, refused = outcomes(futures)
    assert "suspended" == suspension.result()
    assert 6 == len(done) + len(refused)
    assert {MemberSuspended} >= {type(one) for one in refused}
    with pytest.raises(MemberSuspended):
        society.claim(society.publish(), who)
    assert len(done) == society.count(claims.claims)


def test_a_suspension_waits_for_who_acts(society: Society) -> None:
    """Who was seen to be active stays so until the unit that looked has ended."""
    who, holding, go_on = society.member(), threading.Event(), threading.Event()

    def act(unit: Unit) -> None:
        members.require_active(unit, who)
        holding.set()
        assert go_on.wait(20)

    acting = society.submit(ORGANISER, act)
    assert holding.wait(20)
    suspending = society.submit(
        ORGANISER, partial(members.suspend, member_id=who, key=society.name())
    )
    with pytest.raises(TimeoutError):
        suspending.result(timeout=0.3)
    go_on.set()
    acting.result(20)
    assert "suspended" == suspending.result(20)


def test_a_withdrawn_claim_frees_its_place_and_can_be_taken_up_again(society: Society) -> None:
    """The place goes to somebody else; with a free place the same claim is placed again."""
    task_id, first, second = society.publish(capacity=1), society.member(), society.member()
    claim_id = society.claim(task_id, first).claim_id
    society.withdraw(claim_id)
    other = society.claim(task_id, second).claim_id
    with pytest.raises(StateConflict, match="full"):
        society.claim(task_id, first)
    society.withdraw(other)
    assert (claim_id, ClaimState.PLACED) == (
        society.claim(task_id, first).claim_id,
        society.claim_of(claim_id).state,
    )
    assert 1 == society.task(task_id).placed


def test_a_full_task_stays_full_while_it_runs(society: Society) -> None:
    """Late comers may claim while the task runs, as long as there is a place."""
    task_id = society.publish(capacity=2)
    society.claim(task_id, society.member())
    society.clock.advance(hours=1)
    society.claim(task_id, society.member())
    with pytest.raises(StateConflict, match="full"):
        society.claim(task_id, society.member())
    society.clock.advance(hours=2)
    with pytest.raises(StateConflict, match="ended"):
        society.claim(task_id, society.member())


def test_members_act_for_themselves_only(society: Society) -> None:
    """A member neither claims, withdraws nor signs for another one; staff may."""
    task_id, one, other = society.publish(), society.member(), society.member()
    claim_id = society.claim(task_id, one).claim_id
    key = society.name()
    society.clock.advance(minutes=30)
    tries: list[Callable[[Unit], object]] = [
        lambda u: claiming.claim(u, task_id=task_id, key=key, member_id=one),
        lambda u: withdrawals.withdraw(u, claim_id=claim_id, key=key),
        lambda u: attendance.sign_in(u, claim_id=claim_id, key=key),
        lambda u: attendance.sign_out(u, claim_id=claim_id, key=key),
    ]
    for work in tries:
        with pytest.raises(NotYours):
            society.by(as_member(other), work)
    assert ClaimState.PLACED == society.claim_of(claim_id).state
    by_staff = society.by(
        ORGANISER, lambda u: claiming.claim(u, task_id=task_id, key=key, member_id=other)
    )
    assert other == society.claim_of(by_staff.claim_id).member_id


def test_somebody_must_be_named(society: Society) -> None:
    """Staff who are no member say for whom they claim, and it must be one of this bank."""
    task_id, keys = society.publish(), [society.name(), society.name()]
    stranger = Society(society.database, society.clock, "other").member()
    with pytest.raises(BadField, match="member_id"):
        society.by(ORGANISER, lambda u: claiming.claim(u, task_id=task_id, key=keys[0]))
    with pytest.raises(MemberNotFound):
        society.by(
            ORGANISER,
            lambda u: claiming.claim(u, task_id=task_id, key=keys[1], member_id=stranger),
        )


def test_signing_in_opens_an_hour_before(society: Society) -> None:
    """Earlier than that it is refused, and the claim stays placed."""
    task_id = society.publish(starts_in=timedelta(hours=3))
    claim_id = society.claim(task_id, society.member()).claim_id
    society.clock.advance(hours=1, minutes=59)
    with pytest.raises(TooEarly, match="60 minutes"):
        society.sign_in(claim_id)
    society.clock.advance(minutes=1)
    assert ClaimState.SIGNED_IN == society.sign_in(claim_id).state


def test_signing_out_comes_after_signing_in(society: Society) -> None:
    """A sign-out without a sign-in says the state and what comes next."""
    claim_id = society.claim(society.publish(), society.member()).claim_id
    society.clock.advance(hours=1)
    with pytest.raises(StateConflict) as refused:
        society.sign_out(claim_id)
    assert "认领现在“已认领”，不能签退。" in refused.value.sentence("zh")
    assert "the participant can sign in" in refused.value.sentence("en")
    assert society.claim_of(claim_id).measured_minutes is None


def test_signing_out_opens_with_the_start(society: Society) -> None:
    """Nobody is paid for a minute before the task began: the claim stays signed in until then."""
    claim_id = society.claim(society.publish(), society.member()).claim_id
    society.clock.advance(minutes=30)
    society.sign_in(claim_id)
    society.clock.advance(minutes=29, seconds=59)
    with pytest.raises(NotBegun, match="has not begun"):
        society.sign_out(claim_id)
    found = society.claim_of(claim_id)
    assert (ClaimState.SIGNED_IN, None) == (found.state, found.measured_minutes)
    society.clock.advance(seconds=1)
    assert ClaimState.SIGNED_OUT == society.sign_out(claim_id).state


MEASURED = (
    (120, timedelta(0), timedelta(hours=2)),
    (120, timedelta(minutes=-30), timedelta(hours=5)),
    (90, timedelta(minutes=30), timedelta(hours=2)),
    (59, timedelta(minutes=10), timedelta(minutes=59, seconds=59)),
    (1, timedelta(minutes=10), timedelta(seconds=5)),
    (1, timedelta(minutes=-30), timedelta(minutes=30)),
    (1, timedelta(minutes=119, seconds=30), timedelta(hours=1)),
)


def test_minutes_are_measured_inside_the_window(society: Society) -> None:
    """Full minutes between start and end of the task count, at least one."""
    for expected, comes, stays in MEASURED:
        task = society.task(society.publish())
        claim_id = society.claim(task.task_id, society.member()).claim_id
        society.clock.set(task.starts_at + comes)
        society.sign_in(claim_id)
        society.clock.set(society.clock.now() + stays)
        assert expected == society.sign_out(claim_id).measured_minutes
        ended_at = society.claim_of(claim_id).signed_out_at
        assert ended_at is not None
        assert task.starts_at <= ended_at <= task.ends_at


def test_a_suspended_member_signs_out_but_not_in(society: Society) -> None:
    """Suspension keeps people from starting, not from having what they did measured."""
    who, other = society.member(), society.member()
    task_id = society.publish()
    inside, outside = (society.claim(task_id, one).claim_id for one in (who, other))
    society.clock.advance(hours=1)
    society.sign_in(inside)
    for one in (who, other):
        society.by(ORGANISER, partial(members.suspend, member_id=one, key=society.name()))
    with pytest.raises(MemberSuspended):
        society.sign_in(outside)
    assert ClaimState.SIGNED_OUT == society.sign_out(inside).state


def _queued(society: Society, state: ClaimState) -> str:
    """A claim that waits, was offered a place, or waited in vain."""
    task_id = society.publish(capacity=1)
    first = society.claim(task_id, society.member()).claim_id
    claim_id = society.claim(task_id, society.member(), or_wait=True).claim_id
    if state is ClaimState.OFFERED:
        society.withdraw(first)
        society.fill(task_id)
    elif state is ClaimState.LAPSED:
        society.clock.advance(hours=1)
        society.fill(task_id)
    return claim_id


def _in_state(society: Society, state: ClaimState) -> str:
    """A claim brought to a state, in a task that still runs or is closed where it must be."""
    if state in {ClaimState.WAITING, ClaimState.OFFERED, ClaimState.LAPSED}:
        return _queued(society, state)
    task_id = society.publish()
    claim_id = society.claim(task_id, society.member()).claim_id
    if state is ClaimState.WITHDRAWN:
        society.withdraw(claim_id)
    society.clock.advance(hours=1)
    if state in {ClaimState.PLACED, ClaimState.WITHDRAWN}:
        return claim_id
    if state is not ClaimState.NO_SHOW:
        society.sign_in(claim_id)
    if state in {ClaimState.NO_SHOW, ClaimState.FORCED_OUT}:
        society.clock.advance(hours=2)
        society.close(task_id)
    elif state is not ClaimState.SIGNED_IN:
        society.clock.advance(minutes=61)
        society.sign_out(claim_id)
    if state in {ClaimState.APPROVED, ClaimState.REVOKED}:
        society.approve(claim_id)
    if state is ClaimState.REJECTED:
        society.reject(claim_id)
    if state is ClaimState.REVOKED:
        society.withdraw_approval(claim_id)
    return claim_id


VERBS = ("withdraw", "sign_in", "sign_out", "approve", "reject", "withdraw_approval")


def test_every_state_answers_every_verb(society: Society) -> None:
    """The functions do what the table says: they move the claim, or say its state and go on.

    What comes of a dispute is tested with the disputes.
    """
    built = [state for state in ClaimState if state is not ClaimState.DISPUTED]
    for state, verb in product(built, VERBS):
        claim_id = _in_state(society, state)
        before = society.claim_of(claim_id)
        assert state == before.state
        if (state, verb) in CLAIM.moves:
            getattr(society, verb)(claim_id)
            assert CLAIM.moves[state, verb] == society.claim_of(claim_id).state
            continue
        with pytest.raises(StateConflict) as refused:
            getattr(society, verb)(claim_id)
        assert (state, verb) == (refused.value.state, refused.value.verb)
        assert before == society.claim_of(claim_id)
    assert [] == society.findings()


def test_another_banks_claim_is_not_found(society: Society) -> None:
    """An id of another bank is no id here, whatever the verb."""
    there = Society(society.database, society.clock, "other")
    claim_id = there.claim(there.publish(), there.member()).claim_id
    verbs: list[Callable[[str], object]] = [society.withdraw, society.sign_in, society.sign_out]
    verbs += [society.approve, society.reject, society.withdraw_approval]
    for verb in verbs:
        with pytest.raises(ClaimNotFound):
            verb(claim_id)
        with pytest.raises(ClaimNotFound):
            verb(made_up("clm", 1))


def test_pages_of_a_members_claims_join(society: Society) -> None:
    """The latest claim comes first, and pages join without a gap."""
    who, made = society.member(), []
    for n in range(5):
        task_id = society.publish(starts_in=timedelta(hours=1 + 3 * n))
        made.append(society.claim(task_id, who).claim_id)
        society.clock.advance(minutes=1)
    first = society.see(lambda v: claims.of_member(v, who, limit=3))
    rest = society.see(lambda v: claims.of_member(v, who, limit=3, after=first.after))
    shown = [one.claim_id for one in (*first.claims, *rest.claims)]
    assert (made[::-1], None) == (shown, rest.after)
