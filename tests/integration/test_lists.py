"""The three lists: raised, triaged into a task or closed with a reason, late ones first."""

from datetime import date, timedelta
from typing import Any

import pytest

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import Actor
from creditbank.lists import entries, organisations, rota, triage
from creditbank.lists.entries import DETAILS, REASON, Entry, EntryKind, EntryState
from creditbank.lists.entry_errors import EntryNotFound, OrganisationRetired
from creditbank.lists.triage import Decided
from creditbank.people import communities
from creditbank.people.errors import NotYours, OtherCommunity
from creditbank.tasks import tasks
from tests.integration.test_pairs import Pairs, depart, merge
from tests.society import FIVE_EACH, ORGANISER, as_member

FARAWAY = Actor("stf_far", "organiser", communities=("com_elsewhere",))


class Lists(Pairs):
    """A society with lists."""

    def enter(self, who: str | None = None, actor: Actor | None = None, **said: Any) -> str:
        """Put something on a list, as a resident or by the office."""
        where = {"raiser_member_id": who} if who else {"community_id": self.community_id}
        words = {"kind": EntryKind.NEED, "title": "楼道灯坏了", "key": self.name()}
        actor = actor or (as_member(who) if who else ORGANISER)
        return str(self.by(actor, lambda unit: entries.enter(unit, **(words | where | said))))

    def accept(self, entry_id: str, actor: Actor = ORGANISER) -> Decided:
        """Take an entry on."""
        key = self.name()
        return self.by(actor, lambda u: triage.accept(u, entry_id=entry_id, key=key))

    def close_entry(self, entry_id: str, actor: Actor = ORGANISER) -> Decided:
        """Close an entry with a reason."""
        key = self.name()
        return self.by(
            actor, lambda u: triage.close(u, entry_id=entry_id, reason="已由物业修好", key=key)
        )

    def tasked(self, entry_id: str, actor: Actor = ORGANISER, **said: Any) -> Decided:
        """Publish a task for an entry."""
        starts_at = self.clock.now() + timedelta(days=1)
        words = {
            "entry_id": entry_id,
            "category": self.category,
            "place": "三号楼",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "capacity": 2,
            "rewards": FIVE_EACH,
            "key": self.name(),
        }
        return self.by(actor, lambda unit: triage.publish(unit, **(words | said)))

    def entry(self, entry_id: str) -> Entry:
        """An entry as it stands."""
        return self.see(lambda view: entries.find(view, entry_id))

    def plain(self, entry_id: str, what: str) -> str | None:
        """Details or reason of an entry in plain words."""
        return self.see(lambda view: entries.plain(view, entries.find(view, entry_id), what))

    def listed(self, **asked: Any) -> list[str]:
        """The ids of what is listed, read in pages of two."""
        found: list[str] = []
        after = None
        while True:
            page = self.see(
                lambda view, at=after: entries.listing(view, after=at, limit=2, **asked)
            )
            found += [one.entry_id for one in page.entries]
            if (after := page.after) is None:
                return found


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Lists:
    """A society on both databases."""
    return Lists(database, clock)


def test_a_resident_raises_a_need(society: Lists) -> None:
    """In their own community; the details are sealed, who is on duty is noted, a day is set."""
    who = society.member()
    key = society.name()
    partner = society.by(ORGANISER, lambda u: organisations.add(u, name="供电所", key=key))
    society.by(
        ORGANISER, lambda u: rota.generate(u, first_week=date(2026, 2, 23), weeks=2, key=key)
    )
    entry_id = society.enter(who, details="三单元，晚上看不见")
    found = society.entry(entry_id)
    assert (EntryState.OPEN, society.community_id, partner, who) == (
        found.state,
        found.community_id,
        found.on_duty_id,
        found.raiser_member_id,
    )
    assert timedelta(days=7) == found.due_at - found.raised_at
    assert "三单元" not in str(found.details)
    assert "三单元，晚上看不见" == society.plain(entry_id, DETAILS)


def test_the_office_raises_for_others(society: Lists) -> None:
    """In an organisation's name, in its own, for a resident; who is no person has a key apart."""
    key = society.name()
    partner = str(society.by(ORGANISER, lambda u: organisations.add(u, name="医院", key=key)))
    ours = society.enter(kind=EntryKind.RESOURCE, details="义诊")
    theirs = society.enter(kind=EntryKind.PROJECT, organisation_id=partner, details="讲座")
    for_her = society.enter(society.member(), ORGANISER, details="买药")
    texts = [society.plain(one, DETAILS) for one in (ours, theirs, for_her)]
    assert ["义诊", "讲座", "买药"] == texts
    assert [True, True, False] == [bool(society.entry(o).key_id) for o in (ours, theirs, for_her)]
    retired = society.name()
    society.by(ORGANISER, lambda u: rota.retire(u, organisation_id=partner, key=retired))
    with pytest.raises(OrganisationRetired):
        society.enter(organisation_id=partner)


def test_entries_that_cannot_be(society: Lists) -> None:
    """Another's, another community's, nobody's community, two raisers, two lines."""
    who, other = society.member(), society.member()
    key = society.name()
    far = str(society.by(ORGANISER, lambda u: communities.create(u, name="远社区", key=key)))
    refused: list[tuple[type[Exception], Actor, dict[str, Any]]] = [
        (NotYours, as_member(who), {"raiser_member_id": other}),
        (BadField, as_member(who), {"raiser_member_id": None}),
        (OtherCommunity, as_member(who), {"raiser_member_id": who, "community_id": far}),
        (OtherCommunity, FARAWAY, {"community_id": society.community_id}),
        (BadField, ORGANISER, {"community_id": None}),
        (BadField, ORGANISER, {"raiser_member_id": who, "organisation_id": "org_x"}),
        (BadField, ORGANISER, {"title": " "}),
        (BadField, ORGANISER, {"details": "两\n行"}),
    ]
    for error, actor, said in refused:
        with pytest.raises(error):
            society.enter(None, actor, **said)
    assert 0 == society.count(entries.entries)


def test_an_entry_becomes_a_task(society: Lists) -> None:
    """Of its title and community, for whoever needs it; both lead to each other."""
    who = society.member()
    entry_id = society.enter(who)
    assert EntryState.ACCEPTED == society.accept(entry_id).state
    assert timedelta(days=30) == society.entry(entry_id).due_at - society.clock.now()
    made = society.tasked(entry_id)
    task = society.task(str(made.task_id))
    assert ("楼道灯坏了", society.community_id, entry_id, who) == (
        task.title,
        task.community_id,
        task.entry_id,
        task.beneficiary_id,
    )
    found = society.entry(entry_id)
    assert (EntryState.TASKED, task.task_id, True) == (found.state, found.task_id, found.ended)
    assert ["entry-tasked"] == society.told(who)


def test_an_entry_is_closed_with_a_reason(society: Lists) -> None:
    """Whoever raised it is told and can read why; the reason is sealed."""
    who = society.member()
    entry_id, ours = society.enter(who), society.enter()
    for one in (entry_id, ours):
        society.close_entry(one)
        assert "物业" not in str(society.entry(one).reason)
        assert "已由物业修好" == society.plain(one, REASON)
    assert ["entry-closed"] == society.told(who)
    [notice] = society.see(lambda view: notices.inbox(view, who)).notices
    assert ({}, f"/lists/{entry_id}") == (notice.figures, notice.link)


def test_nothing_ends_twice(society: Lists) -> None:
    """What was closed or became a task stays so, and no second task is made."""
    closed, tasked = society.enter(), society.enter()
    society.close_entry(closed)
    society.tasked(tasked)
    for entry_id in (closed, tasked):
        for verb in (society.close_entry, society.tasked, society.accept):
            with pytest.raises(StateConflict):
                verb(entry_id)
    assert 1 == society.count(tasks.tasks)


def test_entries_are_triaged_at_home(society: Lists) -> None:
    """Another community's organiser neither accepts, publishes nor closes; unknown ids are none."""
    entry_id = society.enter()
    for verb in (society.close_entry, society.tasked, society.accept):
        with pytest.raises(OtherCommunity):
            verb(entry_id, FARAWAY)
        with pytest.raises(EntryNotFound):
            verb("ent_gone")
    with pytest.raises(BadField, match="ends_at"):
        society.tasked(entry_id, ends_at=society.clock.now())
    assert EntryState.OPEN == society.entry(entry_id).state


def test_late_ones_stand_first(society: Lists) -> None:
    """What goes on comes by its day, then what has ended; pages join whatever the filter."""
    first = society.enter()
    ended = society.enter()
    society.close_entry(ended)
    society.clock.advance(days=8)
    later, project = society.enter(), society.enter(kind=EntryKind.PROJECT)
    accepted = society.enter()
    society.accept(accepted)
    also_ended = society.enter()
    society.close_entry(also_ended)
    every = society.listed()
    assert [first, *sorted([later, project]), accepted, ended, also_ended] == every
    assert [project] == society.listed(kind=EntryKind.PROJECT)
    assert [ended, also_ended] == society.listed(state=EntryState.CLOSED)
    assert [] == society.listed(within=("com_elsewhere",))
    assert every == society.listed(within=(society.community_id,))


def test_who_leaves_leaves_no_details(society: Lists) -> None:
    """What was still open is closed; the rest stays in the lists without a word of theirs."""
    who = society.member()
    opened, done = society.enter(who, details="门牌"), society.enter(who, details="电话")
    society.tasked(done)
    depart(society, who)
    states = [society.entry(one).state for one in (opened, done)]
    assert [EntryState.CLOSED, EntryState.TASKED] == states
    assert [None, None] == [society.entry(one).details for one in (opened, done)]


def test_entries_go_on_with_the_kept_row(society: Lists) -> None:
    """A merged row's entries are the kept one's, and can be read."""
    old, kept = society.member(), society.member()
    entry_id = society.enter(old, details="三单元")
    merge(society, old, kept)
    assert (kept, "三单元") == (
        society.entry(entry_id).raiser_member_id,
        society.plain(entry_id, DETAILS),
    )
    society.close_entry(entry_id)
    assert "entry-closed" in society.told(kept)
