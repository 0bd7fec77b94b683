"""Fresh databases of both kinds, a clock that is set by hand, and the watch over all statements."""

import gc
import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import apps, clients, engines, hashes, kept, postgres, statements
from tests.statements import Watch

START = datetime.fromisoformat("2026-03-01T09:00:00+08:00")

PAGES_ON_BOTH = "CREDITBANK_TESTS_PAGES_ON_BOTH"
_TEMPLATE = "migrated"
_GC_THRESHOLD = 50_000  # collecting after every 700 new objects took a tenth of the run
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  # pytest makes folders of its own in it
_FREE_LEAST = 2 << 30
_names = (f"test_{number}" for number in itertools.count(1))


def pytest_configure(config: pytest.Config) -> None:
    """Look for garbage as seldom as the server does, and write files where writing is quick.

    SQLite waits for its disk at every commit; a folder in memory keeps what a killed process wrote
    just as well. Proofs measure, and so keep to the disk.
    """
    gc.set_threshold(_GC_THRESHOLD)
    proves = config.getoption("markexpr") == "prove"
    if not proves and _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free >= _FREE_LEAST:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys of persons in PostgreSQL lie in the user's data folder: give the tests their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Routes are read and statements compiled once a run; a request costs little but its route."""
    with apps.sharing(), engines.sharing(), clients.at_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Passwords and PINs are hashed by argon2 at its least cost; proofs keep the full one."""
    with hashes.quick():
        yield


@pytest.fixture(scope="session")
def watch() -> Iterator[Watch]:
    """The one watch of this run."""
    with Watch().installed() as watch:
        yield watch


@pytest.fixture(autouse=True)
def _watched_statements(watch: Watch) -> Iterator[None]:
    """Every test fails on a forbidden statement, even if the code under test swallows the error."""
    watch.taken()
    yield
    findings = watch.taken()
    assert not findings, "\n\n".join(str(finding) for finding in findings)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One PostgreSQL for the run, started when first asked for."""
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def _migrated_postgres(postgres_server: postgres.Server) -> str:
    """The name of a migrated PostgreSQL database, to copy from."""
    postgres_server.create_database(_TEMPLATE)
    _migrate(postgres_server.url(_TEMPLATE, postgres.OWNER))
    return _TEMPLATE


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave pages on PostgreSQL to `make prove`: what they call is tried on both databases anyway.

    They doubled the time of `make test`, and showed the same words from the same values.
    """
    if os.environ.get(PAGES_ON_BOTH):
        return
    left = [one for one in items if "test_page_" in one.path.name and "[postgres" in one.name]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [one for one in items if one not in set(left)]


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which kind of database the test runs on."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh migrated database, as the app sees it."""
    if backend == "sqlite":
        path = tmp_path / "creditbank.db"
        shutil.copyfile(request.getfixturevalue("_migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("_used_postgres")
    yield server.url(name)
    server.empty_database(name, sparing=kept.pids())
    for keys in Path(os.environ["XDG_DATA_HOME"]).glob("creditbank/*.keys*"):
        keys.unlink()


@pytest.fixture(scope="session")
def _used_postgres(postgres_server: postgres.Server, _migrated_postgres: str) -> str:
    """The name of the PostgreSQL database that one test after the other finds empty."""
    name = next(_names)
    postgres_server.create_database(name, _migrated_postgres)
    return name


@pytest.fixture
def empty_database_url(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """An empty database, as the owner who migrates sees it."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = next(_names)
    server.create_database(name)
    yield server.url(name, postgres.OWNER)
    server.drop_database(name)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at nine in the morning, Shanghai time, of 1 March 2026."""
    return ManualClock(START)


@pytest.fixture
def database(database_url: str, clock: ManualClock) -> Iterator[Database]:
    """A fresh database, open for reading and writing."""
    opened = Database(database_url, clock=clock)
    yield opened
    opened.close()


def _migrate(url: str) -> None:
    """Bring a database from empty to head; migrations may move the rows of all banks."""
    from api import schema

    with statements.paused():
        schema.migrate(url)
