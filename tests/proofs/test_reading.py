"""What the checks on the way to a balance cost, against a route that only asks who calls."""

import statistics
import time
from pathlib import Path

import pytest

from tests.faults import durable, market, program
from tests.faults.market import Line
from tests.proofs.conftest import Proof

_ROUNDS = 3000


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_balance_costs_at_most_two_empty_routes(proof: Proof, kind: str, tmp_path: Path) -> None:
    """Reading one balance through all checks, against an empty authenticated route."""
    with durable.fresh(kind, tmp_path) as url:
        shop = market.build(url, tills=1, customers=1, points_each=10)
        one = shop.customers[0]
        paths = {"empty": "/me", "balance": f"/members/{one.id}/balances"}
        took: dict[str, list[int]] = {name: [] for name in paths}
        with program.serving(url, tmp_path) as port:
            line = Line(port)
            for _ in range(_ROUNDS):
                for name, path in paths.items():
                    begun = time.perf_counter_ns()
                    assert line.ask("GET", path, one).status == 200
                    took[name].append(time.perf_counter_ns() - begun)
            line.close()
    empty, balance = (statistics.median(took[name]) for name in paths)
    proof(
        f"one balance through all checks ÷ an empty authenticated route, {kind}",
        f"{balance / empty:.2f} ({_ROUNDS} of each in turn, medians)",
        met=balance <= 2 * empty,
    )
