"""Reviews in full: the bank's pool, disputes, deadlines, and second looks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from api import scheduler
from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.identity.roles import Role
from creditbank.people import communities, households, members, persons, relatives
from creditbank.people.errors import NotYours, OtherCommunity
from creditbank.people.relatives import Relation
from creditbank.people.stays import Standing
from creditbank.schemes import scheme
from creditbank.service import disputes, draws, review_sheets, reviewers, reviews, second_looks
from creditbank.service.disputes import Disputed
from creditbank.service.draws import SecondLook
from creditbank.service.review_errors import (
    DecisionFinal,
    DisputeTooLate,
    LookFirst,
    NotDrawn,
    OtherReviewerNeeded,
)
from creditbank.service.reviewers import Pool
from creditbank.service.second_looks import Looked
from creditbank.tasks import claims
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import OwnWork
from creditbank.tasks.states import ClaimState
from tests import families, web
from tests.panels import seat
from tests.society import ORGANISER, REVIEWER, SECOND, Society, as_member, outcomes
from tests.web import Web


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


def _dispute(society: Society, claim_id: str, actor: Actor) -> Disputed:
    key = society.name()
    return society.by(
        actor, lambda u: disputes.dispute(u, claim_id=claim_id, reason="我到了", key=key)
    )


def _rejected(society: Society, actor: Actor = REVIEWER) -> tuple[str, str]:
    """Somebody, and their claim that was rejected."""
    who = society.member()
    claim_id = society.served(who)
    society.reject(claim_id, actor=actor)
    return who, claim_id


def _decided(society: Society, claim_id: str) -> datetime:
    """When a claim was decided."""
    decided_at = society.claim_of(claim_id).decided_at
    assert decided_at is not None
    return decided_at


def _household(society: Society, head: str, *others: str) -> str:
    key = society.name()
    found = society.by(ORGANISER, lambda u: households.found(u, head_id=head, key=key))
    for one in others:
        key = society.name()
        society.by(
            ORGANISER,
            lambda u, one=one, key=key: households.join(  # type: ignore[misc]
                u, household_id=found, member_id=one, standing=Standing.ADULT, key=key
            ),
        )
    return found


def test_a_second_reviewer_decides_a_dispute(society: Society) -> None:
    """The member says why; the first reviewer, under any role, does not decide again."""
    office, mate = society.member(), society.member()
    _household(society, office, mate)
    first = Actor("stf_first", "reviewer", office)
    who, claim_id = _rejected(society, first)
    disputed = _dispute(society, claim_id, as_member(who))
    assert (ClaimState.DISPUTED, society.clock.now() + timedelta(days=7)) == (
        disputed.state,
        disputed.review_due_at,
    )
    found = society.claim_of(claim_id)
    assert "我到了" not in str(found.dispute)
    assert "我到了" == society.see(lambda v: reviews.with_reasons(v, [found])[0].dispute)
    close = [first, Actor("stf_first", "operator"), Actor("stf_x", "reviewer", office)]
    for actor in [*close, Actor("stf_mate", "reviewer", mate)]:
        for verb in (society.approve, society.reject):
            with pytest.raises(OtherReviewerNeeded):
                verb(claim_id, actor=actor)
    assert 0 == society.points(who)
    society.approve(claim_id, actor=SECOND)
    assert (5, None) == (society.points(who), society.claim_of(claim_id).reason)
    assert [] == society.findings()


def test_the_second_decision_is_final(society: Society) -> None:
    """Rejected twice is rejected for good, and the member is told so."""
    who, claim_id = _rejected(society)
    _dispute(society, claim_id, as_member(who))
    society.reject(claim_id, actor=SECOND)
    with pytest.raises(DecisionFinal):
        _dispute(society, claim_id, as_member(who))
    with pytest.raises(StateConflict):
        society.approve(claim_id, actor=Actor("stf_third", "reviewer"))
    told = society.see(lambda v: notices.inbox(v, who)).notices
    assert {"rejected", "rejected-for-good"} == {one.kind for one in told}
    assert [] == society.findings()


def test_a_rejection_is_disputed_within_a_week(society: Society) -> None:
    """On the seventh day it still goes, a second later the rejection stands."""
    (who, first), (other, second) = _rejected(society), _rejected(society)
    society.clock.set(_decided(society, first) + timedelta(days=7))
    _dispute(society, first, as_member(who))
    society.clock.set(_decided(society, second) + timedelta(days=7, seconds=1))
    with pytest.raises(DisputeTooLate, match="7 days"):
        _dispute(society, second, as_member(other))


def test_only_the_member_or_a_guardian_disputes(society: Society) -> None:
    """Nobody else does, neither a neighbour nor the office; what was approved is not disputed."""
    who, claim_id = _rejected(society)
    for actor in (as_member(society.member()), ORGANISER, REVIEWER):
        with pytest.raises(NotYours):
            _dispute(society, claim_id, actor)
    mother, key = society.member(), society.name()
    society.do(lambda u: persons.change(u, holder_id=who, born_on=date(2014, 3, 1)))
    society.by(
        ORGANISER,
        lambda u: relatives.register(
            u, member_id=mother, relative_id=who, relation=Relation.CHILD, key=key
        ),
    )
    assert ClaimState.DISPUTED == _dispute(society, claim_id, as_member(mother)).state
    other = society.member()
    approved = society.served(other)
    society.approve(approved)
    with pytest.raises(StateConflict):
        _dispute(society, approved, as_member(other))


def test_a_community_without_two_reviewers_has_the_banks_pool(society: Society) -> None:
    """Until a second one is seated, reviewers of elsewhere see and approve; then no more."""
    key = society.name()
    elsewhere = society.by(ORGANISER, lambda u: communities.create(u, name="青竹社区", key=key))
    far = Actor("stf_far", "reviewer", communities=(elsewhere,))
    clerk = Actor("stf_clerk", "organiser", communities=(elsewhere,))
    first, second = (society.served(society.member()) for _ in "12")

    def queue() -> list[str]:
        page = society.see(lambda v: reviews.waiting(v, within=(elsewhere,)))
        return [one.claim_id for one in page.claims]

    def pool() -> Pool:
        return society.see(lambda v: reviewers.pool(v, society.community_id))

    seat(society.database, society.bank_id, society.community_id, 1)
    same = society.member()
    seat(society.database, society.bank_id, elsewhere, 2, member_id=same)
    assert (Pool.BANK, [first, second]) == (pool(), queue())
    assert Pool.BANK == society.see(lambda v: reviewers.pool(v, elsewhere))
    with pytest.raises(OtherCommunity):
        society.approve(first, actor=clerk)
    assert ClaimState.APPROVED == society.approve(first, actor=far).state
    seat(society.database, society.bank_id, society.community_id, 1, role=Role.COMMUNITY_HEAD)
    assert (Pool.COMMUNITY, []) == (pool(), queue())
    with pytest.raises(OtherCommunity):
        society.approve(second, actor=far)


def test_what_is_late_is_escalated_and_never_approved_by_silence(society: Society) -> None:
    """The member and the community's head are told once, and the whole bank may review it."""
    head, elsewhere = society.member(), "com_elsewhere"
    where = (society.database, society.bank_id, society.community_id)
    seat(*where, 1)
    seat(*where, 1, role=Role.COMMUNITY_HEAD, member_id=head)
    far = Actor("stf_far", "reviewer", communities=(elsewhere,))
    who = society.member()
    claim_id = society.served(who)
    late = society.claim_of(claim_id).review_due_at
    assert society.clock.now() + timedelta(days=7) == late
    works = [one for one in scheduler.WORKS if one.kind == "tell-late-reviews"]

    def told(one: str) -> list[str]:
        return [notice.kind for notice in society.see(lambda v: notices.inbox(v, one)).notices]

    assert [] == scheduler.run_due(society.database, "a", works)
    with pytest.raises(OtherCommunity):
        society.approve(claim_id, actor=far)
    society.clock.advance(days=7)
    for _ in range(2):
        scheduler.run_due(society.database, "a", works)
    assert (["review-late"], ["reviews-late"]) == (told(who), told(head))
    assert (ClaimState.SIGNED_OUT, 0) == (society.claim_of(claim_id).state, society.points(who))
    page = society.see(lambda v: reviews.waiting(v, within=(elsewhere,)))
    assert [claim_id] == [one.claim_id for one in page.claims]
    society.approve(claim_id, actor=far)
    assert 5 == society.points(who)


def test_the_queue_is_in_order_of_what_is_due(society: Society) -> None:
    """What was disputed is due anew, and pages follow one another without gap."""
    who, disputed = _rejected(society)
    plain = [society.served(society.member()) for _ in "123"]
    society.clock.advance(hours=1)
    _dispute(society, disputed, as_member(who))
    seen: list[str] = []
    after = None
    while True:
        page = society.see(lambda v, after=after: reviews.waiting(v, after=after, limit=2))  # type: ignore[misc]
        seen += [one.claim_id for one in page.claims]
        after = page.after
        if after is None:
            break
    assert [*plain, disputed] == seen


def _look(society: Society, claim_id: str, actor: Actor, *, passed: bool) -> Looked:
    key, reason = society.name(), None if passed else "无人见到"
    return society.by(
        actor,
        lambda u: second_looks.look(u, claim_id=claim_id, passed=passed, reason=reason, key=key),
    )


def test_a_second_look_is_by_somebody_else(society: Society) -> None:
    """A passed one stays, a failed one takes the credit back, each once."""
    _adopt(society, second_look_permille=1000)
    people = [society.member() for _ in "12"]
    good, bad = (society.served(one) for one in people)
    for one in (good, bad):
        society.approve(one)
        assert SecondLook.DRAWN == society.claim_of(one).second_look
        with pytest.raises(OtherReviewerNeeded):
            _look(society, one, REVIEWER, passed=True)
    page = society.see(lambda v: second_looks.waiting(v, other_than=REVIEWER.id))
    assert [] == list(page.claims)
    page = society.see(lambda v: second_looks.waiting(v, other_than=SECOND.id))
    assert [good, bad] == [one.claim_id for one in page.claims]
    with pytest.raises(OwnWork):
        _look(society, good, Actor("stf_b", "reviewer", people[0]), passed=True)
    assert ClaimState.APPROVED == _look(society, good, SECOND, passed=True).state
    failed = _look(society, bad, SECOND, passed=False)
    assert (ClaimState.REVOKED, SecondLook.FAILED) == (failed.state, failed.second_look)
    assert [5, 0] == [society.points(one) for one in people]
    with pytest.raises(NotDrawn):
        _look(society, good, SECOND, passed=False)
    with pytest.raises(StateConflict):
        _look(society, bad, SECOND, passed=True)
    with pytest.raises(BadField, match="reason"):
        society.by(
            SECOND,
            lambda u: second_looks.look(
                u, claim_id=good, passed=False, key="second-look-without-why"
            ),
        )
    assert [] == society.findings()


def test_the_draw_is_of_a_share_and_not_to_be_foreseen(society: Society) -> None:
    """None at 0, each at 1,000; what others noted is drawn at twice the share."""
    _adopt(society, second_look_permille=0)
    claim_id = society.served(society.member())
    society.approve(claim_id)
    assert society.claim_of(claim_id).second_look is None
    with pytest.raises(NotDrawn):
        _look(society, claim_id, SECOND, passed=True)
    _adopt(society, second_look_permille=250)
    found = society.claim_of(claim_id)

    def drawn(how: SignedInHow, *flags: str) -> int:
        many = [replace(found, claim_id=f"clm_{n}", signed_in_how=how) for n in range(400)]
        return society.see(lambda v: sum(draws.draw(v, one, flags) is not None for one in many))

    assert 50 < drawn(SignedInHow.CODE) < 150 < drawn(SignedInHow.ROSTER) < 250
    assert drawn(SignedInHow.LEADER) == drawn(SignedInHow.CODE, "alone") > 150


def test_the_audit_sees_housemates_disputes_and_looks(society: Society) -> None:
    """Each of them, forced into the rows, is found."""
    mate, who = society.member(), society.member()
    _household(society, who, mate)
    claim_id = society.served(who)
    society.approve(claim_id)
    assert [] == society.findings()
    found = society.claim_of(claim_id)
    bad: list[dict[str, Any]] = [
        {"decided_by_member": mate},
        {"second_looked_by": found.decided_by},
        {"first_decided_by": found.decided_by, "disputed_at": found.decided_at},
    ]
    for values in bad:
        society.do(lambda u, values=values: claims.store(u, claim_id, **values))  # type: ignore[misc]
        assert ["nobody reviews own work"] == [
            one.split("proof='")[1].split("'")[0] for one in society.findings()
        ]
        undone = dict.fromkeys(values)
        society.do(lambda u, undone=undone: claims.store(u, claim_id, **undone))  # type: ignore[misc]


def test_a_sheet_shows_what_an_approval_would_bring(society: Society) -> None:
    """Caps are shown before anything is approved, and nothing is written by looking."""
    _adopt(society, assets=[{"asset": "XYB", "cap_day": 3}])
    who = society.member()
    claim_id = society.served(who)
    found = society.see(lambda v: review_sheets.of(v, REVIEWER, claim_id))
    assert found.preview is not None
    [one] = found.preview.lines
    assert (5, 3, 2, Pool.BANK) == (one.units, one.kept, one.over, found.reviewed_by)
    society.approve(claim_id)
    assert 3 == society.points(who)
    assert society.see(lambda v: review_sheets.of(v, REVIEWER, claim_id)).preview is None


def test_an_odd_service_is_not_approved_among_many_unseen(society: Society) -> None:
    """Who forgot to sign out waits until somebody says that they looked."""
    who, task_id = society.member(), society.publish()
    claim_id = society.claim(task_id, who).claim_id
    society.clock.advance(hours=1)
    society.sign_in(claim_id)
    society.clock.advance(hours=3)
    society.close(task_id)
    keys = [society.name() for _ in "12"]
    with pytest.raises(LookFirst) as refused:
        society.by(REVIEWER, lambda u: reviews.approve_listed(u, claim_id=claim_id, key=keys[0]))
    assert "forced" == refused.value.flags
    society.by(
        REVIEWER,
        lambda u: reviews.approve_listed(u, claim_id=claim_id, looked=True, key=keys[1]),
    )
    assert 5 == society.points(who)


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def test_many_are_approved_in_one_call(api: Web) -> None:
    """Each is a unit of its own; what is refused says why, and a repeat changes nothing."""
    tokens = [api.member()[1] for _ in "123"]
    waiting = [api.served(one) for one in tokens]
    reviewer, other = api.token(Role.REVIEWER), api.token(Role.REVIEWER)
    assert 200 == api.post(f"/claims/{waiting[1]}/reject", other, {"reason": "无"}).status_code
    listed = api.get("/reviews", reviewer).json()["items"]
    assert [[], []] == [one["flags"] for one in listed]
    before = api.get(f"/claims/{waiting[0]}/review", reviewer).json()
    assert ("bank", waiting[0]) == (before["reviewed_by"], before["claim"]["claim_id"])
    body = {"items": [{"claim_id": one} for one in waiting]}
    key = web.new_key()
    answers = [api.post("/reviews/approve", reviewer, body, key=key).json() for _ in "12"]
    assert answers[0] == answers[1]
    assert (2, [None, "state-conflict", None]) == (
        answers[0]["approved"],
        [one["refused"] for one in answers[0]["items"]],
    )
    disputed = api.post(f"/claims/{waiting[1]}/dispute", tokens[1], {"reason": "我到了"})
    assert "disputed" == disputed.json()["state"]
    [again] = api.get("/reviews", reviewer).json()["items"]
    assert ("我到了", False) == (again["dispute"], again["late"])
    assert 403 == api.post(f"/claims/{waiting[1]}/approve", other, {}).status_code
    assert 200 == api.post(f"/claims/{waiting[1]}/approve", reviewer, {}).status_code


def test_an_approval_and_a_look_of_one_person_race(society: Society) -> None:
    """Who looks again is not who approves meanwhile, whatever the look has read before."""
    _adopt(society, second_look_permille=1000)
    waiting = [society.served(society.member()) for _ in range(6)]
    for claim_id in waiting:
        approve = partial(reviews.approve, claim_id=claim_id, key=society.name())
        look = partial(second_looks.look, claim_id=claim_id, passed=True, key=society.name())
        done, _ = outcomes([society.submit(REVIEWER, work) for work in (approve, look)])
        assert [reviews.Approved] == [type(one) for one in done]
    assert [] == society.findings()


def test_a_guardian_decides_nothing_about_the_child(society: Society) -> None:
    """Nor does a second parent elsewhere who disputes and is a reviewer, too."""
    mother, (who, claim_id) = society.member(), _rejected(society)
    society.do(lambda u: persons.change(u, holder_id=who, born_on=date(2014, 3, 1)))
    parent = partial(relatives.register, member_id=mother, relative_id=who, key=society.name())
    society.by(ORGANISER, partial(parent, relation=Relation.CHILD))
    _dispute(society, claim_id, as_member(mother))
    for verb in (society.approve, society.reject):
        with pytest.raises(OwnWork):
            verb(claim_id, actor=Actor("stf_mother", "reviewer", mother))
    assert ClaimState.APPROVED == society.approve(claim_id, actor=SECOND).state


def test_nobody_reviews_their_own_team(society: Society) -> None:
    """Neither its leader, nor who came along, nor who is in it and stayed at home."""
    leader, one, absent = (society.member() for _ in range(3))
    team_id = families.team(society, leader, one, absent)
    people = [leader, one]
    made = families.claim_team(society, society.publish(), team_id, people, by=ORGANISER)
    society.clock.advance(hours=1)
    for claim_id in made.claim_ids:
        society.sign_in(claim_id)
    society.clock.advance(hours=1)
    for claim_id in made.claim_ids:
        society.sign_out(claim_id)
    for member_id, other in ((leader, 1), (one, 0), (absent, 0)):
        with pytest.raises(OwnWork):
            society.approve(made.claim_ids[other], actor=Actor("stf_of_it", "reviewer", member_id))
    assert ClaimState.APPROVED == society.approve(made.claim_ids[1]).state


def test_who_was_merged_disputes_from_the_kept_row(society: Society) -> None:
    """What was rejected stays with the old row, whose person goes on as another."""
    kept, (old, claim_id) = society.member(), _rejected(society)
    of = members.members.c
    merged = update(members.members).where(of.bank_id == society.bank_id, of.member_id == old)
    with pytest.raises(NotYours):
        _dispute(society, claim_id, as_member(kept))
    society.do(lambda u: u.run(merged.values(merged_into=kept)))
    assert ClaimState.DISPUTED == _dispute(society, claim_id, as_member(kept)).state
