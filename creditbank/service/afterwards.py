"""Afterwards (补录): an activity that is over is noted down in one call, and reviewed by another.

Up to so many hours after its end (the scheme's) one person does it alone. Later it takes a remark
that everybody can read, and a second person, who was neither there nor noted it down, nor lives
with one of them; until then the task is a draft and nothing waits for a review. Whoever noted or
confirmed it reviews none of it (law 7), and nobody named was somewhere else meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, insert, select, update
from sqlmodel import Field

from creditbank import notices
from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, guardians, kin, members, trail
from creditbank.people.errors import MemberSuspended
from creditbank.people.members import Status
from creditbank.schemes import scheme
from creditbank.schemes.rewards import Reward
from creditbank.service import company, deadlines
from creditbank.service.attendance_errors import Concerned, NotAfterwards, TooLongAgo, Unaccompanied
from creditbank.tasks import audiences, claims, overlaps, publishing, tasks
from creditbank.tasks.audiences import Comers
from creditbank.tasks.claim_errors import Overlaps
from creditbank.tasks.claims import SignedInHow
from creditbank.tasks.publishing import New
from creditbank.tasks.states import CLAIM, TASK, ClaimState, TaskState
from creditbank.tasks.tasks import PAGE_MOST, Task, TaskKind

NAMED_MOST = 200
REMARK_MOST = 200
SPAN_MOST = timedelta(hours=24)
BACK_MOST = timedelta(days=366)

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


class AfterwardsRow(OfBank, table=True):
    """Who noted an activity down afterwards; ``remark`` is for everybody to read."""

    __tablename__ = "afterwards"
    __table_args__ = (
        within_bank(["task_id"], "task", ["task_id"]),
        Index("ix_afterwards_waiting", "bank_id", "second_needed", "confirmed_at", "noted_at"),
    )

    task_id: str = Field(primary_key=True, max_length=40)
    remark: str | None = Field(max_length=REMARK_MOST)
    second_needed: bool
    noted_at: datetime = Field(sa_type=UtcDateTime)
    noted_by: str = Field(max_length=64)
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = Field(max_length=64)


afterwards = table(AfterwardsRow)


@dataclass(frozen=True, slots=True)
class Noted:
    """What noting down answers; a draft waits for the second person."""

    task_id: str
    state: TaskState
    claim_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """How an activity was noted down; ``waits`` for a second person."""

    task_id: str
    remark: str | None
    waits: bool
    noted_at: datetime
    noted_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None


@keyed
def note(
    unit: Unit,
    *,
    title: str,
    category: str,
    community_id: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    member_ids: Sequence[str],
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    remark: str | None = None,
    beneficiary_id: str | None = None,
) -> Noted:
    """Note down an activity that is over, with everybody who was there from its start to its end.

    Raises:
        BadField: names the field that is unusable.
        CategoryNotFound, CommunityNotFound, AssetNotFound, MemberNotFound: this bank has none.
        OtherCommunity: the actor's role does not hold there.
        MemberSuspended: somebody named may not act now.
        TooLongAgo: it is too old to be noted without a remark.
        Overlaps: somebody named was at another task meanwhile.
        GuardianConsentMissing: no guardian of a child has agreed to the service.
        Unaccompanied: a child is named without an adult of the family.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    _check_span(unit, starts_at, ends_at)
    if not 1 <= len(member_ids) <= NAMED_MOST or len(set(member_ids)) < len(member_ids):
        raise BadField("member_ids", f"1–{NAMED_MOST}, each once / 每人一次")
    hours = scheme.current(unit).backdated_hours_most
    late = unit.now - ends_at > hours * _HOUR
    if late and remark is None:
        raise TooLongAgo(hours)
    if beneficiary_id is not None:
        members.find(unit, beneficiary_id)
    _require_fit(unit, member_ids)
    for member_id, task_id in overlaps.found(unit, member_ids, starts_at, ends_at).items():
        raise Overlaps(member_id, task_id)
    state = TaskState.DRAFT if late else TaskState.CLOSED
    task_id = publishing.write(
        unit,
        New(
            title=title,
            category=category,
            community_id=community_id,
            place=place,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=len(member_ids),
            rewards=tuple(rewards),
            kind=TaskKind.AFTERWARDS,
            beneficiary_id=beneficiary_id,
        ),
        state,
    )
    tasks.take_places(unit, task_id, len(member_ids))
    task = tasks.find(unit, task_id)
    _require_company(unit, task, member_ids)
    _write_down(unit, task_id, remark, second_needed=late)
    made = tuple(_add(unit, task, one, late=late) for one in member_ids)
    trail.record(unit, "task.noted-afterwards", task_id, after={"people": len(made)})
    link = f"/tasks/{task_id}"
    notices.tell_all(unit, member_ids, "noted-afterwards", link=link, task=task_id)
    return Noted(task_id, state, made)


def _require_fit(unit: Unit, member_ids: Sequence[str]) -> None:
    """Lock who is named, each person once, and see that all of them may act."""
    locked = overlaps.lock(unit, member_ids)
    people = tuple(locked[one] for one in member_ids)
    for one in people:
        if one.status is not Status.ACTIVE:
            raise MemberSuspended(one.member_id, one.status)
    overlaps.require_each_once(unit, member_ids)
    refused = audiences.without_consent(unit, Comers(people=people))
    if refused is not None:
        raise refused


def _check_span(unit: Unit, starts_at: datetime, ends_at: datetime) -> None:
    """See that something can have taken place between two instants."""
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            raise BadField(name, "needs an offset / 须带时区")
    if not starts_at + _MINUTE <= ends_at <= starts_at + SPAN_MOST:
        raise BadField("ends_at", "1 minute to 24 h after the start / 开始后 1 分钟到 24 小时")
    if ends_at > unit.now:
        raise BadField("ends_at", "is still to come / 还没有结束")
    if unit.now - ends_at > BACK_MOST:
        raise BadField("ends_at", f"within {BACK_MOST.days} days / {BACK_MOST.days} 天以内")


def _require_company(unit: Unit, task: Task, member_ids: Sequence[str]) -> None:
    """See that every child was there with an adult of theirs."""
    for child, theirs in guardians.accompanying_all(
        unit, company.children(unit, task, member_ids)
    ).items():
        if not theirs & set(member_ids) - {child}:
            raise Unaccompanied(None, company.below(unit, task))


def _write_down(unit: Unit, task_id: str, remark: str | None, *, second_needed: bool) -> None:
    unit.run(
        insert(afterwards),
        {
            "bank_id": unit.bank_id,
            "task_id": task_id,
            "remark": None if remark is None else line("remark", remark, REMARK_MOST),
            "second_needed": second_needed,
            "noted_at": unit.now,
            "noted_by": unit.actor.id,
            "confirmed_at": None,
            "confirmed_by": None,
        },
    )


def _add(unit: Unit, task: Task, member_id: str, *, late: bool) -> str:
    if late:
        return claims.add(unit, task.task_id, member_id, ClaimState.PLACED)
    there = _there(unit, task)
    by = claims.by(unit, "signed_out")
    return claims.add(unit, task.task_id, member_id, ClaimState.SIGNED_OUT, **there, **by)


def _there(unit: Unit, task: Task) -> dict[str, object]:
    """Return the columns of who was there from the start to the end."""
    return {
        "signed_in_at": task.starts_at,
        "signed_in_how": SignedInHow.AFTERWARDS,
        "signed_out_at": task.ends_at,
        "measured_minutes": (task.ends_at - task.starts_at) // _MINUTE,
        "review_due_at": deadlines.review_due(unit),
        **claims.by(unit, "signed_in"),
    }


@keyed
def confirm(unit: Unit, *, task_id: str, key: str) -> Noted:  # noqa: ARG001 - @keyed's
    """Confirm, as the second person, what was noted down late; now it waits for its review.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        NotAfterwards: it does not wait for a second person.
        Concerned: the actor was there, noted it down, or lives with one of them.
    """
    communities.require_within(unit.actor, tasks.find(unit, task_id).community_id)
    if not find(unit, task_id).waits:
        raise NotAfterwards(task_id)
    named = [one.member_id for one in claims.of_task(unit, task_id)]
    members.lock(unit, named)
    task = tasks.lock(unit, task_id)
    if task.state is not TaskState.DRAFT:
        raise NotAfterwards(task_id)
    concerned = {*named, task.created_by, task.created_by_member}
    if concerned & kin.of_actor(unit, unit.actor):
        raise Concerned(task_id)
    TASK.after(task.state, "open")
    state = TaskState(TASK.after(TaskState.ENDED, "close"))
    found = claims.lock_all(unit, task_id, [ClaimState.PLACED])
    for one in found:
        over = CLAIM.after(CLAIM.after(one.state, "sign_in"), "sign_out")
        there = _there(unit, task) | claims.by(unit, "signed_out")
        # Who noted it down stands in `claimed_by`, the second person as who saw to the rest.
        claims.store(unit, one.claim_id, state=over, **there)
    unit.run(
        update(afterwards)
        .where(afterwards.c.bank_id == unit.bank_id, afterwards.c.task_id == task_id)
        .values(confirmed_at=unit.now, confirmed_by=unit.actor.id)
    )
    trail.record(unit, "task.confirmed-afterwards", task_id)
    tasks.store(unit, task_id, state)
    return Noted(task_id, state, tuple(one.claim_id for one in found))


def find(view: View, task_id: str) -> Remark:
    """Return how a task was noted down afterwards.

    Raises:
        TaskNotFound: this bank has none of this id.
        NotAfterwards: it was published.
    """
    tasks.find(view, task_id)
    row = view.row(
        select(afterwards).where(
            afterwards.c.bank_id == view.bank_id, afterwards.c.task_id == task_id
        )
    )
    if row is None:
        raise NotAfterwards(task_id)
    return Remark(
        row.task_id,
        row.remark,
        row.second_needed and row.confirmed_at is None,
        row.noted_at,
        row.noted_by,
        row.confirmed_at,
        row.confirmed_by,
    )


def waiting(view: View, *, within: tuple[str, ...] | None = None) -> list[str]:
    """Return the drafts that wait for a second person, the oldest first.

    ``within`` leaves only those of some communities.
    """
    of, at = afterwards.c, tasks.tasks.c
    query = (
        select(of.task_id)
        .join(tasks.tasks, (at.bank_id == of.bank_id) & (at.task_id == of.task_id))
        .where(
            of.bank_id == view.bank_id,
            of.second_needed,
            of.confirmed_at.is_(None),
            at.stored_state == TaskState.DRAFT,
        )
    )
    if within is not None:
        query = query.where(at.community_id.in_(within))
    rows = view.rows(query.order_by(of.noted_at, of.task_id).limit(PAGE_MOST))
    return [row.task_id for row in rows]
