"""Exports: everything that is known of a member, table by table, as the registry says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Row, select

from api import schema
from api.privacy import holders
from api.privacy.kept import Kept
from api.privacy.registry import PERSONAL
from creditbank.core.units import View
from creditbank.people import members, persons


@dataclass(frozen=True, slots=True)
class Part:
    """What one table holds of a member: its name, what it is in words, its rows."""

    table: str
    zh: str
    en: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Export:
    """All that is known of a member at one instant."""

    bank: str
    member_id: str
    made_at: datetime
    parts: list[Part]


def of_member(view: View, member_id: str) -> Export:
    """Return all that is known of a member, merged rows and offices included.

    Raises:
        MemberNotFound: this bank has none of this id.
    """
    members.find(view, member_id)
    everyone = holders.of_member(view, member_id)
    parts = [_part(view, name, kept, everyone) for name, kept in PERSONAL.items()]
    return Export(view.bank.name, member_id, view.now, [one for one in parts if one.rows])


def _part(view: View, name: str, kept: Kept, everyone: Sequence[str]) -> Part:
    tables = schema.metadata()
    table = tables.tables[name]
    assert kept.whose is not None, "it is about somebody"
    keys = [table.c.key_id] if kept.keyed else []
    rows = view.rows(
        select(*(table.c[one] for one in kept.shown()), *keys)
        .where(table.c.bank_id == view.bank_id, kept.whose(tables, table, everyone))
        .order_by(*table.primary_key)
    )
    return Part(name, kept.zh, kept.en, [_row(view, kept, row, everyone) for row in rows])


def _row(view: View, kept: Kept, row: Row[Any], everyone: Sequence[str]) -> dict[str, Any]:
    """Return a row in plain words; a text sealed for somebody else stays theirs."""
    said: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the mapping of a row is public
    if kept.sealed:
        holder_id = said[kept.subject.split()[0]]
        for column, what in kept.sealed.items():
            mine = holder_id in everyone
            plain = persons.unseal(view, holder_id, what, said[column]) if mine else None
            said[column] = _read(plain) if what == "deed" else plain
    key_id = said.pop("key_id") if kept.keyed else ""
    for column, what in kept.keyed.items():
        text = said[column]
        said[column] = None if text is None else view.vault.unseal(key_id, what, text)
    shown: dict[str, Any] = to_jsonable_python(said)
    return shown


def _read(change: str | None) -> Any:
    """Return what a deed changed, which is kept as JSON."""
    return None if change is None else json.loads(change)
