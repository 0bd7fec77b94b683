"""Series: tasks that recur by a rule, published at once, in a few statements.

Each is a task like any other: claimed, changed and cancelled alone; those from one on are in
`series_changes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import JSON, Column, insert, select, update
from sqlmodel import Field

from creditbank.core.errors import BadField
from creditbank.core.keys import keyed
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.texts import line
from creditbank.core.units import Unit, View
from creditbank.people import communities, members, trail
from creditbank.schemes.rewards import Reward
from creditbank.tasks import cancellations, publishing, repeats, tasks
from creditbank.tasks.publishing import New
from creditbank.tasks.repeats import RULE_MOST, Repeat
from creditbank.tasks.series_errors import SeriesNotFound
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import Audience, Task, Terms

CLOSE_MINUTES_MOST = 31 * 24 * 60


class SeriesRow(OfBank, table=True):
    """The rule by which tasks were published; the tasks carry its id.

    ``starts_minute`` is counted from midnight on the bank's clocks; ``left_out`` days as text.
    """

    __tablename__ = "series"
    __table_args__ = (within_bank(["community_id"], "community", ["community_id"]),)

    series_id: str = Field(primary_key=True, max_length=40)
    community_id: str = Field(max_length=40)
    rule: str = Field(max_length=RULE_MOST)
    first_on: date
    starts_minute: int
    lasts_minutes: int
    left_out: Any = Field(sa_column=Column("left_out", JSON, nullable=False))
    published_at: datetime = Field(sa_type=UtcDateTime)
    published_by: str = Field(max_length=64)


series = table(SeriesRow)


@dataclass(frozen=True, slots=True)
class Series:
    """A series, as it was published."""

    series_id: str
    community_id: str
    repeat: Repeat
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing answers: the tasks in order of their start."""

    series_id: str
    task_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """What changing and cancelling answer.

    How many tasks were meant, and how many stay because somebody has signed in.
    """

    series_id: str
    altered: int
    kept: int


@keyed
def publish(
    unit: Unit,
    *,
    repeat: Repeat,
    title: str,
    category: str,
    community_id: str,
    place: str,
    capacity: int,
    rewards: Sequence[Reward],
    key: str,  # noqa: ARG001 - the key is @keyed's
    draft: bool = False,
    audience: Audience | None = None,
    terms: Terms | None = None,
    claims_close_minutes: int | None = None,
    withdraw_close_minutes: int | None = None,
    beneficiary_id: str | None = None,
) -> Published:
    """Publish a task for every occurrence of a rule, or keep them as drafts.

    The deadlines of claiming and withdrawing are so many minutes before each start.

    Raises:
        BadField: names the field that is unusable, or the first occurrence is past.
        EndlessRepeat: the rule has no end, or one that is too far.
        CategoryNotFound: this bank has no such category.
        CommunityNotFound: this bank has no such community.
        OtherCommunity: the actor's role does not hold there.
        AssetNotFound: a reward is in an asset that this bank does not have.
        MemberNotFound: this bank has no such beneficiary.
    """
    communities.require_within(unit.actor, communities.find(unit, community_id).community_id)
    windows = repeats.windows(repeat, unit.bank.zone)
    publishing.check_window(unit, *windows[0])
    if beneficiary_id is not None:
        members.find(unit, beneficiary_id)
    series_id = unit.new_id("ser")
    terms = terms or Terms()
    if terms.claims_until is not None or terms.withdraw_until is not None:
        raise BadField("terms", "in minutes before each start / 请用开始前的分钟数")
    unit.run(insert(series), _row(unit, series_id, community_id, repeat))
    several = [
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
            terms=replace(
                terms,
                claims_until=_before(starts_at, "claims_close_minutes", claims_close_minutes),
                withdraw_until=_before(starts_at, "withdraw_close_minutes", withdraw_close_minutes),
            ),
            beneficiary_id=beneficiary_id,
            series_id=series_id,
        )
        for starts_at, ends_at in windows
    ]
    made = publishing.write_all(unit, several, TaskState.DRAFT if draft else TaskState.OPEN)
    trail.record(unit, "series.published", series_id, after={"tasks": len(made), "draft": draft})
    return Published(series_id, tuple(made))


def _before(starts_at: datetime, name: str, minutes: int | None) -> datetime | None:
    if minutes is None:
        return None
    if not 0 <= minutes <= CLOSE_MINUTES_MOST:
        raise BadField(name, f"0–{CLOSE_MINUTES_MOST}")
    return starts_at - timedelta(minutes=minutes)


def _row(unit: Unit, series_id: str, community_id: str, repeat: Repeat) -> dict[str, Any]:
    return {
        "bank_id": unit.bank_id,
        "series_id": series_id,
        "community_id": community_id,
        "rule": line("rule", repeat.rule, RULE_MOST),
        "first_on": repeat.first_on,
        "starts_minute": repeat.starts.hour * 60 + repeat.starts.minute,
        "lasts_minutes": repeat.lasts_minutes,
        "left_out": [one.isoformat() for one in sorted(set(repeat.left_out))],
        "published_at": unit.now,
        "published_by": unit.actor.id,
    }


@keyed
def open_drafts(unit: Unit, *, series_id: str, key: str) -> Altered:  # noqa: ARG001 - @keyed's
    """Publish the drafts of a series whose time has not come.

    Raises:
        SeriesNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
    """
    require_own(unit, series_id)
    found = cancellations.lock(unit, tasks.tasks.c.series_id == series_id)
    drafts = [one.task_id for one in found.to_come if one.state is TaskState.DRAFT]
    unit.run(
        update(tasks.tasks)
        .where(tasks.tasks.c.bank_id == unit.bank_id, tasks.tasks.c.task_id.in_(drafts))
        .values(stored_state=TaskState.OPEN)
    )
    trail.record(unit, "series.opened", series_id, after={"tasks": len(drafts)})
    return Altered(series_id, len(drafts), found.kept)


def require_own(unit: Unit, series_id: str) -> Series:
    """Return a series of the communities where the actor's role holds.

    Raises:
        SeriesNotFound: this bank has none of this id.
        OtherCommunity: the actor's role does not hold where it is.
    """
    found = find(unit, series_id)
    communities.require_within(unit.actor, found.community_id)
    return found


def find(view: View, series_id: str) -> Series:
    """Return a series.

    Raises:
        SeriesNotFound: this bank has none of this id.
    """
    row = view.row(
        select(series).where(series.c.bank_id == view.bank_id, series.c.series_id == series_id)
    )
    if row is None:
        raise SeriesNotFound(series_id)
    return Series(
        row.series_id,
        row.community_id,
        Repeat(
            rule=row.rule,
            first_on=row.first_on,
            starts=time(row.starts_minute // 60, row.starts_minute % 60),
            lasts_minutes=row.lasts_minutes,
            left_out=tuple(date.fromisoformat(one) for one in row.left_out),
        ),
        row.published_at,
    )


def tasks_of(view: View, series_id: str) -> list[Task]:
    """Return the tasks of a series in order of their start, the cancelled ones, too.

    Raises:
        SeriesNotFound: this bank has none of this id.
    """
    find(view, series_id)
    return tasks.chosen(view, tasks.tasks.c.series_id == series_id)
