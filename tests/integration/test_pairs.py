"""Pairs and visits: who looks after whom, when they came, who is short, and how a pair ends."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from creditbank import jobs, notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, CreditbankError
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.leaving import departures, merges
from creditbank.people import households, members
from creditbank.people.errors import MemberSuspended, OtherCommunity
from creditbank.people.stays import Standing
from creditbank.tasks import pairs, partings, visit_reminders, visits
from creditbank.tasks.pair_errors import AlreadyPaired, NotOfPair, OwnElder, PairNotFound
from creditbank.tasks.pairs import Cause, Pair, PairState
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import TaskKind
from creditbank.tasks.visits import Month, Planned
from tests.society import FIVE_EACH, ORGANISER, Society, as_member, outcomes

ZONE = ZoneInfo("Asia/Shanghai")
FARAWAY = Actor("stf_far", "organiser", communities=("com_elsewhere",))
TREASURER = Actor("stf_treasurer", "treasurer")


class Pairs(Society):
    """A society with pairs, and short words for what they do."""

    def pairing(self, elder_id: str, **visitor: Any) -> Callable[[Any], Any]:
        """The work of pairing an elder."""
        said = {"category": self.category, "rewards": FIVE_EACH, "key": self.name()} | visitor
        return lambda unit: pairs.pair(unit, elder_id=elder_id, **said)

    def pair(self, elder_id: str, actor: Actor = ORGANISER, **visitor: Any) -> str:
        """Pair an elder with somebody."""
        return str(self.by(actor, self.pairing(elder_id, **visitor)))

    def household(self, head_id: str, *others: str, standing: Standing = Standing.ADULT) -> str:
        """A household of some members."""
        key = self.name()
        home = self.by(ORGANISER, lambda u: households.found(u, head_id=head_id, key=key))
        for one in others:
            self.join(home, one, standing)
        return str(home)

    def join(self, household_id: str, member_id: str, standing: Standing = Standing.ADULT) -> None:
        """Take a member into a household."""
        key = self.name()
        self.by(
            ORGANISER,
            lambda u: households.join(
                u, household_id=household_id, member_id=member_id, standing=standing, key=key
            ),
        )

    def visit(self, pair_id: str, who: str | None, *others: str, **when: Any) -> Planned:
        """Plan a visit, as a member or by the office."""
        named = [one for one in (who, *others) if one] if others or who is None else ()
        said = {"pair_id": pair_id, "visitor_ids": named, "key": self.name()} | when
        actor = ORGANISER if who is None else as_member(who)
        return self.by(actor, lambda unit: visits.plan(unit, **said))

    def visited(self, pair_id: str, who: str) -> str:
        """Visit for half an hour, now; returns the claim."""
        [claim_id] = self.visit(pair_id, who).claim_ids
        self.sign_in(claim_id)
        self.clock.advance(minutes=30)
        self.sign_out(claim_id)
        return claim_id

    def end(self, pair_id: str, cause: Cause = Cause.MOVED) -> partings.Ended:
        """End a pair."""
        key = self.name()
        return self.by(
            ORGANISER,
            lambda u: partings.end(u, pair_id=pair_id, cause=cause, reason="搬家", key=key),
        )

    def found(self, pair_id: str) -> Pair:
        """A pair as it stands."""
        return self.see(lambda view: pairs.find(view, pair_id))

    def month(self, pair_id: str) -> Month:
        """How a pair stands this month."""
        [found] = self.see(
            lambda view: visits.in_month(view, [pairs.find(view, pair_id)], view.today)
        )
        return found

    def told(self, member_id: str) -> list[str]:
        """The kinds of what a member was told, oldest first."""
        inbox = self.see(lambda view: notices.inbox(view, member_id))
        return [one.kind for one in reversed(inbox.notices)]


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Pairs:
    """A society on both databases, on the first of March."""
    return Pairs(database, clock)


def test_a_pair_is_made_by_the_office(society: Pairs) -> None:
    """Both are told; what the visitors may know is sealed, and read while the pair runs."""
    elder, volunteer = society.member(), society.member()
    pair_id = society.pair(elder, volunteer_id=volunteer, told="二号楼三单元，门铃坏了")
    found = society.found(pair_id)
    assert (elder, volunteer, PairState.RUNNING) == (
        found.elder_id,
        found.volunteer_id,
        found.state,
    )
    assert "二号楼" not in str(found.told)
    assert "二号楼三单元，门铃坏了" == society.see(lambda view: pairs.told(view, found))
    assert [["pair-begun"]] * 2 == [society.told(one) for one in (elder, volunteer)]
    mine = society.see(lambda view: pairs.of_member(view, volunteer))
    assert [pair_id] == [one.pair_id for one in mine]


def test_who_cannot_be_paired(society: Pairs) -> None:
    """Nobody with themselves or who lives with them, none or two visitors, no suspended elder."""
    elder, mate, other = (society.member() for _ in range(3))
    home = society.household(elder, mate)
    refused: list[tuple[type[CreditbankError], str, dict[str, str]]] = [
        (OwnElder, elder, {"volunteer_id": elder}),
        (OwnElder, elder, {"volunteer_id": mate}),
        (OwnElder, elder, {"household_id": home}),
        (BadField, elder, {}),
        (BadField, elder, {"volunteer_id": other, "household_id": home}),
        (BadField, elder, {"volunteer_id": other, "told": "两\n行"}),
    ]
    for error, who, visitor in refused:
        with pytest.raises(error):
            society.pair(who, **visitor)
    with pytest.raises(OtherCommunity):
        society.pair(elder, FARAWAY, volunteer_id=other)
    key = society.name()
    society.by(ORGANISER, lambda u: members.suspend(u, member_id=elder, key=key))
    with pytest.raises(MemberSuspended):
        society.pair(elder, volunteer_id=other)
    assert 0 == society.count(pairs.pairs)


def test_an_elder_has_one_pair_at_a_time(society: Pairs) -> None:
    """Of many that are made at once one stays; a family may look after several elders."""
    elder, second, volunteer = (society.member() for _ in range(3))
    home = society.household(volunteer)
    made, refused = outcomes(
        [society.submit(ORGANISER, society.pairing(elder, household_id=home)) for _ in range(8)]
    )
    assert (1, {AlreadyPaired}) == (len(made), {type(one) for one in refused})
    society.pair(second, household_id=home)
    assert 2 == len(society.see(lambda view: pairs.of_member(view, volunteer)))


def test_a_visit_is_published_claimed_and_reviewed(society: Pairs) -> None:
    """One call; the place says only that it is at home; it earns what the pair gives."""
    elder, volunteer = society.member(), society.member()
    pair_id = society.pair(elder, volunteer_id=volunteer)
    claim_id = society.visited(pair_id, volunteer)
    found = society.task(society.claim_of(claim_id).task_id)
    assert (TaskKind.VISIT, "家中", elder, pair_id, 1) == (
        found.kind,
        found.place,
        found.beneficiary_id,
        found.pair_id,
        found.capacity,
    )
    society.approve(claim_id)
    assert 5 == society.points(volunteer)
    assert [] == society.findings()


def test_a_family_visits_together(society: Pairs) -> None:
    """Its people are named, each has a claim; who moves in with the elder visits no more."""
    elder, head, mate, stranger = (society.member() for _ in range(4))
    pair_id = society.pair(elder, household_id=society.household(head, mate))
    planned = society.visit(pair_id, head, mate)
    made = [society.claim_of(one) for one in planned.claim_ids]
    assert ({head, mate}, 1) == ({one.member_id for one in made}, len({o.party_id for o in made}))
    assert {ClaimState.PLACED} == {one.state for one in made}
    with pytest.raises(NotOfPair):
        society.visit(pair_id, head, stranger)
    with pytest.raises(PairNotFound):
        society.visit(pair_id, stranger)
    with pytest.raises(PairNotFound):
        society.visit(pair_id, elder)


def test_nobody_else_takes_a_place_in_a_visit(society: Pairs) -> None:
    """A visit that became free again is claimed by the pair's own visitor only."""
    elder, volunteer, stranger = (society.member() for _ in range(3))
    pair_id = society.pair(elder, volunteer_id=volunteer)
    later = society.clock.now() + timedelta(days=2)
    planned = society.visit(pair_id, volunteer, starts_at=later)
    society.withdraw(planned.claim_ids[0])
    with pytest.raises(NotOfPair):
        society.claim(planned.task_id, stranger)
    assert ClaimState.PLACED == society.claim(planned.task_id, volunteer).state


def test_who_moves_in_with_the_elder_earns_nothing_by_visits(society: Pairs) -> None:
    """Law 7 is asked again at each visit."""
    elder, volunteer = society.member(), society.member()
    pair_id = society.pair(elder, volunteer_id=volunteer)
    society.household(elder, volunteer)
    with pytest.raises(OwnElder):
        society.visit(pair_id, volunteer)


@pytest.mark.parametrize(
    ("days", "minutes"),
    [(-1, 60), (100, 60), (1, 0), (1, 481)],
    ids=["past", "far", "none", "long"],
)
def test_visits_that_cannot_be(society: Pairs, days: int, minutes: int) -> None:
    """Not in the past, not in half a year, not for no time, not for more than eight hours."""
    pair_id = society.pair(society.member(), volunteer_id=(who := society.member()))
    when = society.clock.now() + timedelta(days=days)
    with pytest.raises(BadField):
        society.visit(pair_id, who, starts_at=when, lasts_minutes=minutes)


def test_the_office_plans_for_those_it_names(society: Pairs) -> None:
    """Without a name there is nobody who would come."""
    pair_id = society.pair(society.member(), volunteer_id=(who := society.member()))
    with pytest.raises(BadField, match="visitor_ids"):
        society.visit(pair_id, None)
    key = society.name()
    planned = society.by(
        ORGANISER, lambda u: visits.plan(u, pair_id=pair_id, visitor_ids=[who], key=key)
    )
    assert who == society.claim_of(planned.claim_ids[0]).member_id


def test_one_visit_a_day_counts(society: Pairs) -> None:
    """What was rejected does not count; what is planned is told apart from what was done."""
    pair_id = society.pair(society.member(), volunteer_id=(who := society.member()))
    society.visited(pair_id, who)
    society.clock.advance(minutes=60)
    society.visited(pair_id, who)
    society.visit(pair_id, who, starts_at=society.clock.now() + timedelta(hours=6))
    month = society.month(pair_id)
    assert (2, 1, 0, 1, 31) == (
        month.wanted,
        month.done,
        month.planned,
        month.missing,
        month.days_left,
    )
    society.clock.advance(days=1)
    society.reject(society.visited(pair_id, who))
    society.visit(pair_id, who, starts_at=society.clock.now() + timedelta(days=3))
    month = society.month(pair_id)
    assert (1, 1, 1, 30) == (month.done, month.planned, month.missing, month.days_left)
    society.clock.advance(days=4)
    month = society.month(pair_id)
    assert (1, 0, 26) == (month.done, month.planned, month.days_left)
    society.clock.set(datetime.fromisoformat("2026-04-01T00:00:00+08:00"))
    month = society.month(pair_id)
    assert (2, 0, 0, 30) == (month.wanted, month.done, month.planned, month.days_left)


@pytest.mark.parametrize(("day", "wanted"), [(1, 2), (2, 1), (16, 1), (17, 0), (31, 0)])
def test_a_pair_that_begins_late_owes_a_part(society: Pairs, day: int, wanted: int) -> None:
    """The quota of its first month goes by the days that are left, rounded down."""
    society.clock.set(datetime(2026, 3, day, 23, 59, tzinfo=ZONE))
    pair_id = society.pair(society.member(), volunteer_id=society.member())
    assert wanted == society.month(pair_id).wanted


def test_who_is_short_is_listed_while_the_month_runs(society: Pairs) -> None:
    """Pairs of the asked communities that have not done their visits, page by page."""
    lazy = society.pair(society.member(), volunteer_id=society.member())
    busy = society.pair(society.member(), volunteer_id=(who := society.member()))
    gone = society.pair(society.member(), volunteer_id=society.member())
    society.end(gone)
    for _ in range(2):
        society.visited(busy, who)
        society.clock.advance(days=1)
    today = date(2026, 3, 3)
    short = society.see(lambda view: visits.short(view, day=today))
    assert ([(lazy, 2, 29)], None) == (
        [(one.pair.pair_id, one.missing, one.days_left) for one in short.months],
        short.after,
    )
    found, after = [], None
    for _ in range(2):
        ask = partial(visits.short, day=today, limit=1, after=after)
        page = society.see(ask)
        found += [one.pair.pair_id for one in page.months]
        after = page.after
    assert ([lazy], None) == (found, after)
    elsewhere = society.see(lambda view: visits.short(view, day=today, within=("com_x",)))
    assert () == elsewhere.months


def remind(society: Pairs) -> list[str]:
    """Run the reminders that are due, slice by slice; returns the months."""
    due = society.see(visit_reminders.due)
    for period in due:
        lease = society.do(partial(jobs.take, kind=visit_reminders.KIND, owner="a", period=period))
        assert lease is not None
        while not society.do(partial(visit_reminders.run_slice, lease=lease)):
            pass
    return due


def test_who_is_short_is_told_once_before_the_month_ends(
    society: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planned visit counts as done; of a household its adults are told."""
    monkeypatch.setattr(visit_reminders, "SLICE", 1)
    volunteer, head, child = (society.member() for _ in range(3))
    home = society.household(head)
    society.join(home, child, Standing.CHILD)
    society.pair(society.member(), volunteer_id=volunteer)
    society.pair(society.member(), household_id=home)
    planning = society.pair(society.member(), volunteer_id=(careful := society.member()))
    society.clock.set(datetime(2026, 3, 24, 12, tzinfo=ZONE))
    assert [] == remind(society)
    for days in (2, 3):
        later = society.clock.now() + timedelta(days=days)
        society.visit(planning, careful, starts_at=later)
    society.clock.set(datetime(2026, 3, 25, 12, tzinfo=ZONE))
    assert (["2026-03"], []) == (remind(society), remind(society))
    told = {one: "visits-short" in society.told(one) for one in (volunteer, head, child, careful)}
    assert {volunteer: True, head: True, child: False, careful: False} == told
    inbox = society.see(lambda view: notices.inbox(view, volunteer)).notices[0]
    assert {"visits": 2, "days": 7} == inbox.figures


def test_a_pair_ends_with_a_reason_and_another_begins(society: Pairs) -> None:
    """Planned visits are cancelled, history stays, and nothing ends twice."""
    elder, first, second = (society.member() for _ in range(3))
    pair_id = society.pair(elder, volunteer_id=first, told="三楼")
    planned = society.visit(pair_id, first, starts_at=society.clock.now() + timedelta(days=2))
    ended = society.end(pair_id)
    assert (PairState.ENDED, 1) == (ended.state, ended.visits_cancelled)
    assert TaskState.CANCELLED == society.task(planned.task_id).state
    assert ["claim-cancelled", "pair-begun", "pair-ended"] == sorted(society.told(first))
    found = society.found(pair_id)
    assert ("搬家", None) == (
        society.see(lambda view: pairs.reason(view, found)),
        society.see(lambda view: pairs.told(view, found)),
    )
    for work in (lambda: society.end(pair_id), lambda: society.visit(pair_id, first)):
        with pytest.raises(StateConflict):
            work()
    society.clock.advance(minutes=1)
    again = society.pair(elder, volunteer_id=second)
    history = society.see(lambda view: pairs.of_member(view, elder))
    assert [pair_id, again] == [one.pair_id for one in history]


def depart(society: Pairs, member_id: str) -> None:
    """Let somebody move away."""
    keys = society.name(), society.name()
    made = society.by(
        TREASURER,
        lambda u: departures.propose(
            u, member_id=member_id, cause=departures.Cause.MOVED, reason="搬走", key=keys[0]
        ),
    )
    society.by(
        ORGANISER, lambda u: departures.approve(u, departure_id=made.departure_id, key=keys[1])
    )


@pytest.mark.parametrize("side", ["elder", "volunteer", "household"])
def test_a_pair_ends_with_a_membership(society: Pairs, side: str) -> None:
    """Whoever leaves, the other side is told; a household's pair lasts while somebody is in it."""
    elder, volunteer, mate = (society.member() for _ in range(3))
    if side == "household":
        home = society.household(volunteer, mate)
        pair_id = society.pair(elder, household_id=home)
        depart(society, mate)
        assert PairState.RUNNING == society.found(pair_id).state
    else:
        pair_id = society.pair(elder, volunteer_id=volunteer)
    planned = society.visit(pair_id, volunteer, starts_at=society.clock.now() + timedelta(days=2))
    own_task = society.publish()
    society.claim(own_task, volunteer)
    depart(society, elder if side == "elder" else volunteer)
    found = society.found(pair_id)
    assert (PairState.ENDED, Cause.LEFT) == (found.state, found.cause)
    assert TaskState.CANCELLED == society.task(planned.task_id).state
    assert "pair-ended" in society.told(volunteer if side == "elder" else elder)
    assert [] == society.findings()


def merge(society: Pairs, old_id: str, kept_id: str) -> None:
    """Merge two rows of one person."""
    key = society.name()
    society.by(
        ORGANISER,
        lambda u: merges.propose(u, old_id=old_id, kept_id=kept_id, reason="同一人", key=key),
    )


def test_pairs_go_on_with_the_kept_row(society: Pairs) -> None:
    """Both sides, with what the visitors may know; an elder's second pair ends."""
    elder, volunteer, kept_elder, kept, third = (society.member() for _ in range(5))
    pair_id = society.pair(elder, volunteer_id=volunteer, told="三楼")
    merge(society, elder, kept_elder)
    merge(society, volunteer, kept)
    found = society.found(pair_id)
    assert (kept_elder, kept, PairState.RUNNING) == (
        found.elder_id,
        found.volunteer_id,
        found.state,
    )
    assert "三楼" == society.see(lambda view: pairs.told(view, found))
    twice = society.member()
    second = society.pair(twice, volunteer_id=third)
    merge(society, twice, kept_elder)
    states = [society.found(one).state for one in (pair_id, second)]
    assert [PairState.RUNNING, PairState.ENDED] == states
