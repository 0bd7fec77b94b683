"""`creditbank demo`: a society of its own, the same for the same seed number, with clean books."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api import proofs, schema
from api.cli import app
from creditbank.core import banks
from creditbank.core.database import Database
from tests.faults import societies


def demo(*words: str) -> Result:
    """Run the demonstration of one week."""
    return CliRunner().invoke(app, ["demo", "--no-serve", "--weeks", "1", *words])


def test_a_demonstration_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It makes a file of its own, ends with a clean audit, and can be run again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDITBANK_DATABASE", raising=False)
    first = demo("--seed", "7")
    assert 0 == first.exit_code, first.output
    assert "the books add up" in first.stdout
    assert "demo-7.db" in {path.name for path in tmp_path.iterdir()}
    url = f"sqlite:///{tmp_path / 'demo-7.db'}"
    before = societies.portrait(url)
    again = demo("--seed", "7")
    assert 0 == again.exit_code, again.output
    assert before == societies.portrait(url)
    assert societies.bank(url).demonstration


def test_the_same_seed_is_the_same_society(empty_database_url: str, tmp_path: Path) -> None:
    """Two databases, of whatever kind, hold the same names, figures and ranking for one seed."""
    other = f"sqlite:///{tmp_path / 'other.db'}"
    for url in (empty_database_url, other):
        done = demo("--seed", "11", "--database", url)
        assert 0 == done.exit_code, done.output
    assert societies.portrait(other) == societies.portrait(empty_database_url)


def test_a_bank_that_is_no_demonstration_is_refused(database_url: str) -> None:
    """A database with another bank stays as it is."""
    with Database(database_url) as database:
        database.install(
            lambda c, now: banks.create(
                c, slug="real", name="真互助社", zone="Asia/Shanghai", now=now
            )
        )
    done = demo("--database", database_url)
    assert 1 == done.exit_code
    assert "real" in done.stderr
    with Database(database_url, writing=False) as database:
        known = database.reader.submit_install(banks.every).result()
        assert ["real"] == [bank.slug for bank in known]
        assert 0 == proofs.count(database.read(known[0].bank_id, proofs.audit))
    schema.check(database_url)


def test_a_file_that_is_written_by_another_program_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a server holds the demonstration's file, a second one says so and exits 3."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDITBANK_DATABASE", raising=False)
    url = f"sqlite:///{tmp_path / 'demo-5.db'}"
    schema.migrate(url)
    with Database(url):
        done = demo("--seed", "5")
    assert 3 == done.exit_code
    assert (tmp_path / "demo-5.db").exists()
