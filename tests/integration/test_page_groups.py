"""Family, teams, gifts and services on a volunteer's screen."""

import re
from datetime import timedelta
from typing import Any

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Shown, Visitor
from tests.web import Web, opened

PIN = "739184"
RULES = {
    "gifts": "relatives",
    "gift_units_day": 20,
    "donations": True,
    "exchange_asset": "XYB",
    "exchange_units_hour": 4,
    "assets": [{"asset": "XYB", "reward_most": 100}],
}


def phone(web: Web, token: str) -> Visitor:
    """A volunteer's phone."""
    return Visitor(web.client, resident=token)


def with_pin(visitor: Visitor) -> None:
    """Set the payment PIN on the screen."""
    said = visitor.get("/me/settings/pin").form("/me/settings/pin").send(pin=PIN, again=PIN)
    assert 200 == said.status, said.text


def adopt(web: Web) -> None:
    """Let the bank run these rules from today on."""
    adopted = {"parameters": RULES, "effective_from": f"{web.clock.now():%Y-%m-%d}"}
    web.made("/scheme", web.operator, adopted)


def household(web: Web, head: str, other: str) -> str:
    """Register two adults as a household."""
    made = web.made("/households", web.organiser, {"head_id": head})
    path = f"/households/{made['household_id']}/members"
    web.made(path, web.organiser, {"member_id": other, "standing": "adult"})
    return str(made["household_id"])


def states(web: Web, task: str) -> list[str]:
    """The states of a task's claims."""
    return [one["state"] for one in web.get(f"/tasks/{task}/claims", web.organiser).json()]


def _tomorrow(web: Web) -> dict[str, Any]:
    """The hours of a task that overlaps with nothing of today."""
    starts = web.clock.now() + timedelta(hours=26)
    return {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()}


def duty(shown: Shown) -> str:
    """The address of the duty that a task's page leads to."""
    return next(one for one in shown.links() if re.search(r"/me/duties/clm_", one))


def test_a_family_claims_is_signed_in_together_and_withdraws_together(
    database: Database, clock: ManualClock
) -> None:
    """Both ticked have places by one form; the leader signs the other in; all can withdraw."""
    with opened(database, clock) as web:
        me, token = web.member("王一")
        spouse, _ = web.member("王二")
        household(web, me, spouse)
        related = {"member_id": me, "relative_id": spouse, "relation": "spouse"}
        web.made("/relatives", web.organiser, related)
        visitor = phone(web, token)
        home = visitor.get("/me/family")
        assert "配偶" in home.text
        assert "户主" in home.text
        task = web.publish()
        form = visitor.get(f"/tasks/{task}").form("/family-claims")
        done = form.send(member_ids=[me, spouse])
        assert "已为大家报名" in done.text
        assert ["placed", "placed"] == states(web, task)
        again = form.send(member_ids=[me, spouse])
        assert 2 == len(states(web, task)), again.text
        page = visitor.get(duty(done))
        assert "同来的人" in page.text
        signed = page.form("/sign-ins")
        assert "已为勾选的人签到" in signed.send(claim_ids=signed.choices["claim_ids"]).text
        assert ["placed", "signed_in"] == sorted(states(web, task))
        other = web.publish(title="另一项")
        clock.advance(hours=30)
        third = web.publish(title="第三项")
        done = visitor.get(f"/tasks/{third}").form("/family-claims").send(member_ids=[me, spouse])
        party = next(one for one in visitor.get(duty(done)).forms() if "/parties/" in one.action)
        assert "已退出" in party.send().text
        assert ["withdrawn", "withdrawn"] == states(web, third)
        assert [] == states(web, other)
        left = visitor.get("/me/family").form("/me/family/leave").send()
        assert "已退出家庭户" in left.text
        assert "还没有登记家庭户" in left.text


def test_a_team_is_joined_led_and_claims(database: Database, clock: ManualClock) -> None:
    """Who asks is taken in by the leader, sees the others masked, and is claimed for."""
    with opened(database, clock) as web:
        leader, token = web.member("赵队")
        member, other = web.member("钱员")
        community = web.community()
        body = {"name": "蓝马甲队", "community_id": community, "leader_id": leader}
        team = str(web.made("/teams", web.organiser, body)["team_id"])
        boss, asker = phone(web, token), phone(web, other)
        assert 403 == asker.get(f"/me/teams/{team}").status
        asked = asker.get("/me/teams").form(f"/{team}/wishes").send()
        assert "等队长同意" in asked.text
        shown = boss.get(f"/me/teams/{team}")
        assert "钱* 申请加入" in shown.text
        assert "钱员" not in shown.html
        taken = shown.form(f"/{member}/accept")
        assert "已加入本队" in taken.send().text
        assert 200 == taken.send().status
        assert "赵*" in asker.get(f"/me/teams/{team}").text
        assert (
            403
            == asker.post(
                f"/me/teams/{team}/members/{leader}/leave",
                {"key": "somebody-elses-place-1", "csrf": taken.fields["csrf"][0]},
            ).status
        )
        task = web.publish()
        form = boss.get(f"/tasks/{task}").form("/team-claims")
        assert "已为大家报名" in form.send(member_ids=[leader, member]).text
        assert 2 == len(states(web, task))
        assert "蓝马甲队" not in asker.get(f"/tasks/{task}").text
        alone = web.publish(title="队长不去", **_tomorrow(web))
        boss.get(f"/tasks/{alone}").form("/claims").send()
        others = boss.get(f"/tasks/{alone}").form("/team-claims")
        assert [member] == others.choices["member_ids"]
        assert "已为大家报名" in others.send(member_ids=[member]).text
        assert 2 == len(states(web, alone))
        number = web.get(f"/members/{member}", web.organiser).json()["number"]
        left = asker.get(f"/me/teams/{team}").form(f"/{member}/leave").send()
        assert "已退出服务队" in left.text
        invited = boss.get(f"/me/teams/{team}").form("/invitations").send(number=number)
        assert "邀请已发出" in invited.text
        assert "邀请您加入" in asker.get("/me/teams").text
        joined = asker.get("/me/teams").form(f"/{team}/wishes").send()
        assert "已加入服务队" in joined.text


def test_gifts_and_donations_say_their_limits(database: Database, clock: ManualClock) -> None:
    """Without the scheme there is no form; with it points go to family once, and to the fund."""
    with opened(database, clock) as web:
        me, token = web.earned(30)
        child, _ = web.member("小张")
        visitor = phone(web, token)
        assert "没有开放家人之间转赠" in visitor.get("/me/gifts").text
        adopt(web)
        assert "还没有登记" in visitor.get("/me/gifts").text
        related = {"member_id": me, "relative_id": child, "relation": "child"}
        web.made("/relatives", web.organiser, related)
        with_pin(visitor)
        page = visitor.get("/me/gifts")
        assert "每天最多送 20 个" in page.text
        form = page.form("/me/gifts")
        wrong = form.send(units="5", pin="000111")
        assert wrong.status in {403, 409}, wrong.text
        form = visitor.get("/me/gifts").form("/me/gifts")
        assert "转赠成功" in form.send(units="５", pin=PIN).text
        assert "转赠成功" in form.send(units="５", pin=PIN).text
        assert 25 == web.get(f"/members/{me}/balances", token).json()[0]["total"]
        over = visitor.get("/me/gifts").form("/me/gifts").send(units="16", pin=PIN)
        assert "今天还可以转赠 15 个积分" in over.text
        given = visitor.get("/me/gifts").form("/me/donations").send(units="3", pin=PIN)
        assert "捐赠成功" in given.text
        assert "互助基金里的信义贝 3" in given.text


def test_neighbours_agree_and_both_confirm(database: Database, clock: ManualClock) -> None:
    """An offer is answered with the PIN, accepted, confirmed by both, and paid by its minutes."""
    with opened(database, clock) as web:
        payer, token = web.earned(30)
        _, other = web.member("李师傅")
        adopt(web)
        buyer, giver = phone(web, token), phone(web, other)
        with_pin(buyer)
        posted = (
            giver.get("/me/services")
            .form("/me/services")
            .send(
                kind="offer",
                title='修收音机<script>alert("x")</script>',
                category="维修",
                minutes="60",
                details="三号楼，下午",
            )
        )
        assert "已发布" in posted.text
        assert "<script>alert" not in posted.html
        board = buyer.get("/me/services")
        assert "李*" in board.text
        assert "三号楼" not in board.text
        assert "已回应" in board.form("/answer").send(minutes="90", pin=PIN).text
        assert "已约定" in giver.get("/me/services").form("/accept").send().text
        assert "三号楼" in buyer.get("/me/services").text
        assert "已确认完成" in giver.get("/me/services").form("/confirm").send().text
        assert "已确认完成" in buyer.get("/me/services").form("/confirm").send().text
        assert 26 == web.get(f"/members/{payer}/balances", token).json()[0]["total"]
        assert "已完成" in giver.get("/me/services").text
