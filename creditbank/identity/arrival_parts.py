"""Parts of a list of newcomers: its checked rows while they wait, sealed with the list's own key.

They are stored as the file is read, some parts a slice, and deleted as they are written; a part of
a list has `PART_ROWS` people, the last one what is left.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Column, LargeBinary, bindparam, delete, select
from sqlmodel import Field

from creditbank.core.tables import OfBank, insert_or_skip, table, within_bank
from creditbank.core.units import Unit, View
from creditbank.identity import arrivals
from creditbank.identity.arrival_states import ArrivalState
from creditbank.identity.arrivals import WAITING, Arrival, Newcomer

PART_ROWS = 25
FORGOTTEN_AT_ONCE = 200


class ArrivalPartRow(OfBank, table=True):
    """Some rows that wait, sealed; deleted when they are written."""

    __tablename__ = "arrival_part"
    __table_args__ = (within_bank(["arrival_id"], "arrival", ["arrival_id"]),)

    arrival_id: str = Field(primary_key=True, max_length=40)
    n: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: bytes = Field(sa_column=Column("content", LargeBinary, nullable=False))


parts = table(ArrivalPartRow)


def store(unit: Unit, *, arrival_id: str, first: int, newcomers: Sequence[Newcomer]) -> int:
    """Keep rows of a checked list in parts from number ``first`` on, sealed; return how many.

    A part that is there stays as it is, and so does a list that is stored as a whole.
    """
    one = arrivals.find(unit, arrival_id)
    places = range(0, len(newcomers), PART_ROWS)
    if one.state is ArrivalState.STORING and one.key_id is not None and newcomers:
        rows = [
            {
                "bank_id": unit.bank_id,
                "arrival_id": arrival_id,
                "n": first + n,
                "content": _sealed(unit, one.key_id, newcomers[at : at + PART_ROWS]),
            }
            for n, at in enumerate(places)
        ]
        unit.run(insert_or_skip(unit.connection, parts), rows)
    return len(places)


def _sealed(unit: Unit, key_id: str, newcomers: Sequence[Newcomer]) -> bytes:
    said = json.dumps([asdict(row) for row in newcomers], ensure_ascii=False, default=str)
    return unit.vault.seal_bytes(key_id, WAITING, said.encode())


def waiting(view: View, one: Arrival, *, after: int, limit: int) -> list[Newcomer]:
    """Return the next people of a list that wait, after so many that are done."""
    first, place = divmod(after, PART_ROWS)
    beyond = -(-(after + limit) // PART_ROWS)
    rows = view.rows(
        select(parts.c.content)
        .where(
            parts.c.bank_id == view.bank_id,
            parts.c.arrival_id == one.arrival_id,
            parts.c.n >= first,
            parts.c.n < beyond,
        )
        .order_by(parts.c.n)
    )
    if one.key_id is None:
        return []
    plain = [view.vault.unseal_bytes(one.key_id, WAITING, row.content) for row in rows]
    found = [_newcomer(said) for part in plain if part is not None for said in json.loads(part)]
    return found[place : place + limit]


def _newcomer(said: dict[str, Any]) -> Newcomer:
    born_on = said["born_on"]
    said |= {
        "born_on": None if born_on is None else date.fromisoformat(born_on),
        "purposes": tuple(said["purposes"]),
        "openings": tuple((asset, units) for asset, units in said["openings"]),
    }
    return Newcomer(**said)


def forget_done(unit: Unit, one: Arrival, rows_done: int) -> None:
    """Forget the parts of which every row is done."""
    over = -(-rows_done // PART_ROWS) if rows_done == one.rows else rows_done // PART_ROWS
    unit.run(
        delete(parts).where(
            parts.c.bank_id == unit.bank_id,
            parts.c.arrival_id == one.arrival_id,
            parts.c.n < over,
        )
    )


def forget(unit: Unit, arrival_id: str) -> bool:
    """Forget some parts of a list that is not written; returns whether there were none left."""
    rows = unit.rows(
        select(parts.c.n)
        .where(parts.c.bank_id == unit.bank_id, parts.c.arrival_id == arrival_id)
        .limit(FORGOTTEN_AT_ONCE)
    )
    if rows:
        common = {"of_bank": unit.bank_id, "of_arrival": arrival_id}
        unit.run(_DELETE, [common | {"of_n": row.n} for row in rows])
    return len(rows) < FORGOTTEN_AT_ONCE


_DELETE = delete(parts).where(
    parts.c.bank_id == bindparam("of_bank"),
    parts.c.arrival_id == bindparam("of_arrival"),
    parts.c.n == bindparam("of_n"),
)
