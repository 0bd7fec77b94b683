"""Reviewers: who may review where. A community with fewer than two goes to the bank's pool.

A community's own reviewers are people in office whose role with that right holds there and who may
sign in; somebody with two accounts counts once. The bank's pool is every reviewer of the bank:
it has the reviews of communities with fewer than two, and whatever nobody reviewed in time.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import func, select

from creditbank.core.units import Actor, View
from creditbank.identity.grants import role_grants
from creditbank.identity.roles import RIGHTS, Right
from creditbank.identity.staff import StaffState, staff
from creditbank.people.communities import communities as known
from creditbank.people.errors import OtherCommunity
from creditbank.tasks.claims import Claim
from creditbank.tasks.tasks import Task

LEAST = 2

_REVIEWING = tuple(sorted(role for role, rights in RIGHTS.items() if Right.REVIEW in rights))


class Pool(StrEnum):
    """By whom the services of a community are reviewed."""

    COMMUNITY = "community"
    BANK = "bank"


def pool(view: View, community_id: str) -> Pool:
    """Return by whom the services of a community are reviewed."""
    return Pool.BANK if community_id in _short(view, community_id) else Pool.COMMUNITY


def pooled(view: View) -> frozenset[str]:
    """Return the communities whose services are reviewed by the bank's pool."""
    return _short(view, None)


def _short(view: View, community_id: str | None) -> frozenset[str]:
    """Return the communities, or this one, that have fewer than two reviewers of their own."""
    of = role_grants.c
    people = func.count(func.coalesce(staff.c.member_id, staff.c.staff_id).distinct())
    enough = (
        select(of.community_id)
        .join(staff, (staff.c.bank_id == of.bank_id) & (staff.c.staff_id == of.holder_id))
        .where(
            of.bank_id == view.bank_id,
            of.community_id.is_not(None),
            of.role.in_(_REVIEWING),
            of.ended_at.is_(None),
            staff.c.state == StaffState.ACTIVE,
        )
        .group_by(of.community_id)
        .having(people >= LEAST)
    )
    query = select(known.c.community_id).where(
        known.c.bank_id == view.bank_id, known.c.community_id.not_in(enough)
    )
    if community_id is not None:
        query = query.where(known.c.community_id == community_id)
    return frozenset(row.community_id for row in view.rows(query))


def require(view: View, actor: Actor, task: Task, found: Claim) -> None:
    """See that the actor's role holds where the task is, or that the bank's pool reviews it.

    Raises:
        OtherCommunity: neither.
    """
    held = actor.communities
    if held is None or task.community_id in held:
        return
    pools = actor.role in _REVIEWING and (
        is_late(view, found) or pool(view, task.community_id) is Pool.BANK
    )
    if not pools:
        raise OtherCommunity


def is_late(view: View, found: Claim) -> bool:
    """Tell whether nobody reviewed a service in time."""
    return found.review_due_at is not None and found.review_due_at <= view.now


def heads(view: View, community_id: str) -> list[str]:
    """Return the members who are in office as heads of a community, to be told."""
    of = role_grants.c
    rows = view.rows(
        select(staff.c.member_id)
        .join(role_grants, (staff.c.bank_id == of.bank_id) & (staff.c.staff_id == of.holder_id))
        .where(
            staff.c.bank_id == view.bank_id,
            staff.c.member_id.is_not(None),
            staff.c.state == StaffState.ACTIVE,
            of.community_id == community_id,
            of.role.in_(_REVIEWING),
            of.ended_at.is_(None),
        )
        .distinct()
        .order_by(staff.c.member_id)
    )
    return [row.member_id for row in rows]
