"""补录 at the desk: one screen, who was there, and the second person for what is long over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.integration.test_page_office_roster import taken_in
from tests.pages import Shown, Visitor
from tests.web import Web, opened

ZONE = ZoneInfo("Asia/Shanghai")


def considered(web: Web, community: str, names: str, hours_ago: int, **more: Any) -> Shown:
    """The preview of an activity of an hour that ended so many hours ago."""
    visitor = Visitor(web.client, office=web.organiser)
    form = visitor.get("/office/afterwards").form("/office/afterwards")
    ended = web.clock.now().astimezone(ZONE).replace(minute=0) - timedelta(hours=hours_ago)
    began = ended - timedelta(hours=1)
    units = ["10" if one == "XYB" else "" for one in form.fields["reward_asset"]]
    values = {
        "title": "清雪",
        "category": "snow",
        "community_id": community,
        "place": "北门",
        "day": began.date().isoformat(),
        "starts": f"{began:%H:%M}",
        "ends": f"{ended:%H:%M}",
        "ends_day": ended.date().isoformat(),
        "names": names,
        "reward_units": units,
    }
    return form.send(**values | more)


def grounds(web: Web) -> tuple[str, list[str]]:
    """A community with three members, and a category."""
    web.made("/categories", web.operator, {"code": "snow", "name": "清雪"})
    community = web.community()
    return community, taken_in(web, community, "张三", "李四", "王五")


def test_what_is_just_over_is_noted_alone(database: Database, clock: ManualClock) -> None:
    """Names, numbers and commas in one list; noted once, and it waits for somebody's review."""
    with opened(database, clock) as web:
        community, people = grounds(web)
        number = web.get(f"/members/{people[2]}", web.organiser).json()["number"]
        preview = considered(web, community, f"张三，李四\n{number}", 5)
        assert 200 == preview.status, preview.text
        form = preview.form("/afterwards/note")
        assert sorted(people) == sorted(form.fields["who"])
        noted = form.send()
        assert "等待他人审核" in noted.text
        assert noted.path == form.send().path
        waiting = web.get("/reviews", web.reviewer).json()["items"]
        assert sorted(people) == sorted(one["member_id"] for one in waiting)


def test_what_is_long_over_wants_a_remark_and_a_second_person(
    database: Database, clock: ManualClock
) -> None:
    """After 72 hours: no remark, no note; with one, a colleague confirms it, not the writer."""
    with opened(database, clock) as web:
        community, _ = grounds(web)
        clock.advance(days=10)
        refused = considered(web, community, "张三", 80)
        assert "超过 72 小时" in refused.text
        preview = considered(web, community, "张三", 80, remark="当天停电")
        assert "另一位没参加的同事确认" in preview.text
        noted = preview.form("/afterwards/note").send()
        assert "需要第二人确认" in noted.text
        writer = Visitor(web.client, office=web.organiser).get("/office/afterwards")
        own = writer.form("/confirm").send()
        assert 403 == own.status
        other = Visitor(web.client, office=web.reviewer)
        listed = other.get("/office/afterwards")
        assert "当天停电" in listed.text
        assert not listed.soup.select("#f-names")
        assert "已确认" in listed.form("/confirm").send().text
        assert "没有等待确认" in other.get("/office/afterwards").text
        assert 1 == len(web.get("/reviews", web.reviewer).json()["items"])


def test_what_cannot_be_is_said_in_words(database: Database, clock: ManualClock) -> None:
    """Still to come, longer than a day, nobody named, somebody elsewhere at that time."""
    with opened(database, clock) as web:
        community, _ = grounds(web)
        assert "还没有结束" in considered(web, community, "张三", -5).text
        day = {"day": "2026-01-01", "ends_day": "2026-01-05"}
        assert considered(web, community, "张三", 5, **day).status in {400, 409, 422}
        empty = considered(web, community, "？？？", 5)
        assert "没有读出参加的人" in empty.text
        considered(web, community, "张三", 5).form("/afterwards/note").send()
        again = considered(web, community, "张三", 5).form("/afterwards/note").send()
        assert "时间冲突" in again.text


def test_another_communitys_office_sees_and_confirms_nothing(
    database: Database, clock: ManualClock
) -> None:
    """What waits elsewhere is neither listed nor confirmed."""
    with opened(database, clock) as web:
        community, _ = grounds(web)
        clock.advance(days=10)
        noted = considered(web, community, "张三", 90, remark="忘了").form("/afterwards/note")
        task = noted.send().path.rsplit("/", 1)[-1]
        head = web.token(Role.COMMUNITY_HEAD, community_id=web.community())
        other = Visitor(web.client, office=head)
        page = other.get("/office/afterwards")
        assert "清雪" not in page.text
        assert 404 == other.get(f"/office/needs/{task}").status
        own = Visitor(web.client, office=web.reviewer).get("/office/afterwards").form("/confirm")
        csrf = other.get("/office").soup.find("input", attrs={"name": "csrf"})
        assert csrf is not None
        sent = {"key": own.fields["key"], "csrf": [str(csrf["value"])]}
        assert 403 == other.post(f"/office/afterwards/{task}/confirm", sent).status
