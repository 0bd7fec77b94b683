"""Growth: the same posts and looks in a young database and in one of ten million postings."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import pytest

from api.scheduler import Work, run_due
from benchmarks import filling, folders, growth, places
from benchmarks.growth import Grown
from creditbank.core.engines import expect_whole_tables
from creditbank.core.units import Unit, View
from creditbank.jobs import Lease
from creditbank.ledger import audit, day_sums
from creditbank.recognition import audit as recognition
from tests import statements
from tests.proofs.conftest import Proof

ROUNDS, SECONDS = 9, 2.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the databases of a run lie: some ten gigabytes."""
    with folders.run_folder() as folder, statements.paused():
        yield folder


def _posts(pair: tuple[Grown, Grown]) -> tuple[list[float], list[int]]:
    """Post in turn; return each round's ratio, old by young, and the bytes written for a post."""
    cases = [growth.case_of(it) for it in pair]
    for case in cases:
        case.run(1)
    ratios, written = [], [0, 0]
    for turn in range(ROUNDS):
        rates = [0.0, 0.0]
        for nth in (0, 1) if turn % 2 else (1, 0):
            before = pair[nth].written()
            made = cases[nth].run(SECONDS)
            rates[nth] = made.rate
            written[nth] = (pair[nth].written() - before) // made.done
        ratios.append(rates[1] / rates[0])
    return ratios, written


def _summed(it: Grown) -> tuple[float, float, int]:
    """Let the job sum up all days; return how long it took, its middle slice, and how many."""
    slices: list[float] = []

    def timed(unit: Unit, lease: Lease) -> bool:
        began = time.perf_counter()
        last = day_sums.run_slice(unit, lease)
        slices.append(time.perf_counter() - began)
        return last

    began = time.perf_counter()
    run_due(it.database, "proof", [Work(day_sums.KIND, day_sums.due, timed)])
    return time.perf_counter() - began, median(slices), len(slices)


def _proven(it: Grown, ask: audit.Proof) -> tuple[float, int]:
    """Run a proof over the whole books; return how long it took and how much it found."""

    def look(view: View) -> int:
        expect_whole_tables(view.connection)
        return len(ask(view))

    began = time.perf_counter()
    found = it.database.read(it.place.society.bank_id, look)
    return time.perf_counter() - began, found


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_ten_million_postings(engine: str, folder: Path, proof: Proof) -> None:
    """Posts, looks, sums and the ranking, with 10 thousand and with 10 million postings."""
    with ExitStack() as stack:
        opened = stack.enter_context(places.opened(folder, engine, people=50))
        sizes = (growth.YOUNG, growth.OLD)
        young, old = (stack.enter_context(growth.grown(opened, size)) for size in sizes)
        ratios, written = _posts((young, old))
        proof(
            f"throughput of single posts at 10 million postings ÷ at 10 thousand, {engine}",
            f"median {median(ratios):.2f} of {ROUNDS} rounds in turn ({min(ratios):.2f} to "
            f"{max(ratios):.2f}), {filling.MEMBERS:,} members; {written[0]:,} and {written[1]:,} "
            f"bytes written for a post, {old.size() // growth.OLD:,} bytes kept on disk",
            met=median(ratios) >= growth.FLOOR,
        )
        _summed(young)
        took, middle, slices = _summed(old)
        recount, wrong = _proven(old, audit.days_are_summed_up_rightly)
        proof(
            f"totals by day of 10 million postings: made in slices, proven from raw, {engine}",
            f"{took:.0f} s in {slices:,} slices, the middle one {middle * 1000:.0f} ms; "
            f"added up anew in {recount:.0f} s, {wrong} findings",
            met=wrong == 0 and slices > 1_000,
        )
        looks = growth.look_ups()
        both = {
            name: [growth.took_s(it, look) for it in (young, old)] for name, look in looks.items()
        }
        told = (f"{name} {one * 1e3:.1f} → {two * 1e3:.1f} ms" for name, (one, two) in both.items())
        proof(
            f"what people look at stays flat from 10 thousand to 10 million postings, {engine}",
            "; ".join(told),
            met=all(two <= max(4 * one, 0.5) for one, two in both.values()),
        )
        ranked = both[growth.TOP][1] / both[growth.ROWS][1]
        recount, wrong = _proven(old, recognition.standings_are_what_the_books_say)
        proof(
            f"top 100 of {filling.MEMBERS:,} members over 10 million postings ÷ 100 rows by an "
            f"index, {engine}",
            f"{ranked:.2f}; the roll-up added up anew from raw in {recount:.0f} s, "
            f"{wrong} findings",
            met=ranked <= 5 and wrong == 0,
        )
