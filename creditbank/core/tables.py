"""The idiom of our tables: declared with SQLModel, spoken to with prepared Core statements.

A table class says what a row is; ``table(Class)`` gives the Core table that statements use. Every
table of a bank starts from `OfBank`, so ``bank_id`` leads its primary key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, Connection, DateTime, Dialect, ForeignKeyConstraint, Table
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: refuses naive datetimes, stores UTC, gives back aware UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return `process_bind_param`; for SQLite with the text in one step, as it is stored."""
        return _instant_said if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return `process_result_value`; for SQLite with the text in one step."""
        if dialect.name == "sqlite":
            return _instant_read
        return super().result_processor(dialect, coltype)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into UTC (naive text for SQLite)."""
        if value is None:
            return None
        assert value.tzinfo is not None, "an instant carries its offset"
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's
    ) -> datetime | None:
        """Give back an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _instant_said(value: datetime | None) -> str | None:
    if value is None:
        return None
    assert value.tzinfo is not None, "an instant carries its offset"
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant_read(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


class OfBank(SQLModel):
    """What every table of a bank begins with: the tenant, first column of the primary key."""

    bank_id: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )


def table(of: type[SQLModel]) -> Table:
    """Return the Core table of a table class."""
    return cast("Table", of.__dict__["__table__"])


def insert_or_skip(connection: Connection, into: Table) -> Any:
    """Return an INSERT for this connection's database that skips rows breaking a unique key."""
    return skipping(into, sqlite=connection.dialect.name == "sqlite")


@cache
def skipping(into: Table, *, sqlite: bool) -> Any:
    """Return the one statement of a table and a database: building it costs as much as running."""
    return (insert_sqlite if sqlite else insert_postgresql)(into).on_conflict_do_nothing()


def to_bank() -> ForeignKeyConstraint:
    """Return the foreign key from a table's ``bank_id`` to its bank."""
    return ForeignKeyConstraint(["bank_id"], ["bank.bank_id"])


def within_bank(columns: Sequence[str], target: str, keys: Sequence[str]) -> ForeignKeyConstraint:
    """Return a foreign key that leads with ``bank_id``: (bank_id, columns) → target."""
    return ForeignKeyConstraint(
        ["bank_id", *columns], [f"{target}.{key}" for key in ("bank_id", *keys)]
    )


Row = dict[str, Any]
