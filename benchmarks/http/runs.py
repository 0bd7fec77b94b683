"""Runs: a server on a database, and the load generator at it, once for each slice."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import time
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import CaseFailed
from benchmarks.http import children, plan
from benchmarks.http.children import Child
from benchmarks.http.load import PATIENCE_S, Result
from benchmarks.http.plan import Ask

_READY_S = 60
_LOOK_EVERY_S = 0.03


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one run, with every wait and the ids of the redemptions that were paid."""

    result: Result
    latencies_us: array[int]
    redemptions: frozenset[str]


@contextlib.contextmanager
def serving(url: str, folder: Path, *, keys: Path | None = None) -> Iterator[tuple[Child, int]]:
    """Start the server on a database for a with block; hands out it and its port.

    ``keys`` is the file of the persons' keys, where it does not lie where it lies by default.
    """
    port = children.free_port()
    words = ["--database", url, "--port", str(port)]
    words += [] if keys is None else ["--keys", str(keys)]
    server = Child("benchmarks.http.server", *words, log=folder / "server.log")
    try:
        wait_until_ready(server, port)
        yield server, port
    finally:
        server.stop()


def wait_until_ready(server: Child, port: int) -> None:
    """Wait for the first answer of a server.

    Raises:
        CaseFailed: it ended, or did not answer within a minute.
    """
    deadline = time.monotonic() + _READY_S
    while not _answers(port):
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise CaseFailed("http", f"the server did not start:\n{server.log.read_text()}")
        time.sleep(_LOOK_EVERY_S)


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/readyz")
        return line.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def load(
    folder: Path,
    port: int,
    asks: Iterable[Ask],
    *,
    clients: int,
    seconds: float,
    rate: float | None = None,
) -> Ran:
    """Ask what a plan says, by a generator in a process of its own.

    Raises:
        CaseFailed: an answer was wrong, or the generator ended without a word.
    """
    file, detail, log = folder / "plan.tsv", folder / "detail.json", folder / "load.log"
    planned = plan.write(file, asks)
    words = ["--port", str(port), "--plan", str(file), "--detail", str(detail)]
    words += ["--connections", str(clients), "--seconds", str(seconds), "--ahead", str(planned + 1)]
    words += [] if rate is None else ["--rate", str(rate)]
    asking = Child("benchmarks.http.load", *words, log=log, stdout=subprocess.PIPE)
    try:
        said, _ = asking.process.communicate(timeout=seconds + PATIENCE_S + _READY_S)
    finally:
        asking.stop()
    return read_back(said, detail, log)


def read_back(said: bytes, detail: Path, log: Path) -> Ran:
    """Read what a generator said.

    Raises:
        CaseFailed: an answer was wrong, or the generator ended without a word.
    """
    if not said:
        raise CaseFailed("http", f"the load generator ended:\n{log.read_text()}")
    result = Result(**json.loads(said))
    if result.wrong:
        raise CaseFailed("http", "\n".join([f"{result.wrong} wrong answers", *result.examples]))
    found = json.loads(detail.read_text())
    return Ran(result, array("q", found["latencies_us"]), frozenset(found["redemptions"]))
