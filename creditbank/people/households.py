"""Households: who lives together; each person keeps an account of their own, a household has none.

A member is of one household at a time. Who joined and left, and when, stays on record: what was
done while people lived together is judged by that. The office founds households and takes people
in, having seen the household's book; an adult leaves by oneself, too, but no child is left
without an adult. When the head goes, who has been in it longest as an adult becomes the head;
when the last one goes, the household has ended. Whoever joins or leaves is locked first, then
the household.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlmodel import Field

from creditbank import notices
from creditbank.core import counters
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import ages, communities, members, stays, trail
from creditbank.people.errors import NotYours
from creditbank.people.group_errors import (
    ChildLeaves,
    ChildrenAlone,
    HouseholdEnded,
    HouseholdNotFound,
    InHousehold,
    NotInHousehold,
    StandingUnfit,
)
from creditbank.people.members import MEMBER_ROLE
from creditbank.people.stays import Standing, Stay

PAGE_MOST = 200

_NUMBERS = counters.for_ever("household-number")


class HouseholdRow(OfBank, table=True):
    """A household; its people are in `household_member`. One that has ended stays on record."""

    __tablename__ = "household"
    __table_args__ = (
        within_bank(["community_id"], "community", ["community_id"]),
        UniqueConstraint("bank_id", "number"),
    )

    household_id: str = Field(primary_key=True, max_length=40)
    number: str = Field(max_length=20)
    community_id: str = Field(max_length=40)
    founded_at: datetime = Field(sa_type=UtcDateTime)
    founded_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)


households = table(HouseholdRow)


@dataclass(frozen=True, slots=True)
class Household:
    """A household and who is in it now, the head first."""

    household_id: str
    number: str
    community_id: str
    ended_at: datetime | None
    stays: tuple[Stay, ...]

    @property
    def member_ids(self) -> tuple[str, ...]:
        """Who is in it now."""
        return tuple(one.member_id for one in self.stays)

    @property
    def head_id(self) -> str | None:
        """Who speaks for it."""
        heads = [one.member_id for one in self.stays if one.standing is Standing.HEAD]
        return heads[0] if heads else None


@dataclass(frozen=True, slots=True)
class Page:
    """Households by number; ``after`` asks for the next page, None on the last one."""

    households: tuple[Household, ...]
    after: str | None


@keyed
def found(unit: Unit, *, head_id: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """Found a household with its head, in the head's community, and return its id.

    Raises:
        NotYours: a member does it, which is the office's.
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the head lives.
        MemberSuspended: the head may not act now.
        StandingUnfit: the head is a minor.
        InHousehold: the head is in a household already.
    """
    _require_office(unit)
    head = members.require_active(unit, head_id)
    communities.require_within(unit.actor, head.community_id)
    _require_free(unit, head_id)
    _require_fit(unit, head_id, Standing.HEAD)
    household_id = unit.new_id("hhd")
    given = counters.lock(unit, [_NUMBERS])[_NUMBERS] + 1
    counters.add(unit, {_NUMBERS: 1})
    unit.run(
        insert(households),
        {
            "bank_id": unit.bank_id,
            "household_id": household_id,
            "number": f"H{given:05d}",
            "community_id": head.community_id,
            "founded_at": unit.now,
            "founded_by": unit.actor.id,
            "ended_at": None,
        },
    )
    stays.add(unit, household_id, head_id, Standing.HEAD)
    trail.record(unit, "household.founded", household_id, subject_id=head_id)
    notices.tell(unit, head_id, "household-joined")
    return household_id


@keyed
def join(
    unit: Unit,
    *,
    household_id: str,
    member_id: str,
    standing: Standing,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Take a member into a household and return the id of the stay.

    Raises:
        NotYours: a member does it, which is the office's.
        HouseholdNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where one of the two is.
        MemberSuspended: the member may not act now.
        HouseholdEnded: nobody is in it any more.
        InHousehold: the member is in a household already.
        StandingUnfit: it has a head, or a minor is to stand as an adult.
    """
    _require_office(unit)
    member = members.require_active(unit, member_id)
    household = lock(unit, household_id)
    communities.require_within(unit.actor, household.community_id)
    communities.require_within(unit.actor, member.community_id)
    _require_free(unit, member_id)
    if household.ended_at is not None:
        raise HouseholdEnded(household_id)
    if standing is Standing.HEAD:
        raise StandingUnfit
    _require_fit(unit, member_id, standing)
    stay_id = stays.add(unit, household_id, member_id, standing)
    trail.record(unit, "household.joined", household_id, subject_id=member_id)
    notices.tell(unit, member_id, "household-joined")
    return stay_id


def _require_office(unit: Unit) -> None:
    """See that the office acts.

    Raises:
        NotYours: a member does.
    """
    if unit.actor.role == MEMBER_ROLE:
        raise NotYours


def _require_fit(unit: Unit, member_id: str, standing: Standing) -> None:
    """See that no minor stands as an adult.

    Raises:
        StandingUnfit: one would.
    """
    if standing is not Standing.CHILD and ages.is_minor(unit, member_id):
        raise StandingUnfit


@keyed
def leave(unit: Unit, *, household_id: str, member_id: str, key: str) -> str:  # noqa: ARG001
    """End a member's stay in a household now and return its id; what was stays on record.

    Raises:
        NotYours: a member ends somebody else's.
        HouseholdNotFound, MemberNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the household is.
        NotInHousehold: the member is not in it.
        ChildLeaves: a child wants to leave alone.
        ChildrenAlone: only children would be left.
    """
    members.require_own(unit.actor, member_id)
    members.lock(unit, [member_id])
    household = lock(unit, household_id)
    communities.require_within(unit.actor, household.community_id)
    own = next((one for one in household.stays if one.member_id == member_id), None)
    if own is None:
        raise NotInHousehold(household_id)
    if unit.actor.member_id == member_id and not _grown(unit, [own]):
        raise ChildLeaves
    left = [one for one in household.stays if one.member_id != member_id]
    if left and not _grown(unit, left):
        raise ChildrenAlone(household_id)
    _end(unit, household, [own])
    return own.stay_id


@keyed
def end(unit: Unit, *, household_id: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """End a household, and with it every stay in it, at the office; return its id.

    Raises:
        NotYours: a member does it, which is the office's.
        HouseholdNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the household is.
        HouseholdEnded: it has ended.
    """
    _require_office(unit)
    members.lock(unit, find(unit, household_id).member_ids)
    household = lock(unit, household_id)
    communities.require_within(unit.actor, household.community_id)
    if household.ended_at is not None:
        raise HouseholdEnded(household_id)
    _end(unit, household, household.stays)
    return household_id


def lock_of(unit: Unit, member_id: str) -> Household | None:
    """Lock the household of a member who is locked, if there is one."""
    household_id = stays.current_of(unit, [member_id]).get(member_id)
    return None if household_id is None else lock(unit, household_id)


def end_stay(unit: Unit, member_id: str, household: Household) -> None:
    """End the stay of a member who leaves the bank, in a household that is locked.

    Children go with the last adult: a household of children alone would be nobody's.
    """
    left = [one for one in household.stays if one.member_id != member_id]
    gone = [one for one in household.stays if one.member_id == member_id]
    _end(unit, household, gone if _grown(unit, left) else household.stays)


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's stay; both are locked.

    Where the kept row has a stay of its own, the old one's ends.
    """
    household = lock_of(unit, old_id)
    if household is None:
        return
    where = stays.current_of(unit, [kept_id]).get(kept_id)
    own = next(one for one in household.stays if one.member_id == old_id)
    if where is None:
        stays.store(unit, own.stay_id, member_id=kept_id)
    elif where == household.household_id:
        stays.store(unit, own.stay_id, left_at=unit.now, left_by=unit.actor.id)
        other = next(one for one in household.stays if one.member_id == kept_id)
        first = min(own.standing, other.standing, key=list(Standing).index)
        stays.store(unit, other.stay_id, standing=first)
    else:
        end_stay(unit, old_id, household)


def _grown(view: View, among: Iterable[Stay]) -> list[Stay]:
    """Return the stays of adults, who has been there longest first; a grown child is one."""
    adults = [
        one
        for one in among
        if one.standing is not Standing.CHILD or ages.is_adult(view, one.member_id)
    ]
    order = list(Standing)
    return sorted(adults, key=lambda one: (order.index(one.standing), one.joined_at, one.stay_id))


def _end(unit: Unit, household: Household, ending: Sequence[Stay]) -> None:
    """End stays in a household that is locked; the next adult becomes head, or it ends."""
    for one in ending:
        stays.store(unit, one.stay_id, left_at=unit.now, left_by=unit.actor.id)
        trail.record(unit, "household.left", household.household_id, subject_id=one.member_id)
    gone = {one.member_id for one in ending}
    notices.tell_all(unit, sorted(gone), "household-left")
    left = [one for one in household.stays if one.member_id not in gone]
    if not left:
        unit.run(
            update(households)
            .where(
                households.c.bank_id == unit.bank_id,
                households.c.household_id == household.household_id,
            )
            .values(ended_at=unit.now)
        )
        trail.record(unit, "household.ended", household.household_id)
    elif household.head_id in gone:
        head = _grown(unit, left)[0]
        stays.store(unit, head.stay_id, standing=Standing.HEAD)
        trail.record(unit, "household.headed", household.household_id, subject_id=head.member_id)
        notices.tell(unit, head.member_id, "household-headed")


def _require_free(unit: Unit, member_id: str) -> None:
    found = stays.current_of(unit, [member_id]).get(member_id)
    if found is not None:
        raise InHousehold(found)


def lock(unit: Unit, household_id: str) -> Household:
    """Lock a household, after the members concerned, and return it.

    Raises:
        HouseholdNotFound: this bank has none of this id.
    """
    unit.row(
        select(households.c.household_id)
        .where(households.c.bank_id == unit.bank_id, households.c.household_id == household_id)
        .with_for_update(key_share=True)
    )
    return find(unit, household_id)


def find(view: View, household_id: str) -> Household:
    """Return a household with the people who are in it now.

    Raises:
        HouseholdNotFound: this bank has none of this id.
    """
    rows = view.rows(
        select(households).where(
            households.c.bank_id == view.bank_id, households.c.household_id == household_id
        )
    )
    if not rows:
        raise HouseholdNotFound(household_id)
    return _with_stays(view, rows)[0]


def by_number(view: View, number: str) -> str:
    """Return the id of the household of a number; HouseholdNotFound if there is none."""
    of = households.c
    row = view.row(select(of.household_id).where(of.bank_id == view.bank_id, of.number == number))
    if row is None:
        raise HouseholdNotFound(number)
    return str(row.household_id)


def _with_stays(view: View, rows: Sequence[Row[Any]]) -> tuple[Household, ...]:
    """Return stored households with the people who are in them now, heads first."""
    order = list(Standing)
    now = stays.now_in(view, [row.household_id for row in rows])
    now.sort(key=lambda one: order.index(one.standing))
    return tuple(
        Household(
            row.household_id,
            row.number,
            row.community_id,
            row.ended_at,
            tuple(one for one in now if one.household_id == row.household_id),
        )
        for row in rows
    )


def listing(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return the households that have not ended, by number; ``within`` are communities."""
    limit = min(limit, PAGE_MOST)
    query = select(households).where(
        households.c.bank_id == view.bank_id, households.c.ended_at.is_(None)
    )
    if within is not None:
        query = query.where(households.c.community_id.in_(within))
    if after is not None:
        query = query.where(households.c.number > after)
    rows = view.rows(query.order_by(households.c.number).limit(limit + 1))
    shown = _with_stays(view, rows[:limit])
    return Page(shown, shown[-1].number if len(rows) > limit else None)
