"""`creditbank demo`: a society of its own, the same for the same seed number, with clean books."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api import proofs, schema
from api.cli import app
from api.commands.demo import _prepare
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.engines import sqlite_path
from creditbank.core.units import View
from creditbank.lists import organisations
from creditbank.people import households, teams
from creditbank.tasks import pairs
from tests.faults import societies

SEED = "7"


def demo(*words: str) -> Result:
    """Run the demonstration of one week."""
    return CliRunner().invoke(app, ["demo", "--no-serve", "--weeks", "1", *words])


@dataclass(frozen=True)
class Told:
    """A demonstration that was run: its file, what it printed, and what people see of it."""

    url: str
    text: str
    portrait: dict[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """One week of the society, run once in an empty folder, for all tests that only look."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("CREDITBANK_DATABASE", raising=False)
        done = demo("--seed", SEED)
    assert 0 == done.exit_code, done.output
    url = f"sqlite:///{folder / f'demo-{SEED}.db'}"
    return Told(url, done.stdout, societies.portrait(url))


def test_a_demonstration_in_an_empty_folder(told: Told) -> None:
    """It makes a file of its own, and ends with a clean audit."""
    assert "the books add up" in told.text
    assert societies.bank(told.url).demonstration


def test_a_demonstration_that_is_run_again_begins_anew(told: Told, tmp_path: Path) -> None:
    """What an earlier run left in a file of its own is thrown away before the next one."""
    path = tmp_path / f"demo-{SEED}.db"
    shutil.copyfile(sqlite_path(told.url), path)
    _prepare(f"sqlite:///{path}", fresh=True)
    with Database(f"sqlite:///{path}", writing=False) as database:
        assert [] == database.reader.submit_install(banks.every).result()


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_the_same_seed_is_the_same_society(empty_database_url: str, told: Told) -> None:
    """PostgreSQL and SQLite hold the same names, figures and ranking for one seed."""
    done = demo("--seed", SEED, "--database", empty_database_url)
    assert 0 == done.exit_code, done.output
    assert told.portrait == societies.portrait(empty_database_url)


def test_who_belongs_together_in_the_society(told: Told) -> None:
    """It has 120 households, a team of 72 from 71 of them, 84 pairs and 41 organisations."""
    with Database(told.url, writing=False) as database:
        looked = database.read(database.bank().bank_id, society_of)
    assert looked == {
        "households": 120,
        "team": 72,
        "homes of the team": 71,
        "pairs": 84,
        "elders": 84,
        "elders who live with somebody": 0,
        "pairs that call from elsewhere": 0,
        "organisations": 41,
    }


def society_of(view: View) -> dict[str, int]:
    """Count who belongs together, as the database has it."""
    homes = households.listing(view, limit=200).households
    of_home = {one: home.household_id for home in homes for one in home.member_ids}
    (team,) = teams.listing(view).teams
    paired = pairs.listing(view, limit=200).pairs
    return {
        "households": len(homes),
        "team": len(team.member_ids),
        "homes of the team": len({of_home[one] for one in team.member_ids}),
        "pairs": len(paired),
        "elders": len({one.elder_id for one in paired}),
        "elders who live with somebody": sum(one.elder_id in of_home for one in paired),
        "pairs that call from elsewhere": sum(
            one.volunteer_id not in team.member_ids for one in paired
        ),
        "organisations": len(organisations.every(view)),
    }


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
