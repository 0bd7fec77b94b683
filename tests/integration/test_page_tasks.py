"""Tasks on a volunteer's screen: found, claimed, given back."""

import re
from datetime import timedelta
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.tasks import filling
from tests.pages import Shown, Visitor
from tests.web import Web, opened

XSS = '<img src=x onerror="alert(1)">'


def phone(web: Web, token: str) -> Visitor:
    """A volunteer's phone."""
    return Visitor(web.client, resident=token)


def titles(shown: Shown) -> list[str]:
    """The titles of the tasks that a list shows."""
    return [one.get_text() for one in shown.soup.select("#needs .row-title")]


def fill(web: Web, task: str) -> None:
    """Give free places to who waits now; the app does the same behind its answers."""
    filler = Actor(f"job/{filling.KIND}", "job")
    web.database.write(web.bank.bank_id, filler, lambda unit: filling.settle(unit, task))


def claim_of(shown: Shown) -> str:
    """The claim whose page is shown."""
    found = re.search(r"clm_[0-9a-z]{26}", shown.path)
    assert found is not None, shown.path
    return found[0]


def test_a_task_is_claimed_once_by_a_form_that_is_sent_twice(
    database: Database, clock: ManualClock
) -> None:
    """Claiming leads to one's duty; the same form again leads there, too, and claims nothing."""
    with opened(database, clock) as web:
        task = web.publish(units=10, title="陪独居老人就医", capacity=2)
        member_id, token = web.member()
        visitor = phone(web, token)
        listed = visitor.get("/tasks")
        assert ["陪独居老人就医"] == titles(listed)
        assert "还差 2 人" in listed.text
        assert "+10 信义贝" in listed.text
        shown = visitor.get(f"/tasks/{task}")
        form = shown.form(f"/tasks/{task}/claims")
        done = form.send()
        assert 200 == done.status, done.text
        assert "报名成功" in done.text
        again = form.send()
        assert claim_of(done) == claim_of(again)
        assert 1 == len(web.get(f"/members/{member_id}/claims", token).json()["items"])
        assert "还差 1 人" in visitor.get("/tasks").text
        assert "陪独居老人就医" in visitor.get("/me/duties").text
        assert "已报名" in visitor.get(f"/tasks/{task}").text


def test_a_list_is_narrowed_by_kind_day_place_and_company(
    database: Database, clock: ManualClock
) -> None:
    """Each filter leaves what it says; what is left empty says what to do next."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = phone(web, token)
        now = clock.now()

        def at(days: int) -> dict[str, Any]:
            starts = now + timedelta(days=days, minutes=30)
            ends = starts + timedelta(hours=1)
            return {"starts_at": starts.isoformat(), "ends_at": ends.isoformat()}

        own = web.community()
        web.publish(title="今天的", **at(0))
        web.publish(title="明天的", community_id=own, **at(1))
        web.publish(title="下月的", audience={"open_to": ["family"]}, **at(30))
        every = visitor.get("/tasks")
        assert ["今天的", "明天的", "下月的"] == titles(every)
        form = every.form("/tasks")
        kind = form.choices["category"][1]
        assert 1 == len(titles(form.send(category=kind)))
        assert ["明天的"] == titles(form.send(community=own))
        assert ["今天的", "明天的", "下月的"] == titles(form.send(who="family"))
        assert ["今天的", "明天的"] == titles(form.send(who="team"))
        assert ["今天的"] == titles(visitor.get("/tasks", when="today"))
        assert ["明天的"] == titles(visitor.get("/tasks", when="tomorrow"))
        later = (now + timedelta(days=30, hours=8)).date().isoformat()
        assert ["下月的"] == titles(form.send(day=later))
        none = visitor.get("/tasks", day="2031-01-01")
        assert "没有符合条件的任务" in none.text
        assert "/b/trust/tasks" in none.links()
        assert 3 == len(titles(visitor.get("/tasks", day="not-a-day", when="never")))


def test_a_long_list_goes_on(database: Database, clock: ManualClock) -> None:
    """What does not fit is one link further, none twice."""
    with opened(database, clock) as web:
        _, token = web.member()
        web.made("/categories", web.operator, {"code": "walks", "name": "散步"})
        for n in range(22):
            web.publish(title=f"任务{n:02}", category="walks")
        visitor = phone(web, token)
        first = visitor.get("/tasks")
        link = next(one for one in first.links() if "after=" in one)
        second = visitor.get(link)
        both = titles(first) + titles(second)
        assert (22, 22) == (len(both), len(set(both)))


def test_anybody_reads_a_task_in_short(database: Database, clock: ManualClock) -> None:
    """Who is not signed in sees what and when, neither place nor contact, and a way back here."""
    with opened(database, clock) as web:
        task = web.publish(title=XSS, place="东门 3 号楼 201")
        stranger = Visitor(web.client)
        shown = stranger.get(f"/tasks/{task}")
        assert 200 == shown.status
        assert XSS in shown.text
        assert "<img" not in shown.html
        assert "3 号楼" not in shown.html
        back = f"/b/trust/sign-in?next=/b/trust/tasks/{task}"
        assert back in shown.links()
        draft = web.publish(draft=True)
        assert 404 == stranger.get(f"/tasks/{draft}").status
        sent = stranger.post(f"/tasks/{task}/claims", {"key": "a-key-of-sixteen-1"})
        assert 401 == sent.status
        member = phone(web, web.member()[1]).get(f"/tasks/{task}")
        assert "东门 3 号楼 201" in member.text
        assert "<img" not in member.html
        assert "【" in member.text


def test_who_finds_it_full_waits_and_is_offered_a_place(
    database: Database, clock: ManualClock
) -> None:
    """The second in the queue sees one before them; a place on offer is taken, or left."""
    with opened(database, clock) as web:
        starts = clock.now() + timedelta(hours=6)
        task = web.publish(
            capacity=1,
            starts_at=starts.isoformat(),
            ends_at=(starts + timedelta(hours=1)).isoformat(),
        )
        people = [phone(web, web.member(name)[1]) for name in ("甲一", "乙二", "丙三")]
        first = people[0].get(f"/tasks/{task}").form("/claims").send()
        stale = people[2].get(f"/tasks/{task}")
        second = people[1].get(f"/tasks/{task}").form("/claims").send()
        assert "已加入候补" in second.text
        assert "您排在第一位" in second.text
        third = stale.form("/claims").send()
        assert "前面还有 1 位" in third.text
        left = people[0].get(f"/me/duties/{claim_of(first)}").form("/withdraw").send()
        assert "已退出" in left.text
        fill(web, task)
        offered = people[1].get(f"/me/duties/{claim_of(second)}")
        assert "请在" in offered.text, offered.text
        declined = offered.form("/decline").send()
        assert "已让给下一位" in declined.text
        fill(web, task)
        taken = people[2].get(f"/me/duties/{claim_of(third)}").form("/accept").send()
        assert "报名成功" in taken.text


def test_a_refused_claim_says_why_and_leads_on(database: Database, clock: ManualClock) -> None:
    """Two tasks at the same time: the second is refused, and the other one is a link away."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = phone(web, token)
        first, second = web.publish(title="先报的"), web.publish(title="后报的")
        visitor.get(f"/tasks/{first}").form("/claims").send()
        refused = visitor.get(f"/tasks/{second}").form("/claims").send()
        assert 409 == refused.status
        assert "时间冲突" in refused.text
        assert f"/b/trust/tasks/{first}" in refused.links()


@pytest.mark.parametrize("late", [False, True])
def test_withdrawing_says_what_it_means(
    database: Database, clock: ManualClock, *, late: bool
) -> None:
    """Before the cut-off it is free; after it the page warns that it counts as not coming."""
    with opened(database, clock) as web:
        starts = clock.now() + timedelta(hours=5)
        task = web.publish(
            starts_at=starts.isoformat(), ends_at=(starts + timedelta(hours=1)).isoformat()
        )
        member_id, token = web.member()
        visitor = phone(web, token)
        claim = claim_of(visitor.get(f"/tasks/{task}").form("/claims").send())
        clock.advance(hours=4 if late else 2)
        shown = visitor.get(f"/me/duties/{claim}")
        assert late == ("记为缺席" in shown.text)
        assert "已退出" in shown.form("/withdraw").send().text
        kept = web.get(f"/members/{member_id}/claims", token).json()["items"][0]
        assert late == (kept["missed_at"] is not None)
        again = visitor.get(f"/tasks/{task}").form("/claims").send()
        assert claim == claim_of(again)
