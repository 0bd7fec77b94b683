"""Paces: how much a slice of bulk work takes, so that no till waits long for one.

A slice is as large as those before it let expect to take 30 ms inside its unit; with the commit
that is about 50 ms of the writer. It never falls below a bound: where a machine is busy, most of a
slice is for its statements and not for its rows, and smaller ones would only be more of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_WANTED_NS = 30_000_000
_FASTER_AT_ONCE = 2


class Pace:
    """So many things a slice takes now: ``least`` at first, ``most`` however quick they are."""

    def __init__(self, least: int, *, most: int) -> None:
        """Start with the smallest slices."""
        self.size = least
        self._bounds = least, most

    @contextmanager
    def timed(self, count: int) -> Iterator[None]:
        """Learn from a slice that does ``count`` things in a with block; not from a failed one.

        What is left over at an end says nothing: most of its time is not for what it holds.
        """
        began = time.perf_counter_ns()
        yield
        if count * 2 >= self.size:
            self.learn(count, time.perf_counter_ns() - began)

    def learn(self, count: int, took_ns: int) -> None:
        """Choose the next size after ``count`` things took so long."""
        least, most = self._bounds
        fitting = count * _WANTED_NS // max(took_ns, 1)
        self.size = max(least, min(fitting, count * _FASTER_AT_ONCE, most))
