"""Pairs (结对帮扶): a volunteer or a household looks after an elder; the office pairs them.

An elder has one running pair at a time, a volunteer or household may have several elders; ended
ones stay on record. Whoever changes a pair locks its elder first. What the office lets the
visitors know of the elder is sealed with the elder's key. Nobody is paired with those close to
them (law 7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Row,
    insert,
    or_,
    select,
    text,
)
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, households, kin, members, persons, stays, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Member, Status
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories, publishing
from creditbank.tasks.pair_errors import AlreadyPaired, NotOfPair, OwnElder, PairNotFound

TOLD_MOST = 200
PAGE_MOST = 200
TOLD, REASON = "pair-told", "pair-reason"
_RUNNING = text("state = 'running'")


class PairState(StrEnum):
    """Where a pair stands."""

    RUNNING = "running"
    ENDED = "ended"


class Cause(StrEnum):
    """Why a pair ends: somebody moves away or died, one of them wishes it, or something else.

    ``left`` is written when a membership ends.
    """

    MOVED = "moved"
    DIED = "died"
    WISH = "wish"
    OTHER = "other"
    LEFT = "left"


PAIR = Machine(
    thing="pair",
    thing_zh="这项结对",
    states={PairState.RUNNING: "进行中", PairState.ENDED: "已结束"},
    verbs={
        "visit": Verb("探访", "visit", "结对志愿者", "the paired volunteer"),
        "end": Verb("结束", "end it", "组织者", "the organiser"),
    },
    moves={
        (PairState.RUNNING, "visit"): PairState.RUNNING,
        (PairState.RUNNING, "end"): PairState.ENDED,
    },
)


class PairRow(OfBank, table=True):
    """One pair: an elder, and a volunteer or else a household.

    ``told`` is what the visitors may know of the elder; it and ``reason`` are sealed with the
    elder's key. ``rewards`` is what a visit gives: asset, units, per person or hour.
    """

    __tablename__ = "pair"
    __table_args__ = (
        within_bank(["elder_id"], "member", ["member_id"]),
        within_bank(["volunteer_id"], "member", ["member_id"]),
        within_bank(["household_id"], "household", ["household_id"]),
        within_bank(["community_id"], "community", ["community_id"]),
        within_bank(["category"], "category", ["code"]),
        CheckConstraint("(volunteer_id IS NULL) <> (household_id IS NULL)", name="one_visitor"),
        Index(
            "uq_pair_running",
            "bank_id",
            "elder_id",
            unique=True,
            sqlite_where=_RUNNING,
            postgresql_where=_RUNNING,
        ),
        Index("ix_pair_state", "bank_id", "state", "pair_id"),
        Index("ix_pair_community", "bank_id", "community_id", "state", "pair_id"),
        Index("ix_pair_elder", "bank_id", "elder_id"),
        Index("ix_pair_volunteer", "bank_id", "volunteer_id"),
        Index("ix_pair_household", "bank_id", "household_id"),
    )

    pair_id: str = Field(primary_key=True, max_length=40)
    elder_id: str = Field(max_length=40)
    volunteer_id: str | None = Field(max_length=40)
    household_id: str | None = Field(max_length=40)
    community_id: str = Field(max_length=40)
    category: str = Field(max_length=40)
    rewards: Any = Field(sa_column=Column("rewards", JSON, nullable=False))
    told: str | None = Field(max_length=persons.SEALED_MOST)
    state: str = Field(max_length=16)
    paired_at: datetime = Field(sa_type=UtcDateTime)
    paired_by: str = Field(max_length=64)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)
    cause: str | None = Field(max_length=16)
    reason: str | None = Field(max_length=persons.SEALED_MOST)


pairs = table(PairRow)


@dataclass(frozen=True, slots=True)
class Pair:
    """An elder with a volunteer or a household; ``told`` and ``reason`` are sealed."""

    pair_id: str
    elder_id: str
    volunteer_id: str | None
    household_id: str | None
    community_id: str
    category: str
    rewards: tuple[Reward, ...]
    told: str | None
    state: PairState
    paired_at: datetime
    ended_at: datetime | None
    cause: Cause | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Pairs, the first made first; ``after`` asks for the next page, None on the last one."""

    pairs: tuple[Pair, ...]
    after: str | None


@keyed
def pair(
    unit: Unit,
    *,
    elder_id: str,
    category: str,
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    volunteer_id: str | None = None,
    household_id: str | None = None,
    told: str | None = None,
) -> str:
    """Pair an elder with a volunteer or a household, and return the pair's id.

    ``told`` is what the visitors may know, such as the door and a telephone.

    Raises:
        BadField: not exactly one visitor is named, or a text or the rewards are unusable.
        MemberNotFound, HouseholdNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where the elder lives.
        MemberSuspended: the elder or the volunteer may not act now.
        CategoryNotFound: this bank has no such category.
        AssetNotFound: a reward is in an asset that this bank does not have.
        OwnElder: the visitor is the elder, or close to them.
        AlreadyPaired: the elder has a running pair.
    """
    if (volunteer_id is None) == (household_id is None):
        raise BadField("volunteer_id", "or household_id: one of them / 志愿者与家庭须填其一")
    elder = lock_active(unit, {elder_id, volunteer_id or elder_id})[elder_id]
    communities.require_within(unit.actor, elder.community_id)
    visiting = visitors(unit, volunteer_id, household_id)
    if not visiting:
        raise BadField("household_id", "nobody is in it / 家庭中已没有成员")
    require_not_close(unit, elder_id, visiting)
    publishing.check_rewards(unit, rewards, category)
    categories.require(unit, category)
    for running in running_of(unit, pairs.c.elder_id == elder_id):
        raise AlreadyPaired(running.pair_id)
    said = None if told is None else line("told", told, TOLD_MOST)
    pair_id = unit.new_id("pai")
    blank = dict.fromkeys(column.name for column in pairs.columns)
    made = {
        "bank_id": unit.bank_id,
        "pair_id": pair_id,
        "elder_id": elder_id,
        "volunteer_id": volunteer_id,
        "household_id": household_id,
        "community_id": elder.community_id,
        "category": category,
        "rewards": [[one.asset, one.units, one.per] for one in rewards],
        "told": None if said is None else persons.seal(unit, elder_id, TOLD, said),
        "state": PairState.RUNNING,
        "paired_at": unit.now,
        "paired_by": unit.actor.id,
    }
    unit.run(insert(pairs), blank | made)
    visitor = {"volunteer": volunteer_id, "household": household_id}
    trail.record(unit, "pair.made", pair_id, subject_id=elder_id, after=visitor)
    notices.tell_all(unit, (elder_id, *visiting), "pair-begun", link=f"/pairs/{pair_id}")
    return pair_id


def lock_active(unit: Unit, member_ids: Iterable[str]) -> dict[str, Member]:
    """Lock members in ascending order and see that all of them may act.

    Raises:
        MemberNotFound: this bank has none of one of these ids.
        MemberSuspended: one may not act now.
    """
    locked = members.lock(unit, member_ids)
    for one in locked.values():
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    return locked


def visitors(view: View, volunteer_id: str | None, household_id: str | None) -> tuple[str, ...]:
    """Return who visits for a pair now: the volunteer, or everyone of the household.

    Raises:
        HouseholdNotFound: this bank has none of this id.
    """
    if volunteer_id is not None:
        return (volunteer_id,)
    assert household_id is not None, "a pair has a visitor"
    return households.find(view, household_id).member_ids


def require_visitors(view: View, pair_id: str, member_ids: Sequence[str]) -> None:
    """See that these visit for a running pair now, and that none is close to its elder.

    Raises:
        PairNotFound: this bank has none of this id.
        StateConflict: it is ended.
        NotOfPair: one of them does not visit for it.
        OwnElder: one of them is close to the elder (law 7).
    """
    found = find(view, pair_id)
    PAIR.after(found.state, "visit")
    if not set(member_ids) <= set(visitors(view, found.volunteer_id, found.household_id)):
        raise NotOfPair(pair_id)
    require_not_close(view, found.elder_id, member_ids)


def require_not_close(view: View, elder_id: str, visitor_ids: Sequence[str]) -> None:
    """See that none of the visitors is the elder or close to them (law 7).

    Raises:
        OwnElder: one of them is.
    """
    if kin.close_to(view, [elder_id]) & set(visitor_ids):
        raise OwnElder


def _rows(view: View, *of: ColumnElement[bool]) -> Sequence[Row[Any]]:
    query = select(pairs).where(pairs.c.bank_id == view.bank_id, *of)
    return view.rows(query.order_by(pairs.c.paired_at, pairs.c.pair_id))


def _read(row: Row[Any]) -> Pair:
    return Pair(
        row.pair_id,
        row.elder_id,
        row.volunteer_id,
        row.household_id,
        row.community_id,
        row.category,
        tuple(Reward(asset, units, Per(per)) for asset, units, per in row.rewards),
        row.told,
        PairState(row.state),
        row.paired_at,
        row.ended_at,
        None if row.cause is None else Cause(row.cause),
        row.reason,
    )


def find(view: View, pair_id: str) -> Pair:
    """Return a pair.

    Raises:
        PairNotFound: this bank has none of this id.
    """
    rows = _rows(view, pairs.c.pair_id == pair_id)
    if not rows:
        raise PairNotFound(pair_id)
    return _read(rows[0])


def told(view: View, found: Pair) -> str | None:
    """Return in plain words what the visitors may know, as long as the pair runs."""
    if found.state is not PairState.RUNNING:
        return None
    return persons.unseal(view, found.elder_id, TOLD, found.told)


def reason(view: View, found: Pair) -> str | None:
    """Return in plain words why a pair was ended."""
    return persons.unseal(view, found.elder_id, REASON, found.reason)


def of_member(view: View, member_id: str) -> list[Pair]:
    """Return the pairs in which a member is the elder or one of those who visit now."""
    of, home = pairs.c, stays.current_of(view, [member_id]).get(member_id)
    sides = [of.elder_id == member_id, of.volunteer_id == member_id]
    if home is not None:
        sides.append(of.household_id == home)
    return [_read(row) for row in _rows(view, or_(*sides))]


def running_of(view: View, *of: ColumnElement[bool]) -> list[Pair]:
    """Return the running pairs of a choice."""
    return [_read(row) for row in _rows(view, pairs.c.state == PairState.RUNNING, *of)]


def listing(
    view: View,
    *,
    within: tuple[str, ...] | None = None,
    state: PairState | None = PairState.RUNNING,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Return pairs by their ids, all or those of some communities; ``after`` is the last seen."""
    limit = min(limit, PAGE_MOST)
    query = select(pairs).where(pairs.c.bank_id == view.bank_id)
    if within is not None:
        query = query.where(pairs.c.community_id.in_(within))
    if state is not None:
        query = query.where(pairs.c.state == state)
    if after is not None:
        query = query.where(pairs.c.pair_id > after)
    rows = view.rows(query.order_by(pairs.c.pair_id).limit(limit + 1))
    shown = tuple(_read(row) for row in rows[:limit])
    return Page(shown, shown[-1].pair_id if len(rows) > limit else None)
