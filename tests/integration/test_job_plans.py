"""What jobs ask of the database stays short as a bank grows, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from api import scheduler
from api.senders import OutboxSender
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import matrix, plans, questions
from tests.questions import Questions

LATER = (timedelta(hours=3), timedelta(days=1), timedelta(days=8), timedelta(days=40))
A_YEAR = timedelta(days=400)


@pytest.fixture
def asked(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Questions:
    """What all jobs ask in a copy of the world within a year and a half."""
    works = scheduler.with_sender(OutboxSender(tmp_path / "outbox"))
    copies = matrix.copies_for(request, database_url)
    with copies.opened():
        database: Database = matrix.app().state.database
        assert isinstance(database.clock, ManualClock)
        return questions.of_jobs(database, database.clock, works, (*LATER, A_YEAR))


def test_no_job_reads_a_growing_table_from_end_to_end(
    asked: Questions, database: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every statement of every job, in a bank of millions of rows."""
    with plans.planner(request, database.url, tmp_path) as planner:
        found = asked.long_ways(planner)
    kinds = {work.kind for work in scheduler.WORKS}
    assert kinds < set().union(*asked.askers.values())
    assert {} == found
