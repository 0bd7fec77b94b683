"""Erasures: somebody wants to be forgotten, and is, seven days later.

The member asks, or the office for one who is there, and says where the points go: to the fund of
the community, to one member as a gift, or they expire. For seven days it can be taken back; then
`creditbank.leaving.forgetting` carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Row, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.states import Machine, Verb
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.leaving import holders
from creditbank.leaving.errors import ErasureNotFound, Involved
from creditbank.people import communities, kin, members, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status

DAYS = 7


class Goes(StrEnum):
    """Where the points go."""

    DONATE = "donate"
    GIVE = "give"
    EXPIRE = "expire"


class ErasureState(StrEnum):
    """Where an erasure stands."""

    ASKED = "asked"
    DONE = "done"
    CANCELLED = "cancelled"


ERASING = Machine(
    thing="erasure",
    thing_zh="这项注销",
    states={
        ErasureState.ASKED: "等待期内",
        ErasureState.DONE: "已注销",
        ErasureState.CANCELLED: "已撤回",
    },
    verbs={
        "ask": Verb("再次申请", "ask again", "本人", "the member"),
        "cancel": Verb("撤回", "take it back", "本人或社区工作人员", "the member or the office"),
        "carry_out": Verb("执行", "carry it out", "系统", "the system"),
    },
    moves={
        (ErasureState.ASKED, "cancel"): ErasureState.CANCELLED,
        (ErasureState.ASKED, "carry_out"): ErasureState.DONE,
    },
)


class ErasureRow(OfBank, table=True):
    """One wish to be erased; ``waits`` names what was open when it was looked at last."""

    __tablename__ = "erasure"
    __table_args__ = (
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["to_member_id"], "member", ["member_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        CheckConstraint("(goes = 'give') = (to_member_id IS NOT NULL)", name="receiver"),
        Index("ix_erasure_member", "bank_id", "member_id", "erasure_id"),
        Index("ix_erasure_due", "bank_id", "state", "looked_at_after"),
    )

    erasure_id: str = Field(primary_key=True, max_length=40)
    member_id: str = Field(max_length=40)
    goes: str = Field(max_length=16)
    to_member_id: str | None = Field(max_length=40)
    state: str = Field(max_length=16)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    asked_by: str = Field(max_length=64)
    due_at: datetime = Field(sa_type=UtcDateTime)
    looked_at_after: datetime = Field(sa_type=UtcDateTime)
    waits: str | None = Field(max_length=64)
    settled_at: datetime | None = Field(sa_type=UtcDateTime)
    settled_by: str | None = Field(max_length=64)
    transfer_id: str | None = Field(max_length=40)


erasures = table(ErasureRow)


@dataclass(frozen=True, slots=True)
class Erasure:
    """A wish to be erased, and what became of it."""

    erasure_id: str
    member_id: str
    goes: Goes
    to_member_id: str | None
    state: ErasureState
    asked_at: datetime
    due_at: datetime
    waits: str | None
    settled_at: datetime | None
    transfer_id: str | None


_COLUMNS = [erasures.c[one] for one in Erasure.__slots__]


def _erasure(row: Row[Any]) -> Erasure:
    said = dict(row._mapping)  # noqa: SLF001 - the mapping of a row is public
    said |= {"goes": Goes(said["goes"]), "state": ErasureState(said["state"])}
    return Erasure(**said)


@keyed
def ask(
    unit: Unit,
    *,
    member_id: str,
    goes: Goes,
    key: str,  # noqa: ARG001 - the key is @keyed's
    to_member_id: str | None = None,
) -> Erasure:
    """Note that a member wants to be erased; carried out after seven days.

    Raises:
        BadField: a receiver is missing, or named where there is none.
        NotYours: a member asks for somebody else.
        MemberNotFound: this bank has no such member or receiver.
        OtherCommunity: the office is another community's.
        MemberSuspended: the receiver may not act.
        PersonNotFound: the member was erased.
        Involved: the receiver is the member, or who acts at the office, or is close to who does.
        InOffice: the member holds an office.
        StateConflict: the member has asked already.
    """
    if (goes is Goes.GIVE) != (to_member_id is not None):
        raise BadField("to_member_id", "with 'give' only / 仅在转赠时填写")
    member = _lock_of(unit, member_id, to_member_id)
    if to_member_id is not None and member[to_member_id].status is not Status.ACTIVE:
        raise MemberSuspended(to_member_id, member[to_member_id].status)
    _refuse_involved(unit, member_id, to_member_id)
    holders.require_out_of_office(unit, member_id)
    if of_member(unit, member_id, ErasureState.ASKED):
        raise ERASING.conflict(ErasureState.ASKED, "ask")
    row = {
        "erasure_id": unit.new_id("ers"),
        "member_id": member_id,
        "goes": goes,
        "to_member_id": to_member_id,
        "state": ErasureState.ASKED,
        "asked_at": unit.now,
        "due_at": unit.now + timedelta(days=DAYS),
        "waits": None,
        "settled_at": None,
        "transfer_id": None,
    }
    rest = {
        "bank_id": unit.bank_id,
        "asked_by": unit.actor.id,
        "looked_at_after": row["due_at"],
        "settled_by": None,
    }
    unit.run(insert(erasures), row | rest)
    trail.record(unit, "erasure.asked", member_id, subject_id=member_id, after={"goes": goes})
    notices.tell(unit, member_id, "erasure-asked", days=DAYS)
    return Erasure(**row)  # type: ignore[arg-type]


def _lock_of(
    unit: Unit, member_id: str, to_member_id: str | None = None
) -> dict[str, members.Member]:
    """Lock the members concerned; a member acts for oneself, the office for its community."""
    members.require_own(unit.actor, member_id)
    found = members.lock(unit, {member_id, to_member_id} - {None})  # type: ignore[arg-type]
    communities.require_within(unit.actor, found[member_id].community_id)
    return found


def _refuse_involved(unit: Unit, member_id: str, to_member_id: str | None) -> None:
    """See that nobody gains by it who is the member, or acts at the office (law 7)."""
    own = unit.actor.role == members.MEMBER_ROLE
    if not own and member_id in kin.of_actor(unit, unit.actor):
        raise Involved
    barred = kin.same(unit, member_id) if own else kin.of_actor(unit, unit.actor)
    if to_member_id is not None and to_member_id in barred | {member_id}:
        raise Involved


@keyed
def cancel(unit: Unit, *, erasure_id: str, key: str) -> ErasureState:  # noqa: ARG001
    """Take a wish back while it waits, by the member or the office.

    Raises:
        ErasureNotFound: this bank has none of this id, or it is another member's.
        OtherCommunity: the office is another community's.
        StateConflict: it was carried out or taken back.
    """
    seen = find(unit, erasure_id)
    if unit.actor.role == members.MEMBER_ROLE and unit.actor.member_id != seen.member_id:
        raise ErasureNotFound(erasure_id)
    _lock_of(unit, seen.member_id)
    state = ErasureState(ERASING.after(find(unit, erasure_id).state, "cancel"))
    store(unit, erasure_id, state=state, settled_at=unit.now, settled_by=unit.actor.id)
    trail.record(unit, "erasure.cancelled", seen.member_id, subject_id=seen.member_id)
    notices.tell(unit, seen.member_id, "erasure-cancelled")
    return state


def store(unit: Unit, erasure_id: str, **values: Any) -> None:
    """Change the row of an erasure; its member is locked."""
    unit.run(
        update(erasures)
        .where(erasures.c.bank_id == unit.bank_id, erasures.c.erasure_id == erasure_id)
        .values(**values)
    )


def find(view: View, erasure_id: str) -> Erasure:
    """Return a wish to be erased.

    Raises:
        ErasureNotFound: this bank has none of this id.
    """
    row = view.row(
        select(*_COLUMNS).where(
            erasures.c.bank_id == view.bank_id, erasures.c.erasure_id == erasure_id
        )
    )
    if row is None:
        raise ErasureNotFound(erasure_id)
    return _erasure(row)


def of_member(view: View, member_id: str, state: ErasureState | None = None) -> list[Erasure]:
    """Return a member's wishes to be erased, latest first."""
    query = select(*_COLUMNS).where(
        erasures.c.bank_id == view.bank_id, erasures.c.member_id == member_id
    )
    if state is not None:
        query = query.where(erasures.c.state == state)
    return [_erasure(row) for row in view.rows(query.order_by(erasures.c.erasure_id.desc()))]
