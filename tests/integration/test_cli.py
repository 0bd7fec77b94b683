"""The command line: what it prints, how it ends, and what it says when it cannot."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from api import tokens
from api.cli import app
from creditbank.core.clock import SystemClock
from creditbank.core.database import Database
from creditbank.core.engines import writer_lock
from creditbank.core.units import Actor
from creditbank.ledger.books import accounts
from tests import postgres
from tests.merchant_builders import OFFERS

RULE = str(OFFERS / "every-30-yuan.toml")
CREDITBANK = [sys.executable, "-m", "api"]


def run(*words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, list(words))


def told(result: Result, *parts: str, code: int = 1) -> None:
    """See that a command ended so, said these things on stderr, and showed no traceback."""
    assert code == result.exit_code, (result.output, result.exception)
    for part in parts:
        assert part in result.stderr
    assert isinstance(result.exception, SystemExit), "an error that nobody said in words"
    assert "Traceback" not in result.output
    assert code == 2 or re.search(r"[\u4e00-\u9fff]", result.stderr), "said in Chinese, too"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite database with one bank."""
    url = f"sqlite:///{tmp_path / 'trust.db'}"
    assert 0 == run("init", "--database", url, "--name", "信任互助社").exit_code
    return url


def test_init_makes_a_database_with_a_bank(url: str) -> None:
    """Init migrates and founds a bank; again it finds the slug taken; migrate may run again."""
    listed = run("bank", "list", "--database", url)
    assert "trust\t信任互助社" in listed.output
    told(run("init", "--database", url, "--name", "信任互助社"), "已存在", "exists already")
    assert 0 == run("migrate", "--database", url).exit_code
    assert 0 == run("bank", "create", "other", "--name", "另一社", "--database", url).exit_code
    told(run("audit", "--database", url), "--bank", "trust")
    told(run("audit", "--database", url, "--bank", "nowhere"), "nowhere")


def test_the_default_database_is_in_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without URL it is the embedded file; the environment names another."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("CREDITBANK_DATABASE", raising=False)
    assert 0 == run("init").exit_code
    assert (tmp_path / "creditbank" / "creditbank.db").exists()
    other = tmp_path / "other.db"
    monkeypatch.setenv("CREDITBANK_DATABASE", f"sqlite:///{other}")
    assert 0 == run("init").exit_code
    assert other.exists()


def test_a_token_is_printed_once_and_only_its_hash_is_kept(url: str, tmp_path: Path) -> None:
    """The secret goes to stdout and nowhere else: not into tokens, not into kept answers."""
    made = run("token", "create", "--role", "operator", "--database", url)
    secret = made.stdout.strip()
    assert re.fullmatch(r"cbt_[\w-]{43}", secret)
    with Database(url, writing=False) as database:
        bank_id = database.bank().bank_id
        look = database.reader.submit_install(
            lambda c: tokens.find(c, bank_id, secret, database.clock.now())
        )
        known = look.result()
    assert known is not None
    assert "operator" == known.token.role
    dump = "\n".join(sqlite3.connect(tmp_path / "trust.db").iterdump())
    assert secret not in dump
    assert secret.removeprefix("cbt_") not in dump
    assert 0 == run("token", "revoke", known.token.token_id, "--database", url).exit_code
    told(run("token", "revoke", f"tok_{'0' * 26}", "--database", url), "no such access token")
    told(run("token", "create", "--role", "king", "--database", url), "role")
    told(run("token", "create", "--database", url), "role")
    told(run("token", "create", "--till", f"til_{'0' * 26}", "--database", url), "no such till")
    told(run("token", "create", "--member", "mem_x", "--database", url), "no such member")


@pytest.mark.parametrize(
    ("cart", "line"),
    [
        ("29.99", "points=0 discount=0.00"),
        ("30", "points=3 discount=3.00"),
        ("59.99", "points=3 discount=3.00"),
        ("60", "points=6 discount=6.00"),
    ],
)
def test_quote_says_what_the_rule_gives(cart: str, line: str) -> None:
    """The rule of FACTS A, without any database."""
    assert line == run("quote", "--offer", RULE, "--cart", cart).stdout.strip()


def test_quote_says_what_is_wrong(tmp_path: Path) -> None:
    """A cart of 0, a cart that is no number, a rule with an unknown parameter and its line."""
    told(run("quote", "--offer", RULE, "--cart", "0"), "0")
    for cart in ("-1", "1e3", "５９", "abc", "1.234", "NaN"):
        told(run("quote", "--offer", RULE, f"--cart={cart}"))
    bad = tmp_path / "bad.toml"
    text = Path(RULE).read_text() + "\nsurprise = 1\n"
    bad.write_text(text)
    told(run("quote", "--offer", str(bad), "--cart", "30"), "surprise", str(len(text.splitlines())))
    bad.write_bytes(b"\xff\xfe")
    told(run("quote", "--offer", str(bad), "--cart", "30"), "UTF-8")
    told(run("quote", "--offer", str(tmp_path / "none.toml"), "--cart", "30"), code=2)


def test_a_database_that_cannot_be_used_is_said_plainly(url: str, tmp_path: Path) -> None:
    """Missing, no database, unknown kind, newer, older, and one that another program writes to."""
    told(run("audit", "--database", f"sqlite:///{tmp_path / 'none.db'}"), "creditbank init")
    told(run("audit", "--database", "mysql://x/y"), "mysql")
    told(run("audit", "--database", "nonsense"), "nonsense")
    (tmp_path / "text.db").write_text("not a database at all, but long enough to be read" * 20)
    told(run("audit", "--database", f"sqlite:///{tmp_path / 'text.db'}"))
    told(run("audit", "--database", "postgresql://nobody@127.0.0.1:1/none"))
    with writer_lock(url):
        taken = run("token", "create", "--role", "auditor", "--database", url)
        told(taken, "Another program", code=3)
        told(run("worker", "--once", "--database", url), "Another program", code=3)
        told(run("migrate", "--database", url), "Another program", code=3)
        assert 0 == run("audit", "--database", url).exit_code, "readers work beside a writer"
    connection = sqlite3.connect(tmp_path / "trust.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from-the-future'")
    connection.close()
    told(run("audit", "--database", url), "newer")


def test_audit_ends_with_1_when_a_proof_fails(url: str, tmp_path: Path) -> None:
    """A balance that was changed by hand is found and named."""
    clean = run("audit", "--database", url)
    assert 0 == clean.exit_code
    assert "the books add up" in clean.output
    connection = sqlite3.connect(tmp_path / "trust.db")
    with connection:
        connection.execute(
            "INSERT INTO account (bank_id, account_id, address, asset_code, floor, balance,"
            " version, recorded_at) VALUES (1, 1, 'fund/x', 'XYB', 0, 5, 1, '2026-01-01 00:00:00')"
        )
    connection.close()
    dirty = run("audit", "--database", url)
    assert 1 == dirty.exit_code
    assert "fund/x" in dirty.output


@pytest.fixture
def bank_url(database_url: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of either kind with one bank, and PostgreSQL's own programs at hand."""
    if backend == "postgres":
        monkeypatch.setenv("PG_BIN", str(postgres._binaries(None)))
    made = run("bank", "create", "trust", "--name", "信任互助社", "--database", database_url)
    assert 0 == made.exit_code, made.output
    return database_url


def test_a_copy_is_proven_kept_and_brought_back(
    bank_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """Backup beside an open database, 14 kept; restore into an empty one only, and audited."""
    folder = tmp_path / "copies"
    with Database(bank_url) as serving:
        from api import installation

        installation.announce(serving, what="serve")
        made = run("backup", str(folder), "--database", bank_url)
    assert 0 == made.exit_code, made.output
    copy = next(folder.iterdir())
    assert re.fullmatch(r"creditbank-\d{8}-\d{6}\.(db|dump)", copy.name)
    assert 0o600 == copy.stat().st_mode & 0o777
    for number in range(20):
        old = folder / f"creditbank-20250101-{number:06d}{copy.suffix}"
        shutil.copyfile(copy, old)
        os.utime(old, (number, number))
    assert 0 == run("backup", str(folder), "--database", bank_url).exit_code
    kept = sorted(path.name for path in folder.iterdir())
    assert 14 == len(kept)
    assert copy.name in kept

    restored = run("restore", str(copy), "--database", empty_database_url)
    assert 0 == restored.exit_code, restored.output
    assert "trust" in run("bank", "list", "--database", empty_database_url).output
    told(run("restore", str(copy), "--database", empty_database_url), "not empty")
    text = tmp_path / "text.db"
    text.write_text("no copy")
    other = f"sqlite:///{tmp_path / 'third.db'}"
    told(run("restore", str(text), "--database", other), "no usable backup")
    told(run("restore", str(tmp_path / "none.db"), "--database", other), "no usable backup")
    assert not (tmp_path / "third.db").exists(), "a refusal leaves nothing behind"


def test_a_torn_copy_is_not_brought_back(
    bank_url: str, empty_database_url: str, tmp_path: Path
) -> None:
    """A file that was cut in the middle is refused, and the database stays empty."""
    folder = tmp_path / "copies"
    run("backup", str(folder), "--database", bank_url)
    copy = next(folder.iterdir())
    torn = tmp_path / f"torn{copy.suffix}"
    torn.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    assert 1 == run("restore", str(torn), "--database", empty_database_url).exit_code
    assert 0 == run("restore", str(copy), "--database", empty_database_url).exit_code


def test_a_copy_of_books_that_do_not_add_up_says_so(bank_url: str, tmp_path: Path) -> None:
    """A wrong balance is found in the copy itself, and no older copy is thrown away for it."""
    folder = tmp_path / "copies"
    folder.mkdir()
    suffix = "db" if bank_url.startswith("sqlite") else "dump"
    for number in range(20):
        (folder / f"creditbank-20250101-{number:06d}.{suffix}").touch()
    with Database(bank_url) as database:
        wrong = {
            "bank_id": 1,
            "account_id": 1,
            "address": "fund/x",
            "asset_code": "XYB",
            "floor": 0,
            "balance": 5,
            "version": 1,
            "recorded_at": SystemClock().now(),
        }
        database.write(1, Actor("test", "operator"), lambda u: u.run(accounts.insert(), wrong))
    made = run("backup", str(folder), "--database", bank_url)
    assert 1 == made.exit_code
    assert "fund/x" in made.output
    assert 21 == len(list(folder.iterdir()))


def test_jobs_lists_what_was_done(bank_url: str) -> None:
    """A worker that runs once says what it did, and the list shows it."""
    ran = run("worker", "--once", "--database", bank_url)
    assert 0 == ran.exit_code, ran.output
    assert "trust\tforget-answers" in ran.output
    listed = run("jobs", "--database", bank_url)
    assert "forget-answers" in listed.output
    assert "done" in listed.output


def test_help_answers_at_once() -> None:
    """Nothing slow is imported to say what there is."""
    names = "sqlalchemy", "fastapi", "alembic", "pydantic", "rich.table", "apscheduler"
    program = (
        "import sys\nfrom typer.testing import CliRunner\nfrom api.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {names!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True
    )
    assert "[]" == done.stdout.strip(), done.stderr


def test_a_usage_error_ends_with_2() -> None:
    """An unknown command, and an option that is not there."""
    assert 2 == run("fly").exit_code
    assert 2 == run("audit", "--fly").exit_code


@contextlib.contextmanager
def served(url: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A real server in a process of its own; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*CREDITBANK, "serve", "--database", url, "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            assert program.poll() is None, program.communicate()
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"{address}/readyz").status_code == 200:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address, program
    finally:
        program.kill()
        program.communicate()


def test_a_server_serves_beats_and_stops(bank_url: str, backend: str, tmp_path: Path) -> None:
    """It prints where its pages are, answers, keeps other writers away, and stops cleanly."""
    secret = run("token", "create", "--role", "operator", "--database", bank_url).stdout.strip()
    with served(bank_url) as (address, program):
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "a-key-of-this-test"}
        made = httpx2.post(
            f"{address}/v1/b/trust/communities", headers=headers, json={"name": "红枫社区"}
        )
        assert 201 == made.status_code, made.text
        assert 0 == run("audit", "--database", bank_url).exit_code
        assert 0 == run("backup", str(tmp_path / "copies"), "--database", bank_url).exit_code
        if backend == "sqlite":
            taken = run("token", "create", "--role", "auditor", "--database", bank_url)
            told(taken, "pid", code=3)
        else:
            told(run("migrate", "--database", bank_url), "serve on")
        program.send_signal(signal.SIGTERM)
        stdout, stderr = program.communicate(timeout=20)
    assert address in stdout
    assert "Traceback" not in stderr
    assert program.returncode in {0, -signal.SIGTERM}
    assert 0 == run("token", "create", "--role", "auditor", "--database", bank_url).exit_code
