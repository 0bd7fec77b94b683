"""Rewards: what a service earns, and until when it is valid. Pure; whole numbers only.

Time is counted in steps (whole hours, half hours, minutes), units of an asset are paid for whole
steps, and what is left over is known to the minute-unit: 60 of them are one unit, so ``units × 60
+ left`` is always the rate times the minutes, plus what was carried along. Whether what is left is
dropped or carried to the next service is the remainder rule.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import lcm

from creditbank.core.values import PAYMENT_UNITS_MOST, whole_units

MINUTES_PER_HOUR = 60
MINUTES_PER_HALF_HOUR = 30
MONTHS_PER_YEAR = 12


class Per(StrEnum):
    """What a reward is counted by."""

    PERSON = "person"
    HOUR = "hour"


class Rounding(StrEnum):
    """Which part of the served time counts for a reward per hour.

    ``…_down`` counts full steps only; ``half_hours`` and ``whole_hours_nearest`` the nearest
    step, half a step counting as a whole one; ``minutes_exact`` every minute; ``per_service`` an
    hour for each service, however long.
    """

    WHOLE_HOURS_DOWN = "whole_hours_down"
    WHOLE_HOURS_NEAREST = "whole_hours_nearest"
    HALF_HOURS_DOWN = "half_hours_down"
    HALF_HOURS = "half_hours"
    MINUTES_EXACT = "minutes_exact"
    PER_SERVICE = "per_service"


class Remainder(StrEnum):
    """What becomes of time and fractions that were not paid: dropped, or carried along."""

    DROP = "drop"
    CARRY = "carry"


CAN_CARRY = frozenset({Rounding.WHOLE_HOURS_DOWN, Rounding.HALF_HOURS_DOWN, Rounding.MINUTES_EXACT})
"""The roundings that never pay more than was served, so that something is left to carry."""


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


@dataclass(frozen=True, slots=True)
class Counted:
    """What a service earns, and the minute-units that are left (below 0: paid in advance)."""

    units: int
    left: int


def counted(
    reward: Reward, minutes: int, rounding: Rounding, carried: int | None = None
) -> Counted:
    """Return what a service of so many minutes earns, beside what was carried along if it is.

    A reward per person, and one per hour under ``per_service``, has nothing to do with minutes:
    it leaves what was carried as it is. What is carried is below 0 where an approval was
    withdrawn whose remainder had been paid out with a later service. Where remainders are carried
    only steps that make whole units are paid (half hours of an odd rate by two), so that the
    order and the size of the parts make no difference.
    """
    if reward.per is Per.PERSON or rounding is Rounding.PER_SERVICE:
        return Counted(reward.units, carried or 0)
    served = (carried or 0) + reward.units * minutes
    step = reward.units * _STEP_MINUTES[rounding] or MINUTES_PER_HOUR
    if carried is not None:
        step = lcm(step, MINUTES_PER_HOUR)
    begun = step // 2 if rounding in _NEAREST else 0
    units = max(0, (served + begun) // step * step // MINUTES_PER_HOUR)
    return Counted(units, served - units * MINUTES_PER_HOUR)


_STEP_MINUTES = {
    Rounding.WHOLE_HOURS_DOWN: MINUTES_PER_HOUR,
    Rounding.WHOLE_HOURS_NEAREST: MINUTES_PER_HOUR,
    Rounding.HALF_HOURS_DOWN: MINUTES_PER_HALF_HOUR,
    Rounding.HALF_HOURS: MINUTES_PER_HALF_HOUR,
    Rounding.MINUTES_EXACT: 0,
}
_NEAREST = frozenset({Rounding.WHOLE_HOURS_NEAREST, Rounding.HALF_HOURS})


def earned(reward: Reward, minutes: int, rounding: Rounding) -> int:
    """Return the units that a service earns by itself; it may be 0.

    A fraction of a unit that remains is dropped (5 per hour, one and a half hours: 7).
    """
    return counted(reward, minutes, rounding).units


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
