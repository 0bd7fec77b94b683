"""Cursors: a text sent to the database as it is, inside the transaction that SQLAlchemy opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def say(connection: Connection, sql: str) -> None:
    """Send a text as it is: a savepoint, the begin of a transaction."""
    send(connection, sql, ())


def nothing(_cursor: Any) -> None:
    """Take nothing from a cursor."""


def send(
    connection: Connection,
    sql: str,
    values: Sequence[Any],
    *,
    many: bool = False,
    take: Callable[[Any], Any] = nothing,
) -> Any:
    """Run a text by a cursor of the driver, and return what ``take`` takes from the cursor.

    Whoever listens to SQLAlchemy's events hears of it, and its errors are SQLAlchemy's: those of
    taking, too, because SQLite reads row by row.
    """
    cursor = connection.connection.cursor()
    if connection._has_events or connection.engine._has_events:  # noqa: SLF001 - as it asks itself
        connection.dispatch.before_cursor_execute(connection, cursor, sql, values, None, many)
    dialect = connection.dialect
    try:
        (cursor.executemany if many else cursor.execute)(sql, values)
        return take(cursor)
    except dialect.loaded_dbapi.Error as error:
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql,
            values,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from error
