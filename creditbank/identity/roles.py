"""Roles and rights: one table says what each role may do; API and pages ask `may`.

A right says what may be asked for, not of whom: where a role holds (communities, merchants) is on
its grant, and that nobody approves what they made or gain by (law 7) is the engine's, whatever
the role. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the bank."""

    MEMBER = "member"
    TEAM_LEADER = "team_leader"
    TILL = "till"
    CASHIER = "cashier"
    SHOP_OWNER = "shop_owner"
    ORGANISER = "organiser"
    REVIEWER = "reviewer"
    COMMUNITY_HEAD = "community_head"
    TREASURER = "treasurer"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Right(StrEnum):
    """One thing that a role may or may not do."""

    SEE_BANK = "see the bank"
    SEE_TASKS = "see tasks"
    SEE_RANKING = "see rankings"
    SEE_MERCHANTS = "see merchants"
    ACT_AS_MEMBER = "act as a member"
    ACT_AS_TILL = "act as a till"
    SEE_MEMBERS = "see members"
    KEEP_MEMBERS = "keep members"
    ADMIT = "admit members"
    REVEAL = "reveal personal data"
    REVEAL_MINORS = "reveal the personal data of minors"
    ASSIST = "act for a member who is present"
    KEEP_CARDS = "keep printed cards"
    CALL = "call members without a phone"
    SETTLE_DEPARTURES = "settle what a departed member leaves"
    KEEP_EXCHANGE = "keep donations and disputes of services"
    ERASE = "handle wishes to be erased"
    KEEP_COMMUNITIES = "keep communities"
    KEEP_CATEGORIES = "keep categories"
    KEEP_TASKS = "keep tasks"
    KEEP_ATTENDANCE = "keep attendance"
    REVIEW = "review"
    WITHDRAW_APPROVAL = "withdraw approvals"
    KEEP_MERCHANTS = "keep merchants"
    KEEP_TILLS = "keep tills and cashiers"
    SEE_SALES = "see what a shop took"
    REGISTER_VOLUNTEERS = "register volunteers at a shop"
    REFUND = "refund"
    KEEP_SCHEME = "keep the scheme"
    SEE_LEDGER = "see the ledger"
    AUDIT = "audit"
    OVERSEE = "read what others keep"
    SEE_TRAIL = "see who did what"
    SEE_JOBS = "see jobs"
    KEEP_IMPORTS = "keep imports"
    KEEP_STAFF = "keep staff and their roles"
    KEEP_TOKENS = "keep access tokens"


_ALL = {Right.SEE_BANK, Right.SEE_TASKS, Right.SEE_RANKING, Right.SEE_MERCHANTS}
_TILL = {Right.SEE_BANK, Right.SEE_MERCHANTS, Right.ACT_AS_TILL}
_OFFICE = {
    Right.SEE_MEMBERS,
    Right.KEEP_MEMBERS,
    Right.ADMIT,
    Right.REVEAL,
    Right.ASSIST,
    Right.KEEP_CARDS,
    Right.CALL,
    Right.ERASE,
}
_APPROVES = {Right.REVIEW, Right.WITHDRAW_APPROVAL, Right.KEEP_ATTENDANCE}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.MEMBER: frozenset(_ALL | {Right.ACT_AS_MEMBER}),
    Role.TEAM_LEADER: frozenset(_ALL),
    Role.TILL: frozenset(_TILL),
    Role.CASHIER: frozenset(_TILL),
    Role.SHOP_OWNER: frozenset(
        {
            Right.SEE_BANK,
            Right.SEE_MERCHANTS,
            Right.KEEP_TILLS,
            Right.SEE_SALES,
            Right.REGISTER_VOLUNTEERS,
            Right.REFUND,
        }
    ),
    Role.ORGANISER: frozenset(_ALL | _OFFICE | {Right.KEEP_TASKS, Right.KEEP_ATTENDANCE}),
    Role.REVIEWER: frozenset(_ALL | _APPROVES | {Right.SEE_MEMBERS}),
    Role.COMMUNITY_HEAD: frozenset(
        _ALL
        | _OFFICE
        | _APPROVES
        | {Right.REVEAL_MINORS, Right.SETTLE_DEPARTURES, Right.SEE_TRAIL, Right.KEEP_EXCHANGE}
    ),
    Role.TREASURER: frozenset(
        _ALL
        | {
            Right.SEE_MEMBERS,
            Right.REFUND,
            Right.SEE_SALES,
            Right.SEE_LEDGER,
            Right.SETTLE_DEPARTURES,
            Right.KEEP_EXCHANGE,
        }
    ),
    Role.AUDITOR: frozenset(
        _ALL
        | {
            Right.SEE_MEMBERS,
            Right.SEE_SALES,
            Right.SEE_LEDGER,
            Right.AUDIT,
            Right.OVERSEE,
            Right.SEE_JOBS,
            Right.SEE_TRAIL,
        }
    ),
    Role.OPERATOR: frozenset(
        _ALL
        | {
            Right.KEEP_COMMUNITIES,
            Right.KEEP_CATEGORIES,
            Right.KEEP_MEMBERS,
            Right.SEE_MEMBERS,
            Right.KEEP_MERCHANTS,
            Right.KEEP_TILLS,
            Right.SEE_SALES,
            Right.KEEP_SCHEME,
            Right.SEE_LEDGER,
            Right.AUDIT,
            Right.OVERSEE,
            Right.SEE_JOBS,
            Right.SEE_TRAIL,
            Right.KEEP_IMPORTS,
            Right.KEEP_STAFF,
            Right.KEEP_TOKENS,
        }
    ),
}

# Roles of people who sign in with a password, by what bounds them.
OF_COMMUNITY = frozenset({Role.ORGANISER, Role.REVIEWER, Role.COMMUNITY_HEAD})
OF_MERCHANT = frozenset({Role.SHOP_OWNER})
OF_BANK = frozenset({Role.TREASURER, Role.AUDITOR, Role.OPERATOR})
OFFICE = OF_COMMUNITY | OF_BANK
STAFF = OFFICE | OF_MERCHANT

# Who can approve hours or money, or make somebody who can, signs in with a second factor.
_WEIGHTY = {
    Right.REVIEW,
    Right.WITHDRAW_APPROVAL,
    Right.REFUND,
    Right.SETTLE_DEPARTURES,
    Right.KEEP_EXCHANGE,
    Right.KEEP_SCHEME,
    Right.KEEP_STAFF,
    Right.KEEP_TOKENS,
}
SECOND_FACTOR = frozenset(role for role in STAFF if RIGHTS[role] & _WEIGHTY)

assert set(RIGHTS) == set(Role), "every role stands in the table"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and where it holds: None is the whole bank."""

    role: Role
    community_id: str | None = None
    merchant_id: str | None = None

    def covers(self, other: Grant) -> bool:
        """Tell whether whoever holds this holds the other one, too."""
        return (
            self.role is other.role
            and self.community_id in {None, other.community_id}
            and self.merchant_id in {None, other.merchant_id}
        )


def may(role: Role, right: Right) -> bool:
    """Tell whether a role includes a right."""
    return right in RIGHTS[role]


def giving(grants: Iterable[Grant], rights: Iterable[Right]) -> tuple[Grant, ...]:
    """Return the grants that include one of these rights."""
    wanted = frozenset(rights)
    return tuple(one for one in grants if RIGHTS[one.role] & wanted)
