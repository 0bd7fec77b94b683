"""What a run says in the terminal: how far it is, a table of all cases, a line per floor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from benchmarks import results
from benchmarks.cases import Case
from benchmarks.floors import SWING_MOST, Word
from benchmarks.results import Results, Row

_COLOURS = {
    Word.MET: "bold green",
    Word.MISSED: "bold red",
    Word.TOO_NOISY: "bold yellow",
    Word.LEFT_OUT: "dim",
}
_FINDINGS_SHOWN = 10
_CLIENTS = re.compile(r"(\d+) clients?$")
_WAITS = dict.fromkeys(("p50 ms", "p95 ms", "p99 ms"), 6)
_CASES = {"case × clients": 42, "per s": 9, "ratio": 5, "range": 11} | _WAITS
_FLOORS = {"floor": 50, "ratio": 5, "range": 11, "floor ": 5, "target": 6, "verdict": 9}


@contextmanager
def progress(console: Console, slices: int) -> Iterator[Callable[[str], None]]:
    """Show which slice runs; hands out what is to be told before each."""
    columns = (
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=slices, completed=-1)

        def tell(what: str) -> None:
            bar.update(task, advance=1, description=what)

        yield tell


def name_of(nth: int, case: Case) -> str:
    """Return what is told of a slice."""
    return f"{nth} · {case.name}" if nth else f"warm-up · {case.name}"


def show(console: Console, found: Results) -> None:
    """Print the machine, all cases, a line per floor, and what the audit says."""
    about = found.machine
    console.print(
        Text(
            f"{about.cpu} · {about.cores} cores · {about.memory_gib} GiB · {about.disk}\n"
            f"{about.kernel} · Python {about.python} · load {about.load}\n"
            + "\n".join(found.engines.values())
        )
    )
    for reason in found.left_out:
        console.print(Text(f"left out / 未测: {reason}", "yellow"))
    console.print(_cases(found.rows))
    console.print(_floors(found))
    _audit(console, found)


def _table(headings: Mapping[str, int]) -> Table:
    """Return an empty table of columns so wide, the first of words, the others of figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for n, (heading, width) in enumerate(headings.items()):
        table.add_column(heading, justify="right" if n else "left", no_wrap=True, min_width=width)
    return table


def _cases(rows: Sequence[Row]) -> Table:
    table = _table(_CASES)
    for against, group in results.groups(rows).items():
        table.add_row(Text(f"÷ {_short(against)}" if against else "anchors / 对照", "bold"))
        for one in group:
            table.add_row(*_cells(one))
        table.add_section()
    return table


def _cells(one: Row) -> tuple[str | Text, ...]:
    waits = [results.milliseconds(us) for us in one.latencies_us or ()] or [""] * 3
    range_ = results.spread(one.ratios) if one.against else f"swing {one.swing:.1f}"
    style = "yellow" if one.swing > SWING_MOST else ""
    middle = "" if one.ratio is None else results.ratio(one.ratio)
    name = one.name.removeprefix(f"{one.against.split(' ')[0]} ") if one.against else one.name
    return (Text(f"  {_short(name)}", style), f"{one.rate:,.0f}", middle, range_, *waits)


def _short(name: str) -> str:
    """Return a name in fewer words: so many clients are a factor."""
    return _CLIENTS.sub(r"×\1", name)


def _floors(found: Results) -> Table:
    table = _table(_FLOORS)
    for verdict in found.verdicts:
        *cells, word = results.line(verdict)
        table.add_row(*cells, Text(word, _COLOURS[verdict.word]))
    return table


def _audit(console: Console, found: Results) -> None:
    for place, findings in found.findings.items():
        told = found.acknowledged.get(place, 0)
        if not findings:
            console.print(
                Text(f"audit {place}: {told:,} acknowledged = stored; the books add up / 账目相符")
            )
            continue
        console.print(
            Text(
                f"audit {place}: {len(findings)} findings / 发现 {len(findings)} 处不符", "bold red"
            )
        )
        for one in findings[:_FINDINGS_SHOWN]:
            console.print(Text(f"  {one.proof}: {one.subject}: {one.detail}"))
