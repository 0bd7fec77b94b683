"""The API describes itself completely, keeps off the event loop, and is alive."""

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import event
from sqlalchemy.engine import Engine
from starlette.testclient import TestClient

from api import docs
from api.app import create_app
from api.edge.problems import MEDIA_TYPE
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import RIGHTS, Right, Role, may
from tests import web

SCHEMA = create_app().openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method} {path}")
    for path, operations in SCHEMA["paths"].items()
    for method, operation in operations.items()
]
# What is asked by POST because it takes a body or a while, but changes nothing.
KEYLESS = {"redemptions.quote", "ledger.audit", "joining.candidates"}

# What is asked by somebody whom nobody knows yet: to join, to sign in, to pair a till.
UNKNOWN_CALLERS = (
    *("/purposes", "/join", "/join/candidates", "/join/claim"),
    *("/sign-in/codes", "/sign-in", "/till/pair"),
    *("/staff/sign-in", "/staff/invitations/open", "/staff/invitations/accept"),
    "/staff/second-factor/restore",
)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    """It has a name, words, a tag, an answer, and every way it can fail."""
    assert operation["operationId"].count(".") == 1
    assert operation["summary"]
    assert operation["description"]
    assert set(operation["tags"]) <= {tag["name"] for tag in SCHEMA["tags"]}
    answers = operation["responses"]
    assert any(status.startswith("2") for status in answers)
    for status, answer in answers.items():
        assert answer["description"]
        if int(status) >= 400:
            assert [MEDIA_TYPE] == list(answer["content"])
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), (path, method, parameter["name"])
    if path.removeprefix("/v1/b/{slug}") in UNKNOWN_CALLERS:
        assert "security" not in operation
        assert {"404", "422", "503"} <= answers.keys()
    elif path.startswith("/v1/"):
        assert [{"token": []}] == operation["security"]
        assert {"401", "403", "404", "422", "503"} <= answers.keys()


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_write_takes_a_key(path: str, method: str, operation: dict[str, Any]) -> None:
    """Law 3 at the edge: what is not a GET carries an Idempotency-Key."""
    named = [one["name"] for one in operation.get("parameters", [])]
    takes_key = "idempotency-key" in [name.lower() for name in named]
    writes = method != "get" and operation["operationId"] not in KEYLESS
    assert writes == takes_key, path
    if writes:
        assert {"400", "409", "413", "415"} <= operation["responses"].keys()


def test_operations_have_names_of_their_own() -> None:
    """Programs generated from the description need unique names."""
    names = [op["operationId"] for ops in SCHEMA["paths"].values() for op in ops.values()]
    assert sorted(set(names)) == sorted(names)


def test_what_is_referred_to_is_there() -> None:
    """No reference of the description leads nowhere, and nothing of the framework's shows."""
    text = str(SCHEMA)
    for name in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in SCHEMA["components"]["schemas"], name
    assert "HTTPValidationError" not in text


def test_request_bodies_are_closed() -> None:
    """No body takes a field it does not know."""
    forms = [name for name in SCHEMA["components"]["schemas"] if name.endswith("Form")]
    assert forms
    for name in forms:
        assert SCHEMA["components"]["schemas"][name]["additionalProperties"] is False, name


def test_routes_are_async_and_short() -> None:
    """A route's body is at most ten lines below its words, a page's twenty: it names what it shows.

    Rules live elsewhere.
    """
    import ast
    import inspect
    import textwrap

    for context in iter_route_contexts(create_app().routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        assert inspect.iscoroutinefunction(route.endpoint), route.path
        tree = ast.parse(textwrap.dedent(inspect.getsource(route.endpoint))).body[0]
        assert isinstance(tree, ast.AsyncFunctionDef)
        lines = (tree.end_lineno or 0) - (tree.body[0].end_lineno or 0)
        most = 20 if route.path.startswith("/b/") else 10
        assert lines <= most, (route.path, lines)


@pytest.fixture
def on_the_loop() -> Iterator[list[str]]:
    """The statements that ran on a thread with a running event loop."""
    found: list[str] = []

    def look(*arguments: Any) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        found.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", look)
    yield found
    event.remove(Engine, "before_cursor_execute", look)


def test_no_statement_runs_on_the_event_loop(
    database: Database, clock: ManualClock, on_the_loop: list[str]
) -> None:
    """Reading, writing, paying and proving all happen in the database's own threads."""
    with web.opened(database, clock) as api:
        member_id, token = api.earned()
        _, _, till = api.shop()
        body = {"code": api.pay_code(member_id, token), "cart_fen": 3000}
        api.made("/scan-and-redeem", till, body)
        assert 200 == api.post("/audit", api.auditor, key=None).status_code
        assert 200 == api.client.get("/readyz").status_code
    assert [] == on_the_loop


def test_the_watch_over_the_event_loop_is_able_to_fail(
    database: Database, on_the_loop: list[str]
) -> None:
    """A statement on the loop's thread is seen."""

    async def wrong() -> None:
        with database.reader._engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    asyncio.run(wrong())
    assert on_the_loop


def test_the_service_tells_that_it_lives(database: Database) -> None:
    """The process, the database, and where to go on."""
    with TestClient(create_app(database)) as client:
        assert {"status": "ok"} == client.get("/healthz").json()
        assert {"status": "ok"} == client.get("/readyz").json()
        assert "/docs" == client.get("/").json()["docs"]
        page = client.get("/docs")
        assert "text/html; charset=utf-8" == page.headers["content-type"]
        for operation in OPERATIONS:
            assert f'id="{operation.values[2]["operationId"]}"' in page.text  # type: ignore[index]


def test_the_page_of_the_description_loads_nothing() -> None:
    """No script, no style, no picture of any origin; what it shows is escaped."""
    text = TestClient(create_app()).get("/docs").text
    for part in ("<script", "<link", "<img", " src=", "http://", "https://", "@import", "url("):
        assert part not in text, part
    evil = {
        "info": {"title": "<b>", "version": "&", "description": "`<i>`"},
        "tags": [{"name": "x", "description": "<u>"}],
        "paths": {},
    }
    assert {"<b>", "<i>", "<u>"}.isdisjoint(re.findall(r"<[biu]>", docs.page(evil)))


def test_lists_are_paged_by_cursor(database: Database, clock: ManualClock) -> None:
    """Following `next` shows every row once."""
    with web.opened(database, clock) as api:
        expected = {api.member(f"成员{n}")[0] for n in range(5)}
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 2}
        for _ in itertools.repeat(None, 9):
            page = api.get("/members", api.organiser, **query).json()
            seen += [one["member_id"] for one in page["items"]]
            if page["next"] is None:
                break
            query["after"] = page["next"]
        assert (5, expected) == (len(seen), set(seen))
        number = api.get(f"/members/{seen[0]}", api.organiser).json()["number"]
        found = api.get("/members", api.organiser, number=number).json()["items"]
        assert [seen[0]] == [one["member_id"] for one in found]


def test_every_right_is_somebodys_and_the_dangerous_ones_are_apart() -> None:
    """No right is left over; who keeps tasks does not review, who reviews does not pay back."""
    assert set(Right) == set().union(*RIGHTS.values())
    apart = [
        (Right.KEEP_TASKS, Right.REVIEW),
        (Right.REVIEW, Right.REFUND),
        (Right.ACT_AS_TILL, Right.KEEP_MERCHANTS),
        (Right.ACT_AS_MEMBER, Right.REVIEW),
        (Right.AUDIT, Right.REFUND),
    ]
    for role in Role:
        for one, other in apart:
            assert not (may(role, one) and may(role, other)), (role, one, other)
