"""The reader: runs views, each on one read-only snapshot, in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, column, func, select, table, text
from sqlalchemy.engine import URL

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.clock import Clock
from creditbank.core.engines import READERS, read_engine, translated
from creditbank.core.errors import BankNotFound
from creditbank.core.prepared import Prepared
from creditbank.core.tables import UtcDateTime
from creditbank.core.units import View
from creditbank.core.vault import Vault

R = TypeVar("R")

_KEYS_ASKED = 50
_transfers = table("transfer", column("bank_id"), column("recorded_at", UtcDateTime))
_LAST = (
    select(func.max(_transfers.c.recorded_at))
    .where(_transfers.c.bank_id == banks.banks.c.bank_id)
    .scalar_subquery()
)
_OPENING = Prepared(
    select(*banks.COLUMNS, _LAST.label("last_recorded_at")).where(
        banks.banks.c.bank_id == bindparam("bank_id")
    )
)
_KEYS_USED = text(
    "SELECT key_id FROM person WHERE bank_id = :bank_id ORDER BY holder_id DESC LIMIT :most"
)


def opening(connection: Connection, bank_id: int) -> tuple[Bank, datetime | None]:
    """Return a bank and the latest instant it has recorded a transfer at, in one statement.

    Raises:
        BankNotFound: there is none.
    """
    row = _OPENING.row(connection, bank_id=bank_id)
    if row is None:
        raise BankNotFound(str(bank_id))
    return banks.read(row), row.last_recorded_at


class Reader:
    """Runs views in threads of its own, each in one read-only snapshot."""

    def __init__(self, url: URL, clock: Clock, vault: Vault) -> None:
        """Start the reader threads of a database."""
        self._clock = clock
        self._vault = vault
        self._engine = read_engine(url)
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._patient_pool = ThreadPoolExecutor(1, thread_name_prefix="patient-reader")

    def submit(
        self, bank_id: int, look: Callable[[View], R], *, patient: bool = False
    ) -> Future[R]:
        """Queue one view of one bank; ``patient`` ones (audits, plans) wait for each other.

        So a long look at the whole books never takes the threads that requests need.
        """
        pool = self._patient_pool if patient else self._pool
        return pool.submit(self._look, bank_id, look)

    async def run(self, bank_id: int, look: Callable[[View], R], *, patient: bool = False) -> R:
        """Run one view without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(bank_id, look, patient=patient))

    def submit_install(self, look: Callable[[Connection], R]) -> Future[R]:
        """Queue a look at the tables that belong to no bank."""
        return self._pool.submit(self._look_install, look)

    def _look_install(self, look: Callable[[Connection], R]) -> R:
        try:
            with self._engine.connect() as connection, connection.begin():
                return look(connection)
        except Exception as error:
            typed = translated(error)
            if typed is error:
                raise
            raise typed from error

    def _look(self, bank_id: int, look: Callable[[View], R]) -> R:
        def view(connection: Connection) -> R:
            bank, last = opening(connection, bank_id)
            now = self._clock.now()
            return look(View(connection, bank, max(now, last or now), self._vault))

        return self._look_install(view)

    def keys_used(self) -> list[str]:
        """Return the ids of the keys of some persons, by which a vault knows its database."""

        def look(connection: Connection) -> list[str]:
            return [
                key_id
                for bank in banks.every(connection)
                for key_id in connection.execute(
                    _KEYS_USED, {"bank_id": bank.bank_id, "most": _KEYS_ASKED}
                ).scalars()
            ]

        return self._look_install(look)

    def close(self) -> None:
        """Finish what runs, then stop."""
        self._pool.shutdown()
        self._patient_pool.shutdown()
        self._engine.dispose()
