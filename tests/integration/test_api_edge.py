"""The edge of the API: what comes in, who may ask how often, and what every answer carries."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Message

from api.app import create_app
from api.edge import limits
from api.edge.headers import ALWAYS
from api.settings import Settings
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.people.communities import communities
from tests import web
from tests.integration.test_api_bad_input import problem
from tests.web import Web, new_key

MEGABYTE = b"x" * 1_000_000
ORIGINS = (
    "https://evil.example",
    "http://trust.example.evil.example",
    "null",
    "file://",
    "https://localhost",
    "http://127.0.0.1:8000@evil.example",
)
NOBODY = "0" * 26
# What never comes to a database is the same in front of both: it is tried once.
ONCE = pytest.mark.parametrize("backend", ["sqlite"])
IDS = {
    "member_id": f"mem_{NOBODY}",
    "task_id": f"tsk_{NOBODY}",
    "slug": "trust",
    "kind": "busy",
    "name": "2026",
    "asset": "XYB",
    "code": "XYB",
}


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def app_of(api: Web) -> FastAPI:
    """The app that a client asks."""
    app = api.client.app
    assert isinstance(app, FastAPI)
    return app


def settled(api: Web, **settings: object) -> FastAPI:
    """Another app on the same database, with other settings."""
    return create_app(api.database, settings=Settings.model_validate(settings))


def asking(app: FastAPI, client: str = "203.0.113.9") -> TestClient:
    """A client at an address. It is not entered, so the database stays open."""
    return TestClient(app, client=(client, 4711), raise_server_exceptions=False)


# Headers ---------------------------------------------------------------------------------------


def operations() -> list[tuple[str, str]]:
    """Every method and path of the API, its parameters filled with ids of nothing."""
    found = []
    for path, methods in create_app().openapi()["paths"].items():
        filled = path
        for part in [one.partition("}")[0] for one in path.split("{")[1:]]:
            filled = filled.replace(f"{{{part}}}", IDS.get(part, f"{part[:3]}_{NOBODY}"))
        found += [(method.upper(), filled) for method in methods]
    return [*found, ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/metrics")]


def assert_safe(response: Response) -> None:
    """Every header of safety is there, and none that lets another origin in."""
    for name, value in ALWAYS.items():
        assert name in response.headers, (response.request.url, name)
        if name != "Content-Security-Policy":
            assert value == response.headers[name]
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert [] == [name for name in response.headers if name.startswith("access-control-")]
    assert "server" not in response.headers
    assert response.headers["x-request-id"]


@ONCE
def test_no_other_origin_reads_any_answer(api: Web) -> None:
    """Six evil origins in turn, every route, asked and asked before: none is answered openly."""
    routes = operations()
    assert len(routes) > 50
    for (method, path), origin in zip(routes, itertools.cycle(ORIGINS), strict=False):
        headers = {"Origin": origin, "Authorization": f"Bearer {api.auditor}"}
        assert_safe(api.client.request(method, path, headers=headers))
        asked = {"Origin": ORIGINS[0], "Access-Control-Request-Method": method}
        before = api.client.request("OPTIONS", path, headers=asked)
        assert_safe(before)
        assert 405 == before.status_code


def test_refusals_and_faults_carry_them_too(api: Web) -> None:
    """401, 404, 405, 413, 415, 422, 429 and 500 alike."""
    app = app_of(api)

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError

    @app.get("/limited", dependencies=[limits.limited("edge", per_minute=1)])
    async def limited() -> None:
        return None

    client = asking(app)
    client.get("/limited")
    answers = [
        client.get("/v1/b/trust/me"),
        client.get("/nowhere"),
        client.delete("/healthz"),
        client.post("/v1/b/trust/scans", content=MEGABYTE + b"x"),
        client.post("/v1/b/trust/scans", content="x", headers={"Content-Type": "text/plain"}),
        client.get("/v1/b/trust/members/1", headers={"Authorization": f"Bearer {api.auditor}"}),
        client.get("/limited"),
        client.get("/fault"),
    ]
    assert [401, 404, 405, 413, 415, 422, 429, 500] == [one.status_code for one in answers]
    for one in answers:
        assert_safe(one)


def test_answers_of_a_bank_are_kept_by_nobody(api: Web) -> None:
    """What may hold personal data is not stored on the way; what has an ETag is asked again."""
    kept = api.get("/members", api.organiser).headers["cache-control"]
    assert "no-store" == kept
    assert "private, no-cache" == api.get("/scheme", api.organiser).headers["cache-control"]


@ONCE
def test_the_page_of_the_description_names_its_style_and_no_other(api: Web) -> None:
    """The hash in the policy is that of the one style in the page; there is no script."""
    import base64
    import hashlib

    page = api.client.get("/docs")
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert " style=" not in page.text
    assert "script" not in page.headers["content-security-policy"]


@ONCE
def test_https_is_remembered_and_only_there(api: Web) -> None:
    """HSTS over TLS, own or of a listed proxy; a stranger cannot claim it."""
    hsts = "strict-transport-security"
    over_tls = TestClient(settled(api), base_url="https://testserver")
    assert "max-age=31536000" == over_tls.get("/").headers[hsts]
    claimed = {"X-Forwarded-Proto": "https"}
    assert hsts not in asking(settled(api)).get("/", headers=claimed).headers
    behind = settled(api, trusted_proxies="10.0.0.1")
    assert hsts in asking(behind, "10.0.0.1").get("/", headers=claimed).headers
    assert hsts not in asking(behind, "10.0.0.1").get("/").headers
    assert hsts not in asking(behind, "10.0.0.2").get("/", headers=claimed).headers
    ended = settled(api, trusted_proxies="10.0.0.1", behind_proxy=True)
    assert hsts in asking(ended, "10.0.0.1").get("/").headers


# Bodies ----------------------------------------------------------------------------------------


def _ask(app: FastAPI, headers: list[tuple[bytes, bytes]], chunks: int) -> tuple[int, bytes, int]:
    """Send a body chunk by chunk; returns status, answer, and how many chunks were taken."""
    taken, sent = 0, []

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": MEGABYTE, "more_body": taken < chunks}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/b/trust/communities",
        "raw_path": b"/v1/b/trust/communities",
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.9", 1),
        "server": ("testserver", 80),
    }
    asyncio.run(app(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent)
    assert (b"connection", b"close") in sent[0]["headers"], "what was not read must not be parsed"
    return sent[0]["status"], body, taken


def test_a_hundred_megabytes_are_not_taken_in() -> None:
    """By its length it is refused unread; without one, as soon as it is past the bound."""
    app = create_app()
    said = (b"content-length", str(100 * len(MEGABYTE)).encode())
    kind = (b"content-type", b"application/json")
    status, body, taken = _ask(app, [kind, said], 100)
    assert (413, "/problems/body-too-large", 0) == (status, json.loads(body)["type"], taken)
    status, body, taken = _ask(app, [kind, (b"transfer-encoding", b"chunked")], 100)
    assert (413, "/problems/body-too-large", 2) == (status, json.loads(body)["type"], taken)


GOOD = b'{"name": "Red Maple"}'
JSON = "application/json"
DEEP = b'{"name": ' + b"[" * 20 + b"]" * 20 + b"}"
BODIES: list[tuple[str | None, bytes, int, str]] = [
    (None, GOOD, 415, "body-kind-unknown"),
    ("text/plain", GOOD, 415, "body-kind-unknown"),
    ("text/json", GOOD, 415, "body-kind-unknown"),
    ("application/x-www-form-urlencoded", b"name=x", 415, "body-kind-unknown"),
    ("multipart/form-data; boundary=x", b"--x--", 415, "body-kind-unknown"),
    ("application/merge-patch+json", GOOD, 415, "body-kind-unknown"),
    ("application/json; charset=gbk", GOOD, 415, "body-kind-unknown"),
    ("\x00", GOOD, 415, "body-kind-unknown"),
    (JSON, b'{"name": "a", "name": "b"}', 400, "body-unreadable"),
    (JSON, b'{"name": "a", "x": {"y": 1, "y": 2}}', 400, "body-unreadable"),
    (JSON, b'{"name": "a", "na\\u006de": "b"}', 400, "body-unreadable"),
    (JSON, b'{"name": NaN}', 400, "body-unreadable"),
    (JSON, b'{"name": -Infinity}', 400, "body-unreadable"),
    (JSON, b'{"name": 1e999}', 400, "body-unreadable"),
    (JSON, b'{"name": "\\ud800"}', 400, "body-unreadable"),
    (JSON, b'{"\\ud800": 1}', 400, "body-unreadable"),
    (JSON, b'{"name": "\xff"}', 400, "body-unreadable"),
    (JSON, b"\xef\xbb\xbf" + GOOD, 400, "body-unreadable"),
    (JSON, GOOD.decode().encode("utf-16"), 400, "body-unreadable"),
    (JSON, GOOD[:-1], 400, "body-unreadable"),
    (JSON, GOOD + GOOD, 400, "body-unreadable"),
    (JSON, b"[" * 900_000, 400, "body-unreadable"),
    (JSON, b'{"name":' * 100_000, 400, "body-unreadable"),
    (JSON, b'{"name": ' + b"[" * 21 + b"]" * 21 + b"}", 400, "body-unreadable"),
    (JSON, b'{"name": ' + b"1" * 9_000 + b"}", 400, "body-unreadable"),
    (JSON, DEEP, 422, "body-unusable"),
    (JSON, b'{"name": "a", "bank_id": 2}', 422, "body-unusable"),
]


@ONCE
@pytest.mark.parametrize(("kind", "body", "status", "slug"), BODIES, ids=range(len(BODIES)))
def test_a_body_with_two_meanings_is_refused(
    api: Web, kind: str | None, body: bytes, status: int, slug: str
) -> None:
    """Each is answered by its own problem, and no community is made."""
    headers = {"Authorization": f"Bearer {api.operator}", "Idempotency-Key": new_key()}
    if kind is not None:
        headers["Content-Type"] = kind
    answer = api.client.post("/v1/b/trust/communities", headers=headers, content=body)
    assert (status, slug) == problem(answer)
    bank_id = api.bank.bank_id
    mine = communities.select().where(communities.c.bank_id == bank_id)
    assert [] == api.database.read(bank_id, lambda view: list(view.rows(mine)))


@pytest.mark.parametrize("kind", [JSON, "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_taken_however_it_is_spelt(api: Web, kind: str) -> None:
    """With its character set, in capitals."""
    headers = {
        "Authorization": f"Bearer {api.operator}",
        "Idempotency-Key": new_key(),
        "Content-Type": kind,
    }
    answer = api.client.post("/v1/b/trust/communities", headers=headers, content=GOOD)
    assert 201 == answer.status_code, answer.text


def test_a_write_that_takes_no_body_is_sent_none(api: Web) -> None:
    """Fields that nobody reads would be believed to have done something."""
    member_id, _ = api.member()
    smuggled = {"status": "active", "bank_id": 2}
    refused = api.post(f"/members/{member_id}/suspend", api.organiser, smuggled)
    assert (422, "body-unusable") == problem(refused)
    assert "active" == api.get(f"/members/{member_id}", api.organiser).json()["status"]
    api.made(f"/members/{member_id}/suspend", api.organiser, {})


# Limits ----------------------------------------------------------------------------------------


def _limited(app: FastAPI) -> FastAPI:
    @app.get("/limited", dependencies=[limits.limited("test", per_minute=5)])
    async def limited() -> str:
        return "ok"

    return app


def _forged(n: int) -> str:
    return f"198.51.{n // 250}.{n % 250 + 1}"


@ONCE
def test_a_thousand_forged_headers_change_nothing(api: Web) -> None:
    """From one address five requests pass, whatever they say of where they come from."""
    client = asking(_limited(settled(api)))
    statuses = []
    for n in range(1000):
        claim = _forged(n)
        headers = {"X-Forwarded-For": claim, "X-Real-IP": claim, "Forwarded": f"for={claim}"}
        statuses.append(client.get("/limited", headers=headers).status_code)
    assert [200] * 5 + [429] * 995 == statuses


@ONCE
def test_behind_a_listed_proxy_what_the_client_wrote_changes_nothing(api: Web) -> None:
    """The proxy adds whom it saw; a thousand made-up addresses to the left are not looked at."""
    app = _limited(settled(api, trusted_proxies="10.0.0.0/8, 192.168.1.1"))
    client = asking(app, "10.0.0.1")
    statuses = [
        client.get("/limited", headers={"X-Forwarded-For": f"{_forged(n)}, 203.0.113.9"})
        for n in range(1000)
    ]
    assert [200] * 5 + [429] * 995 == [one.status_code for one in statuses]
    other = client.get("/limited", headers={"X-Forwarded-For": "203.0.113.10"})
    assert 200 == other.status_code


@ONCE
def test_too_many_are_told_how_long_to_wait(api: Web) -> None:
    """The answer is a problem with Retry-After, and holds until that time is over."""
    client = asking(_limited(settled(api)))
    for _ in range(5):
        assert 200 == client.get("/limited").status_code
    refused = client.get("/limited")
    assert (429, "rate-limited") == problem(refused)
    assert "12" == refused.headers["retry-after"]
    api.clock.advance(seconds=12)
    assert 200 == client.get("/limited").status_code


@ONCE
def test_what_is_asked_about_is_counted_whoever_asks(api: Web) -> None:
    """From a hundred addresses one phone is tried three times; another one is not held up."""
    app = settled(api)

    @app.get("/codes/{phone}")
    async def code(request: Request, phone: str) -> str:
        limits.spend(request, "code", phone, per_minute=3)
        return "ok"

    tries = [asking(app, _forged(n)).get("/codes/1").status_code for n in range(100)]
    assert [200] * 3 + [429] * 97 == tries
    assert 200 == asking(app).get("/codes/2").status_code


# The service -----------------------------------------------------------------------------------


def test_in_production_only_insiders_read_the_description(api: Web) -> None:
    """Any token of any bank opens it; nobody, a stranger and a suspended member stay outside."""
    other = api.found("other", "另一社")
    foreign = api.token(Role.OPERATOR, bank=other)
    member_id, member = api.member()
    client = asking(settled(api, production=True))
    for path in ("/docs", "/openapi.json"):
        assert (401, "token-missing") == problem(client.get(path))
        assert (401, "token-unknown") == problem(client.get(path, headers=_bearer("cbt_no")))
        for token in (foreign, member, api.auditor):
            assert 200 == client.get(path, headers=_bearer(token)).status_code
        assert 200 == asking(settled(api)).get(path).status_code
    api.made(f"/members/{member_id}/suspend", api.organiser)
    assert (403, "caller-suspended") == problem(client.get("/docs", headers=_bearer(member)))
    assert [200, 200, 200] == [client.get(p).status_code for p in ("/", "/healthz", "/problems")]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@ONCE
def test_figures_are_for_who_watches_over_the_server(api: Web) -> None:
    """This machine, a listed one and the token's holder see them; to others there are none."""
    secret = "watch-over-this-server"  # noqa: S105 - made up
    app = settled(api, trusted_proxies="10.0.0.0/8", metrics_token=secret)
    assert 200 == asking(app, "127.0.0.1").get("/metrics").status_code
    assert 200 == asking(app, "10.1.1.1").get("/metrics").status_code
    assert 200 == asking(app).get("/metrics", headers=_bearer(secret)).status_code
    for client, headers in (
        ("203.0.113.9", {}),
        ("203.0.113.9", {"X-Forwarded-For": "127.0.0.1"}),
        ("203.0.113.9", _bearer("another-secret-of-nobody")),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}),
        ("10.1.1.1", {"X-Forwarded-For": "203.0.113.9"}),
        ("10.1.1.1", {"X-Forwarded-For": "127.0.0.1"}),
    ):
        answer = asking(app, client).get("/metrics", headers=headers)
        assert (404, "path-not-found") == problem(answer), (client, headers)


def test_figures_count_by_template_and_name_nobody(api: Web) -> None:
    """Requests, refusals, failed sign-ins and the writer's work are there; no id is."""
    member_id, token = api.member()
    api.get(f"/members/{member_id}", token)
    api.get(f"/members/mem_{NOBODY}", api.organiser)
    api.get("/me", "cbt_wrong")
    api.client.get(f"/nowhere/{member_id}")
    api.client.request("BREW", "/")
    text = asking(app_of(api), "127.0.0.1").get("/metrics").text
    figures = _figures(text)
    shown = 'route="/v1/b/{slug}/members/{member_id}"'
    assert figures[f'creditbank_requests_total{{method="GET",{shown},status="200"}}'] >= 1
    assert figures[f'creditbank_requests_total{{method="GET",{shown},status="404"}}'] >= 1
    assert figures[f'creditbank_request_seconds_count{{method="GET",{shown}}}'] >= 2
    assert figures['creditbank_refusals_total{slug="member-not-found"}'] >= 1
    assert figures['creditbank_sign_in_failures_total{slug="token-unknown"}'] >= 1
    assert figures["creditbank_units_total"] >= 5
    assert 0 == figures["creditbank_writer_queue"]
    assert 'method="OTHER"' in text
    assert 'route="unmatched"' in text
    for secret in (member_id, NOBODY, token, "BREW", "nowhere"):
        assert secret not in text


def _figures(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_server_whose_writer_has_stopped_is_not_ready(api: Web) -> None:
    """It lives, and says why it cannot serve."""
    assert 200 == api.client.get("/readyz").status_code
    api.database.writer.close()
    refused = api.client.get("/readyz")
    assert (503, "database-unavailable") == problem(refused)
    assert 200 == api.client.get("/healthz").status_code


def test_a_server_of_another_version_is_not_ready(
    api: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that was migrated under it is named."""
    from api import schema

    monkeypatch.setattr(schema, "head", lambda: "0000")
    refused = api.client.get("/readyz")
    assert (503, "not-ready") == problem(refused)
    assert "schema" == refused.json()["part"]


@ONCE
def test_the_request_id_is_ours_unless_it_has_the_form_of_one(api: Web) -> None:
    """What a client sends is echoed only if it can do no harm in a log."""
    good = "client-7_0001"
    answer = api.client.get("/", headers={"X-Request-Id": good})
    assert good == answer.headers["x-request-id"]
    bad: list[Any] = ["short", "x" * 65, "with space 1", "<script>alert", "a\tbcdefgh"]
    for said in bad:
        answer = api.client.get("/", headers={"X-Request-Id": said})
        assert said != answer.headers["x-request-id"]
        assert answer.headers["x-request-id"].startswith("req_")
