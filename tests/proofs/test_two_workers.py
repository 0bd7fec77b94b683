"""Two workers, 50 years to close, one worker killed in the middle of a slice."""

from datetime import timedelta
from pathlib import Path

import pytest

from creditbank.core.clock import SystemClock
from creditbank.jobs import LEASE_S
from tests.faults import durable, workers
from tests.proofs.conftest import Proof

NAMES = [str(year) for year in range(1975, 2025)]
MEMBERS = 1200


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_fifty_years_and_a_killed_worker(proof: Proof, kind: str, tmp_path: Path) -> None:
    """Two workers, 50 periods, one killed in the middle of a slice: each period done once."""
    calm_folder = tmp_path / "calm"
    calm_folder.mkdir()
    with durable.fresh("sqlite", calm_folder) as url:
        calm = workers.undisturbed(url, workers.lived(url, NAMES, MEMBERS))
    with durable.fresh(kind, tmp_path) as url:
        bank_id = workers.lived(url, NAMES, MEMBERS)
        if kind == "postgres":
            done = workers.two_at_once(url, bank_id, tmp_path, kill_at="1999")
        else:
            earlier = SystemClock().now() - timedelta(seconds=LEASE_S + 1)
            done = workers.one_after_the_other(url, bank_id, slices=121, now=earlier)
    together = "at once" if kind == "postgres" else "one after the other"
    proof(
        f"two workers {together}, 50 periods, one killed in the middle of a slice, {kind}",
        f"{len(done.closed)} periods closed by {done.owners} owners, "
        f"{', '.join(done.taken_over)} taken over; "
        f"{'identical to' if done.closed == calm else 'not'} an undisturbed run; "
        f"{done.unfinished} unfinished, {done.findings} findings of the audit",
        met=done.closed == calm
        and [one.name for one in done.closed] == NAMES
        and len(done.taken_over) == 1
        and done.owners == 2
        and (done.unfinished, done.findings) == (0, 0),
    )
