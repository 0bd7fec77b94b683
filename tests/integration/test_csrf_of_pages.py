"""A write by cookie comes from a page of ours: it knows its sitting's word, salted or plain."""

from collections.abc import Iterator

import pytest

from api.edge import csrf
from api.edge.cookies import Door, door_of
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity import sittings
from tests.pages import Visitor
from tests.web import Web, new_key, opened

DEED = "/me/code/stop"


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


def _send(web: Web, cookie: str | None, word: str | None, **headers: str) -> int:
    """Send a form that writes, and return the status."""
    fields = {"key": new_key()}
    if word is not None:
        fields["csrf"] = word
    kept = {} if cookie is None else {"Cookie": f"cb-trust={cookie}"}
    answer = web.client.post(
        f"/b/trust{DEED}", data=fields, headers=kept | headers, follow_redirects=False
    )
    web.client.cookies.clear()
    return answer.status_code


def test_only_our_pages_write(web: Web) -> None:
    """Without the word, with another sitting's, from another site: refused; with its own: done."""
    _, mine = web.member()
    _, other = web.member()
    word = csrf.salted(mine)
    assert 303 == _send(web, mine, word)
    assert 303 == _send(web, mine, sittings.csrf_of(mine))
    for wrong in (None, "", ".", "x", csrf.salted(other), sittings.csrf_of(other), word[:-1]):
        assert 403 == _send(web, mine, wrong), wrong
    for site in ("cross-site", "same-site"):
        assert 403 == _send(web, mine, word, **{"Sec-Fetch-Site": site})
    for site in ("same-origin", "none"):
        assert 303 == _send(web, mine, word, **{"Sec-Fetch-Site": site})


def test_each_page_has_a_word_of_its_own(web: Web) -> None:
    """The word is salted anew on every page, so nothing is learned from how a page compresses."""
    _, token = web.member()
    visitor = Visitor(web.client, resident=token)
    words = {visitor.get("/me").form("/look").fields["csrf"][0] for _ in range(3)}
    assert 3 == len(words)
    assert all(csrf.fits(token, word) for word in words)
    assert not any(sittings.csrf_of(token) in word for word in words)


def test_a_salt_fits_its_own_word_only() -> None:
    """Another salt before the same word fits nothing."""
    one, two = csrf.salted("cbt_secret"), csrf.salted("cbt_secret")
    salt, word = one.split(".")[0], two.split(".")[1]
    assert csrf.fits("cbt_secret", one)
    assert not csrf.fits("cbt_secret", f"{salt}.{word}")
    assert not csrf.fits("cbt_other", one)
    assert not csrf.fits("cbt_secret", "")
    assert not csrf.fits("cbt_secret", "词.词")


def test_three_doors_are_three_cookies(web: Web) -> None:
    """A page reads the cookie of its own door only: a volunteer's opens no till and no desk."""
    _, member = web.member()
    _, _, till = web.shop()
    assert [Door.RESIDENT, Door.OFFICE, Door.OFFICE, Door.TILL, Door.RESIDENT] == [
        door_of(path)
        for path in (
            "/b/trust/me",
            "/b/trust/office",
            "/b/trust/shop/x",
            "/b/trust/till",
            "/v1/b/x",
        )
    ]
    for cookies in ({"office": member}, {"till": till}):
        shown = web.client.get(
            "/b/trust/me",
            headers={"Cookie": "; ".join(Visitor(web.client, **cookies)._headers().values())},
            follow_redirects=False,
        )
        assert 303 == shown.status_code, cookies
