"""Who holds which role: never given to oneself, gone at once when taken back."""

from collections.abc import Iterator
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity import appointments, sittings
from creditbank.identity.errors import LastOperator
from creditbank.identity.roles import OFFICE, SECOND_FACTOR, Grant, Role
from tests import web
from tests.office import PHRASE, Browser, Clerk, Desks, new_key, refused
from tests.web import Web


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
def chief(desks: Desks) -> Clerk:
    """An operator."""
    return desks.clerk(Role.OPERATOR)


@pytest.fixture
def operator(desks: Desks, chief: Clerk) -> Browser:
    """A device at which the operator is signed in."""
    return desks.at(chief)


def roles_of(browser: Browser) -> tuple[set[str], set[str]]:
    """The roles that hold in a sitting, and those asleep."""
    me = browser.get("/staff/me").json()
    return {one["role"] for one in me["roles"]}, {one["role"] for one in me["asleep"]}


def grant_of(operator: Browser, clerk: Clerk, role: str) -> str:
    """The grant by which somebody holds a role."""
    shown = operator.get(f"/staff/{clerk.staff_id}").json()
    return next(str(one["grant_id"]) for one in shown["roles"] if one["role"] == role)


def seen_at(api: Web, clerk: Clerk) -> datetime:
    """When somebody's device was last noted as seen."""
    bank_id = api.bank.bank_id
    return api.database.read(bank_id, lambda v: sittings.listing(v, clerk.staff_id))[0].seen_at


def test_who_can_approve_or_appoint_needs_a_second_factor() -> None:
    """All that weighs; an organiser and an auditor go without."""
    assert frozenset({Role.ORGANISER, Role.AUDITOR}) == OFFICE - SECOND_FACTOR


def test_an_organiser_without_second_factor_keeps_only_what_needs_none(
    api: Web, desks: Desks
) -> None:
    """The heavy role is granted, and asleep: its routes are closed."""
    _, token = api.member()
    claim = api.served(token)
    clerk = desks.clerk(Role.ORGANISER, Role.REVIEWER, factor=False)
    desk = desks.at(clerk)
    assert ({"organiser"}, {"reviewer"}) == roles_of(desk)
    refused(desk.post(f"/claims/{claim}/approve", {}), 403, "role-denied")
    assert 200 == desk.get("/members").status_code
    awake = desks.at(desks.clerk(Role.ORGANISER, Role.REVIEWER))
    assert ({"organiser", "reviewer"}, set()) == roles_of(awake)
    assert 200 == awake.post(f"/claims/{claim}/approve", {}).status_code


def test_a_role_holds_where_it_was_given(api: Web, desks: Desks, operator: Browser) -> None:
    """A reviewer of one community is none in another."""
    here, there = api.community(), api.community()
    clerk = desks.clerk(Grant(Role.ORGANISER, here))
    desk = desks.at(clerk)
    body = {"name": "张三", "community_id": there}
    refused(desk.post("/members", body), 403, "other-community")
    operator.made(f"/staff/{clerk.staff_id}/grants", {"role": "organiser", "community_id": there})
    assert 201 == desk.post("/members", body).status_code


def test_a_role_taken_back_is_gone_with_the_next_request(desks: Desks, operator: Browser) -> None:
    """On every device, without signing in again; other roles stay."""
    clerk = desks.clerk(Role.AUDITOR, Role.ORGANISER)
    first, second = desks.at(clerk), desks.at(clerk)
    assert [200, 200] == [one.get("/trail").status_code for one in (first, second)]
    operator.made(f"/grants/{grant_of(operator, clerk, 'auditor')}/end")
    for one in (first, second):
        refused(one.get("/trail"), 403, "role-denied")
        assert 200 == one.get("/members").status_code
    gone = operator.post(f"/grants/grt_{'0' * 26}/end")
    refused(gone, 404, "grant-not-found")


def test_who_is_kept_out_is_out_at_once(desks: Desks, operator: Browser) -> None:
    """The sitting is over, the password opens nothing; reinstated, they sign in anew."""
    clerk = desks.clerk(Role.AUDITOR)
    desk = desks.at(clerk)
    operator.made(f"/staff/{clerk.staff_id}/suspend")
    refused(desk.get("/staff/me"), 401, "token-unknown")
    said = {"login": clerk.login, "password": PHRASE, "device": "desk"}
    desks.api.clock.advance(seconds=30)
    body = said | {"code": clerk.code(desks.api.clock)}
    refused(Browser(desks.api).post("/staff/sign-in", body), 401, "staff-sign-in-refused")
    again = operator.post(f"/staff/{clerk.staff_id}/suspend")
    refused(again, 409, "state-conflict")
    operator.made(f"/staff/{clerk.staff_id}/reinstate")
    refused(desk.get("/staff/me"), 401, "token-unknown")
    assert 200 == desks.at(clerk).get("/trail").status_code


def test_a_sitting_idles_out_and_ends(api: Web, desks: Desks) -> None:
    """Half an hour without a request, or twelve hours of them."""
    desk = desks.at(desks.clerk(Role.AUDITOR))
    api.clock.advance(minutes=29)
    assert 200 == desk.get("/staff/me").status_code
    api.clock.advance(minutes=30)
    refused(desk.get("/staff/me"), 401, "token-unknown")
    clerk = desks.clerk(Role.AUDITOR)
    busy = desks.at(clerk)
    for _ in range(35):
        api.clock.advance(minutes=20)
        assert 200 == busy.get("/staff/me").status_code
        assert any(seen_at(api, clerk) == api.clock.now() for _ in range(2000)), "noted, in a while"
    api.clock.advance(minutes=21)
    refused(busy.get("/staff/me"), 401, "token-unknown")


def test_nobody_gives_themselves_a_role(api: Web, desks: Desks) -> None:
    """Not on their own row, nor on that of the resident they are, nor their factor back."""
    member_id, _ = api.member()
    chief = desks.clerk(Role.OPERATOR, member=member_id)
    twin = desks.clerk(Role.AUDITOR, member=member_id)
    desk = desks.at(chief)
    for staff_id in (chief.staff_id, twin.staff_id):
        body = {"role": "reviewer"}
        refused(desk.post(f"/staff/{staff_id}/grants", body), 403, "own-role")
        refused(desk.post(f"/staff/{staff_id}/second-factor/reset"), 403, "own-role")
        refused(desk.post(f"/staff/{staff_id}/suspend"), 403, "own-role")
    body = {"name": "我", "member_id": member_id, "roles": [{"role": "reviewer"}]}
    refused(desk.post("/staff/invitations", body), 403, "own-role")


def test_a_role_is_held_once(desks: Desks, operator: Browser) -> None:
    """Twice the same role at the same place is a slip."""
    clerk = desks.clerk(Role.AUDITOR)
    again = operator.post(f"/staff/{clerk.staff_id}/grants", {"role": "auditor"})
    refused(again, 409, "role-held")
    given = operator.made(f"/staff/{clerk.staff_id}/grants", {"role": "reviewer"})
    assert given["needs_second_factor"]
    missing = operator.post(f"/staff/stf_{'0' * 26}/grants", {"role": "reviewer"})
    refused(missing, 404, "staff-not-found")


def test_the_last_operator_stays(desks: Desks, chief: Clerk, operator: Browser) -> None:
    """Neither by dismissal nor by suspension; one without a second factor counts for nothing."""
    own = grant_of(operator, chief, "operator")
    desks.clerk(Role.OPERATOR, factor=False)
    refused(operator.post(f"/grants/{own}/end"), 409, "last-operator")
    body = desks.api.post(f"/staff/{chief.staff_id}/suspend", desks.api.operator)
    refused(body, 409, "last-operator")
    desks.clerk(Role.OPERATOR)
    assert 200 == operator.post(f"/grants/{own}/end").status_code
    refused(operator.get("/staff"), 403, "role-denied")


def test_two_operators_cannot_remove_each_other_at_once(desks: Desks) -> None:
    """Of ten pairs that dismiss each other in the same moment, one of each stays."""
    office = desks.office
    for _ in range(10):
        pair = [desks.clerk(Role.OPERATOR), desks.clerk(Role.OPERATOR)]
        tries: list[Future[Any]] = []
        for one, other in (pair, pair[::-1]):
            tries.append(
                office.database.writer.submit(
                    office.bank_id,
                    one.actor,
                    lambda unit, of=other: appointments.suspend(  # type: ignore[misc]
                        unit, key=new_key(), staff_id=of.staff_id
                    ),
                )
            )
        errors = [one.exception() for one in tries]
        assert {None, LastOperator} >= {None if e is None else type(e) for e in errors}
        left = office.database.read(office.bank_id, appointments.operators)
        assert 1 == len(left & {one.staff_id for one in pair})
        for staff_id in left:
            _remove(office.database, office.bank_id, staff_id)


def _remove(database: Database, bank_id: int, staff_id: str) -> None:
    """Take somebody's role away behind the engine's back, so that the next pair are the last."""
    from creditbank.identity.grants import role_grants

    database.write(
        bank_id,
        web.OPERATOR,
        lambda unit: (
            unit.run(
                role_grants.update()
                .where(role_grants.c.bank_id == unit.bank_id, role_grants.c.holder_id == staff_id)
                .values(ended_at=unit.now)
            )
            and None
        ),
    )


def test_the_office_is_listed_with_its_roles(desks: Desks, chief: Clerk, operator: Browser) -> None:
    """Paged by cursor, in plain names, for those who keep staff."""
    expected = {chief.staff_id, *(desks.clerk(Role.AUDITOR).staff_id for _ in range(3))}
    seen: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    for _ in range(9):
        page = operator.get("/staff", limit=2, **after).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert (4, expected) == (len(seen), {one["staff_id"] for one in seen})
    assert {"陈秋月"} == {one["name"] for one in seen}
    assert chief.login in {one["login"] for one in seen}
    refused(desks.api.get("/staff", desks.api.treasurer), 403, "role-denied")
    assert 200 == desks.api.get("/staff", desks.api.auditor).status_code


def test_one_changes_ones_own_password_and_factor_over_the_api(api: Web, desks: Desks) -> None:
    """Old ones proven first; what is shown is shown once; other devices are signed out."""
    clerk = desks.clerk(Role.REVIEWER)
    desk, other = desks.at(clerk), desks.at(clerk)
    chosen = {"password": PHRASE, "new_password": "orchard-compass-77"}
    weak = chosen | {"new_password": clerk.login}
    refused(desk.post("/staff/me/password", weak), 422, "bad-field")
    wrong = chosen | {"password": "something-else-1"}
    refused(desk.post("/staff/me/password", wrong), 401, "staff-sign-in-refused")
    desk.made("/staff/me/password", chosen)
    refused(other.get("/staff/me"), 401, "token-unknown")
    body = {"password": chosen["new_password"], "recovery_code": clerk.recovery[0]}
    key = new_key()
    begun = desk.post("/staff/me/second-factor", body, key=key).json()
    copy = desk.post("/staff/me/second-factor", body, key=key).json()
    assert begun | {"secret": None, "uri": None} == copy
    fresh = Clerk(clerk.staff_id, clerk.login, begun["secret"], ())
    said = {"code": fresh.code(api.clock)}
    done = desk.post("/staff/me/second-factor/confirm", said, key=key).json()
    assert 10 == len(done["recovery_codes"])
    copy = desk.post("/staff/me/second-factor/confirm", said, key=key).json()
    assert done | {"recovery_codes": None} == copy
    api.clock.advance(seconds=30)
    said = {"password": chosen["new_password"], "code": fresh.code(api.clock)}
    assert Browser(api).sign_in(clerk, **said)["second_factor"]


def test_a_cookie_is_no_more_than_its_word(desks: Desks) -> None:
    """A write without the sitting's word, or with another's, is refused; reading goes on."""
    desk, other = desks.at(desks.clerk(Role.OPERATOR)), desks.at(desks.clerk(Role.OPERATOR))
    body = {"name": "新社区"}
    for word in ("", other.csrf, desk.csrf.upper()):
        mine, desk.csrf = desk.csrf, word
        refused(desk.post("/communities", body), 403, "cross-site")
        desk.csrf = mine
    assert 201 == desk.post("/communities", body).status_code
    refused(desk.get("/staff/me", bank="trust2"), 404, "bank-not-found")
    assert 200 == desk.post("/sign-out").status_code
    refused(desk.get("/staff/me"), 401, "token-missing")


def test_residents_and_programs_have_no_desk(api: Web) -> None:
    """What is kept by people in office is not for others."""
    _, resident = api.member()
    refused(api.get("/staff/me", resident), 403, "role-denied")
    refused(api.get("/staff/me", api.auditor), 404, "staff-not-found")
    body = {"password": PHRASE, "new_password": "orchard-compass-77"}
    refused(api.post("/staff/me/password", api.auditor, body), 404, "staff-not-found")


def test_every_wrong_answer_of_a_sign_in_is_the_same(desks: Desks) -> None:
    """Unknown login, wrong password, wrong code, suspended: byte for byte, besides the path."""
    clerk, out = desks.clerk(Role.REVIEWER), desks.clerk(Role.REVIEWER)
    desks.api.post(f"/staff/{out.staff_id}/suspend", desks.api.operator)
    said = {"login": clerk.login, "password": PHRASE, "device": "desk", "code": "000000"}
    tries = (
        said,
        said | {"login": "nobody.here"},
        said | {"password": "something-else-1", "code": clerk.code(desks.api.clock)},
        said | {"login": out.login, "code": out.code(desks.api.clock)},
    )
    answers = [Browser(desks.api).post("/staff/sign-in", body) for body in tries]
    assert {401} == {one.status_code for one in answers}
    assert 1 == len({one.text for one in answers})
    assert ["set-cookie" in one.headers for one in answers] == [False] * 4
