"""What becomes of households, teams, relatives, skills and thanks when somebody leaves."""

from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.leaving import closings, erasures, merges
from creditbank.leaving.erasures import Goes
from creditbank.people import delegates, relatives, skills, stays, team_wishes
from creditbank.people.errors import DelegateSelf
from creditbank.people.relatives import Relation
from creditbank.service import confirmations, thanks
from creditbank.service.thanks import ThanksState
from creditbank.tasks.errors import OwnWork
from tests.integration.test_thanks import WORDS, received, release, visited, write
from tests.kinsfolk import YOUNG, Kinsfolk
from tests.society import ORGANISER, as_member

DOCUMENT = "11010519491231002X"


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Kinsfolk:
    """A society in a fresh database."""
    return Kinsfolk(database, clock)


def leaves(society: Kinsfolk, member_id: str) -> None:
    """End a membership."""

    def close(unit: Unit) -> None:
        closings.lock(unit, member_id)
        closings.close(unit, member_id)

    society.by(ORGANISER, close)


def merge(society: Kinsfolk, old_id: str, kept_id: str) -> None:
    """Merge two rows of one person."""
    said = partial(merges.propose, old_id=old_id, kept_id=kept_id, reason="同一人")
    society.by(ORGANISER, partial(said, key=society.name()))


def test_who_leaves_the_bank_leaves_everything(society: Kinsfolk) -> None:
    """The next adult heads the household; places, wishes, relations and skills end."""
    head, mate, child = society.person(), society.person(), society.person(YOUNG)
    home = society.household(head, mate, children=(child,))
    team, other = society.team(head, mate), society.team(mate)
    society.by(
        as_member(head),
        partial(team_wishes.ask, team_id=other, member_id=head, key=society.name()),
    )
    society.related(child, head, Relation.PARENT)
    society.skill("first-aid")
    society.learns(head, "first-aid")
    leaves(society, head)
    assert ((mate, child), mate) == (society.home(home).member_ids, society.home(home).head_id)
    assert ((mate,), ()) == (society.team_of(team).member_ids, society.team_of(team).leader_ids)
    assert [] == society.see(partial(team_wishes.of_team, team_id=other))
    assert frozenset() == society.see(partial(relatives.direct_line, member_id=child))
    assert {head: frozenset()} == society.see(partial(skills.of_members, member_ids=[head]))
    leaves(society, mate)
    assert () == society.home(home).member_ids
    assert society.home(home).ended_at is not None
    assert {} == society.see(partial(stays.current_of, member_ids=[head, mate, child]))
    assert "household-left" in society.told(child)


def test_a_merge_moves_what_the_old_row_has(society: Kinsfolk) -> None:
    """Stay, leadership, relations, skills and thanks go on with the kept row."""
    visit = visited(society)
    old, kept = visit.couple[0], society.person(document=DOCUMENT)
    leader = society.team(old, visit.couple[1])
    child = society.person(YOUNG)
    society.related(child, old, Relation.PARENT)
    society.skill("first-aid")
    society.learns(old, "first-aid")
    note = write(society, visit.claim_ids[0], as_member(visit.elder))
    release(society, note)
    merge(society, old, kept)
    assert {kept, visit.couple[1]} == set(society.home(visit.home).member_ids)
    assert kept == society.home(visit.home).head_id
    assert (kept,) == society.team_of(leader).leader_ids
    assert {kept} == society.see(partial(relatives.direct_line, member_id=child))
    assert {"first-aid"} == society.see(partial(skills.of_members, member_ids=[kept]))[kept]
    assert ([WORDS], 1) == (
        received(society, kept),
        society.see(partial(thanks.count, member_id=kept)),
    )


def test_a_merge_moves_whom_services_were_for(society: Kinsfolk) -> None:
    """The kept row of an elder confirms what was done for the old one, and thanks for it."""
    visit, waits = visited(society), visited(society, approved=False)
    kept = society.person()
    merge(society, visit.elder, kept)
    released = release(society, write(society, visit.claim_ids[0], as_member(kept)))
    assert ThanksState.RELEASED == released.state
    kept = society.person()
    merge(society, waits.elder, kept)
    said = partial(confirmations.say, claim_id=waits.claim_ids[0], agrees=True, key=society.name())
    assert society.by(as_member(kept), said).agrees


def test_a_merge_of_two_who_have_the_same_keeps_one(society: Kinsfolk) -> None:
    """Both rows in one household and team: one stays, as the foremost of what they were."""
    old, kept, child = society.person(), society.person(), society.person(YOUNG)
    home, team = society.household(old, kept), society.team(old, kept)
    society.skill("first-aid")
    for one in (old, kept):
        society.related(child, one, Relation.PARENT)
        society.learns(one, "first-aid")
    merge(society, old, kept)
    assert ((kept,), kept) == (society.home(home).member_ids, society.home(home).head_id)
    assert ((kept,), (kept,)) == (
        society.team_of(team).member_ids,
        society.team_of(team).leader_ids,
    )
    assert {kept} == society.see(partial(relatives.direct_line, member_id=child))
    assert {"first-aid"} == society.see(partial(skills.of_members, member_ids=[kept]))[kept]


def test_a_merge_does_not_move_between_two_households(society: Kinsfolk) -> None:
    """The kept row stays where it lives, the old one's household goes on with its next adult."""
    old, mate, kept = society.person(), society.person(), society.person()
    left, home = society.household(old, mate), society.household(kept)
    merge(society, old, kept)
    assert ((mate,), (kept,)) == (society.home(left).member_ids, society.home(home).member_ids)
    assert mate == society.home(left).head_id


@pytest.mark.parametrize("moved_out", [False, True])
def test_nobody_reviews_or_names_for_their_household(society: Kinsfolk, *, moved_out: bool) -> None:
    """Law 7 holds among who lives together, through a second row, and for 90 days after."""
    server, mate = society.person(document=DOCUMENT), society.person()
    second = society.person(document=DOCUMENT)
    home = society.household(mate, server)
    if moved_out:
        society.moves_out(home, server)
        society.clock.advance(hours=24)
    claim_id = society.served(server)
    office = Actor("stf_mate", "reviewer", mate)
    with pytest.raises(OwnWork):
        society.approve(claim_id, actor=office)
    for one in (server, second):
        with pytest.raises(DelegateSelf):
            society.by(
                office,
                partial(
                    delegates.add,
                    member_id=society.person(),
                    delegate_member_id=one,
                    points_day=5,
                    pays_from=society.clock.now(),
                ),
            )
    if moved_out:
        society.clock.advance(hours=24 * 90)
        society.approve(claim_id, actor=office)


def test_a_member_may_send_who_lives_with_them(society: Kinsfolk) -> None:
    """One's own housemate is a delegate by one's own wish, and may be given what one leaves."""
    granny, son = society.person(), society.person()
    society.household(granny, son)
    name = partial(
        delegates.add,
        member_id=granny,
        delegate_member_id=son,
        points_day=5,
        pays_from=society.clock.now(),
    )
    assert son == society.by(as_member(granny), name).delegate_member_id
    leave = partial(erasures.ask, member_id=granny, goes=Goes.GIVE, to_member_id=son)
    asked = society.by(as_member(granny), partial(leave, key=society.name()))
    assert son == asked.to_member_id
