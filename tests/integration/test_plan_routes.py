"""Series, pairs, lists, rota and texts for the group, as the API shows them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.office import refused
from tests.web import Web, opened

REWARDS = [{"asset": "XYB", "units": 5, "per": "person"}]


class Plans(Web):
    """A bank with one community, a category, and people in it."""

    def settle(self) -> None:
        """Found the community and the category."""
        self.home = self.community()
        self.made("/categories", self.operator, {"code": "visit", "name": "探访"})

    def neighbour(self, name: str = "张三") -> tuple[str, str]:
        """Take a member of the community in; returns the id and a token."""
        body = {"name": name, "community_id": self.home}
        member_id = str(self.made("/members", self.organiser, body)["member_id"])
        return member_id, self.token(Role.MEMBER, member_id=member_id)

    def words(self) -> dict[str, object]:
        """What a task of the community says."""
        return {
            "title": "夜间巡逻",
            "category": "visit",
            "community_id": self.home,
            "place": "东门",
            "capacity": 3,
            "rewards": REWARDS,
        }


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Plans]:
    """The API of a bank on both databases."""
    with opened(database, clock) as api:
        api.__class__ = Plans
        assert isinstance(api, Plans)
        api.settle()
        yield api


SERIES = {
    "weekdays": ["TU", "FR"],
    "until": "2026-06-30",
    "first_on": "2026-03-01",
    "starts": "19:00",
    "lasts_minutes": 60,
}


def test_a_series_is_previewed_published_and_cancelled(web: Plans) -> None:
    """What the preview shows is what is published; a rule without end is refused by name."""
    shown = web.get("/series/preview", web.organiser, **SERIES).json()
    made = web.made("/series", web.organiser, SERIES | web.words() | {"left_out": ["2026-05-01"]})
    assert (35, 34) == (len(shown), len(made["task_ids"]))
    path = f"/series/{made['series_id']}"
    found = web.get(path, web.organiser).json()
    assert ("19:00", ["2026-05-01"]) == (found["starts"], found["left_out"])
    assert shown[0]["starts_at"] == found["tasks"][0]["starts_at"]
    said = {"from_task_id": made["task_ids"][1]}
    changed = web.made(f"{path}/change", web.organiser, said | {"starts": "18:30"})
    ended = web.made(f"{path}/cancel", web.organiser, said | {"reason": "停办"})
    assert (33, 33) == (changed["altered"], ended["altered"])
    endless = SERIES | {"weekdays": [], "until": None, "rule": "FREQ=DAILY"}
    refused(web.post("/series", web.organiser, endless | web.words()), 422, "endless-repeat")
    without = {name: value for name, value in SERIES.items() if name != "until"}
    refused(web.get("/series/preview", web.organiser, **without), 422, "endless-repeat")
    both = SERIES | {"rule": "FREQ=DAILY;COUNT=2"}
    refused(web.post("/series", web.organiser, both | web.words()), 422, "bad-field")


def test_drafts_of_a_series_are_not_shown_to_members(web: Plans) -> None:
    """Until they are opened, a series of drafts does not exist for residents."""
    made = web.made("/series", web.organiser, SERIES | web.words() | {"draft": True})
    _, token = web.neighbour()
    path = f"/series/{made['series_id']}"
    refused(web.get(path, token), 404, "series-not-found")
    assert 35 == web.made(f"{path}/open", web.organiser)["altered"]
    assert 35 == len(web.get(path, token).json()["tasks"])


def test_a_task_and_a_week_are_copied(web: Plans) -> None:
    """To other days, and the plan of one week to the next."""
    made = web.made("/series", web.organiser, SERIES | web.words())
    copied = web.made(
        f"/tasks/{made['task_ids'][0]}/copies", web.organiser, {"days": ["2026-03-05"]}
    )
    week = {"community_id": web.home, "week_on": "2026-03-02", "to_week_on": "2026-07-06"}
    plan = web.made("/plans/copies", web.organiser, week)
    assert (1, 3) == (len(copied["task_ids"]), len(plan["task_ids"]))


def test_the_text_for_the_group(web: Plans) -> None:
    """Title, time with weekday, place, free places, who may come, deadline, rewards, and how."""
    starts = web.clock.now() + timedelta(days=2)
    body = web.words() | {
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
        "audience": {"open_to": ["person", "family"], "age_from": 14, "neighbours_only": True},
        "terms": {"claims_until": (starts - timedelta(hours=12)).isoformat()},
    }
    task_id = web.made("/tasks", web.organiser, body)["task_id"]
    member_id, token = web.neighbour("欧阳金丝雀")
    web.post(f"/tasks/{task_id}/claims", token, {})
    answer = web.get(f"/tasks/{task_id}/text", token)
    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    name = web.get("/communities", web.operator).json()[0]["name"]
    expected = f"""\
【夜间巡逻】
时间：3月3日（周二）09:00至11:00
地点：{name} 东门
名额：共 3 人，还有 3 人
对象：个人、家庭；满 14 周岁；仅限本社区
可得：每人 5 信义贝
报名截止：3月2日（周一）21:00
报名：在手机上打开互助社页面认领，或联系社区工作人员。"""
    assert expected == answer.text
    web.client.app.state.settings.domain = "bank.example.org"  # type: ignore[attr-defined]
    plan = web.get("/plans/text", token, community_id=web.home, day="2026-03-02", days=7).text
    assert plan.startswith(f"{name} 3月2日至3月8日活动安排\n\n1. 【夜间巡逻】\n")
    assert plan.endswith(f"报名：https://bank.example.org/b/trust/tasks/{task_id}")
    assert "欧阳" not in plan
    assert member_id not in plan
    nothing = web.get("/plans/text", token, day="2026-03-01").text
    assert "信任互助社 3月1日活动安排\n暂无活动。" == nothing
    refused(web.get("/plans/text", token, day="1999-12-31", days=7), 422, "bad-field")
    web.made(f"/tasks/{task_id}/cancel", web.organiser, {"reason": "下雨"})
    assert "【夜间巡逻】（已取消）" == web.get(f"/tasks/{task_id}/text", token).text.split("\n")[0]


def test_a_pair_is_made_visits_and_ends(web: Plans) -> None:
    """The visitor reads what the office allows; others see neither that nor the pair."""
    (elder, elder_token), (volunteer, token), (_, stranger) = (web.neighbour() for _ in range(3))
    said = {"elder_id": elder, "category": "visit", "rewards": REWARDS, "told": "二号楼三单元"}
    pair_id = web.made("/pairs", web.organiser, said | {"volunteer_id": volunteer})["pair_id"]
    path = f"/pairs/{pair_id}"
    refused(web.get(path, stranger), 404, "pair-not-found")
    refused(web.post(f"{path}/visits", stranger, {}), 404, "pair-not-found")
    told = {one: web.get(path, one).json()["told"] for one in (token, web.reviewer)}
    assert {token: "二号楼三单元", web.reviewer: None} == told
    assert "张*" == web.get(path, token).json()["elder_name"]
    visit = web.made(f"{path}/visits", token, {})
    refused(web.get(f"/tasks/{visit['task_id']}/text", token), 404, "task-not-found")
    assert [] == web.get("/tasks", stranger).json()["items"]
    claim = f"/claims/{visit['claim_ids'][0]}"
    web.made(f"{claim}/sign-in", token)
    web.clock.advance(minutes=30)
    web.made(f"{claim}/sign-out", token)
    [short] = web.get("/pairs/short", web.reviewer).json()["items"]
    assert (2, 1, 1, 31) == tuple(short[one] for one in ("wanted", "done", "missing", "days_left"))
    assert [] == web.get("/pairs/short", web.reviewer, month="2026-02").json()["items"]
    listed = web.get(f"/members/{elder}/pairs", elder_token).json()
    assert [pair_id] == [one["pair_id"] for one in listed]
    ended = web.made(f"{path}/end", web.organiser, {"cause": "wish", "reason": "老人要求"})
    assert "ended" == ended["state"]
    whole = web.get(path, web.organiser).json()
    assert ("老人要求", None) == (whole["reason"], whole["told"])
    assert 1 == len(web.get("/pairs", web.organiser, state="ended").json()["items"])


def test_an_entry_is_raised_triaged_and_shown(web: Plans) -> None:
    """The raiser reads details and reason, another resident nothing, a reviewer no details."""
    (member_id, token), (_, stranger) = web.neighbour(), web.neighbour()
    said = {"kind": "need", "title": "楼道灯坏了", "details": "三单元"}
    entry_id = web.made("/lists", token, said)["entry_id"]
    path = f"/lists/{entry_id}"
    refused(web.get(path, stranger), 404, "entry-not-found")
    details = [web.get(path, one).json()["details"] for one in (token, web.organiser, web.reviewer)]
    assert ["三单元", "三单元", None] == details
    web.clock.advance(days=8)
    [listed] = web.get("/lists", web.reviewer, kind="need", community_id=web.home).json()["items"]
    assert (True, "open") == (listed["overdue"], listed["state"])
    web.made(f"{path}/accept", web.organiser)
    starts = web.clock.now() + timedelta(days=1)
    task = {name: value for name, value in web.words().items() if name != "community_id"}
    task |= {
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=1)).isoformat(),
    }
    made = web.made(f"{path}/task", web.organiser, task)
    assert entry_id == web.get(f"/tasks/{made['task_id']}", token).json()["entry_id"]
    refused(web.post(f"{path}/close", web.organiser, {"reason": "重复"}), 409, "state-conflict")
    other = web.made("/lists", web.organiser, said | {"kind": "project", "member_id": member_id})
    web.made(f"/lists/{other['entry_id']}/close", web.organiser, {"reason": "经费不足"})
    mine = web.get(f"/members/{member_id}/lists", token).json()["items"]
    assert ["closed", "tasked"] == sorted(one["state"] for one in mine)
    assert "经费不足" == web.get(f"/lists/{other['entry_id']}", token).json()["reason"]


def test_the_rota_is_written_and_read(web: Plans) -> None:
    """Partners take turns; everybody sees who is on duty today."""
    ring = []
    for name in ("医院", "图书馆", "派出所"):
        web.clock.advance(seconds=1)
        made = web.made("/organisations", web.organiser, {"name": name})
        ring.append(made["organisation_id"])
    _, token = web.neighbour()
    refused(web.post("/organisations", token, {"name": "某店"}), 403, "role-denied")
    web.made("/rota", web.organiser, {"first_week": "2026-02-23", "weeks": 4})
    assert ring[0] == web.get("/rota/today", token).json()["organisation_id"]
    assert None is web.get("/rota/today", token, day="2026-07-01").json()["organisation_id"]
    web.made("/rota/swap", web.organiser, {"week_on": "2026-02-23", "other_week_on": "2026-03-02"})
    listed = web.get("/rota", token, first_week="2026-02-23", weeks=5).json()
    found = [one["organisation_id"] for one in listed]
    assert [ring[1], ring[0], ring[2], ring[0], None] == found
    beyond = {"week_on": "2026-06-01", "organisation_id": ring[0]}
    refused(web.post("/rota/assign", web.organiser, beyond), 404, "week-free")
    path = f"/organisations/{ring[2]}"
    refused(web.post(f"{path}/retire", web.organiser), 409, "organisation-on-duty")
    web.made("/rota/assign", web.organiser, {"week_on": "2026-03-09", "organisation_id": ring[0]})
    assert "retired" == web.made(f"{path}/retire", web.organiser)["state"]
    assert "active" == web.made(f"{path}/return", web.organiser)["state"]
    assert ["医院", "图书馆", "派出所"] == [
        o["name"] for o in web.get("/organisations", token).json()
    ]
