"""The call list: whom no text reaches is told by the office, with masked names and one number."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.keys import keys
from creditbank.core.units import Actor
from creditbank.identity import call_list
from creditbank.identity.errors import CallNotFound
from creditbank.identity.roles import Grant, Role
from creditbank.people import members, trail
from tests.integration.test_consents import slug_of
from tests.merchant_builders import outcomes
from tests.office import Desks
from tests.web import Web, new_key, opened

PHONE = "13912345678"
CONSOLE = Actor("console", "operator")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def person(web: Web, community: str | None = None, **known: Any) -> str:
    """Take someone in whom no text reaches, unless a phone is known."""
    body = {"name": "金丝雀", "community_id": community or web.community()} | known
    return str(web.made("/members", web.organiser, body)["member_id"])


def tell(web: Web, member_id: str, *, failed: bool = False, due_at: datetime | None = None) -> str:
    """Tell a member something urgent; ``failed`` if the sender did not bring it."""

    def work(unit: Any) -> str:
        notice_id = notices.tell(unit, member_id, "admitted", due_at=due_at)
        if failed:
            notices.settle(unit, notice_id, by=notices.SENDER)
            notices.open_again(unit, notice_id)
        return notice_id

    return web.database.write(web.bank.bank_id, CONSOLE, work)


def listed(web: Web, token: str = "", **query: Any) -> list[Any]:
    """What stands on the call list."""
    answer = web.get("/call-list", token or web.organiser, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def ids(found: list[Any]) -> list[str]:
    """The notices of a list."""
    return [one["notice_id"] for one in found]


def settled(web: Web, notice_id: str) -> Any:
    """Who told a notice, as it is kept."""
    of = notices.notices
    query = select(of).where(of.c.bank_id == web.bank.bank_id, of.c.notice_id == notice_id)
    return web.database.read(web.bank.bank_id, lambda view: view.row(query))


def test_who_has_no_phone_is_on_the_list(web: Web) -> None:
    """Masked name, number as a member, the sentence, and why; nothing more."""
    community = web.community()
    member_id = person(web, community)
    number = web.database.read(web.bank.bank_id, lambda v: members.find(v, member_id).number)
    due_at = web.clock.now() + timedelta(hours=2)
    notice_id = tell(web, member_id, due_at=due_at)
    [one] = listed(web)
    assert datetime.fromisoformat(one.pop("due_at")) == due_at
    assert datetime.fromisoformat(one.pop("told_at")) == web.clock.now()
    assert {
        "notice_id": notice_id,
        "member_id": member_id,
        "name": "金*",
        "number": number,
        "community_id": community,
        "zh": "您的加入申请已通过，欢迎加入。",
        "en": "You were admitted. Welcome.",
        "why": "no_phone",
        "has_number": False,
    } == one


def test_whom_a_text_reaches_is_not_on_the_list(web: Web) -> None:
    """Only after the sender failed, or their consent to messages was withdrawn."""
    member_id = person(web, phone=PHONE)
    token = web.token(Role.MEMBER, member_id=member_id)
    waits = tell(web, member_id)
    assert [] == listed(web)
    assert 404 == web.post(f"/call-list/{waits}/told", web.organiser).status_code
    assert 404 == web.post(f"/call-list/{waits}/number", web.organiser).status_code
    failed = tell(web, member_id, failed=True)
    assert [(failed, "failed", True)] == [
        (one["notice_id"], one["why"], one["has_number"]) for one in listed(web)
    ]
    path = f"/members/{member_id}/consents"
    web.made(path, token, {"purposes": ["messages"]})
    assert [failed] == ids(listed(web))
    web.made(f"{path}/messages/withdraw", token, {})
    assert {waits: "withdrawn", failed: "failed"} == {
        one["notice_id"]: one["why"] for one in listed(web)
    }
    web.made(path, token, {"purposes": ["messages"]})
    assert [failed] == ids(listed(web))


def test_what_is_not_urgent_or_too_late_is_not_called(web: Web) -> None:
    """The list holds what still makes sense to tell, to people who are still there."""
    member_id = person(web)
    web.database.write(
        web.bank.bank_id, CONSOLE, lambda unit: notices.tell(unit, member_id, "merged")
    )
    late = tell(web, member_id, due_at=web.clock.now() + timedelta(minutes=5))
    gone = person(web)
    tell(web, gone)
    web.database.write(web.bank.bank_id, CONSOLE, lambda unit: members.move(unit, gone, "close"))
    assert [late] == ids(listed(web))
    web.clock.advance(minutes=5)
    assert [] == listed(web)
    assert 404 == web.post(f"/call-list/{late}/told", web.organiser).status_code


def test_the_most_pressing_comes_first_in_pages(web: Web) -> None:
    """By when it is too late, then what has no such time; pages leave nothing out."""
    now = web.clock.now()
    member_id = person(web)
    never = sorted(tell(web, member_id) for _ in range(2))
    late, soon = (tell(web, member_id, due_at=now + timedelta(hours=n)) for n in (9, 1))
    found: list[str] = []
    query: dict[str, Any] = {"limit": 1}
    for _ in range(4):
        page = web.get("/call-list", web.organiser, **query).json()
        found += ids(page["items"])
        query["after"] = page["next"]
    assert [soon, late, *never] == found
    assert query["after"] is None


def test_a_number_is_shown_one_at_a_time_and_noted(web: Web) -> None:
    """The list holds no phone; looking at one is in the trail, where the member sees it."""
    member_id = person(web, phone=PHONE)
    notice_id = tell(web, member_id, failed=True)
    listing = web.get("/call-list", web.organiser)
    assert PHONE not in listing.text
    assert "金丝雀" not in listing.text
    key = new_key()
    path = f"/call-list/{notice_id}/number"
    first, same = (web.post(path, web.organiser, key=key) for _ in range(2))
    assert {"member_id": member_id, "phone": PHONE} == first.json() == same.json()
    assert "no-store" == first.headers["cache-control"]
    token = web.token(Role.MEMBER, member_id=member_id)
    looks = web.get(f"/members/{member_id}/reveals", token).json()["items"]
    assert [("organiser", ["phone"], call_list.REASON)] == [
        (one["role"], one["fields"], one["reason"]) for one in looks
    ]
    web.made(f"/call-list/{notice_id}/told", web.organiser)
    again = web.post(path, web.organiser, key=key)
    assert PHONE == again.json()["phone"], "the key knows its first outcome"
    assert 404 == web.post(path, web.organiser).status_code
    kept = web.database.read(
        web.bank.bank_id,
        lambda view: view.rows(select(keys).where(keys.c.bank_id == view.bank_id)),
    )
    assert PHONE not in repr(kept)


def test_no_number_is_known_of_who_has_none(web: Web) -> None:
    """Then somebody goes there; it counts as no look at anything."""
    member_id = person(web)
    notice_id = tell(web, member_id)
    answer = web.post(f"/call-list/{notice_id}/number", web.organiser)
    assert (409, "number-unknown") == (answer.status_code, slug_of(answer))
    token = web.token(Role.MEMBER, member_id=member_id)
    assert [] == web.get(f"/members/{member_id}/reveals", token).json()["items"]


def test_the_number_of_a_minor_is_the_heads(web: Web) -> None:
    """Someone under 18 is called by the community head only."""
    community = web.community()
    member_id = person(web, community, phone=PHONE, born_on="2012-05-04")
    notice_id = tell(web, member_id, failed=True)
    path = f"/call-list/{notice_id}/number"
    answer = web.post(path, web.organiser)
    assert (403, "minors-data") == (answer.status_code, slug_of(answer))
    head = web.token(Role.COMMUNITY_HEAD, community_id=community)
    assert PHONE == web.made(path, head)["phone"]


def test_who_is_a_head_among_other_things_calls_minors_there(web: Web) -> None:
    """An organiser of the whole bank who heads one community may see minors' numbers there."""
    here = web.community()
    child = {"phone": PHONE, "born_on": "2012-05-04"}
    mine, other = (
        tell(web, person(web, place, **child), failed=True) for place in (here, web.community())
    )
    desks = Desks(web)
    roles = (Role.ORGANISER, Grant(Role.COMMUNITY_HEAD, community_id=here))
    browser = desks.at(desks.clerk(*roles))
    assert PHONE == browser.made(f"/call-list/{mine}/number")["phone"]
    assert 403 == browser.post(f"/call-list/{other}/number").status_code


def test_a_tick_takes_it_off_the_list_once(web: Web) -> None:
    """Who told it is kept and in the trail; the same key is the same, another comes too late."""
    member_id = person(web)
    one, other = tell(web, member_id), tell(web, member_id)
    key, path = new_key(), f"/call-list/{one}/told"
    first = web.post(path, web.organiser, key=key)
    assert (200, first.json()) == (
        first.status_code,
        web.post(path, web.organiser, key=key).json(),
    )
    late = web.post(path, web.organiser)
    assert (404, "call-not-found") == (late.status_code, slug_of(late))
    assert [other] == ids(listed(web))
    row = settled(web, one)
    assert (web.clock.now(), True) == (row.settled_at, row.settled_by.startswith("stf_"))
    page = web.database.read(
        web.bank.bank_id, lambda view: trail.listing(view, what="call.told", object_id=one)
    )
    assert [(row.settled_by, member_id, {"kind": "admitted", "why": "no_phone"})] == [
        (deed.actor_id, deed.subject_id, (deed.change or {})["after"]) for deed in page.deeds
    ]


def test_two_clerks_at_once_tell_it_once(web: Web) -> None:
    """Both tick in the same moment: one of them did it, and the trail says so once."""
    member_id = person(web)
    for _ in range(5):
        notice_id = tell(web, member_id)
        ticking = [
            web.database.writer.submit(
                web.bank.bank_id,
                Actor(f"stf_{clerk}", Role.ORGANISER),
                partial(call_list.told, notice_id=notice_id, key=new_key()),
            )
            for clerk in ("one", "two", "three")
        ]
        done = outcomes(ticking)
        assert [2, 1] == [
            done.count(CallNotFound),
            sum(isinstance(one, call_list.Told) for one in done),
        ]
    page = web.database.read(
        web.bank.bank_id, lambda view: trail.listing(view, what="call.told", limit=200)
    )
    assert 5 == len(page.deeds)


def test_the_list_ends_at_the_communities_of_a_role(web: Web) -> None:
    """Staff of one community neither see, ring up nor tick those of another."""
    here, there = web.community(), web.community()
    mine = tell(web, person(web, here, phone=PHONE), failed=True)
    theirs = tell(web, person(web, there, phone="13912345679"), failed=True)
    clerk = web.token(Role.ORGANISER, community_id=here)
    assert [mine] == ids(listed(web, clerk))
    nameless = tell(web, person(web, there))
    for path in (f"{theirs}/number", f"{theirs}/told", f"{nameless}/number"):
        answer = web.post(f"/call-list/{path}", clerk)
        assert (403, "other-community") == (answer.status_code, slug_of(answer))
    assert None is settled(web, theirs).settled_at
    web.made(f"/call-list/{mine}/told", clerk)


def test_who_may_not_call(web: Web) -> None:
    """Neither members nor roles without the right see whom to call."""
    notice_id = tell(web, person(web, phone=PHONE), failed=True)
    _, member = web.member()
    for token in (member, web.reviewer, web.treasurer, web.auditor, web.operator):
        assert 403 == web.get("/call-list", token).status_code
        for verb in ("number", "told"):
            assert 403 == web.post(f"/call-list/{notice_id}/{verb}", token).status_code
    assert 401 == web.get("/call-list", None).status_code


def test_another_bank_has_a_list_of_its_own(web: Web) -> None:
    """Another bank's notice is a 404, whatever the role."""
    notice_id = tell(web, person(web))
    other = web.found("other", "另一家互助社")
    token = web.token(Role.ORGANISER, bank=other)
    assert [] == web.get("/call-list", token, bank="other").json()["items"]
    for verb in ("number", "told"):
        path = f"/call-list/{notice_id}/{verb}"
        assert 404 == web.post(path, token, bank="other").status_code
