"""Replaying a file of real purchases through the till, with a clock that follows their dates.

Each customer gets 1,000 points on the first day; every order is scanned, and redeemed if a point
is usable. A bill of 0 is bad input and is named.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import BadField
from creditbank.core.units import Actor, Unit
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount, Asset, AssetKind
from creditbank.ledger import accounts, issues
from creditbank.ledger.issues import Earned
from creditbank.people import communities, members
from creditbank.schemes import scheme
from merchants import checkout, codes, offer_book, partners, scans, tills
from merchants.errors import CartEmpty

START_POINTS = 1_000
COLUMNS = ("order_no", "customer", "ordered_on", "items", "amount_fen")

_ZONE = "Asia/Shanghai"
_OFFICE = Actor("stf_replay", "operator")
_NO_PIN_MOST = {
    "no_pin_points_most": PAYMENT_UNITS_MOST,
    "no_pin_payments_day": 10_000,
    "no_pin_points_day": PAYMENT_UNITS_MOST,
}

BadCart = Callable[[int], None]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """One purchase; the bill is in fen."""

    order_no: int
    customer: str
    ordered_on: date
    cart_fen: int


@dataclass(slots=True)
class Totals:
    """What the till took over the whole file."""

    orders: int = 0
    eligible: int = 0
    points: int = 0
    discount_fen: int = 0


def read(lines: Iterable[str]) -> list[Order]:
    """Read the orders of a file, in the order in which they are worked.

    Raises:
        BadField: names the line and column that cannot be read.
    """
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadField("orders", f"the columns are {','.join(COLUMNS)}")
    orders = []
    for row in reader:
        try:
            orders.append(
                Order(
                    int(row["order_no"]),
                    row["customer"],
                    date.fromisoformat(row["ordered_on"]),
                    int(row["amount_fen"]),
                )
            )
        except (TypeError, ValueError) as error:
            raise BadField("orders", f"line {reader.line_num}: {error}") from error
    return sorted(orders, key=lambda order: (order.ordered_on, order.order_no))


def replay(
    database: Database,
    clock: ManualClock,
    orders: Sequence[Order],
    *,
    slug: str,
    offer: str,
    bad_cart: BadCart,
    progress: Progress,
) -> Totals:
    """Replay orders at a new bank of this slug; ``offer`` is the text of an offer file.

    ``bad_cart`` hears the numbers of orders with a bill of 0, ``progress`` how many are done.

    Raises:
        BankExists: the slug is taken.
        OfferInvalid: the offer file is unusable.
    """
    clock.set(_noon(orders[0].ordered_on))
    bank = database.install(partial(_found, slug=slug))
    shop = _Shop(database, bank, offer)
    shop.welcome(sorted({order.customer for order in orders}))
    totals = Totals()
    for n, order in enumerate(orders, start=1):
        clock.set(_noon(order.ordered_on))
        totals.orders += 1
        try:
            points, discount_fen = shop.serve(order)
        except CartEmpty:
            bad_cart(order.order_no)
        else:
            totals.eligible += points > 0
            totals.points += points
            totals.discount_fen += discount_fen
        progress(n)
    return totals


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(_ZONE)).astimezone(UTC)


def _found(connection: Connection, now: datetime, *, slug: str) -> Bank:
    return banks.create(
        connection, slug=slug, name="Replay", zone=_ZONE, now=now, demonstration=True
    )


def _welcome(unit: Unit, *, member_id: str) -> None:
    issues.issue(
        unit,
        earned=[Earned(member_id, Amount(START_POINTS, "XYB"))],
        key=f"replay/welcome/{member_id}",
        occurred_at=unit.now,
        refers_to=member_id,
        period_id=None,
    )


class _Shop:
    """One shop with one till and one offer, and the customers who come."""

    def __init__(self, database: Database, bank: Bank, offer: str) -> None:
        self._database = database
        self._bank_id = bank.bank_id
        asset = Asset("XYB", "信义贝", 0, AssetKind.SPENDABLE)
        do = partial(database.write, bank.bank_id, _OFFICE)
        do(partial(accounts.create_asset, asset=asset))
        do(
            partial(
                scheme.adopt,
                parameters=_NO_PIN_MOST,
                effective_from=database.read(bank.bank_id, lambda view: view.today),
                key="replay/scheme/no-pin",
            )
        )
        self._community_id = do(partial(communities.create, name="Replay", key="replay/community"))
        merchant_id = do(
            partial(
                partners.register,
                name="Replay",
                trade="Replay",
                asset=asset.code,
                key="replay/merchant/1",
            )
        )
        till_id = do(
            partial(tills.register, merchant_id=merchant_id, name="Till", key="replay/till/of/shop")
        )
        do(
            partial(
                offer_book.adopt, merchant_id=merchant_id, text=offer, key="replay/offer/of/shop"
            )
        )
        self._till = Actor(till_id, "till")
        self._member_ids: dict[str, str] = {}

    def welcome(self, customers: Sequence[str]) -> None:
        """Register the customers and give each 1,000 points."""
        for customer in customers:
            member_id = self._database.write(
                self._bank_id,
                _OFFICE,
                partial(
                    members.register,
                    name=f"Customer {customer}",
                    community_id=self._community_id,
                    key=f"replay/customer/{customer}",
                ),
            ).member_id
            self._member_ids[customer] = member_id
            self._database.write(self._bank_id, _OFFICE, partial(_welcome, member_id=member_id))

    def serve(self, order: Order) -> tuple[int, int]:
        """Scan and redeem one order; returns the points and the fen they took off.

        Raises:
            CartEmpty: the bill is 0.
        """
        member_id = self._member_ids[order.customer]
        what = f"replay/order/{order.order_no:06d}"
        issued = self._database.write(
            self._bank_id,
            Actor(member_id, "member", member_id),
            partial(codes.issue, member_id=member_id, key=f"{what}/code"),
        )
        digits = self._database.read(
            self._bank_id, partial(codes.digits, pay_code_id=issued.pay_code_id)
        )
        scanned = self._database.write(
            self._bank_id,
            self._till,
            partial(scans.scan, code=digits, cart_fen=order.cart_fen, key=f"{what}/scan"),
        )
        if not scanned.points_most:
            return 0, 0
        paid = self._database.write(
            self._bank_id,
            self._till,
            partial(checkout.redeem, redemption_id=scanned.redemption_id, key=f"{what}/redeem"),
        )
        return paid.points, paid.discount_fen
