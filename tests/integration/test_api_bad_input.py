"""What is wrong at the API gets its own typed answer, and leaves nothing behind."""

from collections.abc import Iterator

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.ledger.books import transfers
from tests import web
from tests.merchant_builders import STEP
from tests.web import Web, new_key

NOBODY = "0" * 26
HUGE = 10**30
BAD_AMOUNTS = [0, -1, 1.5, 2.0, HUGE, True, "７", "7", []]


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def problem(response: Response) -> tuple[int, str]:
    """The status and slug of an answer, which is told as a problem should be."""
    body = response.json()
    assert "application/problem+json" == response.headers["content-type"], response.text
    assert response.status_code == body["status"]
    assert {"type", "title", "title_en", "detail", "instance"} <= body.keys()
    return response.status_code, body["type"].removeprefix("/problems/")


def transfers_of(api: Web) -> int:
    """How many transfers the bank has."""
    query = select(func.count()).where(transfers.c.bank_id == api.bank.bank_id)
    return int(api.database.read(api.bank.bank_id, lambda view: view.rows(query))[0][0])


def test_nobody_is_let_in_without_a_token_of_this_bank(api: Web) -> None:
    """No token, a wrong one, another scheme, and another bank's are 401; the bank must exist."""
    other = api.found("other", "另一社")
    foreign = api.token(Role.OPERATOR, bank=other)
    assert (401, "token-missing") == problem(api.get("/assets", None))
    assert "Bearer" in api.get("/assets", None).headers["www-authenticate"]
    for wrong in ("cbt_nonsense", foreign, "\u00e4"):
        response = api.client.get(
            "/v1/b/trust/assets", headers={b"Authorization": f"Bearer {wrong}".encode("latin-1")}
        )
        assert (401, "token-unknown") == problem(response)
    assert 200 == api.get("/assets", foreign, bank="other").status_code
    assert (404, "bank-not-found") == problem(api.get("/assets", foreign, bank="nowhere"))
    assert (404, "bank-not-found") == problem(api.get("/assets", foreign, bank="a%00b"))


def test_a_revoked_token_is_unknown(api: Web) -> None:
    """From the moment it is revoked."""
    from api import tokens

    secret = api.token(Role.AUDITOR)
    token_id = api.get("/me", secret).json()["via"]
    api.database.write(
        api.bank.bank_id,
        web.OPERATOR,
        lambda unit: tokens.revoke(unit, key=new_key(), token_id=token_id),
    )
    assert (401, "token-unknown") == problem(api.get("/me", secret))


def test_a_suspended_member_is_kept_out_until_reinstated(api: Web) -> None:
    """A suspended member's token is 403; other staff acting for them get a typed refusal."""
    member_id, token = api.member()
    api.made(f"/members/{member_id}/suspend", api.organiser)
    assert (403, "caller-suspended") == problem(api.get("/me", token))
    task, body = api.publish(), {"member_id": member_id}
    refused = api.post(f"/tasks/{task}/claims", api.organiser, body)
    assert (409, "member-suspended") == problem(refused)
    again = api.post(f"/members/{member_id}/suspend", api.organiser)
    assert (409, "state-conflict") == problem(again)
    api.made(f"/members/{member_id}/reinstate", api.organiser)
    assert 200 == api.get("/me", token).status_code


def test_roles_do_only_what_their_table_says(api: Web) -> None:
    """Each role is refused what is another's, by name."""
    member_id, token = api.member()
    _, _, till = api.shop()
    person = {"name": "王五", "community_id": api.community()}
    denied = [
        api.post("/members", token, person),
        api.post("/members", api.treasurer, person),
        api.post("/scans", token, {"code": "1"}),
        api.post("/scans", api.operator, {"code": "1"}),
        api.post("/communities", api.organiser, {"name": "x"}),
        api.post("/audit", api.organiser),
        api.get("/members", till),
        api.get("/reviews", api.organiser),
        api.get("/tasks", till),
        api.post(f"/members/{member_id}/pay-codes", api.operator),
    ]
    assert [(403, "role-denied")] * len(denied) == [problem(one) for one in denied]


def test_to_a_member_everyone_else_does_not_exist(api: Web) -> None:
    """Another member's id is a 404, to look at and to act for."""
    own_id, own = api.member()
    other_id, _ = api.member("李四")
    for path in ("", "/balances", "/statement?asset=XYB", "/claims"):
        assert (404, "member-not-found") == problem(api.get(f"/members/{other_id}{path}", own))
        assert 200 == api.get(f"/members/{own_id}{path}", own).status_code
    code = api.post(f"/members/{other_id}/pay-codes", own)
    assert (404, "member-not-found") == problem(code)
    task = api.publish()
    claim = api.post(f"/tasks/{task}/claims", own, {"member_id": other_id})
    assert (404, "member-not-found") == problem(claim)


def test_a_draft_is_nobody_elses_business(api: Web) -> None:
    """Until it is opened, only organisers see it, by its id and in the list."""
    _, token = api.member()
    draft = api.publish(draft=True)
    assert (404, "task-not-found") == problem(api.get(f"/tasks/{draft}", token))
    assert [] == api.get("/tasks", token, upcoming=False).json()["items"]
    listed = api.get("/tasks", api.organiser, upcoming=False).json()["items"]
    assert [draft] == [one["task_id"] for one in listed]
    api.made(f"/tasks/{draft}/open", api.organiser)
    assert "open" == api.get(f"/tasks/{draft}", token).json()["state"]


def test_what_another_bank_has_does_not_exist_here(api: Web) -> None:
    """Ids of one bank are 404 at another, whatever the role."""
    member_id, token = api.earned()
    claim = api.get(f"/members/{member_id}/claims", token).json()["items"][0]
    merchant, till_id, till = api.shop()
    code = {"code": api.pay_code(member_id, token), "cart_fen": 3000}
    paid = api.made("/scan-and-redeem", till, code)
    other = api.found("other", "另一社")
    operator = api.token(Role.OPERATOR, bank=other)
    auditor = api.token(Role.AUDITOR, bank=other)
    organiser = api.token(Role.ORGANISER, bank=other)
    reviewer = api.token(Role.REVIEWER, bank=other)
    treasurer = api.token(Role.TREASURER, bank=other)
    redemption = f"/redemptions/{paid['redemption_id']}"
    for path, role, slug in (
        (f"/members/{member_id}", operator, "member-not-found"),
        (f"/tasks/{claim['task_id']}", organiser, "task-not-found"),
        (f"/transfers/{claim['transfer_id']}", auditor, "transfer-not-found"),
        (f"/merchants/{merchant}", operator, "merchant-not-found"),
        (f"/merchants/{merchant}/tills", operator, "merchant-not-found"),
        (redemption, treasurer, "redemption-not-found"),
    ):
        assert (404, slug) == problem(api.get(path, role, bank="other"))
    for path, role, body, slug in (
        (f"/members/{member_id}/suspend", operator, None, "member-not-found"),
        (f"/tasks/{claim['task_id']}/cancel", organiser, {"reason": "x"}, "task-not-found"),
        (f"/claims/{claim['claim_id']}/approve", reviewer, {}, "claim-not-found"),
        (f"/tills/{till_id}/unlock", operator, None, "till-not-found"),
        (f"{redemption}/refunds", treasurer, {}, "redemption-not-found"),
    ):
        assert (404, slug) == problem(api.post(path, role, body, bank="other"))


def test_what_does_not_exist_is_named(api: Web) -> None:
    """A member, task, claim, merchant, asset, community or category that is not there."""
    community = api.community()
    task = {
        "title": "巡查",
        "category": "never",
        "community_id": community,
        "place": "桥",
        "starts_at": "2026-03-02T09:00:00+08:00",
        "ends_at": "2026-03-02T10:00:00+08:00",
        "capacity": 1,
        "rewards": [{"asset": "XYB", "units": 1, "per": "hour"}],
    }
    shop = {"name": "店", "trade": "茶", "asset": "XYB"}
    person = {"name": "王五", "community_id": f"com_{NOBODY}"}
    till, _, _ = api.shop()
    asks: list[tuple[Response, str]] = [
        (api.get(f"/members/mem_{NOBODY}", api.organiser), "member-not-found"),
        (api.get(f"/tasks/tsk_{NOBODY}", api.organiser), "task-not-found"),
        (api.post(f"/claims/clm_{NOBODY}/sign-in", api.organiser), "claim-not-found"),
        (api.get("/circulation/NOPE", api.operator), "asset-not-found"),
        (api.get("/periods/1999/rankings/XYB", api.operator), "period-not-found"),
        (api.post("/members", api.organiser, person), "community-not-found"),
        (api.post("/tasks", api.organiser, task), "category-not-found"),
        (api.post("/merchants", api.operator, shop | {"asset": "NOPE"}), "asset-not-found"),
        (
            api.post(f"/merchants/mer_{NOBODY}/tills", api.operator, {"name": "x"}),
            "merchant-not-found",
        ),
        (api.post(f"/tills/til_{NOBODY}/suspend", api.operator), "till-not-found"),
        (api.get(f"/imports/imp_{NOBODY}", api.operator), "import-not-found"),
    ]
    assert till
    assert [(404, slug) for _, slug in asks] == [problem(response) for response, _ in asks]
    honour = api.post("/merchants", api.operator, shop | {"asset": "VOL"})
    assert (409, "not-spendable") == problem(honour)


def test_an_id_of_the_wrong_kind_is_refused_by_its_form(api: Web) -> None:
    """An id of another kind, too short, or with what no database takes."""
    for wrong in (f"tsk_{NOBODY}", "mem_1", "mem_%00", "x" * 500, "%E2%80%AE"):
        response = api.get(f"/members/{wrong}", api.organiser)
        assert (422, "body-unusable") == problem(response)


def test_an_amount_is_a_whole_number_in_bounds(api: Web) -> None:
    """0, −1, 1.5, 10^30, true, text: each is refused by the form, and nothing is stored."""
    member_id, token = api.earned(10)
    _, _, till = api.shop()
    before = transfers_of(api)
    code = api.pay_code(member_id, token)
    for amount in BAD_AMOUNTS:
        text = f'{{"code": "{code}", "cart_fen": 3000, "points": {_json(amount)}}}'
        response = _raw(api, "/scan-and-redeem", till, text)
        assert (422, "body-unusable") == problem(response), amount
        assert ["/points"] == [one["pointer"] for one in response.json()["errors"]]
    assert before == transfers_of(api)
    paid = _raw(api, "/scan-and-redeem", till, f'{{"code": "{code}", "cart_fen": 3000}}')
    assert 200 == paid.status_code, "the code was not burned by requests of bad form"


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def _raw(api: Web, path: str, token: str, text: str | bytes) -> Response:
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": new_key(),
        "Content-Type": "application/json",
    }
    return api.client.post(f"/v1/b/trust{path}", headers=headers, content=text)


BAD_BODIES: list[tuple[str | bytes, int]] = [
    ('{"code": "1", "cart_fen": NaN}', 400),
    ('{"code": "1", "cart_fen": Infinity}', 400),
    ('{"code": "1", "cart_fen": 1e400}', 400),
    ('{"code": "1", "cart_fen": 30.0}', 422),
    ('{"code": 1}', 422),
    ('{"code": "1", "surprise": 1}', 422),
    ('{"code": "\\u0000"}', 422),
    ('{"code": "\\ud800"}', 400),
    ('{"code": "1", "cart_fen": 1' + "0" * 5000 + "}", 400),
    ('{"code": "1",', 400),
    ("[]", 422),
    ("null", 422),
    ("", 422),
    (b"\xff\xfe", 400),
    ("[" * 100_000, 400),
]


def test_a_body_that_is_not_meant_so_is_never_a_fault_of_ours(api: Web) -> None:
    """NaN, numbers without end, broken JSON and text that no database takes: 400 or 422."""
    _, _, till = api.shop()
    for text, status in BAD_BODIES:
        response = _raw(api, "/scans", till, text)
        assert status == problem(response)[0], (text[:60], response.text)


def test_a_day_beyond_all_clocks_is_refused_by_its_form(api: Web) -> None:
    """The first and the last day that there is are days of no bank: 422, and no fault of ours."""
    member_id, _ = api.member()
    home = api.made("/households", api.organiser, {"head_id": member_id})["household_id"]
    team = {"name": "红马甲", "community_id": api.community(), "leader_id": member_id}
    team_id = api.made("/teams", api.organiser, team)["team_id"]
    for day in ("0001-01-01", "9999-12-31"):
        for path, name in (
            (f"/households/{home}/history", "day"),
            (f"/teams/{team_id}/history", "day"),
            ("/rota", "first_week"),
            ("/rota/today", "day"),
            ("/plans/text", "day"),
        ):
            assert 422 == api.get(path, api.organiser, **{name: day}).status_code, (path, day)
        rota = {"first_week": day, "weeks": 2}
        assert 422 == api.post("/rota", api.organiser, rota).status_code
    for day in ("1900-01-01", "2199-12-31"):
        assert api.get(f"/households/{home}/history", api.organiser, day=day).is_success


@pytest.mark.parametrize("text", ["\u200b", "\u202e陈", "张\u2066三", "a\x85b", "a\u2028b"])
def test_a_text_that_hides_or_turns_round_is_refused(api: Web, text: str) -> None:
    """Names, titles and details are what everybody sees, in that order."""
    member_id, token = api.member()
    team = {"name": text, "community_id": api.community(), "leader_id": member_id}
    offer = {"kind": "offer", "title": "陪同看病", "category": "陪护", "minutes": 60}
    for path, who, body in (
        ("/teams", api.organiser, team),
        ("/organisations", api.organiser, {"name": text}),
        ("/lists", token, {"kind": "need", "title": text}),
        ("/lists", token, {"kind": "need", "title": "买菜", "details": text}),
        (f"/members/{member_id}/services", token, offer | {"details": text}),
    ):
        answer = api.post(path, who, body)
        assert (422, "body-unusable") == problem(answer), path


def test_a_body_that_is_too_large_is_not_read(api: Web) -> None:
    """More than a megabyte is refused, said or not."""
    _, _, till = api.shop()
    big = b"x" * 1_000_001
    assert (413, "body-too-large") == problem(_raw(api, "/scans", till, big))
    headers = {"Authorization": f"Bearer {till}", "Idempotency-Key": new_key()}
    parts = iter([big[:600_000], big[:600_000]])
    response = api.client.post("/v1/b/trust/scans", headers=headers, content=parts)
    assert (413, "body-too-large") == problem(response)


def test_a_write_without_a_usable_key_is_refused(api: Web) -> None:
    """Missing, too short, too long, or not visible characters."""
    for key in (None, "short", "x" * 256, "with a space in between"):
        response = api.post("/communities", api.operator, {"name": "红枫社区"}, key=key)
        assert (400, "key-missing") == problem(response)
    assert [] == api.get("/communities", api.operator).json()


def test_a_key_with_other_content_is_refused(api: Web) -> None:
    """The same key twice is one community; with another name it is an error."""
    key = new_key()
    first = api.post("/communities", api.operator, {"name": "红枫社区"}, key=key)
    again = api.post("/communities", api.operator, {"name": "红枫社区"}, key=key)
    assert (201, first.json()) == (again.status_code, again.json())
    other = api.post("/communities", api.operator, {"name": "枫树社区"}, key=key)
    assert (422, "key-reused") == problem(other)
    assert 1 == len(api.get("/communities", api.operator).json())


def test_an_unknown_field_of_an_offer_is_named_with_its_line(api: Web) -> None:
    """The parameter and the line of a faulty offer come as figures."""
    merchant, _, _ = api.shop()
    response = api.post(
        f"/merchants/{merchant}/offers", api.operator, {"toml": STEP + "\nfree_beer = 1\n"}
    )
    assert (422, "offer-invalid") == problem(response)
    lines = (STEP + "\nfree_beer = 1\n").splitlines()
    assert ("free_beer", lines.index("free_beer = 1") + 1) == (
        response.json()["parameter"],
        response.json()["line"],
    )


def test_a_cart_of_nothing_and_codes_that_are_no_codes(api: Web) -> None:
    """Each gets its own slug."""
    member_id, token = api.earned()
    _, _, till = api.shop()
    good = api.pay_code(member_id, token)
    wrong = good[:-1] + str((int(good[-1]) + 1) % 10)
    assert (422, "cart-empty") == problem(api.post("/scans", till, {"code": good, "cart_fen": 0}))
    scrambled = api.post("/scans", till, {"code": wrong, "cart_fen": 3000})
    assert (404, "code-scrambled") == problem(scrambled)
    assert 404 == api.post("/scans", till, {"code": "７" * 18}).status_code
    api.clock.advance(seconds=61)
    old = api.post("/scans", till, {"code": good, "cart_fen": 3000})
    assert (410, "code-expired") == problem(old)


def test_a_suspended_till_shop_and_bank_take_nothing(api: Web) -> None:
    """Each is told apart; a suspended till may still ask for its requests."""
    from creditbank.core import banks
    from creditbank.core.banks import BankState

    member_id, token = api.earned()
    merchant, till_id, till = api.shop()

    def scan() -> tuple[int, str]:
        code = api.pay_code(member_id, token)
        return problem(api.post("/scans", till, {"code": code, "cart_fen": 3000}))

    api.made(f"/tills/{till_id}/suspend", api.operator)
    assert (409, "till-suspended") == scan()
    asked = api.get(f"/till/requests/{new_key()}", till)
    assert (404, "request-not-found") == problem(asked)
    api.made(f"/tills/{till_id}/reinstate", api.operator)
    api.made(f"/merchants/{merchant}/suspend", api.operator)
    assert (409, "merchant-suspended") == scan()
    bank_id = api.bank.bank_id
    api.database.install(lambda c, _now: banks.set_state(c, bank_id, BankState.SUSPENDED))
    response = api.post("/communities", api.operator, {"name": "红枫"})
    assert (409, "bank-suspended") == problem(response)


def test_nobody_reviews_their_own_work(api: Web) -> None:
    """A reviewer who is the member behind the claim is refused, whatever the role."""
    member_id, token = api.member()
    claim = api.served(token)
    same = api.token(Role.REVIEWER, member_id=member_id)
    refused = api.post(f"/claims/{claim}/approve", same, {})
    assert (403, "own-work") == problem(refused)


def test_sign_out_before_sign_in_says_what_comes_next(api: Web) -> None:
    """The state, the verbs it admits, and two sentences."""
    _, token = api.member()
    task = api.publish()
    claim = api.made(f"/tasks/{task}/claims", token, {})["claim_id"]
    response = api.post(f"/claims/{claim}/sign-out", token)
    assert (409, "state-conflict") == problem(response)
    assert "sign_in" in response.json()["allowed"]
