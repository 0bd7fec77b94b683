"""Tills go on while a year closes and a journal is loaded."""

from pathlib import Path

from tests.faults import busy_day


def test_a_year_closes_and_a_journal_is_loaded_while_tills_go_on(
    database_url: str, tmp_path: Path
) -> None:
    """Both jobs come to their end beside checkouts, all of which are paid."""
    done = busy_day.measure(database_url, tmp_path, members=700, rows=500, at_once=False)
    assert [] == done.wrong
    assert 700 == done.ranked
    assert 500 == done.rows_loaded
    assert len(done.while_uploading) > 0
    assert len(done.while_working) > 0
