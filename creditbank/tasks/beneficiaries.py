"""Beneficiaries: for whom tasks are, when two rows prove to be one person."""

from __future__ import annotations

from sqlalchemy import select, update

from creditbank.core.units import Unit
from creditbank.tasks.tasks import tasks


def move(unit: Unit, old_id: str, kept_id: str) -> None:
    """Let the kept row go on as whom the old row's tasks are for, to confirm and to thank."""
    of = (tasks.c.bank_id == unit.bank_id, tasks.c.beneficiary_id == old_id)
    locked = unit.rows(
        select(tasks.c.task_id).where(*of).order_by(tasks.c.task_id).with_for_update(key_share=True)
    )
    if locked:
        unit.run(update(tasks).where(*of).values(beneficiary_id=kept_id))
