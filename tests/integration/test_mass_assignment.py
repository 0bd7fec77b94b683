"""What nobody was asked for takes no effect: fields too many, and ids of every wrong kind."""

import json
import re
from typing import Any

import pytest
from sqlalchemy import text

from api.edge.limits import Limits
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.identity.roles import Role
from tests import matrix
from tests.asgi import Answer, Direct
from tests.matrix import DENIED, OK, UNKNOWN, WORDS, Copies, Operation
from tests.matrix_requests import written
from tests.web import new_key
from tests.world import OWN, World

EXTRA: dict[str, Any] = {
    "id": "mem_00000000000000000000000000",
    "bank_id": 2,
    "role": "operator",
    "balance": 1_000_000,
    "status": "active",
    "approved_by": "stf_00000000000000000000000000",
    "created_at": "2020-01-01T00:00:00+08:00",
}
NOT_AN_ID = (
    *("0", "-1", "null", "mem_0000000000000000000000000", "MEM_00000000000000000000000000"),
    *("tsk_00000000000000000000000000%0A", "mem_%00", "%E2%80%AE", "%27%20OR%201=1", "x" * 500),
)
NO_DATABASE_TAKES = ("mem_%00", "x" * 500)
# Nobody of the world is who a service of it was for; members are let as far as the form.
ELSE = {"POST /claims/{claim_id}/confirmation": Role.MEMBER}
# Of what the world has none of, whatever id is asked for is as wrong as any.
MISSING_ID = "tsk_00000000000000000000000000"
# A till calls its requests as it likes, and a skill that somebody lacks is a state, not an id.
ANY_WORD = {"request_id", "skill"}


@pytest.fixture
def copies(request: pytest.FixtureRequest, database_url: str) -> Copies:
    """A world, to be copied."""
    return matrix.copies_for(request, database_url)


def _someone(name: str) -> str:
    """A role that may do this with its own things, the mightiest that there is."""
    cells = matrix.table()[name]
    may = [who for who in matrix.WHO if OK in WORDS[cells[who]][0]]
    known = [who for who in matrix.WHO if cells[who] not in {UNKNOWN, DENIED}]
    return [*known, *may][-1] if known or may else ELSE.get(name, Role.OPERATOR)


def _ask(client: Direct, one: Operation, made: World, request: dict[str, Any]) -> Answer:
    headers = made.headers[_someone(one.name)] | request.get("headers", {})
    matrix.app().state.limits = Limits()
    if one.method != "GET":
        headers["Idempotency-Key"] = new_key()
    return client.request(one.method, **request | {"headers": headers})


def _of_programs() -> list[Operation]:
    """What programs call; what pages take has rules of its own (`tests.unit.test_page_routes`)."""
    several = matrix.operations().values()
    return [one for one in several if not one.is_page and not one.path.startswith("/static/")]


def _request(one: Operation, made: World) -> dict[str, Any]:
    return written(one.method, one.path, one.name, matrix.app().openapi(), made.ids[OWN])


def _fields(one: Operation) -> set[str]:
    """What a body of an operation may hold."""
    schema = matrix.app().openapi()
    operation = schema["paths"].get(one.path, {}).get(one.method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return set(schema["components"]["schemas"].get(name, {}).get("properties", ()))


def _everything(database: Database, bank_id: int) -> dict[str, list[str]]:
    """Every row of a bank, but for when a device was last seen."""

    def look(view: View) -> dict[str, list[str]]:
        found = {}
        for name in sorted(matrix.tables_of_banks()):
            rows = view.connection.execute(
                text(f"SELECT * FROM {name} WHERE bank_id = :bank_id"),
                {"bank_id": bank_id},
            )
            found[name] = sorted(str(row) for row in rows)
        return found

    return database.read(bank_id, look)


def test_fields_too_many_are_refused_and_change_nothing(copies: Copies) -> None:
    """`id, bank_id, role, balance, status, approved_by, created_at` in every body: 422.

    Each is told by its place when they come together; one of them alone, in turn, is refused, too.
    """
    made = copies.world
    tried = 0
    with copies.opened() as client:
        database: Database = matrix.app().state.database
        bank_id = database.bank("trust").bank_id
        before = _everything(database, bank_id)
        for one in _of_programs():
            request = _request(one, made)
            if "json" not in request:
                continue
            extra = {name: EXTRA[name] for name in EXTRA.keys() - _fields(one)}
            alone = sorted(extra)[tried % len(extra)]
            for more in (extra, {alone: extra[alone]}):
                answer = _ask(client, one, made, request | {"json": request["json"] | more})
                assert 422 == answer.status_code, (one.name, answer.text)
                told = {each["pointer"] for each in json.loads(answer.text)["errors"]}
                assert {f"/{name}" for name in more} <= told, (one.name, told)
            tried += 1
        assert before == _everything(database, bank_id)
    assert tried


def test_ids_of_every_wrong_kind_are_refused(copies: Copies, backend: str) -> None:
    """Too short, of other signs, with what no database takes, of another kind: 404 or 422.

    What SQLite has shown to be refused before any SQL is said is not asked of PostgreSQL again.
    """
    made = copies.world
    several = NOT_AN_ID if backend == "sqlite" else NO_DATABASE_TAKES
    with copies.opened() as client:
        for one in _of_programs():
            names = [name for name in re.findall(r"{(\w+)", one.path) if name not in ANY_WORD]
            right = _request(one, made)
            for name in names:
                for wrong in (*several, *_other_ids(made, name)):
                    url = _with(one, made, name, wrong)
                    answer = _ask(client, one, made, right | {"url": url})
                    assert answer.status_code in {404, 422}, (one.name, name, wrong, answer.text)


def _other_ids(made: World, name: str) -> list[str]:
    """Ids of other kinds that there are."""
    kinds = ("task_id", "member_id", "redemption_id")
    return [
        made.ids[OWN][kind]
        for kind in kinds
        if not made.ids[OWN].get(name, "").startswith(made.ids[OWN][kind][:4])
    ]


def _with(one: Operation, made: World, name: str, wrong: str) -> str:
    """The path with another word in one place."""
    words = made.ids[OWN] | {
        "slug": "trust",
        "kind": "state-conflict",
        "period": "2026",
        "asset": "XYB",
        "purpose": "photos",
        "skill": "first-aid",
        name: wrong,
    }
    return re.sub(r"{(\w+)[^}]*}", lambda found: words.get(found[1], MISSING_ID), one.path)
