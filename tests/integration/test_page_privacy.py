"""What pages tell to whom: nothing of people who live where a role does not hold, or are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api import scheduler
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity import sittings
from creditbank.identity.roles import Grant, Role
from creditbank.tasks import details
from tests.integration.test_erasures import stands, work
from tests.office import Desks
from tests.pages import Visitor
from tests.web import OPERATOR, Web, new_key, opened

NAME = "鸑鷟金莲"
MASKED = "鸑"
PHONE = "13912340917"
TAIL = "0917"
TEXT = "鸑鷟家腿脚不便"
CONTACT = "鸑鷟的女儿 13912340918"


class Town:
    """Two communities: somebody with a name that is nobody else's lives far away."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.home, self.far = web.community(), web.community()
        self.member, self.token = self.person(NAME, self.far, PHONE)
        self.number = str(web.get(f"/members/{self.member}", web.organiser).json()["number"])

    def person(self, name: str, community: str, phone: str | None = None) -> tuple[str, str]:
        """Take somebody in; returns the id and a token."""
        body = {"name": name, "community_id": community, "phone": phone}
        member_id = str(self.web.made("/members", self.web.organiser, body)["member_id"])
        return member_id, self.web.token(Role.MEMBER, member_id=member_id)

    def desk(self, role: Role, community: str | None = None) -> Visitor:
        """Somebody in office, in one community or in the whole bank."""
        secret = self.web.token(role, community_id=community)
        return Visitor(self.web.client, office=secret)

    def served(self, **changes: Any) -> str:
        """Let the one from far away serve; returns the claim that waits."""
        web = self.web
        task = web.publish(**changes)
        claim = str(web.made(f"/tasks/{task}/claims", self.token, {})["claim_id"])
        web.clock.advance(minutes=30)
        web.made(f"/claims/{claim}/sign-in", self.token)
        web.clock.advance(minutes=60)
        web.made(f"/claims/{claim}/sign-out", self.token)
        return claim

    def applied(self, phone: str) -> str:
        """Let a shop put somebody down who waits for admission; returns their cookie."""
        web = self.web
        shop, _, _ = web.shop()
        web.made(f"/merchants/{shop}/registers-volunteers", web.operator, {"allowed": True})
        owner = web.token(Role.SHOP_OWNER, merchant_id=shop)
        body = {"name": "王五", "phone": phone, "community_id": self.home, "purposes": ["service"]}
        made = web.made(f"/merchants/{shop}/volunteers", owner, body)
        secret = sittings.new_secret()
        web.database.write(
            web.bank.bank_id,
            OPERATOR,
            lambda unit: sittings.begin(
                unit,
                holder_id=str(made["member_id"]),
                secret_hash=sittings.hashed(secret),
                device="手机",
                staff=False,
                second_factor=False,
            ),
        )
        return secret

    def told(self, task_id: str) -> None:
        """Say more of a task, and whom to ask."""
        self.web.database.write(
            self.web.bank.bank_id,
            OPERATOR,
            lambda unit: details.put(
                unit, key=new_key(), task_ids=[task_id], description=TEXT, contact=CONTACT
            ),
        )


@pytest.fixture
def town(database: Database, clock: ManualClock) -> Iterator[Town]:
    """The two communities."""
    with opened(database, clock) as web:
        yield Town(web)


def test_a_reviewer_of_the_pool_learns_no_name(town: Town) -> None:
    """A service far away is the whole bank's to review; not even a masked name comes with it."""
    claim = town.served(community_id=town.far)
    near, own = town.desk(Role.REVIEWER, town.home), town.desk(Role.REVIEWER, town.far)
    for path in ("/office/reviews", f"/office/reviews/{claim}"):
        shown = near.get(path)
        assert (200, True) == (shown.status, claim in shown.html), "it is the pool's"
        assert MASKED not in shown.html
        assert "外社区成员" in shown.text
        assert MASKED in own.get(path).text, "who sees the member is told the masked name"
    near.get(f"/office/reviews/{claim}").form("/approve").send(minutes="60")
    decided = near.get("/office/reviews/decided")
    assert (200, False) == (decided.status, MASKED in decided.html)


def test_an_auditor_who_reviews_here_reads_no_evidence_there(town: Town) -> None:
    """The right to review one community opens no notes of another one by a role for the bank."""
    web = town.web
    for _ in range(2):  # so that nothing far away is the pool's
        Desks(web).clerk(Grant(Role.REVIEWER, town.far))
    task = web.publish(community_id=town.far)
    claim = str(web.made(f"/tasks/{task}/claims", town.token, {})["claim_id"])
    web.clock.advance(minutes=30)
    web.made(f"/claims/{claim}/sign-in", town.token)
    web.made(f"/claims/{claim}/notes", town.token, {"text": TEXT})
    web.clock.advance(minutes=60)
    web.made(f"/claims/{claim}/sign-out", town.token)
    desks = Desks(web)
    both = desks.at(desks.clerk(Grant(Role.AUDITOR), Grant(Role.REVIEWER, town.home)))
    assert TEXT in town.desk(Role.REVIEWER, town.far).get(f"/office/reviews/{claim}").text
    [secret] = [one.value for one in both.client.cookies.jar if one.name.startswith("cb-trust")]
    shown = Visitor(web.client, office=str(secret)).get(f"/office/reviews/{claim}")
    assert (200, False) == (shown.status, TEXT in shown.html)


def test_search_by_parts_is_for_who_may_look_whole_data_up(town: Town) -> None:
    """An auditor finds by number and whole name; guessing parts and tails tells them nothing."""
    auditor, organiser = town.desk(Role.AUDITOR), town.desk(Role.ORGANISER, town.far)
    for text in (NAME, town.number, MASKED, "金莲", TAIL, PHONE):
        assert town.member in organiser.get("/office/members", q=text).html, text
    for text in (NAME, town.number):
        assert town.member in auditor.get("/office/members", q=text).html, text
    for text in ("金莲", TAIL, PHONE):
        assert town.member not in auditor.get("/office/members", q=text).html, text
    assert 429 in [organiser.get("/office/members", q=f"{n:04}").status for n in range(40)]
    stranger = town.desk(Role.ORGANISER, town.home)
    for text in (NAME, town.number, MASKED, "金莲", TAIL, PHONE):
        assert town.member not in stranger.get("/office/members", q=text).html, text


def test_the_roster_tells_tails_to_who_may_look_them_up(town: Town) -> None:
    """A claim from far away is on the roster by masked name, without the phone's tail."""
    web = town.web
    task = web.publish(community_id=town.home)
    web.made(f"/tasks/{task}/claims", town.token, {})
    path = f"/office/needs/{task}/roster"
    here = town.desk(Role.ORGANISER, town.home).get(path)
    assert (True, False) == (MASKED in here.text, TAIL in here.html)
    assert TAIL not in town.desk(Role.AUDITOR).get(path).html
    assert TAIL in town.desk(Role.ORGANISER).get(path).html
    assert MASKED not in town.desk(Role.REVIEWER, web.community()).get(path).html


def test_whom_a_need_helps_is_told_to_who_keeps_it(town: Town) -> None:
    """Auditors and other communities read the need, not who needs it; nor does the group text."""
    web = town.web
    task = web.publish(community_id=town.far, beneficiary_id=town.member, place="五号楼502")
    path = f"/office/needs/{task}"
    assert MASKED in town.desk(Role.ORGANISER, town.far).get(path).text
    for desk in (town.desk(Role.AUDITOR), town.desk(Role.ORGANISER, town.home)):
        shown = desk.get(path)
        assert 200 == shown.status
        assert (False, False) == (MASKED in shown.html, town.number in shown.html)
    _, volunteer = town.person("王五", town.home)
    for words in (
        web.get(f"/tasks/{task}/text", volunteer).text,
        web.get("/plans/text", volunteer),
    ):
        said = words if isinstance(words, str) else words.text
        assert "502" not in said, "what is pasted into a group tells no home"
    for page in ("/needs", "", f"/tasks/{task}", "/wall"):
        assert "502" not in Visitor(web.client).get(page).html, page


def test_more_words_are_for_admitted_members_and_go_with_the_person(town: Town) -> None:
    """Who only applied reads none; the one helped takes them along, and then they are gone."""
    web = town.web
    task = web.publish(community_id=town.far, beneficiary_id=town.member)
    town.told(task)
    path = f"/tasks/{task}"
    member, volunteer = town.person("王五", town.home)
    assert TEXT in Visitor(web.client, resident=volunteer).get(path).text
    assert TEXT not in Visitor(web.client).get(path).html
    waiting = Visitor(web.client, resident=town.applied("13912340919")).get(path)
    assert (200, False) == (waiting.status, CONTACT in waiting.html)
    assert 200 == waiting.visitor.get("/me/settings").status, "they are signed in all the same"
    export = web.get(f"/members/{town.member}/export", town.token).json()
    [rows] = [one["rows"] for one in export["parts"] if one["table"] == "task_detail"]
    assert [{"task_id": task, "description": TEXT, "contact": CONTACT}] == rows
    assert TEXT not in json.dumps(web.get(f"/members/{member}/export", volunteer).json())
    web.made(f"/members/{town.member}/erasures", town.token, {"goes": "donate"})
    web.clock.advance(hours=7 * 24)
    work(web)
    assert "done" == stands(web, town.member)["state"]
    found = web.database.read(web.bank.bank_id, lambda view: details.of_task(view, task))
    assert details.Detail() == found


def test_names_behind_numbers_are_not_guessed(town: Town) -> None:
    """Numbers follow one another: a volunteer has a few tries a minute to name one."""
    _, token = town.person("王五", town.home)
    page = Visitor(town.web.client, resident=token).get("/me/settings/delegates")
    tried = [
        page.form("/delegates").send(number=town.number, name=f"李{n}", points_day="5").status
        for n in range(7)
    ]
    assert [404] * 5 + [429] * 2 == tried


def test_two_rows_of_one_phone_name_nobody_elsewhere(town: Town) -> None:
    """An application tells that a member far away has its phone, not how they are called."""
    town.applied(PHONE)
    shown = town.desk(Role.COMMUNITY_HEAD, town.home).get("/office/admissions")
    assert (True, False) == (town.member in shown.html, MASKED in shown.html)
    assert MASKED in town.desk(Role.COMMUNITY_HEAD).get("/office/admissions").html


def test_a_shop_owner_in_office_sees_the_sums_of_no_other_shop(town: Town) -> None:
    """The right for one's own shop and a desk elsewhere are not the right for all shops."""
    web, desks = town.web, Desks(town.web)
    shop, _, _ = web.shop()
    both = desks.at(
        desks.clerk(Grant(Role.SHOP_OWNER, merchant_id=shop), Grant(Role.ORGANISER, town.home))
    )
    [secret] = [one.value for one in both.client.cookies.jar if one.name.startswith("cb-trust")]
    visitor = Visitor(web.client, office=str(secret))
    assert 200 == visitor.get("/office/figures").status
    assert 403 == visitor.get("/office/figures/shops.csv").status
    assert 200 == town.desk(Role.TREASURER).get("/office/figures/shops.csv").status


def test_words_of_a_need_are_forgotten_a_hundred_days_after_it(town: Town) -> None:
    """Once a day what is long over says no more; what was over lately still does."""
    web = town.web
    old = web.publish(community_id=town.home)
    town.told(old)
    web.clock.advance(hours=90 * 24)
    late = web.publish(community_id=town.home)
    town.told(late)
    forget = [one for one in scheduler.WORKS if one.kind == scheduler.FORGET_ANSWERS]

    def told() -> list[str]:
        scheduler.run_due(web.database, "test", forget)
        return sorted(
            web.database.read(web.bank.bank_id, lambda view: details.of_tasks(view, [old, late]))
        )

    assert sorted([old, late]) == told()
    web.clock.advance(hours=11 * 24)
    assert [late] == told()


def test_who_takes_a_consent_back_is_off_the_wall_at_once(town: Town) -> None:
    """The screen in the hall names who agreed, until the moment they no longer do."""
    web = town.web
    agreed = {"purposes": ["service", "publish_name"]}
    assert web.post(f"/members/{town.member}/consents", town.token, agreed).is_success
    claim = town.served(community_id=town.far)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    noted = web.made(f"/claims/{claim}/thanks", web.organiser, {"text": TEXT})
    web.made(f"/thanks/{noted['thanks_id']}/release", web.reviewer)
    wall = Visitor(web.client)
    for path in ("/wall", "/wall/now"):
        assert (True, True) == (NAME in wall.get(path).html, TEXT in wall.get(path).html), path
    path = f"/members/{town.member}/consents/publish_name/withdraw"
    assert web.post(path, town.token, {}).is_success
    for path in ("/wall", "/wall/now", "/office/ranking"):
        shown = wall.get(path).html
        assert (False, False) == (NAME in shown, TEXT in shown), path


def test_no_page_of_a_passer_by_names_anybody(town: Town) -> None:
    """Whoever is not signed in reads no name, number, phone, id or words of a member."""
    web = town.web
    claim = town.served(community_id=town.far, beneficiary_id=None)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    task = web.publish(community_id=town.far, beneficiary_id=town.member)
    town.told(task)
    shop, _, _ = web.shop()
    passer_by = Visitor(web.client)
    for path in ("", "/needs", "/shops", f"/shops/{shop}", "/figures", "/wall", "/wall/now"):
        _nothing_of(town, passer_by.get(path).html, path)
    for path in (f"/tasks/{task}", "/join", "/sign-in", "/office/sign-in", "/till/pair"):
        _nothing_of(town, passer_by.get(path).html, path)


def _nothing_of(town: Town, html: str, path: str) -> None:
    canaries = (MASKED, town.number, TAIL, town.member, TEXT, CONTACT)
    assert [] == [one for one in canaries if one in html], path


def test_no_page_of_another_community_tells_of_a_member(town: Town) -> None:
    """Every list of the office, by each role of another community: not a word of who lives far."""
    web = town.web
    claim = town.served(community_id=town.far, beneficiary_id=None)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    web.publish(community_id=town.far, beneficiary_id=town.member)
    entry = {"kind": "need", "title": "修灯", "details": TEXT}
    made = web.made("/lists", town.token, entry)["entry_id"]
    for role in (Role.ORGANISER, Role.REVIEWER, Role.COMMUNITY_HEAD):
        desk = town.desk(role, town.home)
        for path in LISTS:
            shown = desk.get(path)
            assert shown.status in {200, 403}, (role, path, shown.text[:300])
            _nothing_of(town, shown.html, f"{role} {path}")
        for path in (f"/office/members/{town.member}", f"/office/lists/{made}"):
            shown = desk.get(path)
            assert 403 == shown.status, (role, path)
            assert MASKED not in shown.html


LISTS = (
    *("/office", "/office/members", "/office/admissions", "/office/imports", "/office/merges"),
    *("/office/departures", "/office/calls", "/office/exports", "/office/exports/members.csv"),
    *("/office/exports/hours.csv", "/office/reviews/decided", "/office/disputes", "/office/lists"),
    *("/office/pairs", "/office/thanks", "/office/figures", "/office/exchange", "/office/needs"),
    *("/office/afterwards", "/office/chain", "/office/more", "/office/needs/calendar"),
)


def test_other_members_read_nothing_of_a_member(town: Town) -> None:
    """A volunteer elsewhere opens all that is theirs: nobody else's data is there."""
    web = town.web
    task = web.publish(community_id=town.far, beneficiary_id=town.member)
    claim = town.served(community_id=town.far)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    _, token = town.person("王五", town.home)
    other = Visitor(web.client, resident=token)
    for path in MINE:
        shown = other.get(path)
        assert 200 == shown.status, path
        _nothing_of(town, shown.html, path)
    _nothing_of(town, other.get(f"/tasks/{task}").html, "a task")
    for path in (f"/me/duties/{claim}", f"/me/confirmations/{claim}"):
        shown = other.get(path)
        assert shown.status in {403, 404}, path
        _nothing_of(town, shown.html.replace(claim, ""), path)
    for path in ("/office", "/office/members", "/shop", "/till", "/office/reviews"):
        assert other.get(path).status in {401, 403, 200}
        assert town.number not in other.get(path).html


MINE = (
    *("/me", "/me/inbox", "/me/statement", "/me/more", "/me/family", "/me/teams", "/me/thanks"),
    *("/me/gifts", "/me/services", "/me/duties", "/tasks", "/me/settings", "/me/settings/data"),
    *("/me/settings/devices", "/me/settings/delegates", "/me/settings/cards", "/me/scan"),
    *("/me/settings/data/looks", "/me/settings/data/export.json", "/me/pin-requests"),
)
