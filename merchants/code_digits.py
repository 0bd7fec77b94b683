"""The digits of pay codes and cards: a prefix, fifteen random digits, a check digit. Pure."""

from __future__ import annotations

import re

from merchants.errors import CodeForeign, CodeScrambled

PREFIX = "97"
CARD_PREFIX = "96"
RANDOM_DIGITS = 15
LENGTH = len(PREFIX) + RANDOM_DIGITS + 1

_NINE = 9
_ANY_PAY_CODE = re.compile(r"[0-9]{16,24}")  # as long as those of other services


def check_digit(body: str) -> str:
    """Return the Luhn digit that completes a body of digits.

    Source: ISO/IEC 7812-1, annex B.
    """
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - _NINE if doubled > _NINE else doubled
    return str(-total % 10)


def complete(random_digits: str, *, prefix: str = PREFIX) -> str:
    """Return the pay code, or the card's code, of fifteen random digits."""
    body = prefix + random_digits
    return body + check_digit(body)


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
    if len(digits) != LENGTH or check_digit(digits[:-1]) != digits[-1]:
        raise CodeScrambled
    return digits
