"""Ids made by the server: a prefix that says what it is, and a UUIDv7 in 26 characters.

Ids sort roughly by time because indexes like that; nothing in the product reads a time out of
one. A unit that is replayed after a lost race draws the same ids again (`IdSource.rewind`).
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from datetime import datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_WHOLE = 20  # bytes that are whole characters of five bits, with zeros in front
_OURS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())


def _uuid7(instant: datetime) -> int:
    """Return a version-7 UUID as a number.

    Source: RFC 9562, section 5.7 (48 bits of milliseconds, version, 74 random bits).
    """
    milliseconds = int(instant.timestamp() * 1000)
    drawn = int.from_bytes(secrets.token_bytes(10))
    high, low = drawn >> 68, drawn & (2**62 - 1)
    return (milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low


def _number(instant: datetime) -> int:
    """Return 31 bits of seconds and 32 random bits."""
    return ((int(instant.timestamp()) & (2**31 - 1)) << 32) | secrets.randbits(32)


def _encode(number: int) -> str:
    """Write 128 bits in 26 characters of Crockford's alphabet, lower case."""
    return b32encode(number.to_bytes(_WHOLE)).translate(_OURS)[-_LENGTH:].decode()


class IdSource:
    """Draws ids, numbers and digits for one unit, and the same ones again after `rewind`."""

    def __init__(self) -> None:
        """Start with nothing drawn."""
        self._drawn: dict[str, list[str]] = {}
        self._next: dict[str, int] = {}
        self._number: int | None = None

    def rewind(self) -> None:
        """Start over: the next draws repeat the first ones, so a replayed unit is the same unit."""
        self._next = {}
        self._number = None

    def _draw(self, kind: str, fresh: str) -> str:
        """Draw by kind: a replay that finds other rows there still draws what fits."""
        drawn = self._drawn.setdefault(kind, [])
        place = self._next.get(kind, 0)
        if place == len(drawn):
            drawn.append(fresh)
        self._next[kind] = place + 1
        return drawn[place]

    def prefixed(self, prefix: str, instant: datetime) -> str:
        """Return a new id such as ``mem_01j…``; ``instant`` only helps indexes."""
        return self._draw(prefix, f"{prefix}_{_encode(_uuid7(instant))}")

    def number(self, instant: datetime) -> int:
        """Return a new positive 63-bit number for rows that people never see.

        The numbers of one unit follow each other, so that they cannot clash among themselves.
        """
        if self._number is None:
            self._number = int(self._draw("number", str(_number(instant))))
        self._number += 1
        return self._number

    def digits(self, count: int) -> str:
        """Return ``count`` unpredictable decimal digits."""
        return self._draw(f"digits {count}", f"{secrets.randbelow(10**count):0{count}d}")


def is_id(text: str, prefix: str) -> bool:
    """Tell whether a text has the form of an id with this prefix."""
    head, _, tail = text.partition("_")
    return head == prefix and len(tail) == _LENGTH and all(c in _ALPHABET for c in tail)
