"""How absences add up, as a rule without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from creditbank.schemes.parameters import Scheme
from creditbank.tasks.no_shows import rests_until

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
RULES = Scheme(no_shows_most=3, no_show_window_days=90, no_show_rest_days=30)

CASES = (
    ("nothing", (), None),
    ("two are not three", (0, 1), None),
    ("three in the window", (0, 40, 90), 120),
    ("three, a day too far apart", (0, 40, 91), None),
    ("the latest three decide", (0, 1, 2, 50), 80),
    ("an old three, one much later", (0, 1, 2, 200), 32),
    ("in any order", (90, 0, 40), 120),
)


@pytest.mark.parametrize(("days", "until"), [one[1:] for one in CASES], ids=[c[0] for c in CASES])
def test_how_absences_add_up(days: tuple[int, ...], until: int | None) -> None:
    """Three within ninety days make thirty days of rest from the last of them."""
    expected = None if until is None else START + until * DAY
    assert expected == rests_until([START + one * DAY for one in days], RULES)
