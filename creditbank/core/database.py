"""The database: one place to open it, with its writer and its reader.

`creditbank.core.writer` runs units, `creditbank.core.reader` views. On SQLite one program writes:
whoever opens for writing holds the file's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection

from creditbank.core import banks
from creditbank.core.clock import Clock, SystemClock
from creditbank.core.engines import is_sqlite, normalised, sqlite_path, writer_lock
from creditbank.core.errors import SchemaMissing
from creditbank.core.reader import Reader
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.core.vault import Vault, keys_path
from creditbank.core.writer import Writer

R = TypeVar("R")


class Database:
    """One database, opened for reading, or for reading and writing.

    ``writing=True`` takes the writer's lock of a SQLite file for as long as it is open.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        writing: bool = True,
        vault: Vault | None = None,
    ) -> None:
        """Open the database of a URL such as ``sqlite:///file.db`` or ``postgresql://…``.

        Without a ``vault`` the persons' keys lie where `creditbank.core.vault.keys_path` says.
        Who opens for writing may begin a key file, if nobody was ever written down.

        Raises:
            SchemaMissing: the SQLite file does not exist.
            WriterTaken: another process writes to it.
        """
        self.url = normalised(url)
        self.clock: Clock = clock or SystemClock()
        self.vault = vault or Vault(keys_path(self.url))
        self._held = ExitStack()
        if is_sqlite(self.url) and not sqlite_path(self.url).exists():
            raise SchemaMissing
        if writing:
            self._held.enter_context(writer_lock(self.url))
        self._writer = Writer(self.url, self.clock, self.vault) if writing else None
        self.reader = Reader(self.url, self.clock, self.vault)
        self.vault.belong(self.reader.keys_used, begin=writing)

    @property
    def writer(self) -> Writer:
        """The way to write; the database must have been opened for it."""
        assert self._writer is not None, "opened for reading only"
        return self._writer

    def write(self, bank_id: int, actor: Actor, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit and wait for its commit (for commands, jobs and tests)."""
        return self.writer.submit(bank_id, actor, work).result()

    def read(self, bank_id: int, look: Callable[[View], R]) -> R:
        """Run one view and wait for it (for commands, jobs and tests)."""
        return self.reader.submit(bank_id, look).result()

    def install(self, work: Callable[[Connection, datetime], R]) -> R:
        """Run work on the tables that belong to no bank, and wait for its commit."""
        return self.writer.submit_install(work).result()

    def bank(self, slug: str | None = None) -> banks.Bank:
        """Return the bank of a slug, or the only one."""
        return self.reader.submit_install(lambda connection: banks.find(connection, slug)).result()

    def close(self) -> None:
        """Finish what is queued and let the file go.

        The writer goes last: only its connection can fold SQLite's log into the file.
        """
        self.reader.close()
        if self._writer is not None:
            self._writer.close()
        self.vault.close()
        self._held.close()

    def __enter__(self) -> Self:
        """Use as a context that closes itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
