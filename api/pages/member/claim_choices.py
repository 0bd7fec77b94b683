"""Choices: how a member can take part in a task now: alone, with the family, with a team led."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from api.pages.member import family_words
from creditbank.core.units import View
from creditbank.people import households, persons, places, stays, teams
from creditbank.people.stays import Standing
from creditbank.tasks import no_shows, waitlist
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState, TaskState
from creditbank.tasks.tasks import Party, Task

_AGAIN = {ClaimState.WITHDRAWN, ClaimState.LAPSED}


class Way(StrEnum):
    """What is there for whoever comes new: a place, the queue, or nothing (any more)."""

    PLACE = "place"
    QUEUE = "queue"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come along, by a masked name and a word that tells who it is."""

    member_id: str
    name: str
    is_me: bool
    word: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A household, or a team that who asks leads; ``name`` is None for a household."""

    id: str
    name: str | None
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """How a member can take part; ``rests`` says that others come first for a while."""

    way: Way
    waiting: int
    rests: no_shows.Rest | None
    alone: bool
    family: Group | None
    teams: tuple[Group, ...]


def of(view: View, task: Task, member_id: str, mine: Claim | None) -> Choices:
    """Return how a member, who may have a claim, can take part in a task now."""
    waiting = waitlist.length(view, task.task_id, behind=False) if task.queued else 0
    rests = no_shows.rest(view, [member_id])
    way = _way(view, task, crowded=bool(waiting) or rests is not None)
    wanted = task.audience.open_to
    free_to = mine is None or mine.state in _AGAIN
    closed = way is Way.CLOSED
    return Choices(
        way=way,
        waiting=waiting,
        rests=rests,
        alone=not closed and free_to and Party.PERSON in wanted,
        family=None if closed or Party.FAMILY not in wanted else _family(view, member_id),
        teams=() if closed or Party.TEAM not in wanted else _teams(view, member_id),
    )


def _way(view: View, task: Task, *, crowded: bool) -> Way:
    until = task.terms.claims_until
    if until is not None and view.now >= until:
        return Way.CLOSED
    free = task.placed < task.capacity
    if task.state is TaskState.RUNNING:
        return Way.PLACE if free else Way.CLOSED
    if task.state not in {TaskState.OPEN, TaskState.FULL}:
        return Way.CLOSED
    return Way.QUEUE if crowded or not free else Way.PLACE


def _family(view: View, member_id: str) -> Group | None:
    """Return the household of an adult who lives with somebody."""
    home = stays.current_of(view, [member_id]).get(member_id)
    if home is None:
        return None
    found = households.find(view, home).stays
    own = [one for one in found if one.member_id == member_id]
    if not found[1:] or not own or own[0].standing is Standing.CHILD:
        return None
    names = persons.masked_names(view, {one.member_id for one in found})
    words = family_words.of(view, member_id, found)
    people = tuple(
        Person(
            one.member_id, names[one.member_id], one.member_id == member_id, words[one.member_id]
        )
        for one in found
    )
    return Group(home, None, people)


def _teams(view: View, member_id: str) -> tuple[Group, ...]:
    """Return the teams that a member leads."""
    own = places.of_members(view, [member_id]).get(member_id, ())
    led = [
        one for one in (teams.find(view, team_id) for team_id in own) if member_id in one.leader_ids
    ]
    names = persons.masked_names(view, {who for one in led for who in one.member_ids})
    return tuple(
        Group(
            one.team_id,
            one.name,
            tuple(Person(who, names[who], who == member_id) for who in one.member_ids),
        )
        for one in led
    )
