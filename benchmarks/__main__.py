"""``make bench``: the posting path and a whole checkout on SQLite, against a raw durable insert.

Every round runs each case and the anchor once, in shuffled order. The table shows the median and
range of the per-round ratios to the anchor (one-row autocommit INSERT, WAL, synchronous=FULL).
When the anchor itself swings more than 2.5 times between rounds, the machine was too noisy for a
verdict, and the table says so.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from api import proofs, schema
from benchmarks.till import opened

ROUNDS = 5
SLICE_S = 1.0
SWING_MOST = 2.5
# case → (measured against, floor, target)
_FLOORS = {
    "post": ("anchor", 0.4, 0.7),
    "post, 32 queued": ("post", 3.0, 4.5),
}

Case = Callable[[float], int]


def main() -> None:
    """Run all rounds and print the table."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--seconds", type=float, default=SLICE_S)
    told = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="creditbank-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        schema.migrate(url)
        with opened(url) as till:
            raw = sqlite3.connect(Path(folder) / "anchor.db", isolation_level=None)
            cases: dict[str, Case] = {
                "anchor": partial(_raw_inserts, _prepared(raw)),
                "post": till.posts,
                "post, 32 queued": partial(till.posts, queued=32),
                "post_many of 100": till.post_many,
                "checkout": till.checkouts,
                "checkout, 32 queued": partial(till.checkouts, queued=32),
            }
            rates = _rounds(cases, told.rounds, told.seconds)
            raw.close()
            findings = proofs.count(till.database.read(till.bank.bank_id, proofs.audit))
    _print(rates, findings)


def _prepared(raw: sqlite3.Connection) -> sqlite3.Connection:
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE anchor (n INTEGER PRIMARY KEY, said TEXT)")
    return raw


def _raw_inserts(raw: sqlite3.Connection, seconds: float) -> int:
    done, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        raw.execute("INSERT INTO anchor (said) VALUES ('one durable row')")
        done += 1
    return done


def _rounds(cases: dict[str, Case], rounds: int, seconds: float) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        order = list(cases)
        random.shuffle(order)
        for name in order:
            started = time.perf_counter()
            done = cases[name](seconds)
            rates[name].append(done / (time.perf_counter() - started))
    return rates


def _print(rates: dict[str, list[float]], findings: int) -> None:
    noisy = max(rates["anchor"]) > SWING_MOST * min(rates["anchor"])
    table = Table(title="SQLite · WAL · synchronous=FULL", title_justify="left")
    for heading in ("case", "per s", "÷ anchor", "range", "verdict"):
        left = heading in {"case", "verdict"}
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for name, found in rates.items():
        ratios = _ratios(found, rates["anchor"])
        table.add_row(
            name,
            f"{statistics.median(found):,.0f}",
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f}–{max(ratios):.2f}",
            _judged(name, rates, noisy=noisy),
        )
    console = Console()
    console.print(table)
    console.print(f"audit after the run: {findings} findings")


def _ratios(found: list[float], base: list[float]) -> list[float]:
    return [one / other for one, other in zip(found, base, strict=True)]


def _judged(name: str, rates: dict[str, list[float]], *, noisy: bool) -> str:
    """Return the verdict on a case that has a floor."""
    if name not in _FLOORS:
        return ""
    base, floor, target = _FLOORS[name]
    middle = statistics.median(_ratios(rates[name], rates[base]))
    verdict = "too noisy" if noisy else "met" if middle >= floor else "missed"
    return f"{verdict}: {middle:.2f} ÷ {base}\nfloor {floor}, target {target}"


if __name__ == "__main__":
    main()
