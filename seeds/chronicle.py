"""The chronicle of a year: who is who, and what has happened so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from creditbank import jobs
from creditbank.core.banks import Bank
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit, View
from seeds.society import Plan

R = TypeVar("R")

ORGANISER = Actor("stf_demo_organiser", "organiser")
REVIEWER = Actor("stf_demo_reviewer", "reviewer")
TREASURER = Actor("stf_demo_treasurer", "treasurer")
HEAD = Actor("stf_demo_head", "reviewer")


@dataclass(slots=True)
class Count:
    """What happened in the year, counted."""

    needs: int = 0
    claims: int = 0
    withdrawn: int = 0
    approved: int = 0
    rejected: int = 0
    payments: int = 0
    nothing_usable: int = 0
    voided: int = 0
    refunded: int = 0
    waited: int = 0
    moved_up: int = 0
    disputed: int = 0
    second_looks: int = 0
    calls: int = 0
    families: int = 0
    thanks: int = 0
    entries: int = 0
    gifts: int = 0
    donations: int = 0


@dataclass(slots=True)
class Year:
    """A society on its way through the year: who is who, and what happened so far."""

    database: Database
    clock: ManualClock
    bank: Bank
    plan: Plan
    seed: int
    count: Count = field(default_factory=Count)
    member_ids: list[str] = field(default_factory=list)
    merchant_ids: list[str] = field(default_factory=list)
    till_ids: list[str] = field(default_factory=list)
    community_ids: dict[str, str] = field(default_factory=dict)
    task_ids: dict[int, str] = field(default_factory=dict)
    claim_ids: dict[tuple[int, int], str] = field(default_factory=dict)
    approved: list[tuple[datetime, str, int]] = field(default_factory=list)
    code_ids: dict[int, str] = field(default_factory=dict)
    scanned: dict[int, str] = field(default_factory=dict)
    paid: dict[int, tuple[str, int]] = field(default_factory=dict)
    withdrawn_claim: str | None = None
    household_ids: list[str] = field(default_factory=list)
    team_id: str = ""
    pair_ids: list[str] = field(default_factory=list)
    call_claims: dict[int, str] = field(default_factory=dict)
    outing_ids: dict[int, str] = field(default_factory=dict)
    parties: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    entry_ids: dict[tuple[str, int], str] = field(default_factory=dict)

    def key(self, what: str, *parts: object) -> str:
        """Return the idempotency key of one thing that happens."""
        return "/".join(["demonstration", str(self.seed), what, *map(str, parts)])

    def member(self, resident: int) -> Actor:
        """Return a resident, acting."""
        member_id = self.member_ids[resident]
        return Actor(member_id, "member", member_id)

    def community_of(self, resident: int) -> str:
        """Return the id of the community where a resident lives."""
        return self.community_ids[self.plan.people.residents[resident].community]

    def do(self, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit."""
        return self.database.write(self.bank.bank_id, actor, work)

    def together(self, works: Iterable[tuple[Actor, Callable[[Unit], R | Declined]]]) -> list[R]:
        """Run units that happen at the same instant, whichever comes first."""
        writer = self.database.writer
        asked = [writer.submit(self.bank.bank_id, actor, work) for actor, work in works]
        return [one.result() for one in asked]

    def work_off(
        self,
        kind: str,
        due: Callable[[View], list[str]],
        run_slice: Callable[..., bool],
    ) -> None:
        """Run a calendar job for all its periods that are due, as the scheduler does."""
        job = Actor(f"job/{kind}", "job")
        for period in self.database.read(self.bank.bank_id, due):
            take = partial(jobs.take, kind=kind, owner="demonstration", period=period)
            lease = self.do(job, take)
            while lease is not None and not self.do(job, partial(run_slice, lease=lease)):
                pass
