"""What pages stand against: large bodies, foreign pages, doors side by side, sittings that end."""

from collections.abc import Iterator

import pytest

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Visitor
from tests.web import Web, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


def test_a_body_that_is_too_large_is_refused_as_a_page(web: Web) -> None:
    """Too much is 413 with a way on, whether its length is said or not, signed in or not."""
    _, token = web.member()
    large = b"choose=large&back=" + b"x" * 1_100_000
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    def unsaid() -> Iterator[bytes]:
        yield large[:600_000]
        yield large[600_000:]

    for cookie in ({"Cookie": f"cb-trust={token}"}, {}):
        for content in (large, unsaid()):
            got = web.client.post("/b/trust/look", content=content, headers=kind | cookie)
            assert 413 == got.status_code, got.text[:300]
            assert "text/html; charset=utf-8" == got.headers["content-type"]
            assert 'data-problem="body-too-large"' in got.text
            assert "<h1" in got.text
            assert "close" == got.headers["connection"]
            assert "no-store" == got.headers["cache-control"]
            assert "default-src 'none'" in got.headers["content-security-policy"]
    for path in ("/b/nowhere/look", "/b/"):  # no page without a bank to be of
        got = web.client.post(path, content=large, headers=kind)
        assert (404, "application/problem+json") == (got.status_code, got.headers["content-type"])


def test_a_body_that_is_too_large_is_refused_into_the_open_page(web: Web) -> None:
    """HTMX gets the same refusal as a part for the page that is open."""
    got = web.client.post(
        "/b/trust/look",
        content=b"x" * 1_100_000,
        headers={"HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (413, "#problem") == (got.status_code, got.headers["hx-retarget"])
    assert "<html" not in got.text
    assert 'data-problem="body-too-large"' in got.text


def test_every_door_can_choose_its_letters(web: Web) -> None:
    """Who has three doors open in one browser can change the look from a page of each."""
    _, token = web.member()
    _, _, till = web.shop()
    visitor = Visitor(web.client, resident=token, office=web.organiser, till=till)
    for path, word in (("/me", "large"), ("/office/more", "en"), ("/till/today", "plain")):
        shown = visitor.get(path).form("/look").send(choose=word)
        assert (200, f"/b/trust{path}") == (shown.status, shown.path), shown.text
        assert word in visitor.cookies["cb-look"]


def test_no_other_site_chooses_the_look(web: Web) -> None:
    """A form of another site changes nothing, whoever is signed in."""
    for site in ("cross-site", "same-site"):
        got = web.client.post(
            "/b/trust/look", data={"choose": "large"}, headers={"Sec-Fetch-Site": site}
        )
        assert 403 == got.status_code
        assert "set-cookie" not in got.headers


def test_a_part_of_a_page_tells_that_a_sitting_is_over(web: Web) -> None:
    """A script that asks for a part learns of it by the status, HTMX by the way to sign in."""
    for path in ("/me/code/now", "/till/requests/page-0123456789abcdef", "/office/more"):
        got = web.client.get(f"/b/trust{path}", headers={"HX-Request": "true"})
        assert 401 == got.status_code, path
        assert "" == got.text
        assert got.headers["hx-redirect"].startswith("/b/trust/")
