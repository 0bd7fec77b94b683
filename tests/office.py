"""People in office for tests: put in by the console, signed in by what they know and have."""

import itertools
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyotp
from httpx2 import Response
from starlette.testclient import TestClient

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.identity import appointments, passwords, second_factors, sittings, staff_sign_in
from creditbank.identity.roles import Grant, Role
from creditbank.identity.staff_sign_in import SignedIn
from tests.web import Web

PHRASE = "juniper-lantern-42"
CONSOLE = Actor("console", "operator")
NOBODY = Actor("anyone", "none")

_numbers = itertools.count(1)


def new_key() -> str:
    """An idempotency key that was not used yet."""
    return f"office-key-{next(_numbers):08d}"


@cache
def hashed(password: str) -> str:
    """The kept hash of a password, made once a run: it is slow on purpose."""
    return passwords.hashed(password)


@dataclass(frozen=True)
class Clerk:
    """Somebody in office, and what only they know."""

    staff_id: str
    login: str
    secret: str | None
    recovery: Sequence[str]
    password_hash: str = ""

    def code(self, clock: ManualClock, steps: int = 0) -> str:
        """What the authenticator shows now, or so many steps of 30 seconds later."""
        assert self.secret is not None
        return code_of(self.secret, clock, steps)

    @property
    def actor(self) -> Actor:
        """The clerk as an operator who writes."""
        return Actor(self.staff_id, "operator")


def code_of(secret: str, clock: ManualClock, steps: int = 0) -> str:
    """The code of a secret at an instant of the clock."""
    return pyotp.TOTP(secret).generate_otp(second_factors.step_at(clock.now()) + steps)


class Office:
    """The people in office of one bank."""

    def __init__(self, database: Database, clock: ManualClock, bank_id: int) -> None:
        self.database = database
        self.clock = clock
        self.bank_id = bank_id

    def clerk(self, *roles: Role | Grant, factor: bool = True, member: str | None = None) -> Clerk:
        """Put somebody into an office at the console."""
        login = f"clerk.{next(_numbers)}"
        secret = second_factors.new_secret() if factor else None
        recovery = second_factors.new_recovery_codes() if factor else ()
        grants = [one if isinstance(one, Grant) else Grant(one) for one in roles]
        staff_id = self.database.write(
            self.bank_id,
            CONSOLE,
            lambda unit: appointments.install(
                unit,
                key=new_key(),
                name="陈秋月",
                login=login,
                roles=grants,
                password_hash=hashed(PHRASE),
                secret=secret,
                recovery_codes=recovery,
                member_id=member,
            ),
        )
        return Clerk(staff_id, login, secret, recovery)

    def trying(
        self,
        clerk: Clerk,
        *,
        code: str | None = None,
        recovery_code: str | None = None,
        right: bool = True,
        key: str = "",
    ) -> Future[SignedIn]:
        """A try to sign in that is under way, its password compared already."""
        return self.database.writer.submit(
            self.bank_id,
            NOBODY,
            lambda unit: staff_sign_in.sign_in(
                unit,
                key=key or new_key(),
                login=clerk.login,
                device="office desk",
                checked=passwords.Checked(clerk.password_hash or hashed(PHRASE), right),
                secret_hash=sittings.hashed(sittings.new_secret()),
                code=code,
                recovery_code=recovery_code,
            ),
        )

    def sign_in(
        self,
        clerk: Clerk,
        *,
        code: str | None = None,
        recovery_code: str | None = None,
        right: bool = True,
        key: str = "",
    ) -> SignedIn:
        """Sign somebody in, with the present code unless told otherwise."""
        if code is None and recovery_code is None and clerk.secret is not None:
            code = clerk.code(self.clock)
        return self.trying(
            clerk, code=code, recovery_code=recovery_code, right=right, key=key
        ).result()


def refused(response: Response, status: int, slug: str) -> None:
    """See that an answer is this problem."""
    body = response.json()
    assert (status, f"/problems/{slug}") == (response.status_code, body.get("type")), response.text


class Browser:
    """A device in front of one bank: it keeps its cookie, and sends the word along with writes."""

    def __init__(self, api: Web) -> None:
        self._api = api
        app = api.client.app
        self.client = TestClient(app, client=("203.0.113.7", 4711), raise_server_exceptions=False)
        self.csrf = ""

    def post(
        self, path: str, body: object = None, *, key: str = "", bank: str = "trust"
    ) -> Response:
        """Write something."""
        headers = {"Idempotency-Key": key or new_key(), "X-CSRF-Token": self.csrf}
        return self.client.post(f"/v1/b/{bank}{path}", headers=headers, json=body)

    def get(self, path: str, *, bank: str = "trust", **query: Any) -> Response:
        """Ask for something."""
        return self.client.get(f"/v1/b/{bank}{path}", params=query or None)

    def made(self, path: str, body: object = None) -> Any:
        """Write something that must succeed, and return the answer."""
        response = self.post(path, body)
        assert response.status_code in {200, 201}, response.text
        said = response.json()
        if isinstance(said, dict) and said.get("csrf"):
            self.csrf = said["csrf"]
        return said

    def sign_in(self, clerk: Clerk, **said: object) -> Any:
        """Sign somebody in, with the present code unless told otherwise."""
        body = {"login": clerk.login, "password": PHRASE, "device": "office desk"}
        if clerk.secret is not None and not said:
            body["code"] = clerk.code(self._api.clock)
        return self.made("/staff/sign-in", body | said)


class Desks:
    """The office of a bank behind its API."""

    def __init__(self, api: Web) -> None:
        self.api = api
        self.office = Office(api.database, api.clock, api.bank.bank_id)

    def clerk(self, *roles: Role | Grant, factor: bool = True, member: str | None = None) -> Clerk:
        """Put somebody into an office at the console."""
        return self.office.clerk(*roles, factor=factor, member=member)

    def at(self, clerk: Clerk) -> Browser:
        """A device of its own at which somebody has just signed in."""
        browser = Browser(self.api)
        self.api.clock.advance(seconds=60)
        browser.sign_in(clerk)
        return browser
