"""What only matters on many nodes; runs on the PostgreSQL of CREDITBANK_CITUS_URL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit, View
from creditbank.ledger import audit, posting
from creditbank.ledger.chart import Kind
from tests.books import ANN, BEN, Books, moved
from tests.distributed.elsewhere import Elsewhere
from tests.statements import OF_NO_BANK, paused

SHARD = "SELECT get_shard_id_for_distribution_column('posting', %(bank_id)s::bigint)"
KEYS = """
    SELECT c.conrelid::regclass::text, c.conname, a.attname
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype IN ('p', 'u', 'f')
    UNION ALL
    SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indisunique
"""


@pytest.fixture
def apart(province: Elsewhere, clock: ManualClock) -> Iterator[tuple[Books, Books]]:
    """Two banks whose rows lie in different shards."""
    with Database(province.url(""), clock=clock) as database:
        first = Books(database, "bank-0")
        for n in range(1, 40):
            second = Books(database, f"bank-{n}")
            if _shard(province, first) != _shard(province, second):
                yield first, second
                return
        pytest.fail("forty banks lie in one shard")


def _shard(province: Elsewhere, books: Books) -> object:
    return province.asked(SHARD, bank_id=books.bank_id)[0][0]


def _findings(view: View) -> list[audit.Finding]:
    return [finding for proof in audit.PROOFS for finding in proof(view)]


def test_every_key_leads_with_the_bank(province: Elsewhere) -> None:
    """In the catalogue itself, every primary, unique and foreign key of a bank's table does."""
    keys = province.asked(KEYS)
    other = {*OF_NO_BANK, "alembic_version"}
    assert len(keys) > 100
    assert [] == [key for key in keys if key[0] not in other and key[2] != "bank_id"]


def test_every_bank_balances_by_itself(apart: tuple[Books, Books]) -> None:
    """Two banks on different shards post at once; each one's books are proven alone."""
    rounds = 40

    def busy(books: Books) -> None:
        for _ in range(rounds):
            books.earn(ANN, 3)
            books.post(moved(f"member/{ANN}", f"member/{BEN}", 1))

    for books in apart:
        books.earn(BEN, 1)
    with ThreadPoolExecutor(2) as at_once:
        list(at_once.map(busy, apart))
    for books in apart:
        assert (2 * rounds, 0, 0) == books.holding(ANN)
        assert (rounds + 1, 0, 0) == books.holding(BEN)
        assert ([], []) == (books.see(_findings), books.wrongs())


def test_one_key_is_one_transfer_in_each_bank(apart: tuple[Books, Books]) -> None:
    """The same key in two banks is two transfers."""
    made = []
    for books in apart:
        books.earn(ANN, 5)
        made.append(books.post(moved(f"member/{ANN}", f"member/{BEN}", 1), key="same").transfer_id)
    assert made[0] != made[1]
    assert [(1, 0, 0), (1, 0, 0)] == [books.holding(BEN) for books in apart]


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_lost_race_is_tried_again(apart: tuple[Books, Books], state: str) -> None:
    """A unit that the engine stops after it has posted runs again, and its effect is there once."""
    books = apart[1]
    books.earn(ANN, 5)
    tried: list[int] = []

    def give(unit: Unit) -> None:
        tried.append(1)
        given = (moved(f"member/{ANN}", f"member/{BEN}", 1),)
        posting.post(unit, posting.Draft(Kind.GIFT, "lost", unit.now, given))
        if len(tried) < 3:
            with paused():
                unit.run(text(f"DO $$ BEGIN RAISE 'lost' USING ERRCODE = '{state}'; END $$"))

    books.do(give)
    assert 3 == len(tried)
    assert [(4, 0, 0), (1, 0, 0)] == [books.holding(one) for one in (ANN, BEN)]
    assert [] == books.see(_findings)
