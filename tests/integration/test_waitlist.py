"""The waitlist: numbers in order, places that go to who waited longest, offers and their end."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from api import scheduler
from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.states import StateConflict
from creditbank.people import members
from creditbank.people.errors import NotYours
from creditbank.tasks import claims, edits, tasks, waitlist
from creditbank.tasks.claim_errors import (
    ChildAlone,
    ChildStays,
    NotLeading,
    OfferOver,
    OthersWait,
    WaitlistFull,
)
from creditbank.tasks.claims import Claimed
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Terms
from tests import families, queues
from tests.society import ORGANISER, Society, as_member

DAYS = timedelta(days=3)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _told(society: Society, member_id: str) -> list[str]:
    shown = society.see(lambda v: notices.inbox(v, member_id)).notices
    return [one.kind for one in shown]


def _full(society: Society, waiting: int = 1, **said: timedelta) -> tuple[str, str, list[Claimed]]:
    """A task whose one place is taken, with people who wait for it."""
    task_id = society.publish(capacity=1, **({"starts_in": DAYS} | said))
    held = society.claim(task_id, society.member()).claim_id
    waits = [society.claim(task_id, society.member(), or_wait=True) for _ in range(waiting)]
    return task_id, held, waits


def test_sixty_race_for_five_places_and_ten_numbers(society: Society) -> None:
    """Exactly five get a place and ten a number, each once and in order; then some leave."""
    task_id = society.publish(capacity=5, starts_in=DAYS, terms=Terms(waitlist_most=10))
    people = [society.member() for _ in range(60)]
    raced = queues.race(society, task_id, people)
    assert (5, 10, 45) == (len(raced.placed), len(raced.waiting), raced.sent_away)
    assert list(range(1, 11)) == queues.positions(society, task_id)
    newcomers = [society.member() for _ in range(8)]
    queues.withdrawals_race_with_claims(
        society, task_id, [*raced.placed[:4], raced.waiting[2]], newcomers
    )
    assert [] == queues.out_of_order(society, task_id)
    states = [society.claim_of(one).state for one in raced.waiting]
    placed = ClaimState.PLACED
    assert [placed, placed, ClaimState.WITHDRAWN, placed, placed] == states[:5]
    assert [] == society.findings()


def test_who_is_full_says_how_to_wait(society: Society) -> None:
    """Without the wish to wait it is refused, and the refusal names the waitlist."""
    task_id, _, _ = _full(society, 0)
    with pytest.raises(StateConflict) as refused:
        society.claim(task_id, society.member())
    assert "queue" in refused.value.allowed
    assert "成员可以候补" in refused.value.sentence("zh")
    waits = society.claim(task_id, society.member(), or_wait=True)
    assert (ClaimState.WAITING, 1) == (waits.state, waits.position)


def test_a_free_place_is_for_who_waits(society: Society) -> None:
    """A withdrawal only frees the place: whoever comes new waits behind, and filling decides."""
    task_id, held, [first] = _full(society)
    society.withdraw(held)
    assert 0 == society.task(task_id).placed
    newcomer = society.member()
    with pytest.raises(OthersWait):
        society.claim(task_id, newcomer)
    behind = society.claim(task_id, newcomer, or_wait=True)
    assert (ClaimState.WAITING, 2) == (behind.state, behind.position)
    society.fill(task_id)
    assert ClaimState.PLACED == society.claim_of(first.claim_id).state
    assert ClaimState.WAITING == society.claim_of(behind.claim_id).state
    assert "place-given" in _told(society, society.claim_of(first.claim_id).member_id)


def test_the_list_has_a_length(society: Society) -> None:
    """As the task says, else the scheme; who leaves the queue makes room, with a new number."""
    families.adopt(society, waitlist_most=1)
    for terms, most in ((None, 1), (Terms(waitlist_most=2), 2), (Terms(waitlist_most=0), 0)):
        task_id = society.publish(capacity=1, terms=terms)
        society.claim(task_id, society.member())
        waits = [society.claim(task_id, society.member(), or_wait=True) for _ in range(most)]
        with pytest.raises(WaitlistFull) as refused:
            society.claim(task_id, society.member(), or_wait=True)
        assert most == refused.value.most
        if waits:
            society.withdraw(waits[0].claim_id)
            again = society.claim(task_id, society.member(), or_wait=True)
            assert most + 1 == again.position
    assert [] == society.findings()


def test_near_the_start_a_place_is_offered(society: Society) -> None:
    """Who is asked holds the place, answers in time, or it goes on to the next."""
    task_id, held, waits = _full(society, 3, starts_in=timedelta(hours=6))
    first, second, third = (one.claim_id for one in waits)
    society.withdraw(held)
    society.fill(task_id)
    offered = society.claim_of(first)
    assert (ClaimState.OFFERED, 1) == (offered.state, society.task(task_id).placed)
    assert offered.offered_until == society.clock.now() + timedelta(minutes=30)
    assert "place-offered" in _told(society, offered.member_id)
    with pytest.raises(NotYours):
        queues.accept(society, first, by=as_member(society.member()))
    society.clock.advance(minutes=30)
    with pytest.raises(OfferOver):
        queues.accept(society, first)
    assert [scheduler.filling.KIND] == _run(society)
    lapsed = society.claim_of(first)
    assert (ClaimState.LAPSED, waitlist.UNANSWERED) == (lapsed.state, lapsed.lapsed_for)
    queues.decline(society, second)
    society.fill(task_id)
    accepted = queues.accept(society, third)
    assert (ClaimState.PLACED, 3) == (accepted.state, accepted.position)
    assert 1 == society.task(task_id).placed
    with pytest.raises(StateConflict):
        queues.accept(society, third)
    assert [] == society.findings()


def _run(society: Society) -> list[str]:
    ran = scheduler.run_due(
        society.database,
        "worker",
        [one for one in scheduler.WORKS if one.kind == scheduler.filling.KIND],
    )
    return [one.kind for one in ran]


def test_with_the_start_all_waiting_ends(society: Society) -> None:
    """Nobody waits for a task that runs; the job tells them, and an offer ends, too."""
    task_id, held, [asked, waits] = _full(society, 2, starts_in=timedelta(minutes=20))
    society.withdraw(held)
    society.fill(task_id)
    offered_until = society.claim_of(asked.claim_id).offered_until
    assert society.task(task_id).starts_at == offered_until
    society.clock.advance(minutes=20)
    _run(society)
    for one in (asked, waits):
        found = society.claim_of(one.claim_id)
        assert (ClaimState.LAPSED, waitlist.STARTED) == (found.state, found.lapsed_for)
        assert "wait-over" in _told(society, found.member_id)
    assert ([], 0) == (_run(society), society.task(task_id).placed)
    assert ClaimState.PLACED == society.claim(task_id, society.member()).state
    assert [] == society.findings()


def test_who_no_longer_fits_is_skipped_and_told_why(society: Society) -> None:
    """Suspended, elsewhere by now: the reason is kept, and the next one gets the place."""
    task_id, held, waits = _full(society, 3)
    first, second, third = (society.claim_of(one.claim_id) for one in waits)
    society.by(ORGANISER, partial(members.suspend, member_id=first.member_id, key=society.name()))
    society.claim(society.publish(starts_in=DAYS), second.member_id)
    society.withdraw(held)
    society.fill(task_id)
    seen = [society.claim_of(one.claim_id) for one in (first, second, third)]
    assert [
        (ClaimState.LAPSED, "member-suspended"),
        (ClaimState.LAPSED, "overlaps"),
        (ClaimState.PLACED, None),
    ] == [(one.state, one.lapsed_for) for one in seen]
    assert [] == society.findings()


def test_a_family_that_somebody_left_is_skipped(society: Society) -> None:
    """The household is looked at again when the place is free."""
    task_id = society.publish(capacity=2, starts_in=DAYS)
    held = [society.claim(task_id, society.member()).claim_id for _ in range(2)]
    household_id, adult, _ = families.family(society)
    second = families.person(society, 50)
    other = families.household(society, second)
    waits = families.claim_family(society, task_id, household_id, [adult], or_wait=True)
    later = families.claim_family(society, task_id, other, [second], or_wait=True)
    families.move_out(society, other, second)
    for one in held:
        society.withdraw(one)
    society.fill(task_id)
    assert ClaimState.PLACED == society.claim_of(waits.claim_ids[0]).state
    lapsed = society.claim_of(later.claim_ids[0])
    assert (ClaimState.LAPSED, "not-of-family") == (lapsed.state, lapsed.lapsed_for)


def test_a_party_too_large_is_passed_over(society: Society) -> None:
    """It keeps its number, others fit in before; its leader answers for all of it."""
    task_id = society.publish(capacity=2, starts_in=timedelta(hours=6))
    held = [society.claim(task_id, society.member()).claim_id for _ in range(2)]
    household_id, adult, child = families.family(society)
    party = families.claim_family(society, task_id, household_id, [adult, child], or_wait=True)
    single = society.claim(task_id, society.member(), or_wait=True)
    society.withdraw(held[0])
    society.fill(task_id)
    assert (ClaimState.WAITING, ClaimState.OFFERED) == (
        society.claim_of(party.claim_ids[0]).state,
        society.claim_of(single.claim_id).state,
    )
    queues.decline(society, single.claim_id)
    society.withdraw(held[1])
    society.fill(task_id)
    assert 2 == society.task(task_id).placed
    of_child = next(one for one in party.claim_ids if society.claim_of(one).member_id == child)
    with pytest.raises(NotLeading):
        queues.accept(society, of_child, by=as_member(child))
    queues.accept(society, of_child, by=as_member(adult))
    assert [ClaimState.PLACED] * 2 == [society.claim_of(one).state for one in party.claim_ids]
    assert [] == society.findings()


def test_a_child_waits_for_an_adult_whose_place_is_sure(society: Society) -> None:
    """With an adult who waits it may wait; it gets a place once the adult has said yes."""
    _, adult, child = families.family(society)
    task_id = society.publish(capacity=3, starts_in=timedelta(hours=6))
    held = [society.claim(task_id, society.member()).claim_id for _ in range(3)]
    with pytest.raises(ChildAlone):
        society.claim(task_id, child, or_wait=True)
    grown, small = (society.claim(task_id, one, or_wait=True).claim_id for one in (adult, child))
    for one in held:
        society.withdraw(one)
    society.fill(task_id)
    assert [ClaimState.OFFERED, ClaimState.WAITING] == [
        society.claim_of(one).state for one in (grown, small)
    ]
    queues.accept(society, grown)
    society.fill(task_id)
    assert ClaimState.OFFERED == society.claim_of(small).state
    with pytest.raises(ChildStays):
        society.withdraw(grown)


def test_more_capacity_goes_to_who_waits(society: Society) -> None:
    """Raising it fills from the queue by the due work."""
    task_id, _, waits = _full(society, 3)
    society.by(ORGANISER, partial(edits.edit, task_id=task_id, capacity=3, key=society.name()))
    assert [scheduler.filling.KIND] == _run(society)
    states = [society.claim_of(one.claim_id).state for one in waits]
    assert [ClaimState.PLACED, ClaimState.PLACED, ClaimState.WAITING] == states


def test_everybody_sees_their_place_in_the_queue(society: Society) -> None:
    """How many are ahead; others see nothing of it."""
    _, _, waits = _full(society, 3)
    last = society.claim_of(waits[2].claim_id)
    shown = society.see(lambda v: waitlist.place(v, last.claim_id, actor=as_member(last.member_id)))
    assert (3, 2) == (shown.position, shown.ahead)
    society.withdraw(waits[0].claim_id)
    shown = society.see(lambda v: waitlist.place(v, last.claim_id, actor=ORGANISER))
    assert (3, 1) == (shown.position, shown.ahead)
    with pytest.raises(NotYours):
        society.see(lambda v: waitlist.place(v, last.claim_id, actor=as_member(society.member())))


def test_cancelling_tells_who_waits(society: Society) -> None:
    """Those with a place, with an offer and in the queue are told and end as withdrawn."""
    task_id, held, waits = _full(society, 2, starts_in=timedelta(hours=6))
    society.withdraw(held)
    society.fill(task_id)
    society.cancel(task_id)
    for one in waits:
        found = society.claim_of(one.claim_id)
        assert ClaimState.WITHDRAWN == found.state
        assert "claim-cancelled" in _told(society, found.member_id)
    assert 0 == society.task(task_id).placed
    assert [] == society.findings()


def test_one_bad_task_keeps_no_other_waiting(society: Society) -> None:
    """A count that does not fit stops the filling of its own task, and of no other."""
    bad, good = sorted((_full(society) for _ in "12"), key=lambda one: one[0])
    of, one = tasks.tasks.c, claims.claims.c
    wrong = update(tasks.tasks).where(of.bank_id == society.bank_id, of.task_id == bad[0])
    asked = update(claims.claims).where(
        one.bank_id == society.bank_id, one.claim_id == bad[2][0].claim_id
    )
    late = society.clock.now() - DAYS
    society.do(lambda u: u.run(wrong.values(placed=0)))
    society.do(lambda u: u.run(asked.values(state=ClaimState.OFFERED, offered_until=late)))
    society.withdraw(good[1])
    _run(society)
    assert ClaimState.PLACED == society.claim_of(good[2][0].claim_id).state
    assert ClaimState.OFFERED == society.claim_of(bad[2][0].claim_id).state
