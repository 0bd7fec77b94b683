"""The digits of a payment PIN: which are too easy, and how they are kept. Pure, and slow.

argon2 takes a good part of a second on a small machine: never call `hashed` or `matches` inside
a unit or on the event loop.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from itertools import pairwise

from pwdlib import PasswordHash

from creditbank.core.errors import BadField
from creditbank.core.vault import Vault
from creditbank.identity.sign_in_errors import PinWeak

LENGTH = 6

_PIN = re.compile(rf"[0-9]{{{LENGTH}}}")
_DIFFERENT_LEAST = 3
_LEAP_YEAR = 2000
_CENTURIES = ("19", "20")
_SALT_BYTES = 16


def refuse_weak(pin: str) -> None:
    """See that a new PIN is six digits that are not guessed first.

    Raises:
        BadField: it is not six digits.
        PinWeak: repeated digits, a run, halves or thirds alike, or the form of a birthday.
    """
    if not _PIN.fullmatch(pin):
        raise BadField("pin", f"{LENGTH} digits / {LENGTH} 位数字")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    repeats = pin[:3] == pin[3:] or len(set(pin)) < _DIFFERENT_LEAST
    if repeats or steps in ({1}, {9}) or _is_birthday(pin):
        raise PinWeak


def _is_birthday(pin: str) -> bool:
    """Tell whether it reads as a date: year, month, day in the usual orders, or year and month."""
    one, two, three = pin[:2], pin[2:4], pin[4:]
    return (
        _is_day(two, three)
        or _is_day(two, one)
        or _is_day(one, two)
        or (one in _CENTURIES and _is_day(three, "01"))
    )


def _is_day(month: str, day: str) -> bool:
    try:
        date(_LEAP_YEAR, int(month), int(day))
    except ValueError:
        return False
    return True


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


def hashed(vault: Vault, pin: str, *, whose: str, key: str) -> str:
    """Return what is kept of a PIN: argon2, salted by whose it is and by the request's key.

    The same request gives the same hash, so that its copies have the same content (law 3).

    Raises:
        BadField: it is not six digits.
        PinWeak: it is guessed first.
    """
    refuse_weak(pin)
    salt = bytes.fromhex(vault.hashed("pin-salt", f"{whose}/{key}"))[:_SALT_BYTES]
    return _hasher().hash(pin, salt=salt)


def matches(pin: str, kept: str) -> bool:
    """Tell whether a PIN is the one that was kept."""
    return _hasher().verify(pin, kept)
