"""Relatives: who is family to whom, as the office has seen it in their papers.

A relation is of two members and written once: what one is to the other says what the other is to
the one. Two people are related by blood or marriage in one way at a time; who stands in as a
guardian may be a grandparent, too. Nobody at the office writes down their own, or that of somebody
close (law 7: gifts go to registered family only). What ended stays on record. Whoever registers
or ends a relation locks both members first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, Row, insert, or_, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import ages, communities, documents, kin, members, persons, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.group_errors import (
    OwnRelative,
    RelatedAlready,
    RelationNotFound,
    RelativeUnfit,
)
from creditbank.people.members import Member, Status


class Relation(StrEnum):
    """What the relative is to the member."""

    PARENT = "parent"
    CHILD = "child"
    GRANDPARENT = "grandparent"
    GRANDCHILD = "grandchild"
    SPOUSE = "spouse"
    SIBLING = "sibling"
    OTHER = "other"
    GUARDIAN = "guardian"
    WARD = "ward"


_INVERSE: Mapping[Relation, Relation] = {
    Relation.PARENT: Relation.CHILD,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.GUARDIAN: Relation.WARD,
}
INVERSE: Mapping[Relation, Relation] = {
    **{one: one for one in Relation},
    **_INVERSE,
    **{there: here for here, there in _INVERSE.items()},
}
DIRECT_LINE = frozenset(
    {
        Relation.PARENT,
        Relation.CHILD,
        Relation.GRANDPARENT,
        Relation.GRANDCHILD,
        Relation.SPOUSE,
    }
)
_IN_CHARGE = frozenset({Relation.GUARDIAN, Relation.WARD})
_ELDER = frozenset({Relation.PARENT, Relation.GRANDPARENT})
_OF_YOUNGER = frozenset({Relation.CHILD, Relation.GRANDCHILD, Relation.WARD})


class RelativeRow(OfBank, table=True):
    """One relation of two members: what ``relative_id`` is to ``member_id``."""

    __tablename__ = "relative"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["relative_id"], "member", ["member_id"]),
        Index("ix_relative_member", "bank_id", "member_id", "ended_at"),
        Index("ix_relative_relative", "bank_id", "relative_id", "ended_at"),
    )

    relation_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    relative_id: str = Field(max_length=40)
    relation: str = Field(max_length=16)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    registered_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


relatives = table(RelativeRow)


@dataclass(frozen=True, slots=True)
class Related:
    """What the relative is to the member; ``ended_at`` is None while it holds."""

    relation_id: str
    member_id: str
    relative_id: str
    relation: Relation
    registered_at: datetime
    ended_at: datetime | None

    def seen_by(self, member_id: str) -> Related:
        """Return the same relation as one of the two sees it, the other being the relative."""
        if member_id == self.member_id:
            return self
        return replace(
            self,
            member_id=self.relative_id,
            relative_id=self.member_id,
            relation=INVERSE[self.relation],
        )


_COLUMNS = [relatives.c[one] for one in Related.__slots__]


def _related(row: Row[Any]) -> Related:
    one = Related(**row._mapping)  # noqa: SLF001 - the mapping of a row is public
    return replace(one, relation=Relation(one.relation))


@keyed
def register(
    unit: Unit,
    *,
    member_id: str,
    relative_id: str,
    relation: Relation,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> str:
    """Write down what one member is to another, as their papers say; return the relation's id.

    Raises:
        MemberNotFound: this bank has none of these ids.
        MemberSuspended: one of them is no member (any more).
        OtherCommunity: the actor's role holds where neither of them lives.
        OwnRelative: the actor is one of them, or close to one of them.
        RelativeUnfit: the two are one person, or their ages contradict it.
        RelatedAlready: they are related, or one stands in for the other already.
    """
    both = members.lock(unit, {member_id, relative_id})
    for one in both.values():
        if one.status not in {Status.ACTIVE, Status.SUSPENDED}:
            raise MemberSuspended(one.member_id, one.status)
    _require_office(unit, both.values())
    _require_fit(unit, member_id, relative_id, relation)
    for known in _between(unit, member_id, relative_id):
        if (known.relation in _IN_CHARGE) == (relation in _IN_CHARGE):
            raise RelatedAlready(known.relation_id)
    relation_id = unit.new_id("kin")
    unit.run(
        insert(relatives),
        {
            "bank_id": unit.bank_id,
            "relation_id": relation_id,
            "member_id": member_id,
            "relative_id": relative_id,
            "relation": relation,
            "registered_at": unit.now,
            "registered_by": unit.actor.id,
            "ended_at": None,
            "ended_by": None,
        },
    )
    trail.record(
        unit, "relative.registered", relation_id, subject_id=member_id, after={"as": relation}
    )
    notices.tell_all(unit, sorted(both), "relative-registered")
    return relation_id


def _require_office(unit: Unit, both: Iterable[Member]) -> None:
    """See that the actor's role holds where one of them lives, and that neither is close.

    Raises:
        OtherCommunity: it holds elsewhere.
        OwnRelative: one of them is the actor, or close to the actor.
    """
    held = unit.actor.communities
    if held is not None and not {one.community_id for one in both} & set(held):
        communities.require_within(unit.actor, None)
    if {one.member_id for one in both} & kin.of_actor(unit, unit.actor):
        raise OwnRelative


def _require_fit(unit: Unit, member_id: str, relative_id: str, relation: Relation) -> None:
    """See that what is written down can be: two people, old enough as far as is known.

    Raises:
        RelativeUnfit: it cannot.
    """
    if relative_id in documents.same_person(unit, [member_id]):
        raise RelativeUnfit
    elder, younger, elders = relative_id, member_id, relation
    if relation in _OF_YOUNGER:
        elder, younger, elders = member_id, relative_id, INVERSE[relation]
    births = persons.births(unit, [elder, younger])
    backwards = len(births) > 1 and births[elder] >= births[younger]
    if (
        (elders in _ELDER and backwards)
        or (elders is Relation.GUARDIAN and not ages.is_adult(unit, elder))
        or (elders is Relation.SPOUSE and any(ages.is_minor(unit, one) for one in births))
    ):
        raise RelativeUnfit


def _between(view: View, one: str, other: str) -> list[Related]:
    return [found for found in _now(view, [one]) if other in {found.member_id, found.relative_id}]


@keyed
def end(unit: Unit, *, relation_id: str, key: str) -> str:  # noqa: ARG001 - @keyed's
    """End a relation at the office; what was stays on record.

    Raises:
        RelationNotFound: this bank has none of this id, or it has ended.
        OtherCommunity: the actor's role holds where neither of them lives.
        OwnRelative: the actor is one of them, or close to one of them.
    """
    seen = find(unit, relation_id)
    both = members.lock(unit, {seen.member_id, seen.relative_id})
    _require_office(unit, both.values())
    row = unit.run(
        update(relatives)
        .where(
            relatives.c.bank_id == unit.bank_id,
            relatives.c.relation_id == relation_id,
            relatives.c.ended_at.is_(None),
        )
        .values(ended_at=unit.now, ended_by=unit.actor.id)
        .returning(relatives.c.relation_id)
    ).first()
    if row is None:
        raise RelationNotFound(relation_id)
    trail.record(unit, "relative.ended", relation_id, subject_id=seen.member_id)
    notices.tell_all(unit, sorted(both), "relative-ended")
    return relation_id


def end_all(unit: Unit, member_id: str) -> None:
    """End all relations of a member who leaves and is locked by this unit."""
    unit.run(
        update(relatives)
        .where(
            relatives.c.bank_id == unit.bank_id,
            _with([member_id]),
            relatives.c.ended_at.is_(None),
        )
        .values(ended_at=unit.now, ended_by=unit.actor.id)
    )


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let one row of a person go on with the other's relations; both are locked.

    What the kept row has already, and what would relate it to itself, ends.
    """
    have = {
        (one.relative_id, one.relation in _IN_CHARGE)
        for one in (found.seen_by(kept_id) for found in _now(unit, [kept_id]))
    }
    for found in _now(unit, [old_id]):
        one = found.seen_by(old_id)
        doubled = one.relative_id == kept_id
        doubled |= (one.relative_id, one.relation in _IN_CHARGE) in have
        if doubled:
            values: dict[str, object] = {"ended_at": unit.now, "ended_by": unit.actor.id}
        else:
            side = "member_id" if found.member_id == old_id else "relative_id"
            values = {side: kept_id}
        unit.run(
            update(relatives)
            .where(
                relatives.c.bank_id == unit.bank_id,
                relatives.c.relation_id == found.relation_id,
            )
            .values(values)
        )


def _with(member_ids: Iterable[str]) -> Any:
    wanted = sorted(set(member_ids))
    return or_(relatives.c.member_id.in_(wanted), relatives.c.relative_id.in_(wanted))


def _now(view: View, member_ids: Iterable[str]) -> list[Related]:
    """Return the relations of these members that hold now, as they were written down."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(
            relatives.c.bank_id == view.bank_id,
            _with(member_ids),
            relatives.c.ended_at.is_(None),
        )
        .order_by(relatives.c.relation_id)
    )
    return [_related(row) for row in rows]


def find(view: View, relation_id: str) -> Related:
    """Return a relation as it was written down.

    Raises:
        RelationNotFound: this bank has none of this id.
    """
    row = view.row(
        select(*_COLUMNS).where(
            relatives.c.bank_id == view.bank_id, relatives.c.relation_id == relation_id
        )
    )
    if row is None:
        raise RelationNotFound(relation_id)
    return _related(row)


def of_members(
    view: View, member_ids: Iterable[str], relations: Iterable[Relation]
) -> dict[str, frozenset[str]]:
    """Return who is, in one of these ways, family to each of these members now."""
    wanted, asked = sorted(set(member_ids)), frozenset(relations)
    found: dict[str, set[str]] = {one: set() for one in wanted}
    for written in _now(view, wanted):
        for one in {written.member_id, written.relative_id} & found.keys():
            seen = written.seen_by(one)
            if seen.relation in asked:
                found[one].add(seen.relative_id)
    return {one: frozenset(theirs) for one, theirs in found.items()}


def direct_line(view: View, member_id: str) -> frozenset[str]:
    """Return a member's parents, children, grandparents, grandchildren and spouse."""
    return of_members(view, [member_id], DIRECT_LINE)[member_id]


def history(view: View, member_id: str) -> list[Related]:
    """Return all relations of a member, as that member sees them, the latest first."""
    rows = view.rows(
        select(*_COLUMNS)
        .where(relatives.c.bank_id == view.bank_id, _with([member_id]))
        .order_by(relatives.c.registered_at.desc(), relatives.c.relation_id.desc())
    )
    return [_related(row).seen_by(member_id) for row in rows]
