"""Partings: a pair ends with a reason, or with a membership; its planned visits end with it.

The row stays on record, so that a new pair of the same elder begins another history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, update

from creditbank import notices
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.people import communities, households, kin, members, persons, stays, trail
from creditbank.tasks import cancellations, pairs, tasks
from creditbank.tasks.pairs import PAIR, REASON, TOLD, Cause, Pair, PairState

REASON_MOST = 200

# What those who wanted to visit read of a cancelled visit.
_REASON_ZH = "结对已结束"


@dataclass(frozen=True, slots=True)
class Ended:
    """What ending answers: how many planned visits were cancelled with it."""

    pair_id: str
    state: PairState
    visits_cancelled: int


@keyed
def end(
    unit: Unit,
    *,
    pair_id: str,
    cause: Cause,
    reason: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
) -> Ended:
    """End a pair with a reason; its planned visits are cancelled and both sides told.

    Raises:
        BadField: the reason is unusable.
        PairNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        StateConflict: it is ended already.
    """
    said = line("reason", reason, REASON_MOST)
    found = pairs.find(unit, pair_id)
    communities.require_within(unit.actor, found.community_id)
    members.lock(unit, [found.elder_id])
    found = pairs.find(unit, pair_id)
    PAIR.after(found.state, "end")
    to_come = cancellations.lock(unit, tasks.tasks.c.pair_id == pair_id).to_come
    cancellations.cancel(unit, to_come, _REASON_ZH)
    return Ended(pair_id, _end(unit, found, cause, said), len(to_come))


@dataclass(frozen=True, slots=True)
class Held:
    """The running pairs of somebody who leaves, with their visits to come, which are locked."""

    pairs: tuple[Pair, ...]
    visits: Sequence[Row[Any]]


def hold(unit: Unit, member_id: str) -> Held:
    """Lock the visits to come of the pairs of a member who leaves, and whom this unit has locked.

    A household's pair goes on as long as somebody else is in it. `end_all` comes after all tasks
    of the unit are locked.
    """
    of = pairs.pairs.c
    home = stays.current_of(unit, [member_id]).get(member_id)
    sides = [of.elder_id == member_id, of.volunteer_id == member_id]
    if home is not None and households.find(unit, home).member_ids == (member_id,):
        sides.append(of.household_id == home)
    found = tuple(pairs.running_of(unit, or_(*sides)))
    ids = [one.pair_id for one in found]
    return Held(found, cancellations.lock_tasks(unit, tasks.tasks.c.pair_id.in_(ids)))


def end_all(unit: Unit, held: Held) -> None:
    """End the pairs of a member who leaves."""
    to_come = cancellations.with_claims(unit, held.visits).to_come
    cancellations.cancel(unit, to_come, _REASON_ZH)
    for found in held.pairs:
        _end(unit, found, Cause.LEFT, None)


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let the kept row of two that are one person go on with the pairs of the old one.

    Both are locked. What cannot go on, because the kept row has a pair as an elder, or is close
    to the other side, ends with the old row.
    """
    of = pairs.pairs.c
    for found in pairs.running_of(unit, or_(of.elder_id == old_id, of.volunteer_id == old_id)):
        elder_id = kept_id if found.elder_id == old_id else found.elder_id
        volunteer_id = kept_id if found.volunteer_id == old_id else found.volunteer_id
        visiting = set(pairs.visitors(unit, volunteer_id, found.household_id))
        paired = elder_id == kept_id and pairs.running_of(unit, of.elder_id == kept_id)
        if paired or visiting & kin.close_to(unit, [elder_id]):
            continue
        told = pairs.told(unit, found)
        _store(
            unit,
            found,
            elder_id=elder_id,
            volunteer_id=volunteer_id,
            told=None if told is None else persons.seal(unit, elder_id, TOLD, told),
        )
        trail.record(unit, "pair.moved", found.pair_id, subject_id=kept_id)


def _end(unit: Unit, found: Pair, cause: Cause, said: str | None) -> PairState:
    state = PairState(PAIR.after(found.state, "end"))
    sealed = None if said is None else persons.seal(unit, found.elder_id, REASON, said)
    kept = {"state": state, "ended_at": unit.now, "ended_by": unit.actor.id}
    _store(unit, found, cause=cause, reason=sealed, **kept)
    after = {"cause": cause, "reason": said}
    trail.record(unit, "pair.ended", found.pair_id, subject_id=found.elder_id, after=after)
    both = (found.elder_id, *pairs.visitors(unit, found.volunteer_id, found.household_id))
    notices.tell_all(unit, both, "pair-ended", link=f"/pairs/{found.pair_id}")
    return state


def _store(unit: Unit, found: Pair, **values: object) -> None:
    of = pairs.pairs.c
    unit.run(
        update(pairs.pairs)
        .where(
            of.bank_id == unit.bank_id,
            of.pair_id == found.pair_id,
            of.state == PairState.RUNNING,
        )
        .values(**values)
    )
