"""A server that is killed loses nothing that it acknowledged, and doubles nothing."""

from pathlib import Path

from tests.faults import kills


def test_one_kill_under_load_loses_and_doubles_nothing(database_url: str, tmp_path: Path) -> None:
    """After kill -9 and a restart, answers and books agree to the point."""
    done = kills.endure(database_url, tmp_path, kills=1, clients=3, seed=7, between_s=0.3)
    assert [] == done.wrong
    assert 1 == done.kills
    assert done.resent > 0
    assert done.paid > 0
