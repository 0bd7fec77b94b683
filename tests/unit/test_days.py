"""Days: every minute of a service belongs to the day of the bank's calendar in which it begins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.service.days import split
from creditbank.service.pauses import Pause, between

NIGHT = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
FIRST, SECOND, THIRD = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)


@pytest.mark.parametrize(
    ("begun", "minutes", "expected"),
    [
        (NIGHT - timedelta(hours=2), 60, [(FIRST, 60)]),
        (NIGHT - timedelta(hours=1), 60, [(FIRST, 60)]),
        (NIGHT - timedelta(minutes=45), 60, [(FIRST, 45), (SECOND, 15)]),
        (NIGHT, 30, [(SECOND, 30)]),
        (NIGHT - timedelta(seconds=30), 2, [(FIRST, 1), (SECOND, 1)]),
        (NIGHT - timedelta(minutes=1), 1442, [(FIRST, 1), (SECOND, 1440), (THIRD, 1)]),
        (NIGHT, 0, []),
    ],
)
def test_a_night_is_split(begun: datetime, minutes: int, expected: list[tuple[date, int]]) -> None:
    """What is served before midnight counts to the day before, by the bank's clock."""
    assert expected == split(begun, minutes, "Asia/Shanghai")


def test_a_day_of_another_length_is_split_by_its_own_midnight() -> None:
    """On the day on which clocks go forward a day has 23 hours."""
    begun = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin, an hour is skipped at 2
    days = [(date(2026, 3, 29), 23 * 60), (date(2026, 3, 30), 60)]
    assert days == split(begun, 24 * 60, "Europe/Berlin")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 5000),
)
def test_no_minute_is_lost_or_doubled(begun: datetime, minutes: int) -> None:
    """The parts are of days in order, none is empty, and they add up."""
    parts = split(begun, minutes, "America/New_York")
    assert minutes == sum(count for _, count in parts)
    assert all(count > 0 for _, count in parts)
    days = [day for day, _ in parts]
    assert sorted(set(days)) == days


def _pause(begun: int, ended: int | None) -> Pause:
    at = [None if one is None else NIGHT + timedelta(minutes=one) for one in (begun, ended)]
    assert at[0] is not None
    return Pause("pse", "clm", at[0], at[1])


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([], 0),
        ([_pause(10, 25)], 15),
        ([_pause(10, 25), _pause(40, None)], 35),
        ([_pause(-30, 5)], 5),
        ([_pause(-30, -5)], 0),
        ([_pause(50, 90)], 10),
    ],
)
def test_only_pauses_inside_the_service_count(several: list[Pause], expected: int) -> None:
    """A pause is cut to the span; one that lasts ends with it."""
    rested = between(several, NIGHT, NIGHT + timedelta(hours=1))
    assert timedelta(minutes=expected) == rested
