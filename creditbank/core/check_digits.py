"""Check digits: the last digit of a number that people type or scan, so that a slip is seen. Pure.

Source: ISO/IEC 7812-1, annex B (the Luhn digit).
"""

from __future__ import annotations

_NINE = 9


def luhn(body: str) -> str:
    """Return the digit that completes a body of digits."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - _NINE if doubled > _NINE else doubled
    return str(-total % 10)
