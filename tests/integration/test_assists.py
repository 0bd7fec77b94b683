"""Assists: the office acts for a member who is there, as itself, and leaves a slip."""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.errors import CreditbankError
from creditbank.core.units import Actor, Unit
from creditbank.identity.assists import assists
from creditbank.identity.roles import Role
from creditbank.notices import notices
from creditbank.people import trail
from creditbank.people.errors import NotYours
from creditbank.tasks import claims
from merchants import codes
from tests.books import made_up
from tests.web import Web, new_key, opened

PIN = "135790"
PRESENT = {"identity": "document_seen", "channel": "present", "reason": "老人没有手机"}
CALLED = {"identity": "known_personally", "channel": "telephone", "reason": "来电报名"}


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


def begin(web: Web, member: str, token: str, said: dict[str, str] | None = None) -> str:
    """Open an assist."""
    return str(web.made(f"/members/{member}/assists", token, said or PRESENT)["assist_id"])


def act(
    web: Web, path: str, token: str, assist: str, body: object = None, *, key: str = ""
) -> Response:
    """Write something in an assist."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": key or new_key(),
        "X-Assist": assist,
    }
    return web.client.post(f"/v1/b/trust{path}", headers=headers, json=body)


def slug(answer: Response) -> str:
    """Which problem it is."""
    return str(answer.json()["type"]).rsplit("/", 1)[-1]


def with_pin(web: Web, member: str) -> None:
    """Let a member set their PIN at the office."""
    said = {"reason": "首次设置", "identity": "查看证件", "pin": PIN}
    web.made(f"/members/{member}/pin/at-office", web.organiser, said)


def told(web: Web, member: str) -> int:
    """How often a member was told that the office acted for them."""
    return int(
        web.database.read(
            web.bank.bank_id,
            lambda view: view.connection.execute(
                select(func.count()).where(
                    notices.c.bank_id == view.bank_id,
                    notices.c.member_id == member,
                    notices.c.kind == "assisted",
                )
            ).scalar_one(),
        )
    )


def deeds(web: Web, assist: str) -> list[trail.Deed]:
    """What the trail holds of an assist, oldest first."""
    page = web.database.read(web.bank.bank_id, lambda view: trail.listing(view, limit=200))
    return [one for one in reversed(page.deeds) if one.via == assist]


def claim_of(web: Web, claim_id: str) -> claims.Claim:
    """A claim as it is kept."""
    return web.database.read(web.bank.bank_id, lambda view: claims.find(view, claim_id))


def test_an_assist_is_an_act_of_the_office_for_the_member(web: Web) -> None:
    """A claim in an assist is the member's; the trail, the notice and the slip say who did it."""
    member, own = web.member("张三丰")
    task = web.publish()
    assist = begin(web, member, web.organiser)
    key = new_key()
    done = act(web, f"/tasks/{task}/claims", web.organiser, assist, {}, key=key)
    again = act(web, f"/tasks/{task}/claims", web.organiser, assist, {}, key=key)
    assert (201, done.json()) == (done.status_code, again.json())
    assert member == claim_of(web, done.json()["claim_id"]).member_id
    (deed,) = deeds(web, assist)
    assert ("assistant", "assist.claimed", task, member) == (
        deed.role,
        deed.what,
        deed.object_id,
        deed.subject_id,
    )
    assert deed.actor_id.startswith("stf_")
    assert 1 == told(web, member)
    web.clock.advance(seconds=1)
    left = act(web, f"/claims/{done.json()['claim_id']}/withdraw", web.organiser, assist)
    assert (200, 1) == (left.status_code, told(web, member))
    (listed,) = web.get(f"/members/{member}/assists", own).json()
    assert (assist, PRESENT["reason"]) == (listed["assist_id"], listed["reason"])
    for reader in (own, web.organiser):
        slip = web.get(f"/assists/{assist}/slip", reader).json()
        assert ["报名任务", "退出任务"] == [one["zh"] for one in slip["lines"]]
        assert "雨季巡查" in slip["lines"][0]["about"]


def test_the_slip_is_plain_and_names_nobody_else(web: Web) -> None:
    """The page has no script, a masked phone, the member's own name, and a policy for its style."""
    body = {"name": "张<三>", "community_id": web.community(), "phone": "13800001234"}
    member = str(web.made("/members", web.organiser, body)["member_id"])
    assist = begin(web, member, web.organiser)
    act(web, f"/tasks/{web.publish()}/claims", web.organiser, assist, {})
    page = web.get(f"/assists/{assist}/slip.html", web.organiser)
    assert page.headers["content-type"].startswith("text/html")
    assert "style-src 'sha256-" in page.headers["content-security-policy"]
    assert "张&lt;三&gt;" in page.text
    assert "138****1234" in page.text
    assert "13800001234" not in page.text
    assert "<script" not in page.text
    stranger = web.member()[1]
    assert 404 == web.get(f"/assists/{assist}/slip.html", stranger).status_code
    assert 404 == web.get(f"/members/{member}/assists", stranger).status_code
    later = web.get(f"/assists/{assist}/slip", web.token(Role.ORGANISER)).json()
    assert "张*" == later["name"], "who was not there sees a mask"
    own = web.get(f"/assists/{assist}/slip", web.token(Role.MEMBER, member_id=member)).json()
    assert "张<三>" == own["name"]


def test_spending_takes_the_members_pin(web: Web) -> None:
    """Without the PIN, or with a wrong one, no code is issued; with it one is, and it pays."""
    member, _ = web.earned(100)
    with_pin(web, member)
    assist, path = begin(web, member, web.organiser), f"/members/{member}/pay-codes"
    assert "assist-pin-needed" == slug(act(web, path, web.organiser, assist))
    assert "assist-pin-needed" == slug(act(web, path, web.organiser, assist, {"pin": None}))
    assert "pin-wrong" == slug(act(web, path, web.organiser, assist, {"pin": "000000"}))
    assert [] == deeds(web, assist)
    key = new_key()
    made = act(web, path, web.organiser, assist, {"pin": PIN}, key=key)
    again = act(web, path, web.organiser, assist, {"pin": PIN}, key=key)
    assert (201, made.json()) == (made.status_code, again.json())
    assert ["assist.pay-code-made"] == [one.what for one in deeds(web, assist)]
    _, _, till = web.shop()
    body = {"code": made.json()["digits"], "cart_fen": 3000}
    assert 3 == web.made("/scan-and-redeem", till, body)["points"]
    stopped = act(web, f"{path}/stop", web.organiser, assist)
    assert 200 == stopped.status_code


def test_a_proof_is_good_for_its_own_request(web: Web) -> None:
    """A PIN that was typed for one pay code issues no second one."""
    member, _ = web.earned(100)
    with_pin(web, member)
    assist, path = begin(web, member, web.organiser), f"/members/{member}/pay-codes"
    assert 201 == act(web, path, web.organiser, assist, {"pin": PIN}).status_code
    assert "assist-pin-needed" == slug(act(web, path, web.organiser, assist))


def test_by_telephone_one_joins_and_leaves_tasks_only(web: Web) -> None:
    """Spending, stopping and reading codes need the member here; nothing can be shown by phone."""
    member, _ = web.earned(100)
    with_pin(web, member)
    refused = web.post(
        f"/members/{member}/assists", web.organiser, PRESENT | {"channel": "telephone"}
    )
    assert 422 == refused.status_code
    assist = begin(web, member, web.organiser, CALLED)
    claim = act(web, f"/tasks/{web.publish()}/claims", web.organiser, assist, {})
    assert 201 == claim.status_code
    left = act(web, f"/claims/{claim.json()['claim_id']}/withdraw", web.organiser, assist)
    assert 200 == left.status_code
    answer = act(web, f"/members/{member}/pay-codes", web.organiser, assist, {"pin": PIN})
    assert (403, "assist-by-telephone") == (answer.status_code, slug(answer))
    stop = act(web, f"/members/{member}/pay-codes/stop", web.organiser, assist)
    assert "assist-by-telephone" == slug(stop)


def test_an_assist_ends_after_a_quarter_of_an_hour_or_when_closed(web: Web) -> None:
    """One second before it holds; afterwards, and once closed, nothing is done in it."""
    member, _ = web.member()
    task = web.publish()
    assist = begin(web, member, web.organiser)
    web.clock.advance(seconds=15 * 60 - 1)
    claim = act(web, f"/tasks/{task}/claims", web.organiser, assist, {})
    assert 201 == claim.status_code
    web.clock.advance(seconds=1)
    path = f"/claims/{claim.json()['claim_id']}/withdraw"
    answer = act(web, path, web.organiser, assist)
    assert (410, "assist-over") == (answer.status_code, slug(answer))
    closed = begin(web, member, web.organiser)
    web.made(f"/assists/{closed}/end", web.organiser)
    assert "assist-over" == slug(act(web, path, web.organiser, closed))
    assert "placed" == claim_of(web, claim.json()["claim_id"]).state


def test_nobody_uses_the_assist_of_another(web: Web) -> None:
    """Other staff, the member, tills and roles without the right get nowhere with its id."""
    member, own = web.member()
    assist = begin(web, member, web.organiser)
    path = f"/tasks/{web.publish()}/claims"
    colleague = web.token(Role.ORGANISER)
    assert 404 == act(web, path, colleague, assist, {}).status_code
    for token in (own, web.treasurer, web.shop()[2]):
        answer = act(web, path, token, assist, {})
        assert (403, "role-denied") == (answer.status_code, slug(answer))
    assert 404 == act(web, path, web.organiser, made_up("ast", 1), {}).status_code
    assert 422 == act(web, path, web.organiser, "ast_x", {}).status_code
    assert [] == deeds(web, assist)


def test_an_assist_is_for_its_member_only(web: Web) -> None:
    """Another member's codes and claims are out of reach, whatever the body says."""
    member, _ = web.member()
    other, others_own = web.earned(10)
    with_pin(web, other)
    assist = begin(web, member, web.organiser)
    task = web.publish()
    claim = str(web.made(f"/tasks/{task}/claims", others_own, {})["claim_id"])
    answer = act(web, f"/members/{other}/pay-codes", web.organiser, assist, {"pin": PIN})
    assert 404 == answer.status_code
    answer = act(web, f"/claims/{claim}/withdraw", web.organiser, assist)
    assert (403, "not-yours") == (answer.status_code, slug(answer))
    answer = act(web, f"/tasks/{task}/claims", web.organiser, assist, {"member_id": other})
    assert 404 == answer.status_code
    assert [] == deeds(web, assist)


def test_what_is_no_members_own_is_not_done_in_an_assist(web: Web) -> None:
    """Approving, taking members in, changing a PIN: the header is refused, not overlooked."""
    member, token = web.member()
    claim = web.served(token)
    head = web.token(Role.COMMUNITY_HEAD)
    assist = begin(web, member, head)
    body = {"name": "李四", "community_id": web.community()}
    tries: list[tuple[str, Any]] = [
        (f"/claims/{claim}/approve", {}),
        (f"/claims/{claim}/reject", {"reason": "没来"}),
        ("/members", body),
        (f"/members/{member}/suspend", None),
        (f"/members/{member}/assists", PRESENT),
    ]
    for path, said in tries:
        answer = act(web, path, head, assist, said)
        assert (403, "assist-unfit") == (answer.status_code, slug(answer)), path
    assert "signed_out" == claim_of(web, claim).state


def test_nobody_assists_themselves(web: Web) -> None:
    """Not their own row, and not the one with the same document number."""
    body = {"name": "王五", "community_id": web.community(), "document": "110101199001011234"}
    first, second = (str(web.made("/members", web.organiser, body)["member_id"]) for _ in "12")
    token = web.token(Role.ORGANISER, member_id=first)
    for member in (first, second):
        answer = web.post(f"/members/{member}/assists", token, PRESENT)
        assert (403, "own-service") == (answer.status_code, slug(answer))
    assert 201 == web.post(f"/members/{first}/assists", web.organiser, PRESENT).status_code


def test_the_office_assists_in_its_own_communities(web: Web) -> None:
    """Members of another community are out of reach, also for reading their assists and slips."""
    member, _ = web.member()
    home = str(web.get(f"/members/{member}", web.organiser).json()["community_id"])
    near = web.token(Role.ORGANISER, community_id=home)
    far = web.token(Role.ORGANISER, community_id=web.community())
    answer = web.post(f"/members/{member}/assists", far, PRESENT)
    assert (403, "other-community") == (answer.status_code, slug(answer))
    assist = begin(web, member, near)
    for path in (f"/members/{member}/assists", f"/assists/{assist}/slip"):
        assert (200, 403) == (web.get(path, near).status_code, web.get(path, far).status_code)


def test_suspended_and_unknown_members_are_not_assisted(web: Web) -> None:
    """Who may not act is not acted for."""
    member, _ = web.member()
    web.made(f"/members/{member}/suspend", web.organiser)
    assert 409 == web.post(f"/members/{member}/assists", web.organiser, PRESENT).status_code
    path = f"/members/{made_up('mem', 1)}/assists"
    assert 404 == web.post(path, web.organiser, PRESENT).status_code
    assert 403 == web.post(path, web.treasurer, PRESENT).status_code


def test_the_engine_itself_holds_an_assistant_to_their_member(web: Web) -> None:
    """Without any route: an assistant's unit writes for the assisted member only."""
    member, other = web.member()[0], web.member()[0]
    actor = Actor("stf_clerk", "assistant", via=made_up("ast", 1), assists=member)

    def refused(unit: Unit) -> type[CreditbankError]:
        with pytest.raises(CreditbankError) as caught:
            codes.issue(unit, member_id=other, key=new_key())
        return caught.type

    assert NotYours is web.database.write(web.bank.bank_id, actor, refused)


def test_reasons_are_sealed(web: Web) -> None:
    """The reason is in no table in plain words."""
    member, _ = web.member()
    begin(web, member, web.organiser)
    for table in (assists, trail.deeds):
        rows = web.database.read(
            web.bank.bank_id,
            lambda view, of=table: view.rows(select(of).where(of.c.bank_id == view.bank_id)),
        )
        assert PRESENT["reason"] not in str(rows)
