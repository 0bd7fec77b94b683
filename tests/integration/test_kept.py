"""What the tests keep from one to the next is as good as new."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text

from creditbank.core import engines
from tests import kept, postgres

pytestmark = pytest.mark.parametrize("backend", ["postgres"], indirect=True)


@pytest.fixture
def alone() -> Iterator[None]:
    """Nothing is kept at first."""
    kept.let_go()
    yield
    kept.let_go()


def _opened(url: str) -> Engine:
    return engines.write_engine(make_url(url))


def _said(engine: Engine, question: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(question)).scalar_one()


@pytest.mark.usefixtures("alone")
def test_a_kept_connection_is_as_at_its_start(database_url: str) -> None:
    """The next engine gets the same process of the server, without what was set or left open."""
    first = _opened(database_url)
    with first.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SET lock_timeout = 7"))
        connection.commit()
        connection.execute(text("SELECT 1"))
    first.dispose()
    assert [pid] == kept.pids()
    second = _opened(database_url)
    assert pid == _said(second, "SELECT pg_backend_pid()")
    assert f"{engines.LOCK_TIMEOUT_MS // 1000}s" == _said(second, "SHOW lock_timeout")
    second.dispose()


@pytest.mark.usefixtures("alone")
def test_what_the_server_ended_is_not_given_again(
    database_url: str, postgres_server: postgres.Server
) -> None:
    """A process that was ended while nobody used it is replaced."""
    first = _opened(database_url)
    pid = _said(first, "SELECT pg_backend_pid()")
    first.dispose()
    admin = make_url(postgres_server.admin_url).set(drivername="postgresql")
    with psycopg.connect(admin.render_as_string(), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    second = _opened(database_url)
    assert pid != _said(second, "SELECT pg_backend_pid()")
    second.dispose()
