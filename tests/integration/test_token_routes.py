"""Tokens by the API: never more than the maker may give, gone with the role, refused when bad."""

from collections.abc import Iterator
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Grant, Role
from tests import web
from tests.office import Browser, Desks, new_key, refused
from tests.web import Web


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


@pytest.fixture
def desks(api: Web) -> Desks:
    """Its office."""
    return Desks(api)


@pytest.fixture
def operator(desks: Desks) -> Browser:
    """A device at which an operator is signed in."""
    return desks.at(desks.clerk(Role.OPERATOR))


def wanted(role: str, **bound: Any) -> dict[str, Any]:
    """What is said to make a token."""
    return {"role": role, "days": 30, "label": "看板", **bound}


def test_a_program_gets_what_its_maker_has(api: Web, operator: Browser) -> None:
    """An operator makes an auditor's token; it works, is listed, and ends after its days."""
    made = operator.made("/tokens", wanted("auditor"))
    assert 200 == api.get("/trail", made["token"]).status_code
    listed = [one["token_id"] for one in operator.get("/tokens", limit=200).json()["items"]]
    assert made["token_id"] in listed
    api.clock.advance(days=30)
    refused(api.get("/trail", made["token"]), 401, "token-unknown")


def test_nobody_makes_a_token_for_more_than_they_may(operator: Browser) -> None:
    """An operator reviews nothing and refunds nothing, so no nameless token of theirs does."""
    for role in ("organiser", "reviewer", "community_head", "treasurer"):
        refused(operator.post("/tokens", wanted(role)), 403, "beyond-maker")


def test_a_members_token_is_not_made(operator: Browser) -> None:
    """Members sign in; the form knows no such role."""
    refused(operator.post("/tokens", wanted("member")), 422, "body-unusable")


def test_a_persons_token_is_for_a_role_they_hold(api: Web, desks: Desks, operator: Browser) -> None:
    """For that role, at that place; also as the resident they are; it ends with the role."""
    here, there = api.community(), api.community()
    member_id, _ = api.member()
    clerk = desks.clerk(Grant(Role.ORGANISER, here), member=member_id)
    bound = {"staff_id": clerk.staff_id}
    refused(operator.post("/tokens", wanted("auditor", **bound)), 403, "beyond-maker")
    refused(operator.post("/tokens", wanted("organiser", **bound)), 403, "beyond-maker")
    elsewhere = wanted("organiser", **bound, community_id=there)
    refused(operator.post("/tokens", elsewhere), 403, "beyond-maker")
    made = operator.made("/tokens", wanted("organiser", **bound, community_id=here))
    assert clerk.staff_id == made["holder_id"]
    listed = operator.get("/tokens", limit=200).json()["items"]
    assert [member_id] == [
        one["member_id"] for one in listed if one["token_id"] == made["token_id"]
    ]
    token = made["token"]
    assert 200 == api.get("/members", token).status_code
    grant = operator.get(f"/staff/{clerk.staff_id}").json()["roles"][0]["grant_id"]
    operator.made(f"/grants/{grant}/end")
    refused(api.get("/members", token), 401, "token-unknown")


def test_no_token_approves_in_somebodys_name(desks: Desks, operator: Browser) -> None:
    """Its maker would hold it: a role that wants a second factor is its person's alone."""
    for role in ("reviewer", "community_head", "treasurer"):
        clerk = desks.clerk(Role(role))
        asked = wanted(role, staff_id=clerk.staff_id)
        refused(operator.post("/tokens", asked), 403, "beyond-maker")


def test_a_suspended_persons_token_is_shut(api: Web, desks: Desks, operator: Browser) -> None:
    """With the next request; reinstated, it works again."""
    clerk = desks.clerk(Role.AUDITOR)
    token = operator.made("/tokens", wanted("auditor", staff_id=clerk.staff_id))["token"]
    assert 200 == api.get("/trail", token).status_code
    operator.made(f"/staff/{clerk.staff_id}/suspend")
    refused(api.get("/trail", token), 403, "caller-suspended")
    operator.made(f"/staff/{clerk.staff_id}/reinstate")
    assert 200 == api.get("/trail", token).status_code


def test_a_till_gets_a_token(api: Web, operator: Browser) -> None:
    """Bound to that till, of this bank; without a till there is none."""
    _, till, _ = api.shop()
    token = operator.made("/tokens", wanted("till", till_id=till))["token"]
    assert 200 == api.get("/merchants", token).status_code
    refused(operator.post("/tokens", wanted("till")), 422, "bad-field")
    nowhere = wanted("till", till_id=f"til_{'0' * 26}")
    refused(operator.post("/tokens", nowhere), 404, "till-not-found")


def test_the_secret_is_shown_once(operator: Browser) -> None:
    """The same key again gives the same answer without it."""
    key = new_key()
    first = operator.post("/tokens", wanted("auditor"), key=key).json()
    copy = operator.post("/tokens", wanted("auditor"), key=key).json()
    assert first | {"token": None} == copy
    refused(operator.post("/tokens", wanted("operator"), key=key), 422, "key-reused")


def test_a_revoked_token_is_dead_at_once(api: Web, operator: Browser) -> None:
    """With the next request, and it is listed no more."""
    made = operator.made("/tokens", wanted("auditor"))
    operator.made(f"/tokens/{made['token_id']}/revoke")
    refused(api.get("/trail", made["token"]), 401, "token-unknown")
    listed = [one["token_id"] for one in operator.get("/tokens", limit=200).json()["items"]]
    assert made["token_id"] not in listed
    missing = operator.post(f"/tokens/tok_{'0' * 26}/revoke")
    refused(missing, 404, "token-not-found")


def test_only_an_operator_keeps_tokens(api: Web) -> None:
    """Not even whoever holds one; the auditor sees which there are."""
    for token in (api.organiser, api.reviewer, api.treasurer, api.auditor):
        refused(api.post("/tokens", token, wanted("auditor")), 403, "role-denied")
        if token != api.auditor:
            refused(api.get("/tokens", token), 403, "role-denied")


def test_bad_tokens_open_nothing(api: Web, operator: Browser) -> None:
    """Forged, cut, of another bank, of a suspended member: 401 or 403, in words."""
    api.found("other", "另一个互助社")
    token = operator.made("/tokens", wanted("auditor"))["token"]
    assert 200 == api.get("/trail", token).status_code
    for bad in (token[:-1], token + "x", token.swapcase(), f"cbt_{'A' * 43}", "x", "null"):
        refused(api.get("/trail", bad), 401, "token-unknown")
    refused(api.get("/trail", token, bank="other"), 401, "token-unknown")
    member_id, resident = api.member()
    api.made(f"/members/{member_id}/suspend", api.organiser)
    refused(api.get(f"/members/{member_id}", resident), 403, "caller-suspended")


def test_what_is_no_token_is_refused(operator: Browser) -> None:
    """Nothing unforeseen, nothing of the wrong kind."""
    for change in (
        *({"days": 0}, {"days": 367}, {"days": True}, {"days": "30"}),
        *({"id": "tok_1"}, {"secret_hash": "00"}, {"makers": []}),
        *({"role": "king"}, {"staff_id": "mem_1"}, {"label": ""}),
    ):
        refused(operator.post("/tokens", wanted("auditor") | change), 422, "body-unusable")
