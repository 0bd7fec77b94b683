"""Plans: a journal that was checked whole, and waits on disk to be loaded slice by slice.

Rows, names and balances lie in a scratch database of SQLite, a nameless file that is gone when the
plan is closed, so a journal of any size takes the same memory. The books are asked for some rows
at a time; what is loaded is what was checked, whatever becomes of the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from creditbank.core.units import View
from creditbank.core.values import Amount, Asset, Posting
from creditbank.ledger import chart, walks
from creditbank.ledger.accounts import Place
from creditbank.ledger.chart import Kind
from creditbank.ledger.journal import Entry, Unreadable, address_of, entries
from creditbank.ledger.posting import Draft
from creditbank.ledger.walks import Standing

BAD_ROWS_TOLD = 1000
LOOKED_AT_ONCE = 500

_CACHE_KIB = 8_000
_LINES_TOLD = 10
_PERSONAL = frozenset({"member", "team", "merchant"})
_SCRATCH = """
    CREATE TABLE entry (n INTEGER PRIMARY KEY, line INTEGER, key TEXT, hash TEXT, kind TEXT,
                        at TEXT, source INTEGER, destination INTEGER, units INTEGER);
    CREATE TABLE first (key TEXT PRIMARY KEY, n INTEGER, line INTEGER, hash TEXT) WITHOUT ROWID;
    CREATE TABLE clash (key TEXT, line INTEGER, n INTEGER, PRIMARY KEY (key, line)) WITHOUT ROWID;
    CREATE TABLE name (id INTEGER PRIMARY KEY, address TEXT UNIQUE, free INTEGER DEFAULT 0,
                       asked INTEGER DEFAULT 0, fresh INTEGER DEFAULT 0, known INTEGER DEFAULT 1,
                       units INTEGER DEFAULT 0, floor INTEGER, ceiling INTEGER);
    CREATE TABLE bad (line INTEGER, reason TEXT);
"""
_CLASHING = """
    WITH told AS (SELECT key, line, row_number() OVER (PARTITION BY key ORDER BY line) AS place,
                         count(*) OVER (PARTITION BY key) AS many FROM clash),
         said AS (SELECT key, group_concat(line, ', ') || CASE WHEN many > ? THEN ' …' ELSE '' END
                  AS lines FROM (SELECT * FROM told WHERE place <= ? ORDER BY key, line)
                  GROUP BY key)
    INSERT INTO bad SELECT clash.line, 'key: ''' || substr(clash.key, ?)
        || ''' has different content on lines ' || said.lines FROM clash JOIN said USING (key)
"""

R = TypeVar("R")
Looking = Callable[[Callable[[View], R]], R]
"""Runs a look at the books, each on a snapshot of its own."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be loaded: its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Slice:
    """The next transfers of a plan, the bounds of names that are new in it, and where it ends."""

    drafts: tuple[Draft, ...]
    lines: tuple[int, ...]
    bounds: Mapping[Place, chart.Bounds]
    last: int


class Plan:
    """A checked journal: ``rows`` to load, how many were ``repeated``, and what is ``bad``."""

    def __init__(self, asset: Asset) -> None:
        """Begin an empty one."""
        self.asset = asset
        self.rows = 0
        self.repeated = 0
        self._at = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._at.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._at.execute("PRAGMA journal_mode = OFF")
        self._at.execute("PRAGMA temp_store = FILE")
        self._at.executescript(_SCRATCH)

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

    def close(self) -> None:
        """Let the scratch file go."""
        self._at.close()

    @property
    def bad_found(self) -> int:
        """How many rows are bad."""
        return int(self._one("SELECT count(*) FROM bad"))

    @property
    def bad(self) -> list[BadRow]:
        """The first bad rows, as many as are told."""
        rows = self._at.execute("SELECT * FROM bad ORDER BY line LIMIT ?", [BAD_ROWS_TOLD])
        return [BadRow(*row) for row in rows]

    def after(self, last: int, limit: int) -> Slice | None:
        """Return the next transfers after a place (0 is the beginning); None at the end."""
        rows = self._at.execute(
            "SELECT n, line, key, kind, at, s.address, d.address, entry.units FROM entry"
            " JOIN name s ON s.id = source JOIN name d ON d.id = destination"
            " WHERE n > ? ORDER BY n LIMIT ?",
            [last, limit],
        ).fetchall()
        if not rows:
            return None
        drafts = tuple(
            Draft(
                Kind(kind),
                key,
                datetime.fromisoformat(at),
                (Posting(source, destination, Amount(units, self.asset.code)),),
            )
            for _, _, key, kind, at, source, destination, units in rows
        )
        sides = {side for row in rows for side in row[5:7]}
        fresh = self._at.execute(
            "SELECT address, floor, ceiling FROM name"
            " WHERE fresh AND address IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(sides))],
        )
        bounds = {(name, self.asset.code): chart.Bounds(*bound) for name, *bound in fresh}
        return Slice(drafts, tuple(row[1] for row in rows), bounds, rows[-1][0])

    # Checking ---------------------------------------------------------------------------------

    def _one(self, sql: str) -> Any:
        return self._at.execute(sql).fetchone()[0]

    def _tell(self, rows: Iterable[tuple[int, str]]) -> None:
        self._at.executemany("INSERT INTO bad VALUES (?, ?)", rows)

    def _put(self, found: Sequence[Entry]) -> None:
        """Put some rows down; of several with one key the first, and clashes with it."""
        keys = json.dumps([one.draft.key for one in found])
        known = self._at.execute(
            "SELECT key, n, line, hash FROM first WHERE key IN (SELECT value FROM json_each(?))",
            [keys],
        )
        first = {key: (n, line, digest) for key, n, line, digest in known}
        fresh, clashing, n = [], [], self.rows
        for one in found:
            digest = one.draft.content_hash()
            twin = first.get(one.draft.key)
            if twin is None:
                n += 1
                first[one.draft.key] = (n, one.line, digest)
                fresh.append((n, one, digest))
            elif twin[2] == digest:
                self.repeated += 1
            else:
                clashing += [
                    (one.draft.key, twin[1], twin[0]),
                    (one.draft.key, one.line, None),
                ]
        self.rows = n
        self._at.executemany(
            "INSERT INTO first VALUES (?, ?, ?, ?)",
            [(one.draft.key, n, one.line, digest) for n, one, digest in fresh],
        )
        self._at.executemany("INSERT OR IGNORE INTO clash VALUES (?, ?, ?)", clashing)
        names = self._names([one.draft for _, one, _ in fresh])
        self._at.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_entry(n, one, digest, names) for n, one, digest in fresh],
        )

    def _names(self, drafts: Sequence[Draft]) -> dict[str, int]:
        """Return the numbers of the names in these drafts; who issues may fall below zero."""
        issuing = {one.postings[0].source for one in drafts if one.kind is Kind.ISSUE}
        sides = {side for one in drafts for side in _sides(one)}
        self._at.executemany(
            "INSERT OR IGNORE INTO name (address) VALUES (?)", [(one,) for one in sorted(sides)]
        )
        self._free(issuing)
        rows = self._at.execute(
            "SELECT address, id FROM name WHERE address IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(sides))],
        )
        return dict(rows.fetchall())

    def _free(self, addresses: Iterable[str]) -> None:
        self._at.executemany(
            "UPDATE name SET free = 1 WHERE address = ? AND NOT free",
            [(one,) for one in sorted(addresses)],
        )

    def _settle_twins(self) -> None:
        """Take out both of two rows that clash, and tell of each of them."""
        self._at.execute(_CLASHING, [_LINES_TOLD, _LINES_TOLD, len("import/") + 1])
        self._at.execute("DELETE FROM entry WHERE n IN (SELECT n FROM clash)")

    def read(
        self, reading: Iterable[Entry | Unreadable], allow_negative: Iterable[str] = ()
    ) -> None:
        """Put all rows down, some at a time, and settle which of them are twins.

        Raises:
            BadJournal: the header is not the six columns, or there are no rows.
        """
        rows = iter(reading)
        while some := list(islice(rows, LOOKED_AT_ONCE)):
            self._tell([(one.line, one.reason) for one in some if isinstance(one, Unreadable)])
            self._put([one for one in some if isinstance(one, Entry)])
        self._free(address_of(name) for name in allow_negative)
        self._settle_twins()

    def _waiting(self, after: int) -> list[tuple[int, int, str, str, int, int, int]]:
        return self._at.execute(
            "SELECT n, line, key, hash, source, destination, units FROM entry"
            " WHERE n > ? ORDER BY n LIMIT ?",
            [after, LOOKED_AT_ONCE],
        ).fetchall()

    def check(self, look: Looking[Any]) -> None:
        """Walk the balances in the order of the file; what is recorded before moves nothing."""
        last = 0
        while rows := self._waiting(last):
            last = rows[-1][0]
            wanted = {one for row in rows for one in row[4:6]}
            standing = self._standing(wanted)
            unasked = self._unasked(wanted)
            recorded, there = look(
                partial(
                    walks.known,
                    asset=self.asset,
                    keys=[row[2] for row in rows],
                    addresses=list(unasked.values()),
                )
            )
            self._begin_with(standing, unasked, there)
            gone = []
            for n, line, key, digest, source, destination, units in rows:
                known = recorded.get(key)
                if known is None:
                    reason = walks.move(standing[source], standing[destination], units, self.asset)
                else:
                    reason = "" if known == digest else "key: recorded before with other content"
                    self.repeated += known == digest
                if reason:
                    self._tell([(line, reason)])
                if reason is not None:
                    gone.append((n,))
            self._at.executemany("DELETE FROM entry WHERE n = ?", gone)
            self._keep(standing)
        self.rows = int(self._one("SELECT count(*) FROM entry"))

    def _standing(self, name_ids: set[int]) -> dict[int, Standing]:
        rows = self._at.execute(
            "SELECT id, address, units, floor, ceiling, known FROM name"
            " WHERE id IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(name_ids))],
        )
        return {
            name_id: Standing(address, units, floor, ceiling, bool(known))
            for name_id, address, units, floor, ceiling, known in rows
        }

    def _unasked(self, name_ids: set[int]) -> dict[int, str]:
        rows = self._at.execute(
            "SELECT id, address FROM name WHERE NOT asked"
            " AND id IN (SELECT value FROM json_each(?))",
            [json.dumps(sorted(name_ids))],
        )
        return dict(rows.fetchall())

    def _begin_with(
        self,
        standing: dict[int, Standing],
        unasked: Mapping[int, str],
        there: Mapping[str, Standing],
    ) -> None:
        """Start names that come for the first time from the books, or from their chart."""
        fresh = []
        for name_id, address in unasked.items():
            one = standing[name_id]
            if address in there:
                standing[name_id] = there[address]
                continue
            bound = chart.bounds(address, self.asset.kind)
            if address.startswith(chart.OUTSIDE):
                free = self._at.execute("SELECT free FROM name WHERE id = ?", [name_id])
                bound = chart.UNBOUNDED if free.fetchone()[0] else chart.Bounds(0)
            one.floor, one.ceiling = bound.floor, bound.ceiling
            one.is_there = address.split("/")[0] not in _PERSONAL
            fresh.append((name_id,))
        self._at.executemany("UPDATE name SET asked = 1 WHERE id = ?", [(i,) for i in unasked])
        self._at.executemany("UPDATE name SET fresh = 1 WHERE id = ?", fresh)

    def _keep(self, standing: Mapping[int, Standing]) -> None:
        self._at.executemany(
            "UPDATE name SET units = ?, floor = ?, ceiling = ?, known = ? WHERE id = ?",
            [
                (one.units, one.floor, one.ceiling, one.is_there, name_id)
                for name_id, one in standing.items()
            ],
        )


def make(
    lines: Iterable[str],
    *,
    asset: Asset,
    zone: str,
    look: Looking[Any],
    allow_negative: Iterable[str] = (),
) -> Plan:
    """Check a whole journal against the books as they are; nothing is written to them.

    Raises:
        BadJournal: the header is not the six columns, or there are no rows.
    """
    plan = Plan(asset)
    try:
        plan.read(entries(lines, asset=asset, zone=zone), allow_negative)
        plan.check(look)
    except BaseException:
        plan.close()
        raise
    return plan


def _sides(draft: Draft) -> tuple[str, str]:
    return draft.postings[0].source, draft.postings[0].destination


def _entry(n: int, one: Entry, digest: str, names: Mapping[str, int]) -> tuple[object, ...]:
    draft = one.draft
    source, destination = (names[side] for side in _sides(draft))
    units = draft.postings[0].amount.units
    at = draft.occurred_at.isoformat()
    return n, one.line, draft.key, digest, draft.kind.value, at, source, destination, units
