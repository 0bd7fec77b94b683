"""Claiming: members take places in a task, alone, as a family or as a team, or wait for one.

One unit: the members are locked in ascending order, then the task, then their claims; who fits,
places and the queue are looked at under these locks. A family's or team's claim names its people,
each of whom has a claim of their own. As long as somebody waits, whoever comes new waits behind
them. Staff claim for members of the communities where their role holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditbank.core.errors import BadField, Refused
from creditbank.core.keys import keyed
from creditbank.core.units import Actor, Unit
from creditbank.identity import assists
from creditbank.people import communities, households, members, teams
from creditbank.people.errors import MemberSuspended, NotYours
from creditbank.people.members import MEMBER_ROLE, Status
from creditbank.people.stays import Standing
from creditbank.schemes import scheme
from creditbank.tasks import audiences, claims, no_shows, overlaps, pairs, parties, tasks, waitlist
from creditbank.tasks.audiences import Comers
from creditbank.tasks.claim_errors import (
    ClaimsClosed,
    OthersWait,
    Resting,
    TooFewPlaces,
    WaitlistFull,
)
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.errors import AlreadyClaimed
from creditbank.tasks.states import CLAIM, TASK, ClaimState, TaskState
from creditbank.tasks.tasks import Party, Task

PEOPLE_MOST = 200


@dataclass(frozen=True, slots=True)
class ClaimedTogether:
    """What the claim of a family or team answers; the claims are in order of their people."""

    party_id: str
    state: ClaimState
    claim_ids: tuple[str, ...]
    position: int | None = None


@keyed
def claim(
    unit: Unit,
    *,
    task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    member_id: str | None = None,
    or_wait: bool = False,
) -> Claimed:
    """Take a place in a task, for the acting member or, by staff, for another one.

    Raises:
        BadField: nobody was named and the actor is no member.
        NotYours: a member claims for somebody else.
        MemberNotFound: this bank has no such member.
        OtherCommunity: the actor's role does not hold where the member lives.
        MemberSuspended: the member may not act now.
        TaskNotFound: this bank has no such task.
        AlreadyClaimed: the member takes part, or waits, already.
        StateConflict: the task is full, over, cancelled or a draft.
        Refused: the member does not fit, or has to wait and did not say so (`claim_errors`).
        ClaimsClosed: the deadline is over.
    """
    who = member_id or unit.actor.member_id
    if who is None:
        raise BadField("member_id", "is missing / 未填写")
    members.require_own(unit.actor, who)
    members.require_near(unit, unit.actor, who)
    comers = Comers(people=(overlaps.lock(unit, [who])[who],))
    made = take(unit, task_id, comers, None, or_wait=or_wait)
    return Claimed(made.claim_ids[0], made.state, made.position)


@keyed
def claim_as_family(
    unit: Unit,
    *,
    task_id: str,
    household_id: str,
    member_ids: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
    leader_id: str | None = None,
    or_wait: bool = False,
) -> ClaimedTogether:
    """Take places for people of one household, by one of its adults or by staff.

    Raises:
        BadField: nobody is named, somebody twice, or the leader is not among them or a child.
        HouseholdNotFound, MemberNotFound, TaskNotFound: this bank has none of this id.
        NotYours: a member who does not speak for the household.
        OtherCommunity: the actor's role does not hold where the household is.
        NotOfFamily: somebody named is not in the household now.
        MemberSuspended: one of them may not act now.
        AlreadyClaimed, StateConflict, Refused, ClaimsClosed: as for a claim alone.
    """
    speaker = _speaker(unit.actor)
    people = overlaps.lock(unit, {*_named(member_ids), *([speaker] if speaker else [])})
    household = households.find(unit, household_id)
    standing = {one.member_id: one.standing for one in household.stays}
    if speaker is not None:
        if standing.get(speaker, Standing.CHILD) is Standing.CHILD:
            raise NotYours
    else:
        communities.require_within(unit.actor, household.community_id)
    comers = Comers(
        people=tuple(people[one] for one in member_ids),
        kind=Party.FAMILY,
        household_id=household_id,
    )
    return take(unit, task_id, comers, leader_id or speaker, or_wait=or_wait)


@keyed
def claim_as_team(
    unit: Unit,
    *,
    task_id: str,
    team_id: str,
    member_ids: Sequence[str],
    key: str,  # noqa: ARG001 - the key is @keyed's
    leader_id: str | None = None,
    or_wait: bool = False,
) -> ClaimedTogether:
    """Take places for people of one team, by its leader or by staff.

    Raises:
        BadField: nobody is named, somebody twice, or the leader is not among them or a child.
        TeamNotFound, MemberNotFound, TaskNotFound: this bank has none of this id.
        NotYours: a member who does not lead the team.
        OtherCommunity: the actor's role does not hold where the team is.
        NotOfTeam: somebody named is not in the team now.
        MemberSuspended: one of them may not act now.
        AlreadyClaimed, StateConflict, Refused, ClaimsClosed: as for a claim alone.
    """
    speaker = _speaker(unit.actor)
    people = overlaps.lock(unit, {*_named(member_ids), *([speaker] if speaker else [])})
    team = teams.find(unit, team_id)
    if speaker not in team.leader_ids:
        teams.require_leading(unit.actor, team)
    comers = Comers(
        people=tuple(people[one] for one in member_ids), kind=Party.TEAM, team_id=team_id
    )
    return take(unit, task_id, comers, leader_id or speaker, or_wait=or_wait)


def _speaker(actor: Actor) -> str | None:
    """Return the member who speaks for a family or team, oneself or in an assist; else None."""
    return actor.assists or (actor.member_id if actor.role == MEMBER_ROLE else None)


def _named(member_ids: Sequence[str]) -> Sequence[str]:
    """See that a list names people, each once.

    Raises:
        BadField: it does not.
    """
    if not 1 <= len(member_ids) <= PEOPLE_MOST or len(set(member_ids)) < len(member_ids):
        raise BadField("member_ids", f"1–{PEOPLE_MOST}, each once / 每人一次")
    return member_ids


def take(
    unit: Unit, task_id: str, comers: Comers, leader_id: str | None, *, or_wait: bool
) -> ClaimedTogether:
    """Take places for people who are locked, or let them wait."""
    for one in comers.people:
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    overlaps.require_each_once(unit, comers.ids)
    task = tasks.lock(unit, task_id)
    before = claims.lock_people(unit, task_id, comers.ids)
    for known in before.values():
        if (known.state, "claim") not in CLAIM.moves:
            raise AlreadyClaimed(known.claim_id, known.state)
    if task.pair_id is not None:
        pairs.require_visitors(unit, task.pair_id, comers.ids)
    _require_open(task, or_wait=or_wait)
    if task.terms.claims_until is not None and unit.now >= task.terms.claims_until:
        raise ClaimsClosed(task_id)
    needed = tasks.places_for(task, comers.kind, len(comers.people))
    never = TooFewPlaces(task_id, task.capacity, needed) if needed > task.capacity else None
    rest = no_shows.rest(unit, comers.ids)
    must_wait = _must_wait(unit, task, needed, rest)
    waits = must_wait is not None and or_wait
    beside = waitlist.member_ids(unit, task_id) if waits and task.queued else frozenset()
    refused = (
        audiences.misfit(unit, task, comers)
        or audiences.alone(unit, task, comers.ids, beside)
        or never
    )
    if refused is not None:
        raise refused
    if must_wait is not None and not or_wait:
        raise must_wait
    state, position = ClaimState.PLACED, None
    if must_wait is not None:
        state, position = ClaimState.WAITING, _queue(unit, task)
    else:
        tasks.take_places(unit, task_id, needed)
    assists.done(unit, "assist.claimed", task_id)
    unit.ring(task_id)
    party_id = _found_party(unit, task, comers, leader_id)
    claim_ids = _write(
        unit,
        task_id,
        comers,
        before,
        party_id=party_id,
        position=position,
        behind=rest is not None,
    )
    return ClaimedTogether(party_id or "", state, claim_ids, position)


def _require_open(task: Task, *, or_wait: bool) -> None:
    """See that a task takes claims, or people who wait, now.

    Raises:
        StateConflict: it does not.
    """
    full = task.placed >= task.capacity
    if full and task.state is TaskState.RUNNING:
        raise TASK.conflict(TaskState.FULL, "claim")
    TASK.after(task.state, "queue" if full and or_wait else "claim")


def _must_wait(unit: Unit, task: Task, needed: int, rest: no_shows.Rest | None) -> Refused | None:
    """Return why these people have to wait, None if places are theirs at once."""
    free = task.capacity - task.placed
    if task.state is not TaskState.RUNNING:
        if free <= 0:
            return TASK.conflict(TaskState.FULL, "claim")
        if rest is not None:
            return Resting(rest.member_id, rest.missed, rest.window_days, rest.days)
        waiting = waitlist.length(unit, task.task_id, behind=False) if task.queued else 0
        if waiting:
            return OthersWait(task.task_id, waiting)
    return TooFewPlaces(task.task_id, free, needed) if needed > free else None


def _queue(unit: Unit, task: Task) -> int:
    """Give the next number of a task's waitlist.

    Raises:
        StateConflict: nobody can wait (any more).
        WaitlistFull: as many wait as may.
    """
    TASK.after(task.state, "queue")
    most = task.terms.waitlist_most
    if most is None:
        most = scheme.current(unit).waitlist_most
    if waitlist.length(unit, task.task_id) >= most:
        raise WaitlistFull(task.task_id, most)
    return tasks.next_position(unit, task)


def _found_party(unit: Unit, task: Task, comers: Comers, leader_id: str | None) -> str | None:
    """Write the party down, if they come as one, with its leader: the first who is no child.

    Raises:
        BadField: the leader is not among them, or a child.
    """
    if comers.kind is Party.PERSON:
        return None
    named = [one.member_id for one in comers.people]
    young = audiences.children(unit, task, named)
    fit = [one for one in named if one not in young]
    if leader_id is None:
        leader_id = next(iter(fit), None)
    if leader_id not in fit:
        raise BadField("leader_id", "one of member_ids, no child / 须为名单中的成年人")
    return parties.add(
        unit,
        task_id=task.task_id,
        kind=comers.kind,
        leader_id=leader_id,
        household_id=comers.household_id,
        team_id=comers.team_id,
    )


def _write(
    unit: Unit,
    task_id: str,
    comers: Comers,
    before: dict[str, Claim],
    *,
    party_id: str | None,
    position: int | None,
    behind: bool,
) -> tuple[str, ...]:
    """Write everybody's claim, or take up again the one that there is."""
    waits = position is not None
    values = {
        "party_id": party_id,
        "position": position,
        "behind": waits and behind,
        "placed_at": None if waits else unit.now,
        "offered_until": None,
        "lapsed_for": None,
        "changed_at": None,
    }
    state, made = ClaimState.WAITING if waits else ClaimState.PLACED, []
    for one in comers.people:
        known = before.get(one.member_id)
        if known is None:
            made.append(claims.add(unit, task_id, one.member_id, state, **values))
            continue
        by = claims.by(unit, "claimed")
        after = CLAIM.after(known.state, "queue" if waits else "claim")
        claims.store(unit, known.claim_id, state=after, claimed_at=unit.now, **by, **values)
        made.append(known.claim_id)
    return tuple(made)
