"""How long a till waits for a redemption, by HTTP, with the commit on the disk."""

from array import array
from pathlib import Path

import pytest

from benchmarks import society
from benchmarks.http import runs
from benchmarks.http.customers import Customers
from benchmarks.http.load import percentiles
from benchmarks.http.runs import Ran
from creditbank.core.database import Database
from tests.faults import durable, program
from tests.proofs.conftest import Proof

PEOPLE, SLICES, SLICE_S = 1_000, 6, 3.0
CLIENTS = 32
LONE_MOST_US, TOGETHER_MOST_US = 10_000, 50_000


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_redemption_alone_and_among_32(proof: Proof, kind: str, tmp_path: Path) -> None:
    """A lone redemption takes about 10 ms; at 32 clients one in a hundred waits about 50 ms."""
    with durable.fresh(kind, tmp_path) as url:
        with Database(url) as database:
            there = society.found(database, people=PEOPLE)
        with runs.serving(url, tmp_path) as (_, port):
            at = _Slices(tmp_path, port, Customers(port, there))
            at.waits(1)
            alone, together = at.waits(1), at.waits(CLIENTS)
            open_loop = at.waits(CLIENTS, at.rate / 2)
        program.run("audit", url=url)
    proof(
        f"a lone redemption by HTTP: about 10 ms, {kind}",
        _told(alone),
        met=alone["p50"] <= LONE_MOST_US,
    )
    proof(
        f"redemptions by HTTP at {CLIENTS} clients: p99 about 50 ms, {kind}",
        f"{_told(together)}; {at.rate:,.0f} a second. At half of that, each due at its own time: "
        f"{_told(open_loop)}",
        met=together["p99"] <= TOGETHER_MOST_US,
    )


class _Slices:
    """Slices of the mix of redemptions at one server; ``rate`` is that of the last closed loop."""

    def __init__(self, folder: Path, port: int, customers: Customers) -> None:
        self.folder, self.port, self.customers = folder, port, customers
        self.rate = 0.0

    def waits(self, clients: int, rate: float | None = None) -> dict[str, int]:
        """Percentiles of all waits of a few slices."""
        ran = [self._slice(clients, rate) for _ in range(SLICES)]
        if rate is None:
            self.rate = sum(one.result.answered for one in ran) / sum(
                one.result.seconds for one in ran
            )
        return percentiles(array("q", (wait for one in ran for wait in one.latencies_us)))

    def _slice(self, clients: int, rate: float | None) -> Ran:
        planned = self.customers.plan(PEOPLE, hot=False)
        ran = runs.load(
            self.folder, self.port, planned, clients=clients, seconds=SLICE_S, rate=rate
        )
        self.customers.asked(planned, ran.result.answered)
        return ran


def _told(waits: dict[str, int]) -> str:
    return ", ".join(f"{name} {us / 1000:.1f} ms" for name, us in waits.items())
