"""Banks: the tenants. One society with its assets, rules and books; its id never leaves the server.

``bank`` and ``installation`` are the only tables of this room that do not lead with ``bank_id``
of another row: a bank is what the others lead with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import BigInteger, Connection, Row, func, select, update
from sqlmodel import Field, SQLModel

from creditbank.core.errors import (
    BadField,
    BankAmbiguous,
    BankExists,
    BankNotFound,
)
from creditbank.core.tables import UtcDateTime, insert_or_skip, table

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_NAME_MOST = 60


class BankState(StrEnum):
    """Whether a bank works."""

    OPEN = "open"
    SUSPENDED = "suspended"


class BankRow(SQLModel, table=True):
    """One bank of this installation."""

    __tablename__ = "bank"

    bank_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    slug: str = Field(unique=True, max_length=40)
    name: str = Field(max_length=_NAME_MOST)
    zone: str = Field(max_length=40)
    state: str = Field(max_length=16)
    demonstration: bool
    created_at: datetime = Field(sa_type=UtcDateTime)


banks = table(BankRow)


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank as functions see it; ``zone`` names the time zone of its days."""

    bank_id: int
    slug: str
    name: str
    zone: str
    state: BankState
    demonstration: bool


COLUMNS = tuple(banks.c[name] for name in Bank.__slots__)


def read(row: Row[Any]) -> Bank:
    """Return a stored bank as a value."""
    return Bank(
        bank_id=row.bank_id,
        slug=row.slug,
        name=row.name,
        zone=row.zone,
        state=BankState(row.state),
        demonstration=row.demonstration,
    )


def create(
    connection: Connection,
    *,
    slug: str,
    name: str,
    zone: str,
    now: datetime,
    demonstration: bool = False,
) -> Bank:
    """Found a bank. Its id is the next free number of this installation.

    Raises:
        BadField: the slug, name or time zone is unusable.
        BankExists: the slug is taken.
    """
    if not _SLUG.fullmatch(slug):
        raise BadField("slug", "a–z, 0–9, '-' / 小写字母、数字和连字符")
    if not 1 <= len(name.strip()) <= _NAME_MOST:
        raise BadField("name", f"1–{_NAME_MOST}")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadField("zone", "e.g. Asia/Shanghai") from error
    row = {
        "slug": slug,
        "name": name.strip(),
        "zone": zone,
        "state": BankState.OPEN,
        "demonstration": demonstration,
        "created_at": now,
    }
    founding = insert_or_skip(connection, banks).returning(banks.c.bank_id)
    while True:
        last = connection.execute(select(func.max(banks.c.bank_id))).scalar()
        if connection.execute(founding, row | {"bank_id": (last or 0) + 1}).first():
            break
        if connection.execute(select(banks.c.slug).where(banks.c.slug == slug)).first():
            raise BankExists(slug)
    return find(connection, slug)


def every(connection: Connection) -> list[Bank]:
    """Return all banks of this installation, by slug."""
    return [read(row) for row in connection.execute(select(banks).order_by(banks.c.slug))]


def find(connection: Connection, slug: str | None) -> Bank:
    """Return the bank of a slug, or the only one when none is named.

    Raises:
        BankNotFound: there is none.
        BankAmbiguous: none was named and there are several.
    """
    if slug is None:
        known = every(connection)
        if len(known) > 1:
            raise BankAmbiguous(", ".join(bank.slug for bank in known))
        if not known:
            raise BankNotFound("")
        return known[0]
    row = connection.execute(select(banks).where(banks.c.slug == slug)).first()
    if row is None:
        raise BankNotFound(slug)
    return read(row)


def set_state(connection: Connection, bank_id: int, state: BankState) -> None:
    """Open or suspend a bank."""
    connection.execute(update(banks).where(banks.c.bank_id == bank_id).values(state=state))
