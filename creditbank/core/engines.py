"""Engines: how each database is opened, what its faults mean, and who may write its file.

All differences between SQLite and PostgreSQL live in this file and in `creditbank.core.database`.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from creditbank.core.cursors import say
from creditbank.core.errors import Busy, CreditbankError, DatabaseUnavailable, WriterTaken

WRITERS_POSTGRES = 8
READERS = 4
LOCK_TIMEOUT_MS = 3000
_IDLE_MOST_MS = 60_000  # a process that stopped amid a unit lets its rows go
_SQLITE_BUSY_MS = 5000
_SQLITE_ROWS_LOOKED_AT = 400
_STATEMENTS_KEPT = 512
_REPLAYED = {"40001", "40P01"}
_LOCK_TIMEOUT = "55P03"
_READ_ONLY = "25006"
_CONNECTION_LOST = ("08", "57P")


def is_sqlite(url: URL | str) -> bool:
    """Tell whether a database URL names a SQLite file."""
    return make_url(url).get_backend_name() == "sqlite"


def normalised(url: str) -> URL:
    """Return a URL with our drivers: ``postgresql://`` means psycopg 3."""
    made = make_url(url)
    if made.drivername in {"postgresql", "postgres"}:
        made = made.set(drivername="postgresql+psycopg")
    return made


def sqlite_path(url: URL | str) -> Path:
    """Return the file of a SQLite URL."""
    name = make_url(url).database
    assert name is not None, "a SQLite URL of ours names a file"
    return Path(name)


def write_engine(url: URL) -> Engine:
    """Open a database for writing.

    A writer looks rows up and reads no table whole; PostgreSQL is told so, because a plan that it
    made while a table was empty would read all of it for as long as the session lives.
    """
    if is_sqlite(url):
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=1,
            hide_parameters=True,
            connect_args={"cached_statements": _STATEMENTS_KEPT},
        )
        _sqlite_manners(engine, begin="BEGIN IMMEDIATE")
        return engine
    engine = create_engine(
        url,
        pool_size=WRITERS_POSTGRES,
        max_overflow=2,
        hide_parameters=True,
        connect_args=_postgres_options(enable_seqscan="off"),
    )
    _postgres_manners(engine)
    return engine


def read_engine(url: URL) -> Engine:
    """Open a database for reading only, one snapshot per connection use."""
    if is_sqlite(url):
        path = sqlite_path(url).resolve()
        query = {"mode": "ro", "uri": "true"}
        engine = create_engine(
            URL.create("sqlite", database=f"file:{quote(str(path))}", query=query),
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=2,
            hide_parameters=True,
            connect_args={
                "check_same_thread": False,
                "cached_statements": _STATEMENTS_KEPT,
            },
        )
        _sqlite_manners(engine, begin="BEGIN")
        return engine
    engine = create_engine(
        url,
        pool_size=READERS,
        max_overflow=2,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=_postgres_options(),
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    )
    _postgres_manners(engine)
    return engine


def migration_engine(url: URL) -> Engine:
    """Open a database for a change of its schema: all of it in one transaction, on both.

    SQLite's foreign keys are off, because a table that is rebuilt is dropped for a moment.
    """
    if not is_sqlite(url):
        return create_engine(url, hide_parameters=True)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    _sqlite_manners(engine, begin="BEGIN IMMEDIATE", foreign_keys="OFF")
    return engine


def _postgres_options(**more: str) -> dict[str, Any]:
    settings = more | {
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": _IDLE_MOST_MS,
        "synchronous_commit": "on",
        "timezone": "UTC",
        "application_name": "creditbank",
    }
    return {"options": " ".join(f"-c {name}={value}" for name, value in settings.items())}


def _postgres_manners(engine: Engine) -> None:
    """Let every connection keep all of our statements prepared, instead of a hundred."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.prepared_max = _STATEMENTS_KEPT


def _sqlite_manners(engine: Engine, begin: str, foreign_keys: str = "ON") -> None:
    """Set what DESIGN asks of every SQLite connection, and begin transactions ourselves."""

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_MS}")
        cursor.execute(f"PRAGMA foreign_keys={foreign_keys}")
        cursor.execute("PRAGMA recursive_triggers=ON")  # so that REPLACE is a DELETE to triggers
        if begin == "BEGIN IMMEDIATE":
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")  # what is deleted or replaced is overwritten
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        say(connection, begin)


def look_over(connection: Connection) -> None:
    """Let SQLite look at some rows of every index, so that it knows which of them narrow a search.

    Without that it takes ``bank_id`` alone for a narrow one, and reads a bank's whole table to
    find two of its rows. PostgreSQL looks by itself.
    """
    connection.exec_driver_sql(f"PRAGMA analysis_limit={_SQLITE_ROWS_LOOKED_AT}")
    connection.exec_driver_sql("ANALYZE")


def expect_whole_tables(connection: Connection) -> None:
    """Tell PostgreSQL, for this transaction, that queries read whole tables.

    Without fresh statistics (right after an import) it would join them row by row, which takes
    minutes where seconds are enough.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off")


def sqlstate(error: BaseException) -> str:
    """Return the five-character SQLSTATE of a PostgreSQL fault, or an empty text."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def is_replayable(error: BaseException) -> bool:
    """Tell whether a unit may be replayed with the same key: lost races and lost connections."""
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate(error)
    return error.connection_invalidated or state in _REPLAYED or state.startswith(_CONNECTION_LOST)


def translated(error: BaseException) -> BaseException:
    """Turn a database's own fault into a typed error; give back anything else as it is."""
    if isinstance(error, CreditbankError) or not isinstance(error, DBAPIError):
        return error
    state = sqlstate(error)
    if state == _LOCK_TIMEOUT or state in _REPLAYED:
        return Busy()
    unusable = type(error) is DatabaseError  # SQLite: the file is no database, or is damaged
    if isinstance(error, OperationalError) or state == _READ_ONLY or unusable:
        return DatabaseUnavailable(next(iter(str(error.orig).splitlines()), "?"))
    return error


@contextmanager
def writer_lock(url: URL | str) -> Iterator[None]:
    """Hold the writer's lock of a SQLite file; PostgreSQL needs none.

    Raises:
        WriterTaken: another process holds it.
        DatabaseUnavailable: the folder cannot be written.
    """
    if not is_sqlite(url):
        yield
        return
    path = sqlite_path(url).resolve()
    lock_path = path.with_name(path.name + ".writer")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DatabaseUnavailable(f"{error.strerror}: {lock_path.parent}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            raise WriterTaken(holder or "?") from error
        os.ftruncate(descriptor, 0)
        what = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        os.write(descriptor, f"{what} (pid {os.getpid()})".encode())
        yield
    finally:
        os.close(descriptor)
