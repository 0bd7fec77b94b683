"""The tests of pages on PostgreSQL, too; `make test` runs them on SQLite."""

import os
import re
import subprocess
import sys

from tests.conftest import PAGES_ON_BOTH
from tests.proofs.conftest import ROOT, Proof


def test_pages_on_postgres(proof: Proof) -> None:
    """What pages show and do is the same on PostgreSQL."""
    files = sorted(str(one) for one in (ROOT / "tests" / "integration").glob("test_page_*.py"))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "postgres", "-n", "2", *files],
        cwd=ROOT,
        env=os.environ | {PAGES_ON_BOTH: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    closing = re.sub(r" in .*", "", ran.stdout.strip().splitlines()[-1].strip("= "))
    proof("tests of pages on PostgreSQL", closing, met=ran.returncode == 0)
