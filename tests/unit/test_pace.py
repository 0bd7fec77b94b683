"""A slice of bulk work finds its own size, within bounds, and learns nothing from what is left."""

import pytest

from creditbank.core.pace import Pace

MS = 1_000_000


def learned(pace: Pace, *slices: tuple[int, int]) -> list[int]:
    """The size after each slice of so many things that took so many milliseconds."""
    sizes = []
    for count, took_ms in slices:
        pace.learn(count, took_ms * MS)
        sizes.append(pace.size)
    return sizes


def test_a_slice_grows_to_what_fits() -> None:
    """Quick slices double at most; slow ones fall at once; neither leaves its bounds."""
    pace = Pace(100, most=1_000)
    quick = [(100, 1), (200, 1), (400, 2), (800, 4), (1_000, 5)]
    assert [200, 400, 800, 1_000, 1_000] == learned(pace, *quick)
    assert [500, 100, 150] == learned(pace, (1_000, 60), (500, 3_000), (100, 20))


def test_a_slice_that_took_no_time_at_all_still_has_a_size() -> None:
    """A clock that stood still divides by nothing."""
    assert [20] == learned(Pace(10, most=50), (10, 0))


def test_what_is_left_over_says_nothing() -> None:
    """The last, short slice of a file and a slice that failed change no size."""
    pace = Pace(100, most=1_000)
    with pace.timed(49):
        pass
    with pytest.raises(RuntimeError), pace.timed(100):
        raise RuntimeError
    assert 100 == pace.size
    with pace.timed(100):
        pass
    assert 200 == pace.size
