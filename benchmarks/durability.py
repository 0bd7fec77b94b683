"""What a database must promise before anything in it is measured."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from benchmarks.cases import SQLITE
from benchmarks.errors import NotDurable
from creditbank.core.database import Database

WANTED: Mapping[str, Mapping[str, str]] = {
    "sqlite": {"synchronous": "2", "journal_mode": "wal"},
    "postgres": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
}


def check(database: Database, engine: str) -> dict[str, str]:
    """Return the settings of the very connection that writes, as they are.

    Raises:
        NotDurable: one of them lets acknowledged work be lost.
    """
    found = database.install(lambda connection, _now: settings(connection, engine))
    refuse(engine, found)
    return found


def settings(connection: Connection, engine: str) -> dict[str, str]:
    """Read the settings that matter, from a connection."""
    ask = "PRAGMA {}" if engine == SQLITE else "SHOW {}"
    return {
        name: str(connection.exec_driver_sql(ask.format(name)).scalar()).lower()
        for name in WANTED[engine]
    }


def refuse(engine: str, found: Mapping[str, str]) -> None:
    """See that settings are as wanted.

    Raises:
        NotDurable: one is not.
    """
    for name, wanted in WANTED[engine].items():
        if found.get(name) != wanted:
            raise NotDurable(engine, name, found.get(name, "?"), wanted)
