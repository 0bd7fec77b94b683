"""While a year closes and an import runs beside it, nobody waits long at a till."""

from pathlib import Path

import pytest

from tests.faults import busy_day, durable, program
from tests.proofs.conftest import Proof

LONGEST_MS = 1000


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_checkout_beside_long_work(proof: Proof, kind: str, tmp_path: Path) -> None:
    """A year of 20,000 members closes, 100,000 rows are imported: a checkout waits ≤ 1 s."""
    with durable.fresh(kind, tmp_path) as url:
        done = busy_day.measure(url, tmp_path, members=20_000, rows=100_000)
        program.run("audit", url=url)
    waits = sorted(done.while_working)
    proof(
        "checkout while a year of 20,000 members closes and 100,000 rows are imported by the "
        f"server's job, {kind}",
        f"longest {max(waits)} ms of {len(waits):,} (median {waits[len(waits) // 2]} ms), "
        f"{max(done.while_uploading)} ms while the file is taken in; year closed after "
        f"{done.year_closed_after_s:.0f} s, import loaded after {done.import_loaded_after_s:.0f} s",
        met=done.longest_ms <= LONGEST_MS
        and done.wrong == []
        and (done.ranked, done.rows_loaded) == (20_000, 100_000),
    )
