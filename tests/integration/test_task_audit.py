"""The proofs about tasks, claims and reviews can fail: each finds the wrong row that it is for."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.schemes.rewards import Per, Reward
from tests import families
from tests.books import POINTS
from tests.integration.test_afterwards import note
from tests.society import Society

HOURLY = (Reward(POINTS, 5, Per.HOUR),)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def _approved(society: Society) -> None:
    society.approve(society.served(society.member(), society.publish(rewards=HOURLY)))


def _each(society: Society) -> None:
    society.approve(society.served(society.member()))


def _waiting(society: Society) -> None:
    task_id = society.publish(capacity=1, starts_in=timedelta(days=3))
    for _ in range(3):
        society.claim(task_id, society.member(), or_wait=True)


def _twice(society: Society) -> None:
    who = society.member()
    for hours in (1, 4):
        society.claim(society.publish(starts_in=timedelta(hours=hours)), who)


def _noted(society: Society) -> None:
    who = society.member()
    for hours in (30, 40):
        note(society, [who], ended=timedelta(hours=hours))


def _family(society: Society) -> None:
    home, adult, child = families.family(society)
    families.claim_family(society, society.publish(), home, [adult, child])
    society.claim(society.publish(starts_in=timedelta(days=1)), society.member())


def _at_home(society: Society) -> None:
    who, mate = society.member(), society.member()
    families.household(society, who, mate)
    society.approve(society.served(who))
    society.do(lambda u: _run(u, f"UPDATE claim SET decided_by_member = '{mate}'"))


def _disputed(society: Society) -> None:
    claim_id = society.served(society.member())
    society.reject(claim_id)
    society.do(lambda u: _run(u, "UPDATE claim SET disputed_at = decided_at"))


def _run(unit: Unit, sql: str) -> None:
    where = " AND " if sql.count(" WHERE ") > sql.count("(SELECT") else " WHERE "
    unit.connection.execute(text(f"{sql}{where}bank_id = :bank_id"), {"bank_id": unit.bank_id})


ONCE = "approved services are credited once"
SHORT = "short services only earn nothing"
CAPS = "caps are what services took"
PLACES = "places are counted"
NUMBERS = "numbers of the queue are given once"
TWO = "nobody is in two places"
PARTIES = "parties are of one task"
OWN = "nobody reviews own work"
LAST = "position = 2"
FIRST_START = "(SELECT min(t.starts_at) FROM task t WHERE t.bank_id = task.bank_id)"
LAST_LEAVING = "(SELECT max(c.signed_out_at) FROM claim c WHERE c.bank_id = claim.bank_id)"
PARTY = "(SELECT p.party_id FROM party p WHERE p.bank_id = claim.bank_id)"


@pytest.mark.parametrize(
    ("world", "wrong", "proof"),
    [
        (_approved, "UPDATE claim SET state = 'signed_out'", ONCE),
        (_approved, "UPDATE claim SET state = 'revoked'", ONCE),
        (_approved, "UPDATE claim SET transfer_id = NULL", SHORT),
        (_each, "UPDATE claim SET transfer_id = NULL", SHORT),
        (_approved, "UPDATE counter SET used = used + 1 WHERE what = 'minutes-day'", CAPS),
        (_approved, "UPDATE credit_count SET units = 1 WHERE what = 'minutes-day'", CAPS),
        (_approved, "UPDATE task SET placed = placed + 1", PLACES),
        (_waiting, "UPDATE claim SET state = 'placed' WHERE state = 'waiting'", PLACES),
        (_waiting, f"UPDATE claim SET position = 1 WHERE {LAST}", NUMBERS),
        (_waiting, f"UPDATE claim SET position = NULL WHERE {LAST}", NUMBERS),
        (_waiting, "UPDATE task SET queued = 1", NUMBERS),
        (_twice, f"UPDATE task SET starts_at = {FIRST_START}", TWO),
        (_noted, f"UPDATE claim SET signed_out_at = {LAST_LEAVING}", TWO),
        (_family, f"UPDATE claim SET party_id = {PARTY}", PARTIES),
        (_each, "UPDATE claim SET decided_by_member = member_id", OWN),
        (_each, "UPDATE claim SET decided_by = claimed_by", OWN),
        (_each, "UPDATE claim SET second_looked_by = decided_by", OWN),
        (_each, "UPDATE claim SET revoked_by = decided_by", OWN),
        (_disputed, "UPDATE claim SET first_decided_by = decided_by", OWN),
        (_at_home, "UPDATE claim SET reason = NULL", OWN),
    ],
)
def test_a_wrong_row_is_found(
    society: Society, world: Callable[[Society], None], wrong: str, proof: str
) -> None:
    """Nothing is found, then one row is made wrong by SQL, and the proof for it says so."""
    world(society)
    if world is not _at_home:
        assert [] == society.findings()
    society.do(lambda u: _run(u, wrong))
    assert proof in {one.split("proof='")[1].split("'")[0] for one in society.findings()}
