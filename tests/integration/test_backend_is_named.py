"""The database that answers is the one the test asked for."""

import sqlite3

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests import postgres

ASKED = {"sqlite": "SELECT sqlite_version()", "postgres": "SELECT version()"}


def test_the_database_that_answers_is_the_one_asked_for(backend: str, database_url: str) -> None:
    """SQLite tells its library's version, and PostgreSQL names itself."""
    engine = create_engine(database_url.replace("sqlite://", "sqlite+pysqlite://"))
    with engine.connect() as connection:
        answer = str(connection.exec_driver_sql(ASKED[backend]).scalar_one())
    engine.dispose()
    expected = {"sqlite": sqlite3.sqlite_version, "postgres": "PostgreSQL "}[backend]
    assert expected == answer[: len(expected)]


def test_postgres_is_entered_as_the_app(postgres_server: postgres.Server) -> None:
    """Tests use PostgreSQL as a role that owns nothing and is no superuser."""
    engine = create_engine(postgres_server.url("postgres"))
    question = "SELECT current_user, current_setting('is_superuser')"
    with engine.connect() as connection:
        answer = tuple(connection.exec_driver_sql(question).one())
    engine.dispose()
    assert (postgres.APP, "off") == answer
    assert make_url(postgres_server.url("postgres")).host is None
