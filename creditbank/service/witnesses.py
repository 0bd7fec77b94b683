"""Witnesses: who may note that somebody came, paused or left, and how that is kept.

Members note their own, by the site's code or without one; who leads a family or a team notes for
the people of that claim; staff note at tasks of the communities where their role holds.
"""

from __future__ import annotations

from sqlalchemy import select

from creditbank.core.units import Actor, View
from creditbank.people import communities, members
from creditbank.people.errors import NotYours
from creditbank.tasks import parties, tasks
from creditbank.tasks.claims import Claim, SignedInHow
from creditbank.tasks.tasks import Task


def how(view: View, actor: Actor, seen: Claim) -> SignedInHow:
    """Return as what the actor notes somebody's attendance; ``self`` where it is their own.

    Raises:
        NotYours: it is another member's, whom the actor does not lead.
        OtherCommunity: the actor's role does not hold where the task is.
    """
    if actor.assists is not None:
        members.require_own(actor, seen.member_id)
    if actor.role == members.MEMBER_ROLE:
        if actor.member_id == seen.member_id:
            return SignedInHow.SELF
        if seen.party_id is None or parties.find(view, seen.party_id).leader_id != actor.member_id:
            raise NotYours
        return SignedInHow.LEADER
    if actor.communities is not None:
        communities.require_within(actor, tasks.find(view, seen.task_id).community_id)
    return SignedInHow.ROSTER


def require_leading(view: View, actor: Actor, task: Task) -> None:
    """See that the actor organises a task, or leads a family or team there.

    Raises:
        NotYours: a member leads nobody there.
        OtherCommunity: the actor's role does not hold where the task is.
    """
    if actor.role != members.MEMBER_ROLE:
        communities.require_within(actor, task.community_id)
        return
    of = parties.parties.c
    led = select(of.party_id).where(
        of.bank_id == view.bank_id, of.task_id == task.task_id, of.leader_id == actor.member_id
    )
    if view.row(led.limit(1)) is None:
        raise NotYours
