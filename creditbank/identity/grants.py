"""Grants: who in office or at a shop holds which role, and where. Ended ones stay on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, Connection, Index, bindparam, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.tables import OfBank, UtcDateTime, table, to_bank, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity.errors import GrantNotFound
from creditbank.identity.roles import OF_BANK, OF_COMMUNITY, OF_MERCHANT, Grant, Role
from creditbank.people import communities


class GrantRow(OfBank, table=True):
    """A role that somebody holds from ``granted_at`` until ``ended_at``."""

    __tablename__ = "role_grant"
    __table_args__ = (
        to_bank(),
        within_bank(["community_id"], "community", ["community_id"]),
        Index("ix_role_grant_holder", "bank_id", "holder_id"),
        CheckConstraint("community_id IS NULL OR merchant_id IS NULL", name="place"),
    )

    grant_id: str = Field(primary_key=True, max_length=40)
    holder_id: str = Field(max_length=40)
    role: str = Field(max_length=20)
    community_id: str | None = Field(max_length=40)
    merchant_id: str | None = Field(max_length=40)
    granted_by: str = Field(max_length=64)
    granted_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(sa_type=UtcDateTime)
    ended_by: str | None = Field(max_length=64)


role_grants = table(GrantRow)


def give(unit: Unit, holder_id: str, grant: Grant) -> str:
    """Give somebody a role and return the grant's id; whoever calls has seen to the merchant.

    Raises:
        BadField: the role and the place don't fit.
        CommunityNotFound: this bank has no such community.
    """
    require_fit(unit, grant)
    grant_id = unit.new_id("grt")
    unit.run(
        role_grants.insert(),
        {
            "bank_id": unit.bank_id,
            "grant_id": grant_id,
            "holder_id": holder_id,
            "role": grant.role,
            "community_id": grant.community_id,
            "merchant_id": grant.merchant_id,
            "granted_by": unit.actor.id,
            "granted_at": unit.now,
            "ended_at": None,
            "ended_by": None,
        },
    )
    return grant_id


def require_fit(view: View, grant: Grant) -> None:
    """See that a role can be given there; whoever calls sees to the merchant.

    Raises:
        BadField: the role and the place don't fit.
        CommunityNotFound: this bank has no such community.
    """
    if grant.community_id is not None and grant.role not in OF_COMMUNITY | {Role.TEAM_LEADER}:
        raise BadField("community_id", f"{grant.role}: the whole bank / 全社")
    if (grant.merchant_id is not None) != (grant.role in OF_MERCHANT):
        raise BadField("merchant_id", "shop_owner only / 仅限商户负责人")
    if grant.role not in OF_COMMUNITY | OF_BANK | OF_MERCHANT | {Role.TEAM_LEADER}:
        raise BadField("role", "organiser … operator, shop_owner, team_leader")
    if grant.community_id is not None:
        communities.find(view, grant.community_id)


def end(unit: Unit, grant_id: str) -> None:
    """Take a role back from now on.

    Raises:
        GrantNotFound: this bank has no such grant in force.
    """
    done = unit.run(
        update(role_grants)
        .where(
            role_grants.c.bank_id == unit.bank_id,
            role_grants.c.grant_id == grant_id,
            role_grants.c.ended_at.is_(None),
        )
        .values(ended_at=unit.now, ended_by=unit.actor.id)
        .returning(role_grants.c.grant_id)
    ).first()
    if done is None:
        raise GrantNotFound(grant_id)


_OF = (
    select(
        role_grants.c.grant_id,
        role_grants.c.role,
        role_grants.c.community_id,
        role_grants.c.merchant_id,
    )
    .where(
        role_grants.c.bank_id == bindparam("of_bank"),
        role_grants.c.holder_id == bindparam("of_holder"),
        role_grants.c.ended_at.is_(None),
    )
    .order_by(role_grants.c.grant_id)
)


def on(connection: Connection, bank_id: int, holder_id: str) -> tuple[Grant, ...]:
    """Return the grants of a holder that are in force, on a bare connection."""
    rows = connection.execute(_OF, {"of_bank": bank_id, "of_holder": holder_id})
    return tuple(Grant(Role(row.role), row.community_id, row.merchant_id) for row in rows)


def find(view: View, grant_id: str) -> tuple[str, Grant]:
    """Return who holds a role that is in force, and the role.

    Raises:
        GrantNotFound: this bank has no such grant in force.
    """
    row = view.row(
        select(role_grants).where(
            role_grants.c.bank_id == view.bank_id,
            role_grants.c.grant_id == grant_id,
            role_grants.c.ended_at.is_(None),
        )
    )
    if row is None:
        raise GrantNotFound(grant_id)
    return row.holder_id, Grant(Role(row.role), row.community_id, row.merchant_id)


def of(view: View, holder_id: str) -> dict[str, Grant]:
    """Return the grants of a holder that are in force, by id."""
    rows = view.connection.execute(_OF, {"of_bank": view.bank_id, "of_holder": holder_id})
    return {row.grant_id: Grant(Role(row.role), row.community_id, row.merchant_id) for row in rows}


def of_all(view: View, holder_ids: Iterable[str]) -> dict[str, dict[str, Grant]]:
    """Return the grants of several holders that are in force, by holder and id."""
    rows = view.rows(
        select(role_grants)
        .where(
            role_grants.c.bank_id == view.bank_id,
            role_grants.c.holder_id.in_(sorted(set(holder_ids))),
            role_grants.c.ended_at.is_(None),
        )
        .order_by(role_grants.c.grant_id)
    )
    held: dict[str, dict[str, Grant]] = {}
    for row in rows:
        grant = Grant(Role(row.role), row.community_id, row.merchant_id)
        held.setdefault(row.holder_id, {})[row.grant_id] = grant
    return held
