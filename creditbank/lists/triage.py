"""Triage: the organiser accepts an entry of the lists, publishes a task for it, or closes it.

The resident who raised it is told what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.lists import entries
from creditbank.lists.entries import ENTRY, Entry, EntryKind, EntryState
from creditbank.people import members, trail
from creditbank.people.members import Status
from creditbank.schemes.rewards import Reward
from creditbank.tasks import publishing
from creditbank.tasks.publishing import New
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, Terms

REASON_MOST = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """What triage answers; the task if one was published."""

    entry_id: str
    state: EntryState
    task_id: str | None


@keyed
def accept(unit: Unit, *, entry_id: str, key: str) -> Decided:  # noqa: ARG001 - @keyed's
    """Take an entry on: from now on it is due later.

    Raises:
        EntryNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        StateConflict: it was accepted or ended before.
    """
    found = entries.lock_own(unit, entry_id)
    state = entries.decide(unit, found, "accept")
    trail.record(unit, "entry.accepted", entry_id, subject_id=found.raiser_member_id)
    return Decided(entry_id, state, None)


@keyed
def publish(
    unit: Unit,
    *,
    entry_id: str,
    category: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    title: str | None = None,
    draft: bool = False,
    audience: Audience | None = None,
    terms: Terms | None = None,
) -> Decided:
    """Make an entry a task of its community, by default of its title.

    Whose need it is benefits from the task, as long as they are a member.

    Raises:
        EntryNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        StateConflict: it was ended before.
        BadField: names the field that is unusable.
        CategoryNotFound: this bank has no such category.
        AssetNotFound: a reward is in an asset that this bank does not have.
    """
    publishing.check_window(unit, starts_at, ends_at)
    found = entries.lock_own(unit, entry_id)
    ENTRY.after(found.state, "publish")
    task_id = publishing.write(
        unit,
        New(
            title=found.title if title is None else title,
            category=category,
            community_id=found.community_id,
            place=place,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=capacity,
            rewards=tuple(rewards),
            audience=audience or Audience(),
            terms=terms or Terms(),
            beneficiary_id=_beneficiary(unit, found),
            entry_id=entry_id,
        ),
        TaskState.DRAFT if draft else TaskState.OPEN,
    )
    state = entries.decide(unit, found, "publish", task_id=task_id)
    trail.record(unit, "task.drafted" if draft else "task.published", task_id)
    trail.record(unit, "entry.tasked", entry_id, subject_id=found.raiser_member_id)
    _tell(unit, found, "entry-tasked", f"/tasks/{task_id}")
    return Decided(entry_id, state, task_id)


def _beneficiary(unit: Unit, found: Entry) -> str | None:
    """Return who raised a need, if they are a member still."""
    if found.kind is not EntryKind.NEED or found.raiser_member_id is None:
        return None
    raiser = members.find(unit, found.raiser_member_id)
    return raiser.member_id if raiser.status is Status.ACTIVE else None


@keyed
def close(unit: Unit, *, entry_id: str, reason: str, key: str) -> Decided:  # noqa: ARG001
    """Close an entry without a task, with a reason that whoever raised it can read.

    Raises:
        BadField: the reason is unusable.
        EntryNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        StateConflict: it was ended before.
    """
    said = line("reason", reason, REASON_MOST)
    found = entries.lock_own(unit, entry_id)
    state = entries.decide(unit, found, "close", reason=said)
    trail.record(unit, "entry.closed", entry_id, subject_id=found.raiser_member_id)
    _tell(unit, found, "entry-closed", f"/lists/{entry_id}")
    return Decided(entry_id, state, None)


def _tell(unit: Unit, found: Entry, kind: str, link: str) -> None:
    if found.raiser_member_id is not None:
        notices.tell(unit, found.raiser_member_id, kind, link=link)
