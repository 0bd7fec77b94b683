"""Needs at the desk: posted by form, repeated, copied, changed, cancelled; never another's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.tasks.details import details
from tests.pages import Form, Shown, Visitor
from tests.web import Web, opened

ZONE = ZoneInfo("Asia/Shanghai")
EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"{{7*7}}'


def desk(web: Web, token: str | None = None) -> Visitor:
    """An organiser's browser."""
    return Visitor(web.client, office=token or web.organiser)


def grounds(web: Web) -> str:
    """A bank with a category and a community; returns the community."""
    web.made("/categories", web.operator, {"code": "patrol", "name": "平安巡逻"})
    return web.community()


def filled(web: Web, community: str, **changes: Any) -> dict[str, Any]:
    """What an organiser types for a need in two days, from nine to eleven."""
    day = (web.clock.now().astimezone(ZONE) + timedelta(days=2)).date()
    return {
        "title": "打扫楼道",
        "category": "patrol",
        "community_id": community,
        "place": "二号楼",
        "day": day.isoformat(),
        "starts": "09:00",
        "ends": "11:00",
        "capacity": "5",
        "reward_units": ["10", ""],
        "open_to": ["person", "family", "team"],
    } | changes


def previewed(web: Web, visitor: Visitor, community: str, **changes: Any) -> Shown:
    """The preview of a need that was filled in."""
    form = visitor.get("/office/needs/new").form("/office/needs/new")
    assert {"XYB", "VOL"} == set(form.fields["reward_asset"])
    values = filled(web, community, **changes)
    if form.fields["reward_asset"][0] == "VOL":
        values["reward_units"] = list(reversed(values["reward_units"]))
    return form.send(**values)


def posted(web: Web, visitor: Visitor, community: str, **changes: Any) -> Shown:
    """The page of a need that was filled in, looked at and published."""
    return previewed(web, visitor, community, **changes).form("/office/needs").send(then="publish")


def of(shown: Shown) -> str:
    """The id of the need whose page is shown."""
    return shown.path.rsplit("/", 1)[-1]


def test_a_need_is_posted_by_form(database: Database, clock: ManualClock) -> None:
    """Filled in, looked at, published: it is in the list of tasks as it was typed, once."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        preview = previewed(
            web, visitor, community, description="带手套\n和水", contact="李姐 13800001234"
        )
        assert 200 == preview.status, preview.text
        for said in ("打扫楼道", "09:00–11:00", "每人 10 信义贝", "李姐 13800001234", "带手套"):
            assert said in preview.text, said
        assert [] == web.get("/tasks", web.organiser).json()["items"]
        form = preview.form("/office/needs")
        shown = form.send(then="publish")
        assert 200 == shown.status, shown.text
        assert "已发布" in shown.text
        again = form.send(then="publish")
        assert shown.path == again.path
        items = web.get("/tasks", web.organiser).json()["items"]
        assert [("打扫楼道", 5, "open", community)] == [
            (one["title"], one["capacity"], one["state"], one["community_id"]) for one in items
        ]
        assert [{"asset": "XYB", "units": 10, "per": "person"}] == items[0]["rewards"]
        assert items[0]["starts_at"].endswith(("01:00:00Z", "01:00:00+00:00"))
        assert "李姐 13800001234" in shown.text
        assert "打扫楼道" in visitor.get("/office/needs").text


def test_words_of_a_need_are_sealed(database: Database, clock: ManualClock) -> None:
    """Neither the contact nor the description stands in the database as it was typed."""
    with opened(database, clock) as web:
        community = grounds(web)
        posted(web, desk(web), community, description="腿脚不便的老人", contact="李姐 13800001234")
        asked = select(details).where(details.c.bank_id == web.bank.bank_id)
        kept = database.read(web.bank.bank_id, lambda view: [str(one) for one in view.rows(asked)])
        assert 1 == len(kept)
        assert "13800001234" not in kept[0]
        assert "老人" not in kept[0]


def test_a_draft_is_seen_by_its_organisers_only(database: Database, clock: ManualClock) -> None:
    """A draft is published later; another community's organiser finds nothing."""
    with opened(database, clock) as web:
        community = grounds(web)
        other = desk(web, web.token(Role.ORGANISER, community_id=web.community()))
        visitor = desk(web)
        draft = previewed(web, visitor, community).form("/office/needs").send(then="draft")
        assert "草稿" in draft.text
        task = of(draft)
        assert 404 == other.get(f"/office/needs/{task}").status
        assert 404 == other.get(f"/office/needs/{task}/edit").status
        assert "打扫楼道" not in other.get("/office/needs", which="draft").text
        assert "打扫楼道" in visitor.get("/office/needs", which="draft").text
        shown = draft.form("/open").send()
        assert "招募中" in shown.text
        assert 200 == other.get(f"/office/needs/{task}").status


def test_another_communitys_organiser_changes_nothing(
    database: Database, clock: ManualClock
) -> None:
    """Neither posting there, nor changing, cancelling or closing: 403 and 404 as by program."""
    with opened(database, clock) as web:
        community, elsewhere = grounds(web), web.community()
        task = of(posted(web, desk(web), community))
        other = desk(web, web.token(Role.ORGANISER, community_id=elsewhere))
        form = other.get("/office/needs/new").form("/office/needs/new")
        assert [elsewhere] == form.choices["community_id"]
        refused = _send_create(other, filled(web, community))
        assert 403 == refused.status, refused.text
        page = desk(web).get(f"/office/needs/{task}")
        for end, said in (("/cancel", {"reason": "雨"}), ("/close", {})):
            forms = [one for one in page.forms() if one.action.endswith(f"{task}{end}")]
            fields = forms[0].fields if forms else page.form("/cancel").fields
            csrf = other.get("/office/needs/new").form("/office/needs/new").fields["csrf"]
            sent = {"key": fields["key"], "csrf": csrf, **{k: [v] for k, v in said.items()}}
            answer = other.post(f"/office/needs/{task}{end}", sent)
            assert 403 == answer.status, (end, answer.text)
        assert "open" == web.get(f"/tasks/{task}", web.organiser).json()["state"]


def _send_create(visitor: Visitor, values: dict[str, Any]) -> Shown:
    form = visitor.get("/office/needs/new").form("/office/needs/new")
    whole = Form(visitor, "post", "/b/trust/office/needs", form.fields, {})
    return whole.send(**values, then="publish")


def test_a_reviewer_looks_and_posts_nothing(database: Database, clock: ManualClock) -> None:
    """Who may not keep tasks sees the list and no button, and is refused the form."""
    with opened(database, clock) as web:
        community = grounds(web)
        task = of(posted(web, desk(web), community))
        reviewer = desk(web, web.reviewer)
        shown = reviewer.get("/office/needs")
        assert "打扫楼道" in shown.text
        assert not any(one.endswith("/office/needs/new") for one in shown.links())
        assert 403 == reviewer.get("/office/needs/new").status
        assert "取消这项需求" not in reviewer.get(f"/office/needs/{task}").text
        assert "现场码" in reviewer.get(f"/office/needs/{task}").text


def test_the_days_that_are_shown_are_those_that_are_published(
    database: Database, clock: ManualClock
) -> None:
    """A series has the very days that its preview listed, and they are the engine's."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        day = filled(web, community)["day"]
        preview = previewed(
            web, visitor, community, often="weekly", weekdays=["TU", "FR"], times="6"
        )
        rule = "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=6"
        asked = {"first_on": day, "starts": "09:00", "lasts_minutes": 120, "rule": rule}
        engine = web.get("/series/preview", web.organiser, **asked).json()
        days = preview.soup.select("ol.days li")
        assert 6 == len(engine) == len(days)
        shown = preview.form("/office/needs").send(then="publish")
        assert 200 == shown.status, shown.text
        made = web.get("/tasks", web.organiser).json()["items"]
        assert [one["starts_at"] for one in engine] == [one["starts_at"] for one in made]
        assert "共 6 次" in shown.text
        changed = shown.form("/series").send(title="打扫院子", capacity="7")
        assert "已修改" in changed.text
        made = web.get("/tasks", web.organiser).json()["items"]
        assert {("打扫院子", 7)} == {(one["title"], one["capacity"]) for one in made}
        gone = visitor.get(f"/office/needs/{made[3]['task_id']}").form("/series/cancel")
        gone.send(reason="台风")
        left = web.get("/tasks", web.organiser).json()["items"]
        assert made[:3] == left


def test_every_choice_of_repeating_is_understood(database: Database, clock: ManualClock) -> None:
    """Daily, every other week, and monthly by day and by weekday give as many days as asked."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        for often in ("daily", "fortnightly", "month-day", "month-week"):
            preview = previewed(web, visitor, community, often=often, times="3")
            assert 200 == preview.status, (often, preview.text)
            assert 3 == len(preview.soup.select("ol.days li")), often
        endless = previewed(web, visitor, community, often="daily", times="200", until="2199-01-01")
        assert endless.status in {400, 409, 422}
        assert "打扫楼道" not in visitor.get("/office/needs").text


def test_a_copy_is_the_same_a_week_later(database: Database, clock: ManualClock) -> None:
    """The form of a copy is filled in as its model was, words and all, on a later day."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        model = of(posted(web, visitor, community, contact="李姐", neighbours_only="true"))
        form = visitor.get("/office/needs/new", of=model).form("/office/needs/new")
        assert ["打扫楼道"] == form.fields["title"]
        assert (["09:00"], ["11:00"]) == (form.fields["starts"], form.fields["ends"])
        shown = form.send().form("/office/needs").send(then="publish")
        first, second = web.get("/tasks", web.organiser).json()["items"]
        same = ("title", "place", "capacity", "rewards", "audience", "community_id")
        assert [first[one] for one in same] == [second[one] for one in same]
        assert first["starts_at"] < second["starts_at"]
        assert "李姐" in shown.text
        assert first["task_id"] == model


def test_going_back_from_the_preview_loses_nothing(database: Database, clock: ManualClock) -> None:
    """The form comes back as it was filled in."""
    with opened(database, clock) as web:
        community = grounds(web)
        preview = previewed(web, desk(web), community, description="带水", often="daily", times="3")
        again = preview.form("/office/needs/new").send(then="change").form("/office/needs/new")
        for name, value in (("title", "打扫楼道"), ("starts", "09:00"), ("times", "3")):
            assert [value] == again.fields[name]
        assert ["带水"] == again.fields["description"]
        assert ["daily"] == again.fields["often"]
        assert "10" in again.fields["reward_units"]


def test_a_need_is_changed_and_cancelled(database: Database, clock: ManualClock) -> None:
    """A change is kept once; who changes what is no more as they saw it is told so."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        task = of(posted(web, visitor, community))
        first = visitor.get(f"/office/needs/{task}/edit").form("/edit")
        second = visitor.get(f"/office/needs/{task}/edit").form("/edit")
        shown = first.send(title="打扫院子", capacity="8", contact="王叔 13900000000")
        assert "打扫院子" in shown.text
        assert "王叔" in shown.text
        assert (
            shown.path
            == first.send(title="打扫院子", capacity="8", contact="王叔 13900000000").path
        )
        late = second.send(title="别的")
        assert late.status in {409, 412}
        _, token = web.member()
        web.made(f"/tasks/{task}/claims", token, {})
        claimed = visitor.get(f"/office/needs/{task}/edit")
        assert "积分不能再改" in claimed.text
        assert "reward_units" not in claimed.form("/edit").fields
        assert "已保存" in claimed.form("/edit").send(place="三号楼").text
        gone = visitor.get(f"/office/needs/{task}").form("/cancel").send(reason="下雨")
        assert "取消原因：下雨" in gone.text
        assert "cancelled" == web.get(f"/tasks/{task}", web.organiser).json()["state"]
        assert "打扫院子" in visitor.get("/office/needs", which="cancelled").text


def test_what_is_wrong_is_said_in_words(database: Database, clock: ManualClock) -> None:
    """Ends before it starts, a past day, no points, an unknown number: each by name."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        for changes, said in (
            ({"ends": "08:00"}, "须晚于开始"),
            ({"day": "2020-01-01"}, "已经过去"),
            ({"reward_units": ["", ""]}, "至少填写一种"),
            ({"beneficiary": "M9999"}, "没有这个编号"),
            ({"capacity": "很多"}, "人数"),
            ({"title": ""}, "标题"),
        ):
            refused = previewed(web, visitor, community, **changes)
            assert refused.status in {400, 409, 422}, changes
            assert said in refused.text, (changes, refused.text)


def test_markup_in_words_stays_words(database: Database, clock: ManualClock) -> None:
    """What was typed as markup is shown as it was typed, on every page of the need."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        preview = previewed(
            web,
            visitor,
            community,
            title=EVIL[:80],
            place=EVIL[:80],
            description=EVIL,
            contact=EVIL,
        )
        shown = preview.form("/office/needs").send(then="publish")
        task = of(shown)
        pages = [preview, shown] + [
            visitor.get(path)
            for path in (
                "/office",
                "/office/needs",
                "/office/needs/calendar",
                f"/office/needs/{task}/edit",
                f"/office/needs/{task}/roster",
                f"/office/needs/new?of={task}",
                "/office/chain",
            )
        ]
        for page in pages:
            assert 200 == page.status, page.path
            assert "alert(" not in "".join(one.text for one in page.soup.find_all("script"))
            assert not page.soup.find_all("img", src="x"), page.path
        assert EVIL[:80] in shown.soup.select("h1")[0].get_text()


def test_needs_are_found_by_what_is_asked(database: Database, clock: ManualClock) -> None:
    """Words, category, community and day narrow the list; what finds nothing says what to do."""
    with opened(database, clock) as web:
        community = grounds(web)
        visitor = desk(web)
        posted(web, visitor, community)
        posted(web, visitor, community, title="送餐", day=_day(web, 5))
        names = {"打扫楼道", "送餐"}

        def found(**asked: str) -> set[str]:
            text = visitor.get("/office/needs", **asked).text
            return {one for one in names if one in text}

        assert names == found()
        assert {"送餐"} == found(words="送")
        assert {"送餐"} == found(day=_day(web, 5))
        assert names == found(community=community, category="patrol")
        assert set() == found(words="%")
        assert set() == found(community=web.community())
        assert "没有符合的需求" in visitor.get("/office/needs", words="没有").text
        month = visitor.get("/office/needs/calendar", month=_day(web, 5)[:7]).text
        assert "送餐" in month
        assert 200 == visitor.get("/office/needs/calendar", month="nonsense").status


def _day(web: Web, days: int) -> str:
    return (web.clock.now().astimezone(ZONE) + timedelta(days=days)).date().isoformat()
