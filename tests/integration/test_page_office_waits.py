"""What waits at the desk: counted within one's rights and places, each with a way there."""

from __future__ import annotations

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from tests.pages import Visitor
from tests.web import Web, opened


def counted(web: Web, token: str) -> dict[str, int]:
    """How much waits behind each link."""
    shown = Visitor(web.client, office=token).get("/office")
    assert 200 == shown.status, shown.text
    return {
        str(one["href"]).removeprefix("/b/trust"): int(one.select(".wait-many")[0].text)
        for one in shown.soup.select("a.wait-tile")
    }


def test_nothing_waits_calmly(database: Database, clock: ManualClock) -> None:
    """Where nothing waits that is said, and where to go on."""
    with opened(database, clock) as web:
        shown = Visitor(web.client, office=web.organiser).get("/office")
        assert "都办完了" in shown.text
        assert {} == counted(web, web.organiser)


def test_each_sees_what_is_theirs(database: Database, clock: ManualClock) -> None:
    """Reviews wait for reviewers, open places and drafts for organisers, in their places only."""
    with opened(database, clock) as web:
        _, token = web.member()
        web.served(token)
        here = web.community()
        web.publish(community_id=here)
        web.publish(community_id=here, draft=True)
        elsewhere = web.token(Role.ORGANISER, community_id=web.community())
        organiser = web.token(Role.ORGANISER, community_id=here)
        assert {"/office/reviews": 1} == counted(web, web.reviewer)
        assert {"/office/needs?which=short": 1, "/office/needs?which=draft": 1} == counted(
            web, organiser
        )
        assert {} == counted(web, elsewhere)
        shown = Visitor(web.client, office=organiser).get("/office")
        assert "马上开始，还差人" in shown.text
        listed = Visitor(web.client, office=organiser).get("/office/needs", which="short")
        assert 1 == len(listed.soup.select("a.need"))


def test_what_is_over_and_open_is_counted_until_it_is_closed(
    database: Database, clock: ManualClock
) -> None:
    """A need whose people never signed in waits to be closed, and a dispute for a reviewer."""
    with opened(database, clock) as web:
        _, token = web.member()
        task = web.publish()
        web.made(f"/tasks/{task}/claims", token, {})
        clock.advance(hours=3)
        assert 1 == counted(web, web.organiser)["/office/needs?which=unsettled"]
        page = Visitor(web.client, office=web.organiser).get(f"/office/needs/{task}/roster")
        page.form("/close").send()
        assert "/office/needs?which=unsettled" not in counted(web, web.organiser)
        claim = web.served(token)
        web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "没到"})
        web.made(f"/claims/{claim}/dispute", token, {"reason": "我到了"})
        assert 1 == counted(web, web.reviewer)["/office/disputes"]


def test_members_and_shops_have_no_desk(database: Database, clock: ManualClock) -> None:
    """A volunteer's cookie opens no page of the office; nobody's leads to the sign-in."""
    with opened(database, clock) as web:
        _, token = web.member()
        for path in ("/office", "/office/needs", "/office/needs/calendar", "/office/chain"):
            assert 403 == Visitor(web.client, office=token).get(path).status, path
        asked = web.client.get("/b/trust/office", follow_redirects=False)
        assert asked.headers["location"].startswith("/b/trust/office/sign-in")
