"""Invitations: the only way into an office, a link that works once within 72 hours.

The link's secret is 256 bits, shown once to whoever invites; the table keeps its SHA-256. The
same kind of link gives a second factor to somebody whose own was set back. What is done with a
link is in `creditbank.identity.acceptances`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Column, Row, UniqueConstraint, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import Unsaid, keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity import grants, staff
from creditbank.identity.errors import InvitationNotFound, InvitationOver
from creditbank.identity.roles import Grant
from creditbank.people import trail

LASTS = timedelta(hours=72)
PAGE_MOST = 200
ROLES_MOST = 20

_SECRET_BYTES = 32
_GRANTS = TypeAdapter(tuple[Grant, ...])


class Purpose(StrEnum):
    """What a link is for: to join, or to set a second factor up again."""

    JOIN = "join"
    RESTORE = "restore"


class InvitationRow(OfBank, table=True):
    """One link: for whom, the roles it brings, and until when it works."""

    __tablename__ = "invitation"
    __table_args__ = (
        within_bank(["staff_id"], "staff", ["staff_id"]),
        UniqueConstraint("bank_id", "secret_hash"),
    )

    invitation_id: str = Field(primary_key=True, max_length=40)
    staff_id: str = Field(max_length=40)
    purpose: str = Field(max_length=16)
    secret_hash: str = Field(max_length=64)
    grants: Any = Field(sa_column=Column("grants", JSON, nullable=False))
    invited_by: str = Field(max_length=64)
    invited_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    accepted_at: datetime | None = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(sa_type=UtcDateTime)


invitations = table(InvitationRow)


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation answers; the link's secret is the edge's to show, once."""

    invitation_id: str
    staff_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that still works."""

    invitation_id: str
    staff_id: str
    purpose: Purpose
    grants: tuple[Grant, ...]
    invited_by: str
    invited_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Links that still work; ``after`` asks for the next page, None on the last one."""

    invitations: tuple[Invitation, ...]
    after: str | None


def new_secret() -> str:
    """Return a fresh secret for a link, to be shown once and kept nowhere."""
    return f"inv_{secrets.token_urlsafe(_SECRET_BYTES)}"


def hashed(secret: str) -> str:
    """Return what the table keeps of a link's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        row.invitation_id,
        row.staff_id,
        Purpose(row.purpose),
        _GRANTS.validate_python(row.grants, strict=False),
        row.invited_by,
        row.invited_at,
        row.ends_at,
    )


@keyed
def invite(
    unit: Unit,
    *,
    name: str,
    roles: Sequence[Grant],
    key: str,  # noqa: ARG001 - the key is @keyed's
    secret_hash: Unsaid[str],
    member_id: str | None = None,
) -> Invited:
    """Invite somebody into an office; whoever calls has seen to the merchants.

    Raises:
        BadField: the name is unusable, there is no role, or a role and its place don't fit.
        OwnRole: the inviter invites themselves, as the resident they also are.
        MemberNotFound, CommunityNotFound: this bank has none of this id.
    """
    if not 1 <= len(roles) <= ROLES_MOST or len(set(roles)) < len(roles):
        raise BadField("roles", f"1–{ROLES_MOST}, each once / 各一次")
    for one in roles:
        grants.require_fit(unit, one)
    staff_id = staff.enrol(unit, name=name, member_id=member_id)
    staff.refuse_own(unit, staff_id)
    made = write(unit, staff_id, Purpose.JOIN, secret_hash=secret_hash, roles=roles)
    trail.record(
        unit,
        "staff.invited",
        staff_id,
        subject_id=staff_id,
        after={"roles": roles, "member_id": member_id},
    )
    return made


def write(
    unit: Unit, staff_id: str, purpose: Purpose, *, secret_hash: str, roles: Sequence[Grant] = ()
) -> Invited:
    """Write a link down for somebody; those made before no longer work."""
    _withdraw(unit, invitations.c.staff_id == staff_id)
    made = Invited(unit.new_id("inv"), staff_id, unit.now + LASTS)
    unit.run(
        insert(invitations),
        {
            "bank_id": unit.bank_id,
            "invitation_id": made.invitation_id,
            "staff_id": staff_id,
            "purpose": purpose,
            "secret_hash": secret_hash,
            "grants": _GRANTS.dump_python(tuple(roles), mode="json"),
            "invited_by": unit.actor.id,
            "invited_at": unit.now,
            "ends_at": made.ends_at,
            "accepted_at": None,
            "withdrawn_at": None,
        },
    )
    return made


def withdraw_those_of(unit: Unit, actor_id: str) -> None:
    """Take back what somebody has invited to and was not accepted yet."""
    _withdraw(unit, invitations.c.invited_by == actor_id)


@keyed
def withdraw(unit: Unit, *, invitation_id: str, key: str) -> str:  # noqa: ARG001
    """Take a link back that was not used yet, and return its id.

    Raises:
        InvitationNotFound: this bank has none of this id that still waits.
    """
    staff_id = _withdraw(unit, invitations.c.invitation_id == invitation_id)
    if staff_id is None:
        raise InvitationNotFound
    trail.record(unit, "invitation.withdrawn", invitation_id, subject_id=staff_id)
    return invitation_id


def _withdraw(unit: Unit, which: Any) -> str | None:
    done = unit.run(
        update(invitations)
        .where(
            invitations.c.bank_id == unit.bank_id,
            which,
            invitations.c.accepted_at.is_(None),
            invitations.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=unit.now)
        .returning(invitations.c.staff_id)
    ).first()
    return None if done is None else done.staff_id


def is_of(view: View, invitation_id: str, secret_hash: str) -> bool:
    """Tell whether a link has this secret, so that it may be shown."""
    row = view.row(
        select(invitations.c.invitation_id).where(
            invitations.c.bank_id == view.bank_id,
            invitations.c.invitation_id == invitation_id,
            invitations.c.secret_hash == secret_hash,
        )
    )
    return row is not None


def listing(view: View, *, after: str | None = None, limit: int = 50) -> Page:
    """Return the links that still work; ``after`` is the ``after`` of the page before."""
    limit = min(limit, PAGE_MOST)
    rows = view.rows(
        select(invitations)
        .where(
            invitations.c.bank_id == view.bank_id,
            invitations.c.accepted_at.is_(None),
            invitations.c.withdrawn_at.is_(None),
            invitations.c.ends_at > view.now,
            invitations.c.invitation_id > (after or ""),
        )
        .order_by(invitations.c.invitation_id)
        .limit(limit + 1)
    )
    shown = tuple(_invitation(row) for row in rows[:limit])
    return Page(shown, shown[-1].invitation_id if len(rows) > limit else None)


def whose(view: View, secret_hash: str) -> str | None:
    """Return whom the link of a secret is for, working or not, or None."""
    row = view.row(
        select(invitations.c.staff_id).where(
            invitations.c.bank_id == view.bank_id, invitations.c.secret_hash == secret_hash
        )
    )
    return None if row is None else row.staff_id


def working(view: View, secret_hash: str) -> Invitation:
    """Return the link of a secret, if it still works.

    Raises:
        InvitationNotFound: this bank has none like it.
        InvitationOver: it was used or taken back, or its time is over.
    """
    row = view.row(
        select(invitations).where(
            invitations.c.bank_id == view.bank_id, invitations.c.secret_hash == secret_hash
        )
    )
    if row is None:
        raise InvitationNotFound
    used = row.accepted_at is not None or row.withdrawn_at is not None
    if used or view.now >= row.ends_at:
        raise InvitationOver
    return _invitation(row)
