"""A plan: requests written down before the time begins, with the answers they must get.

One request is one line of fields divided by tabs, which `redeem.lua` reads, too: what kind it is,
the status it must get, the fields its answer must have (JSON), whether its key is asked again,
path, key, token, body.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PAID, DECLINED, REPLAYED, NULL = "paid", "declined", "replayed", "null"
KINDS = (PAID, DECLINED, REPLAYED, NULL)

_TAB, _AGAIN, _ONCE = "\t", "again", "once"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request and what must be answered; ``again`` if several requests have its key."""

    kind: str
    path: str
    key: str
    token: str
    body: Mapping[str, Any]
    status: int
    expected: Mapping[str, Any]
    again: bool = False

    def line(self) -> str:
        """The request as a line of a plan."""
        again = _AGAIN if self.again else _ONCE
        fields = (self.kind, str(self.status), _json(self.expected), again)
        return _TAB.join((*fields, self.path, self.key, self.token, _json(self.body))) + "\n"

    @classmethod
    def read(cls, line: str) -> Self:
        """Return the request of a line.

        Raises:
            ValueError: it is no line of a plan.
        """
        kind, status, expected, again, path, key, token, body = line.rstrip("\n").split(_TAB)
        if kind not in KINDS or again not in {_AGAIN, _ONCE}:
            raise ValueError(line)
        wanted, said = json.loads(expected), json.loads(body)
        return cls(kind, path, key, token, said, int(status), wanted, again == _AGAIN)

    def wire(self) -> bytes:
        """The request as it goes over a connection that is kept alive."""
        body = _json(self.body)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self.token}\r\n"
            f"Idempotency-Key: {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode("ascii")

    def differs(self, status: int, answer: Mapping[str, Any]) -> str | None:
        """Say what an answer should have been, or None if it is as expected."""
        if status == self.status and all(
            answer.get(name) == value for name, value in self.expected.items()
        ):
            return None
        return (
            f"{self.kind} {self.key}: expected {self.status} {_json(self.expected)},"
            f" answered {status} {_json(answer)}"
        )


def write(path: Path, asks: Iterable[Ask]) -> int:
    """Write a plan into a file; returns how many requests it holds."""
    count = 0
    with path.open("w", encoding="ascii") as file:
        for ask in asks:
            file.write(ask.line())
            count += 1
    return count


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
