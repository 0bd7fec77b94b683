"""The results on a page of the documentation, between two marks; the words around them stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import results
from benchmarks.errors import MarksMissing
from benchmarks.results import Results, Row

BEGIN, END = "<!-- results -->", "<!-- end of results -->"


def require_marks(path: Path) -> None:
    """See, before anything is measured, that a page has a place for results.

    Raises:
        MarksMissing: it has none.
    """
    text = path.read_text() if path.exists() else ""
    if not 0 <= text.find(BEGIN) < text.find(END):
        raise MarksMissing(path.name, BEGIN, END)


def write(path: Path, found: Results) -> None:
    """Put the results between the marks of a page."""
    require_marks(path)
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    said = "\n".join(_lines(found))
    path.write_text(f"{before}{BEGIN}\n\n{said}\n\n{END}{after}")


def _lines(found: Results) -> Iterator[str]:
    about, settings = found.machine, found.settings
    yield (
        f"Measured {about.measured_at} on {about.cpu}, {about.cores} cores, {about.memory_gib} GiB,"
        f" {about.kernel}, files on {about.disk}; load average at the start {about.load}."
    )
    yield f"Python {about.python}; " + "; ".join(found.engines.values()) + "."
    yield (
        f"Rounds: {settings['rounds']}, slices of {settings['seconds']:g} s;"
        f" {settings['members']:,} members."
    )
    yield from ("", "### Floors", "")
    yield from _table(
        ("floor", "ratio", "range", "floor", "target", "verdict"),
        [results.line(one) for one in found.verdicts],
    )
    if found.left_out:
        yield from ("", "Left out:", "", *(f"- {one}" for one in found.left_out))
    yield from ("", "### Cases", "")
    yield from _table(
        ("case", "÷", "per s", "ratio", "range", "p50 ms", "p95 ms", "p99 ms"),
        list(_cases(found.rows)),
    )
    yield from ("", "### Audit", "")
    for place, findings in found.findings.items():
        told = found.acknowledged.get(place, 0)
        said = f"{len(findings)} findings" if findings else "all of it stored, the books add up"
        yield f"- {place}: {told:,} acknowledged, {said}"


def _cases(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for against, group in results.groups(rows).items():
        for one in group:
            waits = [results.milliseconds(us) for us in one.latencies_us or ()] or [""] * 3
            middle = "" if one.ratio is None else results.ratio(one.ratio)
            range_ = results.spread(one.ratios) if one.against else f"swing {one.swing:.1f}"
            yield (one.name, against, f"{one.rate:,.0f}", middle, range_, *waits)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|" + "---|" * len(headings)
    for row in rows:
        yield f"| {' | '.join(row)} |"
