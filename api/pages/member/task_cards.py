"""Cards of tasks: what a page shows of each, with names for what the books know by codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditbank.core.units import View
from creditbank.core.values import write_units
from creditbank.ledger import accounts
from creditbank.people import communities
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories, duties, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import PLACELESS, ClaimState
from creditbank.tasks.tasks import CapacityUnit, Task


@dataclass(frozen=True, slots=True)
class Given:
    """What a task gives of one asset, as people read it."""

    units: str
    asset: str
    per: Per


@dataclass(frozen=True, slots=True)
class Card:
    """A task with the names of its category and community; ``mine`` is who asks's own claim."""

    task: Task
    category: str
    community: str
    rewards: tuple[Given, ...]
    mine: Claim | None

    @property
    def free(self) -> int:
        """How many places are free."""
        return max(self.task.capacity - self.task.placed, 0)

    @property
    def in_families(self) -> bool:
        """Whether places are counted in families."""
        return self.task.terms.capacity_unit is CapacityUnit.FAMILY

    @property
    def has_place(self) -> bool:
        """Whether who asks has, or had, a place here."""
        return self.mine is not None and self.mine.state not in PLACELESS

    @property
    def waits(self) -> bool:
        """Whether who asks waits for a place."""
        return self.mine is not None and self.mine.state is ClaimState.WAITING


def of(view: View, several: Sequence[Task], member_id: str | None = None) -> list[Card]:
    """Return the cards of tasks in their order."""
    if not several:
        return []
    named = {one.code: one.name for one in categories.every(view)}
    near = {one.community_id: one.name for one in communities.every(view)}
    assets = accounts.every_asset(view)
    own: dict[str, Claim] = {}
    if member_id is not None:
        own = duties.of_tasks(view, member_id, [one.task_id for one in several])

    def given(reward: Reward) -> Given:
        asset = assets[reward.asset]
        return Given(write_units(reward.units, asset.scale), asset.name, reward.per)

    return [
        Card(
            one,
            named.get(one.category, one.category),
            near.get(one.community_id, ""),
            tuple(given(reward) for reward in one.rewards),
            own.get(one.task_id),
        )
        for one in several
    ]


def of_ids(view: View, task_ids: Sequence[str]) -> dict[str, Card]:
    """Return the cards of some tasks by their ids."""
    if not task_ids:
        return {}
    column = tasks.tasks.c.task_id
    found = tasks.chosen(view, column.in_(sorted(set(task_ids))))
    return {one.task.task_id: one for one in of(view, found)}
