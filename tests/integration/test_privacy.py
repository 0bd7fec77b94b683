"""What people are called never reaches a log, whatever fails."""

import logging

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.people.members import members
from tests.web import OPERATOR, opened

CANARY = "金丝雀"


def test_a_fault_of_the_database_names_nobody(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that breaks a rule of the database fails without its values in words or logs."""
    with opened(database, clock) as web, caplog.at_level(logging.DEBUG):
        member_id, _ = web.member()
        community_id = web.community()

        def twice(unit: Unit) -> None:
            row = {
                "bank_id": unit.bank_id,
                "member_id": member_id,
                "number": CANARY,
                "community_id": community_id,
                "status": "active",
                "joined_on": unit.today,
            }
            unit.run(insert(members), row)

        with pytest.raises(IntegrityError) as failed:
            web.database.write(web.bank.bank_id, OPERATOR, twice)
    assert CANARY not in str(failed.value)
    assert CANARY not in caplog.text


def test_a_fault_of_a_route_logs_where_but_not_what(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The log of an unforeseen fault has its id, its kind and its place, not its words."""
    with opened(database, clock) as web:
        router = web.client.app.router  # type: ignore[attr-defined]

        async def broken() -> None:
            raise ValueError(CANARY)

        router.add_api_route("/broken", broken)
        with caplog.at_level(logging.DEBUG):
            answer = web.client.get("/broken")
    assert 500 == answer.status_code
    assert CANARY not in answer.text + caplog.text
    assert answer.json()["incident"] in caplog.text
    assert "ValueError" in caplog.text
