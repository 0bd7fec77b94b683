"""The review queue and what follows from it, on the office's pages."""

import re

from api import scheduler
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Grant, Role
from creditbank.service.forced_stops import KIND
from tests.office import Office
from tests.pages import Shown, Visitor
from tests.web import Web, opened

XSS = '<img src=x onerror="alert(1)">'


def desk(web: Web, token: str) -> Visitor:
    """Somebody at a desk."""
    return Visitor(web.client, office=token)


def deed(shown: Shown, ending: str, **filled: object) -> Shown:
    """Fill the form with this ending in, and send it."""
    return shown.form(ending).send(**filled)


def test_a_service_is_approved_and_credited(database: Database, clock: ManualClock) -> None:
    """The queue shows it, its page says what it brings, and the member's statement has it."""
    with opened(database, clock) as web:
        member, token = web.member("张三丰")
        claim = web.served(token, 10)
        reviewer = desk(web, web.reviewer)
        queue = reviewer.get("/office/reviews")
        assert 200 == queue.status, queue.text
        assert "雨季巡查" in queue.text
        assert "张三丰" not in queue.html
        assert "张" in queue.text
        page = reviewer.get(f"/office/reviews/{claim}")
        assert "+10 信义贝" in page.text
        done = deed(page, "/approve", minutes="60")
        assert "/b/trust/office/reviews" == done.path
        assert "积分已入账" in done.text
        assert "没有等待审核的服务" in done.text
        [balance] = web.get(f"/members/{member}/balances", token).json()
        assert 10 == balance["available"]


def test_fewer_minutes_and_no_more(database: Database, clock: ManualClock) -> None:
    """Minutes may be fewer than measured, never more."""
    with opened(database, clock) as web:
        _, token = web.member()
        claim = web.served(token)
        page = desk(web, web.reviewer).get(f"/office/reviews/{claim}")
        assert 422 == deed(page, "/approve", minutes="61").status
        deed(page, "/approve", minutes="30", key="fewer-minutes-0001")
        shown = web.get(f"/claims/{claim}/review", web.reviewer).json()
        assert 30 == shown["claim"]["approved_minutes"]


def test_many_at_once_only_after_looking(database: Database, clock: ManualClock) -> None:
    """A plain service goes with the others; an odd one stays until somebody says they looked."""
    with opened(database, clock) as web:
        _, plain = web.member()
        good = web.served(plain)
        _, late = web.member()
        odd = _forced(web, late)
        queue = desk(web, web.reviewer).get("/office/reviews")
        form = queue.form("/approvals")
        assert [good] == form.choices["claim"]
        assert [odd] == form.choices["looked"]
        assert "没有签退" in queue.text
        ticked = queue.visitor.get("/office/reviews", ticked="true").form("/approvals")
        assert [good] == ticked.fields["claim"]
        assert "looked" not in ticked.fields
        both = form.send(claim=[good, odd])
        assert "本次通过 1 项" in both.text
        assert "请先查看再批量通过" in both.text
        again = both.form("/approvals").send(looked=[odd])
        assert "本次通过 1 项" in again.text
        assert "approved" == web.get(f"/claims/{odd}/review", web.reviewer).json()["claim"]["state"]


def _forced(web: Web, token: str) -> str:
    """A service that nobody signed out of: the clock did."""
    task = web.publish()
    claim = str(web.made(f"/tasks/{task}/claims", token, {})["claim_id"])
    web.clock.advance(minutes=30)
    web.made(f"/claims/{claim}/sign-in", token)
    web.clock.advance(hours=5)
    scheduler.run_due(web.database, "test", [one for one in scheduler.WORKS if one.kind == KIND])
    return claim


def test_rejected_disputed_and_decided_for_good(database: Database, clock: ManualClock) -> None:
    """A rejection is disputed: its reviewer may not decide again, another may, for good."""
    with opened(database, clock) as web:
        _, token = web.member()
        claim = web.served(token)
        first, second = desk(web, web.reviewer), desk(web, web.second)
        page = first.get(f"/office/reviews/{claim}")
        assert 422 == deed(page, "/reject", chosen="", reason="").status
        done = deed(page, "/reject", chosen="没有按约定到场服务", key="reject-it-000001")
        assert "不通过" in done.text
        web.made(f"/claims/{claim}/dispute", token, {"reason": f"我到了{XSS}"})
        assert claim not in first.get("/office/reviews").html
        listed = second.get("/office/disputes")
        assert "没有按约定到场服务" in listed.text
        assert XSS not in listed.html
        assert XSS in listed.text
        refused = deed(first.get(f"/office/reviews/{claim}"), "/approve")
        assert 403 == refused.status
        assert "须由原审核人及其家人以外的人办理" in refused.text
        deed(second.get(f"/office/reviews/{claim}"), "/reject", chosen="", reason=XSS)
        over = second.get(f"/office/reviews/{claim}")
        assert XSS not in over.html
        assert "没有等您决定的事" in over.text


def test_who_published_it_does_not_approve_it(database: Database, clock: ManualClock) -> None:
    """Law 7 says in words who may instead."""
    with opened(database, clock) as web:
        member, token = web.member()
        own = web.token(Role.REVIEWER, member_id=member)
        claim = web.served(token)
        refused = deed(desk(web, own).get(f"/office/reviews/{claim}"), "/approve")
        assert 403 == refused.status
        assert "请由他人审核" in refused.text


def test_other_communities_are_not_shown(database: Database, clock: ManualClock) -> None:
    """A reviewer of another community gets neither list nor page, once that one has its own."""
    with opened(database, clock) as web:
        _, token = web.member()
        claim = web.served(token)
        place = web.get(f"/tasks/{_task(web, claim)}", web.organiser).json()["community_id"]
        _reviewers(web, place)
        other = desk(web, web.token(Role.REVIEWER, community_id=web.community()))
        assert "没有等待审核的服务" in other.get("/office/reviews").text
        assert 403 == other.get(f"/office/reviews/{claim}").status
        inside = desk(web, web.token(Role.REVIEWER, community_id=place))
        assert claim in inside.get("/office/reviews").html
        assert 403 == desk(web, web.organiser).get("/office/reviews").status
        auditor = desk(web, web.auditor)
        assert 200 == auditor.get("/office/reviews").status
        shown = auditor.get(f"/office/reviews/{claim}")
        assert "证据" not in shown.text
        assert [] == [one for one in shown.forms() if one.action.endswith("/approve")]


def _task(web: Web, claim: str) -> str:
    return str(web.get(f"/claims/{claim}/review", web.reviewer).json()["claim"]["task_id"])


def _reviewers(web: Web, community_id: str) -> None:
    """Give a community two reviewers of its own, so that the bank's pool is not asked."""
    office = Office(web.database, web.clock, web.bank.bank_id)
    for _ in range(2):
        office.clerk(Grant(Role.REVIEWER, community_id))


def test_an_approval_is_withdrawn_by_a_second_person(
    database: Database, clock: ManualClock
) -> None:
    """Who approved it may not; somebody else may, with a reason, and the points go back."""
    with opened(database, clock) as web:
        member, token = web.earned(10)
        first, second = desk(web, web.reviewer), desk(web, web.second)
        listed = second.get("/office/reviews/decided")
        [claim] = set(re.findall(r"clm_[0-9a-z]{26}", listed.html))
        page = first.get(f"/office/reviews/{claim}")
        assert 403 == deed(page, "/withdraw-approval", reason="记错了").status
        done = deed(second.get(page.path), "/withdraw-approval", chosen="", reason="记错了")
        assert "已撤回" in done.text
        [balance] = web.get(f"/members/{member}/balances", token).json()
        assert 0 == balance["available"]
