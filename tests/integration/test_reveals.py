"""Personal data: masked, revealed for a reason, seen by its owner, corrected with a trail."""

from collections.abc import Iterator

import pytest
from httpx2 import Response
from sqlalchemy import select

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.people import trail
from creditbank.schemes import scheme
from tests.integration.test_consents import slug_of
from tests.web import OPERATOR, Web, new_key, opened

PLAIN = {
    "name": "金丝雀",
    "phone": "13912345678",
    "document": "110101199003071234",
    "born_on": "1990-03-07",
}
WHY = "核对参保资料"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def person(web: Web, **changes: object) -> tuple[str, str]:
    """Take someone in with all there is to know; returns the id and a token."""
    body = PLAIN | {"community_id": web.community()} | changes
    member_id = str(web.made("/members", web.organiser, body)["member_id"])
    return member_id, web.token(Role.MEMBER, member_id=member_id)


def ask(web: Web, member_id: str, token: str, *fields: str, key: str = "") -> Response:
    """Ask for a reveal."""
    body = {"fields": list(fields or PLAIN), "reason": WHY}
    return web.post(f"/members/{member_id}/reveal", token, body, key=key)


def test_a_reveal_shows_what_was_asked_and_is_in_the_trail(web: Web) -> None:
    """Only the fields asked for are shown; the member sees who looked, at what and why."""
    member_id, token = person(web)
    answer = ask(web, member_id, web.organiser, "phone", "document")
    assert answer.status_code == 200, answer.text
    expected = {"member_id": member_id, "phone": "13912345678", "document": PLAIN["document"]}
    assert expected == answer.json()
    assert "no-store" == answer.headers["cache-control"]
    looks = web.get(f"/members/{member_id}/reveals", token).json()["items"]
    assert [("organiser", ["phone", "document"], WHY)] == [
        (one["role"], one["fields"], one["reason"]) for one in looks
    ]


def test_the_reason_is_sealed(web: Web) -> None:
    """No row of the trail holds the reason or a value in plain words."""
    member_id, _ = person(web)
    ask(web, member_id, web.organiser)
    rows = web.database.read(
        web.bank.bank_id,
        lambda view: view.rows(select(trail.deeds).where(trail.deeds.c.bank_id == view.bank_id)),
    )
    for plain in (WHY, *PLAIN.values()):
        assert plain not in repr(rows)
    assert "reveal" in repr(rows)


def test_the_same_key_shows_again_and_is_noted_once(web: Web) -> None:
    """A repeated request shows the same for ten minutes and never counts twice."""
    member_id, token = person(web)
    key = new_key()
    first = ask(web, member_id, web.organiser, "name", key=key)
    assert first.json() == ask(web, member_id, web.organiser, "name", key=key).json()
    assert 1 == len(web.get(f"/members/{member_id}/reveals", token).json()["items"])
    web.clock.advance(minutes=11)
    late = ask(web, member_id, web.organiser, "name", key=key)
    assert (410, "reveal-over") == (late.status_code, slug_of(late))
    assert PLAIN["name"] not in late.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": ["phone"], "reason": "  "}, 422),
        ({"fields": ["phone"]}, 422),
        ({"fields": [], "reason": WHY}, 422),
        ({"fields": ["pin"], "reason": WHY}, 422),
        ({"fields": ["phone"], "reason": WHY, "role": "operator"}, 422),
    ],
)
def test_a_reveal_wants_fields_and_a_reason(web: Web, body: dict[str, object], status: int) -> None:
    """Without a reason, with no field or an unknown one, nothing is shown or noted."""
    member_id, token = person(web)
    answer = web.post(f"/members/{member_id}/reveal", web.organiser, body)
    assert status == answer.status_code
    assert [] == web.get(f"/members/{member_id}/reveals", token).json()["items"]


def test_who_may_not_reveal(web: Web) -> None:
    """Members, other communities' staff and roles without the right get nothing."""
    member_id, token = person(web)
    elsewhere = web.token(Role.ORGANISER, community_id=web.community())
    _, stranger = person(web, phone="13912345679", document="E7654321")
    for other in (token, stranger, elsewhere, web.reviewer, web.treasurer, web.auditor):
        assert 403 == ask(web, member_id, other).status_code
    assert 404 == web.get(f"/members/{member_id}/personal-data", stranger).status_code
    assert 403 == web.get(f"/members/{member_id}/personal-data", web.organiser).status_code


def test_a_day_has_so_many_reveals(web: Web) -> None:
    """Above the scheme's number nothing is shown until the next day; a colleague still may."""
    web.database.write(
        web.bank.bank_id,
        OPERATOR,
        lambda unit: scheme.adopt(
            unit, key=new_key(), parameters={"reveals_day": 2}, effective_from=unit.today
        ),
    )
    member_id, token = person(web)
    one, other = web.token(Role.ORGANISER), web.token(Role.ORGANISER)
    assert [200, 200] == [ask(web, member_id, one).status_code for _ in range(2)]
    third = ask(web, member_id, one)
    assert (409, "reveals-used-up") == (third.status_code, slug_of(third))
    assert 200 == ask(web, member_id, other).status_code
    assert 3 == len(web.get(f"/members/{member_id}/reveals", token).json()["items"])
    web.clock.advance(hours=24)
    assert 200 == ask(web, member_id, one).status_code


def test_the_data_of_minors_is_the_heads(web: Web) -> None:
    """Under 18 only a community head of that community reveals; on the birthday others may."""
    community = web.community()
    member_id, _ = person(web, born_on="2008-03-02", community_id=community)
    refused = ask(web, member_id, web.organiser)
    assert (403, "minors-data") == (refused.status_code, slug_of(refused))
    head = web.token(Role.COMMUNITY_HEAD, community_id=community)
    assert 200 == ask(web, member_id, head).status_code
    elsewhere = web.token(Role.COMMUNITY_HEAD, community_id=web.community())
    assert 403 == ask(web, member_id, elsewhere).status_code
    web.clock.advance(hours=24)
    assert 200 == ask(web, member_id, web.organiser).status_code


def test_a_member_sees_and_keeps_their_own(web: Web) -> None:
    """A member sees all in plain words and changes address and notes, nothing else."""
    member_id, token = person(web)
    path = f"/members/{member_id}/personal-data"
    assert PLAIN | {"address": None, "notes": None} == web.get(path, token).json()
    changed = patch(web, path, token, {"address": "金丝雀巷 7 号", "notes": "会唱歌"})
    assert (200, {"member_id": member_id}) == (changed.status_code, changed.json())
    assert 200 == patch(web, path, token, {"notes": None}).status_code
    expected = PLAIN | {"address": "金丝雀巷 7 号", "notes": None}
    assert expected == web.get(path, token).json()
    for body in ({"name": "别人"}, {"document": "E1234567"}, {"phone": "13800000000"}, {}):
        assert 422 == patch(web, path, token, body).status_code
    assert 403 == patch(web, path, web.organiser, {"notes": "x"}).status_code
    assert expected == web.get(path, token).json()


def test_the_office_corrects_with_a_reason(web: Web) -> None:
    """Name, document and birth date change at the office; before and after are in the trail."""
    member_id, token = person(web)
    path = f"/members/{member_id}/personal-data/corrections"
    body = {"name": "金丝鸟", "born_on": "1990-03-08", "reason": "身份证有误"}
    assert 200 == web.post(path, web.organiser, body).status_code
    own = web.get(f"/members/{member_id}/personal-data", token).json()
    assert ("金丝鸟", "1990-03-08") == (own["name"], own["born_on"])
    deed = web.database.read(
        web.bank.bank_id,
        lambda view: trail.listing(view, what="person.corrected", subject_id=member_id),
    ).deeds[0]
    assert {
        "before": {"name": "金丝雀", "born_on": "1990-03-07"},
        "after": {"name": "金丝鸟", "born_on": "1990-03-08", "reason": "身份证有误"},
    } == deed.change
    elsewhere = web.token(Role.ORGANISER, community_id=web.community())
    for other in (token, elsewhere, web.auditor):
        assert 403 == web.post(path, other, body).status_code
    for wrong in ({"name": None, "reason": "x"}, {"reason": "x"}, {"name": "甲"}):
        assert 422 == web.post(path, web.organiser, wrong).status_code


def test_nobody_corrects_their_own_papers(web: Web) -> None:
    """Someone in office who is also a resident has a colleague correct their document."""
    member_id, _ = person(web)
    own = web.token(Role.ORGANISER, member_id=member_id)
    path = f"/members/{member_id}/personal-data/corrections"
    answer = web.post(path, own, {"document": "E1234567", "reason": "x"})
    assert (403, "own-correction") == (answer.status_code, slug_of(answer))


def patch(web: Web, path: str, token: str, body: object) -> Response:
    """Change something."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()}
    return web.client.patch(f"/v1/b/trust{path}", headers=headers, json=body)
