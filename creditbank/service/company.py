"""Company: below the scheme's age nobody serves without an adult of theirs who is there."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from creditbank.core.clock import day_of
from creditbank.core.units import View
from creditbank.people import ages, guardians
from creditbank.schemes import scheme
from creditbank.service.attendance_errors import Unaccompanied
from creditbank.tasks import claims
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task


def below(view: View, task: Task) -> int:
    """Return the age below which somebody comes to a task with an adult only."""
    day = day_of(task.starts_at, view.bank.zone)
    return scheme.in_force(view, day).accompanied_below_age


def children(view: View, task: Task, member_ids: Iterable[str]) -> frozenset[str]:
    """Return who of these, on the day of a task, is known to be too young to come alone."""
    known = ages.on(view, member_ids, day_of(task.starts_at, view.bank.zone))
    least = below(view, task)
    return frozenset(one for one, age in known.items() if age is not None and age < least)


def require(view: View, task: Task, found: Claim) -> None:
    """See that a child comes with an adult who is signed in at the same task.

    Raises:
        Unaccompanied: nobody is there who may accompany this child.
    """
    if not children(view, task, [found.member_id]):
        return
    of = claims.claims.c
    there = view.row(
        select(of.claim_id)
        .where(
            of.bank_id == view.bank_id,
            of.task_id == task.task_id,
            of.state == ClaimState.SIGNED_IN,
            of.member_id.in_(sorted(guardians.accompanying(view, found.member_id))),
        )
        .limit(1)
    )
    if there is None:
        raise Unaccompanied(found.claim_id, below(view, task))
