"""Wipes: what an erasure does to the tables, as the registry says."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, update

from api import schema
from api.privacy.registry import PERSONAL
from creditbank.core.units import Unit
from creditbank.leaving.forgetting import Stage


def wipe(unit: Unit, holders: Sequence[str], stage: Stage) -> None:
    """Delete or clear the rows about these holders whose turn is at this stage."""
    tables = schema.metadata()
    for name, kept in PERSONAL.items():
        if kept.stage is not stage or kept.whose is None:
            continue
        table = tables.tables[name]
        of = (table.c.bank_id == unit.bank_id, kept.whose(tables, table, holders))
        if kept.deleted:
            unit.run(delete(table).where(*of))
        elif kept.cleared:
            values = {
                one: to(table, unit) if callable(to) else to for one, to in kept.cleared.items()
            }
            unit.run(update(table).where(*of).values(values))
