"""Commits wait for the disk, whatever a server, a database or a role would have them do."""

import psycopg
import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import postgres


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
@pytest.mark.parametrize("lowered", ["local", "off", "remote_write"])
def test_nobody_lowers_what_a_commit_waits_for(
    database_url: str, postgres_server: postgres.Server, clock: ManualClock, lowered: str
) -> None:
    """A database whose default is a weaker commit is still written with `on` by our connections."""
    name = database_url.rpartition("/")[2].partition("?")[0]
    admin = postgres_server.url(name, "postgres").replace("+psycopg", "")
    asked = "SHOW synchronous_commit"
    with psycopg.connect(admin, autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} SET synchronous_commit = '{lowered}'")
    with psycopg.connect(database_url.replace("+psycopg", "")) as plain:
        assert (lowered,) == plain.execute(asked).fetchone()
    with Database(database_url, clock=clock) as database:
        said = database.install(lambda connection, _now: connection.exec_driver_sql(asked).scalar())
    assert "on" == said
