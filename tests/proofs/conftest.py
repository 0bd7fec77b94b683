"""Proofs: each records the figures it measured, and docs/proofs.md tells them.

A proof is a test that asks for the fixture `proof` and calls it once per line of the issue:
`proof("one pay code at 50 tills, 200 rounds", "200 redemptions", met=done == 200)`. Whoever asks
for it is marked `prove`, so it runs by `make prove` alone. A run of a few proofs renews their rows
and keeps the others.
"""

import os
import platform
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "docs" / "proofs.md"
HEAD = """\
# Proofs

Every figure that the issues ask for, at its full size, as last measured. `make prove` writes this
file; each row can be run alone by its own command.

| what | command | figure | machine | met or missed |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the paper."""

    what: str
    command: str
    figure: str
    machine: str
    verdict: str

    def render(self) -> str:
        """The row as a line of a Markdown table."""
        cells = (self.what, f"`{self.command}`", self.figure, self.machine, self.verdict)
        return "| " + " | ".join(cell.replace("|", "∣") for cell in cells) + " |"

    @classmethod
    def parse(cls, line: str) -> "Row | None":
        """The row that a line of the paper holds, if it holds one."""
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) != 5 or "`" not in cells[1]:
            return None
        what, command, figure, machine, verdict = cells
        return cls(what, command.strip("`"), figure, machine, verdict)


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> None:
    """A proof hashes at the product's full cost."""


class Proof(Protocol):
    """What the fixture hands to a proof."""

    def __call__(self, line: str, figure: str, *, met: bool) -> None:
        """Record one figure."""


ROWS = pytest.StashKey[list[Row]]()
FAILED = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with no rows."""
    config.stash[ROWS] = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whoever asks for `proof`, before tests are chosen by their marks."""
    for item in items:
        if isinstance(item, pytest.Function) and "proof" in item.fixturenames:
            item.add_marker(pytest.mark.prove)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a proof broke off."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Iterator[Proof]:
    """Record figures; the test fails at its end if one of them was missed."""
    rows: list[Row] = []
    command = f"python -m pytest {request.node.nodeid} -m prove"

    def record(line: str, figure: str, *, met: bool) -> None:
        rows.append(Row(line, command, figure, machine(), "met" if met else "missed"))

    yield record
    if not rows or request.node.stash.get(FAILED, True):
        what = (request.function.__doc__ or request.node.name).strip().splitlines()[0]
        rows.append(Row(what, command, "did not finish", machine(), "missed"))
    request.config.stash[ROWS] += rows
    missed = [row.what for row in rows if row.verdict == "missed"]
    assert not missed, f"missed: {missed}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the paper, if anything was measured."""
    rows = session.config.stash[ROWS]
    if rows:
        before = PAPER.read_text() if PAPER.exists() else ""
        PAPER.parent.mkdir(exist_ok=True)
        PAPER.write_text(paper(before, rows))


def paper(before: str, rows: list[Row]) -> str:
    """The paper with new rows in place of what the same commands measured before.

    Rows of proofs that are gone go with them.
    """
    commands = {row.command for row in rows}
    old = (Row.parse(line) for line in before.splitlines())
    kept = [row for row in old if row and row.command not in commands and _exists(row.command)]
    every = sorted([*kept, *rows], key=lambda row: row.command)
    return HEAD + "".join(f"{row.render()}\n" for row in every)


def _exists(command: str) -> bool:
    """Whether the test that a command runs is still there."""
    path, _, name = command.split()[3].partition("::")
    file = ROOT / path
    return file.exists() and f"def {name.partition('[')[0]}(" in file.read_text()


def machine() -> str:
    """What it was measured on, without its name."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"
