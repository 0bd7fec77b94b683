"""Nobody is left guessing at the till: after lost answers all books agree."""

from pathlib import Path

from tests.faults import drops
from tests.faults.wire import Fate


def test_thirty_of_a_hundred_answers_lost(database_url: str, tmp_path: Path) -> None:
    """Till, server, member and ledger agree on every request, whatever the wire lost."""
    done = drops.suffer(database_url, tmp_path, payments=100, lost=30, tills=5, seed=3)
    assert [] == done.wrong
    assert {Fate.ANSWER_LOST: 20, Fate.REQUEST_LOST: 5, Fate.LATE: 5} == done.fates
    assert 100 == done.outcomes.total()
    assert done.outcomes["paid"] > 50
    assert done.outcomes["cancelled"] >= 5
