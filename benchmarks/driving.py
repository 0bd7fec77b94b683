"""The closed loop: so many requests in flight, and the next is asked when one is answered.

One thread drives all clients. A thread per client, each waiting for its future, would cost the
process that is measured more than the clients of a real server do.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from benchmarks.cases import Slice


@dataclass(frozen=True, slots=True)
class Request:
    """One request: what it asks for, and who looks at its answer.

    ``answered`` returns how much was done by it, and raises if the answer is not as it must be.
    """

    submit: Callable[[], Future[Any]]
    answered: Callable[[Future[Any]], int]


class Tally:
    """How many requests of a slice were declined or replayed, as whoever answers counts them."""

    def __init__(self) -> None:
        """Start at nought."""
        self.declined = 0
        self.replayed = 0


def closed_loop(
    following: Callable[[], Request | None],
    clients: int,
    seconds: float,
    tally: Tally | None = None,
) -> Slice:
    """Keep ``clients`` requests in flight for so many seconds; see all of them answered.

    It ends early when ``following`` has no more. The time runs until the last answer.
    """
    answers: SimpleQueue[tuple[Request, Future[Any], int]] = SimpleQueue()

    def ask() -> bool:
        request = following()
        if request is None:
            return False
        began = time.perf_counter_ns()

        def tell(future: Future[Any]) -> None:
            answers.put((request, future, time.perf_counter_ns() - began))

        request.submit().add_done_callback(tell)
        return True

    done, latencies = 0, array("q")
    started = time.perf_counter()
    until = started + seconds
    in_flight = sum(ask() for _ in range(clients))
    while in_flight:
        request, future, took_ns = answers.get()
        done += request.answered(future)
        latencies.append(took_ns // 1000)
        in_flight -= 1
        if time.perf_counter() < until:
            in_flight += ask()
    elapsed = time.perf_counter() - started
    counted = tally or Tally()
    return Slice(done, elapsed, latencies, counted.declined, counted.replayed)
