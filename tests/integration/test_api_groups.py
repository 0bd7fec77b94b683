"""Families, teams and thanks over the API: from the office to the elder's words on the wall."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api import scheduler
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.leaving import forgetting
from tests.web import Web, opened

WORDS = "谢谢你们冒雨来看我"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def slug_of(answer: Any) -> str:
    """What went wrong."""
    return str(answer.json()["type"].rsplit("/", 1)[-1])


def neighbour(web: Web, community: str, name: str, born_on: str = "1980-05-01") -> tuple[str, str]:
    """Take somebody in; returns the id and a token."""
    body = {"name": name, "community_id": community, "born_on": born_on}
    member_id = str(web.made("/members", web.organiser, body)["member_id"])
    return member_id, web.token(Role.MEMBER, member_id=member_id)


def parts_of(web: Web, member_id: str, token: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of an export by table."""
    parts = web.get(f"/members/{member_id}/export", token).json()["parts"]
    return {one["table"]: one["rows"] for one in parts}


def test_a_family_at_the_office_and_at_home(web: Web) -> None:
    """The office founds it, its people see each other masked, one leaves; history answers."""
    community = web.community()
    (ann, ann_token), (ben, ben_token) = (neighbour(web, community, n) for n in ("王芳", "李强"))
    home = web.made("/households", web.organiser, {"head_id": ann})["household_id"]
    body = {"member_id": ben, "standing": "adult"}
    web.made(f"/households/{home}/members", web.organiser, body)
    again = web.post(f"/households/{home}/members", web.organiser, body)
    assert (409, "in-household") == (again.status_code, slug_of(again))
    seen = web.get(f"/members/{ben}/household", ben_token).json()
    assert [("王*", "head"), ("李*", "adult")] == [
        (one["name"], one["standing"]) for one in seen["people"]
    ]
    assert 404 == web.get(f"/members/{ann}/household", ben_token).status_code
    assert 403 == web.get(f"/households/{home}", ann_token).status_code
    left = web.made(f"/members/{ben}/household/leave", ben_token, {"household_id": home})
    assert left["left_at"] is not None
    assert 404 == web.get(f"/members/{ben}/household", ben_token).status_code
    day = web.clock.now().date().isoformat()
    was = web.get(f"/households/{home}/history", web.organiser, day=day).json()["items"]
    assert {ann, ben} == {one["member_id"] for one in was}
    page = web.get("/households", web.organiser, limit=1).json()
    assert ([home], None) == ([one["household_id"] for one in page["items"]], page["next"])
    assert {"household_member", "member"} <= parts_of(web, ben, ben_token).keys()


def test_a_team_its_leader_and_who_agrees(web: Web) -> None:
    """A leader invites by number, the member agrees; only its people see who they are."""
    community = web.community()
    (lea, lea_token), (ben, ben_token) = (neighbour(web, community, n) for n in ("王芳", "李强"))
    body = {"name": "先锋队", "community_id": community, "leader_id": lea}
    team = web.made("/teams", web.organiser, body)["team_id"]
    number = web.get(f"/members/{ben}", ben_token).json()["number"]
    web.made(f"/teams/{team}/invitations", lea_token, {"number": number})
    own = web.get(f"/members/{ben}/teams", ben_token).json()
    assert ([], [team]) == (own["items"], [one["team_id"] for one in own["wishes"]])
    assert 403 == web.get(f"/teams/{team}", ben_token).status_code
    assert web.made(f"/teams/{team}/wishes", ben_token)["place_id"] is not None
    seen = web.get(f"/teams/{team}", ben_token).json()
    assert [("王*", "leader"), ("李*", "member")] == [
        (one["name"], one["role"]) for one in seen["people"]
    ]
    assert [2] == [one["members"] for one in web.get("/teams", ben_token).json()["items"]]
    web.made(f"/teams/{team}/members/{ben}/role", web.organiser, {"role": "leader"})
    web.made(f"/teams/{team}/members/{lea}/leave", lea_token)
    ended = web.made(f"/teams/{team}/dissolve", web.organiser)
    assert (0, True) == (ended["members"], ended["dissolved_at"] is not None)
    assert {"team_member", "team_wish"} <= parts_of(web, ben, ben_token).keys()


def test_a_leader_cannot_try_all_numbers(web: Web) -> None:
    """Each invitation shows a masked name; after twenty in a minute the answer is 429."""
    community = web.community()
    (lea, token) = neighbour(web, community, "王芳")
    body = {"name": "先锋队", "community_id": community, "leader_id": lea}
    team = web.made("/teams", web.organiser, body)["team_id"]
    tried = [
        web.post(f"/teams/{team}/invitations", token, {"number": f"M{n:04}"}).status_code
        for n in range(5_000, 5_021)
    ]
    assert [404] * 20 + [429] == tried


def test_what_was_noted_down_late_is_no_members_business_yet(web: Web) -> None:
    """A draft and its remark are the office's until a second person has confirmed it."""
    (ann, token) = web.member()
    web.made("/categories", web.operator, {"code": "sweeping", "name": "清扫"})
    ends_at = web.clock.now() - timedelta(hours=80)
    late: dict[str, Any] = {
        "title": "清扫",
        "category": "sweeping",
        "community_id": web.community(),
    }
    late |= {"starts_at": (ends_at - timedelta(hours=1)).isoformat(), "place": "广场"}
    late |= {"ends_at": ends_at.isoformat(), "member_ids": [ann], "remark": "当天停电"}
    late |= {"rewards": [{"asset": "XYB", "units": 1, "per": "person"}]}
    task = web.made("/afterwards", web.organiser, late)["task_id"]
    assert 404 == web.get(f"/afterwards/{task}", token).status_code
    away = web.token(Role.ORGANISER, community_id=web.community())
    assert 404 == web.get(f"/afterwards/{task}", away).status_code
    assert web.get(f"/afterwards/{task}", web.reviewer).json()["waits"]
    web.made(f"/afterwards/{task}/confirm", web.reviewer)
    assert "当天停电" == web.get(f"/afterwards/{task}", token).json()["remark"]


def test_relatives_and_skills_are_the_offices(web: Web) -> None:
    """Registered and seen from both sides, given and given up; and all of it in the export."""
    community = web.community()
    mother, _ = neighbour(web, community, "王芳")
    child, token = neighbour(web, community, "李强", "2016-05-01")
    body = {"member_id": child, "relative_id": mother, "relation": "parent"}
    assert 403 == web.post("/relatives", token, body).status_code
    made = web.made("/relatives", web.organiser, body)
    for who, relation, name in ((child, "parent", "王*"), (mother, "child", "李*")):
        [one] = web.get(f"/members/{who}/relatives", web.organiser).json()["items"]
        assert (relation, name) == (one["relation"], one["relative_name"])
    web.made("/skills", web.operator, {"code": "first-aid", "name": "急救"})
    web.made(f"/members/{child}/skills", web.organiser, {"skill": "first-aid"})
    [noted] = web.made(f"/members/{child}/skills/first-aid/end", token)["items"]
    assert noted["ended_at"] is not None
    assert "relative" in parts_of(web, child, token)
    assert "member_skill" in parts_of(web, child, token)
    assert web.made(f"/relatives/{made['relation_id']}/end", web.organiser)["ended_at"]


def served_for(web: Web, elder: str, token: str) -> str:
    """Let a member serve a task for an elder; returns the approved claim."""
    task = web.publish(beneficiary_id=elder)
    claim = str(web.made(f"/tasks/{task}/claims", token, {})["claim_id"])
    for verb, minutes in (("sign-in", 30), ("sign-out", 60)):
        web.clock.advance(minutes=minutes)
        web.made(f"/claims/{claim}/{verb}", token)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    return claim


def test_an_elders_thanks_are_read_shown_and_forgotten(web: Web) -> None:
    """Written by the elder, shown after the office has read it, gone with the elder's data."""
    community = web.community()
    elder, elder_token = neighbour(web, community, "赵奶奶", "1940-05-01")
    helper, token = neighbour(web, community, "李强")
    claim = served_for(web, elder, token)
    refused = web.post(f"/claims/{claim}/thanks", token, {"text": WORDS})
    assert (403, "served-others") == (refused.status_code, slug_of(refused))
    note = web.made(f"/claims/{claim}/thanks", elder_token, {"text": WORDS})["thanks_id"]
    mine = f"/members/{helper}/thanks"
    assert ([], 0) == (web.get(mine, token).json()["items"], web.get(mine, token).json()["count"])
    [waiting] = web.get("/thanks/waiting", web.organiser).json()["items"]
    assert ("李*", "赵*", WORDS) == (waiting["to_name"], waiting["from_name"], waiting["text"])
    web.made(f"/thanks/{note}/release", web.organiser)
    shown = web.get(mine, token).json()
    assert (1, [WORDS]) == (shown["count"], [one["text"] for one in shown["items"]])
    [on_wall] = web.get("/thanks", elder_token).json()["items"]
    assert ("李*", None) == (on_wall["to_name"], on_wall["text"])
    web.made(f"/members/{helper}/consents", token, {"purposes": ["publish_name"]})
    [on_wall] = web.get("/thanks", elder_token).json()["items"]
    assert ("李强", WORDS) == (on_wall["to_name"], on_wall["text"])
    [own] = web.get(f"/members/{elder}/thanks-written", elder_token).json()["items"]
    assert ("released", WORDS) == (own["state"], own["text"])
    [kept] = parts_of(web, helper, token)["thanks"]
    assert WORDS == kept["text"]
    web.made(f"/members/{elder}/erasures", elder_token, {"goes": "expire"})
    web.clock.advance(hours=7 * 24)
    kinds = {forgetting.KIND, forgetting.KEYS_KIND}
    scheduler.run_due(web.database, "test", [one for one in scheduler.WORKS if one.kind in kinds])
    shown = web.get(mine, token).json()
    assert (1, [None]) == (shown["count"], [one["text"] for one in shown["items"]])
