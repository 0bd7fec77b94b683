"""The ledger against its oracle, at full length on both databases."""

import re

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.proofs.conftest import Proof
from tests.properties import test_ledger_machine as machine

RUNS = 200


def test_two_hundred_runs(
    proof: Proof, database: Database, database_url: str, clock: ManualClock
) -> None:
    """200 runs of 50 steps: every sum, bound, balance and date is as the oracle says."""
    with machine.asking(database_url) as ask:
        machine.follow(database, clock, ask, runs=RUNS)
    kind = re.split("[:+]", database_url)[0]
    proof(f"{RUNS} runs of 50 steps of every kind of transfer, {kind}", "0 findings", met=True)
