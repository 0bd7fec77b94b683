"""View and Unit: what a function of the engine is handed.

A View is one snapshot of one bank for reading. A Unit is one database transaction, or one
savepoint of a batch, with the actor who writes and the one instant at which it happens. Neither
offers commit or rollback: the edge that opened them does that (`creditbank.core.database`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Row

from creditbank.core.banks import Bank
from creditbank.core.clock import day_of
from creditbank.core.errors import CreditbankError
from creditbank.core.ids import IdSource
from creditbank.core.vault import Vault


@dataclass(frozen=True, slots=True)
class Actor:
    """Who writes: the id that keys and transfers record, the role, and the member behind it.

    ``member_id`` is set for a member and for staff who are also residents; law 7 looks at it.
    ``communities`` and ``merchants`` are where the role holds, None everywhere; ``via`` is what
    was acted through: a session, a token, an assist. ``assists`` is the member for whom, and for
    nobody else, someone in office acts in an assist.
    """

    id: str
    role: str
    member_id: str | None = None
    communities: tuple[str, ...] | None = None
    merchants: tuple[str, ...] | None = None
    via: str | None = None
    assists: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal that is returned, not raised, because its unit must commit what it remembers."""

    error: CreditbankError


@dataclass(frozen=True, slots=True)
class View:
    """One bank, one snapshot, one instant."""

    connection: Connection
    bank: Bank
    now: datetime
    vault: Vault

    @property
    def bank_id(self) -> int:
        """The tenant every statement names."""
        return self.bank.bank_id

    @property
    def today(self) -> date:
        """The calendar day of ``now`` in the bank's time zone."""
        return day_of(self.now, self.bank.zone)

    def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return all rows of a query."""
        return self.connection.execute(statement).all()

    def row(self, statement: Executable) -> Row[Any] | None:
        """Return the first row of a query, or None."""
        return self.connection.execute(statement).first()


@dataclass(frozen=True, slots=True)
class Unit(View):
    """A View that may write, once, as one actor."""

    actor: Actor
    ids: IdSource
    rung: set[str] = field(default_factory=set)

    def ring(self, *holder_ids: str) -> None:
        """Let the screens of these members, tills and tasks look again, once this is committed.

        Best effort, for live screens only: what must be known is read from the database.
        """
        self.rung.update(holder_ids)

    def new_id(self, prefix: str) -> str:
        """Return a new id such as ``tsk_01j…``; a replay of this unit draws the same one."""
        return self.ids.prefixed(prefix, self.now)

    def run(
        self,
        statement: Executable,
        rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    ) -> CursorResult[Any]:
        """Execute a writing statement, for one row or many."""
        return self.connection.execute(statement, rows)
