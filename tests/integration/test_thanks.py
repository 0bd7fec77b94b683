"""Notes of thanks: written by whom it was for, read by the office, shown, counted, forgotten."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.people import consents
from creditbank.people.errors import OtherCommunity
from creditbank.service import thanking, thanks
from creditbank.service.thanking import Noted
from creditbank.service.thanks import Page, ThanksState
from creditbank.service.thanks_errors import (
    NotServedSo,
    OwnThanks,
    ServedOthers,
    ThankedAlready,
    ThanksTooEarly,
)
from creditbank.tasks import publishing
from creditbank.tasks.tasks import Party
from tests.books import made_up
from tests.families import claim_family, claim_team
from tests.kinsfolk import Kinsfolk
from tests.society import FIVE_EACH, ORGANISER, REVIEWER, as_member

WORDS = "谢谢您冒雨来看我"


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Kinsfolk:
    """A society in a fresh database."""
    return Kinsfolk(database, clock)


@dataclass(frozen=True)
class Visit:
    """An elder, a family of two that visited, and their claims."""

    elder: str
    home: str
    couple: tuple[str, str]
    claim_ids: tuple[str, ...]


def publish(society: Kinsfolk, elder: str) -> str:
    """Publish a task for an elder."""
    starts_at = society.clock.now() + timedelta(hours=1)
    make = partial(
        publishing.publish,
        title="结对探访",
        category=society.category,
        community_id=society.community_id,
        place="二号楼",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        capacity=10,
        rewards=FIVE_EACH,
        beneficiary_id=elder,
    )
    return society.by(ORGANISER, partial(make, key=society.name()))


def attend(society: Kinsfolk, claim_ids: tuple[str, ...], *, approved: bool = True) -> None:
    """Let people come, go, and be approved."""
    society.clock.advance(hours=1)
    for one in claim_ids:
        society.sign_in(one)
    society.clock.advance(hours=2)
    for one in claim_ids:
        society.sign_out(one)
    for one in claim_ids if approved else ():
        society.approve(one)


def visited(society: Kinsfolk, *, approved: bool = True) -> Visit:
    """A family visits an elder."""
    elder, couple = society.person(), (society.person(), society.person())
    home = society.household(*couple)
    claimed = claim_family(society, publish(society, elder), home, couple)
    attend(society, claimed.claim_ids, approved=approved)
    return Visit(elder, home, couple, claimed.claim_ids)


def write(
    society: Kinsfolk, claim_id: str, actor: Actor, to: Party = Party.PERSON, text: str = WORDS
) -> str:
    """Write a note."""
    said = partial(thanking.write, claim_id=claim_id, text=text, to=to, key=society.name())
    noted = society.by(actor, said)
    assert ThanksState.WRITTEN == noted.state
    return noted.thanks_id


def release(society: Kinsfolk, thanks_id: str, actor: Actor = REVIEWER) -> Noted:
    """Show a note."""
    key = society.name()
    return society.by(actor, partial(thanking.release, thanks_id=thanks_id, key=key))


def refuse(society: Kinsfolk, thanks_id: str, actor: Actor = REVIEWER) -> Noted:
    """Keep a note from being shown."""
    said = partial(thanking.refuse, thanks_id=thanks_id, reason="有电话号码")
    return society.by(actor, partial(said, key=society.name()))


def texts(page: Page) -> list[str | None]:
    """The words of notes."""
    return [one.text for one in page.notes]


def received(society: Kinsfolk, member_id: str) -> list[str | None]:
    """The words shown to a member."""
    return texts(society.see(partial(thanks.of_member, member_id=member_id)))


def test_a_note_is_shown_after_the_office_has_read_it(society: Kinsfolk) -> None:
    """Written by the elder, released by the office, seen by the one who is thanked, counted."""
    visit = visited(society)
    mine, other = visit.couple
    note = write(society, visit.claim_ids[0], as_member(visit.elder))
    assert [WORDS] == texts(society.see(thanks.waiting))
    assert ([], 0) == (received(society, mine), society.see(partial(thanks.count, member_id=mine)))
    assert () == society.see(thanks.wall).notes
    assert ThanksState.RELEASED == release(society, note).state
    assert ([WORDS], 1) == (
        received(society, mine),
        society.see(partial(thanks.count, member_id=mine)),
    )
    assert ([], []) == (received(society, other), texts(society.see(thanks.waiting)))
    assert "thanked" in society.told(mine)
    assert "thanked" not in society.told(other)


def test_a_family_and_a_team_are_thanked_together(society: Kinsfolk) -> None:
    """All who are in it now see it, whoever's claim it was about; it counts for the group."""
    visit = visited(society)
    note = write(society, visit.claim_ids[0], as_member(visit.elder), Party.FAMILY)
    release(society, note)
    for one in visit.couple:
        assert [WORDS] == received(society, one)
        assert 0 == society.see(partial(thanks.count, member_id=one))
        assert "thanked" in society.told(one)
    assert 1 == society.see(partial(thanks.count, household_id=visit.home))
    society.moves_out(visit.home, visit.couple[1])
    assert [] == received(society, visit.couple[1])
    leader, other = society.person(), society.person()
    team = society.team(leader, other)
    claimed = claim_team(
        society, publish(society, visit.elder), team, (leader, other), by=as_member(leader)
    )
    attend(society, claimed.claim_ids)
    release(society, write(society, claimed.claim_ids[1], ORGANISER, Party.TEAM))
    assert ([WORDS], [WORDS]) == (received(society, leader), received(society, other))
    assert 1 == society.see(partial(thanks.count, team_id=team))
    with pytest.raises(NotServedSo):
        write(society, claimed.claim_ids[0], ORGANISER, Party.FAMILY)


def test_only_whom_it_was_for_and_the_office_write(society: Kinsfolk) -> None:
    """No other member, not before the approval, once each, with words that can be kept."""
    visit = visited(society, approved=False)
    claim_id, elder = visit.claim_ids[0], as_member(visit.elder)
    with pytest.raises(ThanksTooEarly):
        write(society, claim_id, elder)
    society.approve(claim_id)
    for one in (visit.couple[0], society.person()):
        with pytest.raises(ServedOthers):
            write(society, claim_id, as_member(one))
    for text in ("", "谢" * 201):
        with pytest.raises(BadField):
            write(society, claim_id, elder, text=text)
    elsewhere = Actor("stf_elsewhere", "organiser", communities=(made_up("com", 9),))
    with pytest.raises(OtherCommunity):
        write(society, claim_id, elsewhere)
    write(society, claim_id, elder)
    with pytest.raises(ThankedAlready):
        write(society, claim_id, elder)
    write(society, claim_id, ORGANISER)
    write(society, claim_id, elder, Party.FAMILY)


def test_nobody_thanks_or_releases_for_their_own(society: Kinsfolk) -> None:
    """Not the writer, not those thanked, nor who lives with either, also the day after."""
    visit = visited(society)
    mate = society.person()
    home = society.household(visit.elder, mate)
    claim_id = visit.claim_ids[0]
    kin = Actor("stf_kin", "organiser", visit.couple[1])
    with pytest.raises(OwnThanks):
        write(society, claim_id, kin)
    note = write(society, claim_id, as_member(visit.elder))
    society.moves_out(home, mate)
    society.moves_out(visit.home, visit.couple[1])
    society.clock.advance(hours=24)
    for actor in (kin, Actor("stf_mate", "reviewer", mate)):
        with pytest.raises(OwnThanks):
            release(society, note, actor)
        with pytest.raises(OwnThanks):
            refuse(society, note, actor)
    by_office = write(society, claim_id, ORGANISER)
    with pytest.raises(OwnThanks):
        release(society, by_office, ORGANISER)
    release(society, by_office)
    release(society, note)


def test_a_refused_note_tells_its_writer_why(society: Kinsfolk) -> None:
    """It is not shown, the elder sees the reason; a released one can be taken down, too."""
    visit = visited(society)
    note = write(society, visit.claim_ids[0], as_member(visit.elder))
    refuse(society, note)
    [own] = society.see(partial(thanks.written_by, member_id=visit.elder)).notes
    assert (ThanksState.REFUSED, "有电话号码") == (own.state, own.reason)
    assert ["thanks-refused"] == society.told(visit.elder)
    with pytest.raises(StateConflict):
        release(society, note)
    shown = write(society, visit.claim_ids[1], as_member(visit.elder))
    release(society, shown)
    with pytest.raises(StateConflict):
        release(society, shown)
    refuse(society, shown)
    assert [] == received(society, visit.couple[1])


def test_a_withdrawn_approval_is_not_thanked_for(society: Kinsfolk) -> None:
    """What was withdrawn between writing and reading is not released."""
    visit = visited(society)
    note = write(society, visit.claim_ids[0], as_member(visit.elder))
    society.withdraw_approval(visit.claim_ids[0])
    with pytest.raises(ThanksTooEarly):
        release(society, note)


def test_the_wall_has_words_of_who_agreed(society: Kinsfolk) -> None:
    """The note of one who did not agree to be named is there without its words; by pages."""
    visit = visited(society)
    for claim_id in visit.claim_ids:
        society.clock.advance(minutes=1)
        release(society, write(society, claim_id, as_member(visit.elder)))
    give = partial(consents.give, member_id=visit.couple[1], purposes=["publish_name"])
    society.by(as_member(visit.couple[1]), partial(give, key=society.name()))
    first = society.see(partial(thanks.wall, limit=1))
    rest = society.see(partial(thanks.wall, after=first.after))
    assert [(visit.couple[1], WORDS), (visit.couple[0], None)] == [
        (one.member_id, one.text) for page in (first, rest) for one in page.notes
    ]
    assert rest.after is None
