"""Rewards: what a service earns, and until when it is valid. Pure; whole numbers only.

Rounding never gives more than was served: whatever is left over, of an hour or of a unit, is
dropped, once, at the end of the sum.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from creditbank.core.values import PAYMENT_UNITS_MOST, whole_units

MINUTES_PER_HOUR = 60
MINUTES_PER_HALF_HOUR = 30
MONTHS_PER_YEAR = 12


class Per(StrEnum):
    """What a reward is counted by."""

    PERSON = "person"
    HOUR = "hour"


class Rounding(StrEnum):
    """Which part of the served time counts for a reward per hour."""

    WHOLE_HOURS_DOWN = "whole_hours_down"
    HALF_HOURS_DOWN = "half_hours_down"
    MINUTES_EXACT = "minutes_exact"


@dataclass(frozen=True, slots=True)
class Reward:
    """So many units of an asset, for each person or for each hour."""

    asset: str
    units: int
    per: Per

    def __post_init__(self) -> None:
        """Refuse what is no amount.

        Raises:
            BadAmount: the units are not a whole number from 1 to 1,000,000.
        """
        whole_units(self.units, PAYMENT_UNITS_MOST)


def earned(reward: Reward, minutes: int, rounding: Rounding) -> int:
    """Return the units that a service of so many minutes earns; it may be 0.

    Per hour: ``whole_hours_down`` counts full hours, ``half_hours_down`` full half hours,
    ``minutes_exact`` every minute. A fraction of a unit that remains is dropped (5 per hour,
    one and a half hours: 7).
    """
    if reward.per is Per.PERSON:
        return reward.units
    match rounding:
        case Rounding.WHOLE_HOURS_DOWN:
            return reward.units * (minutes // MINUTES_PER_HOUR)
        case Rounding.HALF_HOURS_DOWN:
            return reward.units * (minutes // MINUTES_PER_HALF_HOUR) // 2
        case Rounding.MINUTES_EXACT:
            return reward.units * minutes // MINUTES_PER_HOUR


def expires_on(day: date, validity_months: int | None) -> date | None:
    """Return the last day on which what came in on ``day`` is valid; None is for ever.

    It is the same day so many months later, or the last day of a month that has no such day.
    """
    if validity_months is None:
        return None
    months = day.year * MONTHS_PER_YEAR + day.month - 1 + validity_months
    year, month = divmod(months, MONTHS_PER_YEAR)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
