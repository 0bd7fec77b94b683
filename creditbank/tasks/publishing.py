"""Publishing: a task is drafted or published, with everything that can be wrong about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from creditbank.core import tags
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.keys import keyed
from creditbank.core.texts import line
from creditbank.core.units import Unit
from creditbank.core.values import AssetKind
from creditbank.ledger import accounts
from creditbank.people import communities, members, trail
from creditbank.schemes import rates, scheme
from creditbank.schemes.rewards import Reward
from creditbank.tasks import categories, tasks
from creditbank.tasks.errors import NotedDown
from creditbank.tasks.states import TASK, TaskState
from creditbank.tasks.tasks import (
    PLACE_MOST,
    SKILLS_MOST,
    TITLE_MOST,
    Audience,
    Moved,
    Party,
    Task,
    TaskKind,
    Terms,
)

CAPACITY_MOST = 10_000
WINDOW_MOST = timedelta(days=31)
AGE_MOST = 120
WAITLIST_MOST = 10_000

_SKILL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A task to be."""

    title: str
    category: str
    community_id: str
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    rewards: tuple[Reward, ...]
    kind: TaskKind = TaskKind.NEED
    audience: Audience = field(default_factory=Audience)
    terms: Terms = field(default_factory=Terms)
    beneficiary_id: str | None = None
    series_id: str | None = None
    entry_id: str | None = None
    pair_id: str | None = None


@keyed
def publish(
    unit: Unit,
    *,
    title: str,
    category: str,
    community_id: str,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    capacity: int,
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    draft: bool = False,
    audience: Audience | None = None,
    terms: Terms | None = None,
    beneficiary_id: str | None = None,
) -> str:
    """Publish a task, or keep it as a draft, and return its id.

    Raises:
        BadField: names the field that is unusable.
        CategoryNotFound: this bank has no such category.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        AssetNotFound: a reward is in an asset that this bank does not have.
        MemberNotFound: this bank has no such beneficiary.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    check_window(unit, starts_at, ends_at)
    if beneficiary_id is not None:
        members.find(unit, beneficiary_id)
    task_id = write(
        unit,
        New(
            title=title,
            category=category,
            community_id=community_id,
            place=place,
            starts_at=starts_at,
            ends_at=ends_at,
            capacity=capacity,
            rewards=tuple(rewards),
            audience=audience or Audience(),
            terms=terms or Terms(),
            beneficiary_id=beneficiary_id,
        ),
        TaskState.DRAFT if draft else TaskState.OPEN,
    )
    trail.record(unit, "task.drafted" if draft else "task.published", task_id)
    return task_id


def write(unit: Unit, new: New, state: TaskState) -> str:
    """Make the row of a task and return its id.

    Whoever calls has seen to the actor's right and to the window.

    Raises:
        BadField: names the field that is unusable.
        CategoryNotFound: this bank has no such category.
        AssetNotFound: a reward is in an asset that this bank does not have.
    """
    return write_all(unit, [new], state)[0]


def write_all(unit: Unit, several: Sequence[New], state: TaskState) -> list[str]:
    """Make the rows of tasks in two statements and return their ids, in order.

    Raises:
        BadField, CategoryNotFound, AssetNotFound: as `write`.
    """
    for capacity in {one.capacity for one in several}:
        check_capacity(capacity)
    for rewards, category in dict.fromkeys((one.rewards, one.category) for one in several):
        check_rewards(unit, rewards, category)
    for category in sorted({one.category for one in several}):
        categories.require(unit, category)
    for_somebody = scheme.current(unit).confirmed_categories
    if any(one.category in for_somebody and one.beneficiary_id is None for one in several):
        raise BadField("beneficiary_id", "confirms this category / 这类服务须指明受助人，由其确认")
    made = [(unit.new_id("tsk"), one) for one in several]
    unit.run(insert(tasks.tasks), [_row(unit, task_id, one, state) for task_id, one in made])
    given = [row for task_id, one in made for row in reward_rows(unit, task_id, one.rewards)]
    unit.run(insert(tasks.rewards_of), given)
    return [task_id for task_id, _ in made]


def _row(unit: Unit, task_id: str, new: New, state: TaskState) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "task_id": task_id,
        "title": line("title", new.title, TITLE_MOST),
        "category": new.category,
        "community_id": new.community_id,
        "place": line("place", new.place, PLACE_MOST),
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
        "capacity": new.capacity,
        "placed": 0,
        "stored_state": state,
        "reason": None,
        "created_by": unit.actor.id,
        "created_by_member": unit.actor.member_id,
        "kind": new.kind,
        "queued": 0,
        "beneficiary_id": new.beneficiary_id,
        "series_id": new.series_id,
        "entry_id": new.entry_id,
        "pair_id": new.pair_id,
        **audience_columns(new.audience),
        **terms_columns(new.terms, new.ends_at),
    }


def audience_columns(audience: Audience) -> dict[str, Any]:
    """Return the columns that keep for whom a task is.

    Raises:
        BadField: names what is unusable.
    """
    if not audience.open_to:
        raise BadField("open_to", "person | family | team")
    least, below = audience.age_from, audience.age_below
    for name, age in (("age_from", least), ("age_below", below)):
        if age is not None and not 0 <= age <= AGE_MOST:
            raise BadField(name, f"0–{AGE_MOST}")
    if least is not None and below is not None and least >= below:
        raise BadField("age_below", "above age_from / 须大于起始年龄")
    if any(not _SKILL.fullmatch(one) for one in audience.skills):
        raise BadField("skills", "a–z, 0–9, '-' / 小写字母、数字和连字符")
    skills = ",".join(sorted(set(audience.skills)))
    if len(skills) > SKILLS_MOST:
        raise BadField("skills", f"{SKILLS_MOST} characters in all / 合计不超过 {SKILLS_MOST} 字")
    return {
        "open_to": ",".join(one for one in Party if one in audience.open_to),
        "age_from": least,
        "age_below": below,
        "skills": skills or None,
        "neighbours_only": audience.neighbours_only,
    }


def terms_columns(terms: Terms, ends_at: datetime) -> dict[str, Any]:
    """Return the columns that keep how a task is claimed.

    Raises:
        BadField: names what is unusable.
    """
    for name, instant in (
        ("claims_until", terms.claims_until),
        ("withdraw_until", terms.withdraw_until),
    ):
        if instant is None:
            continue
        if instant.tzinfo is None:
            raise BadField(name, "needs an offset / 须带时区")
        if instant > ends_at:
            raise BadField(name, "by the end of the task / 不晚于任务结束")
    if terms.waitlist_most is not None and not 0 <= terms.waitlist_most <= WAITLIST_MOST:
        raise BadField("waitlist_most", f"0–{WAITLIST_MOST}")
    return {
        "capacity_unit": terms.capacity_unit,
        "claims_until": terms.claims_until,
        "withdraw_until": terms.withdraw_until,
        "waitlist_most": terms.waitlist_most,
    }


def reward_rows(unit: Unit, task_id: str, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """Return the rows that keep what a task gives."""
    return [
        {
            "bank_id": unit.bank_id,
            "task_id": task_id,
            "asset_code": reward.asset,
            "units": reward.units,
            "per": reward.per,
        }
        for reward in rewards
    ]


def check_capacity(capacity: int, *, least: int = 1) -> None:
    """See that so many can take part.

    Raises:
        BadField: it is no whole number in the bounds.
    """
    if type(capacity) is not int or not least <= capacity <= CAPACITY_MOST:
        raise BadField("capacity", f"{least}–{CAPACITY_MOST}")


def refuse_noted(task: Task) -> None:
    """See that a draft is no note of what is over: that waits for its second person only.

    Raises:
        NotedDown: it is one.
    """
    if task.kind is TaskKind.AFTERWARDS:
        raise NotedDown(task.task_id)


def check_window(unit: Unit, starts_at: datetime, ends_at: datetime) -> None:
    """See that a task can take place between two instants.

    Raises:
        BadField: names the one that is unusable.
    """
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            raise BadField(name, "needs an offset / 须带时区")
    if not starts_at < ends_at <= starts_at + WINDOW_MOST:
        raise BadField("ends_at", f"after the start, within {WINDOW_MOST.days} days / 须晚于开始")
    if ends_at <= unit.now:
        raise BadField("ends_at", "is past / 已经过去")


def check_rewards(unit: Unit, rewards: Sequence[Reward], category: str | None = None) -> None:
    """See that a task, of a category if it is known, can give these.

    Raises:
        BadField: there is none, one asset twice, or money; or the scheme gives less, or otherwise.
        AssetNotFound: this bank has no such asset.
    """
    codes = [reward.asset for reward in rewards]
    if not codes or len(set(codes)) < len(codes):
        raise BadField("rewards", "at least one, each asset once / 至少一项，每种积分一次")
    known = accounts.every_asset(unit)
    for code in codes:
        if code not in known:
            raise AssetNotFound(code)
        if known[code].kind is AssetKind.MONEY:
            raise BadField("rewards", f"'{code}' is money / 不能用货币奖励")
    rules = scheme.current(unit)
    if category is not None:
        rates.require_paid(rules.rates, category, rewards)
    for reward in rewards:
        most = rules.of_asset(reward.asset).reward_most
        if most is not None and reward.units > most:
            raise BadField("rewards", f"'{reward.asset}' ≤ {most} / 按规则方案不超过 {most}")


@keyed
def open_draft(
    unit: Unit,
    *,
    task_id: str,
    key: str,  # noqa: ARG001 - the key is @keyed's
    if_match: Sequence[str] | None = None,
) -> Moved:
    """Publish a draft.

    Raises:
        TaskNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
        PreconditionFailed: it is not as ``if_match`` says.
        StateConflict: it is no draft.
        BadField: its time is past.
        NotedDown: it was noted down afterwards.
    """
    task = tasks.lock_own(unit, task_id)
    tags.require(if_match, task)
    state = TaskState(TASK.after(task.state, "open"))
    check_window(unit, task.starts_at, task.ends_at)
    refuse_noted(task)
    trail.record(unit, "task.published", task_id)
    return tasks.store(unit, task_id, state)
