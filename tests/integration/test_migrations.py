"""Migrations: from empty to head on both databases, no drift, and typed errors for odd versions."""

import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from api import schema
from creditbank.core.engines import normalised, sqlite_path
from creditbank.core.errors import SchemaMissing, SchemaNewer, SchemaOlder
from tests.statements import paused


def engine_of(url: str) -> Engine:
    """An engine of our own."""
    return create_engine(normalised(url))


def set_version(url: str, version: str) -> None:
    """Pretend that another program made the database."""
    engine = engine_of(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()


@pytest.fixture
def migrated_url(empty_database_url: str) -> str:
    """A database at head, as its owner sees it."""
    with paused():
        schema.migrate(empty_database_url)
    return empty_database_url


def test_an_empty_database_goes_to_head(empty_database_url: str) -> None:
    """Before it is missing, afterwards it is this program's, and a second run changes nothing."""
    with pytest.raises(SchemaMissing):
        schema.check(empty_database_url)
    for _ in range(2):
        with paused():
            schema.migrate(empty_database_url)
        schema.check(empty_database_url)
    engine = engine_of(empty_database_url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    assert {*schema.metadata().tables, "alembic_version"} == found


def test_models_and_migrations_do_not_drift(migrated_url: str) -> None:
    """Alembic finds no difference between the tables of the code and those of the database."""
    engine = engine_of(migrated_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        drift = compare_metadata(context, schema.metadata())
    engine.dispose()
    assert [] == drift


def test_checks_and_keys_are_in_the_database(migrated_url: str) -> None:
    """What Alembic does not compare is compared here: CHECKs and the columns of every key."""
    engine = engine_of(migrated_url)
    looked = inspect(engine)
    for table in schema.metadata().sorted_tables:
        ours = {
            str(one.name) for one in table.constraints if type(one).__name__ == "CheckConstraint"
        }
        assert ours == {str(one["name"]) for one in looked.get_check_constraints(table.name)}
        primary = looked.get_pk_constraint(table.name)["constrained_columns"]
        assert [column.name for column in table.primary_key.columns] == primary
    engine.dispose()


def test_a_newer_database_is_refused(migrated_url: str) -> None:
    """Neither check nor migrate touches a database that a newer program made."""
    set_version(migrated_url, "9999")
    for attempt in (schema.check, schema.migrate):
        with pytest.raises(SchemaNewer) as caught:
            attempt(migrated_url)
        assert "9999" == caught.value.found


def test_an_older_database_wants_to_be_migrated(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version on the way to head is named, and told from an unknown one."""
    known = {*schema._known(), "0000"}
    set_version(migrated_url, "0000")
    monkeypatch.setattr(schema, "_known", lambda: known)
    with pytest.raises(SchemaOlder) as caught:
        schema.check(migrated_url)
    assert "0000" == caught.value.found


def test_a_database_without_our_tables_is_missing(empty_database_url: str, backend: str) -> None:
    """Somebody else's tables are not ours; a file that is not there is not made by looking."""
    engine = engine_of(empty_database_url)
    if backend == "sqlite":
        with pytest.raises(SchemaMissing):
            schema.check(empty_database_url)
        assert not sqlite_path(empty_database_url).exists()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE somebody (id INTEGER)"))
    engine.dispose()
    with pytest.raises(SchemaMissing):
        schema.check(empty_database_url)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_migration_that_fails_leaves_nothing(empty_database_url: str) -> None:
    """A table of the same name stops the migration; none of its tables stay behind."""
    path = str(sqlite_path(empty_database_url))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE posting (x INTEGER)")
        raw.commit()
    with paused(), pytest.raises(Exception, match="posting"):
        schema.migrate(empty_database_url)
    with closing(sqlite3.connect(path)) as raw:
        found = {row[0] for row in raw.execute("SELECT name FROM sqlite_master")}
    assert {"posting"} == found
