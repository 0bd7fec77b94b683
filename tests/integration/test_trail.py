"""Who did what: every change of people, roles, tasks, schemes and offers leaves a line."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests import web
from tests.merchant_builders import ITEM
from tests.office import Desks, refused
from tests.web import Web


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


def told(api: Web, token: str = "", **query: Any) -> list[dict[str, Any]]:
    """The whole trail, newest first, followed by its cursor."""
    found: list[dict[str, Any]] = []
    for _ in range(99):
        page = api.get("/trail", token or api.auditor, limit=50, **query).json()
        found += page["items"]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    return found


def whats(deeds: list[dict[str, Any]]) -> list[str]:
    """What was done, by name: the clock of these tests stands still."""
    return sorted(one["what"] for one in deeds)


def changes(deeds: list[dict[str, Any]], what: str) -> Any:
    """What a deed of one kind has changed."""
    return next(one["change"] for one in deeds if one["what"] == what)


def test_what_is_done_to_a_member_is_told_to_them(api: Web) -> None:
    """Taken in, suspended, reinstated, reviewed: the member reads it, and nobody else's."""
    member_id, token = api.member()
    for verb in ("suspend", "reinstate"):
        api.made(f"/members/{member_id}/{verb}", api.organiser)
    claim = api.served(token)
    api.made(f"/claims/{claim}/approve", api.reviewer, {})
    reason = {"reason": "重复登记"}
    api.made(f"/claims/{claim}/withdraw-approval", api.second, reason)
    other = api.served(token)
    api.made(f"/claims/{other}/reject", api.reviewer, reason)
    items = api.get(f"/members/{member_id}/trail", token).json()["items"]
    assert [
        "approval.withdrawn",
        "member.reinstated",
        "member.suspended",
        "member.taken-in",
        "service.approved",
        "service.rejected",
        "token.made",
    ] == whats(items)
    assert {member_id} == {one["subject_id"] for one in items}
    assert {"organiser", "reviewer", "operator"} == {one["role"] for one in items}
    stranger, _ = api.member("李四")
    refused(api.get(f"/members/{stranger}/trail", token), 404, "member-not-found")
    refused(api.get(f"/members/{member_id}/trail", api.organiser), 403, "role-denied")
    assert 200 == api.get(f"/members/{member_id}/trail", api.auditor).status_code


def test_tasks_schemes_offers_and_shops_leave_lines(api: Web) -> None:
    """Each kind of change, found by the thing it was done to."""
    task = api.publish()
    later = (api.clock.now() + timedelta(hours=5)).isoformat()
    changed = api.client.patch(
        f"/v1/b/trust/tasks/{task}",
        headers={"Authorization": f"Bearer {api.organiser}", "Idempotency-Key": web.new_key()},
        json={"ends_at": later, "capacity": 9},
    )
    assert 200 == changed.status_code, changed.text
    api.made(f"/tasks/{task}/cancel", api.organiser, {"reason": "台风"})
    deeds = told(api, object_id=task)
    assert ["task.cancelled", "task.changed", "task.published"] == whats(deeds)
    assert (5, 9) == tuple(
        changes(deeds, "task.changed")[when]["capacity"] for when in ("before", "after")
    )
    merchant, till, _ = api.shop(ITEM)
    offer = api.get(f"/merchants/{merchant}/offers", api.operator).json()[0]["offer_id"]
    api.made(f"/offers/{offer}/withdraw", api.operator)
    for verb in ("suspend", "reinstate"):
        api.made(f"/merchants/{merchant}/{verb}", api.operator)
        api.made(f"/tills/{till}/{verb}", api.operator)
    assert ["offer.adopted", "offer.withdrawn"] == whats(told(api, object_id=offer))
    assert ["merchant.reinstated", "merchant.suspended", "merchant.taken-in"] == whats(
        told(api, object_id=merchant)
    )
    assert ["till.registered", "till.reinstated", "till.suspended"] == whats(
        told(api, object_id=till)
    )


def test_a_scheme_tells_what_it_changed(api: Web) -> None:
    """Only the parameters that are other than before, with both values."""
    body = {"effective_from": "2026-03-01", "parameters": {"no_pin_points_day": 90}}
    made = api.made("/scheme", api.operator, body)
    [deed] = told(api, object_id=made["scheme_id"])
    assert {"before": {"no_pin_points_day": 100}, "after": {"no_pin_points_day": 90}} == (
        deed["change"]
    )


def test_roles_and_staff_leave_lines(api: Web) -> None:
    """Given, ended, kept out: by whom, for whom, and which role."""
    desks = Desks(api)
    chief, clerk = desks.clerk(Role.OPERATOR), desks.clerk(Role.AUDITOR)
    desk = desks.at(chief)
    given = desk.made(f"/staff/{clerk.staff_id}/grants", {"role": "treasurer"})
    desk.made(f"/grants/{given['grant_id']}/end")
    desk.made(f"/staff/{clerk.staff_id}/suspend")
    deeds = told(api, subject_id=clerk.staff_id)
    assert ["role.ended", "role.given", "staff.installed", "staff.suspended"] == whats(deeds)
    by = {one["what"]: one["actor_id"] for one in deeds}
    assert {chief.staff_id, "console"} == set(by.values())
    assert "console" == by["staff.installed"]
    assert "treasurer" == changes(deeds, "role.given")["after"]["role"]["role"]


def test_a_copy_of_a_request_leaves_no_second_line(api: Web) -> None:
    """Nor does a request that was refused."""
    member_id, _ = api.member()
    for _ in range(3):
        api.post(f"/members/{member_id}/suspend", api.organiser, key="the-same-key-0001")
    refused(api.post(f"/members/{member_id}/suspend", api.organiser), 409, "state-conflict")
    assert 1 == whats(told(api, subject_id=member_id)).count("member.suspended")


def test_the_trail_is_paged_newest_first(api: Web) -> None:
    """By when it was done, every line once, whatever the size of the page."""
    member_id, _ = api.member()
    for verb in ("suspend", "reinstate") * 3:
        api.clock.advance(seconds=1)
        api.made(f"/members/{member_id}/{verb}", api.organiser)
    whole = [one["deed_id"] for one in told(api)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while (page := api.get("/trail", api.auditor, **query).json())["next"]:
        seen += [one["deed_id"] for one in page["items"]]
        query["after"] = page["next"]
    seen += [one["deed_id"] for one in page["items"]]
    assert whole == seen
    assert len(seen) == len(set(seen))
    instants = [one["done_at"] for one in told(api)]
    assert sorted(instants, reverse=True) == instants
    assert [] == api.get("/trail", api.auditor, after=f"ded_{'0' * 26}").json()["items"]


def test_a_head_of_a_community_sees_its_peoples_lines(api: Web) -> None:
    """What was done elsewhere, or to shops, is not theirs to see."""
    here = api.community()
    body = {"name": "王五", "community_id": here}
    mine = api.made("/members", api.organiser, body)["member_id"]
    api.member()
    head = api.token(Role.COMMUNITY_HEAD, community_id=here)
    assert {mine} == {one["subject_id"] for one in told(api, head)}
    other = api.token(Role.COMMUNITY_HEAD, community_id=api.community())
    assert [] == told(api, other)
    refused(api.get(f"/members/{mine}/trail", other), 403, "other-community")


def test_only_who_may_see_the_trail_sees_it(api: Web) -> None:
    """Not an organiser, a reviewer, a treasurer, a resident or a till; not another bank's."""
    _, resident = api.member()
    till = api.shop()[2]
    for token in (api.organiser, api.reviewer, api.treasurer, resident, till):
        refused(api.get("/trail", token), 403, "role-denied")
    api.found("other", "另一个互助社")
    refused(api.get("/trail", api.auditor, bank="other"), 401, "token-unknown")
    refused(api.get("/trail", api.auditor, subject_id="x"), 422, "body-unusable")


def test_what_was_known_of_a_person_is_masked_on_the_trail(api: Web) -> None:
    """Who reads the trail sees that a paper was corrected; the person sees how, too."""
    member_id, token = api.member()
    said = {"name": "欧阳金丝", "document": "E12345678", "born_on": "2019-03-07"}
    path = f"/members/{member_id}/personal-data/corrections"
    api.made(path, api.organiser, said | {"address": "二号桥七幢", "reason": "身份证有误"})
    masked = {
        "name": "欧*",
        "document": "E12**5678",
        "born_on": "***",
        "address": "***",
        "reason": "身份证有误",
    }
    for deeds in (
        told(api, subject_id=member_id),
        api.get(f"/members/{member_id}/trail", api.auditor).json()["items"],
    ):
        assert masked == changes(deeds, "person.corrected")["after"]
        assert not [word for word in said.values() if word in str(deeds)]
    own = api.get(f"/members/{member_id}/trail", token).json()["items"]
    assert said.items() <= changes(own, "person.corrected")["after"].items()


def test_lines_about_people_are_sealed(api: Web) -> None:
    """What was before and after lies in no plain words where it concerns somebody."""
    desks = Desks(api)
    clerk = desks.clerk(Role.AUDITOR)
    api.made(f"/staff/{clerk.staff_id}/suspend", api.operator)
    with api.database.reader._engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT change FROM deed WHERE bank_id = :bank AND subject_id IS NOT NULL"
                " AND change IS NOT NULL"
            ),
            {"bank": api.bank.bank_id},
        ).all()
    assert rows
    assert {"s1:"} == {row.change[:3] for row in rows}
