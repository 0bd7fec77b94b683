"""Notices: told in the unit that causes them, read by their member, rendered without names."""

import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from api.words.notices import sentences
from creditbank import notices
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Actor, Unit
from creditbank.identity.roles import Role
from creditbank.notice_kinds import KINDS
from creditbank.notices import NoticeNotFound
from creditbank.people import trail
from creditbank.schemes.rewards import Per, Reward
from merchants.errors import CodeUnknown, PinNeeded, TillLocked
from tests.books import POINTS
from tests.integration.test_assists import begin
from tests.integration.test_consents import slug_of
from tests.integration.test_tills import STRANGE
from tests.payers import Payers
from tests.society import ORGANISER, Society
from tests.web import Web, new_key, opened

PLACES = {
    *("points", "days", "units", "shop", "task", "when", "minutes", "missed", "day", "count"),
    "visits",
}


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """The API of a bank."""
    with opened(database, clock) as one:
        yield one


@pytest.fixture
def street(database: Database, clock: ManualClock) -> Payers:
    """A shop with the offer of FACTS A."""
    return Payers(database, clock)


@pytest.fixture
def society(database: Database, clock: ManualClock) -> Society:
    """A society in a fresh database."""
    return Society(database, clock)


def inbox(web: Web, member_id: str, token: str, **query: Any) -> Any:
    """A member's notices as their own screen shows them."""
    answer = web.get(f"/members/{member_id}/notices", token, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tell(web: Web, member_id: str, kind: str = "merged") -> str:
    """Tell a member something, a second later than before."""
    web.clock.advance(seconds=1)
    return web.database.write(
        web.bank.bank_id,
        Actor("console", "operator"),
        lambda unit: notices.tell(unit, member_id, kind),
    )


def rows(society: Society, kind: str) -> list[Any]:
    """The rows of a kind, by member."""
    of = notices.notices
    query = select(of).where(of.c.bank_id == society.bank_id, of.c.kind == kind)
    return list(society.see(lambda view: view.rows(query.order_by(of.c.member_id))))


def test_an_approval_is_told_with_what_came_in(web: Web) -> None:
    """Whoever served reads how much their service earned, in words of both languages."""
    member_id, token = web.earned(10)
    [one] = inbox(web, member_id, token)["items"]
    assert "approved" == one["kind"]
    assert "您的服务已审核通过，入账 10 信义贝。" == one["zh"]
    assert "Your service was approved: 10 信义贝 came in." == one["en"]
    assert (False, None) == (one["urgent"], one["read_at"])


def test_a_rejection_and_a_withdrawn_approval_are_told(web: Web) -> None:
    """Both lead to the claim, where the reason is; a withdrawal says what went."""
    member_id, token = web.earned(10)
    claim_id = inbox(web, member_id, token)["items"][0]["link"].rsplit("/", 1)[-1]
    web.clock.advance(minutes=1)
    reason = {"reason": "签到有误"}
    web.made(f"/claims/{claim_id}/withdraw-approval", web.second, reason)
    rejected = web.served(token)
    web.made(f"/claims/{rejected}/reject", web.reviewer, reason)
    last, before, _ = inbox(web, member_id, token)["items"]
    assert ("rejected", f"/me/claims/{rejected}") == (last["kind"], last["link"])
    assert ("approval-withdrawn", f"/me/claims/{claim_id}") == (before["kind"], before["link"])
    assert "收回 10 信义贝" in before["zh"]
    assert "签到有误" not in f"{last}{before}"


def test_a_service_too_short_to_earn_is_told_as_approved(society: Society) -> None:
    """Nothing came in, and the sentence does not say that something did."""
    member_id = society.member()
    task_id = society.publish(rewards=(Reward(POINTS, 1, Per.HOUR),))
    society.approve(society.served(member_id, task_id, minutes=1))
    assert [member_id] == [row.member_id for row in rows(society, "approved-short")]
    assert [] == rows(society, "approved")


def test_a_cancelled_task_is_told_to_all_with_a_place_in_one_statement(society: Society) -> None:
    """Not to who withdrew before; it says which task and when, until that would have begun."""
    everyone = sorted(society.member() for _ in range(6))
    task_id = society.publish(starts_in=timedelta(hours=5))
    claimed = {one: society.claim(task_id, one).claim_id for one in everyone}
    society.withdraw(claimed[everyone[0]])
    inserts: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO notice "):
            inserts.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        society.cancel(task_id)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    told = rows(society, "claim-cancelled")
    assert everyone[1:] == [row.member_id for row in told]
    assert 1 == len(inserts)
    assert {society.task(task_id).starts_at} == {row.due_at for row in told}
    assert all(row.urgent for row in told)
    said = society.see(lambda view: sentences(view, told))
    assert {"您报名的活动“雨季巡查”（2026-03-01 14:00）已取消。"} == {one.zh for one in said}


def test_a_task_cancelled_after_its_start_is_told_until_its_end(society: Society) -> None:
    """Whoever is late for it is still on the way."""
    task_id = society.publish()
    society.claim(task_id, society.member())
    society.clock.advance(minutes=61)
    society.cancel(task_id)
    assert [society.task(task_id).ends_at] == [
        row.due_at for row in rows(society, "claim-cancelled")
    ]


def test_notices_come_newest_first_in_pages(web: Web) -> None:
    """Pages follow each other without gap or overlap; the count is of all that is unread."""
    member_id, token = web.member()
    told = [tell(web, member_id) for _ in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in range(3):
        page = inbox(web, member_id, token, **query)
        assert 5 == page["unread"]
        found += [one["notice_id"] for one in page["items"]]
        query["after"] = page["next"]
    assert told[::-1] == found
    assert query["after"] is None


def test_notices_of_one_instant_are_paged_too(society: Society) -> None:
    """What was told in the same unit is ordered by id, none is lost at a page's edge."""
    member_id = society.member()

    def five(unit: Unit) -> list[str]:
        return [notices.tell(unit, member_id, "merged") for _ in range(5)]

    told = society.by(ORGANISER, five)
    first = society.see(lambda view: notices.inbox(view, member_id, limit=3))
    rest = society.see(lambda view: notices.inbox(view, member_id, after=first.older_than))
    found = [one.notice_id for one in (*first.notices, *rest.notices)]
    assert sorted(told, reverse=True) == found


def test_a_notice_is_read_once(web: Web) -> None:
    """The first time counts, and only this notice is read."""
    member_id, token = web.member()
    one, other = tell(web, member_id), tell(web, member_id)
    path = f"/members/{member_id}/notices/{one}/read"
    first = web.made(path, token)
    web.clock.advance(minutes=5)
    assert first == web.made(path, token)
    page = inbox(web, member_id, token)
    assert 1 == page["unread"]
    assert [(other, None), (one, first["read_at"])] == [
        (item["notice_id"], item["read_at"]) for item in page["items"]
    ]


def test_reading_is_keyed(web: Web) -> None:
    """The same key gives the first answer again; for another notice it is refused."""
    member_id, token = web.member()
    one, other = tell(web, member_id), tell(web, member_id)
    key, path = new_key(), f"/members/{member_id}/notices"
    assert 200 == web.post(f"{path}/{one}/read", token, key=key).status_code
    reused = web.post(f"{path}/{other}/read", token, key=key)
    assert (422, "key-reused") == (reused.status_code, slug_of(reused))
    assert 400 == web.post(f"{path}/{other}/read", token, key=None).status_code
    key = new_key()
    assert 1 == web.post(f"{path}/read-all", token, key=key).json()["read"]
    tell(web, member_id)
    assert 1 == web.post(f"{path}/read-all", token, key=key).json()["read"]
    assert 1 == inbox(web, member_id, token)["unread"]


def test_all_of_ones_own_are_read(web: Web) -> None:
    """Those of others stay unread, and what was read before keeps its instant."""
    member_id, token = web.member()
    other_id, other = web.member("李四")
    early = tell(web, member_id)
    first = web.made(f"/members/{member_id}/notices/{early}/read", token)
    tell(web, member_id)
    tell(web, other_id)
    done = web.made(f"/members/{member_id}/notices/read-all", token)
    assert {"member_id": member_id, "read": 1} == done
    page = inbox(web, member_id, token)
    assert (0, first["read_at"]) == (page["unread"], page["items"][-1]["read_at"])
    assert 1 == inbox(web, other_id, other)["unread"]


def test_nobody_reads_what_others_were_told(web: Web) -> None:
    """Another member finds nothing there, not even by a notice's id; office has no right."""
    member_id, token = web.member()
    notice_id = tell(web, member_id)
    other_id, other = web.member("李四")
    path = f"/members/{member_id}/notices"
    assert 404 == web.get(path, other).status_code
    assert 404 == web.post(f"{path}/{notice_id}/read", other).status_code
    assert 404 == web.post(f"{path}/read-all", other).status_code
    foreign = web.post(f"/members/{other_id}/notices/{notice_id}/read", other)
    assert (404, "notice-not-found") == (foreign.status_code, slug_of(foreign))
    for staff in (web.organiser, web.operator, web.token(Role.COMMUNITY_HEAD)):
        assert 403 == web.get(path, staff).status_code
        assert 403 == web.post(f"{path}/read-all", staff).status_code
    assert 1 == inbox(web, member_id, token)["unread"]


def test_the_engine_lets_nobody_read_for_others(society: Society) -> None:
    """Law 7's cousin: the rule is in the engine, not only in the routes."""
    member_id = society.member()
    notice_id = society.by(ORGANISER, lambda unit: notices.tell(unit, member_id, "merged"))
    with pytest.raises(NoticeNotFound):
        society.by(
            ORGANISER,
            lambda u: notices.read(u, member_id=member_id, notice_id=notice_id, key=society.name()),
        )
    with pytest.raises(NoticeNotFound):
        society.by(
            ORGANISER, lambda u: notices.read_all(u, member_id=member_id, key=society.name())
        )


def test_in_an_assist_the_office_reads_them_out(web: Web) -> None:
    """Someone without a phone hears at the office what they were told; a caller does not."""
    member_id, _ = web.member()
    tell(web, member_id)
    headers = {
        "Authorization": f"Bearer {web.organiser}",
        "X-Assist": begin(web, member_id, web.organiser),
    }
    path = f"/v1/b/trust/members/{member_id}/notices"
    assert 1 == web.client.get(path, headers=headers).json()["unread"]
    done = web.client.post(f"{path}/read-all", headers=headers | {"Idempotency-Key": new_key()})
    assert 1 == done.json()["read"]


def test_a_shop_is_named_when_a_notice_is_read(street: Payers) -> None:
    """The row holds the shop's id; the sentence says how it is called now."""
    ann = street.member(1000)
    with pytest.raises(PinNeeded):
        street.redeem(street.scanned(ann, cart_fen=60_000), 60)
    of = notices.notices
    query = select(of).where(of.c.bank_id == street.bank_id, of.c.kind == "pin-wanted")
    [row] = street.see(lambda view: view.rows(query))
    assert {"shop": street.shop_id, "points": 60} == row.figures
    [said] = street.see(lambda view: sentences(view, [row]))
    assert "好邻居超市 请您确认支付 60 个积分。" == said.zh
    assert "好邻居超市 waits for you to confirm 60 points." == said.en


def test_a_till_that_locks_itself_is_in_the_trail(street: Payers) -> None:
    """The tenth wrong code leaves an alarm, once; the nine before it and later ones don't."""

    def alarms() -> list[str]:
        page = street.see(lambda view: trail.listing(view, what="till.locked"))
        return [deed.object_id for deed in page.deeds]

    for _ in range(9):
        with pytest.raises(CodeUnknown):
            street.scan(STRANGE)
    assert [] == alarms()
    with pytest.raises(CodeUnknown):
        street.scan(STRANGE)
    with pytest.raises(TillLocked):
        street.scan(STRANGE)
    assert [street.till_id] == alarms()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_both_sentences(kind: str) -> None:
    """Only known places stand in a sentence, the same ones in both languages, and no name."""
    one = KINDS[kind]
    zh, en = (
        {name for _, name, _, _ in string.Formatter().parse(said) if name}
        for said in (one.zh, one.en)
    )
    assert zh | en <= PLACES
    assert zh == en
    assert one.zh.endswith("。")
