"""The chronicle of a year: who is who, and what has happened so far."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from creditbank.core.banks import Bank
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit
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

    def key(self, what: str, *parts: object) -> str:
        """Return the idempotency key of one thing that happens."""
        return "/".join(["demonstration", str(self.seed), what, *map(str, parts)])

    def do(self, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit."""
        return self.database.write(self.bank.bank_id, actor, work)

    def submit(self, actor: Actor, work: Callable[[Unit], R | Declined]) -> Future[R]:
        """Queue one unit of several that happen at the same instant."""
        return self.database.writer.submit(self.bank.bank_id, actor, work)
