"""Communities and members: numbers, pages, and who may act."""

from functools import partial

import pytest

from creditbank.core import counters
from creditbank.core.clock import ManualClock
from creditbank.core.counters import Counter
from creditbank.core.database import Database
from creditbank.core.errors import BadField, KeyReused
from creditbank.core.states import StateConflict
from creditbank.core.units import Unit
from creditbank.people import communities, members, persons
from creditbank.people.errors import (
    CommunityExists,
    CommunityNotFound,
    MemberNotFound,
    MemberSuspended,
    NumberTaken,
)
from creditbank.people.members import Status
from tests.books import made_up
from tests.society import ORGANISER, Society, outcomes


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def test_numbers_are_given_in_order(society: Society) -> None:
    """Without a number of their own, members get the next free one, past those taken by hand."""
    given = [society.register().number, society.register(number="M0003").number]
    given += [society.register().number, society.register().number]
    assert ["M0001", "M0003", "M0002", "M0004"] == given


def test_numbers_are_unique_under_parallel_registration(society: Society) -> None:
    """40 registrations at once give 40 numbers without a gap."""
    futures = [
        society.submit(
            ORGANISER,
            partial(
                members.register,
                name="王五",
                community_id=society.community_id,
                key=society.name(),
            ),
        )
        for _ in range(40)
    ]
    done, refused = outcomes(futures)
    assert [] == refused
    assert [f"M{n:04d}" for n in range(1, 41)] == sorted(one.number for one in done)


def test_one_key_registers_once(society: Society) -> None:
    """20 parallel copies of one registration make one member and give the same answer."""
    key = society.name()
    futures = [
        society.submit(
            ORGANISER,
            lambda u: members.register(u, name="李四", community_id=society.community_id, key=key),
        )
        for _ in range(20)
    ]
    done, refused = outcomes(futures)
    assert [] == refused
    assert 1 == len(set(done))
    assert 1 == society.count(members.members)


def test_a_key_is_not_used_for_another_name(society: Society) -> None:
    """The same key with other content is refused and changes nothing."""
    key = society.name()
    for name, refused in (("李四", False), ("李五", True)):

        def register(unit: Unit, name: str = name) -> object:
            return members.register(unit, name=name, community_id=society.community_id, key=key)

        if refused:
            with pytest.raises(KeyReused):
                society.by(ORGANISER, register)
        else:
            society.by(ORGANISER, register)
    assert 1 == society.count(members.members)


@pytest.mark.parametrize("number", ["", "a b", "７", "x" * 21, "M/1"])
def test_a_number_has_a_form(society: Society, number: str) -> None:
    """Numbers are 1 to 20 letters, digits and hyphens."""
    with pytest.raises(BadField, match="number"):
        society.register(number=number)


def test_a_taken_number_leaves_nothing_behind(society: Society) -> None:
    """The second member of a number is refused by name, and there is one member."""
    society.register(number="A-1")
    with pytest.raises(NumberTaken, match="A-1"):
        society.register(number="A-1")
    assert 1 == society.count(members.members)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "two\nlines"])
def test_a_name_has_a_form(society: Society, name: str) -> None:
    """A name is one line of 1 to 60 characters."""
    with pytest.raises(BadField, match="name"):
        society.register(name)


def test_an_unknown_community_takes_nobody(society: Society) -> None:
    """The community must be one of this bank's."""
    other = Society(society.database, society.clock, "other")
    society.community_id = other.community_id
    with pytest.raises(CommunityNotFound):
        society.register()


def test_a_community_has_a_name_of_its_own(society: Society) -> None:
    """Two communities of one name could not be told apart."""
    with pytest.raises(CommunityExists):
        society.by(ORGANISER, lambda u: communities.create(u, name="红枫社区", key=society.name()))
    assert ["红枫社区"] == [one.name for one in society.see(communities.every)]


def test_a_suspended_member_may_not_act_until_reinstated(society: Society) -> None:
    """Suspension is a state: it is entered once, refused by name, and left again."""
    who = society.member()
    keys = [society.name() for _ in range(3)]
    society.by(ORGANISER, lambda u: members.suspend(u, member_id=who, key=keys[0]))
    with pytest.raises(MemberSuspended, match="suspended"):
        society.by(ORGANISER, lambda u: members.require_active(u, who))
    with pytest.raises(StateConflict, match="reinstate the member"):
        society.by(ORGANISER, lambda u: members.suspend(u, member_id=who, key=keys[1]))
    assert Status.ACTIVE == society.by(
        ORGANISER, lambda u: members.reinstate(u, member_id=who, key=keys[2])
    )
    assert who == society.by(ORGANISER, lambda u: members.require_active(u, who)).member_id


def test_another_banks_member_is_not_found(society: Society) -> None:
    """An id of another bank is no id here, by id, by number, or under lock."""
    there = Society(society.database, society.clock, "other").register(number="B-7")
    with pytest.raises(MemberNotFound):
        society.see(lambda v: members.find(v, there.member_id))
    with pytest.raises(MemberNotFound):
        society.see(lambda v: members.by_number(v, there.number))
    with pytest.raises(MemberNotFound):
        society.do(lambda u: members.lock(u, [there.member_id]))
    assert {} == society.see(lambda v: persons.names(v, [there.member_id]))


def test_pages_show_everyone_once(society: Society) -> None:
    """Pages by number join without a gap or a repetition."""
    for _ in range(7):
        society.register()
    shown: list[str] = []
    after: str | None = None
    while True:
        page = society.see(partial(members.listing, after=after, limit=3))
        shown += [one.number for one in page.members]
        after = page.after
        if after is None:
            break
    assert [f"M{n:04d}" for n in range(1, 8)] == shown


def test_a_member_is_found_by_number_and_named(society: Society) -> None:
    """The number leads to the member; names are looked up for known ids only."""
    registered = society.register("赵六")
    found = society.see(lambda v: members.by_number(v, registered.number))
    assert registered.member_id == found.member_id
    wanted = [registered.member_id, made_up("mem", 9)]
    assert {registered.member_id: "赵六"} == society.see(lambda v: persons.names(v, wanted))


def test_counters_add_up_in_parallel(society: Society) -> None:
    """40 units that each add 1 and 2 to two counters, named in changing order, lose nothing."""
    day, ever = counters.of_day("cap", "till", society.clock.now().date()), Counter("cap", "x", "")

    def count(unit: Unit, *, names: list[Counter]) -> int:
        used = counters.lock(unit, names)
        counters.add(unit, {day: 1, ever: 2})
        return used[day]

    orders = ([day, ever], [ever, day])
    futures = [society.submit(ORGANISER, partial(count, names=orders[n % 2])) for n in range(40)]
    done, refused = outcomes(futures)
    assert [] == refused
    assert list(range(40)) == sorted(done)
    assert {day: 40, ever: 80} == society.do(lambda u: counters.lock(u, [ever, day]))
