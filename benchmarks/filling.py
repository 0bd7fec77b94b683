"""Many postings at once, straight into the tables, as if the product had written them over years.

Everybody in turn earns 10 and then spends 3 three times, one after the other at all shops, so each
version and balance can be told from the transfer's number, and the database makes all rows by
itself. Versions, balances and standings are as `posting` keeps them: the audit passes. Ids and keys
rise with time like the product's own. Nobody else has the database open meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import psycopg
from sqlalchemy.engine import URL

from benchmarks.cases import Place
from benchmarks.society import ASSET, ZONE
from creditbank.core.clock import SystemClock, day_of, start_of_day
from creditbank.core.engines import is_sqlite, normalised, sqlite_path

MEMBERS, SHOPS, DAYS = 200_000, 200, 700
FIRST_MEMBER, FIRST_SHOP = 1, 10_000_000
_AT_ONCE = 500_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SQLITE_CACHE_KB = 1_000_000
_POSTGRES_MEMORY = "256MB"


def member_id(n: int) -> str:
    """Return the id of a member that was filled in."""
    return f"mem_{n:026d}"


def shop_id(n: int) -> str:
    """Return the id of a shop that was filled in."""
    return f"mer_{n:026d}"


def period_id(year: int) -> str:
    """Return the id of the period of a year that was filled in."""
    return f"per_{year:026d}"


def fill(place: Place, transfers: int) -> None:
    """Write so many transfers of so many new members into a database that nobody has open."""
    url = normalised(place.url)
    with closing(_Sqlite(url) if is_sqlite(url) else _Postgres(url)) as to:
        for statement in _History(to, place.society.bank_id, transfers, MEMBERS).statements():
            to.do(statement)
        to.finish()


@dataclass(frozen=True, slots=True)
class _History:
    """The statements that make it; ``m`` is the member, ``r`` how often that one had been due."""

    to: _Sqlite | _Postgres
    bank_id: int
    transfers: int
    members: int

    def statements(self) -> Iterator[str]:
        ends_at = start_of_day(day_of(SystemClock().now(), ZONE), ZONE)
        begins_at = ends_at - timedelta(days=DAYS)
        years = range(day_of(begins_at, ZONE).year, day_of(ends_at, ZONE).year + 1)
        yield from self._around(begins_at, years)
        step = timedelta(days=DAYS) // (self.transfers + 1)
        at = f"({(begins_at - _EPOCH) // timedelta(microseconds=1)}"
        at = f"{at} + (n + 1) * {step // timedelta(microseconds=1)})"
        for first in range(0, self.transfers, _AT_ONCE):
            numbers = self.to.numbers(first, min(first + _AT_ONCE, self.transfers))
            yield self._transfers(numbers, at)
            yield self._postings(numbers, at)
        yield from self._accounts(at)
        member = self._id("mem", f"a.account_id - {FIRST_MEMBER}")
        yield f"""INSERT INTO standing (bank_id, period_id, asset_code, member_id, units)
            SELECT t.bank_id, t.period_id, '{ASSET}', {member}, sum(p.units) FROM transfer t
            JOIN posting p ON p.bank_id = t.bank_id AND p.transfer_id = t.transfer_id
            JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.destination_id
            WHERE t.bank_id = {self.bank_id} AND t.period_id LIKE 'per_0%'
            GROUP BY t.bank_id, t.period_id, a.account_id"""

    def _id(self, prefix: str, number: str) -> str:
        return f"('{prefix}_' || {self.to.padded(number, 26)})"

    def _around(self, begins_at: datetime, years: range) -> Iterator[str]:
        joined = begins_at.date().isoformat()
        yield f"""INSERT INTO member
            (bank_id, member_id, number, community_id, kind, status, joined_on)
            SELECT {self.bank_id}, {self._id("mem", "n")}, 'F' || n,
                   (SELECT min(community_id) FROM community WHERE bank_id = {self.bank_id}),
                   'resident', 'active', date('{joined}')
            FROM {self.to.numbers(0, self.members)}"""
        yield f"""INSERT INTO merchant (bank_id, merchant_id, name, trade, asset_code, state)
            SELECT {self.bank_id}, {self._id("mer", "n")}, 'Shop ' || n, 'any', '{ASSET}', 'active'
            FROM {self.to.numbers(0, SHOPS)}"""
        for year in years:
            days = [date(year, 1, 1), date(year + 1, 1, 1), date(year + 1, 2, 1)]
            said = ", ".join(f"'{day.isoformat()}'" for day in days)
            yield f"""INSERT INTO period
                (bank_id, period_id, name, kind, starts_on, ends_on, grace_ends_on)
                VALUES ({self.bank_id}, '{period_id(year)}', '{year}', 'year', {said})"""

    def _transfers(self, numbers: str, at: str) -> str:
        to = self.to
        return f"""INSERT INTO transfer (bank_id, transfer_id, key, content_hash, kind, occurred_at,
                recorded_at, actor_id, refers_to, reverses, period_id)
            SELECT {self.bank_id}, {self._id("trf", "n")}, 'fill/' || {to.padded("n", 12)},
                   {to.padded("n", 64)}, CASE r % 4 WHEN 0 THEN 'issue' ELSE 'redeem' END,
                   {to.instant(at)}, {to.instant(at)}, 'stf_fill', {self._id("his", "n")}, NULL,
                   CASE r % 4 WHEN 0 THEN {self._id("per", to.year(at))} END
            FROM (SELECT n, n / {self.members} AS r FROM {numbers}) dealt"""

    def _postings(self, numbers: str, at: str) -> str:
        issues, member = "r % 4 = 0", f"{FIRST_MEMBER} + m"
        shop, taken = f"{FIRST_SHOP} + q % {SHOPS}", f"q / {SHOPS} + 1"
        left = "r / 4 + 10 - 3 * (r % 4)"
        return f"""INSERT INTO posting (bank_id, transfer_id, n, source_id, destination_id, units,
                expires_on, source_version, source_balance, destination_version,
                destination_balance)
            SELECT {self.bank_id}, {self._id("trf", "n")}, 1,
                   CASE WHEN {issues} THEN
                       (SELECT account_id FROM account WHERE bank_id = {self.bank_id}
                        AND address = 'issuance' AND asset_code = '{ASSET}') ELSE {member} END,
                   CASE WHEN {issues} THEN {member} ELSE {shop} END,
                   CASE WHEN {issues} THEN 10 ELSE 3 END,
                   CASE WHEN {issues} THEN {self.to.day(at, 1095)} END,
                   CASE WHEN {issues} THEN NULL ELSE r + 1 END,
                   CASE WHEN {issues} THEN NULL ELSE {left} END,
                   CASE WHEN {issues} THEN r + 1 ELSE {taken} END,
                   CASE WHEN {issues} THEN {left} ELSE 3 * ({taken}) END
            FROM (SELECT n, m, r, (r - 1 - r / 4) * {self.members} + m AS q
                  FROM (SELECT n, n % {self.members} AS m, n / {self.members} AS r
                        FROM {numbers}) dealt) dealt"""

    def _accounts(self, at: str) -> Iterator[str]:
        """Return what makes the accounts, as the postings left them."""
        turns, members = (
            f"({self.transfers} - n + {self.members} - 1) / {self.members}",
            self.members,
        )
        rounds, rest = divmod(self.transfers, members)
        of_all = (rounds - 1 - (rounds - 1) // 4) * members if rounds else 0
        redeems = of_all + (rest if rounds % 4 else 0)
        into = """INSERT INTO account (bank_id, account_id, address, asset_code, floor, balance,
            version, recorded_at)"""
        last = at.replace("n + 1", f"CAST({self.transfers} AS BIGINT)")
        yield f"""{into} SELECT {self.bank_id}, {FIRST_MEMBER} + n,
            'member/' || {self._id("mem", "n")}, '{ASSET}', 0,
            CASE WHEN turns = 0 THEN 0 ELSE (turns - 1) / 4 + 10 - 3 * ((turns - 1) % 4) END, turns,
            {self.to.instant(last)}
            FROM (SELECT n, {turns} AS turns FROM {self.to.numbers(0, members)}) dealt"""
        taken = f"({redeems} - n + {SHOPS} - 1) / {SHOPS}"
        yield f"""{into} SELECT {self.bank_id}, {FIRST_SHOP} + n,
            'merchant/' || {self._id("mer", "n")}, '{ASSET}', -10000, 3 * taken, taken,
            {self.to.instant(last)}
            FROM (SELECT n, {taken} AS taken FROM {self.to.numbers(0, SHOPS)}) dealt"""


class _Sqlite:
    """A SQLite file, written without a journal: whoever fills it made it for this."""

    def __init__(self, url: URL) -> None:
        self._it = sqlite3.connect(sqlite_path(url), isolation_level=None)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{_SQLITE_CACHE_KB}"):
            self._it.execute(f"PRAGMA {pragma}")
        self._it.execute("BEGIN EXCLUSIVE")

    def do(self, statement: str) -> None:
        self._it.execute(statement)

    def numbers(self, first: int, behind: int) -> str:
        return f"""(WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL
            SELECT n + 1 FROM counted WHERE n + 1 < {behind}) SELECT n FROM counted) numbers"""

    def padded(self, number: str, width: int) -> str:
        return f"printf('%0{width}d', {number})"

    def instant(self, us: str) -> str:
        seconds = f"strftime('%Y-%m-%d %H:%M:%S', {us} / 1000000, 'unixepoch')"
        return f"({seconds} || printf('.%06d', {us} % 1000000))"

    def day(self, us: str, days: int = 0) -> str:
        return f"date({us} / 1000000 + 28800 + {days * 86_400}, 'unixepoch')"

    def year(self, us: str) -> str:
        return f"CAST(strftime('%Y', {us} / 1000000 + 28800, 'unixepoch') AS INTEGER)"

    def finish(self) -> None:
        self._it.execute("COMMIT")
        self._it.execute("PRAGMA journal_mode=WAL")
        self._it.execute("PRAGMA analysis_limit=1000")
        self._it.execute("ANALYZE")

    def close(self) -> None:
        self._it.close()


class _Postgres:
    """A PostgreSQL database; most indexes of the books are made after their rows."""

    def __init__(self, url: URL) -> None:
        self._it = psycopg.connect(
            host=str(url.query["host"]), user="postgres", dbname=str(url.database)
        )
        self.do("SET session_replication_role = replica")
        self.do("SET timezone = 'UTC'")
        self.do(f"SET maintenance_work_mem = '{_POSTGRES_MEMORY}'")
        self._again = [*self._constraints(), *self._indexes()]

    def _constraints(self) -> list[str]:
        """Drop what makes columns of the books unique; return how to make it again."""
        rows = self._it.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'u'"
            " AND conrelid IN ('transfer'::regclass, 'posting'::regclass)"
        ).fetchall()
        for table, name, _ in rows:
            self.do(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}" for table, name, made in rows]

    def _indexes(self) -> list[str]:
        rows = self._it.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename IN ('transfer', 'posting') AND indexname LIKE 'ix%'"
        ).fetchall()
        for name, _ in rows:
            self.do(f"DROP INDEX {name}")
        return [made for _, made in rows]

    def do(self, statement: str) -> None:
        self._it.execute(statement.encode())

    def numbers(self, first: int, behind: int) -> str:
        return f"generate_series({first}::bigint, {behind - 1}::bigint) AS numbers(n)"

    def padded(self, number: str, width: int) -> str:
        return f"lpad(({number})::text, {width}, '0')"

    def instant(self, us: str) -> str:
        return f"('epoch'::timestamptz + {us} * interval '1 microsecond')"

    def day(self, us: str, days: int = 0) -> str:
        return f"({self.instant(us)} + interval '8 hours' + interval '{days} days')::date"

    def year(self, us: str) -> str:
        return f"extract(year FROM {self.instant(us)} + interval '8 hours')::int"

    def finish(self) -> None:
        for statement in self._again:
            self.do(statement)
        self._it.commit()
        self._it.autocommit = True
        self.do("VACUUM ANALYZE")
        self.do("CHECKPOINT")

    def close(self) -> None:
        self._it.close()
