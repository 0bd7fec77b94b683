"""Teams: founded at the office, joined by who agrees, led by who is named, left by oneself."""

from datetime import date
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.people import members, places, team_wishes, teams
from creditbank.people.errors import (
    GuardianNeeded,
    MemberNotFound,
    MemberSuspended,
    NotYours,
    OtherCommunity,
)
from creditbank.people.group_errors import (
    InTeam,
    LastLeader,
    LeaderUnfit,
    NotInTeam,
    TeamDissolved,
    TeamHasPoints,
    TeamNotFound,
    TeamWishNotFound,
)
from creditbank.people.places import TeamRole
from creditbank.people.team_wishes import Wished
from tests.books import made_up, moved
from tests.kinsfolk import YOUNG, Kinsfolk
from tests.society import ORGANISER, as_member, outcomes

ELSEWHERE = Actor("stf_elsewhere", "organiser", communities=(made_up("com", 9),))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Kinsfolk:
    """A society in a fresh database."""
    return Kinsfolk(database, clock)


def number_of(society: Kinsfolk, member_id: str) -> str:
    """The number of a member."""
    return society.see(partial(members.find, member_id=member_id)).number


def invites(society: Kinsfolk, team_id: str, member_id: str, actor: Actor) -> Wished:
    """Invite somebody."""
    number, key = number_of(society, member_id), society.name()
    return society.by(actor, partial(team_wishes.invite, team_id=team_id, number=number, key=key))


def asks(society: Kinsfolk, team_id: str, member_id: str) -> Wished:
    """Ask to be taken in."""
    return society.by(
        as_member(member_id),
        partial(team_wishes.ask, team_id=team_id, member_id=member_id, key=society.name()),
    )


def declines(society: Kinsfolk, team_id: str, member_id: str, actor: Actor) -> str:
    """Say no."""
    return society.by(
        actor,
        partial(team_wishes.decline, team_id=team_id, member_id=member_id, key=society.name()),
    )


def appoints(
    society: Kinsfolk, team_id: str, member_id: str, role: TeamRole, actor: Actor = ORGANISER
) -> TeamRole:
    """Name a leader, or let one be a leader no more."""
    key = society.name()
    return society.by(
        actor, partial(teams.appoint, team_id=team_id, member_id=member_id, role=role, key=key)
    )


def dissolves(society: Kinsfolk, team_id: str, actor: Actor = ORGANISER) -> str:
    """Dissolve a team."""
    return society.by(actor, partial(teams.dissolve, team_id=team_id, key=society.name()))


def test_a_team_keeps_who_came_and_went(society: Kinsfolk) -> None:
    """Leaders first; who was in it on a day; a member may be in several teams."""
    leader, one, two = society.person(), society.person(), society.person()
    team = society.team(leader, one, two)
    other = society.team(one, two)
    society.clock.advance(hours=48)
    society.quits(team, two, as_member(two))
    society.quits(team, one, as_member(leader))
    assert ((leader,), (leader,)) == (
        society.team_of(team).member_ids,
        society.team_of(team).leader_ids,
    )
    on = partial(places.on_day, team_id=team)
    before, after = date(2026, 3, 1), date(2026, 3, 4)
    assert {leader, one, two} == {x.member_id for x in society.see(partial(on, day=before))}
    assert [leader] == [x.member_id for x in society.see(partial(on, day=after))]
    now = society.see(partial(places.of_members, member_ids=[leader, one, two]))
    assert {leader: (team,), one: (other,), two: (other,)} == now
    assert ["team-joined", "team-joined", "team-left"] == society.told(one)


def test_who_is_taken_in_has_agreed(society: Kinsfolk) -> None:
    """A leader only invites, a member only asks; the second of the two makes the place."""
    leader, one, two = society.person(), society.person(), society.person()
    team = society.team(leader)
    with pytest.raises(NotYours):
        society.joins(team, one, actor=as_member(leader))
    assert invites(society, team, one, as_member(leader)).place_id is None
    assert invites(society, team, one, as_member(leader)).place_id is None
    assert (leader,) == society.team_of(team).member_ids
    assert asks(society, team, one).place_id is not None
    assert asks(society, team, two).place_id is None
    assert invites(society, team, two, as_member(leader)).place_id is not None
    assert {leader, one, two} == set(society.team_of(team).member_ids)
    assert ["team-invites", "team-invites", "team-joined"] == society.told(one)
    assert ["team-asked", "team-joined"] == society.told(leader)
    assert [] == society.see(partial(team_wishes.of_team, team_id=team))
    with pytest.raises(InTeam):
        asks(society, team, one)


def test_each_side_may_say_no(society: Kinsfolk) -> None:
    """A wish that was declined is gone: the other side has to come first again."""
    leader, one = society.person(), society.person()
    team = society.team(leader)
    for who in (one, leader):
        invites(society, team, one, as_member(leader))
        declines(society, team, one, as_member(who))
        assert asks(society, team, one).place_id is None
        declines(society, team, one, ORGANISER)
    with pytest.raises(TeamWishNotFound):
        declines(society, team, one, as_member(one))
    assert (leader,) == society.team_of(team).member_ids


def test_a_leader_leads_this_team_only(society: Kinsfolk) -> None:
    """Another team's leader, a mere member and another community's office may not."""
    leader, one, two, other = (society.person() for _ in range(4))
    team, _ = society.team(leader, one, two), society.team(other, name="夕阳红队")
    off = society.person()
    society.suspend(off)
    for actor, error in (
        (as_member(other), NotYours),
        (as_member(one), NotYours),
        (ELSEWHERE, OtherCommunity),
    ):
        for who in (other, off):
            with pytest.raises(error):
                invites(society, team, who, actor)
        with pytest.raises(error):
            society.quits(team, two, actor)
        with pytest.raises(error):
            dissolves(society, team, actor)
        with pytest.raises(error):
            appoints(society, team, one, TeamRole.LEADER, actor)
    with pytest.raises(NotYours):
        society.by(
            as_member(one),
            partial(team_wishes.ask, team_id=team, member_id=two, key=society.name()),
        )
    assert (leader,) == society.team_of(team).leader_ids


def test_the_office_says_who_leads_and_somebody_always_does(society: Kinsfolk) -> None:
    """The last leader neither steps down nor leaves before the others; no minor leads."""
    leader, one, child = society.person(), society.person(), society.person(YOUNG)
    team = society.team(leader, one, child)
    with pytest.raises(LeaderUnfit):
        society.team(child)
    with pytest.raises(LeaderUnfit):
        appoints(society, team, child, TeamRole.LEADER)
    with pytest.raises(LastLeader):
        society.quits(team, leader, as_member(leader))
    with pytest.raises(LastLeader):
        appoints(society, team, leader, TeamRole.MEMBER)
    with pytest.raises(NotYours):
        appoints(society, team, one, TeamRole.LEADER, as_member(leader))
    assert TeamRole.LEADER == appoints(society, team, one, TeamRole.LEADER)
    assert TeamRole.MEMBER == appoints(society, team, leader, TeamRole.MEMBER)
    assert (one,) == society.team_of(team).leader_ids
    assert ["team-joined", "team-leads"] == society.told(one)
    with pytest.raises(GuardianNeeded):
        asks(society, society.team(leader), child)
    with pytest.raises(NotInTeam):
        appoints(society, team, society.person(), TeamRole.LEADER)


def test_a_team_is_dissolved_when_its_points_are_donated(society: Kinsfolk) -> None:
    """What it earned goes first; then everybody's time ends, and nobody joins any more."""
    leader, one = society.person(), society.person()
    team = society.team(leader, one)
    society.post(moved(chart.ISSUANCE, chart.team(team), 5), kind=Kind.OPENING)
    with pytest.raises(TeamHasPoints):
        dissolves(society, team)
    given = moved(chart.team(team), chart.fund(society.community_id), 5)
    society.post(given, kind=Kind.DONATE)
    asks(society, team, society.person())
    dissolves(society, team)
    assert ((), society.clock.now()) == (
        society.team_of(team).member_ids,
        society.team_of(team).dissolved_at,
    )
    assert "team-left" in society.told(one)
    for refused in (partial(society.joins, team, one), partial(dissolves, society, team)):
        with pytest.raises(TeamDissolved):
            refused()
    assert () == society.see(teams.listing).teams


def test_nobody_joins_twice_even_at_once(society: Kinsfolk) -> None:
    """The same member is taken in by several at the same moment: one place."""
    team, wanted = society.team(society.person()), society.person()
    done, refused = outcomes(
        [
            society.submit(
                ORGANISER,
                partial(teams.join, team_id=team, member_id=wanted, key=society.name()),
            )
            for _ in range(5)
        ]
    )
    assert (1, {InTeam}) == (len(done), {type(one) for one in refused})


def test_what_is_not_there_or_may_not_act_is_refused(society: Kinsfolk) -> None:
    """Unknown teams, numbers and members; who is suspended neither joins nor asks."""
    leader, off = society.person(), society.person()
    team = society.team(leader)
    society.suspend(off)
    for refused in (
        partial(society.joins, team, off),
        partial(asks, society, team, off),
        partial(invites, society, team, off, as_member(leader)),
        partial(society.team, off),
    ):
        with pytest.raises(MemberSuspended):
            refused()
    with pytest.raises(TeamNotFound):
        society.joins(made_up("tea", 1), leader)
    with pytest.raises(MemberNotFound):
        society.joins(team, made_up("mem", 1))


def test_teams_are_listed_by_name(society: Kinsfolk) -> None:
    """Page by page, two of one name in a fixed order."""
    leader = society.person()
    made = {society.team(leader, name=name) for name in ("乙队", "甲队", "甲队")}
    first = society.see(partial(teams.listing, limit=2))
    rest = society.see(partial(teams.listing, after=first.after))
    listed = [*first.teams, *rest.teams]
    assert (made, None) == ({one.team_id for one in listed}, rest.after)
    assert sorted(one.name for one in listed) == [one.name for one in listed]
