"""Typed pay codes, guessed at full size; a small run on both databases is in the suite."""

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.faults import guesses
from tests.payers import Payers
from tests.proofs.conftest import Proof

GUESSES = 100_000
TILLS = 20


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_hundred_thousand_guesses(
    proof: Proof, database: Database, database_url: str, clock: ManualClock, backend: str
) -> None:
    """100,000 guesses of typed pay codes over 20 tills: 0 hits, tills locked each time."""
    street = Payers(database, clock)
    got = guesses.guess(street, database_url, tills_many=TILLS, guesses=GUESSES)
    faults = street.faults()
    proof(
        f"100,000 guesses of typed pay codes over 20 tills, {backend}",
        f"{got.guesses:,} guesses, {got.hits} hits, {got.looked_at:,} looked at and "
        f"{got.locked_out:,} refused at locked tills; all {TILLS} tills locked in "
        f"{got.rounds_all_locked} of {got.rounds} rounds, read on another connection; "
        f"{len(faults)} findings of the audit",
        met=got.guesses >= GUESSES
        and got.hits == 0
        and got.looked_at == got.rounds * TILLS * guesses.WRONG_MOST
        and got.rounds_all_locked == got.rounds
        and faults == [],
    )
