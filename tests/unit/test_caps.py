"""Caps part what was earned: nothing is lost, and the tightest cap rules."""

import pytest

from creditbank.schemes.asset_rules import AssetRules
from creditbank.schemes.caps import Share, Used, share


@pytest.mark.parametrize(
    ("expected", "units", "caps", "used"),
    [
        (Share(9, 0), 9, (None, None, None), (99, 99, 99)),
        (Share(5, 4), 9, (5, None, None), (0, 99, 99)),
        (Share(2, 7), 9, (5, None, None), (3, 0, 0)),
        (Share(0, 9), 9, (5, None, None), (5, 0, 0)),
        (Share(0, 9), 9, (5, None, None), (8, 0, 0)),
        (Share(4, 5), 9, (9, 10, None), (0, 6, 0)),
        (Share(3, 6), 9, (9, 10, 20), (0, 6, 17)),
        (Share(0, 9), 9, (None, None, 20), (0, 0, 25)),
        (Share(9, 0), 9, (None, None, 20), (0, 0, -5)),
        (Share(0, 0), 0, (1, 1, 1), (0, 0, 0)),
    ],
)
def test_the_tightest_cap_rules(
    expected: Share,
    units: int,
    caps: tuple[int | None, int | None, int | None],
    used: tuple[int, int, int],
) -> None:
    """Day, month, storage: what is kept fits all three, and the rest is over."""
    day, month, storage = caps
    rules = AssetRules(asset="XYB", cap_day=day, cap_month=month, storage_cap=storage)
    assert expected == share(units, rules, Used(*used))
