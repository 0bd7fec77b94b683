"""Site codes: digits that change every half minute and are seen only where the task is.

Nothing is stored: the digits of a step of time follow from the task by a keyed hash, so whoever has
the database alone cannot make them. A code is good until its time is over by the server's clock.
The prefix is its own, so that no till takes it for a pay code or a card. Wrong codes are counted
for each member and task.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from creditbank.core import check_digits, counters
from creditbank.core.counters import Counter
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Unit, View
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from creditbank.service import witnesses
from creditbank.service.attendance_errors import (
    SiteCodeClosed,
    SiteCodeOld,
    SiteCodeScrambled,
    SiteCodeTries,
    SiteCodeWrong,
)
from creditbank.tasks import tasks
from creditbank.tasks.states import TASK, TaskState
from creditbank.tasks.tasks import Task

PREFIX = "95"
HASHED_DIGITS = 15
LENGTH = len(PREFIX) + HASHED_DIGITS + 1
SIGN_IN_EARLY_MINUTES = 60
WRONG_MOST = 10

_REMEMBERED_STEPS = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_WHOLE = re.compile(rf"{PREFIX}[0-9]{{{LENGTH - len(PREFIX)}}}")


@dataclass(frozen=True, slots=True)
class SiteCode:
    """What the site shows now; ask for the next one at ``refresh_at``."""

    digits: str
    issued_at: datetime
    refresh_at: datetime
    ends_at: datetime


def shown(view: View, actor: Actor, task_id: str) -> SiteCode:
    """Return the code that a task's organiser, or who leads people there, shows now.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        NotYours: a member leads nobody there.
        StateConflict: the task is a draft, closed or cancelled.
        SiteCodeClosed: it is too early or too late; says between when.
    """
    task = tasks.find(view, task_id)
    witnesses.require_leading(view, actor, task)
    if task.state in {TaskState.DRAFT, TaskState.CLOSED, TaskState.CANCELLED}:
        raise TASK.conflict(task.state, "sign_in")
    rules = scheme.current(view)
    opens, closes = window(task, rules)
    if not opens <= view.now < closes:
        zone = ZoneInfo(view.bank.zone)
        said = [f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in (opens, closes)]
        raise SiteCodeClosed(task_id, *said)
    step = _step(view.now, rules)
    issued_at = _EPOCH + step * rules.site_code_period_s * _SECOND
    return SiteCode(
        _digits(view, task_id, step),
        issued_at,
        issued_at + rules.site_code_period_s * _SECOND,
        issued_at + rules.site_code_ttl_s * _SECOND,
    )


def window(task: Task, rules: Scheme) -> tuple[datetime, datetime]:
    """Return from when to when people sign in and out at a task."""
    opens = task.starts_at - SIGN_IN_EARLY_MINUTES * _MINUTE
    return opens, task.ends_at + rules.forced_out_after_minutes * _MINUTE


def refusal(unit: Unit, task: Task, member_id: str, typed: str) -> CreditbankError | None:
    """Return why a code that a member scanned or typed is not good here, or None if it is.

    Task and claim are locked. A code that is not the task's is counted; after too many of them
    none is taken there from this member, not even the right one.
    """
    digits = "".join(typed.split())
    if not _WHOLE.fullmatch(digits) or check_digits.luhn(digits[:-1]) != digits[-1]:
        return SiteCodeScrambled()
    tries = _tries(task, member_id)
    wrong = counters.lock(unit, [tries])[tries]
    if wrong >= WRONG_MOST:
        return SiteCodeTries(task.task_id)
    rules = scheme.current(unit)
    last = _step(unit.now, rules)
    live = -(-rules.site_code_ttl_s // rules.site_code_period_s)
    for step in range(last, last - live - _REMEMBERED_STEPS, -1):
        if hmac.compare_digest(digits, _digits(unit, task.task_id, step)):
            ends_at = _EPOCH + (step * rules.site_code_period_s + rules.site_code_ttl_s) * _SECOND
            over = unit.now >= ends_at
            return SiteCodeOld(task.task_id, rules.site_code_ttl_s) if over else None
    counters.add(unit, {tries: 1})
    return SiteCodeWrong(task.task_id, WRONG_MOST - wrong - 1)


def whose(view: View, several: Sequence[Task], typed: str) -> str | None:
    """Return which of some tasks shows these digits, or did a while ago; None if none does.

    Nothing is counted: whoever asks takes part in these tasks, and what is done with the digits
    afterwards is (`refusal`).
    """
    digits = "".join(typed.split())
    if not _WHOLE.fullmatch(digits):
        return None
    rules = scheme.current(view)
    last = _step(view.now, rules)
    live = -(-rules.site_code_ttl_s // rules.site_code_period_s)
    for task in several:
        for step in range(last, last - live - _REMEMBERED_STEPS, -1):
            if hmac.compare_digest(digits, _digits(view, task.task_id, step)):
                return task.task_id
    return None


def _step(now: datetime, rules: Scheme) -> int:
    return (now - _EPOCH) // (rules.site_code_period_s * _SECOND)


def _digits(view: View, task_id: str, step: int) -> str:
    """Return the digits that a task's site shows in a step of time."""
    hashed = view.vault.hashed(f"site-code/{view.bank_id}", f"{task_id}/{step}")
    body = PREFIX + str(int(hashed, 16) % 10**HASHED_DIGITS).zfill(HASHED_DIGITS)
    return body + check_digits.luhn(body)


def _tries(task: Task, member_id: str) -> Counter:
    return counters.for_ever("site-code-wrong", f"{member_id}/{task.task_id}")
