"""Guessing at one-time codes, at full size."""

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.faults.one_time_guesses import Guesser, wrong_codes
from tests.proofs.conftest import Proof


def test_ten_thousand_guesses_at_a_code(
    proof: Proof, database: Database, clock: ManualClock, backend: str
) -> None:
    """10,000 guesses of a one-time code, 50 in parallel: at most 5 counted, 0 hits."""
    at = Guesser(database, clock, "trust")
    asked = at.ask()
    code = at.code(asked)
    wrong = wrong_codes(code)
    guesses = [next(wrong) for _ in range(10_000)]
    guesses[100::100] = [code] * len(guesses[100::100])  # the right one among them, from then on
    got = at.guess(asked, guesses, at_once=50)
    counted = at.counted()
    proof(
        f"10,000 guesses of a one-time code, 50 in parallel, {backend}",
        f"{counted} counted (read by another connection), {got['Proven']} hits, "
        f"{got['CodeTriesOver']:,} refused unlooked at after them",
        met=counted <= 5 and got == {"CodeWrong": 4, "CodeTriesOver": 9_996},
    )
