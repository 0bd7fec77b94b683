"""Homes: where a task may lead to, and what is therefore told of its place to everybody."""

from __future__ import annotations

from creditbank.tasks.tasks import Task


def may_be_told_by(task: Task) -> bool:
    """Tell whether the place of a task may be somebody's home: it is for one resident."""
    of_somebody = task.beneficiary_id is not None or task.entry_id is not None
    return of_somebody or task.pair_id is not None
