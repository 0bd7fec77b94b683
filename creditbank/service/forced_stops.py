"""Forced stops: who has not signed out some time after the end of a task is signed out by a job.

The minutes run to the end of the task; the claim is flagged, so that its reviewer looks twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row, select, tuple_

from creditbank import jobs
from creditbank.core.units import Unit, View
from creditbank.jobs import Lease
from creditbank.schemes import scheme
from creditbank.service import attendance
from creditbank.tasks import claims, tasks
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task

KIND = "force-sign-out"
SLICE = 20


def due(view: View) -> list[str]:
    """Return what says that the job has work: somebody's time to sign out is over."""
    return [jobs.DUE_WORK] if _late(view, 1) else []


def run_slice(unit: Unit, lease: Lease) -> bool:
    """Sign out the next people of one task; give the job back when nobody is left."""
    cursor = jobs.hold(unit, lease)
    late = _late(unit, SLICE, (cursor.get("task", ""), cursor.get("claim", "")))
    if not late:
        jobs.release(unit, lease)
        return True
    task = tasks.lock(unit, late[0].task_id)
    claim_id = ""
    for claim_id in [row.claim_id for row in late if row.task_id == task.task_id]:
        jobs.spared(unit, lease, claim_id, partial(_force_out, unit, task, claim_id))
    jobs.advance(unit, lease, {"task": task.task_id, "claim": claim_id})
    return False


def _force_out(unit: Unit, task: Task, claim_id: str) -> None:
    found = claims.lock(unit, claim_id)
    if found.state is ClaimState.SIGNED_IN:
        attendance.force_out(unit, task, found)


def _late(view: View, limit: int, since: tuple[str, str] = ("", "")) -> Sequence[Row[Any]]:
    """Return claims of who should have signed out by now, by task; ``since`` was the last."""
    after = timedelta(minutes=scheme.current(view).forced_out_after_minutes)
    of, at = claims.claims.c, tasks.tasks.c
    return view.rows(
        select(of.claim_id, of.task_id)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(
            of.bank_id == view.bank_id,
            of.state == ClaimState.SIGNED_IN,
            at.ends_at <= view.now - after,
            tuple_(of.task_id, of.claim_id) > tuple_(*since),
        )
        .order_by(of.task_id, of.claim_id)
        .limit(limit)
    )
