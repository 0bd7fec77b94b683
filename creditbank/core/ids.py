"""Ids made by the server: a prefix that says what it is, and a UUIDv7 in 26 characters.

Ids sort roughly by time because indexes like that; nothing in the product reads a time out of
one. A unit that is replayed after a lost race draws the same ids again (`IdSource.rewind`).
"""

from __future__ import annotations

import secrets
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26


def _uuid7(instant: datetime) -> int:
    """Return a version-7 UUID as a number.

    Source: RFC 9562, section 5.7 (48 bits of milliseconds, version, 74 random bits).
    """
    milliseconds = int(instant.timestamp() * 1000)
    high = secrets.randbits(12)
    low = secrets.randbits(62)
    return (milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low


def _encode(number: int) -> str:
    """Write 128 bits in 26 characters of Crockford's alphabet, lower case."""
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


class IdSource:
    """Draws ids, numbers and digits for one unit, and the same ones again after `rewind`."""

    def __init__(self) -> None:
        """Start with nothing drawn."""
        self._drawn: list[str] = []
        self._next = 0

    def rewind(self) -> None:
        """Start over: the next draws repeat the first ones, so a replayed unit is the same unit."""
        self._next = 0

    def _draw(self, fresh: str) -> str:
        if self._next == len(self._drawn):
            self._drawn.append(fresh)
        self._next += 1
        return self._drawn[self._next - 1]

    def prefixed(self, prefix: str, instant: datetime) -> str:
        """Return a new id such as ``mem_01j…``; ``instant`` only helps indexes."""
        return self._draw(f"{prefix}_{_encode(_uuid7(instant))}")

    def number(self, instant: datetime) -> int:
        """Return a new positive 63-bit number for rows that people never see."""
        return int(self._draw(str(_uuid7(instant) >> 65)))

    def digits(self, count: int) -> str:
        """Return ``count`` unpredictable decimal digits."""
        return self._draw(f"{secrets.randbelow(10**count):0{count}d}")


def is_id(text: str, prefix: str) -> bool:
    """Tell whether a text has the form of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(c in _ALPHABET for c in tail)
