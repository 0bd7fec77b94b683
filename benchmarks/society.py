"""The society that is measured: members with points, shops with an offer and a till, pay codes.

It is founded through the product's own functions, so a benchmark never measures rows that the
product could not have written. Only pay codes are put into their table directly: a phone would
ask for one every half minute, and that is not what a till waits for.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import insert

from api import tokens
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.engines import normalised, write_engine
from creditbank.core.ids import IdSource
from creditbank.core.units import Actor, Declined, Unit
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, Asset, AssetKind, Posting
from creditbank.identity.roles import Role
from creditbank.ledger import accounts, chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, post_many
from creditbank.people import communities, members
from creditbank.schemes import scheme
from merchants import code_digits, offer_book, partners, tills
from merchants.codes import CodeState, pay_codes

MEMBERS, SHOPS, HOT_TILLS = 2_000, 20, 8
ASSET = "XYB"
OFFICE = Actor("stf_bench", "operator")
ZONE = "Asia/Shanghai"

# For every full 30 yuan, 3 points of 1 yuan each; caps that are looked at and never reached.
CART_FEN, POINTS = 3000, 3
_OFFER = """name = "bench"
rule = "step"
every_fen = 3000
points = 3
fen_per_point = 100
most_per_member_day = 1000000
most_per_merchant_day = 1000000
"""
_FREE = {
    "no_pin_points_most": PAYMENT_UNITS_MOST,
    "no_pin_payments_day": 10_000,
    "no_pin_points_day": PAYMENT_UNITS_MOST,
}
_IN_FLIGHT = 64
_CODES_LIVE = timedelta(hours=1)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Till:
    """One shop's till; ``token`` is what it says who it is by, over HTTP."""

    till_id: str
    merchant_id: str
    token: str

    @property
    def actor(self) -> Actor:
        """Who writes when this till redeems."""
        return Actor(self.till_id, "till")


@dataclass(frozen=True, slots=True)
class Society:
    """Who is there: ``tills`` are one per shop, ``hot_tills`` all in the first shop.

    ``poor_ids`` are members without points.
    """

    slug: str
    bank_id: int
    member_ids: tuple[str, ...]
    poor_ids: tuple[str, ...]
    tills: tuple[Till, ...]
    hot_tills: tuple[Till, ...]


def found(
    database: Database, *, slug: str = "bench", people: int = MEMBERS, shops: int = SHOPS
) -> Society:
    """Found a bank in a migrated database, with people who have points and shops that take them."""
    bank = database.install(
        lambda connection, now: banks.create(connection, slug=slug, name=slug, zone=ZONE, now=now)
    )
    do = _Doing(database, bank.bank_id)
    asset = Asset(ASSET, "信义贝", 0, AssetKind.SPENDABLE)
    do.one(partial(accounts.create_asset, asset=asset))
    today = database.read(bank.bank_id, lambda view: view.today)
    key = _keys()
    do.one(partial(scheme.adopt, parameters=_FREE, effective_from=today, key=next(key)))
    home = do.one(partial(communities.create, name="Bench", key=next(key)))
    poor = max(people // 50, 1)
    registered = do.all(
        partial(members.register, name=f"成员{n}", community_id=home, key=next(key))
        for n in range(people + poor)
    )
    ids = tuple(one.member_id for one in registered)
    for start in range(0, people, 500):
        do.one(partial(_fund, member_ids=ids[start : min(start + 500, people)]))
    of_shops = tuple(_till(do, _shop(do, n, key), key) for n in range(shops))
    hot = tuple(_till(do, of_shops[0].merchant_id, key) for _ in range(HOT_TILLS))
    return Society(slug, bank.bank_id, ids[:people], ids[people:], of_shops, hot)


def _keys() -> Iterator[str]:
    return (f"bench/society/{n:09d}" for n in itertools.count())


@dataclass(frozen=True, slots=True)
class _Doing:
    """Units of the office, one or many."""

    database: Database
    bank_id: int

    def one(self, work: Callable[[Unit], R | Declined]) -> R:
        return self.database.write(self.bank_id, OFFICE, work)

    def all(self, works: Iterable[Callable[[Unit], R | Declined]]) -> list[R]:
        """Run units of which none needs another, some at a time."""
        waiting: deque[Future[R]] = deque()
        done: list[R] = []
        for work in works:
            waiting.append(self.database.writer.submit(self.bank_id, OFFICE, work))
            if len(waiting) >= _IN_FLIGHT:
                done.append(waiting.popleft().result())
        return done + [one.result() for one in waiting]


def _fund(unit: Unit, *, member_ids: tuple[str, ...]) -> int:
    given = Amount(PAYMENT_UNITS_MOST, ASSET)
    drafts = [
        Draft(
            Kind.ISSUE,
            f"fund/{one}",
            unit.now,
            (Posting(chart.ISSUANCE, chart.member(one), given),),
        )
        for one in member_ids
    ]
    return len(post_many(unit, drafts))


def _shop(do: _Doing, n: int, key: Iterator[str]) -> str:
    shop = do.one(
        partial(partners.register, name=f"小店{n}", trade="超市", asset=ASSET, key=next(key))
    )
    do.one(partial(offer_book.adopt, merchant_id=shop, text=_OFFER, key=next(key)))
    return shop


def _till(do: _Doing, merchant_id: str, key: Iterator[str]) -> Till:
    till = do.one(partial(tills.register, merchant_id=merchant_id, name="收银台", key=next(key)))
    secret = tokens.new_secret()
    do.one(
        partial(
            tokens.create,
            key=next(key),
            role=Role.TILL,
            secret_hash=tokens.hashed(secret),
            till_id=till,
        )
    )
    return Till(till, merchant_id, secret)


class Codes:
    """Live pay codes of everyone in a society, one each, kept by whoever uses them up.

    They are written by a connection of their own, so that a program that serves the database from
    another process is measured as it is.
    """

    def __init__(self, url: str, society: Society, member_ids: tuple[str, ...]) -> None:
        """Say whose codes; none is made before `refill`."""
        self._engine = write_engine(normalised(url))
        self._bank_id = society.bank_id
        self._used = list(member_ids)
        self._live: deque[tuple[str, str]] = deque()
        self._dice = random.Random(member_ids[0])

    def refill(self) -> None:
        """Give everyone whose code was taken a fresh one."""
        if not self._used:
            return
        now = datetime.now(UTC)
        self._dice.shuffle(self._used)
        rows = [self._row(member_id, now) for member_id in self._used]
        with self._engine.begin() as connection:
            connection.execute(insert(pay_codes), rows)
        self._live.extend((row["digits"], row["member_id"]) for row in rows)
        self._used.clear()

    def _row(self, member_id: str, now: datetime) -> dict[str, Any]:
        ids = IdSource()
        return {
            "bank_id": self._bank_id,
            "pay_code_id": ids.prefixed("pcd", now),
            "member_id": member_id,
            "digits": code_digits.complete(ids.digits(code_digits.RANDOM_DIGITS)),
            "state": CodeState.LIVE,
            "issued_at": now,
            "ends_at": now + _CODES_LIVE,
            "device_since": None,
            "delegate_id": None,
        }

    def take(self) -> str | None:
        """Return the digits of a live code to be shown now, None if there is none left."""
        if not self._live:
            return None
        digits, member_id = self._live.popleft()
        self._used.append(member_id)
        return digits

    def close(self) -> None:
        """Let the connection go."""
        self._engine.dispose()
