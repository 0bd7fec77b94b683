"""Spreading tables by bank, tried on a stand-in that keeps what is asked and refuses as Citus does.

It is a double of the engine, not of ours: every table, key and foreign key is the real one.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from api import distribution
from api.cli import app
from api.errors import CannotDistribute
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import postgres
from tests.books import found
from tests.statements import OF_NO_BANK

PLACES = "SELECT logicalrelid::regclass::text, partmethod, colocationid FROM pg_dist_partition"
LOOSE = "FOREIGN KEY (bank_id, n) REFERENCES asset (bank_id, code) ON DELETE SET NULL"
SPREAD = "SELECT create_distributed_table('bad', 'bank_id', colocate_with => 'asset')"


def asked(url: str, statement: str) -> list[tuple[object, ...]]:
    """What a database answers to its owner."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(statement)
        return found.fetchall() if found.description else []


def test_every_table_is_spread_by_bank_in_one_group(stand_in: str) -> None:
    """Citus takes every table: three and Alembic's whole on each node, the others side by side."""
    distribution.distribute(stand_in, shards=8)
    places = {str(name): (how, group) for name, how, group in asked(stand_in, PLACES)}
    tables = asked(stand_in, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    whole = {name for name, (how, _) in places.items() if how == "n"}
    assert OF_NO_BANK | {"alembic_version"} == whole == set(distribution.WHOLE)
    assert {str(name) for (name,) in tables} == set(places)
    assert {("n", 0), ("h", 1)} == set(places.values())


def test_what_is_spread_is_left_alone(stand_in: str) -> None:
    """After an upgrade only the new tables are spread, beside the others."""
    everything = {table.name for table in distribution.spread()} | set(distribution.WHOLE)
    assert everything == set(distribution.distribute(stand_in, shards=8))
    assert [] == distribution.distribute(stand_in, shards=8)
    asked(stand_in, "DELETE FROM pg_dist_partition WHERE logicalrelid = 'arrival'::regclass")
    assert ["arrival"] == distribution.distribute(stand_in, shards=8)
    assert {("n", 0), ("h", 1)} == {(how, group) for _, how, group in asked(stand_in, PLACES)}


def test_a_table_with_rows_is_not_spread(stand_in: str, clock: ManualClock) -> None:
    """Of rows a copy would stay behind where no erasure reaches: nothing is spread at all."""
    with Database(stand_in, clock=clock) as database:
        found(database)
    with pytest.raises(CannotDistribute, match="table asset has rows"):
        distribution.distribute(stand_in, shards=8)
    assert [] == asked(stand_in, PLACES)


def test_history_stays_closed_to_the_server(stand_in: str) -> None:
    """After the spreading the server's role still cannot change a transfer, and can read it."""
    distribution.distribute(stand_in, shards=8)
    rights = "SELECT has_table_privilege('creditbank_app', 'transfer', '{}')"
    held = [asked(stand_in, rights.format(right))[0][0] for right in ("SELECT", "UPDATE", "DELETE")]
    assert [True, False, False] == held


def test_an_operator_spreads_them_by_command(stand_in: str) -> None:
    """`creditbank migrate --distribute` says how many tables it has spread."""
    words = ["migrate", "--database", stand_in, "--distribute", "--shards", "8"]
    said = CliRunner().invoke(app, words)
    assert 0 == said.exit_code, said.output
    assert f"{len(distribution.spread()) + len(distribution.WHOLE)} tables" in said.output


def test_only_a_distributed_database_is_spread(
    postgres_server: postgres.Server, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite and a PostgreSQL without the extension say so."""
    with pytest.raises(CannotDistribute, match="SQLite"):
        distribution.distribute(f"sqlite:///{tmp_path / 'one.db'}", shards=8)
    plain = postgres_server.url(request.getfixturevalue("_migrated_postgres"), postgres.OWNER)
    with pytest.raises(CannotDistribute, match="Citus"):
        distribution.distribute(plain, shards=8)


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE bad (bank_id bigint NOT NULL, n int UNIQUE)",
        "CREATE TABLE bad (bank_id int NOT NULL)",
        f"CREATE TABLE bad (bank_id bigint NOT NULL, n text, {LOOSE})",
    ],
)
def test_the_stand_in_refuses_what_citus_refuses(stand_in: str, table: str) -> None:
    """A table whose keys cannot be kept on one node is refused, so the tests above can fail."""
    distribution.distribute(stand_in, shards=8)
    asked(stand_in, table)
    with pytest.raises(psycopg.Error):
        asked(
            stand_in, "SELECT create_distributed_table('bad', 'bank_id', colocate_with => 'asset')"
        )
