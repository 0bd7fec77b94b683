"""Asks: work that the writer does for many callers as one set.

An ask is a frozen dataclass of what a caller said. It can be called with a unit like any other
work; but when several of a kind wait for the same bank, the writer hands them over together, each
with its own unit, so that they share their statements, their locks and their commit.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Self, TypeVar

from creditbank.core.errors import CreditbankError
from creditbank.core.units import Declined, Unit

R = TypeVar("R")


class Ask(ABC, Generic[R]):
    """What a caller asks for; ``R`` is what a good answer is."""

    @classmethod
    @abstractmethod
    def together(
        cls, units: Sequence[Unit], asks: Sequence[Self]
    ) -> Sequence[R | Declined | CreditbankError]:
        """Do all of them, in the order given, and return what came of each.

        The units share connection, bank and instant. An error in an ask's place says that it left
        nothing behind. What is raised leaves nothing of the whole set behind: the writer then asks
        each alone, so that one of them never spoils the others.
        """

    def __call__(self, unit: Unit) -> R | Declined:
        """Do it alone."""
        (outcome,) = self.together([unit], [self])
        if isinstance(outcome, CreditbankError):
            raise outcome
        return outcome
