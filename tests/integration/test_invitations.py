"""The only way into an office: a link that works once, and a second factor from the first day."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests import web
from tests.office import PHRASE, Browser, Clerk, Desks, code_of, new_key, refused
from tests.web import Web

REVIEWER = [{"role": "reviewer"}]
NAME = "陈秋月"
WEAK = {"password": "password2026"}


@pytest.fixture
def api(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with web.opened(database, clock) as opened:
        yield opened


@pytest.fixture
def desks(api: Web) -> Desks:
    """Its office."""
    return Desks(api)


@pytest.fixture
def operator(desks: Desks) -> Browser:
    """A device at which an operator is signed in."""
    return desks.at(desks.clerk(Role.OPERATOR))


def invited(operator: Browser, roles: object = None, **said: object) -> Any:
    """An invitation that was made."""
    return operator.made("/staff/invitations", {"name": NAME, "roles": roles or REVIEWER} | said)


def accepting(link: str, code: str | None, **said: object) -> dict[str, object]:
    """What an invited person says."""
    body: dict[str, object] = {
        "invitation": link,
        "login": "Chen.Office",
        "password": PHRASE,
        "device": "desk",
    }
    return body | ({"code": code} if code else {}) | said


def test_an_invited_person_joins(api: Web, desks: Desks, operator: Browser) -> None:
    """Opened, accepted with a code: signed in, roles in force, recovery codes shown once."""
    made = invited(operator)
    newcomer = Browser(api)
    opened = newcomer.made("/staff/invitations/open", {"invitation": made["invitation"]})
    assert (made["staff_id"], "join", True) == (
        opened["staff_id"],
        opened["purpose"],
        opened["needs_second_factor"],
    )
    assert opened["uri"].startswith("otpauth://totp/")
    code = code_of(opened["secret"], api.clock)
    joined = newcomer.made("/staff/invitations/accept", accepting(made["invitation"], code))
    assert (10, True) == (len(joined["recovery_codes"]), joined["second_factor"])
    me = newcomer.get("/staff/me").json()
    assert (NAME, "chen.office", ["reviewer"], []) == (
        me["name"],
        me["login"],
        [one["role"] for one in me["roles"]],
        me["asleep"],
    )
    clerk = Clerk(made["staff_id"], "CHEN.office", opened["secret"], joined["recovery_codes"])
    assert 200 == desks.at(clerk).get("/members").status_code
    again = Browser(api).post("/staff/invitations/open", {"invitation": made["invitation"]})
    refused(again, 410, "invitation-over")


def test_nothing_starts_before_the_link_is_accepted(
    api: Web, desks: Desks, operator: Browser
) -> None:
    """No code, a wrong one, a weak password, a taken login: nobody joined, the link works."""
    made = invited(operator)
    link, guest = made["invitation"], Browser(api)
    taken = desks.clerk(Role.AUDITOR).login
    accept = "/staff/invitations/accept"
    refused(guest.post(accept, accepting(link, None)), 409, "second-factor-missing")
    refused(guest.post(accept, accepting(link, "123456")), 409, "second-factor-missing")
    opened = guest.made("/staff/invitations/open", {"invitation": link})
    code = code_of(opened["secret"], api.clock)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    refused(guest.post(accept, accepting(link, wrong)), 409, "second-factor-wrong")
    refused(guest.post(accept, accepting(link, code, **WEAK)), 422, "bad-field")
    refused(guest.post(accept, accepting(link, code, login=taken)), 409, "login-taken")
    shown = operator.get(f"/staff/{made['staff_id']}").json()
    assert ("invited", None, []) == (shown["state"], shown["login"], shown["roles"])
    assert [made["invitation_id"]] == [
        one["invitation_id"] for one in operator.get("/staff/invitations").json()["items"]
    ]
    assert 201 == guest.post(accept, accepting(link, code)).status_code
    assert [] == operator.get("/staff/invitations").json()["items"]


def test_light_roles_may_go_without_a_second_factor(api: Web, operator: Browser) -> None:
    """Who can approve nothing may join without a code, and has no recovery codes."""
    made = invited(operator, [{"role": "organiser"}])
    guest = Browser(api)
    joined = guest.made("/staff/invitations/accept", accepting(made["invitation"], None))
    assert (False, None) == (joined["second_factor"], joined["recovery_codes"])
    assert 200 == guest.get("/members").status_code


def test_a_link_ends(api: Web, operator: Browser) -> None:
    """After 72 hours, when taken back, when another one is made; a forged one never was."""
    opening = "/staff/invitations/open"
    late, back, guest = invited(operator), invited(operator), Browser(api)
    operator.made(f"/staff/invitations/{back['invitation_id']}/withdraw")
    refused(guest.post(opening, {"invitation": back["invitation"]}), 410, "invitation-over")
    again = operator.post(f"/staff/invitations/{back['invitation_id']}/withdraw")
    refused(again, 404, "invitation-not-found")
    api.clock.advance(hours=71, minutes=59)
    assert 200 == guest.post(opening, {"invitation": late["invitation"]}).status_code
    api.clock.advance(minutes=1)
    refused(guest.post(opening, {"invitation": late["invitation"]}), 410, "invitation-over")
    forged = {"invitation": f"inv_{'x' * 43}"}
    refused(guest.post(opening, forged), 404, "invitation-not-found")


def test_a_link_of_another_bank_is_unknown(api: Web, operator: Browser) -> None:
    """Its hash is looked up within the bank of the path."""
    api.found("other", "另一个互助社")
    made = invited(operator)
    answer = Browser(api).post(
        "/staff/invitations/open", {"invitation": made["invitation"]}, bank="other"
    )
    refused(answer, 404, "invitation-not-found")


def test_secrets_are_shown_once(api: Web, operator: Browser) -> None:
    """The same key again gives the same answer without link, secret, codes and cookie."""
    key = new_key()
    body = {"name": NAME, "roles": REVIEWER}
    first = operator.post("/staff/invitations", body, key=key).json()
    copy = operator.post("/staff/invitations", body, key=key).json()
    assert first | {"invitation": None} == copy
    guest, link = Browser(api), first["invitation"]
    opened = guest.post("/staff/invitations/open", {"invitation": link}, key=key).json()
    copy = guest.post("/staff/invitations/open", {"invitation": link}, key=key).json()
    assert opened | {"secret": None, "uri": None} == copy
    said = accepting(link, code_of(opened["secret"], api.clock))
    joined = guest.post("/staff/invitations/accept", said, key=key)
    stranger = Browser(api)
    copied = stranger.post("/staff/invitations/accept", said, key=key)
    assert joined.json() | {"csrf": None, "recovery_codes": None} == copied.json()
    assert "set-cookie" in joined.headers
    assert "set-cookie" not in copied.headers
    with api.database.reader._engine.connect() as connection:
        kept = connection.execute(
            text("SELECT answer FROM idempotency_key WHERE bank_id = :bank"),
            {"bank": api.bank.bank_id},
        )
        answers = " ".join(str(row.answer) for row in kept)
    for one in (link, opened["secret"], *joined.json()["recovery_codes"], NAME, "chen.office"):
        assert one.lower() not in answers.lower()


def test_only_those_who_keep_staff_invite(api: Web, desks: Desks) -> None:
    """Not a reviewer, not a resident, not an operator without a second factor."""
    body = {"name": NAME, "roles": REVIEWER}
    _, resident = api.member()
    for token in (api.reviewer, api.treasurer, api.auditor, resident):
        refused(api.post("/staff/invitations", token, body), 403, "role-denied")
    refused(api.post("/staff/invitations", None, body), 401, "token-missing")
    bare = desks.at(desks.clerk(Role.OPERATOR, factor=False))
    refused(bare.post("/staff/invitations", body), 403, "role-denied")


@pytest.mark.parametrize(
    "role",
    [
        {"role": "member"},
        {"role": "till"},
        {"role": "king"},
        {"role": "reviewer", "staff_id": "x"},
        {},
    ],
)
def test_what_is_no_office_is_refused(operator: Browser, role: dict[str, str]) -> None:
    """Roles of devices and residents are not given by invitation."""
    answer = operator.post("/staff/invitations", {"name": NAME, "roles": [role]})
    refused(answer, 422, "body-unusable")


def test_a_role_has_its_place(api: Web, operator: Browser) -> None:
    """A shop's owner at a shop, an auditor nowhere in particular, and the place exists."""
    shop = api.shop()[0]
    invite = "/staff/invitations"
    for role, status, slug in (
        ({"role": "shop_owner"}, 422, "bad-field"),
        ({"role": "auditor", "community_id": api.community()}, 422, "bad-field"),
        ({"role": "reviewer", "community_id": f"com_{'0' * 26}"}, 404, "community-not-found"),
        ({"role": "shop_owner", "merchant_id": f"mer_{'0' * 26}"}, 404, "merchant-not-found"),
    ):
        refused(operator.post(invite, {"name": NAME, "roles": [role]}), status, slug)
    assert invited(operator, [{"role": "shop_owner", "merchant_id": shop}])["invitation"]


def test_invitations_end_with_the_inviters_role(api: Web, desks: Desks, operator: Browser) -> None:
    """Who was dismissed or kept out brings nobody in any more."""
    rogue = desks.clerk(Role.OPERATOR)
    made = invited(desks.at(rogue))
    operator.made(f"/staff/{rogue.staff_id}/suspend")
    answer = Browser(api).post("/staff/invitations/open", {"invitation": made["invitation"]})
    refused(answer, 410, "invitation-over")


def test_a_lost_second_factor_is_set_up_by_link_and_password(
    api: Web, desks: Desks, operator: Browser
) -> None:
    """Set back by another operator: signed out at once, the link alone is not enough."""
    clerk = desks.clerk(Role.REVIEWER, Role.ORGANISER)
    desk = desks.at(clerk)
    made = operator.made(f"/staff/{clerk.staff_id}/second-factor/reset")
    refused(desk.get("/staff/me"), 401, "token-unknown")
    bare = Browser(api)
    bare.sign_in(Clerk(clerk.staff_id, clerk.login, None, ()))
    me = bare.get("/staff/me").json()
    assert (["organiser"], ["reviewer"]) == (
        [one["role"] for one in me["roles"]],
        [one["role"] for one in me["asleep"]],
    )
    guest = Browser(api)
    opened = guest.made("/staff/invitations/open", {"invitation": made["invitation"]})
    assert "restore" == opened["purpose"]
    body = {
        "invitation": made["invitation"],
        "password": "not-the-password",
        "device": "desk",
        "code": code_of(opened["secret"], api.clock),
    }
    refused(
        guest.post("/staff/invitations/accept", body | {"login": "other"}),
        404,
        "invitation-not-found",
    )
    refused(guest.post("/staff/second-factor/restore", body), 401, "staff-sign-in-refused")
    restored = guest.made("/staff/second-factor/restore", body | {"password": PHRASE})
    assert (10, True) == (len(restored["recovery_codes"]), restored["second_factor"])
    refused(bare.get("/staff/me"), 401, "token-unknown")
    assert [] == guest.get("/staff/me").json()["asleep"]
