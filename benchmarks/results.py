"""The results of a run, as rows for the terminal and the page, and as JSON. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import floors
from benchmarks.floors import Floor, Verdict
from benchmarks.machine import Machine
from benchmarks.rounds import Measured
from creditbank.ledger.audit import Finding

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Row:
    """One case: its rate, its ratio to what it is measured against, and how long answers took."""

    name: str
    against: str
    rate: float
    ratios: tuple[float, ...]
    latencies_us: tuple[int, ...] | None
    declined: int
    replayed: int
    swing: float

    @property
    def ratio(self) -> float | None:
        """The ratio in the middle of all rounds."""
        return statistics.median(self.ratios) if self.ratios else None


@dataclass(frozen=True, slots=True)
class Results:
    """All that a run found out; ``left_out`` says what was not measured, and why."""

    machine: Machine
    engines: Mapping[str, str]
    settings: Mapping[str, Any]
    measured: Measured
    verdicts: tuple[Verdict, ...]
    findings: Mapping[str, Sequence[Finding]]
    left_out: tuple[str, ...] = ()
    acknowledged: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> list[Row]:
        """One row per case, anchors first in their group."""
        return [row(self.measured, case.name, case.against) for case in self.measured.cases]

    @property
    def found(self) -> int:
        """How many findings the audit has."""
        return sum(len(one) for one in self.findings.values())

    def json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "machine": asdict(self.machine),
            "engines": dict(self.engines),
            "settings": dict(self.settings),
            "rounds": [
                {name: _slice(one) for name, one in each.items()} for each in self.measured.rounds
            ],
            "cases": [_case(one) for one in self.rows],
            "floors": [_verdict(one) for one in self.verdicts],
            "left_out": list(self.left_out),
            "acknowledged": dict(self.acknowledged),
            "audit": {
                place: [asdict(finding) for finding in found]
                for place, found in self.findings.items()
            },
        }


def groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return rows by what they are measured against, in the order of the first of each."""
    found: dict[str, list[Row]] = {}
    for one in rows:
        found.setdefault(one.against, []).append(one)
    return found


def row(measured: Measured, name: str, against: str) -> Row:
    """Return the row of a case."""
    slices = measured.slices(name)
    return Row(
        name,
        against,
        statistics.median(one.rate for one in slices),
        tuple(floors.ratios(name, against, measured.rates)) if against else (),
        measured.percentiles(name, *PERCENTILES),
        sum(one.declined for one in slices),
        sum(one.replayed for one in slices),
        floors.swing(name, measured.rates),
    )


def judged(measured: Measured, wanted: Sequence[Floor]) -> tuple[Verdict, ...]:
    """Return a verdict on each floor."""
    return tuple(floors.judged(one, measured.rates) for one in wanted)


def line(verdict: Verdict) -> tuple[str, str, str, str, str, str]:
    """Return a floor's line in words: what, ratio, range, floor, target, and the verdict last."""
    floor, middle = verdict.floor, verdict.median
    sign = "≤" if floor.times else "≥"
    return (
        floor.what,
        "–" if middle is None else ratio(middle),
        spread(verdict.ratios),
        f"{sign} {floor.floor:g}",
        f"{sign} {floor.target:g}",
        verdict.word.value,
    )


def ratio(value: float) -> str:
    """Return a ratio with as many digits as mean something."""
    digits = 3 if value < 0.1 else 2 if value < 10 else 1  # noqa: PLR2004
    return f"{value:.{digits}f}"


def spread(ratios: Sequence[float]) -> str:
    """Return the range of ratios."""
    return f"{ratio(min(ratios))}–{ratio(max(ratios))}" if ratios else "–"


def milliseconds(us: int) -> str:
    """Return a wait in milliseconds."""
    return f"{us / 1000:.1f}" if us < 100_000 else f"{us / 1000:.0f}"  # noqa: PLR2004


def _slice(one: Any) -> dict[str, Any]:
    return {
        "done": one.done,
        "seconds": round(one.seconds, 6),
        "rate": round(one.rate, 3),
        "declined": one.declined,
        "replayed": one.replayed,
    }


def _case(one: Row) -> dict[str, Any]:
    names = [f"p{percent}_us" for percent in PERCENTILES]
    return {
        "name": one.name,
        "against": one.against or None,
        "rate": round(one.rate, 3),
        "ratio": None if one.ratio is None else round(one.ratio, 5),
        "ratios": [round(value, 5) for value in one.ratios],
        "swing": round(one.swing, 3),
        "declined": one.declined,
        "replayed": one.replayed,
        **dict(zip(names, one.latencies_us or (None,) * len(names), strict=True)),
    }


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "what": one.floor.what,
        "case": one.floor.case,
        "against": one.floor.against,
        "floor": one.floor.floor,
        "target": one.floor.target,
        "at_most": one.floor.times,
        "ratios": [round(value, 5) for value in one.ratios],
        "median": None if one.median is None else round(one.median, 5),
        "verdict": one.word.value,
        "on_target": one.on_target,
    }
