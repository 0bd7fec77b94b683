"""One run from beginning to end: databases, cases and anchors, rounds, audit."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from api.commands.serve import collect_seldom
from benchmarks import (
    anchors,
    audits,
    core,
    floors,
    folders,
    growth,
    machine,
    places,
    rounds,
    service,
    terminal,
)
from benchmarks import results as of_run
from benchmarks.cases import CORE, GROWTH, HTTP, POSTGRES, SERVICE, SQLITE, Case, Opened, Wanted
from benchmarks.errors import (
    AnchorFailed,
    DiskFull,
    NotDurable,
    NothingToMeasure,
    PostgresMissing,
)
from benchmarks.floors import FLOORS, Floor
from benchmarks.http import cases as over_http
from benchmarks.places import SERVER_SETTINGS, Engine
from benchmarks.results import Results
from benchmarks.rounds import Measured
from benchmarks.society import MEMBERS
from creditbank.core.engines import normalised, sqlite_path, translated
from creditbank.core.errors import DatabaseUnavailable

ROUNDS, SECONDS = 5, 2.0
ENGINES = (SQLITE, POSTGRES)

_ROOMS: Mapping[str, Callable[[Opened, Wanted], list[Case]]] = {
    CORE: core.cases,
    SERVICE: service.cases,
    HTTP: over_http.cases,
    GROWTH: growth.cases,
}
_FULL = ("disk", "space", "too large")
_REASON_MOST = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for on the command line."""

    wanted: Wanted = field(default_factory=Wanted)
    rounds: int = ROUNDS
    seconds: float = SECONDS
    commands: tuple[tuple[str, str], ...] = ()
    database: str | None = None
    force: bool = False
    floors_only: bool = False
    scale: int = anchors.SCALE
    members: int = MEMBERS

    @property
    def engines(self) -> tuple[str, ...]:
        """Which engines: those that were named, the one of the named database, or both."""
        if self.database is not None:
            return (places.engine_of(self.database),)
        return self.wanted.engines or ENGINES

    @property
    def floors(self) -> tuple[Floor, ...]:
        """The floors of the engines that are measured."""
        young, old = self.wanted.postings or (growth.YOUNG, growth.OLD)
        every = (*FLOORS, *floors.of_growth(young, old))
        return tuple(one for one in every if one.case.split()[0] in self.engines)

    @property
    def beside(self) -> Path | None:
        """The folder of a file that is named: what it is divided by lies on the same disk."""
        if self.database is None or places.engine_of(self.database) != SQLITE:
            return None
        parent = sqlite_path(normalised(self.database)).resolve().parent
        return parent if parent.is_dir() else None


class Bench:
    """A run: what is open, what will be measured, and what could not be."""

    def __init__(self, asked: Asked, console: Console, folder: Path) -> None:
        """Say what is asked for, who hears of it, and where files may lie."""
        self._asked, self._console, self._folder = asked, console, folder
        self._engines: list[Engine] = []
        self._cases: list[Case] = []
        self._left_out: list[str] = []

    def run(self) -> Results:
        """Measure, and audit what was written."""
        about = machine.describe(self._folder)
        with ExitStack() as stack:
            for engine in self._asked.engines:
                self._open(engine, stack)
            self._choose()
            measured = self._measure()
            for one in self._engines:
                one.held.close()
            self._say("核账 / audit")
            found = {
                f"{place.engine} {place.name}": (place, audits.look(place))
                for one in self._engines
                for place in one.places
            }
            return Results(
                about,
                {one.engine: one.version() for one in self._engines},
                self._settings(),
                measured,
                of_run.judged(measured, self._asked.floors),
                {name: findings for name, (_, findings) in found.items()},
                tuple(self._left_out),
                {name: place.acknowledged.count for name, (place, _) in found.items()},
            )

    def _open(self, engine: str, stack: ExitStack) -> None:
        self._say(f"准备 / preparing {engine}")
        asked = self._asked
        try:
            if asked.database is None:
                opening = places.opened(self._folder, engine, people=asked.members)
            else:
                opening = places.opened_at(
                    self._folder, asked.database, force=asked.force, people=asked.members
                )
            self._engines.append(stack.enter_context(opening))
        except PostgresMissing as error:
            self._left_out.append(error.sentence())

    def _choose(self) -> None:
        """Collect what is wanted and can be had.

        Raises:
            NothingToMeasure: that is nothing.
        """
        for opened in self._engines:
            self._cases += [*self._anchors(opened), *self._of(opened)]
        if self._asked.floors_only:
            named = floors.needed(self._asked.floors)
            self._cases = [one for one in self._cases if one.name in named]
        if not any(one.against or one.clients for one in self._cases):
            raise NothingToMeasure("; ".join(self._left_out) or "--via, --clients, --batch")
        self._cases += [anchors.command(name, words) for name, words in self._asked.commands]

    def _anchors(self, opened: Engine) -> Iterator[Case]:
        if opened.engine == SQLITE:
            yield anchors.raw_insert(opened)
            return
        try:
            yield anchors.pgbench(opened, self._asked.scale)
        except AnchorFailed as error:
            self._left_out.append(error.sentence())

    def _of(self, opened: Engine) -> Iterator[Case]:
        for via in self._asked.wanted.vias:
            if via in {HTTP, GROWTH} and opened.founded is None:
                self._left_out.append(f"{opened.engine} {via}: it wants databases of its own")
                continue
            yield from _ROOMS[via](opened, self._asked.wanted)

    def _measure(self) -> Measured:
        asked = self._asked
        collect_seldom()
        slices = rounds.count(self._cases, asked.rounds)
        with terminal.progress(self._console, slices) as tell:
            return rounds.run(
                self._cases,
                asked.rounds,
                asked.seconds,
                dice=random.Random(),
                tell=lambda nth, case: tell(terminal.name_of(nth, case)),
            )

    def _settings(self) -> dict[str, object]:
        return {
            "rounds": self._asked.rounds,
            "seconds": self._asked.seconds,
            "members": self._asked.members,
            "pgbench": {
                "scale": self._asked.scale,
                "clients": anchors.CLIENTS,
                "jobs": anchors.JOBS,
                "protocol": "prepared",
            },
            "postgres": SERVER_SETTINGS if self._asked.database is None else "as found",
            "durable": {one.engine: dict(one.settings) for one in self._engines},
        }

    def _say(self, what: str) -> None:
        if self._console.is_terminal:
            self._console.print(f"{what} …", style="dim")


def run(asked: Asked, console: Console) -> Results:
    """Run a benchmark in a folder of its own, which is gone afterwards.

    Raises:
        DataInside, NotDurable, NothingToMeasure: nothing was measured.
        AnchorFailed, CaseFailed: something did not do what it must.
        DiskFull, DatabaseUnavailable: the run ended before its time.
    """
    try:
        with folders.run_folder(asked.beside) as folder:
            if folders.in_memory(folder):
                wanted = "disk" if asked.beside else "disk, by TMPDIR"
                raise NotDurable(str(folder.parent), "file system", machine.disk_of(folder), wanted)
            return Bench(asked, console, folder).run()
    except (DatabaseUnavailable, DBAPIError, psycopg.Error, sqlite3.Error, OSError) as error:
        reason = _reason(error)
        if any(word in reason.lower() for word in _FULL):
            raise DiskFull(reason) from error
        typed = translated(error)
        if typed is error:
            raise
        raise typed from error


def _reason(error: Exception) -> str:
    """Return the first line of what went wrong; who copies a folder tells of every file in it."""
    if isinstance(error, shutil.Error) and error.args and error.args[0]:
        return str(error.args[0][0][-1])[:_REASON_MOST]
    return str(getattr(error, "reason", error)).split("\n")[0][:_REASON_MOST]
