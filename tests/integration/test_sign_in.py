"""Residents sign in, their devices, and what a stranger's browser gets: nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor
from creditbank.identity import devices as devices_of_members
from creditbank.identity import one_time_codes
from creditbank.identity.one_time_codes import Proven
from creditbank.identity.roles import Role
from creditbank.identity.sign_in_errors import ProofOver
from creditbank.identity.sittings import sittings
from creditbank.notices import notices
from creditbank.people.errors import OtherCommunity
from tests import web
from tests.residents import OTHER_PHONE, PHONE, PIN, THIRD_PHONE, Device, Outbox, resident
from tests.web import Web, new_key


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


@pytest.fixture
def outbox(api: Web, tmp_path: Path) -> Outbox:
    """The texts that the bank sends."""
    return Outbox(api, tmp_path / "outbox.jsonl")


def slug(answer: Response) -> tuple[int, str]:
    """Status and name of a refusal."""
    return answer.status_code, answer.json().get("type", "").removeprefix("/problems/")


def told(api: Web, kind: str) -> int:
    """How many notices of a kind there are."""
    query = notices.select().where(notices.c.bank_id == api.bank.bank_id, notices.c.kind == kind)
    return len(api.database.read(api.bank.bank_id, lambda view: view.rows(query)))


# Signing in ------------------------------------------------------------------------------------


def test_a_member_signs_in_with_a_code(api: Web, outbox: Outbox) -> None:
    """The code comes to the phone, the cookie opens the member's own pages, and who it is shows."""
    member_id = resident(api)
    phone = Device(outbox)
    done = phone.sign_in()
    assert (member_id, False, None) == (done["member_id"], done["new_device"], done["proof"])
    assert 200 == phone.get(f"/members/{member_id}").status_code
    sitting = phone.get("/sitting").json()
    assert (member_id, ["member"], phone.csrf) == (
        sitting["holder_id"],
        sitting["roles"],
        sitting["csrf"],
    )
    assert [(True, "手机")] == [(one["this"], one["device"]) for one in sitting["devices"]]


def test_the_cookie_is_out_of_reach(api: Web, outbox: Outbox) -> None:
    """Over TLS the cookie is of this host only, secure, no script's; plain http does without."""
    resident(api)
    for base, name, secure in (
        ("http://testserver", "cb-trust=", False),
        ("https://testserver", "__Host-cb-trust=", True),
    ):
        phone = Device(outbox)
        phone.client.base_url = base
        answer = phone.post("/sign-in", phone.typed(phone.ask()) | {"device": "手机"})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(name)
        assert secure == ("; Secure" in cookie)
        assert all(part in cookie for part in ("; HttpOnly", "; SameSite=lax", "; Path=/"))
        assert "Domain" not in cookie
        assert "no-store" == answer.headers["cache-control"]
        api.clock.advance(minutes=1)


def test_asking_tells_nobody_who_is_known(api: Web, outbox: Outbox) -> None:
    """Known or not, the same fields come back and a text is sent."""
    resident(api, PHONE)
    known, unknown = (Device(outbox).ask(phone) for phone in (PHONE, OTHER_PHONE))
    assert known.keys() == unknown.keys() == {"attempt_id", "resend_at", "ends_at"}
    assert known["resend_at"] == unknown["resend_at"]
    assert (1, 1) == (len(outbox.texts(PHONE)), len(outbox.texts(OTHER_PHONE)))


def test_a_stranger_gets_a_proof_and_no_cookie(outbox: Outbox) -> None:
    """A right code of a phone that is nobody's leads to joining, with the same status."""
    stranger = Device(outbox)
    done = stranger.sign_in(OTHER_PHONE)
    assert (None, None) == (done["member_id"], done["csrf"])
    assert done["proof"].startswith("att_")
    assert 401 == stranger.get("/sitting").status_code
    assert 0 == len(stranger.client.cookies)


def test_signing_in_leaves_no_proof_behind(api: Web, outbox: Outbox) -> None:
    """A code that signed a member in cannot be used for joining, too."""
    resident(api)
    phone = Device(outbox)
    asked = phone.ask()
    phone.post("/sign-in", phone.typed(asked) | {"device": "手机"})
    proven = Proven(asked["attempt_id"], api.clock.now())
    bank_id = api.bank.bank_id
    proof = api.database.read(bank_id, lambda view: one_time_codes.proof_of(view, proven))
    with pytest.raises(ProofOver):
        api.database.read(
            bank_id, lambda v: one_time_codes.look_at_proof(v, proof=proof, phone=PHONE)
        )


def test_a_wrong_code_is_counted_through_the_api(api: Web, outbox: Outbox) -> None:
    """Five wrong codes, each with a key of its own, and the right one is refused."""
    resident(api)
    phone = Device(outbox)
    right = phone.typed(phone.ask()) | {"device": "手机"}
    wrong = right | {"code": f"{(int(right['code']) + 1) % 10**6:06d}"}
    slugs = [slug(phone.post("/sign-in", wrong)) for _ in range(5)]
    assert [(409, "sign-in-code-wrong")] * 4 + [(409, "sign-in-code-tries-over")] == slugs
    assert (409, "sign-in-code-tries-over") == slug(phone.post("/sign-in", right))


def test_a_copy_of_a_sign_in_gives_the_same_cookie(api: Web, outbox: Outbox) -> None:
    """After a lost answer the same request brings the same sitting, for some minutes."""
    resident(api)
    phone = Device(outbox)
    body, key = phone.typed(phone.ask()) | {"device": "手机"}, new_key()
    first, copy = (phone.post("/sign-in", body, key=key) for _ in range(2))
    assert (first.json(), first.headers["set-cookie"]) == (copy.json(), copy.headers["set-cookie"])
    assert 1 == len(phone.get("/sitting").json()["devices"])
    assert (410, "sign-in-code-over") == slug(Device(outbox).post("/sign-in", body))
    api.clock.advance(minutes=10)
    assert (410, "answer-gone") == slug(Device(outbox).post("/sign-in", body, key=key))


def test_a_copy_of_asking_sends_nothing_again(outbox: Outbox) -> None:
    """One key, one text."""
    phone, key = Device(outbox), new_key()
    first, copy = (phone.post("/sign-in/codes", {"phone": PHONE}, key=key) for _ in range(2))
    assert first.json() == copy.json()
    assert 1 == len(outbox.texts(PHONE))


def test_a_suspended_member_does_not_sign_in(api: Web, outbox: Outbox) -> None:
    """The code is used up all the same."""
    member_id = resident(api)
    api.made(f"/members/{member_id}/suspend", api.organiser)
    phone = Device(outbox)
    body = phone.typed(phone.ask()) | {"device": "手机"}
    assert (409, "member-suspended") == slug(phone.post("/sign-in", body))
    assert (410, "sign-in-code-over") == slug(phone.post("/sign-in", body))


def test_codes_and_phones_stand_in_no_log(
    api: Web, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Signing in, wrongly and rightly, writes neither the phone nor the code down."""
    resident(api)
    with caplog.at_level("DEBUG"):
        phone = Device(outbox)
        asked = phone.ask()
        phone.post("/sign-in", phone.typed(asked) | {"device": "手机", "code": "000000"})
        phone.post("/sign-in", phone.typed(asked) | {"device": "手机"})
    own = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx2"))
    assert PHONE not in own
    assert outbox.code(PHONE) not in own


@pytest.mark.parametrize(
    "body",
    [
        {"phone": 13800000001},
        {"phone": ""},
        {"phone": "13800000001", "bank_id": 1},
        {"phone": "１３８０００００００１"},
        {},
    ],
)
def test_a_form_that_is_filled_in_wrong_asks_for_nothing(outbox: Outbox, body: object) -> None:
    """422, and no text is sent."""
    assert 422 == Device(outbox).post("/sign-in/codes", body).status_code
    assert [] == outbox.texts(PHONE)


def test_anonymous_writes_carry_a_key(outbox: Outbox) -> None:
    """Without a key nothing is sent."""
    answer = Device(outbox).client.post("/v1/b/trust/sign-in/codes", json={"phone": PHONE})
    assert (400, "key-missing") == slug(answer)
    assert [] == outbox.texts(PHONE)


def test_one_address_asks_for_few_codes(outbox: Outbox) -> None:
    """The eleventh request of an address within a minute has to wait, whatever the phone."""
    phone = Device(outbox)
    answers = [
        phone.post("/sign-in/codes", {"phone": f"1380000{n:04d}"}).status_code for n in range(11)
    ]
    assert [200] * 10 + [429] == answers


# Cookies ---------------------------------------------------------------------------------------


def test_a_cookie_of_nowhere_is_nobody(api: Web, outbox: Outbox) -> None:
    """A made-up cookie, and that of another bank, are 401."""
    resident(api)
    phone = Device(outbox)
    phone.sign_in()
    api.found("other", "另一社")
    forged = Device(outbox)
    forged.client.cookies.set("cb-trust", "0" * 64)
    assert (401, "token-unknown") == slug(forged.get("/sitting"))
    secret = phone.client.cookies["cb-trust"]
    moved = Device(outbox, "other")
    moved.client.cookies.set("cb-other", secret)
    assert (401, "token-unknown") == slug(moved.get("/sitting"))


def test_a_cookie_opens_no_other_members_pages(api: Web, outbox: Outbox) -> None:
    """To a member everyone else is a 404: pages, devices, PIN and phone."""
    resident(api)
    other = resident(api, OTHER_PHONE)
    phone = Device(outbox)
    phone.sign_in()
    for path in ("", "/devices", "/pin"):
        assert 404 == phone.get(f"/members/{other}{path}").status_code
    assert 404 == phone.post(f"/members/{other}/devices/end-others").status_code
    assert 404 == phone.put(f"/members/{other}/pin", {"pin": PIN}).status_code
    assert 404 == phone.post(f"/members/{other}/phone/cancel").status_code


def unsafe(member_id: str, sitting_id: str) -> list[tuple[str, str, object]]:
    """Every write of a signed-in member in these rooms."""
    form = {"attempt_id": f"att_{'0' * 26}", "phone": OTHER_PHONE, "code": "000000"}
    of = f"/members/{member_id}"
    return [
        ("POST", "/sign-out", None),
        ("POST", f"{of}/devices/end-others", None),
        ("POST", f"{of}/devices/{sitting_id}/end", None),
        ("POST", f"{of}/phone", form),
        ("POST", f"{of}/phone/cancel", None),
        ("PUT", f"{of}/pin", {"pin": PIN}),
        ("POST", f"{of}/pin/reset/cancel", None),
    ]


def test_a_write_by_cookie_knows_the_sittings_word(api: Web, outbox: Outbox) -> None:
    """No word, another sitting's word, or another site's page: 403, and nothing changes."""
    member_id = resident(api)
    phone, second = Device(outbox), Device(outbox)
    phone.sign_in()
    api.clock.advance(minutes=1)
    second.sign_in()
    sitting_id = phone.get("/sitting").json()["devices"][0]["sitting_id"]
    for method, path, body in unsafe(member_id, sitting_id):
        for csrf in ("", second.csrf, "0" * 64):
            phone.csrf, kept = csrf, phone.csrf
            assert (403, "cross-site") == slug(phone.send(method, path, body)), path
            phone.csrf = kept
        crossing = phone.send(method, path, body, Sec_Fetch_Site="cross-site")
        assert (403, "cross-site") == slug(crossing), path
    assert 2 == len(phone.get("/sitting").json()["devices"])
    assert not phone.get(f"/members/{member_id}/pin").json()["is_set"]


def test_another_sites_page_asks_for_nothing(api: Web, outbox: Outbox) -> None:
    """A page of another site neither sends codes nor signs anybody in."""
    resident(api)
    phone = Device(outbox)
    body = {"phone": PHONE}
    crossing = phone.send("POST", "/sign-in/codes", body, Sec_Fetch_Site="cross-site")
    assert (403, "cross-site") == slug(crossing)
    form = phone.typed(phone.ask()) | {"device": "手机"}
    crossing = phone.send("POST", "/sign-in", form, Sec_Fetch_Site="same-site")
    assert (403, "cross-site") == slug(crossing)
    assert 200 == phone.post("/sign-in", form).status_code


# The end of a sitting --------------------------------------------------------------------------


def test_a_sitting_is_dead_after_sign_out(api: Web, outbox: Outbox) -> None:
    """The cookie goes, and one that was kept opens nothing."""
    resident(api)
    phone = Device(outbox)
    phone.sign_in()
    secret = phone.client.cookies["cb-trust"]
    answer = phone.post("/sign-out")
    assert 200 == answer.status_code
    assert 'cb-trust=""' in answer.headers["set-cookie"]
    phone.client.cookies.set("cb-trust", secret)
    assert (401, "token-unknown") == slug(phone.get("/sitting"))


def test_a_sitting_is_dead_when_its_member_is_suspended(api: Web, outbox: Outbox) -> None:
    """At once, and alive again with them."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    api.made(f"/members/{member_id}/suspend", api.organiser)
    assert (403, "caller-suspended") == slug(phone.get("/sitting"))
    api.made(f"/members/{member_id}/reinstate", api.organiser)
    assert 200 == phone.get("/sitting").status_code


def test_a_device_ends_another_and_all_others(api: Web, outbox: Outbox) -> None:
    """One by one, or all but the own one; dead at once."""
    member_id = resident(api)
    devices = [Device(outbox) for _ in range(4)]
    for device in devices:
        device.sign_in()
        api.clock.advance(minutes=1)
    own, *others = devices
    listed = own.get(f"/members/{member_id}/devices").json()["items"]
    ended = next(one["sitting_id"] for one in listed if not one["this"])
    answer = own.post(f"/members/{member_id}/devices/{ended}/end")
    assert ended == answer.json()["sitting_id"]
    assert 2 == sum(one.get("/sitting").status_code == 200 for one in others)
    assert (404, "sitting-not-found") == slug(own.post(f"/members/{member_id}/devices/{ended}/end"))
    assert 200 == own.post(f"/members/{member_id}/devices/end-others").status_code
    assert [401] * 3 == [one.get("/sitting").status_code for one in others]
    assert 200 == own.get("/sitting").status_code


def test_the_office_signs_out_whoever_lost_a_phone(api: Web, outbox: Outbox) -> None:
    """Office staff of the member's community may; others' staff and auditors may not."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    path = f"/members/{member_id}/devices/end-others"
    elsewhere = api.token(Role.ORGANISER, community_id=api.community())
    assert (403, "other-community") == slug(api.post(path, elsewhere))
    assert (403, "role-denied") == slug(api.post(path, api.auditor))
    assert 200 == phone.get("/sitting").status_code
    api.made(path, api.organiser)
    assert 401 == phone.get("/sitting").status_code


def test_the_engine_keeps_staff_within_their_communities(api: Web) -> None:
    """Whatever route asks: who works elsewhere signs nobody out."""
    member_id, key = resident(api), new_key()
    elsewhere = Actor("stf_far", Role.ORGANISER, communities=(api.community(),))
    with pytest.raises(OtherCommunity):
        api.database.write(
            api.bank.bank_id,
            elsewhere,
            lambda unit: devices_of_members.end_others(unit, holder_id=member_id, key=key),
        )


# New devices -----------------------------------------------------------------------------------


def test_a_second_device_is_new_for_a_day(api: Web, outbox: Outbox) -> None:
    """The first one ever is not; the second one is, its owner is told, and after a day it isn't."""
    resident(api)
    first, second = Device(outbox), Device(outbox)
    assert not first.sign_in()["new_device"]
    assert 0 == told(api, "new-device")
    api.clock.advance(minutes=1)
    assert second.sign_in()["new_device"]
    assert 1 == told(api, "new-device")
    listed = {one["this"]: one["new"] for one in second.get("/sitting").json()["devices"]}
    assert {True: True, False: False} == listed
    api.clock.advance(hours=24)
    assert [False, False] == [one["new"] for one in second.get("/sitting").json()["devices"]]


def test_the_first_device_of_an_old_resident_is_new(api: Web, outbox: Outbox) -> None:
    """Whoever has been a member, and may have points, is careful with the first phone, too."""
    resident(api)
    api.clock.advance(hours=24)
    assert Device(outbox).sign_in()["new_device"]


def test_signing_out_makes_no_device_the_first_again(api: Web, outbox: Outbox) -> None:
    """Whoever takes the number over after the first device is gone is new."""
    resident(api)
    first, thief = Device(outbox), Device(outbox)
    first.sign_in()
    first.post("/sign-out")
    api.clock.advance(minutes=1)
    assert thief.sign_in()["new_device"]


# Changing the phone ----------------------------------------------------------------------------


def test_a_code_alone_changes_no_phone(api: Web, outbox: Outbox) -> None:
    """On a young device, and without the PIN, the phone stays."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    asked = phone.ask(OTHER_PHONE)
    answer = phone.post(f"/members/{member_id}/phone", phone.typed(asked, OTHER_PHONE))
    assert (403, "phone-change-unproven") == slug(answer)
    api.clock.advance(minutes=1)
    assert member_id == Device(outbox).sign_in(PHONE)["member_id"]
    assert None is Device(outbox).sign_in(OTHER_PHONE)["member_id"]


def test_the_pin_and_a_code_change_the_phone(api: Web, outbox: Outbox) -> None:
    """The new phone signs in, the old one is nobody's, and other devices are signed out."""
    member_id = resident(api)
    phone, other = Device(outbox), Device(outbox)
    phone.sign_in()
    phone.put(f"/members/{member_id}/pin", {"pin": PIN})
    api.clock.advance(minutes=1)
    other.sign_in()
    body = phone.typed(phone.ask(OTHER_PHONE), OTHER_PHONE)
    wrong = phone.post(f"/members/{member_id}/phone", body | {"pin": "739185"})
    assert (409, "pin-wrong") == slug(wrong)
    key = new_key()
    for _ in range(2):  # the second one is a copy
        answer = phone.post(f"/members/{member_id}/phone", body | {"pin": PIN}, key=key)
        assert 200 == answer.status_code, answer.text
    assert (200, 401) == (phone.get("/sitting").status_code, other.get("/sitting").status_code)
    assert 1 == told(api, "phone-changed")
    api.clock.advance(minutes=1)
    assert None is Device(outbox).sign_in(PHONE)["member_id"]
    api.clock.advance(minutes=1)
    assert member_id == Device(outbox).sign_in(OTHER_PHONE)["member_id"]


def test_an_old_device_and_a_code_change_the_phone(api: Web, outbox: Outbox) -> None:
    """A device that has been signed in for a day needs no PIN; the code is needed all the same."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    api.clock.advance(hours=24)
    body = phone.typed(phone.ask(OTHER_PHONE), OTHER_PHONE)
    wrong = f"{(int(body['code']) + 1) % 10**6:06d}"
    answer = phone.post(f"/members/{member_id}/phone", body | {"code": wrong})
    assert (409, "sign-in-code-wrong") == slug(answer)
    assert 200 == phone.post(f"/members/{member_id}/phone", body).status_code


def test_the_old_phone_is_told_of_its_end(api: Web, outbox: Outbox) -> None:
    """Once, at the number that does not sign in any more."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    for number in (OTHER_PHONE, THIRD_PHONE):
        api.clock.advance(hours=24)
        body, key = phone.typed(phone.ask(number), number), new_key()
        for _ in range(2):  # the second one is a copy
            answer = phone.post(f"/members/{member_id}/phone", body, key=key)
            assert 200 == answer.status_code
    assert (2, 1) == (len(outbox.texts(OTHER_PHONE)), len(outbox.texts(THIRD_PHONE)))
    assert "手机号已更改" in outbox.texts(OTHER_PHONE)[-1]


def test_a_phone_of_another_member_is_taken(api: Web, outbox: Outbox) -> None:
    """Two members don't sign in with one phone."""
    member_id = resident(api)
    resident(api, OTHER_PHONE)
    phone = Device(outbox)
    phone.sign_in()
    api.clock.advance(hours=24)
    body = phone.typed(phone.ask(OTHER_PHONE), OTHER_PHONE)
    assert (409, "phone-taken") == slug(phone.post(f"/members/{member_id}/phone", body))


def test_the_office_writes_a_phone_down_for_tomorrow(api: Web, outbox: Outbox) -> None:
    """The old phone works until the new one does; then all devices are signed out."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    body = {"phone": OTHER_PHONE, "reason": "旧号停用", "identity": "身份证"}
    api.made(f"/members/{member_id}/phone/at-office", api.organiser, body)
    assert 1 == told(api, "phone-coming")
    api.clock.advance(minutes=1)
    assert None is Device(outbox).sign_in(OTHER_PHONE)["member_id"]
    assert member_id == Device(outbox).sign_in(PHONE)["member_id"]
    api.clock.advance(hours=24)
    assert None is Device(outbox).sign_in(PHONE)["member_id"]
    assert 200 == phone.get("/sitting").status_code
    assert member_id == Device(outbox).sign_in(OTHER_PHONE)["member_id"]
    assert 401 == phone.get("/sitting").status_code


def test_a_phone_that_nobody_takes_up_is_void_after_a_week(api: Web, outbox: Outbox) -> None:
    """A mistyped number never lets its owner in, and is theirs to join with; the old one works."""
    member_id = resident(api)
    body = {"phone": OTHER_PHONE, "reason": "旧号停用", "identity": "身份证"}
    api.made(f"/members/{member_id}/phone/at-office", api.organiser, body)
    api.clock.advance(days=8)
    joining = Device(outbox).sign_in(OTHER_PHONE)
    assert (None, True) == (joining["member_id"], bool(joining["proof"]))
    assert member_id == Device(outbox).sign_in(PHONE)["member_id"]
    stranger = resident(api, OTHER_PHONE)
    api.clock.advance(minutes=1)
    assert stranger == Device(outbox).sign_in(OTHER_PHONE)["member_id"]


def test_a_member_cancels_the_phone_that_the_office_wrote_down(api: Web, outbox: Outbox) -> None:
    """What was not theirs never takes effect."""
    member_id = resident(api)
    phone = Device(outbox)
    phone.sign_in()
    body = {"phone": OTHER_PHONE, "reason": "旧号停用", "identity": "身份证"}
    api.made(f"/members/{member_id}/phone/at-office", api.organiser, body)
    assert 200 == phone.post(f"/members/{member_id}/phone/cancel").status_code
    assert (404, "no-phone-coming") == slug(phone.post(f"/members/{member_id}/phone/cancel"))
    api.clock.advance(hours=25)
    assert None is Device(outbox).sign_in(OTHER_PHONE)["member_id"]
    assert member_id == Device(outbox).sign_in(PHONE)["member_id"]


def test_only_the_office_of_the_community_writes_a_phone_down(api: Web, outbox: Outbox) -> None:
    """Other communities' staff, auditors and the member themselves are refused."""
    member_id = resident(api)
    path = f"/members/{member_id}/phone/at-office"
    body = {"phone": OTHER_PHONE, "reason": "旧号停用", "identity": "身份证"}
    elsewhere = api.token(Role.ORGANISER, community_id=api.community())
    assert (403, "other-community") == slug(api.post(path, elsewhere, body))
    assert (403, "role-denied") == slug(api.post(path, api.auditor, body))
    phone = Device(outbox)
    phone.sign_in()
    assert (403, "role-denied") == slug(phone.post(path, body))


def test_no_secret_lies_in_the_table_of_sittings(api: Web, outbox: Outbox) -> None:
    """The table keeps a hash of the cookie only."""
    resident(api)
    phone = Device(outbox)
    phone.sign_in()
    query = sittings.select().where(sittings.c.bank_id == api.bank.bank_id)
    rows = api.database.read(api.bank.bank_id, lambda view: view.rows(query))
    assert phone.client.cookies["cb-trust"] not in str(rows)
