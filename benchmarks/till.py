"""One bank with members, a shop and a till, and the cases that are timed at it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, Asset, AssetKind, Posting
from creditbank.ledger import accounts, chart
from creditbank.ledger.chart import Kind
from creditbank.ledger.posting import Draft, Transfer, post, post_many
from creditbank.people import communities, members
from creditbank.schemes import scheme
from merchants import checkout, codes, offer_book, partners, tills

MEMBERS = 100
PART = 100

_OFFICE = Actor("stf_bench", "operator")
_ASSET = "XYB"
_OFFER = """name = "bench"
rule = "step"
every_fen = 3000
points = 3
fen_per_point = 100
"""


@dataclass(slots=True)
class Till:
    """Where the cases run."""

    database: Database
    bank: Bank
    till: Actor
    member_ids: list[str]
    number: Iterator[int] = field(default_factory=itertools.count)

    def _post(self, unit: Unit, *, n: int) -> Transfer:
        return post(unit, self._draft(n, unit))

    def _draft(self, n: int, unit: Unit) -> Draft:
        member_id = self.member_ids[n % len(self.member_ids)]
        moved = Posting(chart.ISSUANCE, chart.member(member_id), Amount(10, _ASSET))
        return Draft(Kind.ISSUE, f"bench/{n}", unit.now, (moved,), None)

    def posts(self, seconds: float, queued: int = 1) -> int:
        """Post single transfers, ``queued`` at a time; returns how many."""
        return self._drive(lambda n: (_OFFICE, partial(self._post, n=n)), seconds, queued)

    def post_many(self, seconds: float) -> int:
        """Post sets of 100 transfers; returns how many transfers."""

        def part(unit: Unit, *, numbers: list[int]) -> list[Transfer]:
            return post_many(unit, [self._draft(n, unit) for n in numbers])

        def job(_: int) -> tuple[Actor, Callable[[Unit], Any]]:
            return _OFFICE, partial(part, numbers=[next(self.number) for _ in range(PART)])

        return PART * self._drive(job, seconds, 1)

    def checkouts(self, seconds: float, queued: int = 1) -> int:
        """Show a code, scan and redeem, ``queued`` at a time; returns how many redemptions."""
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            numbers = [next(self.number) for _ in range(queued)]
            shown = [
                self._submit(
                    Actor(member_id, "member", member_id),
                    partial(codes.issue, member_id=member_id, key=f"bench/code/{n:012d}"),
                )
                for n in numbers
                for member_id in (self.member_ids[n % len(self.member_ids)],)
            ]
            paid = [
                self._submit(self.till, partial(self._redeem, code_id=code_id, n=n))
                for n, code_id in zip(
                    numbers, [one.result().pay_code_id for one in shown], strict=True
                )
            ]
            done += sum(one.result().points > 0 for one in paid)
        return done

    def _redeem(self, unit: Unit, *, code_id: str, n: int) -> Any:
        digits = codes.digits(unit, code_id)
        return checkout.scan_and_redeem(
            unit, code=digits, cart_fen=3000, key=f"bench/redeem/{n:012d}"
        )

    def _submit(self, actor: Actor, work: Callable[[Unit], Any]) -> Future[Any]:
        return self.database.writer.submit(self.bank.bank_id, actor, work)

    def _drive(
        self, job: Callable[[int], tuple[Actor, Callable[[Unit], Any]]], seconds: float, queued: int
    ) -> int:
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            waiting = [self._submit(*job(next(self.number))) for _ in range(queued)]
            for one in waiting:
                one.result()
            done += queued
        return done


@contextmanager
def opened(url: str) -> Iterator[Till]:
    """Open a migrated, empty database, found a bank in it and give its members points."""
    with Database(url) as database:
        bank = database.install(
            lambda connection, now: banks.create(
                connection, slug="bench", name="Bench", zone="Asia/Shanghai", now=now
            )
        )
        do = partial(database.write, bank.bank_id, _OFFICE)
        asset = Asset(_ASSET, "信义贝", 0, AssetKind.SPENDABLE)
        do(partial(accounts.create_asset, asset=asset))
        free = {
            "no_pin_points_most": PAYMENT_UNITS_MOST,
            "no_pin_payments_day": 10_000,
            "no_pin_points_day": PAYMENT_UNITS_MOST,
        }
        today = database.read(bank.bank_id, lambda view: view.today)
        do(partial(scheme.adopt, parameters=free, effective_from=today, key="bench/scheme/no-pin"))
        home = do(partial(communities.create, name="Bench", key="bench/community/1"))
        shop = do(
            partial(
                partners.register, name="Bench", trade="any", asset=_ASSET, key="bench/merchant/one"
            )
        )
        till = do(partial(tills.register, merchant_id=shop, name="Till", key="bench/till/of/shop"))
        do(partial(offer_book.adopt, merchant_id=shop, text=_OFFER, key="bench/offer/of/shop"))
        member_ids = [
            do(
                partial(
                    members.register, name=f"M{n}", community_id=home, key=f"bench/member/{n:06d}"
                )
            ).member_id
            for n in range(MEMBERS)
        ]
        at = Till(database, bank, Actor(till, "till"), member_ids)
        for _ in range(10 * MEMBERS):
            do(partial(at._post, n=next(at.number)))  # noqa: SLF001 - its own module
        yield at
