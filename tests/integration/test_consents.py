"""Consents: given, withdrawn in two taps, through guardians under 14, and what they let show."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.identity.roles import Role
from creditbank.people import consents
from creditbank.people.ages import years
from tests.web import Web, opened

OFFICE = Actor("stf_office", "organiser")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def person(web: Web, born_on: str | None = None, name: str = "张三丰") -> tuple[str, str]:
    """Take someone in at the office; returns the id and a token."""
    body = {"name": name, "community_id": web.community(), "born_on": born_on}
    member_id = str(web.made("/members", web.organiser, body)["member_id"])
    return member_id, web.token(Role.MEMBER, member_id=member_id)


def slug_of(answer: Any) -> str:
    """What went wrong."""
    return str(answer.json()["type"].rsplit("/", 1)[-1])


@pytest.mark.parametrize(
    ("born_on", "day", "age"),
    [
        (date(2012, 3, 1), date(2026, 2, 28), 13),
        (date(2012, 3, 1), date(2026, 3, 1), 14),
        (date(2012, 2, 29), date(2026, 2, 28), 13),
        (date(2012, 2, 29), date(2026, 3, 1), 14),
    ],
)
def test_an_age_is_in_full_years(born_on: date, day: date, age: int) -> None:
    """The birthday itself counts, and who was born on a leap day waits for the day after."""
    assert age == years(born_on, day)


def test_the_purposes_are_told_before_anybody_signs_in(web: Web) -> None:
    """The words to agree to are public, in both languages, and one purpose is needed."""
    told = web.get("/purposes", None).json()
    assert ["service", "publish_name", "photos", "messages"] == [one["slug"] for one in told]
    assert ["service"] == [one["slug"] for one in told if one["needed"]]
    assert all(one["zh"] and one["en"] and one["version"] == 1 for one in told)


def test_a_consent_is_given_and_withdrawn_in_one_call_each(web: Web) -> None:
    """What is given holds until it is withdrawn; both stay on record, and can be given again."""
    who, token = person(web)
    path = f"/members/{who}/consents"
    assert ["photos", "publish_name"] == web.made(
        path, token, {"purposes": ["publish_name", "photos"]}
    )["purposes"]
    web.made(f"{path}/photos/withdraw", token, {})
    assert ["photos", "publish_name"] == web.made(path, token, {"purposes": ["photos"]})["purposes"]
    rows = [(one["purpose"], one["in_force"]) for one in web.get(path, token).json()]
    assert [("photos", False), ("photos", True), ("publish_name", True)] == sorted(rows)


def test_giving_twice_writes_one_row(web: Web) -> None:
    """What is in force stays as it was given; a replay and a repetition add nothing."""
    who, token = person(web)
    path = f"/members/{who}/consents"
    for key in ("consent-key-000001", "consent-key-000001", "consent-key-000002"):
        body = {"purposes": ["photos"]}
        assert 200 == web.post(path, token, body, key=key).status_code
    assert 1 == len(web.get(path, token).json())


def test_a_new_wording_asks_anew(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consent to older words is not one to the new."""
    who, token = person(web)
    web.made(f"/members/{who}/consents", token, {"purposes": ["photos"]})
    newer = consents.Purpose("photos", 2, "新", "new")
    monkeypatch.setattr(consents, "PURPOSES", {**consents.PURPOSES, "photos": newer})
    assert not web.database.read(web.bank.bank_id, lambda v: consents.in_force(v, who, "photos"))
    web.made(f"/members/{who}/consents", token, {"purposes": ["photos"]})
    assert web.database.read(web.bank.bank_id, lambda v: consents.in_force(v, who, "photos"))


def test_what_is_not_given_cannot_be_withdrawn(web: Web) -> None:
    """Withdrawing something that is not in force is refused by name."""
    who, token = person(web)
    answer = web.post(f"/members/{who}/consents/photos/withdraw", token, {})
    assert (404, "consent-not-found") == (answer.status_code, slug_of(answer))


def test_withdrawing_the_needed_consent_says_that_it_closes(web: Web) -> None:
    """The first call says what it leads to and changes nothing, the second one is meant."""
    who, token = person(web)
    path = f"/members/{who}/consents"
    web.made(path, token, {"purposes": ["service"]})
    answer = web.post(f"{path}/service/withdraw", token, {})
    assert (409, "withdrawal-closes") == (answer.status_code, slug_of(answer))
    assert [True] == [one["in_force"] for one in web.get(path, token).json()]
    done = web.made(f"{path}/service/withdraw", token, {"understood": True})
    assert done["leads_to_closing"]
    assert [False] == [one["in_force"] for one in web.get(path, token).json()]


def test_nobody_agrees_for_somebody_else(web: Web) -> None:
    """To another member there is no such member; staff of another community have no say."""
    who, _ = person(web)
    _, other = person(web)
    path, body = f"/members/{who}/consents", {"purposes": ["photos"]}
    assert 404 == web.post(path, other, body).status_code
    assert 404 == web.get(path, other).status_code
    elsewhere = web.token(Role.ORGANISER, community_id=web.community())
    assert 403 == web.post(path, elsewhere, body).status_code
    assert 403 == web.post(path, web.auditor, body).status_code
    assert [] == web.get(path, web.auditor).json()


def test_a_child_agrees_through_a_guardian_only(web: Web) -> None:
    """The office names an active adult; from then on the guardian gives and withdraws, too."""
    child, token = person(web, "2015-06-01")
    guardian, hers = person(web, "1985-06-01")
    teen, _ = person(web, "2009-06-01")
    unknown, _ = person(web)
    path, body = f"/members/{child}/consents", {"purposes": ["publish_name"]}
    assert "guardian-needed" == slug_of(web.post(path, token, body))
    assert "guardian-needed" == slug_of(web.post(path, web.organiser, body))
    assert 404 == web.post(path, hers, body).status_code
    for unfit in (teen, unknown):
        answer = web.post(path, web.organiser, body | {"guardian_id": unfit})
        assert "guardian-unfit" == slug_of(answer)
    web.made(path, web.organiser, body | {"guardian_id": guardian})
    assert [guardian] == [one["guardian_id"] for one in web.get(path, hers).json()]
    web.made(path, hers, {"purposes": ["photos"]})
    web.made(f"{path}/publish_name/withdraw", hers, {})
    web.made(f"{path}/photos/withdraw", token, {})
    assert [False, False] == [one["in_force"] for one in web.get(path, token).json()]


def test_a_suspended_guardian_agrees_to_nothing(web: Web) -> None:
    """A guardian has to be active when they agree."""
    child, _ = person(web, "2015-06-01")
    guardian, _ = person(web, "1985-06-01")
    web.made(f"/members/{guardian}/suspend", web.organiser)
    body = {"purposes": ["photos"], "guardian_id": guardian}
    answer = web.post(f"/members/{child}/consents", web.organiser, body)
    assert "guardian-unfit" == slug_of(answer)


def test_a_guardian_has_no_say_any_more_at_fourteen(web: Web) -> None:
    """On the fourteenth birthday the member decides alone, and what was agreed to still holds."""
    child, token = person(web, "2012-03-02")
    guardian, hers = person(web, "1985-06-01")
    path = f"/members/{child}/consents"
    body = {"purposes": ["photos"], "guardian_id": guardian}
    web.clock.set(web.clock.now().replace(year=2026, month=3, day=1, hour=4))
    web.made(path, web.organiser, body)
    web.clock.advance(hours=24)
    assert 404 == web.get(path, hers).status_code
    web.made(path, token, {"purposes": ["publish_name"]})
    assert [guardian, None] == [one["guardian_id"] for one in web.get(path, token).json()]
    assert [True, True] == [one["in_force"] for one in web.get(path, token).json()]


def test_a_ranking_shows_a_whole_name_only_to_whom_it_was_agreed(web: Web) -> None:
    """Publishing a name asks for its own consent, and stops when that is withdrawn."""
    who, token = web.earned(10)
    year = web.clock.now().year

    def shown() -> list[str]:
        rows = web.get(f"/periods/{year}/rankings/XYB/preview", token).json()
        return [one["name"] for one in rows]

    assert ["张*"] == shown()
    web.made(f"/members/{who}/consents", token, {"purposes": ["service", "photos"]})
    assert ["张*"] == shown()
    web.made(f"/members/{who}/consents", token, {"purposes": ["publish_name"]})
    assert ["张三"] == shown()
    web.made(f"/members/{who}/consents/publish_name/withdraw", token, {})
    assert ["张*"] == shown()


def test_consents_are_read_back_from_the_database(web: Web) -> None:
    """Whoever may publish a name is said member by member."""
    one, token = person(web)
    other, _ = person(web)
    web.made(f"/members/{one}/consents", token, {"purposes": ["publish_name"]})
    assert {one} == web.database.read(
        web.bank.bank_id, lambda view: consents.may_publish_name(view, [one, other])
    )
    assert {one: "张三丰", other: "张*"} == web.database.read(
        web.bank.bank_id, lambda view: consents.public_names(view, [one, other])
    )
