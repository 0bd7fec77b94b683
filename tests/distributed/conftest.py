"""The two places that this suite looks at: a stand-in, always, and the real thing, if given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api import schema
from tests import postgres, statements
from tests.distributed import elsewhere
from tests.distributed.elsewhere import Elsewhere

STAND_IN = Path(__file__).with_name("stand_in.sql")
_names = (f"stand_in_{number}_test" for number in itertools.count(1))


@pytest.fixture
def province(request: pytest.FixtureRequest) -> Elsewhere:
    """The distributed PostgreSQL, migrated, spread and empty."""
    if elsewhere.address() is None:
        pytest.skip(elsewhere.WHY_NOT)
    server = request.getfixturevalue("postgres_server")
    if not isinstance(server, Elsewhere):
        pytest.skip("run it with -p tests.distributed.plugin")
    server.empty_database(request.getfixturevalue("_used_postgres"))
    return server


@pytest.fixture
def stand_in(postgres_server: postgres.Server) -> Iterator[str]:
    """A migrated database with the stand-in of the extension; gives its owner's URL."""
    name = next(_names)
    postgres_server.create_database(name)
    seen = postgres_server.url(name, "postgres").replace("+psycopg", "")
    with psycopg.connect(seen, autocommit=True) as admin:
        admin.execute(STAND_IN.read_bytes())
        admin.execute(f"ALTER DATABASE {name} SET search_path = public, stand_in")
    url = postgres_server.url(name, postgres.OWNER)
    with statements.paused():
        schema.migrate(url)
        yield url
    postgres_server.drop_database(name)
