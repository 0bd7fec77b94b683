"""The two journeys through the API: a need becomes points, points become money off."""

from collections.abc import Iterator

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.engines import read_engine
from tests import web
from tests.web import Web, new_key


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def test_a_need_becomes_points_and_points_become_money_off(api: Web) -> None:
    """Publish, claim, serve, review; show a code, scan, redeem, receipt, refund; the books hold."""
    member_id, token = api.member()
    claim = api.served(token)
    assert [claim] == [one["claim_id"] for one in api.get("/reviews", api.reviewer).json()["items"]]
    approved = api.made(f"/claims/{claim}/approve", api.reviewer, {})
    assert [{"units": 10, "asset": "XYB"}] == approved["earned"]

    merchant, _, till = api.shop()
    scanned = api.made("/scans", till, {"code": api.pay_code(member_id, token), "cart_fen": 5999})
    assert (3, 300) == (scanned["points_most"], scanned["discount_fen"])
    redemption = scanned["redemption_id"]
    quote = api.post(f"/redemptions/{redemption}/quote", till, {"cart_fen": 6000}, key=None)
    assert 6 == quote.json()["points_most"]
    receipt = api.made(f"/redemptions/{redemption}/redeem", till, {})
    assert ("paid", 3, 5699, 7) == (
        receipt["state"],
        receipt["points"],
        receipt["to_pay_fen"],
        receipt["balance_after"],
    )
    for reader in (till, token, api.treasurer):
        assert receipt == api.get(f"/redemptions/{redemption}", reader).json()

    back = api.made(f"/redemptions/{redemption}/refunds", till, {"points": 1})
    assert ("refunded_in_part", 1) == (back["state"], back["refunded_points"])
    balances = api.get(f"/members/{member_id}/balances", token).json()
    assert [("XYB", 8)] == [(one["asset"], one["available"]) for one in balances]
    lines = api.get(f"/members/{member_id}/statement", token, asset="XYB").json()["items"]
    assert [("refund", 1, 8), ("redeem", -3, 7), ("issue", 10, 10)] == [
        (line["kind"], line["units"], line["balance_after"]) for line in lines
    ]
    day = api.get(f"/merchants/{merchant}/day", api.treasurer).json()
    assert (1, 2) == (day["payments"], day["points"])
    assert day == api.get("/till/day", till).json()
    transfer = api.get(f"/transfers/{back['transfer_id']}", api.auditor).json()
    assert f"member/{member_id}" == transfer["postings"][0]["destination"]
    circulation = api.get("/circulation/XYB", token).json()
    assert (10, 8, 2) == (
        circulation["issued"],
        circulation["with_members"],
        circulation["with_merchants"],
    )
    audit = api.post("/audit", api.auditor, key=None).json()
    assert 0 == audit["findings"], audit


def test_points_are_set_aside_captured_and_voided(api: Web) -> None:
    """Authorise then capture takes a part and returns the rest; void returns it all."""
    member_id, token = api.earned(10)
    _, _, till = api.shop()
    opened = {"code": api.pay_code(member_id, token), "cart_fen": 6000}
    first = api.made("/scans", till, opened)["redemption_id"]
    held = api.made(f"/redemptions/{first}/authorise", till, {})
    assert 6 == held["points"]
    balance = api.get(f"/members/{member_id}/balances", token).json()[0]
    assert (4, 6, 10) == (balance["available"], balance["held"], balance["total"])
    assert 2 == api.made(f"/redemptions/{first}/capture", till, {"points": 2})["points"]
    again = api.made("/scan-and-redeem", till, opened | {"code": api.pay_code(member_id, token)})
    assert 2 == api.made(f"/redemptions/{again['redemption_id']}/void", till)["points"] - 4
    assert 8 == api.get(f"/members/{member_id}/balances", token).json()[0]["available"]


def test_a_till_asks_and_cancels_by_request_id(api: Web) -> None:
    """404 before it arrives; cancelled for ever once cancelled; paid once it was paid."""
    member_id, token = api.earned(10)
    _, _, till = api.shop()
    lost, paid = new_key(), new_key()
    unknown = api.get(f"/till/requests/{lost}", till)
    assert (404, "/problems/request-not-found") == (unknown.status_code, unknown.json()["type"])
    assert "cancelled" == api.made(f"/till/requests/{lost}/cancel", till)["state"]
    body = {"code": api.pay_code(member_id, token), "cart_fen": 3000}
    late = api.post("/scan-and-redeem", till, body, key=lost)
    assert (409, "/problems/request-cancelled") == (late.status_code, late.json()["type"])
    assert 200 == api.post("/scan-and-redeem", till, body, key=paid).status_code
    asked = api.get(f"/till/requests/{paid}", till).json()
    assert ("paid", 3) == (asked["state"], asked["receipt"]["points"])
    refused = api.post(f"/till/requests/{paid}/cancel", till)
    assert (409, "/problems/already-paid") == (refused.status_code, refused.json()["type"])


def test_nothing_usable_is_a_receipt_of_none(api: Web) -> None:
    """A bill below the step is a normal outcome with a reason."""
    member_id, token = api.earned(10)
    _, _, till = api.shop()
    body = {"code": api.pay_code(member_id, token), "cart_fen": 2999}
    receipt = api.made("/scan-and-redeem", till, body)
    assert (0, "below_step") == (receipt["points"], receipt["reason"])


def test_an_approval_is_withdrawn_by_a_second_person(api: Web) -> None:
    """Who approved cannot take it back; a second person can, once; debts are shown."""
    member_id, token = api.earned(10)
    claim = api.get(f"/members/{member_id}/claims", token).json()["items"][0]["claim_id"]
    path, body = f"/claims/{claim}/withdraw-approval", {"reason": "重复登记"}
    assert "/problems/second-person-needed" == api.post(path, api.reviewer, body).json()["type"]
    assert [{"units": 10, "asset": "XYB"}] == api.made(path, api.second, body)["taken_back"]
    assert "/problems/state-conflict" == api.post(path, api.second, body).json()["type"]


def test_the_answer_comes_after_the_commit(api: Web) -> None:
    """A second connection sees what a write answered, at once."""
    engine = read_engine(api.database.url)
    for _ in range(5):
        member_id, _ = api.member()
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                f"SELECT count(*) FROM member WHERE bank_id = {api.bank.bank_id}"
                f" AND member_id = '{member_id}'"
            )
            assert 1 == rows.scalar_one()
    engine.dispose()


def test_a_replay_gives_the_first_answer(api: Web) -> None:
    """The same key and content answer the same for ever, refusals too; codes stay hidden."""
    member_id, token = api.earned(10)
    _, _, till = api.shop()
    key, body = new_key(), {"code": api.pay_code(member_id, token), "cart_fen": 3000}
    first = api.post("/scan-and-redeem", till, body, key=key)
    api.clock.advance(hours=2)
    assert first.json() == api.post("/scan-and-redeem", till, body, key=key).json()
    used, refused = new_key(), api.post("/scan-and-redeem", till, body, key=(used := new_key()))
    assert "/problems/code-used" == refused.json()["type"]
    again = api.post("/scan-and-redeem", till, body, key=used)
    assert (refused.status_code, refused.json()) == (again.status_code, again.json())


def test_a_pay_code_is_shown_to_its_owner_as_digits_and_pictures(api: Web) -> None:
    """Digits, SVG and PNG say the same; to anyone else the code does not exist; it is stopped."""
    import io

    import zxingcpp
    from PIL import Image

    member_id, token = api.member()
    other_id, other = api.member("李四")
    made = api.made(f"/members/{member_id}/pay-codes", token)
    path = f"/members/{member_id}/pay-codes/{made['pay_code_id']}"
    png = api.get(f"{path}.png", token)
    assert "image/png" == png.headers["content-type"]
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)))
    assert [made["digits"]] == [one.text for one in read]
    assert api.get(f"{path}.svg", token).text.startswith("<svg")
    assert 404 == api.get(f"{path}.svg", other).status_code
    stolen = f"/members/{other_id}/pay-codes/{made['pay_code_id']}.svg"
    assert "/problems/code-not-found" == api.get(stolen, other).json()["type"]
    stopped = api.made(f"/members/{member_id}/pay-codes/stop", token)
    assert {"codes": 1, "redemptions": 0} == stopped
