"""Crediting: what an approved claim brings its member, by the scheme; and taking it back."""

from __future__ import annotations

from datetime import datetime

from creditbank.core.units import Unit
from creditbank.core.values import Amount
from creditbank.ledger import issues, posting
from creditbank.recognition import periods, standings
from creditbank.schemes import rewards, scheme
from creditbank.tasks.claims import Claim
from creditbank.tasks.tasks import Task


def earned(unit: Unit, task: Task, ended_at: datetime, minutes: int) -> tuple[Amount, ...]:
    """Return what the service earns, by the rounding in force on the day it ended."""
    rounding = scheme.in_force(unit, periods.served_on(unit, ended_at)).rounding
    units = {one.asset: rewards.earned(one, minutes, rounding) for one in task.rewards}
    return tuple(Amount(count, asset) for asset, count in units.items() if count)


def issue(
    unit: Unit, found: Claim, amounts: tuple[Amount, ...], ended_at: datetime, period_id: str
) -> str | None:
    """Issue what was earned and keep the standings; its validity is by the scheme in force now."""
    if not amounts:
        return None
    until = rewards.expires_on(unit.today, scheme.current(unit).validity_months)
    standings.add(unit, period_id, [(found.member_id, one.asset, one.units) for one in amounts])
    transfer = issues.issue(
        unit,
        earned=[issues.Earned(found.member_id, one, until) for one in amounts],
        key=f"issue/{found.claim_id}",
        occurred_at=ended_at,
        refers_to=found.claim_id,
        period_id=period_id,
    )
    return transfer.transfer_id


def take_back(unit: Unit, found: Claim, period_id: str) -> tuple[tuple[Amount, ...], str | None]:
    """Reverse what a claim was credited, in a period this unit holds, and return what went back."""
    if found.transfer_id is None:
        return (), None
    lost: dict[str, int] = {}
    for one in posting.find(unit, found.transfer_id).postings:
        lost[one.amount.asset] = lost.get(one.amount.asset, 0) + one.amount.units
    moves = [(found.member_id, asset, -units) for asset, units in lost.items()]
    standings.add(unit, period_id, moves)
    transfer = issues.withdraw(
        unit,
        transfer_id=found.transfer_id,
        key=f"withdraw/{found.claim_id}",
        period_id=period_id,
    )
    return tuple(Amount(units, asset) for asset, units in lost.items()), transfer.transfer_id
