"""The roster at the desk: ticks, pauses, absences, adding, closing; and the site's code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.pages import Shown, Visitor
from tests.web import Web, opened

EVIL = "<script>alert(1)</script>"


def taken_in(web: Web, community: str, *names: str) -> list[str]:
    """Members of a community."""
    return [
        str(
            web.made("/members", web.organiser, {"name": name, "community_id": community})[
                "member_id"
            ]
        )
        for name in names
    ]


class Site:
    """A need of an hour in half an hour, with people who claimed it."""

    def __init__(self, web: Web, *names: str, **changes: Any) -> None:
        self.web = web
        self.community = web.community()
        self.people = taken_in(web, self.community, *names)
        self.task = web.publish(community_id=self.community, **changes)
        self.claims = [
            str(web.made(f"/tasks/{self.task}/claims", web.organiser, body)["claim_id"])
            for body in ({"member_id": one, "or_wait": True} for one in self.people)
        ]
        self.visitor = Visitor(web.client, office=web.organiser)
        self.path = f"/office/needs/{self.task}/roster"

    def roster(self) -> Shown:
        """The page of the roster."""
        return self.visitor.get(self.path)

    def states(self) -> list[str]:
        """Where the claims stand, in the order of the people."""
        found = self.web.get(f"/tasks/{self.task}/claims", self.web.organiser).json()
        by = {one["claim_id"]: one["state"] for one in found}
        return [by[one] for one in self.claims]


def test_several_are_ticked_in_and_out(database: Database, clock: ManualClock) -> None:
    """Ticks sign several in at once and out again, once each however often they are sent."""
    with opened(database, clock) as web:
        site = Site(web, "张三", "李四", "王五")
        shown = site.roster()
        assert "张*" in shown.text
        assert "张三" not in shown.html
        form = shown.form("/roster")
        done = form.send(claim_ids=site.claims[:2], tick="in")
        assert "已签到" in done.text
        assert done.path == form.send(claim_ids=site.claims[:2], tick="in").path
        assert ["signed_in", "signed_in", "placed"] == site.states()
        clock.advance(minutes=60)
        out = site.roster().form("/roster").send(claim_ids=site.claims[:2], tick="out")
        assert 200 == out.status, out.text
        assert ["signed_out", "signed_out", "placed"] == site.states()


def test_nobody_is_ticked_where_one_is_refused(database: Database, clock: ManualClock) -> None:
    """Nobody ticked, or somebody twice signed in: told in words, and nothing is noted."""
    with opened(database, clock) as web:
        site = Site(web, "张三", "李四")
        assert "请先勾选" in site.roster().form("/roster").send(tick="in").text
        site.roster().form("/roster").send(claim_ids=site.claims[:1], tick="in")
        again = site.roster().form("/roster").send(claim_ids=site.claims, tick="in")
        assert 409 == again.status
        assert ["signed_in", "placed"] == site.states()


def test_a_pause_and_an_absence(database: Database, clock: ManualClock) -> None:
    """A pause begins and ends; who never came is absent after closing, and excused."""
    with opened(database, clock) as web:
        site = Site(web, "张三", "李四")
        site.roster().form("/roster").send(claim_ids=site.claims[:1], tick="in")
        paused = site.roster().form("/pause").send()
        assert "休息中" in paused.text
        assert "休息中" not in paused.form("/resume").send().text
        clock.advance(minutes=100)
        over = site.roster()
        closed = over.form("/close").send()
        assert "考勤已关闭" in closed.text
        assert ["forced_out", "no_show"] == site.states()
        excused = closed.form("/excuse").send(reason="发烧了")
        assert "缺席已说明" in excused.text
        assert "withdrawn" == site.states()[1]


def test_somebody_is_added_by_name_or_number(database: Database, clock: ManualClock) -> None:
    """Whoever has the whole name or the number is offered with a mask; full means the waitlist."""
    with opened(database, clock) as web:
        site = Site(web, "张三", capacity=2)
        li, wang = taken_in(web, site.community, "李四", "王五")
        found = site.roster().form("/find").send(who="李四")
        assert "李*" in found.text
        added = found.form("/add").send()
        assert "已加入名单" in added.text
        number = web.get(f"/members/{wang}", web.organiser).json()["number"]
        waits = site.roster().form("/find").send(who=number.lower()).form("/add").send()
        assert "候补" in waits.text
        claims = web.get(f"/tasks/{site.task}/claims", web.organiser).json()
        assert {li: "placed", wang: "waiting"} == {
            one["member_id"]: one["state"] for one in claims if one["member_id"] in {li, wang}
        }
        assert "没有找到" in site.roster().form("/find").send(who="赵").text
        gone = waits.form("/withdraw").send()
        assert "已代为退出" in gone.text


def test_another_communitys_office_notes_nothing(database: Database, clock: ManualClock) -> None:
    """They see none of these people, and may tick nobody."""
    with opened(database, clock) as web:
        site = Site(web, "张三")
        token = web.token(Role.ORGANISER, community_id=web.community())
        other = Visitor(web.client, office=token)
        shown = other.get(site.path)
        assert 200 == shown.status
        assert "张*" not in shown.text
        fields = site.roster().form("/roster").fields
        csrf = other.get("/office/needs/new").soup.find("input", attrs={"name": "csrf"})
        assert csrf is not None
        sent = {"key": fields["key"], "csrf": [str(csrf["value"])], "tick": ["in"]}
        refused = other.post(site.path, sent | {"claim_ids": site.claims})
        assert 403 == refused.status, refused.text
        assert ["placed"] == site.states()
        assert 403 == other.get(f"/office/needs/{site.task}/site-code").status
        treasurer = Visitor(web.client, office=web.treasurer)
        assert not treasurer.get(site.path).soup.select("#ticks")
        assert 403 == treasurer.get(f"/office/needs/{site.task}/site-code").status


def test_the_site_shows_the_code_that_signs_in(database: Database, clock: ManualClock) -> None:
    """The digits on the screen sign a member in; half a minute later there are others."""
    with opened(database, clock) as web:
        _, token = web.member()
        site = Site(web)
        claim = web.made(f"/tasks/{site.task}/claims", token, {})["claim_id"]
        screen = site.visitor.get(f"/office/needs/{site.task}/site-code")
        digits = "".join(one.text for one in screen.soup.select(".site-digits span"))
        assert 18 == len(digits)
        assert screen.soup.select(".site-qr svg")
        web.made(f"/claims/{claim}/sign-in", token, {"site_code": digits})
        clock.advance(seconds=31)
        part = web.client.get(
            f"/b/trust/office/needs/{site.task}/site-code",
            headers={"HX-Request": "true", "Cookie": f"cb-trust.office={web.organiser}"},
        )
        assert 'class="site-now"' in part.text
        assert "<html" not in part.text
        assert f"<span>{digits[3:6]}</span> <span>{digits[6:9]}</span>" not in part.text
        assert "<b>1</b> 人已签到" in part.text


def test_before_and_after_there_is_no_code(database: Database, clock: ManualClock) -> None:
    """A day before it is told when the code opens; afterwards that it is over."""
    with opened(database, clock) as web:
        starts = clock.now() + timedelta(days=1)
        window = {
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(hours=1)).isoformat(),
        }
        site = Site(web, **window)
        path = f"/office/needs/{site.task}/site-code"
        assert "现在还不能签到" in site.visitor.get(path).text
        clock.advance(days=3)
        assert "签到已经结束" in site.visitor.get(path).text


def test_markup_in_a_name_stays_words(database: Database, clock: ManualClock) -> None:
    """A name of markup is masked and inert, on the screen and on the sheet to print."""
    with opened(database, clock) as web:
        site = Site(web, EVIL, title=EVIL, place=EVIL)
        shown = site.roster()
        assert "alert(1)" not in "".join(one.text for one in shown.soup.find_all("script"))
        assert EVIL in shown.soup.get_text()
        assert "<*" in shown.soup.select(".sheet")[0].get_text()
