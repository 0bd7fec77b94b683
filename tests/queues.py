"""Queues: people race for places, give them back and are placed, through the writer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from creditbank.core.units import Actor
from creditbank.tasks import claiming, claims, filling, waitlist, withdrawals
from creditbank.tasks.claim_errors import WaitlistFull
from creditbank.tasks.claims import Claim, Claimed
from creditbank.tasks.states import ClaimState
from tests.society import Society, as_member, outcomes

FILLER = Actor("job/fill-places", "job")


@dataclass(frozen=True, slots=True)
class Raced:
    """What came of a race: who has a place, who waits, in order, and who was sent away."""

    placed: tuple[str, ...]
    waiting: tuple[str, ...]
    sent_away: int


def race(society: Society, task_id: str, people: Sequence[str]) -> Raced:
    """Let people claim a task, or wait, all at once; all that is refused is a full waitlist."""
    futures = [
        society.submit(
            as_member(one),
            partial(claiming.claim, task_id=task_id, or_wait=True, key=society.name()),
        )
        for one in people
    ]
    done, refused = outcomes(futures)
    assert {WaitlistFull} >= {type(one) for one in refused}
    placed = tuple(one.claim_id for one in done if one.state is ClaimState.PLACED)
    waits = sorted(
        (one for one in done if one.state is ClaimState.WAITING), key=lambda one: one.position or 0
    )
    return Raced(placed, tuple(one.claim_id for one in waits), len(refused))


def of(society: Society, task_id: str) -> list[Claim]:
    """Everybody's claims of a task."""
    return society.see(lambda view: claims.of_task(view, task_id))


def positions(society: Society, task_id: str) -> list[int | None]:
    """The positions of who waits, in the order in which places are filled."""
    return [one.position for one in society.see(lambda v: waitlist.listing(v, task_id))]


def accept(society: Society, claim_id: str, by: Actor | None = None) -> Claimed:
    """Take the place on offer."""
    actor = by or as_member(society.claim_of(claim_id).member_id)
    return society.by(actor, partial(waitlist.accept, claim_id=claim_id, key=society.name()))


def decline(society: Society, claim_id: str) -> Claimed:
    """Leave the place on offer."""
    actor = as_member(society.claim_of(claim_id).member_id)
    return society.by(actor, partial(waitlist.decline, claim_id=claim_id, key=society.name()))


def withdrawals_race_with_claims(
    society: Society, task_id: str, leaving: Sequence[str], coming: Sequence[str]
) -> None:
    """Let some give their places back while others come and the places are filled."""
    futures = []
    for n in range(max(len(leaving), len(coming))):
        if n < len(leaving):
            gone = society.claim_of(leaving[n])
            futures.append(
                society.submit(
                    as_member(gone.member_id),
                    partial(withdrawals.withdraw, claim_id=gone.claim_id, key=society.name()),
                )
            )
        futures.append(society.submit(FILLER, lambda u: filling.settle(u, task_id)))
        if n < len(coming):
            futures.append(
                society.submit(
                    as_member(coming[n]),
                    partial(claiming.claim, task_id=task_id, or_wait=True, key=society.name()),
                )
            )
    outcomes(futures)
    while society.fill(task_id):
        pass


def out_of_order(society: Society, task_id: str) -> list[str]:
    """What is wrong with who has a place and who waits: too many, or somebody passed over."""
    every, task = of(society, task_id), society.task(task_id)
    held = [one for one in every if one.state is ClaimState.PLACED]
    waits = [one.position or 0 for one in every if one.state is ClaimState.WAITING]
    wrong = []
    if len(held) != task.placed or task.placed > task.capacity:
        wrong.append(f"{len(held)} placed, {task.placed} kept, {task.capacity} places")
    if waits and task.placed < task.capacity:
        wrong.append("a place is free while somebody waits")
    if waits and any((one.position or 0) > min(waits) for one in held):
        wrong.append("somebody was placed before those who waited longer")
    return wrong
