"""What routes and pages ask of the database stays short as a bank grows, on both databases."""

import os
from pathlib import Path

import pytest

from creditbank.core.database import Database
from tests import matrix, plans, questions
from tests.conftest import PAGES_ON_BOTH
from tests.matrix import Copies
from tests.questions import Questions

# Who may read growing tables from end to end, and why.
_OF_ONE = "all that is known of one person, which no index of each table could pay for"
_UNSUMMED = "postings since the last day that was summed: in this world no day is over yet"
ALLOWED = {
    "POST /audit": "the audit holds every row against all others that speak of it",
    "GET /members/{member_id}/export": _OF_ONE,
    "GET /members/{member_id}/export.html": _OF_ONE,
    "GET /b/{slug}/me/settings/data/export": _OF_ONE,
    "GET /b/{slug}/me/settings/data/export.json": _OF_ONE,
    "GET /circulation/{asset}": _UNSUMMED,
    "GET /b/{slug}/office/books": _UNSUMMED,
}
OF_MEMBER = "SELECT claim_id FROM claim WHERE bank_id = 1 AND member_id = 'mem_1'"
OF_FUND = "SELECT address FROM account WHERE bank_id = 1 AND address LIKE 'fund/%'"
WAYS = {
    OF_MEMBER: [],
    OF_FUND: [],
    "SELECT title FROM task WHERE bank_id = 1 AND title = 'x'": ["task"],
    "SELECT title FROM task WHERE bank_id = 1 AND task_id = 'x'": [],
    "SELECT title FROM task WHERE bank_id = 1 ORDER BY starts_at, task_id LIMIT 9": [],
    "SELECT title FROM task WHERE bank_id = 1 ORDER BY title LIMIT 9": ["task"],
    "SELECT count(*) FROM posting WHERE bank_id = 1": ["posting"],
    "UPDATE token SET revoked_at = NULL WHERE bank_id = 1 AND label = 'x'": ["token"],
    "DELETE FROM notice WHERE bank_id = 1 AND kind = 'x'": ["notice"],
    "SELECT name FROM merchant WHERE bank_id = 1": [],
}


@pytest.fixture
def asked(request: pytest.FixtureRequest, database_url: str, backend: str) -> Questions:
    """What is asked in a copy of the world; pages on PostgreSQL are left to `make prove`."""
    pages = backend == "sqlite" or bool(os.environ.get(PAGES_ON_BOTH))
    copies: Copies = matrix.copies_for(request, database_url)
    with copies.opened() as client:
        matrix.begin_turn(client, copies.world)
        return questions.of_requests(client, copies.world, pages=pages)


def test_nobody_reads_a_growing_table_from_end_to_end(
    asked: Questions, database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every statement of every route and page, as every role, in a bank of millions of rows.

    What is allowed must be needed still, or it would hide what comes after it.
    """
    with plans.planner(request, database.url, tmp_path) as planner:
        found = asked.long_ways(planner)
    askers = set().union(*asked.askers.values())
    assert len(askers) > 150
    assert {} == {key: step for key, step in found.items() if key[0] not in ALLOWED}
    assert askers & ALLOWED.keys() == {asker for asker, _ in found}


def test_long_ways_are_told_from_short_ones(
    database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """By no index, or by nothing but the bank, is long; without its indexes a short way is long."""
    with plans.planner(request, database.url, tmp_path) as planner:
        told = {one: [table for table, _ in planner.long_ways(one, ())] for one in WAYS}
        assert WAYS == told
        for index in ("ix_claim_member", "ix_claim_served", "ix_account_fund"):
            planner.connection.execute(f"DROP INDEX {index}")
        assert ["claim"] == [table for table, _ in planner.long_ways(OF_MEMBER, ())]
        assert ["account"] == [table for table, _ in planner.long_ways(OF_FUND, ())]
