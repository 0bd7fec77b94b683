"""Filling, right after somebody gave a place back: best effort, behind who wrote it.

What fails or comes too late here is left to the due work (`creditbank.tasks.filling`).
"""

from __future__ import annotations

from api.edge.wiring import Caller
from creditbank.core.units import Actor
from creditbank.tasks import claims, filling

_ACTOR = Actor(f"job/{filling.KIND}", "job")


def fill_soon(caller: Caller, task_id: str) -> None:
    """Let the writer give the free places of a task to who waits; nobody waits for it here."""
    caller.database.writer.submit(
        caller.bank_id, _ACTOR, lambda unit: filling.settle(unit, task_id), patient=True
    )


def fill_after(caller: Caller, claim_id: str) -> None:
    """Let the writer see to the task of a claim that has ended."""
    caller.database.writer.submit(
        caller.bank_id,
        _ACTOR,
        lambda unit: filling.settle(unit, claims.find(unit, claim_id).task_id),
        patient=True,
    )
