"""``creditbank bench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from benchmarks.running import Asked

_ENGINES = ("sqlite", "postgres")
_WAYS = ("core", "service", "http")
_BATCHES = ("auto", "1", "32", "1000")
_CLIENTS_MOST = 1_000
_WIDTH_LEAST = 100  # also where no terminal says how wide it is: verdicts stand at the end

Engines = Annotated[
    list[str] | None, typer.Option(metavar="ENGINE", help="sqlite, postgres.  [default: both]")
]
Ways = Annotated[
    list[str] | None, typer.Option(metavar="WAY", help="core, service, http.  [default: all]")
]
Clients = Annotated[
    list[str] | None, typer.Option(metavar="N,…", help="How many requests are in flight.")
]
Batches = Annotated[
    list[str] | None, typer.Option(metavar="SIZE", help="auto, 1, 32, 1000 (via core).")
]
Hot = Annotated[
    bool | None, typer.Option("--hot/--spread", help="All at one merchant, or at many.")
]
Rounds = Annotated[int, typer.Option(min=1, max=100)]
Seconds = Annotated[float, typer.Option(min=0.05, max=600, help="How long one slice runs.")]
Anchors = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=CMD", help="A command whose last number is a rate."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE")]
ChartFile = Annotated[Path | None, typer.Option("--chart", metavar="FILE.svg")]
Page = Annotated[
    Path | None, typer.Option(metavar="FILE.md", help="Put the results between its marks.")
]
Named = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Measure in this empty database, which keeps it all."),
]
Force = Annotated[
    bool, typer.Option("--force", help="… even if it has data in it: a bank is added.")
]
FloorsOnly = Annotated[bool, typer.Option("--floors-only", help="Only what the floors lean on.")]
Grow = Annotated[
    bool, typer.Option("--grow", help="Also in a database of many postings; takes much longer.")
]
GrowTo = Annotated[
    int, typer.Option(metavar="N", min=20_000, help="How many postings that are, with --grow.")
]
Members = Annotated[int, typer.Option(min=20, max=100_000)]
Scale = Annotated[int, typer.Option(min=1, max=10_000)]


def bench(
    engine: Engines = None,
    via: Ways = None,
    clients: Clients = None,
    batch: Batches = None,
    hot: Hot = None,
    rounds: Rounds = 5,
    seconds: Seconds = 2.0,
    anchor: Anchors = None,
    json_file: JsonFile = None,
    chart_file: ChartFile = None,
    write: Page = None,
    database: Named = None,
    force: Force = False,
    floors_only: FloorsOnly = False,
    grow: Grow = False,
    grow_to: GrowTo = 10_000_000,
    members: Members = 2_000,
    pgbench_scale: Scale = 50,
) -> None:
    """压测。 Measure speed as ratios to anchors of the same run; then audit what was written."""
    wanted: dict[str, Any] = {
        "engines": _words(engine, _ENGINES, "--engine"),
        "vias": (_words(via, _WAYS, "--via") or _WAYS) + (("growth",) if grow else ()),
        "clients": _clients(clients),
        "batches": _words(batch, _BATCHES, "--batch"),
        "loads": () if hot is None else ("hot" if hot else "spread",),
    }
    commands = _anchors(anchor)
    _places(json_file, "--json")
    _places(chart_file, "--chart")
    from api.commands.options import url_of  # noqa: PLC0415 - slow
    from benchmarks import cases, growth, running  # noqa: PLC0415

    asked = running.Asked(
        wanted=cases.Wanted(**wanted, postings=(growth.YOUNG, grow_to)),
        rounds=rounds,
        seconds=seconds,
        commands=commands,
        database=None if database is None else url_of(database),
        force=force,
        floors_only=floors_only,
        scale=pgbench_scale,
        members=members,
    )
    _run(asked, json_file, chart_file, write)


def _run(asked: Asked, json_file: Path | None, chart_file: Path | None, write: Path | None) -> None:
    """Run it, show and keep what came of it; exit 1 if the audit has findings."""
    from rich.console import Console  # noqa: PLC0415 - slow, as are the others

    from benchmarks import chart, page, running, terminal  # noqa: PLC0415

    if write is not None:
        page.require_marks(write)
    console = Console()
    console.width = max(console.width, _WIDTH_LEAST)
    found = running.run(asked, console)
    terminal.show(console, found)
    if json_file is not None:
        json_file.write_text(json.dumps(found.json(), ensure_ascii=False, indent=1) + "\n")
    if chart_file is not None:
        chart_file.write_text(chart.drawn(found))
    if write is not None:
        page.write(write, found)
    if found.found:
        raise typer.Exit(1)


def _words(said: list[str] | None, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Return the words of an option that can be given several times, or divided by commas."""
    found = _divided(said)
    for word in found:
        if word not in known:
            raise typer.BadParameter(f"{word}: {', '.join(known)}", param_hint=option)
    return tuple(dict.fromkeys(found))


def _clients(said: list[str] | None) -> tuple[int, ...]:
    found = _divided(said)
    if not all(word.isdecimal() and 1 <= int(word) <= _CLIENTS_MOST for word in found):
        raise typer.BadParameter("1, 8, 32 …", param_hint="--clients")
    return tuple(dict.fromkeys(int(word) for word in found))


def _divided(said: list[str] | None) -> list[str]:
    return [word.strip() for one in said or () for word in one.split(",") if word.strip()]


def _places(file: Path | None, option: str) -> None:
    """See that a file can be put where it is wanted, before ten minutes have gone by."""
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise typer.BadParameter(f"{file}: 没有这个目录 / no such folder", param_hint=option)


def _anchors(said: list[str] | None) -> tuple[tuple[str, str], ...]:
    pairs = [one.partition("=") for one in said or ()]
    if not all(name.strip() and words.strip() for name, _, words in pairs):
        raise typer.BadParameter("NAME=CMD", param_hint="--anchor")
    return tuple((name.strip(), words) for name, _, words in pairs)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(bench)
