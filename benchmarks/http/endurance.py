"""``python -m benchmarks.http.endurance``: full load for minutes, and the server's memory.

Requests go to the generator by a pipe, while it asks.
Pay codes are written by the server itself, a few at a time, as phones would ask for them beside
the tills. A member's next code may only be written when the one before was scanned: the ring of
members is longer than what is planned, read ahead and on the way together.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from api import schema
from benchmarks import folders, society
from benchmarks.errors import CaseFailed
from benchmarks.http import runs
from benchmarks.http.children import Child
from benchmarks.http.customers import Codes
from benchmarks.http.load import PATIENCE_S
from benchmarks.http.orders import Orders
from benchmarks.http.plan import Ask
from benchmarks.http.runs import Ran
from benchmarks.society import Society
from creditbank.core.database import Database

# Members who are needed, and how many of them have a code on the way at most.
PEOPLE = 3_000
_CODES_AT_ONCE, _AHEAD = 200, 1_000
_LOOKS = 40
_GRACE_S = 60


@dataclass(frozen=True, slots=True)
class Endured:
    """What came of it: the run, and how much memory the server held, at even times."""

    ran: Ran
    resident_bytes: tuple[int, ...]

    @property
    def most_bytes(self) -> int:
        """The most it ever held when looked at."""
        return max(self.resident_bytes)

    @property
    def growth_bytes(self) -> int:
        """By how much it grew over the last half: between the medians of its two quarters."""
        quarter = max(1, len(self.resident_bytes) // 4)
        last, before = self.resident_bytes[-quarter:], self.resident_bytes[-2 * quarter : -quarter]
        return sorted(last)[quarter // 2] - sorted(before)[quarter // 2]


def endure(
    server: Child, port: int, society: Society, folder: Path, *, clients: int, seconds: float
) -> Endured:
    """Ask for redemptions by so many clients for so long; the society has `PEOPLE`, or more.

    Raises:
        CaseFailed: an answer was wrong, or the generator ended without a word.
    """
    assert len(society.member_ids) >= PEOPLE, "fewer would burn each other's codes"
    detail, log = folder / "detail.json", folder / "load.log"
    words = ["--port", str(port), "--detail", str(detail), "--ahead", str(_AHEAD)]
    words += ["--connections", str(clients), "--seconds", str(seconds)]
    asking = Child(
        "benchmarks.http.load", *words, log=log, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert asking.process.stdin is not None, "it was asked for"
        asks = _asks(port, society)
        feeder = threading.Thread(target=_feed, args=(asking.process.stdin, asks), daemon=True)
        feeder.start()
        held = _watched(asking, server.resident_bytes, seconds)
        assert asking.process.stdout is not None, "it was asked for"
        said = asking.process.stdout.read()
        feeder.join(_GRACE_S)
    finally:
        asking.stop()
    return Endured(runs.read_back(said, detail, log), held)


def _asks(port: int, society: Society) -> Iterator[Ask]:
    """Plan redemptions for ever; whoever's code was taken has the next one a whole ring later."""
    codes = Codes(port, society.slug, society.member_ids)
    poor = Codes(port, society.slug, society.poor_ids)

    def ring(of: Codes, at_once: int) -> Iterator[str]:
        while taken := of.take(at_once):
            of.used(taken)
            yield from taken

    return Orders(society).redemptions(ring(codes, _CODES_AT_ONCE), ring(poor, 1), hot=False)


def _feed(pipe: IO[bytes], asks: Iterator[Ask]) -> None:
    try:
        for ask in asks:
            pipe.write(ask.line().encode("ascii"))
        pipe.close()
    except OSError:  # the generator has read enough
        return


def _watched(asking: Child, look: Callable[[], int], seconds: float) -> tuple[int, ...]:
    """Look at even times until the generator has ended.

    Raises:
        CaseFailed: it does not end.
    """
    found: list[int] = []
    gives_up = time.monotonic() + seconds + PATIENCE_S + _GRACE_S
    while asking.process.poll() is None:
        found.append(look())
        if time.monotonic() > gives_up:
            raise CaseFailed("http", "the load generator does not end")
        time.sleep(seconds / _LOOKS)
    return tuple(found)


def main() -> None:
    """Found a society in an SQLite file, load its server, and print what came of it."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.http.endurance", description=__doc__)
    asked.add_argument("--minutes", type=float, default=10.0)
    asked.add_argument("--clients", type=int, default=32)
    told = asked.parse_args()
    with folders.run_folder() as folder:
        url = f"sqlite:///{folder / 'endurance.db'}"
        schema.migrate(url)
        with Database(url) as database:
            there = society.found(database, people=PEOPLE)
        with runs.serving(url, folder) as (server, port):
            done = endure(
                server, port, there, folder, clients=told.clients, seconds=60 * told.minutes
            )
            busy_us = server.busy_us()
    said = asdict(done.ran.result)
    memory = {"resident_bytes": done.resident_bytes, "growth_bytes": done.growth_bytes}
    print(json.dumps(said | memory | {"server_us": busy_us // max(1, said["answered"])}, indent=1))


if __name__ == "__main__":
    main()
