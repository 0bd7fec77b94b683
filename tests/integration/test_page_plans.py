"""What the pages ask of the database stays short as a bank grows: by plan, and by count."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.engines import is_sqlite, sqlite_path
from tests import matrix, matrix_pages, plans, world
from tests.pages import Visitor
from tests.web import OPERATOR, Web, new_key, opened
from tests.world import OWN
from tests.world_builder import PIN

# Why a table may be read from end to end, and by which pages alone.
ALLOWED: dict[str, dict[str, str]] = {
    "account": {
        "/office/books": "what circulates is summed from the balances themselves",
        "/me/gifts": "the funds among the addresses",
        "/office/exchange": "the funds among the addresses",
    },
    "afterwards": {
        "/office": "what an office noted down late, one row a task",
        "/office/afterwards": "what an office noted down late, one row a task",
    },
    "arrival": {"/office/imports": "one row an uploaded list"},
    "handout": {"/office/exchange": "one row a decision of the office"},
    "needy": {"/office/exchange": "one row a person whom the office named"},
    "service": {"/me/services": "a member's own services, by two indexes"},
    "transfer": {"*": "the latest instant, from the end of an index"},
}
# Papers about all that is known of one person, which their own keys pay for.
OF_A_LIFE = "/me/settings/data/export"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_page_reads_a_growing_table_from_end_to_end(
    web: Web, database: Database, tmp_path: Path
) -> None:
    """Every statement of every page, as every role that sees it, in a bank of millions of rows."""
    made = world.build(web)
    headers = made.headers["cashier"] | {"Idempotency-Key": new_key()}
    turn = {"cashier_id": made.ids[OWN]["cashier_id"], "pin": PIN}
    assert web.client.post("/v1/b/trust/till/cashier", headers=headers, json=turn).is_success
    said: dict[str, set[tuple[str, tuple[object, ...]]]] = defaultdict(set)
    for one in matrix.operations().values():
        if not one.is_page or one.method != "GET" or one.path.endswith("/live"):
            continue
        for role in made.headers:
            request = one.written(made.ids[OWN])
            sent = matrix_pages.who(one.path, made.headers[role])
            web.client.cookies.clear()
            with plans.asked() as asked:
                got = web.client.get(
                    request["url"], params=request["params"], headers=sent, follow_redirects=False
                )
            if got.status_code == 200:
                said[one.path.removeprefix(matrix_pages.PREFIX)] |= set(asked.statements)
    assert len(said) > 80
    found = set()
    with plans.grown(sqlite_path(database.url), tmp_path / "grown.db") as connection:
        for path, statements in said.items():
            for statement, parameters in statements:
                for table, step in plans.long_ways(connection, statement, parameters):
                    pages = ALLOWED.get(table, {})
                    if not (path.startswith(OF_A_LIFE) or "*" in pages or path in pages):
                        found.add((path, table, step, statement))
    assert set() == found


def test_the_reading_of_plans_finds_what_it_looks_for(web: Web, tmp_path: Path) -> None:
    """A search by the bank alone is found, one by an index is not."""
    web.earned(5)
    if not is_sqlite(web.database.url):
        return
    with plans.grown(sqlite_path(web.database.url), tmp_path / "grown.db") as connection:
        by_title = "SELECT task_id FROM task WHERE bank_id = ? AND title = ?"
        assert ["task"] == [one for one, _ in plans.long_ways(connection, by_title, (1, "x"))]
        by_id = "SELECT title FROM task WHERE bank_id = ? AND task_id = ?"
        assert [] == plans.long_ways(connection, by_id, (1, "x"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_knows_its_indexes(database: Database, clock: ManualClock) -> None:
    """A bank that is opened again is looked over, so that its id is not taken for narrow."""
    with opened(database, clock) as web:
        for _ in range(3):
            web.member()
    with Database(
        database.url.render_as_string(hide_password=False), clock=clock, vault=database.vault
    ) as again:
        bank = again.bank("trust")
        again.write(bank.bank_id, OPERATOR, lambda _: None)
        known = again.read(
            bank.bank_id,
            lambda view: list(
                view.connection.exec_driver_sql(
                    "SELECT stat FROM sqlite_stat1 WHERE idx = 'ix_member_status'"
                )
            ),
        )
    assert [("3 3 3 1",)] == [tuple(row) for row in known]


def _lengthened(web: Web, rows: int) -> dict[str, str]:
    """A member, a desk and a shop, each with so many rows on their pages; returns the tokens."""
    member, token = web.earned(5)
    _, _, till = web.shop()
    for n in range(rows):
        web.publish(title=f"第{n}项", starts_at=_at(web, 3), ends_at=_at(web, 4))
        mine = web.publish(starts_at=_at(web, 24 * n + 48), ends_at=_at(web, 24 * n + 49))
        web.made(f"/tasks/{mine}/claims", token, {})
        web.served(web.member()[1])
        digits = web.pay_code(member, token)
        if n == 0:
            web.made("/scan-and-redeem", till, {"code": digits, "cart_fen": 59_00, "points": 3})
    return {"member": token, "till": till}


def _at(web: Web, hours: int) -> str:
    return (web.clock.now() + timedelta(hours=hours)).isoformat()


PAGES = {
    "member": ("/me", "/tasks", "/me/duties", "/me/statement", "/me/inbox", "/me/code"),
    "till": ("/till", "/till/today"),
    "office": (
        *("/office", "/office/needs", "/office/members", "/office/figures"),
        "/office/needs/calendar",
    ),
    "reviewer": ("/office/reviews", "/office/disputes", "/office/second-looks"),
    "": ("", "/needs", "/shops", "/wall"),
}


def _counts(web: Web, tokens: dict[str, str]) -> dict[str, int]:
    doors = {
        "member": Visitor(web.client, resident=tokens["member"]),
        "till": Visitor(web.client, till=tokens["till"]),
        "office": Visitor(web.client, office=web.organiser),
        "reviewer": Visitor(web.client, office=web.reviewer),
        "": Visitor(web.client),
    }
    found = {}
    for side, paths in PAGES.items():
        for path in paths:
            with plans.asked() as asked:
                shown = doors[side].get(path)
            assert 200 == shown.status, (path, shown.status)
            found[path] = len(asked.statements)
    return found


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_pages_ask_no_more_as_lists_grow(database: Database, clock: ManualClock) -> None:
    """A list of fifteen rows takes the statements of a list of three."""
    with opened(database, clock) as web:
        tokens = _lengthened(web, 3)
        _counts(web, tokens)
        few = _counts(web, tokens)
        more = _lengthened(web, 12)
        _counts(web, tokens | {"till": more["till"]})
        many = _counts(web, tokens | {"till": more["till"]})
        mine = _counts(web, more)
        grown = {path: (few[path], many[path]) for path in few if many[path] > few[path]}
        grown |= {path: (few[path], mine[path]) for path in few if mine[path] > few[path]}
        assert {} == grown
        assert max(many.values()) <= 40
