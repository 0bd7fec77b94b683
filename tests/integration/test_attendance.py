"""Attendance: the site's code, leaders, the roster, pauses, the clock's sign-out, and children."""

import io
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import update

from api.scheduler import new_owner, run_due
from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField, KeyReused
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.people import consents, households, members, teams
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.people.households import Standing
from creditbank.schemes import scheme
from creditbank.service import attendance, days, pauses, site_codes
from creditbank.service.attendance import Attended
from creditbank.service.attendance_errors import (
    NoPause,
    PauseOpen,
    SignedInElsewhere,
    SiteCodeClosed,
    SiteCodeNeeded,
    SiteCodeOld,
    SiteCodeScrambled,
    SiteCodeTries,
    SiteCodeWrong,
    Unaccompanied,
)
from creditbank.tasks import claiming, claims
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.errors import ClaimNotFound, TooEarly
from creditbank.tasks.states import ClaimState
from merchants import code_digits
from merchants.errors import CodeForeign
from tests.society import ORGANISER, Society, as_member, outcomes
from tests.web import opened


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def adopt(society: Society, **parameters: Any) -> None:
    """Adopt parameters from today on."""
    key = society.name()
    society.by(
        ORGANISER,
        lambda u: scheme.adopt(u, parameters=parameters, effective_from=u.today, key=key),
    )


def code(society: Society, task_id: str, actor: Actor = ORGANISER) -> str:
    """What the site shows now."""
    return society.see(lambda view: site_codes.shown(view, actor, task_id)).digits


def scan(society: Society, claim_id: str, member_id: str, digits: str | None) -> Attended:
    """Sign in as the member, with a code or without."""
    work = partial(attendance.sign_in, claim_id=claim_id, key=society.name(), code=digits)
    return society.by(as_member(member_id), work)


def born(society: Society, born_on: date) -> str:
    """Register somebody of an age."""
    work = partial(
        members.register,
        name="李四",
        community_id=society.community_id,
        born_on=born_on,
        key=society.name(),
    )
    return society.by(ORGANISER, work).member_id


def household(society: Society, head_id: str, *others: tuple[str, Standing]) -> str:
    """Found a household."""
    office = partial(households.found, head_id=head_id, key=society.name())
    household_id = society.by(ORGANISER, office)
    for member_id, standing in others:
        work = partial(
            households.join,
            household_id=household_id,
            member_id=member_id,
            standing=standing,
            key=society.name(),
        )
        society.by(ORGANISER, work)
    return household_id


def as_family(
    society: Society, task_id: str, household_id: str, leader_id: str, people: Sequence[str]
) -> dict[str, str]:
    """Claim a task as a family; returns the claim of each of its people."""
    work = partial(
        claiming.claim_as_family,
        task_id=task_id,
        household_id=household_id,
        member_ids=people,
        leader_id=leader_id,
        key=society.name(),
    )
    made = society.by(as_member(leader_id), work)
    found = [society.claim_of(one) for one in made.claim_ids]
    return {one.member_id: one.claim_id for one in found}


# The site's code -------------------------------------------------------------------------------


def test_a_code_is_good_for_its_minute(society: Society) -> None:
    """A new one every 30 s, each good until 60 s after its issue, not a second more."""
    society.clock.set(society.clock.now().replace(second=0, microsecond=0))
    task_id, people = society.publish(), [society.member() for _ in range(3)]
    claims = [society.claim(task_id, one).claim_id for one in people]
    first = code(society, task_id)
    assert (18, "95") == (len(first), first[:2])
    society.clock.advance(seconds=29)
    assert first == code(society, task_id)
    society.clock.advance(seconds=1)
    second = code(society, task_id)
    assert first != second
    society.clock.advance(seconds=29)
    assert SignedInHow.CODE == scan(society, claims[0], people[0], first).how
    society.clock.advance(seconds=1)
    with pytest.raises(SiteCodeOld, match="60 seconds"):
        scan(society, claims[1], people[1], first)
    assert ClaimState.PLACED == society.claim_of(claims[1]).state
    spaced = f" {second[:6]} {second[6:12]} {second[12:]} "
    assert ClaimState.SIGNED_IN == scan(society, claims[1], people[1], spaced).state
    assert SignedInHow.SELF == scan(society, claims[2], people[2], None).how
    how = [society.claim_of(one).signed_in_how for one in claims]
    assert [SignedInHow.CODE, SignedInHow.CODE, SignedInHow.SELF] == how


def test_a_retry_after_the_minute_is_the_same_sign_in(society: Society) -> None:
    """The key is looked up first: a lost answer is asked for again with the old code."""
    task_id, who = society.publish(), society.member()
    claim_id, key = society.claim(task_id, who).claim_id, society.name()
    digits = code(society, task_id)
    work = partial(attendance.sign_in, claim_id=claim_id, key=key, code=digits)
    first = society.by(as_member(who), work)
    society.clock.advance(minutes=5)
    assert first == society.by(as_member(who), work)
    with pytest.raises(KeyReused):
        society.by(as_member(who), partial(attendance.sign_in, claim_id=claim_id, key=key))


def test_no_till_takes_a_site_code(society: Society) -> None:
    """The prefix is its own, and the digits of another task, bank or step are others."""
    task_id, other = society.publish(), society.publish()
    digits = code(society, task_id)
    with pytest.raises(CodeForeign):
        code_digits.read(digits)
    assert digits != code(society, other)


def test_wrong_codes_are_counted_for_each_member_and_task(society: Society) -> None:
    """After ten codes of another task even the right one is refused; a slip is not counted."""
    task_id, other, who = society.publish(), society.publish(), society.member()
    claim_id = society.claim(task_id, who).claim_id
    with pytest.raises(SiteCodeScrambled):
        scan(society, claim_id, who, "959" + "0" * 15)
    for left in range(site_codes.WRONG_MOST - 1, -1, -1):
        with pytest.raises(SiteCodeWrong, match=f"{left} tries"):
            scan(society, claim_id, who, code(society, other))
    with pytest.raises(SiteCodeTries):
        scan(society, claim_id, who, code(society, task_id))
    mate = society.member()
    claim_of_mate = society.claim(task_id, mate).claim_id
    assert SignedInHow.CODE == scan(society, claim_of_mate, mate, code(society, task_id)).how
    assert SignedInHow.ROSTER == society.sign_in(claim_id).how


def test_a_code_is_the_participants_own(society: Society) -> None:
    """Whoever ticks a roster scans nothing."""
    task_id = society.publish()
    claim_id = society.claim(task_id, society.member()).claim_id
    work = partial(
        attendance.sign_in, claim_id=claim_id, key=society.name(), code=code(society, task_id)
    )
    with pytest.raises(BadField, match="code"):
        society.by(ORGANISER, work)


def test_the_code_is_shown_in_its_window_only(society: Society) -> None:
    """From an hour before to the forced stop; outside, the refusal says between when."""
    task_id = society.publish(starts_in=timedelta(hours=2), lasts=timedelta(hours=1))
    with pytest.raises(SiteCodeClosed, match=r"\d\d:\d\d and .* only"):
        code(society, task_id)
    society.clock.advance(hours=1)
    assert code(society, task_id)
    society.clock.advance(hours=2, minutes=29)
    assert code(society, task_id)
    society.clock.advance(minutes=1)
    with pytest.raises(SiteCodeClosed):
        code(society, task_id)
    with pytest.raises(StateConflict, match="draft"):
        code(society, society.publish(draft=True))


def test_only_who_organises_or_leads_sees_the_code(society: Society) -> None:
    """A participant does not; staff of another community don't either."""
    task_id, who, mate = society.publish(), society.member(), society.member()
    away = Actor("stf_away", "organiser", communities=("com_other",))
    with pytest.raises(OtherCommunity):
        code(society, task_id, away)
    with pytest.raises(NotYours):
        code(society, task_id, as_member(who))
    family = household(society, who, (mate, Standing.ADULT))
    as_family(society, task_id, family, who, [who, mate])
    assert code(society, task_id) == code(society, task_id, as_member(who))
    with pytest.raises(NotYours):
        code(society, task_id, as_member(mate))


def test_a_programme_may_want_the_code_from_everyone_alone(society: Society) -> None:
    """Then nobody signs in or out from home; leaders and staff still tick people off."""
    adopt(society, self_sign_in=False)
    task_id, who, mate = society.publish(), society.member(), society.member()
    claim_id, other = (society.claim(task_id, one).claim_id for one in (who, mate))
    with pytest.raises(SiteCodeNeeded):
        scan(society, claim_id, who, None)
    scan(society, claim_id, who, code(society, task_id))
    society.sign_in(other)
    society.clock.advance(hours=2)
    leave = partial(attendance.sign_out, claim_id=claim_id, key=society.name())
    with pytest.raises(SiteCodeNeeded):
        society.by(as_member(who), leave)
    leave = partial(leave, key=society.name(), code=code(society, task_id))
    assert 60 == society.by(as_member(who), leave).measured_minutes
    with pytest.raises(BadField, match="self_sign_in"):
        adopt(society, self_sign_in="no")


# Leaders, rosters, children --------------------------------------------------------------------


def test_a_leader_signs_in_the_people_of_the_claim(society: Society) -> None:
    """One tap each, marked on the evidence; nobody else's people, and nobody leads for them."""
    lead, mate, stranger = (society.member() for _ in range(3))
    task_id = society.publish()
    family = household(society, lead, (mate, Standing.ADULT))
    of = as_family(society, task_id, family, lead, [lead, mate])
    alone = society.claim(task_id, stranger).claim_id
    assert SignedInHow.LEADER == scan(society, of[mate], lead, None).how
    assert SignedInHow.SELF == scan(society, of[lead], lead, None).how
    for claim_id, by in ((alone, lead), (of[lead], mate)):
        with pytest.raises(NotYours):
            scan(society, claim_id, by, None)
    assert {lead} <= society.claim_of(of[mate]).noted_by
    society.clock.advance(hours=2)
    leave = partial(attendance.sign_out, claim_id=of[mate], key=society.name())
    assert 60 == society.by(as_member(lead), leave).measured_minutes


def test_a_leader_of_a_team_signs_in_many_at_once(society: Society) -> None:
    """A team's leader ticks its people off in one call, and out again."""
    lead, people = society.member(), [society.member() for _ in range(4)]
    team_id = society.by(
        ORGANISER,
        partial(
            teams.found,
            name="青年队",
            community_id=society.community_id,
            leader_id=lead,
            key=society.name(),
        ),
    )
    for one in people:
        join = partial(teams.join, team_id=team_id, member_id=one, key=society.name())
        society.by(ORGANISER, join)
    task_id = society.publish()
    made = society.by(
        as_member(lead),
        partial(
            claiming.claim_as_team,
            task_id=task_id,
            team_id=team_id,
            member_ids=[lead, *people],
            leader_id=lead,
            key=society.name(),
        ),
    )
    calls = {"task_id": task_id, "claim_ids": made.claim_ids}
    come = partial(attendance.sign_in_all, **calls, key=society.name())
    how = [one.how for one in society.by(as_member(lead), come)]
    assert (4, 1) == (how.count(SignedInHow.LEADER), how.count(SignedInHow.SELF))
    society.clock.advance(hours=3)
    leave = partial(attendance.sign_out_all, **calls, key=society.name())
    left = society.by(as_member(lead), leave)
    assert [(one, 120) for one in made.claim_ids] == [
        (one.claim_id, one.measured_minutes) for one in left
    ]


def test_a_roster_is_all_or_nothing(society: Society) -> None:
    """With one claim that cannot come nobody is signed in; the error says which."""
    task_id, people = society.publish(), [society.member() for _ in range(3)]
    claims = [society.claim(task_id, one).claim_id for one in people]
    elsewhere = society.claim(
        society.publish(starts_in=timedelta(days=2)), society.member()
    ).claim_id

    def tick(several: Sequence[str]) -> Any:
        work = partial(
            attendance.sign_in_all, task_id=task_id, claim_ids=several, key=society.name()
        )
        return society.by(ORGANISER, work)

    with pytest.raises(ClaimNotFound):
        tick([*claims, elsewhere])
    for bad in ([], [claims[0]] * 2):
        with pytest.raises(BadField, match="claim_ids"):
            tick(bad)
    work = partial(members.suspend, member_id=people[2], key=society.name())
    society.by(ORGANISER, work)
    with pytest.raises(MemberSuspended):
        tick(claims)
    assert {ClaimState.PLACED} == {society.claim_of(one).state for one in claims}
    done = tick(claims[:2])
    assert claims[:2] == [one.claim_id for one in done]
    assert {SignedInHow.ROSTER} == {one.how for one in done}
    with pytest.raises(StateConflict):
        tick(claims[:2])


def test_a_child_comes_with_an_adult_who_is_there(society: Society) -> None:
    """Alone it is refused, on a roster the adult goes first, and at 14 nobody is asked."""
    adult, child, teen = (
        born(society, one) for one in (date(1980, 5, 5), date(2016, 5, 5), date(2012, 3, 1))
    )
    family = household(society, adult, (child, Standing.CHILD), (teen, Standing.CHILD))
    agree = partial(
        consents.give,
        member_id=child,
        purposes=[consents.SERVICE],
        guardian_id=adult,
        key=society.name(),
    )
    society.by(ORGANISER, agree)
    task_id = society.publish()
    of = as_family(society, task_id, family, adult, [child, adult, teen])
    with pytest.raises(Unaccompanied, match="Below 14"):
        society.sign_in(of[child])
    assert ClaimState.SIGNED_IN == society.sign_in(of[teen]).state
    work = partial(
        attendance.sign_in_all,
        task_id=task_id,
        claim_ids=[of[child], of[adult]],
        key=society.name(),
    )
    done = society.by(as_member(adult), work)
    assert [of[child], of[adult]] == [one.claim_id for one in done]
    assert [SignedInHow.LEADER, SignedInHow.SELF] == [one.how for one in done]


def test_nobody_is_at_two_places(society: Society) -> None:
    """Signed in at one task that runs, one signs in at no other; its end, or a sign-out, frees."""
    who = society.member()
    first = society.claim(society.publish(lasts=timedelta(minutes=30)), who).claim_id
    second = society.claim(
        society.publish(starts_in=timedelta(minutes=90), lasts=timedelta(hours=2)), who
    ).claim_id
    society.clock.advance(minutes=45)
    society.sign_in(first)
    with pytest.raises(SignedInElsewhere):
        society.sign_in(second)
    society.clock.advance(minutes=45)
    assert ClaimState.SIGNED_IN == society.sign_in(second).state
    assert ClaimState.SIGNED_OUT == society.sign_out(first).state


def test_two_sign_ins_race(society: Society) -> None:
    """Two phones at two tasks in the same moment: one is refused, the member's lock says."""
    who = society.member()
    first = society.claim(society.publish(lasts=timedelta(minutes=30)), who).claim_id
    second = society.claim(society.publish(starts_in=timedelta(minutes=90)), who).claim_id
    society.clock.advance(minutes=45)
    works = [
        partial(attendance.sign_in, claim_id=one, key=society.name())
        for one in (first, second)
        for _ in range(4)
    ]
    done, refused = outcomes([society.submit(as_member(who), work) for work in works])
    assert (1, 7) == (len(done), len(refused))
    assert {SignedInElsewhere, StateConflict} == {type(one) for one in refused}


# Pauses and the clock --------------------------------------------------------------------------


def test_pauses_are_taken_off(society: Society) -> None:
    """One at a time; one that is left open ends with the sign-out."""
    task_id, who = society.publish(), society.member()
    claim_id = society.claim(task_id, who).claim_id
    me = as_member(who)

    def rest(verb: Any) -> Any:
        return society.by(me, partial(verb, claim_id=claim_id, key=society.name()))

    with pytest.raises(StateConflict, match="pause"):
        rest(pauses.begin)
    society.clock.advance(hours=1)
    society.sign_in(claim_id)
    with pytest.raises(NoPause):
        rest(pauses.end)
    society.clock.advance(minutes=10)
    rest(pauses.begin)
    with pytest.raises(PauseOpen):
        rest(pauses.begin)
    society.clock.advance(minutes=15)
    assert rest(pauses.end).ended_at == society.clock.now()
    society.clock.advance(minutes=35)
    rest(pauses.begin)
    society.clock.advance(minutes=20)
    assert 45 == society.sign_out(claim_id).measured_minutes
    assert 35 == society.claim_of(claim_id).paused_minutes
    ends = [one.ended_at for one in society.see(lambda v: pauses.of_claim(v, claim_id))]
    assert society.clock.now() == ends[-1]
    stranger = as_member(society.member())
    with pytest.raises(NotYours):
        society.by(stranger, partial(pauses.begin, claim_id=claim_id, key=society.name()))


def test_signing_in_closes_with_the_task(society: Society) -> None:
    """Too early says how early, too late says that it is over."""
    who = society.member()
    claim_id = society.claim(society.publish(starts_in=timedelta(hours=3)), who).claim_id
    with pytest.raises(TooEarly):
        scan(society, claim_id, who, None)
    society.clock.advance(hours=5)
    with pytest.raises(StateConflict, match="ended"):
        scan(society, claim_id, who, None)


def test_the_clock_signs_out_who_forgot(society: Society) -> None:
    """Half an hour after the end a job does it: minutes to the end, flagged, and told."""
    task_id, people = society.publish(), [society.member() for _ in range(9)]
    claims = [society.claim(task_id, one).claim_id for one in people]
    society.clock.advance(hours=1)
    for claim_id in claims[:8]:
        society.sign_in(claim_id)
    society.by(as_member(people[0]), partial(pauses.begin, claim_id=claims[0], key=society.name()))
    society.clock.advance(hours=2)
    society.sign_out(claims[7])
    society.clock.advance(minutes=29)
    assert [] == _forced(society)
    society.clock.advance(minutes=1)
    assert ["force-sign-out"] == _forced(society)
    assert [] == _forced(society)
    found = [society.claim_of(one) for one in claims]
    assert [ClaimState.FORCED_OUT] * 7 == [one.state for one in found[:7]]
    assert (ClaimState.SIGNED_OUT, ClaimState.PLACED) == (found[7].state, found[8].state)
    assert [1] + [120] * 6 == [one.measured_minutes for one in found[:7]]
    assert {("forced",)} == {one.flags for one in found[:7]}
    assert society.clock.now() == found[1].forced_out_at
    assert society.task(task_id).ends_at == found[1].signed_out_at
    kinds = [one.kind for one in society.see(lambda v: notices.inbox(v, people[1])).notices]
    assert ["forced-out"] == kinds
    assert [] == society.findings()


def _forced(society: Society) -> list[str]:
    ran = run_due(society.database, new_owner())
    return [one.kind for one in ran if one.kind == "force-sign-out"]


def test_a_sign_out_past_the_forced_stop_is_one(society: Society) -> None:
    """Whether or not the job has run, half an hour after the end it counts as forgotten."""
    task_id, who = society.publish(), society.member()
    claim_id = society.claim(task_id, who).claim_id
    society.clock.advance(hours=1)
    society.sign_in(claim_id)
    society.clock.advance(hours=2, minutes=30)
    left = society.sign_out(claim_id)
    assert (ClaimState.FORCED_OUT, 120) == (left.state, left.measured_minutes)
    assert ("forced",) == society.claim_of(claim_id).flags


def test_approved_minutes_belong_to_their_days(society: Society) -> None:
    """A service over midnight counts to both days, as far as each has of it."""
    who = society.member()
    society.clock.set(society.clock.now().replace(hour=13, minute=0))  # 21:00 in Shanghai
    task_id = society.publish(starts_in=timedelta(hours=1), lasts=timedelta(hours=4))
    claim_id = society.served(who, task_id, minutes=200)
    today = date(2026, 3, 1)
    both = [today, today + timedelta(days=1)]
    assert dict.fromkeys(both, 0) == society.see(lambda v: days.approved(v, who, both))
    society.approve(claim_id, minutes=180)
    found = society.see(lambda v: days.approved(v, who, both))
    assert {both[0]: 120, both[1]: 60} == found


def test_the_site_shows_a_picture_that_a_phone_reads(
    database: Database, clock: ManualClock
) -> None:
    """The QR holds the digits; the member's sign-in with them is by the code."""
    with opened(database, clock) as web:
        _, token = web.member()
        task_id = web.publish()
        claim_id = web.made(f"/tasks/{task_id}/claims", token, {})["claim_id"]
        shown = web.get(f"/tasks/{task_id}/site-code", web.organiser)
        picture = web.get(f"/tasks/{task_id}/site-code.png", web.organiser)
        assert {"no-store"} == {one.headers["cache-control"] for one in (shown, picture)}
        [read] = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))
        assert shown.json()["digits"] == read.text
        assert 403 == web.get(f"/tasks/{task_id}/site-code.svg", token).status_code
        done = web.made(f"/claims/{claim_id}/sign-in", token, {"site_code": read.text})
        assert ("signed_in", "code") == (done["state"], done["how"])


def test_one_bad_claim_keeps_no_other_signed_in(society: Society) -> None:
    """A row that cannot be measured is passed over; all others are signed out."""
    task_id, of = society.publish(), claims.claims.c
    ids = sorted(society.claim(task_id, society.member()).claim_id for _ in range(3))
    society.clock.advance(hours=1)
    for claim_id in ids:
        society.sign_in(claim_id)
    bad = update(claims.claims).where(of.bank_id == society.bank_id, of.claim_id == ids[0])
    society.do(lambda u: u.run(bad.values(signed_in_at=None)))
    society.clock.advance(hours=5)
    assert ["force-sign-out"] == _forced(society)
    states = [society.claim_of(claim_id).state for claim_id in ids]
    assert [ClaimState.SIGNED_IN, ClaimState.FORCED_OUT, ClaimState.FORCED_OUT] == states
