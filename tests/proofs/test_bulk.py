"""Bulk work at full size: its rates beside single transfers, its memory, and what tills wait."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.ledger import audit
from creditbank.schemes import expiry
from tests.faults import bulk, durable, expiring, program
from tests.merchant_builders import Street
from tests.proofs.conftest import Proof

TIMES = 4
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
LONGEST_MS = 1_000
MEMORY_MB = 24
"""By how much a file ten times as long may need more memory: caches fill, nothing else grows."""

both = pytest.mark.parametrize("kind", ["sqlite", "postgres"])

_PLAN = """
import resource, sys
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import journal, plans
from tests.books import Books, POINTS
from creditbank.core.database import Database
with Database(sys.argv[1]) as database, open(sys.argv[2], "rb") as file:
    books = Books(database)
    asset = Asset(POINTS, "", 0, AssetKind.SPENDABLE)
    with plans.make(
        journal.lines_of(file), asset=asset, zone=books.bank.zone, look=books.see
    ) as plan:
        assert not plan.bad_found
        last, rows = 0, 0
        while part := plan.after(last, 1000):
            last, rows = part.last, rows + len(part.drafts)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@both
def test_rates(proof: Proof, kind: str, tmp_path: Path) -> None:
    """Imports, openings and prizes reach four times the single transfers of the same run."""
    clock = ManualClock(NOON)
    with durable.fresh(kind, tmp_path) as url, Database(url, clock=clock) as database:
        street = Street(database, clock)
        found = bulk.rates(street, rows=20_000, people=5_000)
        wrong = street.see(lambda view: [one for ask in audit.PROOFS for one in ask(view)])
    for what in found.of:
        bound = what != "members one by one"
        proof(
            f"{what}, a second, against single transfers of the same run, {kind}",
            f"{found.of[what]:,.0f} against {found.single:,.0f}: {found.times(what):.1f} times; "
            f"{len(wrong)} findings of the audit",
            met=wrong == [] and (not bound or found.times(what) >= TIMES),
        )


@both
def test_tills_beside_an_import(proof: Proof, kind: str, tmp_path: Path) -> None:
    """100,000 rows are checked, stored and loaded beside tills that never wait for a second."""
    clock = ManualClock(NOON)
    with durable.fresh(kind, tmp_path) as url, Database(url, clock=clock) as database:
        street = Street(database, clock)
        street.rules(no_pin_points_day=1_000_000, no_pin_payments_day=10_000)
        waits, rate = bulk.while_importing(street, 100_000)
    proof(
        f"checkouts beside an import of 100,000 rows, {kind}",
        f"{waits}; {rate:,.0f} rows a second, checked, stored and loaded",
        met=max(waits.took_ms) <= LONGEST_MS,
    )


@both
def test_tills_beside_expiry(proof: Proof, kind: str, tmp_path: Path) -> None:
    """100,000 lots expire beside tills that never wait for a second."""
    clock = ManualClock(NOON)
    with durable.fresh(kind, tmp_path) as url, Database(url, clock=clock) as database:
        street = Street(database, clock)
        street.rules(no_pin_points_day=1_000_000, no_pin_payments_day=10_000)
        last = street.see(lambda view: view.today)
        expiring.fill(street, members=100_000, days=(last, None), units=5)
        clock.advance(days=1)
        single = bulk.singles(street)
        waits, rate = bulk.while_expiring(street, 100_000, lambda: bulk.work_of(expiry.KIND))
        gone = street.see(expiring.expired)
    proof(
        f"100,000 lots expire beside checkouts, {kind}",
        f"{rate:,.0f} lots a second, {rate / single:.1f} times the single transfers of the run; "
        f"{waits}; {gone:,} points gone",
        met=gone == 500_000 and max(waits.took_ms) <= LONGEST_MS and rate >= TIMES * single,
    )


def test_memory_of_a_long_file(proof: Proof, tmp_path: Path) -> None:
    """A journal of a million rows with a million names needs no more memory than a tenth of it."""
    took: list[int] = []
    for rows in (100_000, 1_000_000):
        file = tmp_path / f"{rows}.csv"
        with file.open("w") as out:
            out.write("key,occurred_at,kind,source,destination,amount\n")
            out.writelines(f"k{n},2026-01-01,issue,office,person {n},5\n" for n in range(rows))
        with durable.fresh("sqlite", tmp_path) as url:
            done = subprocess.run(
                [sys.executable, "-c", _PLAN, url, str(file)],
                check=True,
                capture_output=True,
                text=True,
                cwd=program.ROOT,
                env=os.environ | {"PYTHONPATH": str(program.ROOT)},
            )
        counted, most = map(int, done.stdout.split())
        assert counted == rows
        took.append(most)
        Path(url.removeprefix("sqlite:///")).unlink()
    proof(
        "memory while a journal is checked and read back, 100,000 and 1,000,000 rows and names",
        f"{took[0]} and {took[1]} MB at most",
        met=took[1] - took[0] <= MEMORY_MB,
    )
