"""Joining: a proven phone applies, a worker admits; a row of the roster is taken over."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from creditbank.core import counters
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Declined, View
from creditbank.identity import joining, one_time_codes, phones, rosters
from creditbank.identity.errors import NameOther, NameTriesOver
from creditbank.identity.roles import Role
from creditbank.identity.sign_in_errors import OwnService
from creditbank.notices import notices
from creditbank.people import consents, members
from creditbank.people.members import MemberKind, Status
from tests.residents import OTHER_PHONE, PHONE, Device, Outbox, resident
from tests.society import outcomes
from tests.web import Web, new_key, opened

NAME, OTHER_NAME = "欧阳金丝雀", "王五"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


@pytest.fixture
def outbox(web: Web, tmp_path: Path) -> Outbox:
    """The texts that the bank sends."""
    return Outbox(web, tmp_path / "outbox.jsonl")


def slug_of(answer: Any) -> str:
    """What went wrong."""
    return str(answer.json()["type"].rsplit("/", 1)[-1])


def proven(outbox: Outbox, phone: str = PHONE) -> tuple[Device, str]:
    """A device whose phone is nobody's here, and the proof that it is theirs."""
    device = Device(outbox)
    return device, str(device.sign_in(phone)["proof"])


def form(web: Web, proof: str, **changes: Any) -> dict[str, Any]:
    """An application filled in right."""
    whole = {
        "proof": proof,
        "phone": PHONE,
        "name": NAME,
        "community_id": web.community(),
        "purposes": ["service"],
        "device": "我的手机",
    }
    return whole | changes


def applied(web: Web, outbox: Outbox, **changes: Any) -> tuple[str, Device]:
    """Somebody who applied; returns the id and the device."""
    device, proof = proven(outbox, changes.get("phone", PHONE))
    answer = device.post("/join", form(web, proof, **changes))
    assert 201 == answer.status_code, answer.text
    device.csrf = answer.json()["csrf"]
    return str(answer.json()["member_id"]), device


def on_roster(web: Web, name: str = NAME, phone: str = PHONE, **more: Any) -> str:
    """Take someone in at the office who has proven nothing; returns the id."""
    body = {"name": name, "phone": phone, "community_id": web.community()} | more
    return str(web.made("/members", web.organiser, body)["member_id"])


def status_of(web: Web, member_id: str) -> Status:
    """A member's status."""
    return web.database.read(web.bank.bank_id, lambda v: members.find(v, member_id)).status


def told(web: Web, member_id: str) -> list[str]:
    """The kinds of notices that a member was told."""

    def look(view: View) -> list[str]:
        of = notices.c
        rows = view.rows(
            select(of.kind).where(of.bank_id == view.bank_id, of.member_id == member_id)
        )
        return sorted(row.kind for row in rows)

    return web.database.read(web.bank.bank_id, look)


# Applying ----------------------------------------------------------------------------------------


def test_a_proven_phone_applies_and_one_tap_admits(web: Web, outbox: Outbox) -> None:
    """Whoever applied is signed in and waits; the worker sees them masked and admits."""
    who, device = applied(web, outbox)
    assert "applied" == device.get(f"/members/{who}").json()["status"]
    waits = web.get("/applications", web.organiser).json()["items"]
    assert [(who, "欧*", [])] == [(one["member_id"], one["name"], one["alike"]) for one in waits]
    assert "active" == web.made(f"/members/{who}/admit", web.organiser)["status"]
    assert [] == web.get("/applications", web.organiser).json()["items"]
    assert "admitted" in told(web, who)
    again = Device(outbox)
    web.clock.advance(seconds=61)
    assert who == again.sign_in()["member_id"]


def test_who_waits_cannot_act_yet(web: Web, outbox: Outbox) -> None:
    """An applicant claims nothing before the admission, and can afterwards."""
    who, device = applied(web, outbox)
    task = web.publish()
    assert "member-suspended" == slug_of(device.post(f"/tasks/{task}/claims", {}))
    web.made(f"/members/{who}/admit", web.organiser)
    assert device.post(f"/tasks/{task}/claims", {}).status_code in {200, 201}


def test_a_copy_of_the_form_makes_one_member(web: Web, outbox: Outbox) -> None:
    """The same key gives the same member and a cookie that works; the proof is used up."""
    device, proof = proven(outbox)
    body, key = form(web, proof), new_key()
    first, second = (device.post("/join", body, key=key) for _ in range(2))
    assert first.json() == second.json()
    assert "sign-in-proof-over" == slug_of(device.post("/join", body))
    count = web.database.read(web.bank.bank_id, lambda v: len(members.listing(v).members))
    assert 1 == count


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"purposes": ["photos"]}, "consent-missing"),
        ({"born_on": "2016-01-01"}, "guardian-needed"),
        ({"community_id": "com_" + "0" * 26}, "community-not-found"),
        ({"phone": OTHER_PHONE}, "sign-in-proof-over"),
        ({"proof": "att_" + "0" * 26 + "." + "0" * 64}, "sign-in-proof-over"),
    ],
)
def test_a_form_that_cannot_be_accepted_leaves_nothing(
    web: Web, outbox: Outbox, changes: dict[str, Any], problem: str
) -> None:
    """A refusal names what is wrong, makes no row, and the proof is as good as before."""
    device, proof = proven(outbox)
    body = form(web, proof)
    assert problem == slug_of(device.post("/join", body | changes))
    assert [] == web.get("/applications", web.organiser).json()["items"]
    assert 201 == device.post("/join", body).status_code


def test_an_unknown_field_is_no_form(web: Web, outbox: Outbox) -> None:
    """Nobody applies as already admitted, or with points."""
    device, proof = proven(outbox)
    for extra in ({"status": "active"}, {"balance": 100}, {"role": "operator"}, {"id": "x"}):
        assert 422 == device.post("/join", form(web, proof) | extra).status_code


def test_a_refusal_has_a_reason_that_is_sealed(web: Web, outbox: Outbox) -> None:
    """The refused is signed out, the phone is free again, and the reason lies in no plain text."""
    who, device = applied(web, outbox)
    answer = web.post(f"/members/{who}/refuse", web.organiser, {})
    assert 422 == answer.status_code
    web.made(f"/members/{who}/refuse", web.organiser, {"reason": "金丝雀理由"})
    assert 401 == device.get(f"/members/{who}").status_code
    assert "refused" in told(web, who)
    assert "state-conflict" == slug_of(web.post(f"/members/{who}/admit", web.organiser))
    for table in ("deed", "idempotency_key", "notice", "member", "person"):
        kept = web.database.read(web.bank.bank_id, lambda v, of=table: _rows(v, of))  # type: ignore[misc]
        assert "金丝雀" not in kept
        assert PHONE not in kept
    web.clock.advance(seconds=61)
    other, _ = applied(web, outbox)
    assert other != who


def _rows(view: View, table: str) -> str:
    rows = view.connection.execute(
        text(f"SELECT * FROM {table} WHERE bank_id = :bank_id"), {"bank_id": view.bank_id}
    )
    return str(rows.all())


def test_a_worker_admits_in_their_own_community(web: Web, outbox: Outbox) -> None:
    """A role elsewhere sees nobody and admits nobody; who has no such right neither."""
    who, device = applied(web, outbox)
    elsewhere = web.token(Role.ORGANISER, community_id=web.community())
    assert [] == web.get("/applications", elsewhere).json()["items"]
    assert 403 == web.post(f"/members/{who}/admit", elsewhere).status_code
    assert 403 == web.post(f"/members/{who}/refuse", elsewhere, {"reason": "x"}).status_code
    for token in (web.operator, web.treasurer, web.auditor):
        assert 403 == web.post(f"/members/{who}/admit", token).status_code
    assert 403 == device.post(f"/members/{who}/admit").status_code
    assert Status.APPLIED == status_of(web, who)


def test_nobody_admits_themselves(web: Web, outbox: Outbox) -> None:
    """A worker's own application waits for another worker."""
    who, _ = applied(web, outbox)
    own = Actor("stf_own", "organiser", who)
    for decide in (
        partial(joining.admit, member_id=who),
        partial(joining.refuse, member_id=who, reason="x"),
    ):
        with pytest.raises(OwnService):
            web.database.write(web.bank.bank_id, own, partial(decide, key=new_key()))
    assert Status.APPLIED == status_of(web, who)


def test_a_withdrawn_consent_stops_the_admission(web: Web, outbox: Outbox) -> None:
    """Who takes the needed consent back before the admission is not admitted."""
    who, device = applied(web, outbox)
    device.post(f"/members/{who}/consents/service/withdraw", {"understood": True})
    assert "consent-missing" == slug_of(web.post(f"/members/{who}/admit", web.organiser))
    assert Status.APPLIED == status_of(web, who)


def test_a_membership_begins_on_the_day_of_admission(web: Web, outbox: Outbox) -> None:
    """What counts from joining counts from the admission, not from the form."""
    who, _ = applied(web, outbox, kind="visitor")
    web.clock.advance(hours=24 * 5)
    web.made(f"/members/{who}/admit", web.organiser)
    found = web.database.read(web.bank.bank_id, lambda v: members.find(v, who))
    today = web.database.read(web.bank.bank_id, lambda v: v.today)
    assert (today, MemberKind.VISITOR) == (found.joined_on, found.kind)


def test_the_office_takes_in_at_once_with_consents(web: Web) -> None:
    """At the office nobody waits; a child comes with a guardian."""
    guardian = on_roster(web, born_on="1980-01-01")
    body = {
        "name": "小明",
        "community_id": web.community(),
        "born_on": "2016-01-01",
        "purposes": ["service", "publish_name"],
    }
    assert "guardian-needed" == slug_of(web.post("/members", web.organiser, body))
    child = web.made("/members", web.organiser, body | {"guardian_id": guardian})["member_id"]
    assert Status.ACTIVE == status_of(web, child)
    agreed = web.database.read(web.bank.bank_id, lambda v: consents.history(v, child))
    assert [guardian, guardian] == [one.guardian_id for one in agreed]


# At a shop ---------------------------------------------------------------------------------------


def test_a_shop_puts_volunteers_down_only_when_it_may(web: Web) -> None:
    """The operator lets it; the person still waits for the community, and the phone is unproven."""
    merchant, _, _ = web.shop()
    owner = web.token(Role.SHOP_OWNER, merchant_id=merchant)
    body = {
        "name": NAME,
        "phone": PHONE,
        "community_id": web.community(),
        "purposes": ["service"],
    }
    path = f"/merchants/{merchant}"
    assert "not-registering" == slug_of(web.post(f"{path}/volunteers", owner, body))
    let = {"allowed": True}
    assert 403 == web.post(f"{path}/registers-volunteers", owner, let).status_code
    assert web.made(f"{path}/registers-volunteers", web.operator, let)["allowed"]
    who = str(web.made(f"{path}/volunteers", owner, body)["member_id"])
    assert Status.APPLIED == status_of(web, who)
    assert web.database.read(web.bank.bank_id, lambda v: phones.member_of(v, PHONE)) is None
    other, _, _ = web.shop()
    assert 404 == web.post(f"/merchants/{other}/volunteers", owner, body).status_code
    web.made(f"{path}/registers-volunteers", web.operator, {"allowed": False})
    assert "not-registering" == slug_of(web.post(f"{path}/volunteers", owner, body))


# Is this you? ------------------------------------------------------------------------------------


def test_a_couple_with_one_phone_is_offered_both(web: Web, outbox: Outbox) -> None:
    """Masked names and last digits; one of them takes a row over, without a second admission."""
    one, two = on_roster(web), on_roster(web, OTHER_NAME)
    on_roster(web, "别人", OTHER_PHONE)
    device, proof = proven(outbox)
    shown = device.post("/join/candidates", {"proof": proof, "phone": PHONE}).json()
    assert [(one, "欧*", "0001"), (two, "王*", "0001")] == sorted(
        ((row["member_id"], row["name"], row["tail"]) for row in shown),
        key=lambda row: [one, two].index(row[0]),
    )
    answer = device.post("/join/claim", claiming(proof, two, name=OTHER_NAME))
    assert 200 == answer.status_code, answer.text
    assert "active" == device.get(f"/members/{two}").json()["status"]
    assert web.database.read(web.bank.bank_id, lambda v: consents.in_force(v, two, "service"))
    assert "roster-claimed" in told(web, two)
    web.clock.advance(seconds=61)
    assert two == Device(outbox).sign_in()["member_id"]


def claiming(proof: str, member_id: str, **changes: Any) -> dict[str, Any]:
    """A form that says who of the roster somebody is."""
    whole = {
        "proof": proof,
        "phone": PHONE,
        "member_id": member_id,
        "name": NAME,
        "purposes": ["service"],
        "device": "我的手机",
    }
    return whole | changes


def test_a_wrong_name_counts_and_three_end_it(web: Web, outbox: Outbox) -> None:
    """Tries are counted per proof, whichever row they are about; the right name comes too late."""
    one, two = on_roster(web), on_roster(web, OTHER_NAME)
    device, proof = proven(outbox)
    tried = [
        device.post("/join/claim", claiming(proof, who, name=name))
        for who, name in ((one, "欧阳"), (two, NAME), (one, "张三"), (one, NAME), (two, OTHER_NAME))
    ]
    assert ["name-other", "name-other", *["name-tries-over"] * 3] == [slug_of(a) for a in tried]
    assert [2, 1] == [answer.json()["left"] for answer in tried[:2]]
    kept = web.database.read(
        web.bank.bank_id,
        lambda v: [
            row.used
            for row in v.rows(
                select(counters.counters.c.used).where(
                    counters.counters.c.bank_id == v.bank_id,
                    counters.counters.c.what == "roster-name",
                )
            )
        ],
    )
    assert [3] == kept
    assert web.database.read(web.bank.bank_id, lambda v: phones.member_of(v, PHONE)) is None


def test_parallel_guesses_are_all_counted(web: Web, outbox: Outbox) -> None:
    """Thirty names at once with one proof: three were looked at, none got in."""
    who = on_roster(web)
    _, proof = proven(outbox)
    attempt = one_time_codes.attempt_of(proof)
    futures = [
        web.database.writer.submit(
            web.bank.bank_id,
            Actor(f"anon/{attempt}", "none"),
            lambda unit, n=n: rosters.claim(  # type: ignore[misc]
                unit, key=new_key(), **claiming(proof, who, name=f"名字{n}")
            ),
        )
        for n in range(30)
    ]
    done, refused = outcomes(futures)
    told_left = [one.error if isinstance(one, Declined) else one for one in done] + refused
    assert 2 == sum(isinstance(one, NameOther) for one in told_left)
    assert 28 == sum(isinstance(one, NameTriesOver) for one in told_left)


def test_only_rows_that_nobody_signed_in_as_are_offered(web: Web, outbox: Outbox) -> None:
    """Suspended, waiting and linked rows are neither shown nor taken; another phone's neither."""
    linked = resident(web, OTHER_PHONE)
    suspended, other = on_roster(web), on_roster(web, NAME, OTHER_PHONE)
    web.made(f"/members/{suspended}/suspend", web.organiser)
    device, proof = proven(outbox)
    body = {"proof": proof, "phone": PHONE}
    assert [] == device.post("/join/candidates", body).json()
    for who in (linked, suspended, other):
        answer = device.post("/join/claim", claiming(proof, who))
        assert (404, "not-on-roster") == (answer.status_code, slug_of(answer))


@pytest.mark.parametrize("still", [True, False])
def test_a_row_that_somebody_signed_in_as_is_not_offered(
    web: Web, outbox: Outbox, *, still: bool
) -> None:
    """Whoever signs in with another phone, or did once, keeps their row: the office can help."""
    who = on_roster(web)
    bank_id, office = web.bank.bank_id, Actor("stf_office", "organiser")
    web.database.write(bank_id, office, lambda u: phones.link(u, member_id=who, phone=OTHER_PHONE))
    if not still:
        assert who == Device(outbox).sign_in(OTHER_PHONE)["member_id"]
        web.database.write(bank_id, office, lambda u: phones.unlink(u, who))
    device, proof = proven(outbox)
    assert [] == device.post("/join/candidates", {"proof": proof, "phone": PHONE}).json()
    assert "not-on-roster" == slug_of(device.post("/join/claim", claiming(proof, who)))


def test_a_row_is_taken_over_once(web: Web, outbox: Outbox) -> None:
    """The second of a couple cannot take the same row, nor sign in as the first."""
    one = on_roster(web)
    device, proof = proven(outbox)
    body = claiming(proof, one)
    key = new_key()
    assert 200 == device.post("/join/claim", body, key=key).status_code
    assert 200 == device.post("/join/claim", body, key=key).status_code
    assert "sign-in-proof-over" == slug_of(device.post("/join/claim", body))
    assert "sign-in-proof-over" == slug_of(
        device.post("/join/candidates", {"proof": proof, "phone": PHONE})
    )


def test_taking_a_row_over_needs_the_consent(web: Web, outbox: Outbox) -> None:
    """An imported row has agreed to nothing; a child's row is for the office."""
    one = on_roster(web)
    child = on_roster(web, "小明", born_on="2016-01-01")
    device, proof = proven(outbox)
    answer = device.post("/join/claim", claiming(proof, one, purposes=["photos"]))
    assert "consent-missing" == slug_of(answer)
    answer = device.post("/join/claim", claiming(proof, child, name="小明"))
    assert "guardian-needed" == slug_of(answer)
    assert 200 == device.post("/join/claim", claiming(proof, one)).status_code


def test_a_worker_sees_who_may_be_twice_there(web: Web, outbox: Outbox) -> None:
    """An application tells which members have the same phone."""
    known = on_roster(web)
    who, _ = applied(web, outbox)
    waits = web.get("/applications", web.organiser).json()["items"]
    assert [(who, [known])] == [(one["member_id"], one["alike"]) for one in waits]
