"""The floors of DESIGN section 10, and what a run says about each. Pure.

A ratio is taken within one round: the rate of a case divided by the rate of what it is measured
against. When that one swings too much from round to round, the machine was busy with something
else, and there is no verdict.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.cases import POSTGRES, SQLITE

SWING_MOST = 2.5

Rates = Mapping[str, float]  # of one round, by case


class Word(StrEnum):
    """How a floor's line ends."""

    MET = "met"
    MISSED = "missed"
    TOO_NOISY = "too noisy"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Floor:
    """A ratio that must be reached; of ``times`` (how much longer), one not to be passed."""

    what: str
    case: str
    against: str
    floor: float
    target: float
    times: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says about a floor: the ratio of each round that had both, and a word."""

    floor: Floor
    ratios: tuple[float, ...]
    word: Word

    @property
    def median(self) -> float | None:
        """The ratio in the middle, None where there is none."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def on_target(self) -> bool:
        """Whether the target is reached, too."""
        middle = self.median
        return self.word is Word.MET and middle is not None and _holds(self.floor, middle, "target")


def _of_http(engine: str, name: str) -> tuple[Floor, ...]:
    redemption = f"{engine} http redemption"
    return (
        Floor(
            f"{name} HTTP redemption ÷ null route",
            f"{redemption} spread 32 clients",
            f"{engine} http null route 32 clients",
            0.2,
            0.35,
        ),
        Floor(
            f"{name} HTTP one merchant ÷ spread",
            f"{redemption} hot 32 clients",
            f"{redemption} spread 32 clients",
            0.7,
            0.9,
        ),
    )


def of_growth(young: int, old: int) -> tuple[Floor, ...]:
    """Return the floors of growth from so many postings to so many."""
    return (
        *_of_growth(POSTGRES, "PostgreSQL", "8 clients", young, old),
        *_of_growth(SQLITE, "SQLite", "1 client", young, old),
    )


def _of_growth(engine: str, name: str, clients: str, young: int, old: int) -> tuple[Floor, ...]:
    single = f"{engine} growth single at"
    return (
        Floor(
            f"{name} at {old:,} postings ÷ at {young:,}",
            f"{single} {old:,} spread {clients}",
            f"{single} {young:,} spread {clients}",
            0.6,
            0.85,
        ),
        Floor(
            f"{name} year-end top 100, times a read of 100",
            f"{engine} growth year-end top 100",
            f"{engine} growth read of 100 rows",
            5,
            2,
            times=True,
        ),
    )


FLOORS: tuple[Floor, ...] = (
    Floor(
        "PostgreSQL single transfer, 8 clients ÷ pgbench",
        "postgres core single spread 8 clients",
        "postgres anchor pgbench",
        1.2,
        1.8,
    ),
    Floor(
        "PostgreSQL set of 32 ÷ pgbench",
        "postgres core batch 32 spread 1 client",
        "postgres anchor pgbench",
        4,
        6,
    ),
    Floor(
        "SQLite single transfer ÷ raw insert",
        "sqlite core single spread 1 client",
        "sqlite anchor insert",
        0.4,
        0.7,
    ),
    Floor(
        "SQLite 32 per commit ÷ single transfer",
        "sqlite core batch 32 spread 1 client",
        "sqlite core single spread 1 client",
        3,
        4.5,
    ),
    *_of_http(POSTGRES, "PostgreSQL"),
    *_of_http(SQLITE, "SQLite"),
)


def needed(floors: Sequence[Floor]) -> set[str]:
    """Return the names of all cases and anchors that floors lean on."""
    return {name for one in floors for name in (one.case, one.against)}


def ratios(case: str, against: str, rounds: Sequence[Rates], *, times: bool = False) -> list[float]:
    """Return the ratio of each round in which both were measured."""
    pairs = [
        (rates[case], rates[against]) for rates in rounds if case in rates and against in rates
    ]
    return [other / one if times else one / other for one, other in pairs]


def swing(name: str, rounds: Sequence[Rates]) -> float:
    """Return how many times its slowest round the fastest round of a case was."""
    found = [rates[name] for rates in rounds if name in rates]
    return max(found) / min(found) if found else 1.0


def judged(floor: Floor, rounds: Sequence[Rates]) -> Verdict:
    """Return what the rounds say about a floor."""
    found = ratios(floor.case, floor.against, rounds, times=floor.times)
    if not found:
        word = Word.LEFT_OUT
    elif swing(floor.against, rounds) > SWING_MOST:
        word = Word.TOO_NOISY
    else:
        holds = _holds(floor, statistics.median(found), "floor")
        word = Word.MET if holds else Word.MISSED
    return Verdict(floor, tuple(found), word)


def _holds(floor: Floor, ratio: float, which: str) -> bool:
    bound = floor.floor if which == "floor" else floor.target
    return ratio <= bound if floor.times else ratio >= bound
