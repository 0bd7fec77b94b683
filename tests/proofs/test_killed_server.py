"""kill -9 of the serving process, ten times under load."""

from pathlib import Path

import pytest

from tests.faults import durable, kills, program
from tests.proofs.conftest import Proof


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_ten_kills_under_load(proof: Proof, kind: str, tmp_path: Path) -> None:
    """The serving process is killed ten times under load: nothing lost, nothing doubled."""
    with durable.fresh(kind, tmp_path) as url:
        done = kills.endure(url, tmp_path, kills=10, clients=8, seed=2026)
        program.run("audit", url=url)
    proof(
        f"kill −9 of the serving process 10 times under load, {kind}",
        f"{done.kills} kills, {done.acknowledged:,} answers ({done.paid:,} payments), "
        f"{done.resent:,} sent again, {done.asked_again} compared with their first answer, "
        f"{len(done.wrong)} lost or doubled",
        met=done.wrong == [] and done.kills == 10 and done.resent > 0,
    )
