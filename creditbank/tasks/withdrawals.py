"""Withdrawals: places are given back before the task is over.

A withdrawal only frees the place; who gets it is seen to by `filling`. After the cut-off it is
late and counts as not coming (`no_shows`), unless the task has changed, or the place was had for
less than half an hour. Who accompanies a child does not leave it there alone: the child is
withdrawn first, or the whole family at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.units import Unit, View
from creditbank.identity import assists
from creditbank.people import communities, members
from creditbank.people.errors import NotYours
from creditbank.people.members import MEMBER_ROLE
from creditbank.schemes import scheme
from creditbank.tasks import audiences, claims, no_shows, parties, tasks
from creditbank.tasks.claim_errors import ChildStays, NotLeading
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.parties import ClaimedAs
from creditbank.tasks.states import CLAIM, PLACELESS, TASK, ClaimState
from creditbank.tasks.tasks import Task

REGRET = timedelta(minutes=30)


@keyed
def withdraw(unit: Unit, *, claim_id: str, key: str) -> Claimed:  # noqa: ARG001 - @keyed's
    """Give one person's place, or place in the queue, back before the task is over.

    Raises:
        ClaimNotFound: this bank has none of this id.
        NotYours: it is another member's, and the actor did not claim for a party with them.
        OtherCommunity: neither the task nor the member is of where the actor's role holds.
        StateConflict: the participant has signed in, or the task is over.
        ChildStays: a child would stay there alone.
    """
    seen = claims.find(unit, claim_id)
    _require_own(unit, seen)
    task = tasks.lock(unit, seen.task_id)
    found = claims.lock(unit, claim_id)
    require_near(unit, task, found)
    _withdraw(unit, task, [found])
    return Claimed(claim_id, ClaimState.WITHDRAWN)


@keyed
def withdraw_party(unit: Unit, *, party_id: str, key: str) -> ClaimedAs:  # noqa: ARG001
    """Give the places of a family or team back, by who leads it or the office.

    Who has signed in stays.

    Raises:
        PartyNotFound: this bank has none of this id.
        NotLeading: a member who does not lead these people.
        OtherCommunity: neither the task nor the leader is of where the actor's role holds.
        StateConflict: nobody of them can withdraw any more.
        ChildStays: a child would stay there alone.
    """
    party = parties.find(unit, party_id)
    require_leading(unit, party)
    task = tasks.lock(unit, party.task_id)
    every = parties.lock_claims(unit, party_id)
    going = [one for one in every if (one.state, "withdraw") in CLAIM.moves]
    if not every:  # all of them came again, with another party or alone
        raise CLAIM.conflict(ClaimState.WITHDRAWN, "withdraw")
    require_near(unit, task, every[0])
    if not going:
        raise CLAIM.conflict(every[0].state, "withdraw")
    _withdraw(unit, task, going)
    return party


def _require_own(unit: Unit, seen: Claim) -> None:
    """See that a member gives back their own place, or that of somebody whom they lead.

    Raises:
        NotYours: it is another member's.
    """
    actor = unit.actor
    if actor.role == MEMBER_ROLE and seen.party_id is not None:
        if actor.member_id not in {seen.member_id, parties.find(unit, seen.party_id).leader_id}:
            raise NotYours
    else:
        members.require_own(actor, seen.member_id)


def require_leading(unit: Unit, party: ClaimedAs) -> None:
    """See that the actor leads these people, or is in office.

    Raises:
        NotLeading: a member who does not lead them.
    """
    own = unit.actor.member_id if unit.actor.role == MEMBER_ROLE else None
    speaker = unit.actor.assists or own
    if speaker not in {None, party.leader_id}:
        raise NotLeading(party.party_id)


def require_near(unit: Unit, task: Task, found: Claim) -> None:
    """See that the task, or else the member, is of a community where the actor's role holds.

    Raises:
        OtherCommunity: neither is.
    """
    held = unit.actor.communities
    if held is not None and task.community_id not in held:
        communities.require_within(unit.actor, members.find(unit, found.member_id).community_id)


def _withdraw(unit: Unit, task: Task, several: Sequence[Claim]) -> None:
    for one in several:
        CLAIM.after(one.state, "withdraw")
    TASK.after(task.state, "withdraw")
    going = frozenset(one.member_id for one in several if one.state is not ClaimState.WAITING)
    child = audiences.left_alone(unit, task, going) if going else None
    if child is not None:
        raise ChildStays(child)
    assists.done(unit, "assist.withdrawn", task.task_id)
    late = [one for one in several if _is_late(unit, task, one)]
    give_up(unit, task, several)
    for one in late:
        claims.store(unit, one.claim_id, missed_at=unit.now)
    no_shows.tell(unit, task, [one.member_id for one in late], "withdrew-late")


def _is_late(unit: Unit, task: Task, found: Claim) -> bool:
    """Tell whether it is too late to give a place back without leaving it empty."""
    until = in_time_until(unit, task, found)
    return until is not None and unit.now > until


def in_time_until(view: View, task: Task, found: Claim) -> datetime | None:
    """Return until when a place can be given back without leaving it empty; None: at any time."""
    if found.state is not ClaimState.PLACED or found.changed_at is not None:
        return None
    regret = (found.placed_at or found.claimed_at) + REGRET
    return max(cut_off(view, task), regret)


def cut_off(view: View, task: Task) -> datetime:
    """Return until when a place of a task can be given back by its own terms, or the scheme's."""
    if task.terms.withdraw_until is not None:
        return task.terms.withdraw_until
    return task.starts_at - timedelta(minutes=scheme.current(view).withdraw_cutoff_minutes)


def give_up_with_children(unit: Unit, task: Task, several: Sequence[Claim]) -> None:
    """Give up claims that end whatever their people want, and those of children left alone."""
    going = {one.member_id for one in several if one.state not in PLACELESS}
    give_up(unit, task, several)
    while going and (child := audiences.left_alone(unit, task, frozenset(going))) is not None:
        alone = claims.lock_people(unit, task.task_id, [child])[child]
        if (alone.state, "withdraw") not in CLAIM.moves:
            break
        give_up(unit, task, [alone])
        going.add(child)
        link = f"/tasks/{task.task_id}"
        notices.tell(unit, child, "child-withdrawn", link=link, task=task.task_id)


def give_up(unit: Unit, task: Task, several: Sequence[Claim]) -> None:
    """End claims of a task that this unit has locked, as withdrawn, and free their places."""
    parties.free(unit, task, several)
    for one in several:
        state = CLAIM.after(one.state, "withdraw")
        claims.store(unit, one.claim_id, state=state, offered_until=None)
