"""Logs are lines of JSON that name requests and faults, and nobody's data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.edge import logs
from api.edge.logs import MASKED, masked

PHONE = "13812345678"
DOCUMENT = "11010519491231002X"
CODE = "628012345678901234"
TOKEN = "cbt_9sYk2-secret_of_somebody"  # noqa: S105 - made up
NAME = "王金丝雀"
CANARIES = (PHONE, DOCUMENT, CODE, TOKEN, NAME, "crumbs", "hunter2")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where this process logs to, for the length of a test."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    logs.configure(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    """The events that were logged, one per line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        PHONE,
        f"电话{PHONE}，谢谢",
        "tel.13812345678",
        f"+86{PHONE}",
        f"86-{PHONE}",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        DOCUMENT,
        DOCUMENT.lower(),
        f"x{CODE}y",
        "6280 1234 5678 9012 34",
        TOKEN,
        f"Authorization: Basic {TOKEN[4:]}",
        f"Bearer {TOKEN[4:]}",
        "Cookie: a=crumbs; b=crumbs",
        "set-cookie: __Host-cb-trust=crumbs; Path=/",
        "__Host-cb-trust=crumbs",
        "cookie=crumbs",
    ],
)
def test_what_is_somebodys_is_masked_wherever_it_stands(text: str) -> None:
    """Numbers as people write them, tokens and cookies leave nothing of themselves."""
    said = masked(text)
    assert MASKED in said
    for part in (*CANARIES, TOKEN[4:], "12345678", "1234 5678", "1234-5678", "４５６７"):
        assert part.lower() not in said.lower()


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T09:00:00.123456+08:00", "mem_01k5w8h3zq9r7c2m4n6p8s0t1v", "1000000", "port 8000"],
)
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    """Instants, ids and small figures stay readable."""
    assert text == masked(text)


def test_values_of_every_shape_are_masked(lines: io.StringIO) -> None:
    """In lists, in dicts, as numbers, as bytes, as the name of a field, as an object."""
    log = logs.logger("test")
    log.warning(
        PHONE,
        listed=[PHONE, {"deep": (CODE,)}],
        number=int(PHONE),
        raw=PHONE.encode(),
        error=ValueError(TOKEN),
        phone="short 1",
        password="hunter2",  # noqa: S106 - made up
        cookies={"a": "crumbs"},
        units=7,
        **{f"field-{PHONE}": 1},
    )
    (event,) = read(lines)
    assert (7, MASKED, MASKED) == (event["units"], event["phone"], event["password"])
    for canary in CANARIES:
        assert canary not in lines.getvalue()


def test_lines_of_other_libraries_are_masked_too(lines: io.StringIO) -> None:
    """What is logged in the standard way leaves by the same door."""
    logging.getLogger("uvicorn.error").warning("%s called from %s", TOKEN, PHONE)
    (event,) = read(lines)
    assert "uvicorn.error" == event["logger"]
    assert f"{MASKED} called from {MASKED}" == event["event"]


def test_nobody_writes_a_line_of_their_own(lines: io.StringIO) -> None:
    """Line ends and control signs of a value stay inside of it."""
    evil = 'x\r\n{"event": "forged"}\u2028\x1b[2J\x85'
    logging.getLogger("test").warning(evil)
    logs.logger("test").warning("said", value=evil)
    text = lines.getvalue()
    assert 2 == len(text.splitlines()) == text.count("\n")
    assert text.replace("\n", "").isprintable()
    assert text.isascii()


def test_an_error_is_told_by_its_place_not_its_words(lines: io.StringIO) -> None:
    """The type and where it was raised are there; what it says is not."""
    for log in (logging.getLogger("test"), logs.logger("test")):
        try:
            int(NAME)
        except ValueError:
            log.exception("it failed")
    for event in read(lines):
        assert "ValueError" == event["error"]
        assert "test_logs.py" in event["where"]
    assert 2 == len(read(lines))
    assert json.dumps(NAME)[1:-1] not in lines.getvalue()


def test_a_request_leaves_its_template_and_nothing_it_said(lines: io.StringIO) -> None:
    """Canaries in path, query, headers, cookies, body and in a fault of ours: none is logged."""
    app = create_app()

    @app.post("/people/{name}")
    async def fault(name: str) -> None:
        raise RuntimeError(name + PHONE)

    client = TestClient(app, raise_server_exceptions=False)
    answer = client.post(
        f"/people/{NAME}?phone={PHONE}&code={CODE}",
        headers={
            "Authorization": f"Bearer {TOKEN}",
            "Cookie": "cb-trust=crumbs",
            "User-Agent": DOCUMENT,
            "X-Request-Id": "req-of-client-1",
            "Content-Type": "application/json",
        },
        content=b"{}",
    )
    client.get(f"/{PHONE}")
    client.request(TOKEN, "/")
    answered = answer.json()
    events = read(lines)
    asked = [one for one in events if one["event"] == "request"]
    assert ["/people/{name}", "unmatched", "/"] == [one["route"] for one in asked]
    assert [500, 404, 405] == [one["status"] for one in asked]
    assert ["POST", "GET", "OTHER"] == [one["method"] for one in asked]
    assert all(isinstance(one["duration_us"], int) for one in asked)
    assert "req-of-client-1" == asked[0]["request_id"] == answer.headers["x-request-id"]
    (fault_line,) = [one for one in events if answered["incident"] in one["event"]]
    assert "req-of-client-1" == fault_line["request_id"]
    for canary in CANARIES:
        assert canary not in lines.getvalue()
        assert json.dumps(canary)[1:-1] not in lines.getvalue()


def test_ids_of_our_own_are_never_masked() -> None:
    """A fault is found by its request's id, so no such id looks like a number of somebody's."""
    ids = [logs.request_id_of(None) for _ in range(500)]
    assert ids == [masked(one) for one in ids]
    assert 500 == len(set(ids))
