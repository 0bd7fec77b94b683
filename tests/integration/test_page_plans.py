"""Pages ask no more of the database as lists grow; how it is found is in test_route_plans."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests import plans
from tests.pages import Visitor
from tests.web import OPERATOR, Web, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


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
