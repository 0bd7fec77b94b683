"""History is append-only: the database itself refuses its change, as the app, by any verb."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from api.schema import APPEND_ONLY
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.ledger import chart
from tests.books import ANN, BEN, Books, moved
from tests.statements import paused

CHANGES = [
    "UPDATE transfer SET kind = 'gift' WHERE bank_id = :bank_id",
    "UPDATE transfer SET recorded_at = recorded_at WHERE bank_id = :bank_id",
    "UPDATE posting SET units = units + 1 WHERE bank_id = :bank_id",
    "DELETE FROM posting WHERE bank_id = :bank_id",
    "DELETE FROM transfer WHERE bank_id = :bank_id",
]


@pytest.fixture
def books(database: Database) -> Books:
    """A bank with some history."""
    books = Books(database)
    books.earn(ANN, 10)
    books.post(moved(chart.member(ANN), chart.member(BEN), 3))
    return books


def history(books: Books) -> list[tuple[object, ...]]:
    """All transfers and postings."""
    found: list[tuple[object, ...]] = []
    for table in APPEND_ONLY:
        statement = text(f"SELECT * FROM {table} WHERE bank_id = :bank_id ORDER BY transfer_id")
        found += books.see(
            lambda view, asked=statement: [  # type: ignore[misc]
                tuple(row) for row in view.connection.execute(asked, {"bank_id": view.bank_id})
            ]
        )
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_the_app_cannot_change_history(books: Books, change: str) -> None:
    """UPDATE and DELETE of transfers and postings fail in a unit, and nothing is changed."""
    before = history(books)

    def work(unit: Unit) -> None:
        unit.run(text(change), {"bank_id": unit.bank_id})

    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        books.do(work)
    assert before == history(books)
    assert [] == books.wrongs()


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_history_cannot_be_replaced(books: Books, table: str) -> None:
    """SQLite's REPLACE deletes without saying so; it is refused like a DELETE."""
    before = history(books)

    rows = f"SELECT * FROM {table} WHERE bank_id = :bank_id"

    def work(unit: Unit) -> None:
        with paused():  # no statement of ours looks like this
            unit.run(text(f"INSERT OR REPLACE INTO {table} {rows}"), {"bank_id": unit.bank_id})

    with pytest.raises(DBAPIError, match="append-only"):
        books.do(work)
    assert before == history(books)


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_changes_the_file_by_accident(books: Books, database_url: str, change: str) -> None:
    """Another program's UPDATE or DELETE is refused by the file itself."""
    with (
        closing(sqlite3.connect(str(make_url(database_url).database))) as raw,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        raw.execute(change, {"bank_id": books.bank_id})
    assert [] == books.wrongs()


@pytest.mark.parametrize("backend", ["postgres"])
@pytest.mark.parametrize(
    "change",
    [
        *(change.replace(":bank_id", "1") for change in CHANGES),
        "TRUNCATE posting",
        "TRUNCATE transfer CASCADE",
        "ALTER TABLE posting DISABLE TRIGGER ALL",
        "DROP TABLE posting",
        "UPDATE alembic_version SET version_num = 'x'",
        "DELETE FROM alembic_version",
        (
            "INSERT INTO posting (bank_id) VALUES (1) "
            "ON CONFLICT (bank_id, transfer_id, n) DO UPDATE SET units = 1"
        ),
    ],
)
def test_the_role_has_no_right_to_change_history(
    books: Books, database_url: str, change: str
) -> None:
    """The app's role on PostgreSQL has no way around, and none to the version of the schema."""
    url = make_url(database_url)
    before = history(books)
    with (
        psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database) as raw,
        pytest.raises(InsufficientPrivilege),
    ):
        raw.execute(change.encode())
    assert before == history(books)
