"""A lean route says in every case what an ordinary route with the same declaration says."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.edge import logs, metrics
from api.edge.forms import RedemptionId, Shown
from api.edge.lean import Lean
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes import redemptions
from api.routes.redemptions import PayForm, ScanAndRedeemForm
from api.settings import Settings
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit
from creditbank.identity.roles import Right
from tests.web import Web, new_key

Till = Annotated[Caller, having(Right.ACT_AS_TILL)]
ONE = "red_" + "0" * 26
BODY_MOST = Settings().body_bytes_most
BODY = {"code": "281934605512837466", "cart_fen": 5999}


class Echo(Shown):
    """What the route was handed."""

    key: str | None
    form: Any
    redemption_id: str
    caller_id: str


async def scanned(
    caller: Till, key: Key, redemption_id: RedemptionId, form: ScanAndRedeemForm
) -> dict[str, Any]:
    """Say what was understood."""
    return await caller.write(lambda unit: _said(unit, key, redemption_id, form.model_dump()))


async def paid(
    caller: Till, redemption_id: RedemptionId, key: Key, form: PayForm
) -> dict[str, Any]:
    """A form of which nothing is required."""
    return await caller.write(lambda unit: _said(unit, key, redemption_id, form.model_dump()))


async def bare(caller: Till, redemption_id: RedemptionId, key: Key) -> dict[str, Any]:
    """Without a form."""
    return await caller.write(lambda unit: _said(unit, key, redemption_id, None))


async def keyless(caller: Till, redemption_id: RedemptionId, form: PayForm) -> dict[str, Any]:
    """Without a key."""
    return await caller.write(lambda unit: _said(unit, None, redemption_id, form.model_dump()))


async def broken(caller: Till, redemption_id: RedemptionId, key: Key) -> dict[str, Any]:
    """A fault of ours."""
    raise RuntimeError(caller.till_id + redemption_id + key)


def _said(unit: Unit, key: str | None, redemption_id: str, form: object) -> dict[str, Any]:
    return {"key": key, "form": form, "redemption_id": redemption_id, "caller_id": unit.actor.id}


ENDPOINTS = (scanned, paid, bare, keyless, broken)


def _routes(kind: type[APIRoute], name: str) -> APIRouter:
    router = Routes(tags=["every"], route_class=kind)
    for endpoint in ENDPOINTS:
        router.add_api_route(
            f"/v1/b/{{slug}}/{name}/{{redemption_id}}/{endpoint.__name__}",
            endpoint,
            methods=["POST"],
            response_model=Echo,
            status_code=201 if endpoint is paid else None,
        )
    return router


class Both:
    """A till's token, and each route in both kinds, in one app."""

    def __init__(self, web: Web, client: TestClient, logged: io.StringIO) -> None:
        self.web = web
        self.client = client
        self.logged = logged
        *_, self.token = web.shop()
        self.member = web.member()[1]

    def ask(self, endpoint: str, body: bytes, of: str = ONE, **changes: str | None) -> None:
        """Send the same request to both; what they say must be the same."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "key-of-the-till-1",
        }
        for name, value in changes.items():
            headers.pop(name.replace("_", "-"), None)
            if value is not None:
                headers[name.replace("_", "-")] = value
        said = [
            self.client.post(f"/v1/b/trust/{kind}/{of}/{endpoint}", content=body, headers=headers)
            for kind in ("plain", "lean")
        ]
        ordinary, lean = (_comparable(one) for one in said)
        assert ordinary == lean
        self.status = said[0].status_code
        self.answer = said[1].json()


def _comparable(answer: Response) -> tuple[int, list[tuple[str, str]], Any]:
    """All of an answer but for its ids, and where it came from."""
    body = answer.json()
    body.pop("instance", None)
    body.pop("incident", None)
    headers = [(k, v) for k, v in answer.headers.multi_items() if k != "x-request-id"]
    if answer.status_code >= 400:
        headers = [(name, value) for name, value in headers if name != "content-length"]
        if answer.status_code == 500:
            return 500, headers, set(body)
    return answer.status_code, headers, body


@pytest.fixture
def both(database: Database, clock: ManualClock) -> Iterator[Both]:
    """An app with every shape of route in both kinds."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    app = create_app(database)
    app.router.routes += [*_routes(APIRoute, "plain").routes, *_routes(Lean, "lean").routes]
    with TestClient(app, raise_server_exceptions=False) as client:
        logs.configure(stream)
        yield Both(Web(client, database, clock), client, stream)
    root.handlers[:] = before
    root.setLevel(level)


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()


BODIES = (
    _bytes(BODY),
    _bytes({}),
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"{}{}",
    b"\xff\xfe",
    "\ufeff{}".encode(),
    '{"code": "1"}'.encode("utf-16"),
    b'{"code": "1", "code": "2", "cart_fen": 1}',
    b'{"code": "1", "cart_fen": NaN}',
    b'{"code": "1", "cart_fen": 1e400}',
    b'{"code": "\\ud800", "cart_fen": 1}',
    b'{"code": "1", "cart_fen": ' + b"9" * 5000 + b"}",
    b"[" * 25 + b"]" * 25,
    b'{"a":' * 25 + b"1" + b"}" * 25,
    *(_bytes(BODY | {"cart_fen": v}) for v in (True, "7", 7.0, 7.5, -1, 10**9, 10**30, None, [])),
    *(_bytes(BODY | {"points": v}) for v in (True, "3", 0, 3, 1_000_001, 3.0)),
    *(_bytes(BODY | {"code": v}) for v in (1, "", "x" * 41, "\u200b1", "１２", None, "\u0000")),
    *(
        _bytes(BODY | {"offer_id": v})
        for v in ("ofr_" + "0" * 26, "ofr_x", "ofr_" + "0" * 26 + "\n")
    ),
    _bytes(BODY | {"unforeseen": 1}),
    _bytes({"points": 3}),
    b" " * (BODY_MOST + 1),
    b" " * BODY_MOST,
)
CHANGES: tuple[dict[str, str | None], ...] = (
    {"Authorization": None},
    {"Authorization": "Bearer"},
    {"Authorization": "Basic abc"},
    {"Authorization": "Bearer cbt_unknown"},
    {"Authorization": "bearer  two words"},
    {"Idempotency_Key": None},
    {"Idempotency_Key": "short"},
    {"Idempotency_Key": "k" * 255},
    {"Idempotency_Key": "k" * 256},
    {"Idempotency_Key": "with a space in the key"},
    {"Content_Type": None},
    {"Content_Type": ""},
    {"Content_Type": "text/plain"},
    {"Content_Type": "application/json; charset=utf-8"},
    {"Content_Type": "application/json;charset=gbk"},
    {"Content_Type": "application/problem+json"},
    {"Content_Type": "APPLICATION/JSON"},
    {"Content_Type": "application/x-www-form-urlencoded"},
    {"X_Assist": "ast_" + "0" * 26},
    {"X_Assist": ""},
    {"Accept_Encoding": "gzip"},
)


@pytest.mark.parametrize("endpoint", [one.__name__ for one in ENDPOINTS])
def test_every_odd_request_gets_the_ordinary_answer(both: Both, endpoint: str) -> None:
    """Bodies, headers, ids and callers that are wrong, alone and two at a time: 2xx, 4xx, 5xx."""
    seen = set()
    for body in BODIES:
        both.ask(endpoint, body)
        seen.add(both.status)
    for changes in CHANGES:
        for body in (_bytes(BODY), _bytes({"points": 3}), b"", b"{", _bytes({"x": 1})):
            both.ask(endpoint, body, **changes)
            seen.add(both.status)
    for body in (_bytes(BODY), _bytes({"points": 3}), b"", b"{"):
        both.ask(endpoint, body, Authorization=f"Bearer {both.member}")
        both.ask(endpoint, body, of="red_x")
        both.ask(endpoint, body, of="red_x", Authorization=None)
        seen.add(both.status)
    expected = {"broken": 500, "paid": 201}.get(endpoint, 200)
    refused = {400, 401, 403, 413, 415, 422} - ({400} if endpoint == "keyless" else set())
    assert {expected} | refused <= seen


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2_000_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=45),
    st.from_regex(r"\Aofr_[0-9a-hjkmnp-tv-z]{25,27}\n?\Z"),
    st.from_regex(r"\A[0-9]{1,20}\Z"),
    st.lists(st.integers(), max_size=2),
)
NAMES = st.one_of(st.sampled_from(["code", "cart_fen", "offer_id", "points"]), st.text(max_size=6))
FORMS = st.one_of(
    st.dictionaries(NAMES, VALUES, max_size=5),
    st.fixed_dictionaries(
        {"code": st.from_regex(r"\A[0-9]{18}\Z")},
        optional={
            "cart_fen": st.one_of(st.integers(0, 10**7), VALUES),
            "points": st.one_of(st.integers(1, 100), VALUES),
            "offer_id": VALUES,
        },
    ),
)


@pytest.mark.parametrize("endpoint", ["scanned", "paid"])
def test_made_up_forms_are_understood_alike(both: Both, endpoint: str) -> None:
    """What is accepted is accepted by both, with the same values; a refusal names the same."""

    @given(form=FORMS, ascii_only=st.booleans())
    @settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
    )
    def asked(form: dict[str, Any], *, ascii_only: bool) -> None:
        both.ask(endpoint, json.dumps(form, ensure_ascii=ascii_only).encode("utf-8", "replace"))

    asked()


def test_a_usual_request_goes_the_lean_way(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not reach the framework's own solving of dependencies."""

    async def never(**_: object) -> None:
        raise AssertionError

    both.ask("scanned", _bytes(BODY))
    assert {"key": "key-of-the-till-1", "redemption_id": ONE}.items() <= both.answer.items()
    monkeypatch.setattr("fastapi.routing.solve_dependencies", never)
    path = f"/v1/b/trust/lean/{ONE}/scanned"
    headers = {"Authorization": f"Bearer {both.token}", "Idempotency-Key": new_key()}
    assert 200 == both.client.post(path, json=BODY, headers=headers).status_code
    path = f"/v1/b/trust/plain/{ONE}/scanned"
    assert 500 == both.client.post(path, json=BODY, headers=headers).status_code


def test_logs_and_metrics_tell_the_same_of_both(both: Both) -> None:
    """A line each, with its template and its caller; a count and a duration each."""
    both.logged.truncate(0)
    both.ask("paid", b"{}")
    both.ask("paid", b"{", Authorization=None)
    lines = [json.loads(line) for line in both.logged.getvalue().replace("\0", "").splitlines()]
    own = {"request_id", "duration_us", "timestamp", "route"}
    told = [{name: one[name] for name in one if name not in own} for one in lines]
    assert told[0] == told[1]
    assert told[2] == told[3]
    assert lines[0]["caller"].startswith("til_")
    assert [201, 201, 400, 400] == [one["status"] for one in lines]
    page = metrics.page(both.web.database.writer).decode()
    for kind in ("plain", "lean"):
        route = f"/v1/b/{{slug}}/{kind}/{{redemption_id}}/paid"
        assert [route] * 2 == [one["route"] for one in lines if kind in one["route"]]
        assert f'creditbank_requests_total{{method="POST",route="{route}",status="201"}}' in page
        assert f'creditbank_request_seconds_count{{method="POST",route="{route}"}}' in page


def test_the_till_is_served_by_lean_routes() -> None:
    """All writes of a till are, and each is described as before."""
    assert {Lean} == {type(one) for one in redemptions.router.routes}
    paths = create_app().openapi()["paths"]
    told = paths["/v1/b/{slug}/scan-and-redeem"]["post"]
    names = {one["name"] for one in told["parameters"]}
    assert {"slug", "idempotency-key"} <= {name.lower() for name in names}
    assert "ScanAndRedeemForm" in json.dumps(told["requestBody"])
    assert {"200", "401", "403", "409", "410", "413", "415", "422"} <= set(told["responses"])


def test_a_route_that_takes_more_is_not_lean() -> None:
    """A query, a header or another dependency is refused when the route is declared."""

    async def queried(caller: Till, limit: int) -> None:
        """A query."""

    with pytest.raises(AssertionError, match="limit"):
        _ = Routes(route_class=Lean).post("/v1/b/{slug}/x")(queried)

    async def plain(caller: Till) -> None:
        """Nothing unusual by itself."""

    async def limited() -> None:
        """What a lean route would pass by."""

    also = [Depends(limited)]
    with pytest.raises(AssertionError, match="limited"):
        _ = Routes(route_class=Lean).post("/v1/b/{slug}/x", dependencies=also)(plain)
