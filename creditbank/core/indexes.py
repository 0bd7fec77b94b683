"""Indexes that hold only the rows that are ever looked for, and so cost the others nothing."""

from __future__ import annotations

from sqlalchemy import Index, text


def sparse(name: str, column: str, *more: str) -> Index:
    """Return an index of the rows of a bank in which a column says something."""
    return index_where(name, f"{column} IS NOT NULL", column, *more)


def index_where(name: str, condition: str, *columns: str) -> Index:
    """Return an index of those rows of a bank of which a condition is true.

    A statement finds them by the same condition; SQLite wants the very same words of it.
    """
    where = text(condition)
    return Index(name, "bank_id", *columns, sqlite_where=where, postgresql_where=where)
