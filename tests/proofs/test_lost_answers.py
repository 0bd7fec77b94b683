"""300 of 1,000 answers lost between till and server."""

from pathlib import Path

import pytest

from tests.faults import drops, durable
from tests.proofs.conftest import Proof


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_three_hundred_of_a_thousand_answers_lost(proof: Proof, kind: str, tmp_path: Path) -> None:
    """300 of 1,000 answers dropped between till and server: all agree at the end."""
    with durable.fresh(kind, tmp_path) as url:
        done = drops.suffer(url, tmp_path, payments=1000, lost=300, tills=10, seed=2026)
    lost = ", ".join(f"{count} {fate}" for fate, count in sorted(done.fates.items()))
    ended = ", ".join(f"{count} {state}" for state, count in sorted(done.outcomes.items()))
    proof(
        f"300 of 1,000 answers dropped between till and server, {kind}",
        f"{lost}; outcomes: {ended}; till, member and ledger differ on {len(done.wrong)}",
        met=done.wrong == [] and done.outcomes.total() == 1000 and done.lost == 300,
    )
