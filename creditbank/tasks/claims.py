"""Claims: who takes part in a task, and what came of it.

A member has one claim per task; one that was withdrawn can be taken up again. Who claimed, signed
in and signed out is kept: whoever noted it does not review it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Row, UniqueConstraint, false, insert, select, update
from sqlmodel import Field

from creditbank.core.indexes import sparse
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.people import members
from creditbank.people.persons import SEALED_MOST
from creditbank.tasks import tasks
from creditbank.tasks.errors import ClaimNotFound
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import PAGE_MOST, Task

# What texts about a claim are sealed as.
REASON = "reason"
DISPUTE = "dispute"

_NOTED = tuple(
    f"{verb}_{who}"
    for verb in ("claimed", "signed_in", "signed_out")
    for who in ("by", "by_member")
)


class SignedInHow(StrEnum):
    """How a coming was noted; all but the site's code is drawn for checks twice as often."""

    CODE = "code"
    SELF = "self"
    LEADER = "leader"
    ROSTER = "roster"
    AFTERWARDS = "afterwards"


class ClaimRow(OfBank, table=True):
    """A member's part in a task, and what came of it.

    ``party_id`` is the family's or team's claim that names this member; ``position`` the number
    on the waitlist, one for a whole party; ``lapsed_for`` why the place in the queue was lost;
    ``flags`` what the screening found (words joined by commas); ``first_decided_by`` is who
    decided before a dispute. ``behind`` are those who wait behind all others, ``changed_at`` when
    time or place became other than claimed; ``missed_at`` since when an empty place counts
    against the member, until it is excused.
    """

    __tablename__ = "claim"
    __table_args__ = (
        within_bank(["task_id"], "task", ["task_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        within_bank(["period_id"], "period", ["period_id"]),
        within_bank(["transfer_id"], "transfer", ["transfer_id"]),
        UniqueConstraint("bank_id", "task_id", "member_id"),
        CheckConstraint(
            "approved_minutes IS NULL OR approved_minutes BETWEEN 1 AND measured_minutes",
            name="minutes",
        ),
        Index("ix_claim_waiting", "bank_id", "state", "signed_out_at", "claim_id"),
        Index("ix_claim_member", "bank_id", "member_id", "claimed_at", "claim_id"),
        Index("ix_claim_served", "bank_id", "member_id", "signed_out_at"),
        Index("ix_claim_task", "bank_id", "task_id", "state", "position"),
        sparse("ix_claim_party", "party_id"),
    )

    claim_id: str = Field(primary_key=True, max_length=40)
    task_id: str = Field(max_length=40)
    member_id: str = Field(max_length=40)
    state: str = Field(max_length=16)
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    claimed_by: str = Field(max_length=64)
    claimed_by_member: str | None = Field(max_length=40)
    signed_in_at: datetime | None = Field(sa_type=UtcDateTime)
    signed_in_by: str | None = Field(max_length=64)
    signed_in_by_member: str | None = Field(max_length=40)
    signed_out_at: datetime | None = Field(sa_type=UtcDateTime)
    signed_out_by: str | None = Field(max_length=64)
    signed_out_by_member: str | None = Field(max_length=40)
    measured_minutes: int | None
    approved_minutes: int | None
    decided_by: str | None = Field(max_length=64)
    decided_by_member: str | None = Field(max_length=40)
    decided_at: datetime | None = Field(sa_type=UtcDateTime)
    period_id: str | None = Field(max_length=40)
    transfer_id: str | None = Field(max_length=40)
    revoked_by: str | None = Field(max_length=64)
    revoked_at: datetime | None = Field(sa_type=UtcDateTime)
    reason: str | None = Field(max_length=SEALED_MOST)
    party_id: str | None = Field(max_length=40)
    position: int | None
    offered_until: datetime | None = Field(sa_type=UtcDateTime)
    lapsed_for: str | None = Field(max_length=40)
    signed_in_how: str | None = Field(max_length=16)
    paused_minutes: int = Field(sa_column_kwargs={"server_default": "0"})
    forced_out_at: datetime | None = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = Field(max_length=64)
    flags: str | None = Field(max_length=200)
    review_due_at: datetime | None = Field(sa_type=UtcDateTime)
    disputed_at: datetime | None = Field(sa_type=UtcDateTime)
    dispute: str | None = Field(max_length=SEALED_MOST)
    first_decided_by: str | None = Field(max_length=64)
    first_decided_by_member: str | None = Field(max_length=40)
    second_look: str | None = Field(max_length=16)
    second_looked_by: str | None = Field(max_length=64)
    second_looked_by_member: str | None = Field(max_length=40)
    second_looked_at: datetime | None = Field(sa_type=UtcDateTime)
    escalated_at: datetime | None = Field(sa_type=UtcDateTime)
    placed_at: datetime | None = Field(sa_type=UtcDateTime)
    behind: bool = Field(sa_column_kwargs={"server_default": false()})
    changed_at: datetime | None = Field(sa_type=UtcDateTime)
    missed_at: datetime | None = Field(sa_type=UtcDateTime)
    excused_at: datetime | None = Field(sa_type=UtcDateTime)
    excused_by: str | None = Field(max_length=64)


claims = table(ClaimRow)


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim; ``signed_out_at`` is inside the task's window: the service ended then.

    ``noted_by`` holds the actors and members who claimed it, signed it in, or signed it out.
    """

    claim_id: str
    task_id: str
    member_id: str
    state: ClaimState
    claimed_at: datetime
    signed_in_at: datetime | None
    signed_out_at: datetime | None
    measured_minutes: int | None
    approved_minutes: int | None
    decided_by: str | None
    decided_by_member: str | None
    decided_at: datetime | None
    period_id: str | None
    transfer_id: str | None
    reason: str | None
    noted_by: frozenset[str]
    party_id: str | None
    position: int | None
    offered_until: datetime | None
    lapsed_for: str | None
    signed_in_how: SignedInHow | None
    paused_minutes: int
    forced_out_at: datetime | None
    confirmed_at: datetime | None
    flags: tuple[str, ...]
    review_due_at: datetime | None
    disputed_at: datetime | None
    dispute: str | None
    first_decided_by: str | None
    first_decided_by_member: str | None
    second_look: str | None
    escalated_at: datetime | None
    placed_at: datetime | None
    behind: bool
    changed_at: datetime | None
    missed_at: datetime | None
    excused_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What claiming and withdrawing answer; who waits has a ``position``."""

    claim_id: str
    state: ClaimState
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of claims; ``after`` asks for the next one, None on the last."""

    claims: tuple[Claim, ...]
    after: str | None


def read(row: Row[Any]) -> Claim:
    """Return a stored claim as a value."""
    return Claim(
        row.claim_id,
        row.task_id,
        row.member_id,
        ClaimState(row.state),
        row.claimed_at,
        row.signed_in_at,
        row.signed_out_at,
        row.measured_minutes,
        row.approved_minutes,
        row.decided_by,
        row.decided_by_member,
        row.decided_at,
        row.period_id,
        row.transfer_id,
        row.reason,
        frozenset(one for one in (getattr(row, name) for name in _NOTED) if one is not None),
        row.party_id,
        row.position,
        row.offered_until,
        row.lapsed_for,
        SignedInHow(row.signed_in_how) if row.signed_in_how else None,
        row.paused_minutes,
        row.forced_out_at,
        row.confirmed_at,
        tuple(row.flags.split(",")) if row.flags else (),
        row.review_due_at,
        row.disputed_at,
        row.dispute,
        row.first_decided_by,
        row.first_decided_by_member,
        row.second_look,
        row.escalated_at,
        row.placed_at,
        row.behind,
        row.changed_at,
        row.missed_at,
        row.excused_at,
    )


def add(unit: Unit, task_id: str, member_id: str, state: ClaimState, **values: Any) -> str:
    """Make the row of a claim that the actor makes now, and return its id."""
    claim_id = unit.new_id("clm")
    blank = dict.fromkeys(column.name for column in claims.columns)
    made = {
        "bank_id": unit.bank_id,
        "claim_id": claim_id,
        "task_id": task_id,
        "member_id": member_id,
        "state": state,
        "claimed_at": unit.now,
        "paused_minutes": 0,
        "behind": False,
        **by(unit, "claimed"),
    }
    unit.run(insert(claims), blank | made | values)
    return claim_id


def by(unit: Unit, verb: str) -> dict[str, str | None]:
    """Return the columns that keep who does this."""
    return {f"{verb}_by": unit.actor.id, f"{verb}_by_member": unit.actor.member_id}


def lock_with_task(unit: Unit, claim_id: str) -> tuple[Task, Claim]:
    """Lock a claim's task, then the claim, for its own member or for staff.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's.
    """
    seen = find(unit, claim_id)
    members.require_own(unit.actor, seen.member_id)
    task = tasks.lock(unit, seen.task_id)
    return task, lock(unit, claim_id)


def lock(unit: Unit, claim_id: str) -> Claim:
    """Lock a claim and return it.

    Raises:
        ClaimNotFound: this bank has none of this id.
    """
    return _find(unit, claim_id, lock=True)


def lock_people(unit: Unit, task_id: str, member_ids: Iterable[str]) -> dict[str, Claim]:
    """Lock the claims of a task by some members, in ascending order; return them by member."""
    rows = unit.rows(
        select(claims)
        .where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id == task_id,
            claims.c.member_id.in_(sorted(set(member_ids))),
        )
        .order_by(claims.c.claim_id)
        .with_for_update(key_share=True)
    )
    return {row.member_id: read(row) for row in rows}


def find(view: View, claim_id: str) -> Claim:
    """Return a claim.

    Raises:
        ClaimNotFound: this bank has none of this id.
    """
    return _find(view, claim_id, lock=False)


def _find(view: View, claim_id: str, *, lock: bool) -> Claim:
    query = select(claims).where(claims.c.bank_id == view.bank_id, claims.c.claim_id == claim_id)
    row = view.row(query.with_for_update(key_share=True) if lock else query)
    if row is None:
        raise ClaimNotFound(claim_id)
    return read(row)


def lock_all(
    unit: Unit, task_id: str, states: Sequence[ClaimState], *, limit: int | None = None
) -> list[Claim]:
    """Lock the claims of a task in these states, or the first of them, in ascending order."""
    rows = unit.rows(
        select(claims)
        .where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id == task_id,
            claims.c.state.in_(states),
        )
        .order_by(claims.c.claim_id)
        .limit(limit)
        .with_for_update(key_share=True)
    )
    return [read(row) for row in rows]


def store(unit: Unit, claim_id: str, **values: Any) -> None:
    """Keep new values of a claim that this unit has locked."""
    unit.run(
        update(claims)
        .where(claims.c.bank_id == unit.bank_id, claims.c.claim_id == claim_id)
        .values(**values)
    )


def store_all(unit: Unit, several: Iterable[Claim], **values: Any) -> None:
    """Keep the same new values of several claims that this unit has locked."""
    ids = [one.claim_id for one in several]
    if ids:
        unit.run(
            update(claims)
            .where(claims.c.bank_id == unit.bank_id, claims.c.claim_id.in_(ids))
            .values(**values)
        )


def of_task(view: View, task_id: str, *, within: tuple[str, ...] | None = None) -> list[Claim]:
    """Return the claims of a task in the order they were made.

    ``within`` leaves those of members of some communities, unless the task itself is of one.

    Raises:
        TaskNotFound: this bank has none of this id.
    """
    task = tasks.find(view, task_id)
    query = select(claims).where(claims.c.bank_id == view.bank_id, claims.c.task_id == task_id)
    if within is not None and task.community_id not in within:
        query = query.where(members.is_within(view, claims.c.member_id, within))
    rows = view.rows(query.order_by(claims.c.claimed_at, claims.c.claim_id))
    return [read(row) for row in rows]


def of_member(view: View, member_id: str, *, after: str | None = None, limit: int = 50) -> Page:
    """Return a member's claims, the latest first; ``after`` is that of the page before.

    Raises:
        ClaimNotFound: ``after`` is no claim of this bank.
    """
    limit = min(limit, PAGE_MOST)
    query = select(claims).where(claims.c.bank_id == view.bank_id, claims.c.member_id == member_id)
    if after is not None:
        at = find(view, after).claimed_at
        query = query.where(
            (claims.c.claimed_at < at) | ((claims.c.claimed_at == at) & (claims.c.claim_id < after))
        )
    order = (claims.c.claimed_at.desc(), claims.c.claim_id.desc())
    return page(view.rows(query.order_by(*order).limit(limit + 1)), limit)


def page(rows: Sequence[Row[Any]], limit: int) -> Page:
    """Return a page of rows that were asked for with one more than the limit."""
    shown = tuple(read(row) for row in rows[:limit])
    return Page(shown, shown[-1].claim_id if len(rows) > limit else None)
