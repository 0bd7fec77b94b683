"""Overlaps: nobody serves in two places at once, in whatever communities these are.

A place that is held, or on offer, takes the time of its task from when it was had; who has come
takes the time from then on; who has left, the time between. Two rows of one person are one person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from creditbank.core.errors import BadField
from creditbank.core.units import Unit, View
from creditbank.people import documents, kin, members
from creditbank.people.members import Member
from creditbank.tasks.claims import claims
from creditbank.tasks.states import PLACELESS, ClaimState
from creditbank.tasks.tasks import Task, tasks

# Nothing of these was served, or is to be.
_NO_TIME = (*PLACELESS, ClaimState.NO_SHOW, ClaimState.REVOKED)
_TIME = tuple(state for state in ClaimState if state not in _NO_TIME)


def lock(unit: Unit, member_ids: Iterable[str]) -> dict[str, Member]:
    """Lock members, with all other rows of the same people, so that what is found stays true.

    Raises:
        MemberNotFound: this bank has none of one of these ids.
    """
    wanted = frozenset(member_ids)
    rows = {one for one in kin.rows_of(unit, wanted) if one.startswith("mem_")}
    return members.lock(unit, wanted | rows)


def require_each_once(view: View, member_ids: Collection[str]) -> None:
    """See that a list names nobody twice, as two rows of one person.

    Raises:
        BadField: it does.
    """
    if len(member_ids) > 1 and documents.doubled(view, member_ids):
        raise BadField("member_ids", "one person twice, on two rows / 同一人有两份档案，只能写一次")


def of_task(view: View, task: Task, member_ids: Iterable[str]) -> dict[str, str]:
    """Return which of these members are elsewhere during a task, and at which task."""
    starts_at = max(task.starts_at, min(view.now, task.ends_at))
    return found(view, member_ids, starts_at, task.ends_at, besides=task.task_id)


def found(
    view: View,
    member_ids: Iterable[str],
    starts_at: datetime,
    ends_at: datetime,
    *,
    besides: str | None = None,
) -> dict[str, str]:
    """Return which of these members are at another task between two instants, and at which.

    ``besides`` is the task in question, where another row of theirs is elsewhere, too; whoever goes
    on to claim has done `lock`.
    """
    wanted = frozenset(member_ids)
    everyone = kin.rows_of(view, wanted)
    rows = view.rows(
        select(
            claims.c.member_id,
            claims.c.task_id,
            claims.c.placed_at,
            claims.c.signed_in_at,
            claims.c.signed_out_at,
            tasks.c.starts_at,
            tasks.c.ends_at,
        )
        .join_from(
            claims,
            tasks,
            (tasks.c.bank_id == claims.c.bank_id) & (tasks.c.task_id == claims.c.task_id),
        )
        .where(
            claims.c.bank_id == view.bank_id,
            claims.c.member_id.in_(sorted(everyone)),
            claims.c.state.in_(_TIME),
            tasks.c.starts_at < ends_at,
            tasks.c.ends_at > starts_at,
        )
        .order_by(tasks.c.starts_at, claims.c.claim_id)
    )
    taken: dict[str, str] = {}
    for row in rows:
        begins, ends = _time_of(row)
        elsewhere = row.task_id != besides or row.member_id not in wanted
        if elsewhere and begins < ends_at and ends > starts_at:
            taken.setdefault(row.member_id, row.task_id)
    return _of_named(view, wanted, taken)


def _time_of(row: Row[Any]) -> tuple[datetime, datetime]:
    here = row.signed_in_at or row.placed_at or row.starts_at
    return max(here, row.starts_at), row.signed_out_at or row.ends_at


def _of_named(view: View, wanted: frozenset[str], taken: dict[str, str]) -> dict[str, str]:
    """Return what was found of any row of a person under the row that was asked for."""
    named = {one: taken[one] for one in taken.keys() & wanted}
    for other in sorted(taken.keys() - wanted):
        for one in kin.same(view, other) & wanted:
            named.setdefault(one, taken[other])
    return named
