"""Rewards: whole numbers, remainders dropped, and dates by months."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.core.errors import BadAmount
from creditbank.schemes.rewards import CAN_CARRY, Per, Reward, Rounding, earned, expires_on

NEAR, NEAR_HALF = Rounding.WHOLE_HOURS_NEAREST, Rounding.HALF_HOURS
SERVICE = Rounding.PER_SERVICE
HOUR, PERSON = Per.HOUR, Per.PERSON
DOWN, HALF, EXACT = Rounding.WHOLE_HOURS_DOWN, Rounding.HALF_HOURS_DOWN, Rounding.MINUTES_EXACT


@pytest.mark.parametrize(
    ("expected", "per", "units", "minutes", "rounding"),
    [
        (5, PERSON, 5, 1, DOWN),
        (5, PERSON, 5, 600, EXACT),
        (0, HOUR, 5, 59, DOWN),
        (5, HOUR, 5, 60, DOWN),
        (5, HOUR, 5, 119, DOWN),
        (10, HOUR, 5, 120, DOWN),
        (0, HOUR, 5, 29, HALF),
        (2, HOUR, 5, 30, HALF),
        (5, HOUR, 5, 89, HALF),
        (7, HOUR, 5, 90, HALF),
        (0, HOUR, 5, 11, EXACT),
        (1, HOUR, 5, 12, EXACT),
        (7, HOUR, 5, 95, EXACT),
        (60, HOUR, 60, 60, EXACT),
        (0, HOUR, 4, 14, NEAR_HALF),
        (2, HOUR, 4, 15, NEAR_HALF),
        (2, HOUR, 4, 44, NEAR_HALF),
        (4, HOUR, 4, 45, NEAR_HALF),
        (2, HOUR, 5, 30, NEAR_HALF),
        (0, HOUR, 4, 29, NEAR),
        (4, HOUR, 4, 30, NEAR),
        (4, HOUR, 4, 89, NEAR),
        (8, HOUR, 4, 90, NEAR),
        (4, HOUR, 4, 1, SERVICE),
        (4, HOUR, 4, 600, SERVICE),
        (5, PERSON, 5, 600, SERVICE),
    ],
)
def test_what_a_service_earns(
    expected: int, per: Per, units: int, minutes: int, rounding: Rounding
) -> None:
    """A fraction of an hour or of a unit is dropped, once, at the end."""
    assert expected == earned(Reward("XYB", units, per), minutes, rounding)


@given(
    units=st.integers(1, 1_000_000),
    minutes=st.integers(1, 44_640),
    rounding=st.sampled_from(sorted(CAN_CARRY)),
)
def test_rounding_never_gives_more_than_was_served(
    units: int, minutes: int, rounding: Rounding
) -> None:
    """Units times 60 stay at or below the rate times the minutes."""
    assert earned(Reward("XYB", units, HOUR), minutes, rounding) * 60 <= units * minutes


@given(units=st.integers(1, 1000), minutes=st.integers(1, 5000))
def test_finer_rounding_never_gives_less(units: int, minutes: int) -> None:
    """Whole hours ≤ half hours ≤ minutes."""
    given_by = [earned(Reward("XYB", units, HOUR), minutes, one) for one in (DOWN, HALF, EXACT)]
    assert sorted(given_by) == given_by


@pytest.mark.parametrize("units", [0, -1, 1.5, True, 10**30, "7", None])
def test_a_reward_is_a_whole_number(units: object) -> None:
    """Anything but 1 to 1,000,000 is refused when the reward is made."""
    with pytest.raises(BadAmount):
        Reward("XYB", units, PERSON)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "day", "months"),
    [
        (None, date(2026, 3, 1), None),
        (date(2026, 4, 1), date(2026, 3, 1), 1),
        (date(2027, 1, 31), date(2026, 12, 31), 1),
        (date(2026, 2, 28), date(2026, 1, 31), 1),
        (date(2028, 2, 28), date(2026, 2, 28), 24),
        (date(2025, 2, 28), date(2024, 2, 29), 12),
        (date(2026, 12, 15), date(2025, 12, 15), 12),
    ],
)
def test_the_last_valid_day(expected: date | None, day: date, months: int | None) -> None:
    """It is the same day so many months later, or the last day of a shorter month."""
    assert expected == expires_on(day, months)
