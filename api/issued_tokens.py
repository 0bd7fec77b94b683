"""Issued tokens: those that an operator makes over the API, never for more than they may give.

A till's, for whoever keeps tills. A person's in office, for a role that this person holds there;
it ends with the role, and acts as that person also as a resident (law 7). The maker sees its
secret, so a role that wants a second factor is given by nobody who could not act in it. A
program's, for a role whose rights the maker has themselves. Never a member's: members sign in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select

from api import tokens
from api.errors import BeyondMaker
from api.tokens import Token
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.units import Unit, View
from creditbank.identity import grants, staff
from creditbank.identity.roles import RIGHTS, SECOND_FACTOR, STAFF, Grant, Right, Role

DAYS_MOST = 366
PAGE_MOST = 200

_tokens = tokens.tokens


@dataclass(frozen=True, slots=True)
class Issued:
    """What the making of a token answers; the secret is the edge's to show, once."""

    token_id: str
    holder_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A token that is in use."""

    token_id: str
    role: Role
    member_id: str | None
    till_id: str | None
    staff_id: str | None
    community_id: str | None
    merchant_id: str | None
    label: str
    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """Tokens that are in use; ``after`` asks for the next page, None on the last one."""

    tokens: tuple[Listed, ...]
    after: str | None


@keyed
def issue(
    unit: Unit,
    *,
    role: Role,
    days: int,
    label: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret_hash: Unsaid[str],
    makers: Unsaid[Sequence[Grant]],
    till_id: str | None = None,
    staff_id: str | None = None,
    community_id: str | None = None,
    merchant_id: str | None = None,
) -> Issued:
    """Make a token for ``days``; ``makers`` are the roles by which its maker may do so.

    Raises:
        BeyondMaker: it would give more than the maker may give, or than its holder holds.
        BadField: the role and what it is bound to do not fit.
        TillNotFound, CommunityNotFound, MerchantNotFound: this bank has none of this id.
    """
    person = None if staff_id is None else staff.on(unit.connection, unit.bank_id, staff_id)
    wanted = Grant(role, community_id, merchant_id)
    if person is not None:
        held = grants.of(unit, person.staff_id).values()
        own = role not in SECOND_FACTOR or _may_give(makers, role)
        allowed = own and any(one.covers(wanted) for one in held)
    else:
        allowed = _may_give(makers, role)
    if not allowed:
        raise BeyondMaker
    ends_at = unit.now + timedelta(days=days)
    made: Token = tokens.write(
        unit,
        role=role,
        secret_hash=secret_hash,
        label=label,
        member_id=None if person is None else person.member_id,
        till_id=till_id,
        staff_id=staff_id,
        community_id=community_id,
        merchant_id=merchant_id,
        ends_at=ends_at,
    )
    return Issued(made.token_id, made.holder_id, ends_at)


def _may_give(makers: Sequence[Grant], role: Role) -> bool:
    """Tell whether somebody with these roles may give this one to a till or a program."""
    own = frozenset[Right]().union(*(RIGHTS[one.role] for one in makers))
    if role is Role.TILL:
        return Right.KEEP_TILLS in own
    return role in STAFF and RIGHTS[role] <= own


def is_of(view: View, token_id: str, secret_hash: str) -> bool:
    """Tell whether a token has this secret, so that it may be shown."""
    row = view.row(
        select(_tokens.c.token_id).where(
            _tokens.c.bank_id == view.bank_id,
            _tokens.c.token_id == token_id,
            _tokens.c.secret_hash == secret_hash,
        )
    )
    return row is not None


def listing(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the tokens that are in use, the oldest first."""
    limit = min(limit, PAGE_MOST)
    rows = view.rows(
        select(_tokens)
        .where(
            _tokens.c.bank_id == view.bank_id,
            _tokens.c.revoked_at.is_(None),
            or_(_tokens.c.ends_at.is_(None), _tokens.c.ends_at > view.now),
            _tokens.c.token_id > (after or ""),
        )
        .order_by(_tokens.c.token_id)
        .limit(limit + 1)
    )
    shown = tuple(_listed(row) for row in rows[:limit])
    return Page(shown, shown[-1].token_id if len(rows) > limit else None)


def _listed(row: Row[Any]) -> Listed:
    return Listed(
        row.token_id,
        Role(row.role),
        row.member_id,
        row.till_id,
        row.staff_id,
        row.community_id,
        row.merchant_id,
        row.label,
        row.created_at,
        row.ends_at,
    )
