"""The word that proves a write was sent by a page of ours, bound to the cookie of its sitting.

Programs that sign in by cookie are told the word itself. A page carries it salted afresh each
time, so that the length of a compressed page tells nothing of it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from creditbank.identity import sittings

FIELD = "csrf"
_SALT_BYTES = 8


def salted(secret: str) -> str:
    """Return the word of a cookie for one page."""
    salt = secrets.token_hex(_SALT_BYTES)
    return f"{salt}.{_with_salt(secret, salt)}"


def fits(secret: str, said: str) -> bool:
    """Tell whether what was sent is the word of this cookie, plain or salted."""
    salt, salted_one, _ = said.partition(".")
    wanted = _with_salt(secret, salt) if salted_one else sittings.csrf_of(secret)
    return hmac.compare_digest(said.rpartition(".")[2].encode(), wanted.encode())


def _with_salt(secret: str, salt: str) -> str:
    word = sittings.csrf_of(secret)
    return hmac.new(word.encode(), salt.encode(), hashlib.sha256).hexdigest()
