"""Relatives, skills and guardians: written down by others, seen by both, ended with the rest."""

from datetime import date
from functools import partial

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.units import Actor
from creditbank.people import ages, consents, guardians, relatives, skills
from creditbank.people.errors import MemberSuspended, NotYours, OtherCommunity
from creditbank.people.group_errors import (
    NotSkilled,
    OwnRelative,
    OwnSkill,
    RelatedAlready,
    RelationNotFound,
    RelativeUnfit,
    SkilledAlready,
    SkillExists,
    SkillNotFound,
)
from creditbank.people.relatives import INVERSE, Relation
from tests.books import made_up
from tests.kinsfolk import GROWN, YOUNG, Kinsfolk
from tests.society import ORGANISER, as_member, outcomes

OLD = date(1950, 5, 1)
ELSEWHERE = Actor("stf_elsewhere", "organiser", communities=(made_up("com", 9),))


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Kinsfolk:
    """A society in a fresh database."""
    return Kinsfolk(database, clock)


def ends(society: Kinsfolk, relation_id: str, actor: Actor = ORGANISER) -> str:
    """End a relation."""
    return society.by(actor, partial(relatives.end, relation_id=relation_id, key=society.name()))


def takes(society: Kinsfolk, member_id: str, skill: str, actor: Actor = ORGANISER) -> str:
    """Note that somebody has a skill no more."""
    return society.by(
        actor, partial(skills.take, member_id=member_id, skill=skill, key=society.name())
    )


def line_of(society: Kinsfolk, member_id: str) -> set[str]:
    """Who is of a member's direct line."""
    return set(society.see(partial(relatives.direct_line, member_id=member_id)))


def guards(society: Kinsfolk, member_id: str) -> tuple[set[str], set[str]]:
    """A member's guardians, and with whom the member may come along."""
    return (
        set(society.see(partial(guardians.of, member_id=member_id))),
        set(society.see(partial(guardians.accompanying, member_id=member_id))),
    )


def test_a_relation_is_one_for_both() -> None:
    """What one is to the other says what the other is to the one."""
    assert list(Relation) == [INVERSE[INVERSE[one]] for one in Relation]
    assert (Relation.CHILD, Relation.WARD) == (
        INVERSE[Relation.PARENT],
        INVERSE[Relation.GUARDIAN],
    )


def test_the_direct_line_is_seen_from_both_ends(society: Kinsfolk) -> None:
    """Parents, children, grandparents, grandchildren, spouse; no sibling, and none that ended."""
    granny, mother, father = society.person(OLD), society.person(), society.person(None)
    child, sister = society.person(YOUNG), society.person(YOUNG)
    society.related(child, mother, Relation.PARENT)
    society.related(granny, child, Relation.GRANDCHILD)
    society.related(child, sister, Relation.SIBLING)
    married = society.related(mother, father, Relation.SPOUSE)
    assert {mother, granny} == line_of(society, child)
    assert {child, father} == line_of(society, mother)
    assert ({child}, {mother}) == (line_of(society, granny), line_of(society, father))
    assert set() == line_of(society, sister)
    ends(society, married)
    assert ({child}, set()) == (line_of(society, mother), line_of(society, father))
    seen = society.see(partial(relatives.history, member_id=father))
    assert [(Relation.SPOUSE, mother, society.clock.now())] == [
        (one.relation, one.relative_id, one.ended_at) for one in seen
    ]
    with pytest.raises(RelationNotFound):
        ends(society, married)
    assert ["relative-ended", "relative-registered"] == society.told(father)


def test_two_are_related_in_one_way(society: Kinsfolk) -> None:
    """Once, from whichever side, also in a race; a guardian may be a grandparent, too."""
    granny, child = society.person(OLD), society.person(YOUNG)
    said = [(granny, child, Relation.GRANDCHILD), (child, granny, Relation.GRANDPARENT)] * 2
    done, refused = outcomes(
        [
            society.submit(
                ORGANISER,
                partial(
                    relatives.register,
                    member_id=one,
                    relative_id=other,
                    relation=relation,
                    key=society.name(),
                ),
            )
            for one, other, relation in said
        ]
    )
    assert (1, {RelatedAlready}) == (len(done), {type(one) for one in refused})
    society.related(child, granny, Relation.GUARDIAN)
    with pytest.raises(RelatedAlready):
        society.related(granny, child, Relation.WARD)


def test_what_cannot_be_is_not_written_down(society: Kinsfolk) -> None:
    """One person twice, a parent younger than the child, a minor as spouse or guardian."""
    mother, child, unknown = society.person(), society.person(YOUNG), society.person(None)
    twin = [society.person(document="11010519491231002X") for _ in range(2)]
    for one, other, relation in (
        (mother, mother, Relation.SIBLING),
        (twin[0], twin[1], Relation.SIBLING),
        (mother, child, Relation.PARENT),
        (child, mother, Relation.GRANDCHILD),
        (mother, child, Relation.SPOUSE),
        (child, unknown, Relation.GUARDIAN),
        (child, mother, Relation.WARD),
    ):
        with pytest.raises(RelativeUnfit):
            society.related(one, other, relation)
    assert 0 == society.count(relatives.relatives)


def test_nobody_writes_down_their_own(society: Kinsfolk) -> None:
    """Not for oneself, a second row or who shares a household; nor elsewhere; nor as a member."""
    clerk, mate, child, other = (society.person(document=f"E100000{n}") for n in range(4))
    second = society.person(document="E1000000")
    society.household(clerk, mate)
    society.skill("first-aid")
    actor = Actor("stf_clerk", "organiser", clerk)
    for one in (clerk, mate, second):
        with pytest.raises(OwnRelative):
            society.related(one, child, Relation.SIBLING, actor)
        with pytest.raises(OwnSkill):
            society.learns(one, "first-aid", actor)
        with pytest.raises(OwnRelative):
            society.related(child, one, Relation.SIBLING, as_member(one))
    kept = society.related(mate, child, Relation.SIBLING)
    with pytest.raises(OwnRelative):
        ends(society, kept, actor)
    with pytest.raises(OtherCommunity):
        society.related(child, other, Relation.SIBLING, ELSEWHERE)
    with pytest.raises(OtherCommunity):
        society.learns(child, "first-aid", ELSEWHERE)
    society.related(child, other, Relation.SIBLING, actor)


def test_skills_are_of_the_list_and_given_up_by_oneself(society: Kinsfolk) -> None:
    """Once each, none that is unknown, none to who may not act; taken by the member or office."""
    ann, ben = society.person(), society.person()
    society.skill("first-aid")
    with pytest.raises(SkillExists):
        society.skill("first-aid")
    with pytest.raises(BadField):
        society.skill("first,aid")
    with pytest.raises(SkillNotFound):
        society.learns(ann, "cooking")
    society.learns(ann, "first-aid")
    with pytest.raises(SkilledAlready):
        society.learns(ann, "first-aid")
    have = partial(skills.of_members, member_ids=[ann, ben])
    assert {ann: {"first-aid"}, ben: frozenset()} == society.see(have)
    with pytest.raises(NotYours):
        takes(society, ann, "first-aid", as_member(ben))
    takes(society, ann, "first-aid", as_member(ann))
    assert {ann: frozenset(), ben: frozenset()} == society.see(have)
    with pytest.raises(NotSkilled):
        takes(society, ann, "first-aid")
    society.learns(ann, "first-aid")
    kept = society.see(partial(skills.history, member_id=ann))
    assert [1, 1] == [sum(one.ended_at is None for one in kept), len(kept) - 1]
    society.suspend(ben)
    with pytest.raises(MemberSuspended):
        society.learns(ben, "first-aid")


def test_ages_are_of_a_day(society: Kinsfolk) -> None:
    """The day asked counts; whose birth date is unknown has no age."""
    child, unknown = society.person(YOUNG), society.person(None)
    for day, age in ((date(2026, 4, 30), 9), (date(2026, 5, 1), 10)):
        found = society.see(partial(ages.on, member_ids=[child, unknown], day=day))
        assert {child: age, unknown: None} == found


def test_guardians_agreed_or_are_registered_and_may_act(society: Kinsfolk) -> None:
    """Who agreed, parents and registered guardians; none withdrawn, suspended or from 18 on."""
    mother, uncle, agreed = society.person(), society.person(), society.person()
    child, grown = society.person(YOUNG), society.person(GROWN)
    society.related(child, mother, Relation.PARENT)
    society.related(uncle, child, Relation.WARD)
    society.related(grown, mother, Relation.GUARDIAN)
    society.related(child, grown, Relation.SIBLING)
    give = partial(consents.give, member_id=child, purposes=["service"], guardian_id=agreed)
    society.by(ORGANISER, partial(give, key=society.name()))
    assert ({mother, uncle, agreed},) * 2 == guards(society, child)
    assert (set(), set()) == guards(society, grown)
    back = partial(consents.withdraw, member_id=child, purpose="service", understood=True)
    society.by(ORGANISER, partial(back, key=society.name()))
    society.suspend(uncle)
    assert ({mother},) * 2 == guards(society, child)
    society.clock.advance(hours=24 * 366 * 9)
    assert (set(), set()) == guards(society, child)


def test_adults_of_the_household_come_along(society: Kinsfolk) -> None:
    """Who lives there now and is grown, by the household's word where no birth date is known."""
    granny, unknown, brother = society.person(OLD), society.person(None), society.person(YOUNG)
    grown, off, child = society.person(GROWN), society.person(), society.person(YOUNG)
    home = society.household(granny, unknown, off, children=(brother, grown, child))
    society.suspend(off)
    assert (set(), {granny, unknown, grown}) == guards(society, child)
    society.moves_out(home, granny)
    assert {unknown, grown} == guards(society, child)[1]
    leaving = society.see(partial(guardians.accompanying_all, member_ids=[child], leaving=[off]))
    assert {child: {unknown, grown, off}} == leaving
