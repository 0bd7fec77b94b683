"""What each role may do: one table, asked by one dependency.

A right says what may be asked for, not of whom: members act only for themselves and tills only
at themselves because their routes take the id from the token. That nobody approves what they
made or gain by (law 7) is not here: the engine holds it, whatever the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from api.tokens import OFFICE, Role


class Right(StrEnum):
    """One thing that a role may or may not do."""

    SEE_BANK = "see the bank"
    SEE_TASKS = "see tasks"
    SEE_RANKING = "see rankings"
    ACT_AS_MEMBER = "act as a member"
    ACT_AS_TILL = "act as a till"
    KEEP_MEMBERS = "keep members"
    SEE_MEMBERS = "see members"
    KEEP_COMMUNITIES = "keep communities"
    KEEP_CATEGORIES = "keep categories"
    KEEP_TASKS = "keep tasks"
    KEEP_ATTENDANCE = "keep attendance"
    REVIEW = "review"
    WITHDRAW_APPROVAL = "withdraw approvals"
    KEEP_MERCHANTS = "keep merchants"
    SEE_MERCHANTS = "see merchants"
    REFUND = "refund"
    KEEP_SCHEME = "keep the scheme"
    SEE_LEDGER = "see the ledger"
    AUDIT = "audit"
    SEE_JOBS = "see jobs"
    KEEP_IMPORTS = "keep imports"


_ALL = {Right.SEE_BANK, Right.SEE_TASKS, Right.SEE_RANKING, Right.SEE_MERCHANTS}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.MEMBER: frozenset(_ALL | {Right.ACT_AS_MEMBER}),
    Role.TILL: frozenset({Right.SEE_BANK, Right.SEE_MERCHANTS, Right.ACT_AS_TILL}),
    Role.ORGANISER: frozenset(
        _ALL
        | {
            Right.KEEP_MEMBERS,
            Right.SEE_MEMBERS,
            Right.KEEP_TASKS,
            Right.KEEP_ATTENDANCE,
        }
    ),
    Role.REVIEWER: frozenset(
        _ALL | {Right.SEE_MEMBERS, Right.REVIEW, Right.WITHDRAW_APPROVAL, Right.KEEP_ATTENDANCE}
    ),
    Role.TREASURER: frozenset(_ALL | {Right.SEE_MEMBERS, Right.REFUND, Right.SEE_LEDGER}),
    Role.AUDITOR: frozenset(
        _ALL | {Right.SEE_MEMBERS, Right.SEE_LEDGER, Right.AUDIT, Right.SEE_JOBS}
    ),
    Role.OPERATOR: frozenset(
        _ALL
        | {
            Right.KEEP_COMMUNITIES,
            Right.KEEP_CATEGORIES,
            Right.KEEP_MEMBERS,
            Right.SEE_MEMBERS,
            Right.KEEP_MERCHANTS,
            Right.KEEP_SCHEME,
            Right.SEE_LEDGER,
            Right.AUDIT,
            Right.SEE_JOBS,
            Right.KEEP_IMPORTS,
        }
    ),
}

assert set(RIGHTS) == OFFICE | {Role.MEMBER, Role.TILL}, "every role stands in the table"


def may(role: Role, right: Right) -> bool:
    """Tell whether a role includes a right."""
    return right in RIGHTS[role]
