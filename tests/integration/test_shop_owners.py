"""Shop owners: their own shop's tills, sales and refunds; another shop's do not exist for them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.web import Web, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


@dataclass(frozen=True)
class Shop:
    """A shop, its till, and the owner's token."""

    merchant: str
    till: str
    at_till: str
    owner: str


def shop_of(web: Web, **bound: str) -> Shop:
    """A shop with an owner."""
    merchant, till, at_till = web.shop()
    return Shop(merchant, till, at_till, web.token(Role.SHOP_OWNER, merchant_id=merchant, **bound))


def paid_at(web: Web, shop: Shop, units: int = 3) -> str:
    """A redemption that a shop was paid."""
    member, token = web.earned(100)
    body = {"code": web.pay_code(member, token), "cart_fen": 1000 * units}
    receipt = web.made("/scan-and-redeem", shop.at_till, body)
    assert units == receipt["points"]
    return str(receipt["redemption_id"])


def test_owners_keep_their_own_tills_only(web: Web) -> None:
    """An owner lists, registers, suspends, reinstates and unlocks tills of their own shop."""
    mine, other = shop_of(web), shop_of(web)
    second = web.made(f"/merchants/{mine.merchant}/tills", mine.owner, {"name": "二号"})["till_id"]
    listed = web.get(f"/merchants/{mine.merchant}/tills", mine.owner).json()
    assert {mine.till, second} == {one["till_id"] for one in listed}
    for verb in ("suspend", "reinstate", "unlock"):
        state = "suspended" if verb == "suspend" else "active"
        assert state == web.made(f"/tills/{second}/{verb}", mine.owner)["state"]
        refused = web.post(f"/tills/{other.till}/{verb}", mine.owner)
        assert (404, "till-not-found") == (refused.status_code, slug(refused.json()))
    assert 404 == web.get(f"/merchants/{other.merchant}/tills", mine.owner).status_code
    body = {"name": "三号"}
    path = f"/merchants/{other.merchant}/tills"
    assert 404 == web.post(path, mine.owner, body).status_code
    assert 1 == len(web.get(path, other.owner).json())


def test_owners_see_their_own_sales_only(web: Web) -> None:
    """Receipts and days of another shop are not found; staff see all."""
    mine, other = shop_of(web), shop_of(web)
    ours, theirs = paid_at(web, mine), paid_at(web, other)
    assert 3 == web.get(f"/redemptions/{ours}", mine.owner).json()["points"]
    assert 3 == web.get(f"/merchants/{mine.merchant}/day", mine.owner).json()["points"]
    assert 404 == web.get(f"/redemptions/{theirs}", mine.owner).status_code
    assert 404 == web.get(f"/merchants/{other.merchant}/day", mine.owner).status_code
    for staff in (web.treasurer, web.auditor):
        assert 200 == web.get(f"/redemptions/{theirs}", staff).status_code
        assert 200 == web.get(f"/merchants/{other.merchant}/day", staff).status_code


def test_owners_refund_what_their_own_shop_took(web: Web) -> None:
    """An owner refunds and voids above the till's limit, at their own shop and nowhere else."""
    mine, other = shop_of(web), shop_of(web)
    ours, today, theirs = paid_at(web, mine, 30), paid_at(web, mine, 30), paid_at(web, other)
    refused = web.post(f"/redemptions/{ours}/refunds", mine.at_till, {"points": 30})
    assert "refund-forbidden" == slug(refused.json())
    back = web.made(f"/redemptions/{ours}/refunds", mine.owner, {"points": 30})
    assert "refunded" == back["state"]
    assert "voided" == web.made(f"/redemptions/{today}/void", mine.owner)["state"]
    for verb in ("refunds", "void"):
        body = {} if verb == "refunds" else None
        refused = web.post(f"/redemptions/{theirs}/{verb}", mine.owner, body)
        assert (404, "redemption-not-found") == (refused.status_code, slug(refused.json()))
    assert "paid" == web.get(f"/redemptions/{theirs}", web.treasurer).json()["state"]


def test_owners_neither_keep_shops_nor_take_points(web: Web) -> None:
    """The office takes shops in and adopts offers; only tills take points."""
    mine = shop_of(web)
    for path in (f"/merchants/{mine.merchant}/suspend", f"/merchants/{mine.merchant}/reinstate"):
        assert 403 == web.post(path, mine.owner).status_code
    body = {"code": "281934605512837466", "cart_fen": 3000}
    assert 403 == web.post("/scans", mine.owner, body).status_code


def slug(problem: dict[str, str]) -> str:
    """Which problem it is."""
    return problem["type"].rsplit("/", 1)[-1]
