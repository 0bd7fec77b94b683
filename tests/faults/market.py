"""A market whose server runs elsewhere: tills and customers with tokens, a line to the server."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from api import tokens
from creditbank.core.clock import ManualClock, SystemClock
from creditbank.core.database import Database
from creditbank.core.values import PAYMENT_UNITS_MOST, Amount
from creditbank.identity.roles import Role
from creditbank.ledger import audit as ledger_audit
from creditbank.ledger import chart, issues, statements
from creditbank.ledger.books import transfers as transfer_table
from creditbank.ledger.chart import Kind
from creditbank.ledger.issues import Earned
from merchants import audit as shop_audit
from tests.books import POINTS, wrongs
from tests.merchant_builders import Street

BASE = "/v1/b/demo"
NO_PIN = {
    "no_pin_points_most": PAYMENT_UNITS_MOST,
    "no_pin_payments_day": 10_000,
    "no_pin_points_day": PAYMENT_UNITS_MOST,
}

_AT_TILLS = (Kind.REDEEM, Kind.REFUND, Kind.REVERSE)


class Unanswered(Exception):
    """No answer came; whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A till or a member, and the token by which the server knows them."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class Market:
    """One shop with tills, customers who have points, and someone in office."""

    url: str
    bank_id: int
    shop_id: str
    tills: tuple[Holder, ...]
    customers: tuple[Holder, ...]
    operator: Holder
    points_each: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    body: Any

    @property
    def slug(self) -> str:
        """Which problem it is; empty if it is none."""
        kind = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(kind).removeprefix("/problems/")


class Line:
    """A connection to a port of this machine; kept open until an answer fails to come."""

    def __init__(self, port: int, timeout_s: int = 60) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def ask(
        self,
        method: str,
        path: str,
        holder: Holder,
        key: str | None = None,
        body: Mapping[str, Any] | bytes | None = None,
    ) -> Answer:
        """Send one request, once, and return its answer.

        Raises:
            Unanswered: there is none.
        """
        headers = {"Authorization": f"Bearer {holder.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = body if isinstance(body, bytes) else None
        if isinstance(body, Mapping):
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif content is not None:
            headers["Content-Type"] = "text/csv"
        try:
            self._line.request(method, BASE + path, content, headers)
            answer = self._line.getresponse()
            return Answer(answer.status, json.loads(answer.read()))
        except (OSError, http.client.HTTPException, json.JSONDecodeError) as error:
            self.close()
            raise Unanswered from error

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def build(
    url: str, *, tills: int, customers: int, points_each: int, founded_at: datetime | None = None
) -> Market:
    """Set a market up in a fresh database, now or in the past, and let go of it."""
    clock = ManualClock(founded_at or SystemClock().now())
    with Database(url, clock=clock) as database:
        street = Street(database, clock)
        street.rules(**NO_PIN)
        return Market(
            url,
            street.bank_id,
            street.shop_id,
            tuple(_holder(street, Role.TILL, till_id=street.till()) for _ in range(tills)),
            tuple(
                _holder(street, Role.MEMBER, member_id=_customer(street, points_each))
                for _ in range(customers)
            ),
            _holder(street, Role.OPERATOR),
            points_each,
        )


def _customer(street: Street, points: int) -> str:
    """Take a member in and give them points for no service."""
    member_id = street.member(0)
    street.do(
        lambda unit: issues.issue(
            unit,
            earned=[Earned(member_id, Amount(points, POINTS))],
            key=f"welcome/{member_id}",
            occurred_at=unit.now,
            refers_to=member_id,
            period_id=None,
        )
    )
    return member_id


def _holder(street: Street, role: Role, **bound: str) -> Holder:
    secret, named = tokens.new_secret(), street.name()
    made = street.do(
        lambda unit: tokens.create(
            unit, key=named, role=role, secret_hash=tokens.hashed(secret), **bound
        )
    )
    return Holder(made.holder_id, secret)


def fresh_code(line: Line, customer: Holder, key: str) -> Answer:
    """Let a customer's phone ask for a pay code."""
    return line.ask("POST", f"/members/{customer.id}/pay-codes", customer, key)


def request_path(request_id: str) -> str:
    """The path under which a till asks after a request of its own."""
    return f"/till/requests/{quote(request_id, safe='/')}"


def statement(line: Line, customer: Holder) -> dict[str, int]:
    """What a member sees: units by transfer, all pages."""
    seen: dict[str, int] = {}
    after = ""
    while True:
        path = f"/members/{customer.id}/statement?asset={POINTS}&limit=200{after}"
        page = line.ask("GET", path, customer).body
        for row in page["items"]:
            assert row["transfer_id"] not in seen, "a transfer stands once on a statement"
            seen[row["transfer_id"]] = row["units"]
        if page["next"] is None:
            return seen
        after = f"&after={page['next']}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the books say of a market, and what is wrong with them."""

    balances: dict[str, int]
    held: int
    shop: int
    transfers: set[str]
    wrong: list[str]


def ledger(market: Market) -> Ledger:
    """Read the books beside the server, or after it."""
    with Database(market.url, writing=False) as database:
        of = market.bank_id

        def look(view: Any) -> Ledger:
            each = {
                one.id: statements.balance(view, chart.member(one.id), POINTS)
                for one in market.customers
            }
            rows = view.rows(
                select(transfer_table.c.transfer_id).where(
                    transfer_table.c.bank_id == of, transfer_table.c.kind.in_(_AT_TILLS)
                )
            )
            proofs = (*ledger_audit.PROOFS, *shop_audit.PROOFS)
            return Ledger(
                {member_id: one.available for member_id, one in each.items()},
                sum(one.held for one in each.values()),
                statements.balance(view, chart.merchant(market.shop_id), POINTS).available,
                {row.transfer_id for row in rows},
                [str(one) for proof in proofs for one in proof(view)] + wrongs(view),
            )

        return database.read(of, look)
