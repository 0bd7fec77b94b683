"""The demonstration: one click makes a visitor somebody, and only where nothing is real."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from api import tokens
from api.edge.cookies import Door
from creditbank.core import banks
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.identity import appointments, phones, second_factors, sittings
from creditbank.identity.roles import Grant, Role
from creditbank.ledger import accounts
from creditbank.people import communities, members
from creditbank.tasks import categories, tasks
from creditbank.tasks.states import TaskState
from merchants import partners, tills
from seeds import guests
from seeds.guests import Guest
from tests.office import hashed
from tests.pages import Visitor
from tests.web import ASSETS, Web, new_key, opened

DEMO = "demo"
OFFICE = Actor("stf_demo_office", Role.COMMUNITY_HEAD)
KINDS = ("governance", "waste", "hardship", "patrol", "culture")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A real bank, and beside it a demonstration with a few people."""
    with opened(database, clock) as api:
        bank = database.install(
            lambda c, now: banks.create(
                c,
                slug=DEMO,
                name="示范互助社",
                zone="Asia/Shanghai",
                now=now,
                demonstration=True,
            )
        )
        database.write(bank.bank_id, OFFICE, _settle)
        yield api


def _settle(unit: Unit) -> None:
    """Give the demonstration its assets, kinds of tasks, volunteer, organiser and till."""
    for asset in ASSETS:
        accounts.create_asset(unit, asset)
    for one in KINDS:
        categories.create(unit, code=one, name=one, key=new_key())
    where = communities.create(unit, name="枫桥里社区", key=new_key())
    assert isinstance(where, str)
    who = members.register(unit, name="华可心", community_id=where, key=new_key())
    assert not isinstance(who, Declined)
    phones.link(unit, member_id=who.member_id, phone=guests.VOLUNTEER_PHONE)
    for role in (Role.ORGANISER, Role.REVIEWER):
        appointments.install(
            unit,
            name="示范",
            login=guests.login_of(role),
            roles=[Grant(role, community_id=where)],
            password_hash=hashed("for demonstration only"),
            secret=second_factors.new_secret() if role is Role.REVIEWER else None,
            key=new_key(),
        )
    shop = partners.register(unit, name="便民超市", trade="超市", asset="XYB", key=new_key())
    assert isinstance(shop, str)
    tills.register(unit, merchant_id=shop, name=guests.TILL_NAME, key=new_key())


def counts(web: Web, bank_id: int) -> tuple[int, int]:
    """How many sittings and tokens a bank has."""

    def look(view: View) -> tuple[int, int]:
        found = []
        for table in (sittings.sittings, tokens.tokens):
            row = view.row(
                select(func.count().label("many")).where(table.c.bank_id == view.bank_id)
            )
            found.append(0 if row is None else int(row.many))
        return found[0], found[1]

    return web.database.read(bank_id, look)


def demo_id(web: Web) -> int:
    """The id of the demonstration."""
    return web.database.install(lambda c, _now: banks.find(c, DEMO)).bank_id


def test_one_click_makes_a_visitor_somebody(web: Web) -> None:
    """Volunteer, organiser, reviewer and cashier, each by the cookie of their door."""
    visitor = Visitor(web.client, bank=DEMO)
    page = visitor.get("/demonstration")
    for guest, path, door in (
        (Guest.VOLUNTEER, "/me", Door.RESIDENT),
        (Guest.CASHIER, "/till", Door.TILL),
        (Guest.ORGANISER, "/office", Door.OFFICE),
        (Guest.REVIEWER, "/office/reviews", Door.OFFICE),
    ):
        shown = page.form(f"/demonstration/{guest.value}").send()
        assert f"/b/{DEMO}{path}" == shown.path, guest
        assert visitor.cookies[f"cb-{DEMO}{door}"]
    assert 200 == visitor.get("/me").status
    assert 200 == visitor.get("/till").status
    reviewer = visitor.get("/office/reviews")
    assert 200 == reviewer.status, reviewer.text
    assert "店主" not in page.text


def test_a_second_tap_leaves_the_first_cookie(web: Web) -> None:
    """The same form sent twice is one sitting, whose cookie stays good."""
    visitor = Visitor(web.client, bank=DEMO)
    for guest in (Guest.VOLUNTEER, Guest.CASHIER):
        form = visitor.get("/demonstration").form(f"/demonstration/{guest.value}")
        form.send()
        before = dict(visitor.cookies)
        form.send()
        assert before == visitor.cookies
    assert (1, 1) == counts(web, demo_id(web))


def test_something_can_be_done_at_once(web: Web) -> None:
    """A need runs now, some are to come; not one more while they last."""
    visitor = Visitor(web.client, bank=DEMO)
    page = visitor.get("/demonstration")
    for _ in range(2):
        page.form("/demonstration/volunteer").send(key=new_key())
    found = needs(web)
    assert 1 == sum(one.state is TaskState.RUNNING for one in found)
    assert 7 == len(found)
    assert all(one.ends_at - web.clock.now() > timedelta(hours=1) for one in found)
    web.clock.advance(hours=3)
    page.form("/demonstration/volunteer").send(key=new_key())
    assert 1 == sum(one.state is TaskState.RUNNING for one in needs(web))


def needs(web: Web) -> list[tasks.Task]:
    """The needs of the demonstration that are not over."""

    def look(view: View) -> list[tasks.Task]:
        return tasks.chosen(view, tasks.tasks.c.ends_at > view.now)

    return web.database.read(demo_id(web), look)


@pytest.mark.parametrize(
    ("said", "headers"),
    [
        ({"csrf": "x"}, {}),
        ({"key": "page-key-0123456789"}, {}),
        ({"key": "page-key-0123456789", "csrf": "x", "more": "y"}, {}),
        ({"key": "page-key-0123456789"}, {"Sec-Fetch-Site": "cross-site"}),
        ({"key": "page-key-0123456789"}, {"HX-Request": "true"}),
    ],
)
def test_a_real_bank_has_no_such_page(
    web: Web, said: dict[str, Any], headers: dict[str, str]
) -> None:
    """Another bank answers 404, whatever is sent, and nobody is signed in there."""
    before = counts(web, web.bank.bank_id)
    visitor = Visitor(web.client, resident=web.member()[1])
    assert 404 == visitor.get("/demonstration").status
    before = counts(web, web.bank.bank_id)
    for guest in (*(one.value for one in Guest), "operator", "nobody"):
        for one in (visitor, Visitor(web.client)):
            kept = dict(one.cookies)
            assert 404 == one.post(f"/demonstration/{guest}", said, **headers).status, guest
            assert kept == one.cookies
    assert before == counts(web, web.bank.bank_id)


def test_what_a_demonstration_is_sent_is_looked_at(web: Web) -> None:
    """Nobody unknown, nothing without a key, nothing from another site's page."""
    visitor = Visitor(web.client, bank=DEMO)
    key = {"key": "page-key-0123456789"}
    assert 422 == visitor.post("/demonstration/operator", key).status
    assert 400 == visitor.post("/demonstration/volunteer", {"csrf": "x"}).status
    crossed = visitor.post("/demonstration/volunteer", key, **{"Sec-Fetch-Site": "cross-site"})
    assert 403 == crossed.status
    assert 404 == visitor.post("/demonstration/treasurer", key).status
    assert (0, 0) == counts(web, demo_id(web))
