"""Copies of the database, made beside a running server, proven, and brought back.

SQLite: ``VACUUM INTO`` through a read-only connection, then every proof over the copy.
PostgreSQL: one snapshot is exported, ``pg_dump -Fc`` writes it to the file, and every proof runs
over the same snapshot, so what is proven is what the file holds; the archive's list of contents
is read back, which shows a whole file. `restore` proves it again.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, delete, inspect
from sqlalchemy.engine import URL

from api import proofs, schema
from api.errors import BackupFailed, BackupUnusable, DatabaseNotEmpty
from api.installation import installations
from api.proofs import Verdict
from api.vaults import vault_of
from creditbank.core import banks
from creditbank.core.clock import SystemClock
from creditbank.core.database import Database
from creditbank.core.engines import is_sqlite, normalised, read_engine, sqlite_path, writer_lock
from creditbank.core.errors import DatabaseUnavailable
from creditbank.core.units import View

KEPT = 14
_SQLITE, _POSTGRES = ".db", ".dump"
_SQLITE_MAGIC = b"SQLite format 3\0"
_POSTGRES_MAGIC = b"PGDMP"
_STARTED_WITH = "creditbank-"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was made: where, how large, what proved it, and which old ones went."""

    path: Path
    size_bytes: int
    verdicts: dict[str, list[Verdict]]
    checked: str
    removed: tuple[Path, ...]

    @property
    def findings(self) -> int:
        """How many findings the proofs over the copy had."""
        return sum(proofs.count(one) for one in self.verdicts.values())


def make(url: str, folder: Path) -> Copy:
    """Copy a database into a folder, prove the copy, and keep the newest 14.

    Raises:
        SchemaMissing: there is no such database.
        BackupFailed: the copy could not be made.
    """
    source = normalised(url)
    schema.check(url)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = f"{SystemClock().now():%Y%m%d-%H%M%S}"
    path = _free(folder, stamp, _SQLITE if is_sqlite(source) else _POSTGRES)
    part = path.with_name(path.name + ".part")
    try:
        if is_sqlite(source):
            _vacuum_into(sqlite_path(source), part)
            verdicts, checked = prove(f"sqlite:///{part}"), "audit"
        else:
            verdicts, checked = _dump(source, part), "audit of its snapshot, pg_restore --list"
        part.chmod(0o600)
        part.rename(path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)
    removed = () if any(map(proofs.count, verdicts.values())) else _sweep(folder, path.suffix)
    return Copy(path, path.stat().st_size, verdicts, checked, removed)


def _free(folder: Path, stamp: str, suffix: str) -> Path:
    """Return a name that is not taken, even for two copies of one second."""
    path, count = folder / f"{_STARTED_WITH}{stamp}{suffix}", 1
    while path.exists():
        count += 1
        path = folder / f"{_STARTED_WITH}{stamp}-{count}{suffix}"
    return path


def _vacuum_into(source: Path, target: Path) -> None:
    uri = f"{source.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout=5000")
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise BackupFailed(str(error)) from error


def _dump(source: URL, target: Path) -> dict[str, list[Verdict]]:
    """Write one snapshot to a file and prove that snapshot; returns the verdicts by bank."""
    engine = read_engine(source)
    try:
        with engine.connect() as connection, connection.begin():
            snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
            plain = source.render_as_string(hide_password=False)
            how = ("--format=custom", f"--file={target}", "--no-owner", f"--snapshot={snapshot}")
            _pg("pg_dump", source, *how)
            _pg("pg_restore", None, "--list", target)
            now, vault = SystemClock().now(), vault_of(plain)
            return {
                bank.slug: proofs.audit(View(connection, bank, now, vault))
                for bank in banks.every(connection)
            }
    finally:
        engine.dispose()


def prove(url: str) -> dict[str, list[Verdict]]:
    """Run every proof over every bank of a database that nobody writes to."""
    with Database(url, writing=False, vault=vault_of(url)) as copy:
        return proofs.audit_all(copy)


def _sweep(folder: Path, suffix: str) -> tuple[Path, ...]:
    copies = sorted(folder.glob(f"{_STARTED_WITH}*{suffix}"), key=lambda path: path.stat().st_mtime)
    old = tuple(copies[:-KEPT])
    for path in old:
        path.unlink()
    return old


def restore(url: str, file: Path) -> dict[str, list[Verdict]]:
    """Bring a copy back into an empty database and prove it.

    On PostgreSQL the URL is the owner's.

    Raises:
        BackupUnusable: the file is no copy of ours.
        DatabaseNotEmpty: the database has tables.
        WriterTaken: another program writes to it.
        BackupFailed: the copy could not be brought back.
    """
    target = normalised(url)
    head = _head(file)
    expected = _SQLITE_MAGIC if is_sqlite(target) else _POSTGRES_MAGIC
    if not head.startswith(expected):
        kind = "SQLite" if is_sqlite(target) else "pg_dump"
        raise BackupUnusable(str(file), f"not a {kind} copy / 不是 {kind} 备份")
    with writer_lock(target):
        _refuse_full(target)
        if is_sqlite(target):
            _bring_back(file, sqlite_path(target))
        else:
            once = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
            _pg("pg_restore", target, *once, file)
        _forget_servers(target)
    schema.migrate(url, vault_of(url))
    return prove(url)


def _forget_servers(target: URL) -> None:
    """Take out what the copy says of living servers: they serve the original."""
    engine = create_engine(target, hide_parameters=True)
    try:
        with engine.begin() as connection:
            if inspect(connection).has_table(installations.name):
                connection.execute(delete(installations))
    finally:
        engine.dispose()


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise BackupUnusable(str(file), error.strerror or "") from error


def _bring_back(file: Path, target: Path) -> None:
    """Copy, check the pages, and put the file in place by one rename."""
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(file, part)
        with closing(sqlite3.connect(part)) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise BackupUnusable(str(file), str(verdict).splitlines()[0])
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        part.rename(target)
    except sqlite3.Error as error:
        raise BackupUnusable(str(file), str(error)) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _refuse_full(target: URL) -> None:
    if is_sqlite(target) and not sqlite_path(target).exists():
        return
    engine = create_engine(target, hide_parameters=True)
    try:
        with engine.connect() as connection:
            full = bool(inspect(connection).get_table_names())
    except Exception as error:
        raise DatabaseUnavailable(str(error).splitlines()[0]) from error
    finally:
        engine.dispose()
    if full:
        raise DatabaseNotEmpty(target.render_as_string(hide_password=True))


def _pg(program: str, url: URL | None, *arguments: str | Path) -> None:
    """Run a program of PostgreSQL's; the password goes by the environment, never by arguments.

    Programs come from ``$PG_BIN``, or else from the path.

    Raises:
        BackupFailed: there is no such program, or it failed.
    """
    named = os.environ.get("PG_BIN")
    found = str(Path(named) / program) if named else shutil.which(program)
    if found is None:
        raise BackupFailed(f"{program} is missing; install postgresql-client / 缺少 {program}")
    environment = dict(os.environ)
    target: list[str] = []
    if url is not None:
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
        plain = url.set(drivername="postgresql", password=None)
        target = [f"--dbname={plain.render_as_string(hide_password=False)}"]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [found, *target, *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
        )
    except OSError as error:
        raise BackupFailed(f"{program}: {error.strerror}") from error
    if done.returncode:
        raise BackupFailed((done.stderr.strip().splitlines() or [program])[-1])
