"""The reader: one snapshot for a whole view, no way to write, and paths of any spelling."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from api import schema
from creditbank.core import banks
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BankNotFound, DatabaseUnavailable, SchemaMissing
from creditbank.core.units import View
from creditbank.ledger import chart, statements
from creditbank.ledger.books import accounts, transfers
from tests.books import ANN, BEN, POINTS, Books, moved


@pytest.fixture
def books(database: Database) -> Books:
    """A bank in a fresh database."""
    return Books(database)


def points_of_ann(view: View) -> int:
    """What Ann has."""
    return statements.balance(view, chart.member(ANN), POINTS).total


def test_a_view_is_one_snapshot(books: Books) -> None:
    """What is committed between two questions of a view is not seen by the second."""
    books.earn(ANN, 10)

    def look(view: View) -> tuple[int, int]:
        before = points_of_ann(view)
        books.post(moved(chart.member(ANN), chart.member(BEN), 4))
        after = statements.balance(view, chart.member(BEN), POINTS).total
        return before, after

    assert (10, 0) == books.see(look)
    assert ((6, 0, 0), (4, 0, 0)) == (books.holding(ANN), books.holding(BEN))


def test_a_view_cannot_write(books: Books) -> None:
    """The connection of a view refuses every change, and nothing of it is stored."""
    books.earn(ANN, 1)

    def writes(view: View) -> None:
        mine = accounts.c.bank_id == view.bank_id
        view.connection.execute(accounts.update().where(mine).values(balance=None))

    with pytest.raises((DatabaseUnavailable, DBAPIError)):
        books.see(writes)
    assert (1, 0, 0) == books.holding(ANN)


def test_what_a_view_raises_reaches_the_caller(books: Books) -> None:
    """An error of ours comes out as it was raised, and the reader goes on."""

    def fails(_view: View) -> None:
        raise ValueError("seven")

    for _ in range(9):
        with pytest.raises(ValueError, match="seven"):
            books.see(fails)
    with pytest.raises(BankNotFound):
        books.database.read(99, lambda view: view.now)
    assert (0, 0, 0) == books.holding(ANN)


def test_many_views_at_once(books: Books) -> None:
    """More views than reader threads wait for each other and all see the same."""
    books.earn(ANN, 3)

    async def everybody() -> list[int]:
        views = [books.database.reader.run(books.bank_id, points_of_ann) for _ in range(40)]
        return list(await asyncio.gather(*views))

    assert [3] * 40 == asyncio.run(everybody())


def test_a_database_opened_for_reading_sees_beside_the_writer(
    books: Books, database_url: str, clock: ManualClock
) -> None:
    """A command that only reads works beside a server, and finds its bank by the slug."""
    books.earn(ANN, 7)
    with Database(database_url, clock=clock, writing=False) as beside:
        bank = beside.bank()
        assert ("demo", books.bank_id) == (bank.slug, bank.bank_id)
        seen = beside.read(
            bank.bank_id,
            lambda view: view.rows(
                select(transfers.c.key).where(transfers.c.bank_id == view.bank_id)
            ),
        )
        assert 1 == len(seen)
        with pytest.raises(AssertionError):
            _ = beside.writer


@pytest.mark.parametrize("name", ["数据 与 积分", "100%", "a#b", "%41", "it's"])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str, clock: ManualClock) -> None:
    """Writer and readers of a SQLite file mean the same file, whatever its folder is called."""
    folder = tmp_path / name
    folder.mkdir()
    made = URL.create("sqlite", database=str(folder / "bank.db"))
    url = made.render_as_string(hide_password=False)
    schema.migrate(url)
    with Database(url, clock=clock) as database:
        books = Books(database)
        books.earn(ANN, 2)
        assert (2, 0, 0) == books.holding(ANN)
    assert {"bank.db", "bank.db.writer"} == {path.name for path in folder.iterdir()}


def test_a_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    """Opening a database that is not there says so and leaves nothing behind."""
    with pytest.raises(SchemaMissing):
        Database(f"sqlite:///{tmp_path}/none/bank.db")
    assert [] == list(tmp_path.iterdir())


def test_banks_of_one_database_are_found_by_slug(books: Books) -> None:
    """Another bank gets the next number; its days follow its own zone."""
    second = Books(books.database, "second")
    assert (books.bank_id + 1, "second") == (second.bank_id, books.database.bank("second").slug)
    found = books.database.install(lambda connection, _: banks.every(connection))
    assert ["demo", "second"] == [bank.slug for bank in found]


def test_long_looks_leave_the_threads_of_requests_alone(books: Books) -> None:
    """Audits that wait for each other never keep a till's question waiting."""
    go_on = threading.Event()
    long = [
        books.database.reader.submit(books.bank_id, lambda _: go_on.wait(30), patient=True)
        for _ in range(8)
    ]
    try:
        quick = [
            books.database.reader.submit(books.bank_id, lambda view: view.bank_id) for _ in range(8)
        ]
        assert [books.bank_id] * 8 == [one.result(timeout=20) for one in quick]
        assert not any(one.done() for one in long)
    finally:
        go_on.set()
    assert all(one.result(timeout=20) for one in long)
