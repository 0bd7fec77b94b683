"""The schema: every table there is, and the way from any older version to this one."""

from __future__ import annotations

import importlib
from contextlib import closing
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, create_engine, inspect, text
from sqlmodel import SQLModel

from api.installation import refuse_while_serving
from creditbank.core.clock import SystemClock
from creditbank.core.engines import (
    is_sqlite,
    migration_engine,
    normalised,
    sqlite_path,
    translated,
    writer_lock,
)
from creditbank.core.errors import SchemaMissing, SchemaNewer, SchemaOlder
from creditbank.core.vault import Vault, keys_path

APP_ROLE = "creditbank_app"
APPEND_ONLY = ("transfer", "posting")
_REWRITTEN = ("member", "claim", "idempotency_key", "account")
ROOMS = (
    "creditbank.core.banks",
    "creditbank.core.keys",
    "creditbank.core.counters",
    "creditbank.jobs",
    "creditbank.ledger.books",
    "creditbank.ledger.day_totals",
    "creditbank.ledger.imports",
    "creditbank.people.communities",
    "creditbank.people.members",
    "creditbank.people.persons",
    "creditbank.people.consents",
    "creditbank.people.delegates",
    "creditbank.people.households",
    "creditbank.people.stays",
    "creditbank.people.teams",
    "creditbank.people.places",
    "creditbank.people.team_wishes",
    "creditbank.people.relatives",
    "creditbank.people.skills",
    "creditbank.people.trail",
    "creditbank.notices",
    "creditbank.schemes.scheme",
    "creditbank.recognition.periods",
    "creditbank.recognition.standings",
    "creditbank.recognition.ranking",
    "creditbank.identity.grants",
    "creditbank.identity.sittings",
    "creditbank.identity.staff",
    "creditbank.identity.assists",
    "creditbank.identity.invitations",
    "creditbank.identity.second_factors",
    "creditbank.identity.one_time_codes",
    "creditbank.identity.phones",
    "creditbank.identity.pins",
    "creditbank.identity.arrivals",
    "creditbank.identity.arrival_parts",
    "creditbank.identity.openings",
    "creditbank.tasks.categories",
    "creditbank.tasks.tasks",
    "creditbank.tasks.claims",
    "creditbank.tasks.details",
    "creditbank.tasks.parties",
    "creditbank.tasks.series",
    "creditbank.tasks.pairs",
    "creditbank.lists.organisations",
    "creditbank.lists.rota",
    "creditbank.lists.entries",
    "creditbank.service.thanks",
    "creditbank.service.pauses",
    "creditbank.service.confirmations",
    "creditbank.service.evidence",
    "creditbank.service.photos",
    "creditbank.service.afterwards",
    "creditbank.service.credit_counts",
    "creditbank.exchange.needy",
    "creditbank.exchange.handouts",
    "creditbank.exchange.services",
    "creditbank.leaving.merges",
    "creditbank.leaving.departures",
    "creditbank.leaving.erasures",
    "creditbank.leaving.forgetting",
    "merchants.partners",
    "merchants.cashiers",
    "merchants.tills",
    "merchants.pairings",
    "merchants.codes",
    "merchants.cards",
    "merchants.offer_book",
    "merchants.requests",
    "merchants.redemptions",
    "api.tokens",
    "api.installation",
)


def metadata() -> MetaData:
    """Return the metadata of every table of the product."""
    for room in ROOMS:
        importlib.import_module(room)
    return SQLModel.metadata


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    return config


def migrate(url: str, vault: Vault | None = None) -> None:
    """Bring a database to this program's version; makes a SQLite file that is missing.

    Rows that a version seals are sealed by ``vault``, or the one that lies where
    `creditbank.core.vault.keys_path` says.

    On PostgreSQL the URL is the owner's; the role ``creditbank_app`` gets its rights here.

    Raises:
        WriterTaken: a server or command is writing to the file.
        ServerRunning: a server or worker was alive within the last 30 s.
        SchemaNewer: the database was made by a newer program.
        DatabaseUnavailable: it cannot be opened or written.
    """
    target = normalised(url)
    with writer_lock(target), closing(vault or Vault(keys_path(target))) as keys:
        engine = migration_engine(target)
        try:
            with engine.begin() as connection:
                found = _refuse_newer(connection)
                if not is_sqlite(target):
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
                if found is not None:
                    refuse_while_serving(connection, SystemClock().now())
                config = _config()
                config.attributes["connection"] = connection
                config.attributes["vault"] = keys
                command.upgrade(config, "head")
                grant(connection)
            if found not in {None, head()}:
                _rewrite(engine)
        except Exception as error:
            typed = translated(error)
            if typed is error:
                raise
            raise typed from error
        finally:
            engine.dispose()


def _refuse_newer(connection: Connection) -> str | None:
    """Return the version found, None in an empty database.

    Raises:
        SchemaNewer: it was made by a newer program.
    """
    found = version(connection)
    if found is not None and found not in _known():
        raise SchemaNewer(found)
    return found


def _rewrite(engine: Engine) -> None:
    """Write the tables anew, so that nothing stays on pages that a new version emptied."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as at:
            for table in _REWRITTEN:
                at.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")
            at.exec_driver_sql("VACUUM FULL pg_statistic")  # it samples what columns held
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def grant(connection: Connection) -> None:
    """Give the server's role its rights: everything but a change of history."""
    if connection.dialect.name != "postgresql":
        return
    role = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}
    ).first()
    if role is None:
        return
    frozen = ", ".join(APPEND_ONLY)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {frozen} FROM {APP_ROLE}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE}",
    ):
        connection.exec_driver_sql(statement)


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def version(connection: Connection) -> str | None:
    """Return the version of a database, None if it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str | None:
    """Return the version that this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def check(url: str) -> None:
    """See that a database has exactly this program's schema.

    Raises:
        SchemaMissing: it has no tables of ours.
        SchemaOlder: it wants ``creditbank migrate``.
        SchemaNewer: it was made by a newer program.
        DatabaseUnavailable: it cannot be opened.
    """
    target = normalised(url)
    if is_sqlite(target) and not sqlite_path(target).exists():
        raise SchemaMissing
    engine: Engine = create_engine(target, hide_parameters=True)
    try:
        with engine.connect() as connection:
            found = version(connection)
    except Exception as error:
        typed = translated(error)
        if typed is error:
            raise
        raise typed from error
    finally:
        engine.dispose()
    if found is None:
        raise SchemaMissing
    if found != head():
        raise SchemaOlder(found) if found in _known() else SchemaNewer(found)
