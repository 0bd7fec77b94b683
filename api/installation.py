"""Which servers and workers of this installation are alive.

The only table beside ``bank`` that belongs to no bank. Each server and worker keeps a row and
renews it every 10 seconds; the schema is not changed while one is younger than 30 seconds.
"""

from __future__ import annotations

import importlib.metadata
import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, inspect, select, update
from sqlmodel import Field, SQLModel

from api.errors import ServerRunning
from creditbank.core.database import Database
from creditbank.core.ids import IdSource
from creditbank.core.tables import UtcDateTime, table

HEARTBEAT_S_MOST = 30


class InstallationRow(SQLModel, table=True):
    """One server or worker: what it is, its version, and when it was last known to live."""

    __tablename__ = "installation"

    server_id: str = Field(primary_key=True, max_length=40)
    what: str = Field(max_length=120)
    version: str = Field(max_length=40)
    started_at: datetime = Field(sa_type=UtcDateTime)
    heartbeat_at: datetime = Field(sa_type=UtcDateTime)


installations = table(InstallationRow)


def version() -> str:
    """Return the version of this program; a checkout that is not installed has none."""
    try:
        return importlib.metadata.version("creditbank")
    except importlib.metadata.PackageNotFoundError:
        return "0+checkout"


def announce(database: Database, *, what: str) -> str:
    """Write down that a server lives; returns its id. Rows dead for a day are swept."""

    def work(connection: Connection, now: datetime) -> str:
        server_id = IdSource().prefixed("srv", now)
        old = now - timedelta(days=1)
        connection.execute(delete(installations).where(installations.c.heartbeat_at < old))
        connection.execute(
            insert(installations).values(
                server_id=server_id,
                what=f"{what} on {socket.gethostname()}, pid {os.getpid()}"[:120],
                version=version(),
                started_at=now,
                heartbeat_at=now,
            )
        )
        return server_id

    return database.install(work)


def beat(database: Database, server_id: str) -> None:
    """Renew the heartbeat of a server."""

    def work(connection: Connection, now: datetime) -> None:
        connection.execute(
            update(installations)
            .where(installations.c.server_id == server_id)
            .values(heartbeat_at=now)
        )

    database.install(work)


def leave(database: Database, server_id: str) -> None:
    """Write down that a server has stopped."""

    def work(connection: Connection, _now: datetime) -> None:
        connection.execute(delete(installations).where(installations.c.server_id == server_id))

    database.install(work)


def refuse_while_serving(connection: Connection, now: datetime) -> None:
    """Refuse to go on while a server or worker lives; a database without the table has none.

    Raises:
        ServerRunning: a heartbeat is younger than 30 seconds.
    """
    if not inspect(connection).has_table(InstallationRow.__tablename__):
        return
    row = connection.execute(
        select(installations.c.what)
        .where(installations.c.heartbeat_at > now - timedelta(seconds=HEARTBEAT_S_MOST))
        .order_by(installations.c.heartbeat_at.desc())
    ).first()
    if row is not None:
        raise ServerRunning(row.what)
