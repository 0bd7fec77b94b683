"""Faults of the database: full, read-only, locked, held, gone or damaged; typed, nothing left."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from api import schema
from creditbank.core import counters, engines
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import DatabaseUnavailable, WriterTaken
from creditbank.core.units import Unit
from creditbank.ledger import chart
from creditbank.ledger.books import transfers
from creditbank.ledger.chart import Kind
from tests import kept, postgres
from tests.books import ANN, OPERATOR, Books, made_up, moved

SQLITE = pytest.mark.parametrize("backend", ["sqlite"])
POSTGRES = pytest.mark.parametrize("backend", ["postgres"])


def write_anything(unit: Unit) -> None:
    """A harmless write."""
    counters.lock(unit, [counters.for_ever("anything")])


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in which Ann has ten points."""
    books = Books(database)
    books.earn(ANN, 10)
    return books


@pytest.fixture
def path(database_url: str) -> Path:
    """The file of the SQLite database."""
    return engines.sqlite_path(database_url)


def many(books: Books, count: int) -> None:
    """A transfer that needs many pages."""
    members = (made_up("mem", 1000 + number) for number in range(count))
    books.post(*(moved(chart.ISSUANCE, chart.member(one), 1) for one in members), kind=Kind.OPENING)


@SQLITE
def test_a_full_disk_is_typed_and_leaves_nothing(books: Books) -> None:
    """Neighbours of the unit that found no room are stored; it left no row, and room heals it."""

    def narrow(unit: Unit) -> None:
        pages = unit.row(text("PRAGMA page_count"))
        assert pages is not None
        unit.run(text(f"PRAGMA max_page_count={pages[0] + 4}"))

    def wide(unit: Unit) -> None:
        unit.run(text("PRAGMA max_page_count=1000000"))

    books.do(narrow)
    with pytest.raises(DatabaseUnavailable) as caught:
        many(books, 3000)
    assert "full" in caught.value.reason
    assert isinstance(caught.value.__cause__, Exception)
    books.earn(ANN, 1)
    assert ((11, 0, 0), 2, []) == (books.holding(ANN), books.count(transfers), books.wrongs())
    books.do(wide)
    many(books, 3000)
    assert (3, []) == (books.count(transfers), books.wrongs())


@SQLITE
def test_a_file_locked_by_another_program_is_typed(
    books: Books, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a foreign program holds SQLite's own lock, writing is refused and reading goes on."""
    assert 5000 == engines._SQLITE_BUSY_MS
    monkeypatch.setattr(engines, "_SQLITE_BUSY_MS", 100)
    books.database.writer._engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable, match="locked"):
            books.earn(ANN, 1)
        assert (10, 0, 0) == books.holding(ANN)
        other.execute("ROLLBACK")
    books.earn(ANN, 1)
    assert (11, 0, 0) == books.holding(ANN)


@SQLITE
def test_a_read_only_file_is_typed(database_url: str, path: Path, clock: ManualClock) -> None:
    """Where the file cannot be written, the writer says so and readers still read."""
    with Database(database_url, clock=clock) as database:
        Books(database).earn(ANN, 10)
    with Database(database_url, clock=clock) as database:
        engine = database.writer._engine

        def refuse(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA query_only=ON")

        event.listen(engine, "connect", refuse)
        bank_id = database.bank().bank_id
        with pytest.raises(DatabaseUnavailable, match="readonly"):
            database.write(bank_id, OPERATOR, write_anything)
    assert path.exists()


@pytest.mark.parametrize(
    "content", [b"this is no database " * 400, b"SQLite format 3\0" + b"x" * 9000]
)
def test_a_file_that_is_no_database_is_typed(
    tmp_path: Path, content: bytes, clock: ManualClock
) -> None:
    """A damaged or foreign file is named unusable by every way in, and is not changed."""
    path = tmp_path / "strange.db"
    path.write_bytes(content)
    url = f"sqlite:///{path}"
    for attempt in (schema.check, schema.migrate):
        with pytest.raises(DatabaseUnavailable):
            attempt(url)
    with Database(url, clock=clock) as database:
        with pytest.raises(DatabaseUnavailable):
            database.bank()
        with pytest.raises(DatabaseUnavailable):
            database.install(lambda connection, _: connection.execute(text("SELECT 1")).scalar())
    assert content == path.read_bytes()


def test_a_folder_that_cannot_be_made_is_typed(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(DatabaseUnavailable):
        schema.migrate(f"sqlite:///{tmp_path}/taken/bank.db")


HOLDER = """
import sys
from creditbank.core.database import Database
database = Database(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to the file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, "serve", database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        yield process
        process.kill()


@SQLITE
def test_a_running_writer_is_named(
    database_url: str, path: Path, holder: subprocess.Popen[str]
) -> None:
    """A second writer is told who holds the file, also by another name of it; readers may come."""
    other_name = path.with_name("link.db")
    other_name.symlink_to(path)
    for url in (database_url, f"sqlite:///{other_name}"):
        with pytest.raises(WriterTaken) as caught:
            Database(url)
        assert f"serve (pid {holder.pid})" in caught.value.holder
    with pytest.raises(WriterTaken):
        schema.migrate(database_url)
    Database(database_url, writing=False).close()


@SQLITE
def test_a_writer_that_died_holds_nothing(database_url: str, holder: subprocess.Popen[str]) -> None:
    """The lock goes with its process, however that ends; what it left in its file means nothing."""
    holder.kill()
    holder.wait()
    Database(database_url).close()


@SQLITE
def test_a_second_writer_in_the_same_process_is_refused(books: Books, database_url: str) -> None:
    """The lock is of the file, not of the process; closing gives it back."""
    with pytest.raises(WriterTaken) as caught:
        Database(database_url)
    assert f"pid {os.getpid()}" in caught.value.holder
    books.database.close()
    Database(database_url).close()


@POSTGRES
def test_a_read_only_postgres_is_typed(
    books: Books, database_url: str, postgres_server: postgres.Server, clock: ManualClock
) -> None:
    """A standby or a server that was set read-only refuses writing by a typed error."""
    url = make_url(database_url)
    with psycopg.connect(
        host=str(url.query["host"]), user="postgres", dbname=url.database, autocommit=True
    ) as admin:
        admin.execute(f'ALTER DATABASE "{url.database}" SET default_transaction_read_only = on')
    kept.let_go()  # the setting is for those who connect from now on
    with Database(database_url, clock=clock) as database:
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            database.write(books.bank_id, OPERATOR, write_anything)
        assert 1 == len(
            database.read(
                books.bank_id,
                lambda view: view.rows(
                    transfers.select().where(transfers.c.bank_id == view.bank_id)
                ),
            )
        )
    assert postgres_server.version


def test_a_server_that_is_gone_is_typed(clock: ManualClock, tmp_path: Path) -> None:
    """No server at the address: both ways in say so, and neither hangs."""
    url = f"postgresql://creditbank_app@/none?host={tmp_path}"
    with Database(url, clock=clock) as database:
        for attempt in (
            database.bank,
            lambda: database.write(1, OPERATOR, lambda unit: unit.now),
            lambda: schema.check(url),
        ):
            with pytest.raises(DatabaseUnavailable):
                attempt()
