"""``creditbank bench`` as people run it: small, on both engines, and what can go wrong."""

import contextlib
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from benchmarks import audits, filling, folders, machine, service, society
from benchmarks.cases import Place, Wanted, transfer_key
from benchmarks.errors import CaseFailed
from benchmarks.places import Engine
from creditbank.core import banks
from creditbank.core.database import Database
from tests import postgres
from tests.faults import program

TINY = ("--members", "20", "--rounds", "1", "--seconds", "0.1", "--pgbench-scale", "1")
CORE = ("--via", "core", "--clients", "1", "--batch", "1")
_WAIT_S = 60


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder that is not in memory, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="cb-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def temporary(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that starts empty."""
    folder = disk / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def banks_in(path: Path) -> list[str]:
    """The slugs of a file's banks."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT slug FROM bank ORDER BY 1")]


def found(database: Database, slug: str) -> None:
    """Found a bank."""
    database.install(
        lambda connection, now: banks.create(
            connection, slug=slug, name=slug, zone="Asia/Shanghai", now=now
        )
    )


def bench(*words: str, expect: int = 0) -> Result:
    """Run the command in this process."""
    done = CliRunner().invoke(app, ["bench", *TINY, *words], env={"COLUMNS": "100"})
    assert expect == done.exit_code, f"{done.output}{done.exception!r}"
    return done


@pytest.fixture
def empty(_migrated_sqlite: Path, disk: Path) -> Path:
    """A migrated SQLite file without a bank."""
    path = disk / "named.db"
    shutil.copyfile(_migrated_sqlite, path)
    return path


def test_a_small_run_measures_both_engines(temporary: Path, tmp_path: Path) -> None:
    """Cases, anchors, verdicts, audit, files of all kinds; afterwards nothing is left behind."""
    page = tmp_path / "page.md"
    page.write_text("words\n<!-- results -->\n<!-- end of results -->\nmore\n")
    done = program.run(
        "bench",
        *(*TINY, "--via", "core,service", "--clients", "1,8", "--batch", "auto,32"),
        *("--hot", "--anchor", "theirs=echo 120 per second", "--write", str(page)),
        *("--json", str(tmp_path / "said.json"), "--chart", str(tmp_path / "said.svg")),
    )
    said = json.loads((tmp_path / "said.json").read_text())
    names = {case["name"] for case in said["cases"]}
    assert {"sqlite anchor insert", "postgres anchor pgbench", "anchor theirs"} <= names
    for engine in ("sqlite", "postgres"):
        wanted = {"core single hot 8 clients", "core batch 32 hot 1 client"}
        wanted |= {"service redemption hot 8 clients"}
        assert {f"{engine} {one}" for one in wanted} <= names
        assert [] == said["audit"][f"{engine} main"]
        assert 0 < said["acknowledged"][f"{engine} main"]
        assert said["engines"][engine].startswith({"sqlite": "SQLite", "postgres": "Post"}[engine])
    assert {"left out"} == {floor["verdict"] for floor in said["floors"]}
    assert 120 == next(case["rate"] for case in said["cases"] if case["name"] == "anchor theirs")
    assert all(len(line) <= 100 for line in done.stdout.splitlines()), done.stdout
    assert "left out" in done.stdout
    assert (tmp_path / "said.svg").read_text().startswith("<svg")
    assert "core batch 32 hot 1 client" in page.read_text()
    assert [] == list(temporary.iterdir())


def test_floors_only_measures_what_they_lean_on(temporary: Path, tmp_path: Path) -> None:
    """One line per floor, and it ends in a verdict."""
    done = bench(
        *("--floors-only", "--engine", "sqlite", "--via", "core"),
        *("--json", str(tmp_path / "said.json")),
    )
    said = json.loads((tmp_path / "said.json").read_text())
    assert {
        "sqlite anchor insert",
        "sqlite core single spread 1 client",
        "sqlite core batch 32 spread 1 client",
    } == {case["name"] for case in said["cases"]}
    lines = [line.rstrip() for line in done.stdout.splitlines() if "≥" in line or "≤" in line]
    assert 6 == len(lines)
    assert all(line.endswith(("met", "missed", "too noisy", "left out")) for line in lines)
    assert [] == list(temporary.iterdir())


def test_growth_has_its_floors(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both databases are filled as large as asked for, measured by both floors, and audited."""
    monkeypatch.setattr(filling, "MEMBERS", 2_000)
    bench(
        *("--floors-only", "--engine", "sqlite", *CORE, "--grow", "--grow-to", "20000"),
        *("--json", str(tmp_path / "said.json")),
    )
    said = json.loads((tmp_path / "said.json").read_text())
    words = {floor["what"]: floor["verdict"] for floor in said["floors"] if floor["ratios"]}
    assert {
        "SQLite single transfer ÷ raw insert",
        "SQLite at 20,000 postings ÷ at 10,000",
        "SQLite year-end top 100, times a read of 100",
    } == words.keys()
    assert {"met", "missed"} >= set(words.values())
    for size in (10_000, 20_000):
        assert 0 < said["acknowledged"][f"sqlite grown-{size}"]
        assert [] == said["audit"][f"sqlite grown-{size}"]
    assert [] == list(temporary.iterdir())


def test_a_named_file_is_divided_by_one_beside_it(
    temporary: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The anchor's file lies on the same disk as what is measured, not where temporary files do."""
    seen: list[Path] = []

    def look(folder: Path) -> bool:
        seen.append(folder.parent)
        return False

    monkeypatch.setattr(folders, "in_memory", look)
    bench(*CORE, "--database", f"sqlite:///{empty}")
    assert [empty.parent] == seen
    assert [] == list(temporary.iterdir())
    assert [] == list(empty.parent.glob(f"{folders.PREFIX}*"))


def test_files_that_never_reach_a_disk_are_not_measured(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit into memory costs nothing; it says where else the files could lie."""
    monkeypatch.setattr(machine, "disk_of", lambda _folder: "tmpfs")
    refused = bench(*CORE, expect=1)
    assert "tmpfs" in refused.stderr
    assert "TMPDIR" in refused.stderr
    assert [] == list(temporary.iterdir())


def test_without_postgresql_the_rest_is_measured(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it leaves out and goes on; alone it is nothing to measure."""
    monkeypatch.setenv("PG_BIN", "/nowhere")
    done = bench(*CORE)
    assert "No PostgreSQL could be started: PG_BIN is /nowhere" in " ".join(done.stdout.split())
    assert "core single spread ×1" in done.stdout
    refused = bench(*CORE, "--engine", "postgres", expect=1)
    assert "nothing to measure" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [] == list(temporary.iterdir())


def test_without_pgbench_its_floors_are_left_out(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PostgreSQL without its pgbench is measured without that anchor."""
    for name in ("initdb", "postgres"):
        (temporary / name).symlink_to(postgres._binaries(None) / name)
    monkeypatch.setenv("PG_BIN", str(temporary))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = bench(*CORE, "--engine", "postgres")
    assert "The anchor pgbench failed" in " ".join(done.stdout.split())
    assert "core single spread ×1" in done.stdout


def test_a_database_with_data_in_it_is_refused(temporary: Path, empty: Path) -> None:
    """Nothing in it changes without --force; with it, a bank is added beside the others."""
    url = f"sqlite:///{empty}"
    with Database(url) as database:
        found(database, "bench")
    before = empty.read_bytes()
    refused = bench(*CORE, "--database", url, expect=1)
    assert "该数据库已有数据" in refused.stderr
    assert "--force" in refused.stderr
    assert before == empty.read_bytes()
    bench(*CORE, "--database", url, "--force")
    assert ["bench", "bench-2"] == banks_in(empty)
    assert [] == list(temporary.iterdir())


def test_a_file_of_something_else_is_refused(temporary: Path, disk: Path) -> None:
    """Tables that are not ours are data, too."""
    path = disk / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE treasure (n INTEGER)")
    refused = bench("--database", f"sqlite:///{path}", expect=1)
    assert "treasure" in refused.stderr
    assert [] == list(temporary.iterdir())


def test_a_server_that_may_forget_is_refused(
    database_url: str, backend: str, temporary: Path
) -> None:
    """The PostgreSQL of the tests runs without fsync, so nothing is measured or founded in it."""
    if backend == "sqlite":
        pytest.skip("SQLite's settings are our own; tests/unit/test_bench.py tries them")
    refused = bench(*CORE, "--database", database_url, expect=1)
    assert "fsync = off" in refused.stderr
    with Database(database_url, writing=False) as database:
        found = database.reader.submit_install(
            lambda connection: connection.exec_driver_sql("SELECT count(*) FROM bank").scalar()
        )
        assert 0 == found.result()
    assert [] == list(temporary.iterdir())


@pytest.mark.usefixtures("temporary")
def test_a_broken_balance_is_found(empty: Path) -> None:
    """The audit after the run names what is wrong, and the exit code says so."""
    breaking = (
        f"import sqlite3; c = sqlite3.connect({str(empty)!r}, timeout=9);"
        "c.execute('UPDATE account SET balance = balance - 1 WHERE account_id ="
        " (SELECT max(account_id) FROM account WHERE balance > 9)'); c.commit(); print(1)"
    )
    anchor = f'breaking={sys.executable} -c "{breaking}"'
    done = bench(*CORE, "--database", f"sqlite:///{empty}", "--anchor", anchor, expect=1)
    assert "findings" in done.stdout
    assert "every asset sums to zero" in done.stdout


def test_a_full_disk_ends_the_run_in_order(temporary: Path, empty: Path) -> None:
    """A typed sentence, exit 1, and no file of the run is left."""
    most = empty.stat().st_size + 300_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    words = ["bench", *TINY, "--via", "core", "--batch", "1000", "--seconds", "20"]
    done = subprocess.run(
        [*program.CREDITBANK, *words, "--database", f"sqlite:///{empty}"],
        check=False,
        capture_output=True,
        cwd=program.ROOT,
        env=program.environment(None),
        preexec_fn=limit,
        text=True,
        timeout=120,
    )
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "磁盘" in done.stderr
    assert [] == list(temporary.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_leaves_nothing_behind(
    number: signal.Signals, temporary: Path, tmp_path: Path
) -> None:
    """Asked to stop, it cleans up; killed outright, its server ends and the next run sweeps."""
    words = [*program.CREDITBANK, "bench", *TINY, "--seconds", "30", "--via", "core"]
    run = program.Process(words, tmp_path / "log", program.environment(None))
    try:
        until = time.monotonic() + _WAIT_S
        while not list(temporary.glob(f"{folders.PREFIX}*/main.db")) or not servers(temporary):
            assert run.code is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        os.kill(run.pid, number)
        run._process.wait(_WAIT_S)
    finally:
        run.kill()
    while servers(temporary):
        assert time.monotonic() < until
        time.sleep(0.05)
    if number == signal.SIGKILL:
        assert 1 == len(folders.sweep(temporary))
    else:
        assert "Traceback" not in (tmp_path / "log").read_text()
    assert [] == list(temporary.iterdir())


def servers(folder: Path) -> list[str]:
    """The command lines of processes that work in a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [one for one in found if str(folder) in one]


@pytest.mark.parametrize(
    "words",
    [
        ("--engine", "oracle"),
        ("--via", "telepathy"),
        ("--clients", "0"),
        ("--clients", "many"),
        ("--batch", "7"),
        ("--anchor", "no command"),
        ("--rounds", "0"),
        ("--grow-to", "7"),
        ("--json", "/no/such/folder/figures.json"),
        ("--chart", "."),
    ],
)
def test_an_option_that_makes_no_sense_is_said_at_once(words: tuple[str, str]) -> None:
    """Before anything is prepared."""
    done = CliRunner().invoke(app, ["bench", *words])
    assert 2 == done.exit_code
    assert words[0] in done.stderr


# What cases check ---------------------------------------------------------------------------------


@pytest.fixture
def engine(database: Database, backend: str, database_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A small society in a database of the tests."""
    people = society.found(database, people=30, shops=2)
    place = Place("tests", backend, database_url, people)
    it = Engine(backend, tmp_path, place, database, {}, places=[place])
    with it.held:
        yield it


def test_copies_and_declines_are_among_the_redemptions(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy brings the same receipt, a decline is refused, and the audit finds what was paid."""
    monkeypatch.setattr(service, "EVERY", 4)
    (case,) = service.cases(engine, Wanted(clients=(8,)))
    found = [case.run(30) for _ in range(2)]
    assert sum(one.replayed for one in found) >= 5
    assert sum(one.declined for one in found) >= 5
    paid = sum(one.done - one.declined - one.replayed for one in found)
    assert paid == len(engine.place.acknowledged.redemptions)
    assert [] == audits.look(engine.place)


def test_a_copy_with_another_receipt_ends_the_run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that took points again would be seen."""
    counter = service.Counter(engine)
    counter.prepare(1)
    redeems = service.Redeems(counter, "spread", 1)
    code = counter.codes.take()
    assert code is not None
    asked = redeems._asked(code)
    redeems._paid(asked, counter.submit(asked))
    other = counter.codes.take()
    assert other is not None
    monkeypatch.setattr(service, "EVERY", 2)
    with pytest.raises(CaseFailed, match="a copy brought"):
        redeems._again().answered(counter.submit(redeems._asked(other)))


def test_what_was_acknowledged_is_looked_for(engine: Engine) -> None:
    """A transfer that is missing is a finding, and so is one that nobody was told of."""
    told = engine.place.acknowledged
    told.numbers.add(7)
    told.redemptions.add("red_never")
    found = [(one.subject, one.detail) for one in audits.look(engine.place)]
    assert [
        ("1 transfers", f"acknowledged, not stored: {transfer_key(7)}"),
        ("1 redemptions", "acknowledged, not stored: red_never"),
    ] == found
