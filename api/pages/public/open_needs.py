"""Open needs as everybody may read them: what, when, in which community, what is still wanted.

Who is helped is never said, nor where they live: a need of one resident (with a beneficiary, from
the list of residents' needs, or a visit) tells its community only; whoever takes part is told
the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from creditbank.core.clock import start_of_day
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind, write_units
from creditbank.ledger import accounts
from creditbank.people import communities
from creditbank.schemes.rewards import Per
from creditbank.tasks import categories, homes, tasks
from creditbank.tasks.states import TaskState
from creditbank.tasks.tasks import CapacityUnit, Party, Task, TaskKind


@dataclass(frozen=True, slots=True)
class Given:
    """What a need gives of one asset, in words of the bank."""

    asset: str
    units: str
    per_hour: bool


@dataclass(frozen=True, slots=True)
class Need:
    """An open need; ``place`` is None where it would tell a home."""

    task_id: str
    title: str
    category: str
    community: str
    place: str | None
    starts_at: datetime
    ends_at: datetime
    running: bool
    free: int
    by_family: bool
    families_only: bool
    gives: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which needs are asked for; None is all of them."""

    category: str | None = None
    community_id: str | None = None
    day: date | None = None
    after: str | None = None


def listed(view: View, asked: Choice, limit: int) -> tuple[list[Need], str | None]:
    """Return open needs by their start, and ``after`` of the next page.

    Raises:
        TaskNotFound: ``after`` is no task of this bank.
    """
    of, zone = tasks.tasks.c, view.bank.zone
    which = [
        of.kind == TaskKind.NEED,
        of.stored_state == TaskState.OPEN,
        of.ends_at > view.now,
        of.placed < of.capacity,
    ]
    if asked.category is not None:
        which.append(of.category == asked.category)
    if asked.community_id is not None:
        which.append(of.community_id == asked.community_id)
    if asked.day is not None:
        which.append(of.starts_at >= start_of_day(asked.day, zone))
        which.append(of.starts_at < start_of_day(asked.day + timedelta(days=1), zone))
    if asked.after is not None:
        last = tasks.find(view, asked.after)
        later = (of.starts_at == last.starts_at) & (of.task_id > last.task_id)
        which.append((of.starts_at > last.starts_at) | later)
    found = tasks.chosen(view, *which, limit=limit + 1)
    return _told(view, found[:limit]), found[limit - 1].task_id if len(found) > limit else None


def _told(view: View, found: list[Task]) -> list[Need]:
    assets = accounts.every_asset(view)
    kinds = {one.code: one.name for one in categories.every(view)}
    places = {one.community_id: one.name for one in communities.every(view)}
    return [
        Need(
            one.task_id,
            one.title,
            kinds.get(one.category, one.category),
            places.get(one.community_id, ""),
            None if homes.may_be_told_by(one) else one.place,
            one.starts_at,
            one.ends_at,
            one.state is TaskState.RUNNING,
            one.capacity - one.placed,
            one.terms.capacity_unit is CapacityUnit.FAMILY,
            one.audience.open_to == (Party.FAMILY,),
            _given(one, assets),
        )
        for one in found
    ]


def _given(task: Task, assets: dict[str, Asset]) -> tuple[Given, ...]:
    """Return what a task gives, what can be spent first."""
    spendable = AssetKind.SPENDABLE
    first = sorted(task.rewards, key=lambda one: assets[one.asset].kind is not spendable)
    return tuple(
        Given(
            assets[one.asset].name,
            write_units(one.units, assets[one.asset].scale),
            one.per is Per.HOUR,
        )
        for one in first
    )
