"""Passwords of people in office: what one may be, and what is kept of it (argon2).

Slow on purpose, so never inside a unit: the edge compares first and hands the verdict in
(`Checked`); the unit sees under the row's lock that it was given about the hash still kept.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cache

from pwdlib.hashers.argon2 import Argon2Hasher

from creditbank.core.errors import BadField

LEAST, MOST = 10, 128
_DIFFERENT_LEAST = 4

# The ones that everybody tries first, of those that are long enough; compared in lower case,
# without digits at the end.
_COMMON_WORDS = (
    "abcdefghij abcdefghijk abcdefghijkl administrator asdfghjkl asdfghjklz creditbank changeme "
    "changemenow football iloveyou iloveyouforever letmein letmeinplease monkey mypassword "
    "p@ssw0rd p@ssword passw0rd passwd password passwordpassword princess qazwsx qazwsxedc "
    "qwerasdf qwerasdfzxcv qwert qwerty qwertyui qwertyuiop qwertyqwerty qq sunshine superman "
    "timebank trustno welcome welcometo woaini woainiwoaini woshi wodemima xinyibei zaq zxcvbnm "
    "zxcvbnmasdfghjkl zhang nihao nihaoma aa aaa a abc abcd abcde admin root test user guest"
)
_ROWS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz")
_COMMON_RUNS = (
    "1q2w3e4r5t 1qaz2wsx3edc 1qazxsw23edc q1w2e3r4t5 qwe123qwe123 abc123abc123 a1b2c3d4e5 "
    "1234512345 1122334455 1212121212 5201314520 1314520520 147258369 1472583690 7894561230 "
    "159357159357 123123123123 1234qwerasdf 1qaz2wsx1qaz2wsx"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_COMMON_WHOLE = frozenset(_COMMON_RUNS.split())


@dataclass(frozen=True, slots=True)
class Checked:
    """That a password was compared with a hash, and what came of it."""

    password_hash: str = field(repr=False)
    right: bool


def _normal(password: str) -> str:
    """Return a password as it is compared, however the keyboard composed it."""
    return unicodedata.normalize("NFKC", password)


def require_good(password: str, login: str) -> None:
    """See that a password may be chosen.

    Raises:
        BadField: it is too short, too long, the login itself, or one that everybody tries first.
    """
    plain = _normal(password)
    low = plain.casefold()
    if not LEAST <= len(plain) <= MOST:
        raise BadField("password", f"{LEAST}–{MOST} characters / {LEAST}–{MOST} 个字符")
    if low == login.casefold():
        raise BadField("password", "not the login / 不能与登录名相同")
    plainly = low.rstrip("0123456789!.") in _COMMON or low in _COMMON_WHOLE
    if plainly or len(set(low)) < _DIFFERENT_LEAST or any(low in row for row in _ROWS):
        raise BadField("password", "too common / 过于常见，容易被猜到")


@cache
def _hasher() -> Argon2Hasher:
    return Argon2Hasher()


def hashed(password: str) -> str:
    """Return what is kept of a password. Slow: not in a unit, not on the event loop."""
    return _hasher().hash(_normal(password))


@cache
def _nobodys() -> str:
    return hashed("nobody has this one")


def checked(kept: str | None, password: str) -> Checked:
    """Compare a password with the kept hash; without one, as slowly, with nobody's.

    Slow: not in a unit, not on the event loop.
    """
    right = _hasher().verify(_normal(password), kept or _nobodys())
    return Checked(kept or "", right and kept is not None)
