"""How many bytes a payment takes, by table, with its indexes, and in the write-ahead log.

python -m benchmarks.sizes [COUNT [sqlite] [postgres]]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection

from benchmarks import folders, places, society
from benchmarks.cases import POSTGRES, SQLITE
from creditbank.core.engines import normalised, write_engine
from creditbank.core.units import Unit
from creditbank.core.values import Amount, Posting
from creditbank.ledger import chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post
from merchants import checkout

COUNT = 6_000
PEOPLE = 1_000
_OF_TABLES = """
    SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
Sizes = dict[str, int]
Works = list[Callable[[Unit], Any]]


def sizes(connection: Connection, engine: str) -> Sizes:
    """Return the bytes of each table and of its indexes, and of the log so far."""
    if engine == SQLITE:
        pages, free, size = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_count", "freelist_count", "page_size")
        )
        return {"all": (pages - free) * size}
    found: Sizes = {}
    for name, rows, indexes in connection.exec_driver_sql(_OF_TABLES):
        found |= {f"{name}, rows": rows, f"{name}, indexes": indexes}
    log = connection.exec_driver_sql("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").scalar_one()
    return {"all": sum(found.values()), **found, "write-ahead log": int(log)}


def gifts(opened: places.Engine, count: int) -> Iterator[Works]:
    """Yield transfers of one posting from member to member, each with a key of its own."""
    people = opened.place.society.member_ids

    def give(unit: Unit, n: int) -> object:
        one, other = people[n % len(people)], people[(n + 1) % len(people)]
        given = (Posting(chart.member(one), chart.member(other), Amount(1, society.ASSET)),)
        return post(unit, Draft(Kind.GIFT, f"sizes/gift/{n:09d}", unit.now, given))

    for start in range(0, count, len(people)):
        yield [partial(give, n=n) for n in range(start, min(start + len(people), count))]


def redemptions(opened: places.Engine, count: int) -> Iterator[Works]:
    """Yield payments by pay code at one till after the other, with offer, caps and key."""
    of = opened.place.society
    codes = society.Codes(opened.place.url, of, of.member_ids)
    for start in range(0, count, len(of.member_ids)):
        codes.refill()  # one each: a payment ends every live code of its member
        yield [
            partial(
                checkout.scan_and_redeem,
                code=codes.take() or "",
                cart_fen=society.CART_FEN,
                key=f"sizes/redemption/{n:09d}",
            )
            for n in range(start, min(start + len(of.member_ids), count))
        ]
    codes.close()


def grown(opened: places.Engine, rounds: Iterator[Works], *, at_tills: bool) -> Sizes:
    """Run units, a round at once, and return by how many bytes each made the database grow."""
    of, database = opened.place.society, opened.database
    before = _seen(opened)
    done = 0
    for works in rounds:
        actors = [one.actor for one in of.tills] if at_tills else [society.OFFICE]
        waiting = [
            database.writer.submit(of.bank_id, actors[n % len(actors)], work)
            for n, work in enumerate(works)
        ]
        done += len([one.result() for one in waiting])
    after = _seen(opened)
    per_one = {name: (size - before.get(name, 0)) // done for name, size in after.items()}
    return {name: size for name, size in per_one.items() if size}


def _seen(opened: places.Engine) -> Sizes:
    engine = write_engine(normalised(opened.place.url))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        found = sizes(connection, opened.engine)
    engine.dispose()
    return found


def main() -> None:
    """Measure both databases and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    for engine in sys.argv[2:] or (SQLITE, POSTGRES):
        with (
            folders.run_folder() as folder,
            places.opened(folder, engine, people=PEOPLE) as opened,
        ):
            print(opened.version())
            for what, rounds, at_tills in (
                ("gift", gifts(opened, count), False),
                ("redemption", redemptions(opened, count), True),
            ):
                for name, size in grown(opened, rounds, at_tills=at_tills).items():
                    print(f"  {what:12}{name:44}{size:8,} bytes")


if __name__ == "__main__":
    main()
