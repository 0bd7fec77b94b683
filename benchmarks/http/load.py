"""``python -m benchmarks.http.load``: asks a server what a plan says, and tells how long it took.

Closed loop: each connection sends the next request when its answer has come. Open loop
(``--rate``): requests are due at even times whatever the server does, and a request waits from
the time it was due, so that a stall counts for everyone who would have come meanwhile. Prints one
JSON object; exits 1 if an answer was wrong. Its timer is good to about a millisecond.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import queue
import re
import sys
import threading
import time
from array import array
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import uvloop

from benchmarks.http import children
from benchmarks.http.plan import PAID, Ask

AHEAD = 20_000
PATIENCE_S = 60.0
_TOLD_MOST = 10
_STARVED_S = 0.002
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NS_PER_US, _US_PER_S, _NS_PER_S = 1_000, 1_000_000, 1_000_000_000
_STATUS = slice(9, 12)


@dataclass(slots=True)
class Result:
    """What came of a run.

    ``own_us`` is what the generator itself worked per answer. ``starved`` counts how often a
    connection was free and the plan not yet written, ``examples`` are the first wrong answers.
    """

    connections: int
    rate_asked: float | None
    seconds: float = 0.0
    answered: int = 0
    rate: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    wrong: int = 0
    examples: list[str] = field(default_factory=list)
    latency_us: dict[str, int] = field(default_factory=dict)
    own_us: float = 0.0
    starved: int = 0


def percentiles(latencies_us: array[int]) -> dict[str, int]:
    """The figures by which waits are told; the nearest rank, so each is one that happened."""
    if not latencies_us:
        return {}
    found = sorted(latencies_us)
    ranks = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    return {name: found[-(-len(found) * rank // 100) - 1] for name, rank in ranks.items()}


class Ahead:
    """A plan that is read ahead by a thread, so that a file and a pipe are the same."""

    def __init__(self, source: IO[str], most: int) -> None:
        """Begin to read."""
        self._queue: queue.Queue[tuple[Ask, bytes] | None] = queue.Queue(most)
        self._most = most
        self._over = False
        self._thread = threading.Thread(target=self._read, args=(source,), daemon=True)
        self._thread.start()

    def _read(self, source: IO[str]) -> None:
        try:
            for line in source:
                ask = Ask.read(line)
                self._queue.put((ask, ask.wire()))
        finally:
            self._queue.put(None)

    def wait_until_full(self) -> None:
        """Wait until as much is read as may be."""
        while self._thread.is_alive() and self._queue.qsize() < self._most:
            self._thread.join(_STARVED_S)

    def take(self) -> tuple[Ask, bytes] | None:
        """The next request; None if the plan is over, or not written yet."""
        if self._over:
            return None
        try:
            found = self._queue.get_nowait()
        except queue.Empty:
            return None
        self._over = found is None
        return found

    def is_over(self) -> bool:
        """Tell whether all of it was taken."""
        return self._over


class Line(asyncio.Protocol):
    """One connection, kept alive, with at most one request on its way."""

    def __init__(self, load: Load) -> None:
        """Belong to a run."""
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._come = b""
        self._ask: Ask | None = None
        self._due_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = cast("asyncio.Transport", transport)

    @property
    def connected(self) -> bool:
        """Whether the server has not hung up."""
        return self._transport is not None

    def send(self, ask: Ask, wire: bytes, due_ns: int) -> None:
        """Send a request that was due at an instant."""
        assert self._ask is None, "one at a time"
        assert self._transport is not None, "only a connected line is free"
        self._ask, self._due_ns = ask, due_ns
        self._transport.write(wire)

    def data_received(self, data: bytes) -> None:
        """Take in a part of an answer."""
        self._come = come = self._come + data if self._come else data
        end = come.find(_END_OF_HEAD)
        if end < 0:
            return
        length = _LENGTH.search(come, 0, end + 2)
        if length is None:
            self._fail("an answer without its length")
            return
        begin = end + len(_END_OF_HEAD)
        if len(come) < begin + int(length[1]):
            return
        self._come = b""
        ask, self._ask = self._ask, None
        if ask is None:
            self._fail("an answer to nothing")
            return
        self._load.answered(self, ask, self._due_ns, int(come[_STATUS]), come[begin:])

    def _fail(self, what: str) -> None:
        ask, self._ask = self._ask, None
        self._load.lost(ask, what)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has hung up; what was on its way has no answer."""
        self._transport, self._come = None, b""
        ask, self._ask = self._ask, None
        if ask is not None:
            self._load.lost(ask, f"no answer: {exc!r}")
        self._load.hung_up(self)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Load:
    """One run: lines that are free, requests that are due, and what came back."""

    def __init__(self, port: int, ahead: Ahead, result: Result, patience_s: float) -> None:
        """Prepare a run against a port of this machine."""
        self.result = result
        self.latencies_us: array[int] = array("q")
        self.redemptions: list[str] = []
        self._port, self._ahead, self._patience_s = port, ahead, patience_s
        self._kinds: Counter[str] = Counter()
        self._first: dict[str, tuple[int, Any]] = {}
        self._free: deque[Line] = deque()
        self._every: set[Line] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._gap_ns = round(_NS_PER_S / result.rate_asked) if result.rate_asked else 0
        self._due_ns = self._end_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, seconds: float) -> None:
        """Ask for so long, and wait for the last answers."""
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        for _ in range(self.result.connections):
            self._free.append(await self._connected())
        worked, began_ns = time.process_time(), time.perf_counter_ns()
        self._due_ns, self._end_ns = began_ns, began_ns + round(seconds * _NS_PER_S)
        self._dispatch()
        try:
            await asyncio.wait_for(self._finished, seconds + self._patience_s)
        except TimeoutError:
            self._note_wrong(f"{self._busy} requests had no answer after {self._patience_s:g} s")
        ended_ns = time.perf_counter_ns()
        self._sum_up(ended_ns - began_ns, time.process_time() - worked)
        for line in self._every:
            line.close()

    async def _connected(self) -> Line:
        _, line = await self._loop.create_connection(lambda: Line(self), "127.0.0.1", self._port)
        self._every.add(line)
        return line

    def _dispatch(self) -> None:
        """Give what is due to whoever is free; the closed loop's requests are due at once."""
        while self._free:
            now_ns = time.perf_counter_ns()
            due_ns = self._due_ns if self._gap_ns else now_ns
            if due_ns >= self._end_ns or self._ahead.is_over():
                break
            if due_ns > now_ns:
                self._again_in((due_ns - now_ns) / _NS_PER_S)
                return
            found = self._ahead.take()
            if found is None:
                if not self._ahead.is_over():
                    self.result.starved += 1
                    self._again_in(_STARVED_S)
                    return
                break
            self._due_ns += self._gap_ns
            line = self._free.popleft()
            self._busy += 1
            if not line.connected:
                self._every.discard(line)
                task = self._loop.create_task(self._reconnected(found, due_ns))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                continue
            line.send(*found, due_ns)
        if not self._busy and not self._finished.done():
            self._finished.set_result(None)

    def _again_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._dispatch()

    async def _reconnected(self, found: tuple[Ask, bytes], due_ns: int) -> None:
        """Send by a new line what was due when an idle one was found closed."""
        try:
            (await self._connected()).send(*found, due_ns)
        except OSError as error:
            self.lost(found[0], f"no connection: {error!r}")
            self._dispatch()

    def answered(self, line: Line, ask: Ask, due_ns: int, status: int, body: bytes) -> None:
        """Note an answer, and give the line its next request."""
        self.latencies_us.append((time.perf_counter_ns() - due_ns) // _NS_PER_US)
        self._busy -= 1
        self._free.append(line)
        self._kinds[ask.kind] += 1
        self._look_at(ask, status, body)
        self._dispatch()

    def _look_at(self, ask: Ask, status: int, body: bytes) -> None:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._note_wrong(f"{ask.kind} {ask.key}: answered {status} and no JSON object")
            return
        found = ask.differs(status, answer)
        if found is None and ask.again:
            first = self._first.setdefault(ask.key, (status, answer))
            if first != (status, answer):
                found = f"{ask.kind} {ask.key}: first {first}, again {(status, answer)}"
        if found is not None:
            self._note_wrong(found)
        if ask.kind == PAID and answer.get("points"):
            self.redemptions.append(str(answer.get("redemption_id")))

    def lost(self, ask: Ask | None, what: str) -> None:
        """Note a request that will have no answer."""
        if ask is not None:
            self._busy -= 1
        self._note_wrong(f"{ask.kind} {ask.key}: {what}" if ask else what)

    def hung_up(self, line: Line) -> None:
        """Go on without a line that had a request on its way; an idle one is noticed later."""
        if line not in self._free and not self._finished.done():
            self._free.append(line)
            self._dispatch()

    def _note_wrong(self, what: str) -> None:
        self.result.wrong += 1
        if len(self.result.examples) < _TOLD_MOST:
            self.result.examples.append(what)

    def _sum_up(self, took_ns: int, worked_s: float) -> None:
        of, answered = self.result, len(self.latencies_us)
        of.seconds, of.answered = took_ns / _NS_PER_S, answered
        of.rate = answered / of.seconds
        of.kinds = dict(self._kinds)
        of.latency_us = percentiles(self.latencies_us)
        of.own_us = round(worked_s * _US_PER_S / max(1, answered), 1)


def _read_words() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.http.load", description=__doc__)
    asked.add_argument("--port", type=int, required=True, help="where the server listens")
    asked.add_argument("--plan", default="-", help="file of requests; - is the standard input")
    asked.add_argument("--connections", type=int, default=1, help="connections kept alive")
    asked.add_argument("--seconds", type=float, default=5.0)
    asked.add_argument("--rate", type=float, help="open loop: so many requests per second")
    asked.add_argument("--ahead", type=int, default=AHEAD, help="requests read ahead")
    asked.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds for the last")
    asked.add_argument("--detail", type=Path, help="file for every latency and redemption")
    asked.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return asked.parse_args()


def _opened(plan: str) -> IO[str]:
    return sys.stdin if plan == "-" else Path(plan).open(encoding="ascii")


def main() -> None:
    """Run once and print what came of it."""
    told = _read_words()
    if told.parent is not None:
        children.end_with(told.parent)
    ahead = Ahead(_opened(told.plan), told.ahead)
    ahead.wait_until_full()
    gc.collect()
    gc.disable()
    load = Load(told.port, ahead, Result(told.connections, told.rate), told.patience)
    uvloop.run(load.run(told.seconds))
    if told.detail is not None:
        detail = {"latencies_us": list(load.latencies_us), "redemptions": load.redemptions}
        told.detail.write_text(json.dumps(detail))
    print(json.dumps(asdict(load.result)), flush=True)
    # The reader may wait for the rest of a pipe, which an orderly end would wait for, too.
    os._exit(1 if load.result.wrong else 0)


if __name__ == "__main__":
    main()
