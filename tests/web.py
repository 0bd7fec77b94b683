"""A bank behind its API: a client, a token for everyone, and short words for requests."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from api import tokens
from api.app import create_app
from creditbank.core import banks
from creditbank.core.banks import Bank
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Role
from creditbank.ledger import accounts
from tests.merchant_builders import STEP

OPERATOR = Actor("console", "operator")
ASSETS = (
    Asset("XYB", "信义贝", 0, AssetKind.SPENDABLE),
    Asset("VOL", "志愿积分", 0, AssetKind.HONOUR),
)
_numbers = itertools.count(1)


def new_key() -> str:
    """An idempotency key that was not used yet."""
    return f"test-key-{next(_numbers):08d}"


class Web:
    """One bank as its API shows it; every token is a bearer text."""

    def __init__(self, client: TestClient, database: Database, clock: ManualClock) -> None:
        self.client = client
        self.database = database
        self.clock = clock
        self.bank = self.found("trust", "信任互助社")
        self.operator = self.token(Role.OPERATOR)
        self.organiser = self.token(Role.ORGANISER)
        self.reviewer = self.token(Role.REVIEWER)
        self.second = self.token(Role.REVIEWER)
        self.treasurer = self.token(Role.TREASURER)
        self.auditor = self.token(Role.AUDITOR)

    def found(self, slug: str, name: str) -> Bank:
        """Found a bank with two assets."""
        bank = self.database.install(
            lambda c, now: banks.create(c, slug=slug, name=name, zone="Asia/Shanghai", now=now)
        )
        self.database.write(bank.bank_id, OPERATOR, _create_assets)
        return bank

    def token(self, role: Role, *, bank: Bank | None = None, **bound: Any) -> str:
        """Make a token and return its secret."""
        secret = tokens.new_secret()
        self.database.write(
            (bank or self.bank).bank_id,
            OPERATOR,
            lambda unit: tokens.create(
                unit, key=new_key(), role=role, secret_hash=tokens.hashed(secret), **bound
            ),
        )
        return secret

    def get(self, path: str, token: str | None, *, bank: str = "trust", **query: Any) -> Response:
        """Ask for something."""
        return self.client.get(f"/v1/b/{bank}{path}", headers=_headers(token), params=query or None)

    def post(
        self,
        path: str,
        token: str | None,
        body: object = None,
        *,
        key: str | None = "",
        bank: str = "trust",
    ) -> Response:
        """Write something; without a ``key`` a fresh one is used, None sends none."""
        headers = _headers(token)
        if key is not None:
            headers["Idempotency-Key"] = key or new_key()
        return self.client.post(f"/v1/b/{bank}{path}", headers=headers, json=body)

    def made(self, path: str, token: str, body: object = None) -> Any:
        """Write something that must succeed, and return the answer."""
        response = self.post(path, token, body)
        assert response.status_code in {200, 201}, response.text
        return response.json()

    def community(self) -> str:
        """Found a community."""
        body = {"name": f"社区{next(_numbers)}"}
        return str(self.made("/communities", self.operator, body)["community_id"])

    def member(self, name: str = "张三") -> tuple[str, str]:
        """Take a member in; returns the id and a token."""
        body = {"name": name, "community_id": self.community()}
        member_id = str(self.made("/members", self.organiser, body)["member_id"])
        return member_id, self.token(Role.MEMBER, member_id=member_id)

    def shop(self, offer: str = STEP) -> tuple[str, str, str]:
        """Take a shop in with an offer and a till; returns merchant, till and the till's token."""
        body = {"name": f"小店{next(_numbers)}", "trade": "超市", "asset": "XYB"}
        merchant = str(self.made("/merchants", self.operator, body)["merchant_id"])
        self.made(f"/merchants/{merchant}/offers", self.operator, {"toml": offer})
        till = self.till(merchant)
        return merchant, till, self.token(Role.TILL, till_id=till)

    def till(self, merchant: str) -> str:
        """Give a merchant a till."""
        path = f"/merchants/{merchant}/tills"
        return str(self.made(path, self.operator, {"name": "一号台"})["till_id"])

    def publish(self, units: int = 10, **changes: object) -> str:
        """Publish a task of one hour that starts in half an hour."""
        code = f"patrol-{next(_numbers)}"
        self.made("/categories", self.operator, {"code": code, "name": "巡查"})
        starts_at = self.clock.now() + timedelta(minutes=30)
        body = {
            "title": "雨季巡查",
            "category": code,
            "community_id": self.community(),
            "place": "二号桥",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
            "capacity": 5,
            "rewards": [{"asset": "XYB", "units": units, "per": "person"}],
        }
        return str(self.made("/tasks", self.organiser, body | changes)["task_id"])

    def served(self, token: str, units: int = 10) -> str:
        """Let a member serve a task; returns the claim that waits for its review."""
        task = self.publish(units)
        claim = str(self.made(f"/tasks/{task}/claims", token, {})["claim_id"])
        self.clock.advance(minutes=30)
        self.made(f"/claims/{claim}/sign-in", token)
        self.clock.advance(minutes=60)
        self.made(f"/claims/{claim}/sign-out", token)
        return claim

    def earned(self, units: int = 10) -> tuple[str, str]:
        """Take a member in who earns points; returns the id and a token."""
        member_id, token = self.member()
        claim = self.served(token, units)
        self.made(f"/claims/{claim}/approve", self.reviewer, {})
        return member_id, token

    def pay_code(self, member_id: str, token: str) -> str:
        """Issue a pay code and return its digits."""
        self.clock.advance(seconds=31)
        return str(self.made(f"/members/{member_id}/pay-codes", token)["digits"])


def _create_assets(unit: Unit) -> None:
    for asset in ASSETS:
        accounts.create_asset(unit, asset)


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@contextmanager
def opened(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a database for the length of a with block."""
    with TestClient(create_app(database), raise_server_exceptions=False) as client:
        yield Web(client, database, clock)
