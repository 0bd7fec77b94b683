"""The lists and the rota, pairs, notes of thanks, donations: the office's pages about people."""

from datetime import timedelta

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.pages import Visitor
from tests.web import Web, opened

XSS = '"><script>alert(1)</script>'


def desk(web: Web, token: str) -> Visitor:
    """Somebody at a desk."""
    return Visitor(web.client, office=token)


def number(web: Web, member_id: str) -> str:
    """The number of a member."""
    return str(web.get(f"/members/{member_id}", web.organiser).json()["number"])


def test_an_entry_becomes_a_need(database: Database, clock: ManualClock) -> None:
    """Noted for a resident, taken on, made a need that can be claimed; titles stay text."""
    with opened(database, clock) as web:
        member, token = web.member("王阿姨")
        web.made("/categories", web.operator, {"code": "care", "name": "陪护"})
        clerk = desk(web, web.organiser)
        page = clerk.get("/office/lists")
        assert "清单还是空的" in page.text
        form = next(one for one in page.forms() if one.method == "post" and "title" in one.fields)
        made = form.send(title=f"买菜{XSS}", details=f"每周二{XSS}", number=number(web, member))
        assert 200 == made.status, made.text
        assert XSS not in made.html
        assert XSS in made.text
        assert "王阿姨" not in made.html
        taken = made.form("/accept").send()
        assert "已受理" in taken.text
        starts = clock.now() + timedelta(days=1, hours=8)
        made = taken.form("/task").send(
            title="",
            category="care",
            place="菜场",
            starts_at=starts.strftime("%Y-%m-%dT%H:%M"),
            ends_at=(starts + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        )
        [task] = web.get("/tasks", token).json()["items"]
        assert (f"买菜{XSS}", "open") == (task["title"], task["state"])
        assert "已转为任务" in clerk.get("/office/lists").text
        closed = clerk.get("/office/lists", kind="resource")
        assert "清单还是空的" in closed.text


def test_details_are_for_who_keeps_the_lists(database: Database, clock: ManualClock) -> None:
    """An auditor reads the list, not the details; another community's organiser gets neither."""
    with opened(database, clock) as web:
        body = {"kind": "need", "title": "修灯", "details": "三楼", "community_id": web.community()}
        entry = web.made("/lists", web.organiser, body)["entry_id"]
        assert "三楼" in desk(web, web.organiser).get(f"/office/lists/{entry}").text
        seen = desk(web, web.auditor).get(f"/office/lists/{entry}")
        assert (200, False) == (seen.status, "三楼" in seen.text)
        other = desk(web, web.token(Role.ORGANISER, community_id=web.community()))
        assert 403 == other.get(f"/office/lists/{entry}").status
        assert "修灯" not in other.get("/office/lists").text
        closed = desk(web, web.organiser).get(f"/office/lists/{entry}").form("/close")
        assert "已办结" in closed.send(reason="房东来修").text


def test_the_rota_is_written_and_changed(database: Database, clock: ManualClock) -> None:
    """Organisations take turns; a week goes to another; nothing is overwritten."""
    with opened(database, clock) as web:
        clerk = desk(web, web.organiser)
        page = clerk.get("/office/rota")
        for name in ("卫生院", f"小学{XSS}"):
            clock.advance(seconds=1)
            page = page.form("/organisations").send(name=name)
            assert 200 == page.status, page.text
        assert XSS not in page.html
        page = page.form("/weeks").send(weeks=4)
        assert "本周当值：卫生院" in page.text
        first = page.form("/assign")
        other = next(
            one
            for one in first.choices["organisation_id"]
            if one != first.fields["organisation_id"][0]
        )
        assert "本周当值：小学" in first.send(organisation_id=other).text
        week = first.fields["week_on"][0]
        again = page.form("/weeks").send(first_week=week, weeks=1, key="another-key-00001")
        assert 409 == again.status


def test_pairs_show_who_is_short(database: Database, clock: ManualClock) -> None:
    """A pair is made by two numbers, is short of its visits, and ends with a reason."""
    with opened(database, clock) as web:
        elder, _ = web.member("李奶奶")
        volunteer, token = web.member("王志愿")
        web.made("/categories", web.operator, {"code": "visit", "name": "探访"})
        clerk = desk(web, web.organiser)
        page = clerk.get("/office/pairs")
        form = next(one for one in page.forms() if "elder" in one.fields)
        made = form.send(
            elder=number(web, elder),
            visitor=number(web, volunteer),
            units=10,
            told=f"门铃坏了{XSS}",
        )
        assert 200 == made.status, made.text
        assert "双方会收到通知" in made.text
        assert XSS not in made.html
        assert "李奶奶" not in made.html
        listed = clerk.get("/office/pairs")
        said = web.get("/pairs/short", web.organiser).json()["items"]
        assert said == [] or f"0/{said[0]['wanted']}" in listed.text
        assert 403 == desk(web, token).get("/office/pairs").status
        unread = desk(web, web.reviewer).get(made.path)
        assert "门铃坏了" not in unread.text
        ended = made.form("/end").send(cause="moved", reason="搬到女儿家")
        assert "还没有结对" in ended.text
        assert "搬走" in clerk.get("/office/pairs/ended").text
        assert 404 == form.send(elder="M9999", visitor=number(web, volunteer), key="x" * 20).status


def test_thanks_are_read_before_they_are_shown(database: Database, clock: ManualClock) -> None:
    """The office lets a note through or gives it back; what it says stays text."""
    with opened(database, clock) as web:
        _, token = web.member()
        claim = web.served(token)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        body = {"text": f"谢谢{XSS}", "to": "person"}
        web.made(f"/claims/{claim}/thanks", web.organiser, body)
        reader = desk(web, web.reviewer)
        page = reader.get("/office/thanks")
        assert XSS not in page.html
        assert XSS in page.text
        writer = desk(web, web.organiser).get("/office/thanks").form("/release").send()
        assert 403 == writer.status
        done = page.form("/release").send()
        assert "没有等您看的感谢信" in done.text
        assert 1 == len(web.get("/thanks", web.organiser).json()["items"])


def test_the_register_needs_two_people(database: Database, clock: ManualClock) -> None:
    """Who proposes somebody in need doesn't confirm it; others don't see the register."""
    with opened(database, clock) as web:
        member, _ = web.member("赵大爷")
        first, second = web.treasurer, web.token(Role.TREASURER)
        page = desk(web, first).get("/office/exchange")
        made = page.form("/needy").send(number=number(web, member), reason=f"独居{XSS}")
        assert "请第二位工作人员确认" in made.text
        assert XSS not in made.html
        assert "赵大爷" not in made.html
        assert 403 == made.form("/confirm").send().status
        done = desk(web, second).get("/office/exchange").form("/confirm").send()
        assert "已确认" in done.text
        assert 403 == desk(web, web.organiser).get("/office/exchange").status
