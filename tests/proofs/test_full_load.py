"""The server's memory after minutes of full load."""

import os
from pathlib import Path

from benchmarks import society
from benchmarks.http import endurance, runs
from creditbank.core.database import Database
from tests.faults import durable, program
from tests.proofs.conftest import Proof

# Shorter is for trying the proof out; it is then written down as missed.
MINUTES = int(os.environ.get("CREDITBANK_PROOF_LOAD_MINUTES", "10"))
CLIENTS = 32
MEGABYTE = 1_000_000
MOST_MB, GROWTH_MB = 200, 20


def test_memory_after_ten_minutes_of_full_load(proof: Proof, tmp_path: Path) -> None:
    """Ten minutes of redemptions by 32 clients: the server holds at most 200 MB, and stays so."""
    with durable.fresh("sqlite", tmp_path) as url:
        with Database(url) as database:
            there = society.found(database, people=endurance.PEOPLE)
        with runs.serving(url, tmp_path) as (server, port):
            before = server.resident_bytes() // MEGABYTE
            done = endurance.endure(
                server, port, there, tmp_path, clients=CLIENTS, seconds=60 * MINUTES
            )
        program.run("audit", url=url)
    most, growth = done.most_bytes // MEGABYTE, done.growth_bytes // MEGABYTE
    proof(
        f"memory of the server through {MINUTES} minutes of full load, {CLIENTS} clients, sqlite:"
        f" ≤ {MOST_MB} MB",
        f"{before} MB idle, at most {most} MB, {growth:+} MB over the last half; "
        f"{done.ran.result.answered:,} answers, none wrong, and the audit finds nothing",
        met=MINUTES >= 10 and most <= MOST_MB and growth <= GROWTH_MB,
    )
