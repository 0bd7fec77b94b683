"""``creditbank operator create``: the first way into a bank's office."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from creditbank.core.clock import ManualClock, SystemClock
from creditbank.core.database import Database
from creditbank.identity import appointments, passwords, staff
from tests.office import PHRASE, Clerk, Office

WEAK = "password2026"


def run(*words: str, typed: str | None = None, password: str | None = None) -> Result:
    """Run a command in this process, with a password from the environment if there is one."""
    environment = {"CREDITBANK_PASSWORD": password}
    return CliRunner().invoke(app, list(words), input=typed, env=environment)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite database with one bank."""
    url = f"sqlite:///{tmp_path / 'trust.db'}"
    assert 0 == run("init", "--database", url, "--name", "信任互助社").exit_code
    return url


def test_the_first_operator_signs_in_with_what_was_shown(url: str) -> None:
    """Address, secret, picture and ten recovery codes; the password is typed twice."""
    typed = f"chen.office\n陈秋月\n{PHRASE}\n{PHRASE}\n"
    done = run("operator", "create", "--database", url, typed=typed)
    assert 0 == done.exit_code, done.output
    assert PHRASE not in done.output
    assert "otpauth://totp/" in done.stdout
    assert "█" in done.stdout
    secret = done.stdout.partition("secret=")[2].partition("&")[0]
    codes = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    recovery = [one for one in codes if one.count("-") == 1][-10:]
    clock = ManualClock(SystemClock().now())
    with Database(url, clock=clock) as database:
        bank_id = database.bank("trust").bank_id
        [staff_id] = database.read(bank_id, appointments.operators)
        kept = database.read(bank_id, lambda view: staff.password_of(view, "chen.office"))
        clerk = Clerk(staff_id, "chen.office", secret, recovery, str(kept))
        assert passwords.checked(kept, PHRASE).right
        office = Office(database, clock, bank_id)
        assert office.sign_in(clerk).second_factor
        assert 9 == office.sign_in(clerk, recovery_code=recovery[9]).recovery_left


def test_a_weak_password_makes_no_operator(url: str) -> None:
    """Nor does a login that is taken; both are said in words."""
    words = ("operator", "create", "--database", url, "--login", "chen", "--name", "陈秋月")
    weak = run(*words, password=WEAK)
    assert 1 == weak.exit_code
    assert "常见" in weak.stderr
    assert 0 == run(*words, password=PHRASE).exit_code
    again = run(*words, password=PHRASE)
    assert 1 == again.exit_code
    assert "登录名" in again.stderr
