"""Argon2 at its least cost, for tests that sign in a thousand times but measure nothing.

One hash at the product's cost takes 0.15 s of processor time. What is kept still says of itself
that it is argon2id, and how dear it was; `tests/unit/test_hashes.py` holds the product's cost.
"""

import contextlib
from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from creditbank.identity import passwords, pin_digits


@contextlib.contextmanager
def quick() -> Iterator[None]:
    """Hash cheaply for the length of a with block."""
    hasher = Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1)
    pins = PasswordHash((hasher,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: hasher)
        patch.setattr(pin_digits, "_hasher", lambda: pins)
        yield
