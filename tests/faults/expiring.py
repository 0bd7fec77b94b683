"""Points that expire, at any size: a bank filled by set-based SQL, and spends in the same second.

The rows that are filled in are what issues would have left; the audit accepts them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from threading import Event
from typing import Any

import psycopg
from sqlalchemy import Connection, bindparam, text

from api.scheduler import Work, run_due
from creditbank import jobs
from creditbank.core.engines import is_sqlite
from creditbank.core.pace import Pace
from creditbank.core.tables import UtcDateTime
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.ledger import chart, payments, statements
from creditbank.ledger.chart import Kind
from creditbank.schemes import expiry
from tests.books import OPERATOR, POINTS, Books, made_up
from tests.merchant_builders import Street
from tests.postgres import OWNER

_FIRST = 10_000_000
_PAUSE_S = 0.2
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :many)"
_ID = "'{prefix}_000000000000000000' || ({first} + {i})"

_MEMBERS = """
    INSERT INTO member (bank_id, member_id, number, community_id, kind, status, joined_on)
    {numbers} SELECT :bank_id, {member}, 'N' || i, :community_id, 'resident', 'active', :day FROM n
"""
_ACCOUNTS = """
    INSERT INTO account (bank_id, account_id, address, asset_code, floor, ceiling, balance,
                         version, recorded_at)
    {numbers} SELECT :bank_id, :first + i, 'member/' || {member}, :asset, 0, NULL, :balance,
                     :version, :now FROM n
"""
_TRANSFERS = """
    INSERT INTO transfer (bank_id, transfer_id, key, content_hash, kind, occurred_at, recorded_at,
                          actor_id, refers_to, reverses, period_id)
    {numbers} SELECT :bank_id, {transfer}, 'filled/' || :part || '/' || i, '', 'issue', :now, :now,
                     'stf_filling', NULL, NULL, NULL FROM n
"""
_POSTINGS = """
    INSERT INTO posting (bank_id, transfer_id, n, source_id, destination_id, units, expires_on,
                         source_version, source_balance, destination_version, destination_balance)
    {numbers} SELECT :bank_id, {transfer}, 1, :issuance, :first + i, :units, :day, NULL, NULL,
                     :part, :units * :part FROM n
"""


@dataclass(frozen=True, slots=True)
class Expired:
    """How long it took in all, the longest slice, how many there were, and checkouts meanwhile."""

    seconds: float
    slices: int
    longest_slice_s: float
    middle_slice_s: float
    checkouts: int
    longest_wait_s: float


def fill(street: Street, *, members: int, days: tuple[date | None, ...], units: int) -> None:
    """Give so many members one inflow for each of these days, of so many units each."""
    street.earn(street.member(0), 1)  # the accounts of issuance and expiry are there
    bank_id, now = street.bank_id, street.clock.now() - timedelta(days=100)

    def work(connection: Connection) -> None:
        issuance = connection.execute(
            text("SELECT account_id FROM account WHERE bank_id = :b AND address = 'issuance'"),
            {"b": bank_id},
        ).scalar_one()
        more = {"bank_id": bank_id, "many": members, "first": _FIRST, "asset": POINTS}
        _run(connection, _MEMBERS, more, community_id=street.community_id, day=now.date())
        total = units * len(days)
        _run(connection, _ACCOUNTS, more, balance=total, version=len(days), now=now)
        for part, day in enumerate(days, start=1):
            _run(connection, _TRANSFERS, more, part=part, now=now)
            _run(connection, _POSTINGS, more, part=part, units=units, day=day, issuance=issuance)

    street.database.install(lambda connection, _now: work(connection))
    if not is_sqlite(street.database.url):
        analyse(street)


def _run(connection: Connection, sql: str, common: dict[str, Any], **more: Any) -> None:
    values = common | more
    part = more.get("part", 0)
    written = sql.format(
        numbers=_NUMBERS,
        member=_ID.format(prefix="mem", first=":first", i="i"),
        transfer=_ID.format(prefix="trf", first=f"{part * _FIRST}", i="i"),
    ).replace(":part", str(part))
    wanted = {name: value for name, value in values.items() if f":{name}" in written}
    statement = text(written)
    if "now" in wanted:
        statement = statement.bindparams(bindparam("now", type_=UtcDateTime))
    connection.execute(statement, wanted)


def analyse(street: Street) -> None:
    """Do what the server does by itself in the minutes after so many rows came in."""
    at = street.database.url
    host, name = str(at.query["host"]), at.database
    with psycopg.connect(host=host, user=OWNER, dbname=name, autocommit=True) as server:
        server.execute("VACUUM ANALYZE posting, transfer, account, member")


def expire_while_shopping(street: Street, *, shoppers: int) -> Expired:
    """Run the job of the day while customers pay, five times a second at most each."""
    buyers = [street.member(10_000) for _ in range(shoppers)]
    codes = {buyer: street.code(buyer) for buyer in buyers}
    over, waits, slices = Event(), [], []

    def shop(buyer: str) -> None:
        while not over.is_set():
            begun = time.perf_counter()
            street.pay(codes[buyer], 3000)
            waits.append(time.perf_counter() - begun)
            codes[buyer] = street.code(buyer)
            over.wait(_PAUSE_S)

    def timed(unit: Unit, lease: jobs.Lease) -> bool:
        begun = time.perf_counter()
        last = expiry.run_slice(unit, lease)
        slices.append(time.perf_counter() - begun)
        return last

    begun = time.perf_counter()
    with ThreadPoolExecutor(shoppers) as threads:
        at_shop = [threads.submit(shop, buyer) for buyer in buyers]
        run_due(street.database, "worker", [Work(expiry.KIND, expiry.due, timed)])
        seconds = time.perf_counter() - begun
        over.set()
        for one in at_shop:
            one.result()
    middle = sorted(slices)[len(slices) // 2]
    return Expired(seconds, len(slices), max(slices), middle, len(waits), max(waits))


@contextmanager
def _slices_of(accounts: int) -> Iterator[None]:
    """Let a slice have so many accounts, so that spends and slices take turns."""
    kept, expiry.PACE = expiry.PACE, Pace(accounts, most=accounts)
    try:
        yield
    finally:
        expiry.PACE = kept


def spend_in_the_second(books: Books, *, spends: int, threads: int) -> Counter[str]:
    """Let so many members spend all they have in the second in which it expires.

    Returns how many points were spent, how many expired, and how many are neither or both.
    """
    last = books.see(lambda view: view.today)
    members = [made_up("mem", 1000 + n) for n in range(spends)]
    for member_id in members:
        books.earn(member_id, 7, last)
    books.database.clock.advance(days=1)  # type: ignore[attr-defined]
    shop = chart.merchant(made_up("mer", 1))

    def spend(member_id: str) -> Callable[[Unit], object]:
        return partial(
            payments.pay,
            member_id=member_id,
            destination=shop,
            amount=Amount(7, POINTS),
            key=f"spend/{member_id}",
            refers_to=f"red_{member_id}",
        )

    submit = books.database.writer.submit
    begun = Event()

    def small_slice(unit: Unit, lease: jobs.Lease) -> bool:
        begun.set()
        return expiry.run_slice(unit, lease)

    job = Work(expiry.KIND, expiry.due, small_slice)
    with ThreadPoolExecutor(threads + 1) as pool, _slices_of(spends // 50 + 1):
        running = pool.submit(run_due, books.database, "worker", [job])
        begun.wait(30)

        def one(member_id: str) -> Future[object]:
            return submit(books.bank_id, OPERATOR, spend(member_id))

        for n in range(0, spends, threads):  # the last accounts are spent first
            for future in list(pool.map(one, members[::-1][n : n + threads])):
                future.exception()
        running.result()
    found: Counter[str] = Counter()
    for member_id in members:
        address = chart.member(member_id)
        page = books.see(lambda view, at=address: statements.history(view, at, POINTS))  # type: ignore[misc]
        out = [line for line in page.lines if line.units < 0]
        kinds = [line.kind for line in out]
        whole = len(out) == 1 and out[0].units == -7 and out[0].balance_after == 0
        name = {Kind.REDEEM: "spent", Kind.EXPIRE: "expired"}.get(kinds[0]) if whole else None
        found[name or "neither or both"] += 1
    return found


def expired(view: View) -> int:
    """How many points of a bank ever expired."""
    row = view.connection.execute(
        text(
            """
            SELECT coalesce(sum(p.units), 0) FROM posting p
            JOIN account a ON a.bank_id = p.bank_id AND a.account_id = p.destination_id
            WHERE p.bank_id = :bank_id AND a.address = 'expired'
            """
        ),
        {"bank_id": view.bank_id},
    ).one()
    return int(row[0])
