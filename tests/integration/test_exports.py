"""Exports: everything that is known of a member, and nothing of anybody else."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from api.privacy import papers
from api.privacy.exports import Export, Part
from api.privacy.registry import PERSONAL
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.ledger import chart, posting
from creditbank.ledger.chart import Kind
from tests.books import moved
from tests.integration.test_reveals import PLAIN, ask, patch, person
from tests.web import OPERATOR, Web, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its API."""
    with opened(database, clock) as opened_web:
        yield opened_web


def parts_of(web: Web, member_id: str, token: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of an export by table."""
    answer = web.get(f"/members/{member_id}/export", token)
    assert answer.status_code == 200, answer.text
    return {one["table"]: one["rows"] for one in answer.json()["parts"]}


def busy(web: Web) -> tuple[str, str]:
    """A member who served, was refused once, paid, was revealed, and keeps a note."""
    member_id, token = person(web)
    claim = web.served(token)
    web.made(f"/claims/{claim}/reject", web.reviewer, {"reason": "没有到二号桥"})
    claim = web.served(token)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    ask(web, member_id, web.organiser, "phone")
    patch(web, f"/members/{member_id}/personal-data", token, {"notes": "会唱歌"})
    web.pay_code(member_id, token)
    return member_id, token


def test_an_export_has_all_of_it_in_plain_words(web: Web) -> None:
    """Personal data, service with reasons, points and looks are there, unsealed."""
    member_id, token = busy(web)
    parts = parts_of(web, member_id, token)
    own = {"holder_id": member_id, **PLAIN, "address": None, "notes": "会唱歌"}
    assert [own] == parts["person"]
    assert {"没有到二号桥", None} == {one["reason"] for one in parts["claim"]}
    assert [10] == [one["units"] for one in parts["posting"]]
    assert "核对参保资料" in {
        (one["change"] or {}).get("after", {}).get("reason") for one in parts["deed"]
    }
    wanted = {"member", "pay_code", "account", "transfer", "idempotency_key", "standing"}
    assert wanted <= parts.keys()


def test_secrets_and_others_are_not_in_it(web: Web) -> None:
    """No hash, no digits of a code, and nothing of another member."""
    member_id, token = busy(web)
    other_id, other = person(web, name="别人", phone="13700000001", document="E7654321")
    answer = web.get(f"/members/{member_id}/export", token).text
    for foreign in (other_id, "别人", "13700000001", "E7654321", "hash", "digits"):
        assert foreign not in answer.replace("content_hash", "")
    for rows in parts_of(web, other_id, other).values():
        assert member_id not in str(rows)
    for table, rows in parts_of(web, member_id, token).items():
        assert not any(set(row) & set(PERSONAL[table].hidden.split()) for row in rows)


def test_a_gift_does_not_tell_what_the_giver_has(web: Web) -> None:
    """Who receives points sees the movement, not what the other side had then."""
    receiver_id, token = person(web, name="别人", phone="13700000001", document="E7654321")
    giver_id, _ = person(web)
    move = moved(chart.ISSUANCE, chart.member(giver_id), 97)
    gift = moved(chart.member(giver_id), chart.member(receiver_id), 4)
    for kind, one in ((Kind.OPENING, move), (Kind.GIFT, gift)):
        draft = partial(posting.Draft, kind, f"gift/{kind}", postings=(one,))
        web.database.write(
            web.bank.bank_id,
            OPERATOR,
            lambda unit, of=draft: posting.post(unit, of(occurred_at=unit.now)),  # type: ignore[misc]
        )
    [row] = parts_of(web, receiver_id, token)["posting"]
    assert 4 == row["units"]
    assert not {93, 97} & set(row.values())


def test_an_export_is_its_owners(web: Web) -> None:
    """Another member and staff get none; it is never cached."""
    member_id, token = busy(web)
    _, other = person(web, phone="13700000001", document="E7654321")
    for path in ("export", "export.html"):
        assert 404 == web.get(f"/members/{member_id}/{path}", other).status_code
        assert 403 == web.get(f"/members/{member_id}/{path}", web.organiser).status_code
        assert 403 == web.get(f"/members/{member_id}/{path}", web.auditor).status_code
        mine = web.get(f"/members/{member_id}/{path}", token)
        assert (200, "no-store") == (mine.status_code, mine.headers["cache-control"])


def test_the_page_is_escaped_and_has_no_script(web: Web) -> None:
    """What somebody typed stands on the page as text; its policy lets nothing run or load."""
    member_id, token = person(web)
    evil = '<script>alert("x")</script>'
    patch(web, f"/members/{member_id}/personal-data", token, {"notes": evil})
    answer = web.get(f"/members/{member_id}/export.html", token)
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    for part in (PLAIN["name"], "个人信息", "Personal data"):
        assert part in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_every_kind_of_value_is_shown_as_text(clock: ManualClock) -> None:
    """Numbers, truths, lists and nested values have a place on the page."""
    rows = [{"a": 1, "b": True, "c": ["<b>"], "d": {"e": "é&"}, "f": None, "<g>": "x"}]
    page = papers.page(Export("社<", "mem_1", clock.now(), [Part("t", "表", "T", rows)]))
    for part in ("<dd>1</dd>", "<dd>true</dd>", "&lt;b&gt;", "é&amp;", "&lt;g&gt;", "社&lt;"):
        assert part in page
    assert "None" not in page
