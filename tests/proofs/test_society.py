"""The whole year of the demonstration's society, as the issues order it."""

from datetime import date
from pathlib import Path

from typer.testing import CliRunner

from api import proofs
from api.cli import app
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.lists import organisations
from creditbank.people import households, teams
from creditbank.tasks import pairs, visits
from seeds.society import YEAR
from tests.proofs.conftest import Proof


def looked_at(view: View) -> tuple[int, ...]:
    """Households, team, pairs, organisations, calls of the year, and months that were short."""
    every = pairs.listing(view, limit=200).pairs
    (team,) = teams.listing(view).teams
    months = [visits.in_month(view, every, date(YEAR, month, 1)) for month in range(1, 13)]
    return (
        len(households.listing(view, limit=200).households),
        len(team.member_ids),
        len(every),
        len(organisations.every(view)),
        sum(one.done for month in months for one in month),
        sum(one.missing > 0 for month in months for one in month),
    )


def test_the_society_of_the_demonstration(tmp_path: Path, proof: Proof) -> None:
    """Households, team, pairs and rota are as ordered, and the year ends with a clean audit."""
    url = f"sqlite:///{tmp_path / 'year.db'}"
    done = CliRunner().invoke(app, ["demo", "--no-serve", "--database", url])
    assert 0 == done.exit_code, done.output
    with Database(url, writing=False) as database:
        bank_id = database.bank().bank_id
        findings = proofs.count(database.read(bank_id, proofs.audit))
        homes, team, paired, partners, calls, short = database.read(bank_id, looked_at)
    proof(
        "the demo's society: 120 households, a team of 72 with 84 elders, two visits a month, rota",
        f"{homes} households, a team of {team}, {paired} pairs, {partners} organisations; "
        f"{calls} of 2,016 calls, {short} of 1,008 months short and listed; "
        f"{findings} findings of the audit",
        met=(homes, team, paired, partners, findings) == (120, 72, 84, 41, 0)
        and calls >= 1950
        and short <= 60,
    )
