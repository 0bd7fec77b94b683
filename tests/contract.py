"""The API against its own description: made-up requests, as every role, and what comes back.

Requests are generated from the OpenAPI file, good ones and bad ones, by schemathesis. Ids that the
server tells are used in later requests, so that they get past the first door. No answer may be a
fault of the server, and each must be one that the description foresees, in its shape.
"""

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from httpx2 import Response
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from creditbank.identity.roles import OF_COMMUNITY, Role
from tests.web import Web

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
NOBODY = "nobody"

_ID = re.compile(r"\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b")
_KNOWN_MOST = 40


@dataclass
class Tried:
    """How many requests were sent, what was answered, and what should not have been."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def callers(web: Web) -> dict[str, str | None]:
    """A token for every role at a bank where there is something of everything, and none."""
    member_id, member = web.earned()
    merchant_id, till_id, till = web.shop()
    web.made("/scan-and-redeem", till, {"code": web.pay_code(member_id, member), "cart_fen": 3000})
    bound: dict[Role, dict[str, str]] = {role: {} for role in Role}
    bound[Role.MEMBER] = bound[Role.TEAM_LEADER] = {"member_id": member_id}
    bound[Role.TILL] = bound[Role.CASHIER] = {"till_id": till_id}
    bound[Role.SHOP_OWNER] = {"merchant_id": merchant_id}
    community_id = web.community()
    for role in OF_COMMUNITY:
        bound[role] = {"community_id": community_id}
    held = {
        str(role): web.token(role, **where)
        for role, where in bound.items()
        if role not in {Role.TEAM_LEADER, Role.CASHIER}
    }
    return {NOBODY: None} | held


def _cases(operation: APIOperation, mode: GenerationMode, count: int) -> Iterator[Case]:
    """Make requests of one operation up; the same ones in every run."""
    made: list[Case] = []
    if not count:
        return iter(made)

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode))
    def collect(case: Case) -> None:
        made.append(case)

    with contextlib.suppress(Unsatisfiable):  # nothing of some operations can be wrong
        collect()
    return iter(made[:count])


def attempt(web: Web, *, good: int, bad: int, roles_each: int | None = None) -> Tried:
    """Send every operation's made-up requests as every role, or as so many in turn."""
    attempted = _Attempt(web)
    who = list(callers(web).items())
    turn = itertools.cycle(who)
    spec = schemathesis.openapi.from_dict(web.client.app.openapi())  # type: ignore[attr-defined]
    for found in spec.get_all_operations():
        operation = found.ok()
        several = [
            *_cases(operation, GenerationMode.POSITIVE, good),
            *_cases(operation, GenerationMode.NEGATIVE, bad),
        ]
        asked = who if roles_each is None else [next(turn) for _ in range(roles_each)]
        for case, (role, token) in itertools.product(several, asked):
            attempted.send(case, role, token)
    return attempted.tried


class _Attempt:
    """Requests to one bank, with the ids that it has told so far."""

    def __init__(self, web: Web) -> None:
        self.tried = Tried()
        self._web = web
        self._told: dict[str, list[str]] = {}

    def send(self, case: Case, role: str, token: str | None) -> None:
        """Send a request as somebody and judge the answer."""
        self._aim(case)
        answer = self._answer(case, token)
        self.tried.requests += 1
        self.tried.statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as several:
            told = "; ".join(f"{one.title} {one.message}" for one in several.exceptions)
            where = f"{role}: {case.method} {case.operation.path} → {answer.status_code}"
            self.tried.wrong.append(f"{where}: {told}\n{answer.text[:300]}")
        for one in set(_ID.findall(answer.text)) if answer.is_success else ():
            kept = self._told.setdefault(one[:4], [])
            if one not in kept and len(kept) < _KNOWN_MOST:
                kept.append(one)

    def _aim(self, case: Case) -> None:
        """Put our bank, and ids that are there, into the path."""
        for name, value in (case.path_parameters or {}).items():
            there = self._told.get(str(value)[:4], [])
            if name == "slug":
                case.path_parameters[name] = self._web.bank.slug
            elif there:
                case.path_parameters[name] = there[self.tried.requests % len(there)]

    def _answer(self, case: Case, token: str | None) -> Response:
        sent: dict[str, Any] = case.as_transport_kwargs(base_url="http://testserver")
        headers = {name: str(value) for name, value in sent.pop("headers", {}).items()}
        headers["Idempotency-Key"] = f"contract-key-{self.tried.requests:08d}"
        headers.pop("Authorization", None)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        sent.pop("cookies", None)
        if isinstance(sent.get("data"), bytes):
            sent["content"] = sent.pop("data")
        return self._web.client.request(
            sent.pop("method"),
            sent.pop("url"),
            headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            **{name: value for name, value in sent.items() if value is not None},
        )
