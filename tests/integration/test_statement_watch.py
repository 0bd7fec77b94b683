"""The watch over statements, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from tests import postgres
from tests.statements import Finding, Watch

LOCK_ACCOUNT = "SELECT 1 FROM account WHERE bank_id = 1 LIMIT 1 FOR NO KEY UPDATE"
LOCK_MEMBER = "SELECT 1 FROM member WHERE bank_id = 1 LIMIT 1 FOR UPDATE"


@pytest.fixture
def connection(postgres_server: postgres.Server) -> Iterator[Connection]:
    """A connection to a database with two bare tables."""
    postgres_server.create_database("watched")
    engine = create_engine(postgres_server.url("watched", postgres.OWNER))
    with engine.connect() as opened:
        for name in ("account", "member"):
            opened.exec_driver_sql(f"CREATE TABLE {name} (bank_id bigint, id bigint)")
        opened.commit()
        yield opened
    engine.dispose()
    postgres_server.drop_database("watched")


def test_an_account_before_a_member_is_found(connection: Connection, watch: Watch) -> None:
    """Ranks must not fall within a transaction, whatever a savepoint says."""
    savepoint = connection.begin_nested()
    connection.exec_driver_sql(LOCK_ACCOUNT)
    savepoint.rollback()
    with pytest.raises(Finding, match="member is locked after account"):
        connection.exec_driver_sql(LOCK_MEMBER)
    assert 1 == len(watch.taken())


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_the_end_of_a_transaction_frees_its_locks(connection: Connection, ending: str) -> None:
    """The next transaction starts at the lowest rank again."""
    connection.exec_driver_sql(LOCK_ACCOUNT)
    getattr(connection, ending)()
    assert [] == connection.exec_driver_sql(LOCK_MEMBER).all()
