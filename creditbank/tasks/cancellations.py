"""Cancellations: several tasks at once, of a series or a pair, to which nobody has come yet.

What somebody has signed in to stays as it is. Whoever had a place, or waited for one, is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from creditbank import notices
from creditbank.core.units import Unit
from creditbank.tasks.claims import claims
from creditbank.tasks.states import CLAIM, ClaimState, TaskState
from creditbank.tasks.tasks import tasks

# Who still hopes to come, and who never did; all others have come.
EXPECTED = tuple(ClaimState(state) for state, verb in CLAIM.moves if verb == "cancel")
_ABSENT = (ClaimState.WITHDRAWN, ClaimState.LAPSED, ClaimState.NO_SHOW)
_STANDING = (TaskState.DRAFT, TaskState.OPEN)


@dataclass(frozen=True, slots=True)
class ToCome:
    """A task that has not begun and nobody has come to: when, how many places are taken, by whom.

    ``members`` have a place or wait for one.
    """

    task_id: str
    starts_at: datetime
    ends_at: datetime
    placed: int
    state: TaskState
    claims_until: datetime | None
    withdraw_until: datetime | None
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The tasks of a choice: those still to come, and how many somebody has come to already."""

    to_come: tuple[ToCome, ...]
    kept: int


def lock(unit: Unit, *of: ColumnElement[bool]) -> Found:
    """Lock the tasks of a choice that have not begun, and the claims of them, and return them."""
    return with_claims(unit, lock_tasks(unit, *of))


def lock_tasks(unit: Unit, *of: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Lock the tasks of a choice that have not begun."""
    return unit.rows(
        select(tasks)
        .where(
            tasks.c.bank_id == unit.bank_id,
            tasks.c.stored_state.in_(_STANDING),
            tasks.c.starts_at > unit.now,
            *of,
        )
        .order_by(tasks.c.task_id)
        .with_for_update(key_share=True)
    )


def with_claims(unit: Unit, rows: Sequence[Row[Any]]) -> Found:
    """Lock the claims of tasks that this unit has locked, and tell which are still to come."""
    claimed = unit.rows(
        select(claims.c.claim_id, claims.c.task_id, claims.c.member_id, claims.c.state)
        .where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id.in_([row.task_id for row in rows]),
            claims.c.state.not_in(_ABSENT),
        )
        .order_by(claims.c.claim_id)
        .with_for_update(key_share=True)
    )
    served = {one.task_id for one in claimed if one.state not in EXPECTED}
    expected: dict[str, list[str]] = {}
    for one in claimed:
        expected.setdefault(one.task_id, []).append(one.member_id)
    to_come = tuple(
        ToCome(
            row.task_id,
            row.starts_at,
            row.ends_at,
            row.placed,
            TaskState(row.stored_state),
            row.claims_until,
            row.withdraw_until,
            tuple(expected.get(row.task_id, ())),
        )
        for row in sorted(rows, key=lambda row: row.starts_at)
        if row.task_id not in served
    )
    return Found(to_come, len(served))


def cancel(unit: Unit, several: Sequence[ToCome], reason: str) -> None:
    """Cancel tasks that this unit has locked, end the claims of them, and tell everybody.

    Whoever calls writes down that it was done, and why.
    """
    ids = [one.task_id for one in several]
    if not ids:
        return
    unit.run(
        update(claims)
        .where(
            claims.c.bank_id == unit.bank_id,
            claims.c.task_id.in_(ids),
            claims.c.state.in_(EXPECTED),
        )
        .values(state=ClaimState.WITHDRAWN, offered_until=None)
    )
    unit.run(
        update(tasks)
        .where(tasks.c.bank_id == unit.bank_id, tasks.c.task_id.in_(ids))
        .values(stored_state=TaskState.CANCELLED, reason=reason, placed=0)
    )
    for one in several:
        notices.tell_all(
            unit,
            one.members,
            "claim-cancelled",
            link=f"/tasks/{one.task_id}",
            due_at=one.starts_at,
            task=one.task_id,
        )
