"""The digits of pay codes and cards: a prefix, fifteen random digits, a check digit. Pure."""

from __future__ import annotations

import re

from creditbank.core import check_digits
from merchants.errors import CodeForeign, CodeScrambled

PREFIX = "97"
CARD_PREFIX = "96"
RANDOM_DIGITS = 15
LENGTH = len(PREFIX) + RANDOM_DIGITS + 1

_ANY_PAY_CODE = re.compile(r"[0-9]{16,24}")  # as long as those of other services


def complete(random_digits: str, *, prefix: str = PREFIX) -> str:
    """Return the pay code, or the card's code, of fifteen random digits."""
    body = prefix + random_digits
    return body + check_digits.luhn(body)


def of_card(digits: str) -> bool:
    """Tell whether digits that were read are a printed card's."""
    return digits.startswith(CARD_PREFIX)


def read(typed: str) -> str:
    """Return the digits of a scanned or typed code; spaces don't count.

    Raises:
        CodeForeign: it is a code of another service.
        CodeScrambled: it is no whole pay code.
    """
    digits = "".join(typed.split())
    if not _ANY_PAY_CODE.fullmatch(digits):
        raise CodeScrambled
    if not digits.startswith((PREFIX, CARD_PREFIX)):
        raise CodeForeign
    if len(digits) != LENGTH or check_digits.luhn(digits[:-1]) != digits[-1]:
        raise CodeScrambled
    return digits
