"""Customers: members of a society whose pay codes are shown at its tills, each one once.

A scan burns every live code of its member, so nobody has two. The server writes them, because on
SQLite it is the one program that writes.
"""

from __future__ import annotations

import http.client
import json
from collections import deque
from collections.abc import Iterable, Sequence

from benchmarks.errors import CaseFailed
from benchmarks.http.orders import ONE_IN, Orders
from benchmarks.http.plan import Ask
from benchmarks.society import Society

AT_ONCE = 1_000
_TIMEOUT_S = 60


class Codes:
    """Live codes of some members, in the order in which they are shown."""

    def __init__(self, port: int, slug: str, member_ids: Iterable[str]) -> None:
        """Say whose; none is written before it is wanted."""
        self._port, self._path = port, f"/v1/b/{slug}/bench-codes"
        self._without = deque(member_ids)
        self._ready: deque[str] = deque()
        self._whose: dict[str, str] = {}

    def take(self, most: int) -> list[str]:
        """Take so many codes, or one for everyone who has none on the way."""
        while len(self._ready) < most and self._without:
            count = min(most - len(self._ready), len(self._without), AT_ONCE)
            chosen = [self._without.popleft() for _ in range(count)]
            written = self._write(chosen)
            self._ready.extend(written)
            self._whose.update(zip(written, chosen, strict=True))
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def used(self, codes: Iterable[str]) -> list[str]:
        """Note which codes were scanned, and return those: their members may have others."""
        known = [code for code in codes if code in self._whose]
        self._without.extend(self._whose.pop(code) for code in known)
        return known

    def back(self, codes: Sequence[str]) -> None:
        """Take back codes that nobody has scanned."""
        self._ready.extendleft(code for code in reversed(codes) if code in self._whose)

    def _write(self, member_ids: list[str]) -> list[str]:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        try:
            body = json.dumps({"member_ids": member_ids})
            line.request("POST", self._path, body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            said = json.loads(answer.read())
        finally:
            line.close()
        if answer.status != http.HTTPStatus.OK:
            raise CaseFailed("http", f"no pay codes: {said}")
        return [str(digits) for digits in said["digits"]]


class Customers:
    """Everyone of a society, for one slice after the other."""

    def __init__(self, port: int, society: Society, *, one_in: int = ONE_IN) -> None:
        """Say who; `orders` says what is asked with their codes."""
        self.orders = Orders(society, one_in=one_in)
        self._codes = Codes(port, society.slug, society.member_ids)
        self._poor = Codes(port, society.slug, society.poor_ids)

    def plan(self, most: int, *, hot: bool) -> list[Ask]:
        """Plan a slice of about so many redemptions, or fewer if there are fewer people."""
        poor = self._poor.take(self.orders.declined_of(most))
        return list(self.orders.redemptions(self._codes.take(most), iter(poor), hot=hot))

    def asked(self, planned: list[Ask], answered: int) -> None:
        """Note how far a plan came; what was never asked is planned again."""
        codes = [str(one.body["code"]) for one in planned]
        done, left = dict.fromkeys(codes[:answered]), list(dict.fromkeys(codes[answered:]))
        for some in (self._codes, self._poor):
            self.orders.used(some.used(done))
            some.back(left)
