"""Guessing typed codes: a small run of the proof."""

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.faults import guesses
from tests.payers import Payers


def test_guesses_in_parallel_lock_every_till(
    database: Database, database_url: str, clock: ManualClock
) -> None:
    """Of twelve at once at each till ten are looked at, and another connection sees the lock."""
    got = guesses.guess(Payers(database, clock), database_url, tills_many=3, guesses=72)
    assert guesses.Guessed(72, 60, 12, 0, 2, 2) == got
