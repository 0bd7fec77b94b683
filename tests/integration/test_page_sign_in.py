"""The ways in by page: residents by phone, the office by password or link, tills by code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.edge.cookies import Door
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import View
from creditbank.identity.roles import Role
from creditbank.people import consents, members
from creditbank.people.members import Status
from tests.integration.test_joining import on_roster
from tests.office import PHRASE, Desks, code_of
from tests.pages import Shown, Visitor
from tests.residents import OTHER_PHONE, PHONE, Outbox, resident
from tests.web import Web, new_key, opened

NAME = "欧阳金丝雀"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


@pytest.fixture
def outbox(web: Web, tmp_path: Path) -> Outbox:
    """The texts that the bank sends."""
    return Outbox(web, tmp_path / "outbox.jsonl")


@pytest.fixture
def phone(web: Web) -> Visitor:
    """A phone at which nobody is signed in."""
    return Visitor(web.client)


def asked(visitor: Visitor, phone: str = PHONE, path: str = "/sign-in", **query: str) -> Shown:
    """The page after a phone was typed."""
    return visitor.get(path, **query).form("/sign-in/codes").send(phone=phone)


def typed(visitor: Visitor, outbox: Outbox, phone: str = PHONE, **query: str) -> Shown:
    """The page after the right code was typed, too."""
    return asked(visitor, phone, **query).form("/sign-in/code").send(code=outbox.code(phone))


def cookie_of(visitor: Visitor, door: Door = Door.RESIDENT) -> str | None:
    """The secret of a door that a visitor holds."""
    return visitor.cookies.get(f"cb-trust{door}")


# Residents --------------------------------------------------------------------------------------


def test_a_member_signs_in_and_out(web: Web, outbox: Outbox, phone: Visitor) -> None:
    """Phone, code, and the device is signed in; signed out, its cookie is dead."""
    resident(web)
    shown = typed(phone, outbox)
    assert (200, "/b/trust/me") == (shown.status, shown.path)
    assert "已登录" in shown.text
    assert "/b/trust/me" == phone.get("/sign-in").path
    secret = cookie_of(phone)
    left = phone.get("/sign-out").form("/sign-out").send()
    assert "已退出登录" in left.text
    assert cookie_of(phone) is None
    old = Visitor(web.client, resident=secret or "")
    assert "/b/trust/sign-in" == old.get("/me").path


def test_the_cookie_of_a_page_is_out_of_reach(web: Web, outbox: Outbox, phone: Visitor) -> None:
    """Scripts don't read it, other sites don't send it, and over TLS no neighbour host sets it."""
    resident(web)
    said: list[str] = []
    for scheme, name in (("http", "cb-trust"), ("https", "__Host-cb-trust")):
        if said:
            web.clock.advance(seconds=61)
        base = f"{scheme}://testserver/b/trust"
        form = phone.get(f"{base}/sign-in").form("/sign-in/codes")
        waits = phone.post(f"{scheme}://testserver{form.action}", form.fields | {"phone": PHONE})
        code = waits.form("/sign-in/code")
        answer = web.client.post(
            f"{scheme}://testserver{code.action}",
            data=code.fields | {"code": outbox.code(PHONE)},
            headers=phone._headers(),
            follow_redirects=False,
        )
        (said_now,) = [
            one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")
        ]
        said.append(said_now.lower())
    for one in said:
        assert "httponly" in one
        assert "samesite=lax" in one
        assert "path=/" in one
        assert "domain=" not in one
    assert ["secure" in one for one in said] == [False, True]


def test_nothing_tells_whether_a_phone_is_known(web: Web, outbox: Outbox) -> None:
    """Until the code is typed a known and an unknown phone see the very same pages."""
    resident(web)
    known, unknown = (
        _without_words(asked(Visitor(web.client), one), one) for one in (PHONE, OTHER_PHONE)
    )
    assert known == unknown
    assert 1 == len(outbox.texts(PHONE)) == len(outbox.texts(OTHER_PHONE))
    wrong = [asked_wrong(web, one) for one in ("13700000005", "13700000006")]
    assert wrong[0] == wrong[1]


def _without_words(shown: Shown, phone: str) -> tuple[int, str, str]:
    """A page without its keys and its phone."""
    html = re.sub(r'(name="(key|csrf)" value=")[^"]*', "", shown.html)
    return shown.status, shown.path, html.replace(phone, "…")


def asked_wrong(web: Web, number: str) -> tuple[int, str]:
    """What a wrong code is answered."""
    shown = asked(Visitor(web.client), number).form("/sign-in/code").send(code="000000")
    return shown.status, shown.text


def test_the_phone_stands_in_no_address(outbox: Outbox, phone: Visitor) -> None:
    """Neither the phone nor the code, the attempt or the proof is ever part of an address."""
    shown = asked(phone, OTHER_PHONE)
    joined = shown.form("/sign-in/code").send(code=outbox.code(OTHER_PHONE))
    for one in (shown, joined):
        address = str(one.response.url)
        assert OTHER_PHONE not in address
        assert "att_" not in address


def test_a_wrong_code_is_counted_and_a_lost_one_told(outbox: Outbox, phone: Visitor) -> None:
    """What is wrong says how often one may still try; without an attempt one begins anew."""
    form = asked(phone).form("/sign-in/code")
    right = outbox.code(PHONE)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for left in (4, 3):
        refused = form.send(code=wrong, key=new_key())
        assert (409, True) == (refused.status, f"还可以输入 {left} 次" in refused.text)
    assert cookie_of(phone) is None
    phone.cookies.pop("cb-trust.attempt")
    assert 410 == form.send(code=right, key=new_key()).status
    assert "/b/trust/sign-in" == phone.get("/sign-in/code").path


def test_asking_twice_sends_one_text(outbox: Outbox, phone: Visitor) -> None:
    """The same form sent again sends nothing again; a new one within a minute is refused."""
    form = phone.get("/sign-in").form("/sign-in/codes")
    first, again = form.send(phone=PHONE), form.send(phone=PHONE)
    assert "/b/trust/sign-in/code" == first.path == again.path
    assert 1 == len(outbox.texts(PHONE))
    soon = asked(phone)
    assert (409, True) == (soon.status, "请稍后再获取" in soon.text)


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/b/trust/me/statement", "/b/trust/me/statement"),
        ("/b/trust/needs", "/b/trust/needs"),
        ("//evil.example/b/trust/me", "/b/trust/me"),
        ("https://evil.example/b/trust", "/b/trust/me"),
        ("/b/trust//evil.example", "/b/trust/me"),
        ("/b/trust/\\evil.example", "/b/trust/me"),
        ("\\\\evil.example", "/b/trust/me"),
        ("/b/trustworthy/me", "/b/trust/me"),
        ("/b/other/me", "/b/trust/me"),
        ("/b/trust/../other/me", "/b/trust/me"),
        ("/b/trust/%2e%2e/other", "/b/trust/me"),
        ("/b/trust/needs?next=https://evil.example", "/b/trust/me"),
        ("/b/trust/needs#x", "/b/trust/me"),
        ("/b/trust/me\r\nSet-Cookie: x=1", "/b/trust/me"),
        ("javascript:alert(1)", "/b/trust/me"),
        ("/b/trust/office/members", "/b/trust/me"),
        ("/b/trust/tasks\t/x", "/b/trust/me"),
    ],
)
def test_the_page_to_come_back_to_is_inside(
    web: Web, outbox: Outbox, phone: Visitor, wanted: str, led: str
) -> None:
    """A sign-in leads back to a page of this bank's residents, and nowhere else."""
    resident(web)
    form = asked(phone, next=wanted).form("/sign-in/code")
    answer = web.client.post(
        form.action,
        data=form.fields | {"code": outbox.code(PHONE)},
        headers=phone._headers(),
        follow_redirects=False,
    )
    assert (303, led) == (answer.status_code, answer.headers["location"].partition("?")[0])


def test_what_was_chosen_of_a_list_stays_after_the_sign_in(
    web: Web, outbox: Outbox, phone: Visitor
) -> None:
    """A page to come back to keeps its choices, and says beside them that somebody is in."""
    resident(web)
    came = typed(phone, outbox, next="/b/trust/tasks?day=tomorrow")
    assert "/b/trust/tasks" == came.path
    assert "tomorrow" == came.query["day"]
    assert came.query["done"].startswith("signed-in")


def test_another_sites_page_signs_nobody_in(outbox: Outbox, phone: Visitor) -> None:
    """No form of a way in is taken from a page of another site."""
    forms: list[tuple[str, dict[str, Any]]] = [
        ("/sign-in/codes", {"phone": PHONE}),
        ("/sign-in/code", {"code": "000000"}),
        ("/join", {"name": NAME, "community_id": f"com_{'0' * 26}"}),
        ("/office/sign-in", {"login": "chen.office", "password": "x"}),
        ("/office/invitations/open", {"invitation": f"inv_{'x' * 43}"}),
        ("/till/pair", {"code": "7KQ2MRXW", "device": "x"}),
    ]
    for path, said in forms:
        sent = phone.post(path, said | {"key": new_key()}, **{"Sec-Fetch-Site": "cross-site"})
        assert 403 == sent.status, path
        assert 400 == phone.post(path, said).status, path
    assert [] == outbox.texts(PHONE)


def test_codes_are_asked_for_seldom(outbox: Outbox, phone: Visitor) -> None:
    """One address asks ten times a minute, by pages and by programs together."""
    assert [] == outbox.texts(PHONE)
    for n in range(10):
        assert 200 == asked(phone, f"1380000{n:04}").status
    refused = asked(phone, "13800009999")
    assert 429 == refused.status
    assert "操作过于频繁" in refused.text


# Joining ----------------------------------------------------------------------------------------


def applied(web: Web, outbox: Outbox, phone: Visitor, **changes: Any) -> Shown:
    """The page after somebody has filled in the application."""
    web.community()
    shown = typed(phone, outbox, path="/join")
    assert "填写申请" in shown.text
    form = shown.form("/join")
    chosen = form.choices["community_id"][1]
    said: dict[str, Any] = {"name": NAME, "community_id": chosen, "purposes": ["service"]}
    return form.send(**said | changes)


def test_a_stranger_applies_waits_and_is_admitted(web: Web, outbox: Outbox, phone: Visitor) -> None:
    """Who is nobody yet goes on to the form, waits, and sees when they were admitted."""
    shown = applied(web, outbox, phone)
    assert "/b/trust/join/waiting" == shown.path
    assert "等待社区通过" in shown.text
    (waits,) = web.get("/applications", web.organiser).json()["items"]
    assert waits["number"] in shown.text
    held = web.database.read(
        web.bank.bank_id, lambda v: consents.in_force_of(v, [waits["member_id"]])
    )
    assert {"service"} == held[waits["member_id"]]
    web.made(f"/members/{waits['member_id']}/admit", web.organiser)
    assert "欢迎您" in phone.get("/join/waiting").text
    assert "/b/trust/me" == phone.get("/sign-in").path


def test_an_application_lacks_nothing(web: Web, outbox: Outbox, phone: Visitor) -> None:
    """Without the needed consent, or for a child, nobody applies; the form can be sent again."""
    refused = applied(web, outbox, phone, purposes=["photos"])
    assert 409 == refused.status
    form = phone.get("/join").form("/join")
    said = {"name": NAME, "community_id": form.choices["community_id"][1]}
    child = form.send(**said, purposes=["service"], born_on="2020-01-01")
    assert (409, True) == (child.status, "监护人" in child.text)
    assert [] == web.get("/applications", web.organiser).json()["items"]
    boxes = phone.get("/join").soup.select("input[name=purposes]")
    assert [] == [one for one in boxes if one.has_attr("checked")]
    assert 4 == len(boxes)


def test_a_roster_row_is_taken_over(web: Web, outbox: Outbox, phone: Visitor) -> None:
    """The page shows a masked name, wants the whole one, and needs no admission."""
    member_id = on_roster(web, name=NAME)
    shown = typed(phone, outbox)
    assert "这是您吗" in shown.text
    assert "欧*" in shown.text
    assert NAME not in shown.html
    form = shown.form("/join/claim")
    wrong = form.send(member_id=member_id, name="别人", purposes=["service"], key=new_key())
    assert (409, True) == (wrong.status, "还可以输入 2 次" in wrong.text)
    done = form.send(member_id=member_id, name=NAME, purposes=["service"])
    assert "/b/trust/me" == done.path
    assert Status.ACTIVE is status_of(web, member_id)


def status_of(web: Web, member_id: str) -> Status:
    """A member's status."""

    def look(view: View) -> Status:
        return members.find(view, member_id).status

    return web.database.read(web.bank.bank_id, look)


def test_joining_begins_with_a_phone_that_was_proven(
    web: Web, outbox: Outbox, phone: Visitor
) -> None:
    """Without a proof the form is not shown, and one that is sent all the same is refused."""
    community = web.community()
    assert "验证手机号" in phone.get("/join").text
    said = {"name": NAME, "community_id": community, "purposes": "service", "key": new_key()}
    assert 410 == phone.post("/join", said).status
    asked(phone)
    assert 410 == phone.post("/join", said | {"key": new_key()}).status
    typed_late = typed(Visitor(web.client), outbox, OTHER_PHONE)
    web.clock.advance(minutes=11)
    late = typed_late.form("/join").send(**{k: v for k, v in said.items() if k != "key"})
    assert 410 == late.status


# The office -------------------------------------------------------------------------------------


def test_the_office_signs_in(web: Web, phone: Visitor) -> None:
    """By password and second factor to the page that was asked for; what is wrong is not said."""
    clerk = Desks(web).clerk(Role.ORGANISER, Role.REVIEWER)
    form = phone.get("/office/sign-in", next="/b/trust/office/reviews").form("/office/sign-in")
    said = {"login": clerk.login, "password": PHRASE, "code": clerk.code(web.clock)}
    refusals = {
        (refused.status, refused.soup.select(".problem-title")[0].get_text())
        for wrong in ({"password": "other"}, {"code": "000000"}, {"login": "nobody.here"})
        for refused in [form.send(**said | wrong, key=new_key())]
    }
    assert 1 == len(refusals)
    assert 401 == next(iter(refusals))[0]
    assert cookie_of(phone, Door.OFFICE) is None
    done = form.send(**said, key=new_key())
    assert "/b/trust/office/reviews" == done.path
    assert cookie_of(phone) is None
    left = phone.get("/office/sign-out").form("/office/sign-out").send()
    assert "已退出登录" in left.text
    assert cookie_of(phone, Door.OFFICE) is None


def test_an_office_sign_in_leads_to_the_office_only(web: Web, phone: Visitor) -> None:
    """A page of another door, or of elsewhere, is not where the office is led."""
    clerk = Desks(web).clerk(Role.ORGANISER, factor=False)
    for wanted in ("/b/trust/me", "//evil.example", "/b/other/office"):
        form = phone.get("/office/sign-in", next=wanted).form("/office/sign-in")
        answer = web.client.post(
            form.action,
            data=form.fields | {"login": clerk.login, "password": PHRASE, "key": new_key()},
            headers=phone._headers(),
            follow_redirects=False,
        )
        assert "/b/trust/office" == answer.headers["location"].partition("?")[0]


def test_a_recovery_code_works_once(web: Web, phone: Visitor) -> None:
    """Without the phone one of the ten opens, and never again."""
    clerk = Desks(web).clerk(Role.REVIEWER)
    said = {"login": clerk.login, "password": PHRASE, "recovery_code": clerk.recovery[0]}
    form = phone.get("/office/sign-in").form("/office/sign-in")
    assert 401 != form.send(**said, key=new_key()).status
    assert cookie_of(phone, Door.OFFICE) is not None
    again = Visitor(web.client).get("/office/sign-in").form("/office/sign-in")
    assert 401 == again.send(**said, key=new_key()).status


def invited(web: Web, role: str = "reviewer") -> str:
    """The secret of a fresh invitation."""
    body = {"name": "赵敏", "roles": [{"role": role}]}
    return str(web.made("/staff/invitations", web.operator, body)["invitation"])


def secret_in(shown: Shown) -> str:
    """The second factor that a page shows, to be typed by hand."""
    return "".join(one.get_text() for one in shown.soup.select("strong.num")).replace(" ", "")


def test_an_invitation_is_accepted(web: Web, phone: Visitor) -> None:
    """The link shows a second factor once; with password and code the roles start."""
    link = f"https://trust.example/b/trust/office/invitations#{invited(web)}"
    start = phone.get("/office/invitations").form("/office/invitations/open")
    shown = start.send(invitation=link)
    assert 200 == shown.status, shown.text
    assert shown.soup.select_one("svg.qr") is not None
    secret = secret_in(shown)
    assert secret not in start.send(invitation=link).html
    form = shown.form("/office/invitations/accept")
    said = {"login": "zhao.min", "password": PHRASE, "again": PHRASE}
    assert 409 == form.send(**said, key=new_key()).status
    other = form.send(**said | {"again": "another one"}, code="000000", key=new_key())
    assert 422 == other.status
    code = code_of(secret, web.clock)
    done = form.send(**said, code=code)
    codes = [one.get_text() for one in done.soup.select(".recovery li")]
    assert 10 == len(codes)
    assert cookie_of(phone, Door.OFFICE) is not None
    assert codes[0] not in form.send(**said, code=code).html
    assert 410 == start.send(invitation=link, key=new_key()).status


def test_a_lost_second_factor_is_set_up_again(web: Web, phone: Visitor) -> None:
    """By an operator's link and the password one has."""
    clerk = Desks(web).clerk(Role.REVIEWER)
    path = f"/staff/{clerk.staff_id}/second-factor/reset"
    link = str(web.made(path, web.operator)["invitation"])
    start = phone.get("/office/invitations").form("/office/invitations/open")
    shown = start.send(invitation=link)
    secret = secret_in(shown)
    form = shown.form("/office/second-factor")
    code = code_of(secret, web.clock)
    assert 401 == form.send(password=PHRASE[1:], code=code, key=new_key()).status
    done = form.send(password=PHRASE, code=code, key=new_key())
    assert 10 == len(done.soup.select(".recovery li"))


# Tills ------------------------------------------------------------------------------------------


def test_a_device_is_paired_and_let_go(web: Web, phone: Visitor) -> None:
    """A pairing code makes the device a till for a year; let go, its token is dead."""
    _, till, _ = web.shop()
    code = str(web.made(f"/tills/{till}/pairings", web.operator)["code"])
    form = phone.get("/till/pair").form("/till/pair")
    assert 404 == form.send(code="7777 7777", device="平板", key=new_key()).status
    done = form.send(code=f"{code[:4]} {code[4:].lower()}", device="平板")
    assert "/b/trust/till" == done.path
    secret = cookie_of(phone, Door.TILL)
    assert secret is not None
    assert 200 == web.get("/me", secret).status_code
    assert "/b/trust/till" == form.send(code=f"{code[:4]} {code[4:].lower()}", device="平板").path
    assert secret == cookie_of(phone, Door.TILL)
    used = Visitor(web.client).get("/till/pair").form("/till/pair").send(code=code, device="x")
    assert 410 == used.status
    phone.get("/till/sign-out").form("/till/sign-out").send()
    assert cookie_of(phone, Door.TILL) is None
    assert 401 == web.get("/me", secret).status_code
