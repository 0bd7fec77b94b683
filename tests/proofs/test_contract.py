"""The long look at the API's own description: schemathesis with all its phases, as every role."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock, SystemClock
from creditbank.core.database import Database
from tests import contract, web
from tests.faults import durable, program
from tests.proofs.conftest import Proof

_SECONDS_EACH = 25
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,ignored_auth"
)


@dataclass(frozen=True)
class Run:
    """What one run as one role came to."""

    role: str
    code: int
    words: str
    report: Path

    @property
    def cases(self) -> int:
        """How many made-up requests it sent."""
        return int(json.loads(self.report.read_text())["test_cases"]["generated"])


def _run(folder: Path, port: int, role: str, token: str | None) -> Run:
    config = folder / "schemathesis.toml"
    config.write_text('[parameters]\n"path.slug" = "trust"\n')
    report = folder / f"{role}.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
            f"http://127.0.0.1:{port}/openapi.json",
            *("--checks", _CHECKS, "--max-time", str(_SECONDS_EACH), "--no-color"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure"),
            *(("--header", f"Authorization: Bearer {token}") if token else ()),
            *("--report-json-path", str(report), "--suppress-health-check", "all"),
            *("--warnings", "off", "--request-timeout", "20"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS_EACH * 20,
    )
    return Run(role, done.returncode, done.stdout[-6000:] + done.stderr[-2000:], report)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_role_meets_what_is_described(proof: Proof, kind: str, tmp_path: Path) -> None:
    """Schemathesis on the OpenAPI file as each role: examples, coverage, fuzzing, stateful."""
    with durable.fresh(kind, tmp_path) as url:
        clock = ManualClock(SystemClock().now())
        with Database(url, clock=clock) as database, web.opened(database, clock) as api:
            who = contract.callers(api)
        with program.serving(url, tmp_path) as port:
            runs = [_run(tmp_path, port, role, token) for role, token in who.items()]
    wrong = [f"{one.role}:\n{one.words}" for one in runs if one.code != 0]
    proof(
        f"schemathesis as each of {len(runs)} callers, {kind}",
        f"{sum(one.cases for one in runs)} requests, {len(wrong)} callers with a finding",
        met=not wrong,
    )
    assert not wrong, "\n\n".join(wrong)
