"""Kept: what a table holds, and whose it is; the words in which the rooms of the registry speak.

A table is about a person if some column names the subject. Of such rows an export shows what is
`plain` and what is `sealed` (with the key of the first column that names somebody, under the
purpose given); `hidden` columns are never shown: hashes and the like, and what somebody on the
other side of a row had then. An erasure deletes
the rows, or keeps them, because they hold ids and figures only, and changes what is in `cleared`;
the stage says when, so that locks are taken in their order. ``bank_id`` is in every table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, MetaData, Table, func, or_, select

from creditbank.core.units import Unit
from creditbank.leaving.forgetting import Stage

Whose = Callable[[MetaData, Table, Sequence[str]], ColumnElement[bool]]


def by(*columns: str) -> Whose:
    """Say that a row is about whoever one of these columns names."""

    def whose(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
        return or_(*(table.c[column].in_(holders) for column in columns))

    return whose


def accounts(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    """Say that an account is its member's, by its address."""
    own = [f"member/{one}{part}" for one in holders for part in ("", "/held", "/debt")]
    return table.c.address.in_(own)


def postings(tables: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    """Say that a posting is about whoever has one of its two accounts."""
    of = tables.tables["account"]
    own = select(of.c.account_id).where(
        of.c.bank_id == table.c.bank_id, accounts(tables, of, holders)
    )
    return or_(table.c.source_id.in_(own), table.c.destination_id.in_(own))


def details(tables: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    """Say that what a task says in more words is about whom it helps, and who wrote it down."""
    of = tables.tables["task"].c
    own = select(of.task_id).where(
        of.bank_id == table.c.bank_id,
        or_(
            *(one.in_(holders) for one in (of.beneficiary_id, of.created_by, of.created_by_member))
        ),
    )
    return table.c.task_id.in_(own)


def transfers(tables: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    """Say that a transfer is about whoever one of its postings is about."""
    of = tables.tables["posting"]
    own = select(of.c.transfer_id).where(
        of.c.bank_id == table.c.bank_id, postings(tables, of, holders)
    )
    return table.c.transfer_id.in_(own)


def counters(_: MetaData, table: Table, holders: Sequence[str]) -> ColumnElement[bool]:
    """Say that a counter is about whoever its key names."""
    parts = [
        or_(table.c.who == one, table.c.who.like(f"{one}/%"), table.c.who.like(f"%/{one}"))
        for one in holders
    ]
    return or_(*parts)


def now(_: Table, unit: Unit) -> object:
    """Return the instant of the wipe, for a column that says when something ended."""
    return unit.now


def tail_of_id(table: Table, _: Unit) -> object:
    """Return what stands in for a code's digits: as unique, and nobody was ever shown it."""
    return func.substr(table.c.pay_code_id, 13)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a table holds. Without ``whose`` it is about no person, and `plain` is all there is.

    ``acting`` are ids of whoever did something, in rows that are about somebody else: shown in the
    subject's export as they are, never a reason to show the row to the one who acted. ``keyed``
    are texts that are sealed with the key that the row's own ``key_id`` names.
    """

    zh: str
    en: str
    plain: str
    whose: Whose | None = None
    subject: str = ""
    acting: str = ""
    sealed: Mapping[str, str] = field(default_factory=dict)
    keyed: Mapping[str, str] = field(default_factory=dict)
    hidden: str = ""
    deleted: bool = False
    cleared: Mapping[str, object] = field(default_factory=dict)
    stage: Stage = Stage.AFTER_CLOSING

    def columns(self) -> list[str]:
        """Return every column that is classified."""
        named = f"{self.subject} {self.plain} {self.acting} {self.hidden}".split()
        return [*named, *self.sealed, *self.keyed]

    def shown(self) -> list[str]:
        """Return the columns that an export shows, in order."""
        return [*f"{self.subject} {self.plain} {self.acting}".split(), *self.sealed, *self.keyed]


def about(subject: str, zh: str, en: str, plain: str, **more: object) -> Kept:
    """Classify a table whose rows are about the holders that columns name."""
    return Kept(zh, en, plain, whose=by(*subject.split()), subject=subject, **more)  # type: ignore[arg-type]
