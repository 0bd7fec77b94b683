"""Databases to measure in: made for the run, or one that somebody names."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, inspect

from api import schema, vaults
from benchmarks import durability, postgres, society
from benchmarks.cases import POSTGRES, SQLITE, Place
from benchmarks.errors import DataInside
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.engines import is_sqlite, normalised, sqlite_path, translated
from creditbank.core.key_files import master_path
from creditbank.core.vault import Vault

# Written-ahead log enough for a run between two checkpoints, for our cases and pgbench alike.
SERVER_SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "1s",  # plans are made anew soon after a slice has filled a table
}

_NAMES = {SQLITE: "SQLite", POSTGRES: "PostgreSQL"}
_VERSION = {SQLITE: "SELECT sqlite_version()", POSTGRES: "SHOW server_version"}


@dataclass(frozen=True, slots=True)
class _Made:
    """A database of the run's own, and where its keys lie; nobody has it open."""

    folder: Path
    engine: str
    name: str
    server: postgres.Server | None

    @property
    def keys(self) -> Path:
        return self.folder / f"{self.engine}-{self.name}.keys"

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.db"

    def url(self, role: str = postgres.APP) -> str:
        if self.server is None:
            return f"sqlite:///{self.path}"
        return self.server.url(self.name, role)

    def migrated(self) -> None:
        """Make its tables."""
        if self.server is not None:
            self.server.create_database(self.name)
        with closing(Vault(self.keys)) as vault:
            schema.migrate(self.url(postgres.OWNER), vault)

    def look_over(self) -> None:
        """Have PostgreSQL look at what is in its tables, as it does by itself after a while."""
        if self.server is not None:
            engine = create_engine(self.url(postgres.OWNER), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql("VACUUM (ANALYZE)")
            engine.dispose()

    def copied(self, name: str) -> _Made:
        """Copy all of it, keys and all, under another name."""
        copy = _Made(self.folder, self.engine, name, self.server)
        if self.server is None:
            shutil.copyfile(self.path, copy.path)
        else:
            self.server.create_database(name, self.name)
        shutil.copy(self.keys, copy.keys)
        shutil.copy(master_path(self.keys), master_path(copy.keys))
        return copy

    def place(self, of: society.Society) -> Place:
        return Place(self.name, self.engine, self.url(), of, self.keys)


@dataclass(slots=True)
class Engine:
    """One engine, ready to be measured: `benchmarks.cases.Opened` as it is.

    ``server`` is the PostgreSQL that was started for this run; ``founded`` is what `another` is a
    copy of, None where somebody named a database.
    """

    engine: str
    folder: Path
    place: Place
    database: Database
    settings: Mapping[str, str]
    server: postgres.Server | None = None
    founded: _Made | None = None
    held: ExitStack = field(default_factory=ExitStack)
    places: list[Place] = field(default_factory=list)

    def another(self, name: str) -> Place:
        """Return a further database with the same society, which nobody has open; it is audited."""
        assert self.founded is not None, "a named database has no second one"
        place = self.founded.copied(name).place(self.place.society)
        self.places.append(place)
        return place

    def version(self) -> str:
        """Return which version of which program answers, with the settings that matter."""
        said = self.database.install(
            lambda connection, _now: connection.exec_driver_sql(_VERSION[self.engine]).scalar()
        )
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{_NAMES[self.engine]} {str(said).split()[0]} ({settings})"


@contextmanager
def opened(folder: Path, engine: str, *, people: int = society.MEMBERS) -> Iterator[Engine]:
    """Open an engine for a with block, in databases of its own.

    Raises:
        PostgresMissing: no server could be started.
        NotDurable: it may lose what it acknowledged.
        DatabaseUnavailable: it cannot be written.
    """
    with ExitStack() as stack:
        server = None
        if engine == POSTGRES:
            server = stack.enter_context(
                postgres.running(fsync=True, within=folder, settings=SERVER_SETTINGS)
            )
        founded = _Made(folder, engine, "founded", server)
        founded.migrated()
        with _open(founded.url(), Vault(founded.keys)) as database:
            durability.check(database, engine)
            there = society.found(database, people=people)
        founded.look_over()
        made = founded.copied("main")
        database = stack.enter_context(_open(made.url(), Vault(made.keys)))
        said = durability.check(database, engine)
        place = made.place(there)
        it = Engine(engine, folder, place, database, said, server, founded=founded, places=[place])
        with it.held:
            yield it


@contextmanager
def opened_at(
    folder: Path, url: str, *, force: bool, people: int = society.MEMBERS
) -> Iterator[Engine]:
    """Open a database that somebody names, for a with block; a bank is founded in it.

    Raises:
        DataInside: there are banks in it, and nobody insists.
        NotDurable: it may lose what it acknowledged.
        WriterTaken: another program writes to the file.
        DatabaseUnavailable: it cannot be opened or written.
    """
    engine, slug = engine_of(url), _free_slug(url, force=force)
    with _open(url, vaults.vault_of(url)) as database:
        said = durability.check(database, engine)
        place = Place("named", engine, url, society.found(database, slug=slug, people=people))
        it = Engine(engine, folder, place, database, said, places=[place])
        with it.held:
            yield it


@contextmanager
def _open(url: str, vault: Vault) -> Iterator[Database]:
    with closing(vault), Database(url, vault=vault) as database:
        yield database


def engine_of(url: str) -> str:
    """Return which engine a URL names."""
    return SQLITE if is_sqlite(normalised(url)) else POSTGRES


def _free_slug(url: str, *, force: bool) -> str:
    """Bring a named database to this version if it is empty; return a slug that is free in it.

    Raises:
        DataInside: it has banks in it, and nobody insists.
    """
    known = _banks_in(url)
    if known is None:
        schema.migrate(url, vaults.vault_of(url))
        return "bench"
    if known and not force:
        raise DataInside("、".join(sorted(known)))
    schema.check(url)
    numbered = (f"bench-{n}" for n in itertools.count(2))
    return next(slug for slug in itertools.chain(["bench"], numbered) if slug not in known)


def _banks_in(url: str) -> set[str] | None:
    """Return the slugs of a database's banks, None where there is no table of ours at all.

    Raises:
        DataInside: it holds tables that are not ours.
        DatabaseUnavailable: it cannot be opened.
    """
    target = normalised(url)
    if is_sqlite(target) and not sqlite_path(target).exists():
        return None
    engine = create_engine(target, hide_parameters=True)
    try:
        with engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            if {"bank", "alembic_version"} <= tables:
                return {bank.slug for bank in banks.every(connection)}
    except Exception as error:
        typed = translated(error)
        if typed is error:
            raise
        raise typed from error
    finally:
        engine.dispose()
    if tables:
        raise DataInside("、".join(sorted(tables)[:3]))
    return None
