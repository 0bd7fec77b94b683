"""Rigged tasks: those that break a rule are refused, those that look odd are flagged."""

from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.conftest import START
from tests.faults import durable
from tests.proofs.conftest import Proof
from tests.rigged import World
from tests.rigged_plays import Counts, Stage, measure

TUNED, REPORTED, FRESH = (1,), (2, 3, 4, 5, 6), (7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
FLAGGED_LEAST = 18
WRONGLY_MOST_PERMILLE = 50


def _measured(kind: str, seeds: tuple[int, ...], folder: Path) -> list[Counts]:
    """What came of the society of each seed, each in a bank of one database."""
    clock, found = ManualClock(START), []
    with durable.fresh(kind, folder) as url:
        database = Database(url, clock=clock)
        try:
            for seed in seeds:
                world = World(seed)
                found.append(measure(Stage(database, clock, world), world.services))
        finally:
            database.close()
    return found


@pytest.mark.parametrize(
    ("name", "seeds", "kind"),
    [
        ("tuned on", TUNED, "sqlite"),
        ("reported", REPORTED, "sqlite"),
        ("reported", REPORTED, "postgres"),
        ("never looked at while tuning", FRESH, "sqlite"),
    ],
    ids=["tuned-sqlite", "reported-sqlite", "reported-postgres", "fresh-sqlite"],
)
def test_rigged_tasks(
    proof: Proof, name: str, seeds: tuple[int, ...], kind: str, tmp_path: Path
) -> None:
    """36 of 36 are refused; of 24 at least 18 are flagged, of 240 honest ones at most 5 %."""
    found = _measured(kind, seeds, tmp_path)
    refused, broken = sum(one.refused for one in found), sum(one.broken for one in found)
    flagged, wrongly = [one.flagged for one in found], [one.wrongly for one in found]
    honest = sum(one.honest for one in found)
    permille = sum(wrongly) * 1000 // honest
    said = f"seeds {seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    proof(
        f"rigged tasks refused or flagged before approval, on average over {said} ({name}), {kind}",
        f"{refused} of {broken} refused before any credit; inflated and ghost flagged "
        f"{sum(flagged) * 10 // len(seeds) / 10} of 24 (each: {flagged}); honest flagged "
        f"{permille / 10} % of 240 (each: {wrongly})",
        met=(refused, broken) == (36 * len(seeds), 36 * len(seeds))
        and sum(flagged) >= FLAGGED_LEAST * len(seeds)
        and permille <= WRONGLY_MOST_PERMILLE,
    )
