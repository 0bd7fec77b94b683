"""Filling: a place that became free goes to who waits, in a unit of its own.

The lowest position that fits gets it. Whoever no longer fits loses the place in the queue, and
why is kept; a party that needs more places than there are, and a child whose adult has none yet,
is passed over and keeps its position. Well before the start people are placed and told; later the
place is offered for a while, and goes on when nobody answers. With the start all waiting ends.

It runs right after a withdrawal, as best it can, and as due work for whatever is left. At most
the first hundred of a queue are looked at, and twenty of them moved in one unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import and_, or_, select

from creditbank import jobs, notices
from creditbank.core.units import Unit, View
from creditbank.jobs import Lease
from creditbank.people.members import Member
from creditbank.schemes import scheme
from creditbank.schemes.parameters import Scheme
from creditbank.tasks import audiences, claims, overlaps, parties, tasks, waitlist
from creditbank.tasks.audiences import Comers
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import CLAIM, ClaimState, TaskState
from creditbank.tasks.tasks import Task

KIND = "fill-places"
LOOKED_AT = 100
MOVED_AT_ONCE = 20
LAPSED_AT_ONCE = 200

_MINUTE = timedelta(minutes=1)
_QUEUED = (ClaimState.WAITING, ClaimState.OFFERED)


def due(view: View) -> list[str]:
    """Return that some place may go to somebody, or some waiting is over."""
    return [jobs.DUE_WORK] if _following(view, "") is not None else []


def run_slice(unit: Unit, lease: Lease) -> bool:
    """See to one task; give the job back after the last."""
    after = str(jobs.hold(unit, lease).get("after", ""))
    task_id = _following(unit, after)
    if task_id is None:
        jobs.release(unit, lease)
        return True
    more = jobs.spared(unit, lease, task_id, partial(settle, unit, task_id))
    jobs.advance(unit, lease, {"after": after if more else task_id})
    return False


def _following(view: View, after: str) -> str | None:
    """Return the next task with a free place and people who wait, or with a waiting to end."""
    one, of = claims.claims.c, tasks.tasks.c
    row = view.row(
        select(of.task_id)
        .join_from(
            claims.claims,
            tasks.tasks,
            and_(of.bank_id == one.bank_id, of.task_id == one.task_id),
        )
        .where(
            one.bank_id == view.bank_id,
            one.state.in_(_QUEUED),
            of.stored_state == TaskState.OPEN,
            of.task_id > after,
            or_(
                of.starts_at <= view.now,
                and_(one.state == ClaimState.OFFERED, one.offered_until <= view.now),
                and_(one.state == ClaimState.WAITING, of.placed < of.capacity),
            ),
        )
        .order_by(of.task_id)
        .limit(1)
    )
    return None if row is None else str(row.task_id)


def settle(unit: Unit, task_id: str) -> bool:
    """Give the free places of a task to who waits; return whether to go on at once.

    Raises:
        TaskNotFound: this bank has none of this id.
    """
    if not waitlist.anybody(unit, task_id):
        return False
    seen = waitlist.first(unit, task_id, LOOKED_AT)
    wanted = {one.member_id for group in seen for one in group}
    people = overlaps.lock(unit, wanted) if wanted else {}
    task = tasks.lock(unit, task_id)
    if task.state not in {TaskState.OPEN, TaskState.FULL}:
        return _end(unit, task)
    late = claims.lock_all(unit, task_id, [ClaimState.OFFERED])
    late = [one for one in late if one.offered_until is None or one.offered_until <= unit.now]
    if late:
        waitlist.lapse(unit, task, late, waitlist.UNANSWERED)
        task = tasks.find(unit, task_id)
    return bool(wanted) and _fill(unit, task, people)


def _end(unit: Unit, task: Task) -> bool:
    """End the waiting for a task that has begun or is over."""
    if task.state in {TaskState.DRAFT, TaskState.CANCELLED}:
        return False
    late = claims.lock_all(unit, task.task_id, _QUEUED, limit=LAPSED_AT_ONCE)
    waitlist.lapse(unit, task, late, waitlist.STARTED)
    return len(late) == LAPSED_AT_ONCE


def _fill(unit: Unit, task: Task, people: Mapping[str, Member]) -> bool:
    """Go through the queue, as it is under the task's lock, while there are places."""
    rules = scheme.current(unit)
    early = unit.now < task.starts_at - rules.place_before_minutes * _MINUTE
    free, queue = task.capacity - task.placed, waitlist.first(unit, task.task_id, LOOKED_AT)
    moved = 0
    for group in queue:
        if moved == MOVED_AT_ONCE:
            return free > 0
        if free <= 0 or (early and group[0].behind):
            return False
        comers = _comers(unit, group, people)
        if comers is None:
            return True
        refused = audiences.misfit(unit, task, comers)
        if refused is not None:
            waitlist.lapse(unit, task, group, refused.slug)
            moved += 1
            continue
        needed = tasks.places_for(task, comers.kind, len(group))
        if needed > free or audiences.alone(unit, task, comers.ids) is not None:
            continue
        _place(unit, task, group, rules, ask=not early)
        tasks.take_places(unit, task.task_id, needed)
        free, moved = free - needed, moved + 1
    return moved > 0 and free > 0 and len(queue) == LOOKED_AT


def _comers(unit: Unit, group: Sequence[Claim], people: Mapping[str, Member]) -> Comers | None:
    """Return who waits and as what; None if one of them is not locked, having just come."""
    if not all(one.member_id in people for one in group):
        return None
    who = tuple(people[one.member_id] for one in group)
    party_id = group[0].party_id
    if party_id is None:
        return Comers(people=who)
    party = parties.find(unit, party_id)
    return Comers(
        people=who, kind=party.kind, household_id=party.household_id, team_id=party.team_id
    )


def _place(unit: Unit, task: Task, group: Sequence[Claim], rules: Scheme, *, ask: bool) -> None:
    """Give people their places, or offer them to who answers for them, and tell."""
    until = min(unit.now + rules.offer_minutes * _MINUTE, task.starts_at)
    for one in group:
        state = CLAIM.after(one.state, "offer" if ask else "place")
        kept = {"offered_until": until} if ask else {"placed_at": unit.now}
        claims.store(unit, one.claim_id, state=state, **kept)
    told = [one.member_id for one in group]
    if ask and group[0].party_id is not None:
        told = [parties.find(unit, group[0].party_id).leader_id]
    notices.tell_all(
        unit,
        told,
        "place-offered" if ask else "place-given",
        link=f"/tasks/{task.task_id}",
        due_at=until if ask else task.starts_at,
        task=task.task_id,
        **({"minutes": -((unit.now - until) // _MINUTE)} if ask else {}),
    )
