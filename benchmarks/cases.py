"""What is measured: a case, a slice of it, and the databases in which cases do their work.

Every way in has a room of its own that builds cases of this one shape: `benchmarks.core`,
`benchmarks.service`, `benchmarks.http` and `benchmarks.growth`, each by
``cases(opened: Opened, wanted: Wanted) -> list[Case]``. An anchor, what others are divided by, is
a case too, with ``via=ANCHOR``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.society import Society
from creditbank.core.database import Database

SQLITE, POSTGRES = "sqlite", "postgres"
CORE, SERVICE, HTTP, GROWTH, ANCHOR = "core", "service", "http", "growth", "anchor"
SPREAD, HOT = "spread", "hot"


@dataclass(frozen=True, slots=True)
class Slice:
    """What one turn of a case came to.

    ``done`` counts what was answered, in the unit of the case (transfers, redemptions, requests),
    ``declined`` and ``replayed`` included; ``seconds`` is how long that really took, and
    ``latencies_us`` holds one figure per answer, where there are single answers.
    """

    done: int
    seconds: float
    latencies_us: array[int] = field(default_factory=lambda: array("q"))
    declined: int = 0
    replayed: int = 0

    @property
    def rate(self) -> float:
        """How many per second."""
        return self.done / self.seconds


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be measured; ``work`` runs it for about so many seconds.

    ``prepare`` is called before, outside the time. ``against`` is the name of what its rate is
    divided by in the table. What makes a name unique is engine, via, what, load and clients.
    """

    engine: str
    via: str
    what: str
    work: Callable[[float], Slice]
    clients: int = 0
    load: str = ""
    against: str = ""
    prepare: Callable[[float], None] | None = None

    @property
    def name(self) -> str:
        """What it is called everywhere: in tables, floors and files."""
        clients = f"{self.clients} client{'s' if self.clients > 1 else ''}" if self.clients else ""
        return " ".join(
            word for word in (self.engine, self.via, self.what, self.load, clients) if word
        )

    def run(self, seconds: float) -> Slice:
        """Prepare, then run one slice."""
        if self.prepare is not None:
            self.prepare(seconds)
        return self.work(seconds)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases somebody asked for; an empty tuple means those that matter.

    ``batches`` are auto, 1, 32 …, for who posts in sets; ``postings`` are how many a young and an
    old database have, for growth.
    """

    engines: tuple[str, ...] = ()
    vias: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()
    batches: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    postings: tuple[int, ...] = ()

    def of(self, case: Case) -> bool:
        """Tell whether a case has the clients and the load that somebody asked for."""
        return (not self.clients or not case.clients or case.clients in self.clients) and (
            not self.loads or not case.load or case.load in self.loads
        )


@dataclass(slots=True)
class Acknowledged:
    """What callers were told is done; the audit looks for exactly this in the database.

    ``numbers`` are those of the transfers that were posted under `transfer_key`; ``redemptions``
    are the ids of receipts with points on them.
    """

    numbers: set[int] = field(default_factory=set)
    redemptions: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many things that is."""
        return len(self.numbers) + len(self.redemptions)


@dataclass(frozen=True, slots=True)
class Place:
    """A database with a society in it, and what was acknowledged there.

    ``keys`` is where the persons' keys lie (a server's ``CREDITBANK_KEYS``), None where they lie
    by default.
    """

    name: str
    engine: str
    url: str
    society: Society
    keys: Path | None = None
    acknowledged: Acknowledged = field(default_factory=Acknowledged)


class Opened(Protocol):
    """One engine, ready to be measured.

    ``database`` is open for writing in this process and belongs to ``place``; who serves from
    another process asks for `another`. What is pushed on ``held`` is closed before the audit.
    """

    @property
    def engine(self) -> str:
        """Which engine."""
        ...

    @property
    def folder(self) -> Path:
        """Where files of this run may lie."""
        ...

    @property
    def place(self) -> Place:
        """What is open, and what was acknowledged there."""
        ...

    @property
    def database(self) -> Database:
        """The place, open for writing."""
        ...

    @property
    def held(self) -> ExitStack:
        """What is closed when nothing is measured any more."""
        ...

    def another(self, name: str) -> Place:
        """Return a further database with the same society, which nobody has open; it is audited."""
        ...


def transfer_key(number: int) -> str:
    """Return the key of the numbered transfer."""
    return f"bench/{number:015d}"
