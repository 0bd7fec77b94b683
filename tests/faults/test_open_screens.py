"""Open code pages in small: each phone is told of its own payment, and nobody holds the server."""

from pathlib import Path

import pytest

from tests.faults import durable, open_screens


@pytest.mark.parametrize("kind", ["sqlite"])
def test_twelve_open_screens(kind: str, tmp_path: Path) -> None:
    """Twelve phones look while they pay; each is rung and shows paid; the streams end at once."""
    with durable.fresh(kind, tmp_path, fsync=False) as url:
        told = open_screens.tell(url, tmp_path, people=12, tills=2)
    assert (12, 0, 0) == (len(told.waited_s), told.unanswered, told.untold)
    assert (12, 12) == (told.rung, told.streams_ended)
