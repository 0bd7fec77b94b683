"""Draws: which approvals somebody else looks at once more.

The share is the scheme's; twice as many of those where somebody else noted the coming, or where
something is odd. The draw is a keyed hash of the claim: the same for ever, and nobody who reviews
can tell it beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from creditbank.core.units import View
from creditbank.schemes import scheme
from creditbank.tasks.claims import Claim, SignedInHow

_WHOLE = 1000
_TWICE = {SignedInHow.LEADER, SignedInHow.ROSTER, SignedInHow.AFTERWARDS}


class SecondLook(StrEnum):
    """What came of the draw; an approval that was not drawn has none of these."""

    DRAWN = "drawn"
    PASSED = "passed"
    FAILED = "failed"


def draw(view: View, found: Claim, flags: Iterable[str]) -> SecondLook | None:
    """Return whether this approval is drawn for a second look."""
    permille = scheme.current(view).second_look_permille
    if found.signed_in_how in _TWICE or tuple(flags):
        permille = min(permille * 2, _WHOLE)
    drawn = int(view.vault.hashed("second look", found.claim_id), 16) % _WHOLE
    return SecondLook.DRAWN if drawn < permille else None
