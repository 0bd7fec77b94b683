"""The distributed PostgreSQL of CREDITBANK_CITUS_URL, in the place of the tests' own server.

The URL names a database made for these tests (its name says so: it ends in _test) in which the
extension and its workers stand ready, seen as a superuser at the coordinator. Everything in its
schema `public` is dropped.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql
from sqlalchemy import URL
from sqlalchemy.engine import make_url

from api import distribution
from tests import postgres, statements

SETTING = "CREDITBANK_CITUS_URL"
WHY_NOT = f"no distributed PostgreSQL: {SETTING} is not set"
SHARDS = 8
_SUFFIX = "_test"


def address() -> str | None:
    """The URL of the database, if one was given."""
    return os.environ.get(SETTING) or None


class Elsewhere(postgres.Server):
    """One database that stands for all that the tests create; it is spread after it is migrated."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        name = str(self._url.database)
        assert name.endswith(_SUFFIX), f"the name of the database ends in {_SUFFIX}, not {name}"
        self._admin = psycopg.connect(
            self._url.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
        )
        self.admin_url = self.url("", str(self._url.username or "postgres"))
        for role in (postgres.OWNER, postgres.APP):
            self._make_role(role)
        row = self._admin.execute("SELECT version()").fetchone()
        assert row is not None
        self.version = str(row[0])

    def url(self, database: str, role: str = postgres.APP) -> str:
        """The URL of the one database, seen as a role; its password is that of the URL."""
        del database
        seen: URL = self._url.set(username=role)
        return seen.render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Empty the schema for what will be migrated; what was migrated is spread."""
        del name
        if template is not None:
            with statements.paused():
                distribution.distribute(self.url("", postgres.OWNER), shards=SHARDS)
            return
        self._leave()
        owner = sql.Identifier(postgres.OWNER)
        with self._admin.transaction():
            self._admin.execute("DROP SCHEMA public CASCADE")
            self._admin.execute(sql.SQL("CREATE SCHEMA public AUTHORIZATION {}").format(owner))

    def empty_database(self, name: str, *, sparing: Iterable[int] = ()) -> None:
        """Take every row out, and everyone of ours who is still connected, but for some."""
        del name
        self._leave(sparing)
        rows = self._admin.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
        )
        tables = sql.SQL(", ").join(sql.Identifier(str(row[0])) for row in rows.fetchall())
        self._admin.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))

    def drop_database(self, name: str) -> None:
        """Leave it as it is; the next run empties it."""

    def stop(self) -> None:
        """Leave it."""
        self._admin.close()

    def asked(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        """The rows of a question to the coordinator."""
        return self._admin.execute(statement, values).fetchall()

    def _leave(self, sparing: Iterable[int] = ()) -> None:
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            " current_database() AND application_name = 'creditbank' AND NOT pid = ANY (%s)",
            [list(sparing)],
        )

    def _make_role(self, role: str) -> None:
        found = self._admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        if found is None:
            self._admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        password = self._url.password
        if password is not None:
            self._admin.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(str(password))
                )
            )


@contextlib.contextmanager
def running() -> Iterator[Elsewhere]:
    """The database for the length of a with block."""
    url = address()
    assert url is not None, WHY_NOT
    server = Elsewhere(url)
    try:
        yield server
    finally:
        server.stop()
