"""Claims over HTTP: alone, as a family and as a team, waiting, and what a page needs to know."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.people import households, teams
from creditbank.people.stays import Standing
from tests.society import ORGANISER
from tests.web import Web, new_key, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


def _soon(web: Web, **hours: float) -> dict[str, str]:
    starts_at = web.clock.now() + timedelta(**hours)
    return {
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
    }


def _claim(web: Web, task_id: str, token: str, **said: object) -> Any:
    return web.made(f"/tasks/{task_id}/claims", token, said)


def _at_home(web: Web) -> tuple[str, list[str], str]:
    """A household of two in one community; returns it, its people and the head's token."""
    home = {"community_id": web.community()}
    people = [
        str(web.made("/members", web.organiser, home | {"name": name})["member_id"])
        for name in ("张三", "李四")
    ]
    household_id = _office(web, households.found, head_id=people[0])
    said = {"household_id": household_id, "member_id": people[1], "standing": Standing.ADULT}
    _office(web, households.join, **said)
    return household_id, people, web.token(Role.MEMBER, member_id=people[0])


def _office(web: Web, work: Any, **said: Any) -> str:
    return str(
        web.database.write(web.bank.bank_id, ORGANISER, partial(work, key=new_key(), **said))
    )


def test_a_task_says_for_whom_it_is_and_how_it_is_claimed(web: Web) -> None:
    """What the form said is shown; what it left out keeps nobody away and is as the scheme says."""
    web.made("/categories", web.operator, {"code": "first-aid", "name": "急救"})
    until = (web.clock.now() + timedelta(minutes=20)).isoformat()
    audience = {"open_to": ["family"], "age_from": 6, "age_below": 80, "neighbours_only": True}
    terms = {"capacity_unit": "family", "claims_until": until, "waitlist_most": 3}
    member_id, token = web.member()
    assert member_id
    shown = web.get(f"/tasks/{web.publish(audience=audience, terms=terms)}", token).json()
    assert audience | {"skills": []} == shown["audience"]
    assert ("family", 3, None) == (
        shown["terms"]["capacity_unit"],
        shown["terms"]["waitlist_most"],
        shown["terms"]["withdraw_until"],
    )
    plain = web.get(f"/tasks/{web.publish()}", token).json()
    assert ["person", "family", "team"] == plain["audience"]["open_to"]
    assert ("person", None, 0) == (
        plain["terms"]["capacity_unit"],
        plain["terms"]["waitlist_most"],
        plain["queued"],
    )


def test_a_place_goes_to_who_waits(web: Web) -> None:
    """Full, wait, see the queue, the place is given right after a withdrawal, or offered."""
    (_, one), (_, two), (_, three) = (web.member() for _ in range(3))
    task_id = web.publish(capacity=1, **_soon(web, hours=30))
    held = _claim(web, task_id, one)["claim_id"]
    full = web.post(f"/tasks/{task_id}/claims", two, {})
    assert (409, "/problems/state-conflict") == (full.status_code, full.json()["type"])
    waits = _claim(web, task_id, two, or_wait=True)
    later = _claim(web, task_id, three, or_wait=True)
    assert [("waiting", 1), ("waiting", 2)] == [(w["state"], w["position"]) for w in (waits, later)]
    place = web.get(f"/claims/{later['claim_id']}/place", three).json()
    assert (1, "waiting") == (place["ahead"], place["state"])
    listed = web.get(f"/tasks/{task_id}/waitlist", web.organiser).json()
    assert [waits["claim_id"], later["claim_id"]] == [row["claim_id"] for row in listed]
    web.made(f"/claims/{held}/withdraw", one)
    assert "placed" == _comes_to(web, waits["claim_id"], two)
    web.clock.advance(hours=20)
    web.made(f"/claims/{waits['claim_id']}/withdraw", two)
    assert "offered" == _comes_to(web, later["claim_id"], three)
    other = web.post(f"/claims/{later['claim_id']}/accept", one)
    assert (403, "/problems/not-yours") == (other.status_code, other.json()["type"])
    assert "placed" == web.made(f"/claims/{later['claim_id']}/accept", three)["state"]


def _comes_to(web: Web, claim_id: str, token: str) -> str:
    """The state of a claim once it no longer waits; the writer fills right after it answered."""
    for _ in range(2_000):
        state = str(web.get(f"/claims/{claim_id}/place", token).json()["state"])
        if state != "waiting":
            break
    return state


def test_a_family_and_a_team_claim(web: Web) -> None:
    """Each names its people; the party is withdrawn as one, by who leads it."""
    household_id, people, head = _at_home(web)
    task_id = web.publish()
    said = {"household_id": household_id, "member_ids": people}
    made = web.made(f"/tasks/{task_id}/family-claims", head, said)
    assert ("placed", 2) == (made["state"], len(made["claim_ids"]))
    roster = web.get(f"/tasks/{task_id}/claims", web.organiser).json()
    assert {made["party_id"]} == {row["party_id"] for row in roster}
    path = f"/parties/{made['party_id']}/withdraw"
    mate = web.token(Role.MEMBER, member_id=people[1])
    refused = web.post(path, mate)
    assert (403, "/problems/not-leading") == (refused.status_code, refused.json()["type"])
    assert task_id == web.made(path, head)["task_id"]
    community_id = web.get(f"/members/{people[0]}", head).json()["community_id"]
    team = {"name": "先锋队", "community_id": community_id, "leader_id": people[0]}
    team_id = _office(web, teams.found, **team)
    stranger, _ = web.member("王五")
    said = {"team_id": team_id, "member_ids": [people[0], stranger]}
    refused = web.post(f"/tasks/{task_id}/team-claims", head, said)
    assert (409, "/problems/not-of-team") == (refused.status_code, refused.json()["type"])
    assert stranger == refused.json()["member_id"]
    said["member_ids"] = [people[0]]
    assert "placed" == web.made(f"/tasks/{task_id}/team-claims", head, said)["state"]


def test_an_absence_is_excused_with_a_reason(web: Web) -> None:
    """The organiser sees what was missed and excuses it; the reason is shown to who may read it."""
    _, token = web.member()
    task_id = web.publish()
    claim_id = _claim(web, task_id, token)["claim_id"]
    web.clock.advance(hours=2)
    web.made(f"/tasks/{task_id}/close", web.organiser)
    [missed] = web.get(f"/tasks/{task_id}/claims", web.organiser).json()
    assert ("no_show", True) == (missed["state"], missed["missed_at"] is not None)
    web.made(f"/claims/{claim_id}/excuse", web.organiser, {"reason": "住院"})
    [excused] = web.get(f"/tasks/{task_id}/claims", web.organiser).json()
    assert ("withdrawn", None, "住院") == (
        excused["state"],
        excused["missed_at"],
        excused["reason"],
    )
