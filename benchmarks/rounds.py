"""Rounds: each runs every case and every anchor once, in an order of its own."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.cases import ANCHOR, Case, Slice
from benchmarks.errors import CaseFailed

PER_CENT = 100
WARM_S = 0.3


@dataclass(slots=True)
class Measured:
    """All slices: one dictionary per round, by the name of the case."""

    cases: list[Case]
    rounds: list[dict[str, Slice]] = field(default_factory=list)

    @property
    def rates(self) -> list[dict[str, float]]:
        """How many per second, by round and case."""
        return [{name: one.rate for name, one in each.items()} for each in self.rounds]

    def slices(self, name: str) -> list[Slice]:
        """Return the slices of a case, one per round."""
        return [each[name] for each in self.rounds if name in each]

    def percentiles(self, name: str, *wanted: int) -> tuple[int, ...] | None:
        """Return latencies in microseconds over all rounds, None where nobody waited for one."""
        whole: array[int] = array("q")
        for one in self.slices(name):
            whole.extend(one.latencies_us)
        return percentiles(whole, *wanted) if whole else None


def percentiles(latencies: Sequence[int], *wanted: int) -> tuple[int, ...]:
    """Return the least latency that so many per cent of the answers did not pass."""
    ordered = sorted(latencies)
    return tuple(ordered[max(-(-len(ordered) * one // PER_CENT), 1) - 1] for one in wanted)


def count(cases: Sequence[Case], rounds: int) -> int:
    """Return how many slices a run has, those to warm up included."""
    return len(cases) * rounds + sum(one.via != ANCHOR for one in cases)


def run(
    cases: Sequence[Case],
    rounds: int,
    seconds: float,
    *,
    dice: random.Random,
    tell: Callable[[int, Case], None],
) -> Measured:
    """Run all rounds; ``tell`` hears of each slice before it begins.

    Before the first, each case but the anchors runs for a moment that is not counted: statements
    are compiled then, and files grow.
    """
    for case in cases:
        if case.via != ANCHOR:
            tell(0, case)
            case.run(min(seconds, WARM_S))
    measured = Measured(list(cases))
    for nth in range(1, rounds + 1):
        order = list(cases)
        dice.shuffle(order)
        found: dict[str, Slice] = {}
        for case in order:
            tell(nth, case)
            found[case.name] = _run(case, seconds)
        measured.rounds.append(found)
    return measured


def _run(case: Case, seconds: float) -> Slice:
    one = case.run(seconds)
    if one.done < 1:
        raise CaseFailed(case.name, "nothing was answered / 没有得到任何答复")
    return one
