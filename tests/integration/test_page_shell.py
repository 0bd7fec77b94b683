"""What all pages share: their head, their assets, refusals as pages, and an app on a phone."""

import gzip
import json
from collections.abc import Iterator

import pytest

from api.pages import assets
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Visitor
from tests.web import Web, opened


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


def test_assets_are_kept_for_ever(web: Web) -> None:
    """What has a hash in its address is kept for ever, compressed where that helps; else 404."""
    for name, asset in assets.every().items():
        got = web.client.get(asset.url)
        assert 200 == got.status_code, name
        assert asset.whole == got.content, name
        assert assets.FOR_EVER == got.headers["cache-control"]
        if asset.packed is not None:
            assert "gzip" == got.headers["content-encoding"], name
        plain = web.client.get(asset.url, headers={"Accept-Encoding": "identity"})
        assert asset.whole == plain.content
        assert "content-encoding" not in plain.headers
    for path in ("/static/000000000000/app.css", "/static/x/nowhere.js", "/static/x/..%2Fapp.py"):
        assert 404 == web.client.get(path).status_code, path


def test_a_page_may_load_nothing_from_elsewhere(web: Web) -> None:
    """Every page says what it may load, is kept by nobody, and names only our own addresses."""
    _, token = web.member()
    shown = Visitor(web.client, resident=token).get("/me")
    policy = shown.response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" == shown.response.headers["cache-control"]
    for tag, name in (("link", "href"), ("script", "src"), ("img", "src"), ("form", "action")):
        for one in shown.soup.find_all(tag):
            if one.has_attr(name):
                assert str(one[name]).startswith(("/b/trust", "/static/")), one


def test_pages_travel_compressed(web: Web) -> None:
    """A page is sent compressed to whoever takes that."""
    _, token = web.member()
    headers = {"Cookie": f"cb-trust={token}", "Accept-Encoding": "gzip"}
    with web.client.stream("GET", "/b/trust/me", headers=headers) as got:
        raw = b"".join(got.iter_raw())
    assert "gzip" == got.headers["content-encoding"]
    assert b"<!doctype html>" in gzip.decompress(raw)


def test_a_phone_can_keep_it_as_an_app(web: Web) -> None:
    """Manifest, icons, service worker and favicon are there, and inside the bank's addresses."""
    manifest = web.client.get("/b/trust/manifest.webmanifest")
    said = json.loads(manifest.text)
    assert "信任互助社" == said["name"]
    assert said["start_url"].startswith(said["scope"])
    for icon in said["icons"]:
        assert 200 == web.client.get(icon["src"]).status_code
    assert {"192x192", "512x512"} == {one["sizes"] for one in said["icons"]}
    worker = web.client.get("/sw.js")
    assert "no-cache" == worker.headers["cache-control"]
    assert worker.headers["content-type"].startswith("text/javascript")
    assert 200 == web.client.get("/favicon.ico").status_code
    assert 404 == web.client.get("/b/nowhere/manifest.webmanifest").status_code


def test_a_look_is_one_of_few_words(web: Web) -> None:
    """Language, letters and colours are chosen one by one; other words change nothing."""
    _, token = web.member()
    visitor = Visitor(web.client, resident=token)
    for word, expected in (
        ("large", "zh.large.auto"),
        ("dark", "zh.large.dark"),
        ("en", "en.large.dark"),
        ("<b>", "en.large.dark"),
    ):
        shown = visitor.get("/me").form("/look").send(choose=word)
        assert expected == visitor.cookies["cb-look"]
        assert 200 == shown.status
    assert "en" == shown.soup.html["lang"]
    visitor.cookies["cb-look"] = "x.large.<script>.zh"
    html = visitor.get("/me").soup.html
    assert ("large", "auto") == (html["data-letters"], html["data-colours"])


def test_a_device_that_reads_no_chinese_gets_english(web: Web) -> None:
    """Chinese comes first, unless a device asks for English and for no Chinese at all."""
    _, token = web.member()
    for wanted, language in (
        ("en-GB,en;q=0.9", "en"),
        ("en,zh;q=0.5", "zh-CN"),
        ("zh-CN,en", "zh-CN"),
        ("fr", "zh-CN"),
    ):
        headers = {"Cookie": f"cb-trust={token}", "Accept-Language": wanted}
        assert f'<html lang="{language}"' in web.client.get("/b/trust/me", headers=headers).text


def test_a_look_leads_back_into_the_house_only(web: Web) -> None:
    """After the choice one is where one was; an address elsewhere leads to the first page."""
    for back, expected in (
        ("/b/trust/me?x=1", "/b/trust/me?x=1"),
        ("/b/trust", "/b/trust"),
        ("/b/trusted/me", "/b/trust"),
        ("//evil.example/b/trust", "/b/trust"),
        ("https://evil.example/", "/b/trust"),
        ("javascript:alert(1)", "/b/trust"),
        ("", "/b/trust"),
    ):
        fields = {"choose": "large", "back": back}
        sent = web.client.post("/b/trust/look", data=fields, follow_redirects=False)
        web.client.cookies.clear()
        assert (303, expected) == (sent.status_code, sent.headers["location"])


def test_refusals_are_pages(web: Web) -> None:
    """What is not there, not allowed or malformed is told as a page with a way on."""
    _, token = web.member()
    visitor = Visitor(web.client, resident=token)
    for status, shown in (
        (404, visitor.get("/me/nowhere-at-all")),
        (422, visitor.post("/look", {"csrf": _word(visitor), "choose": "x" * 11})),
        (422, visitor.post("/look", {"csrf": _word(visitor), "choose": "en", "more": "1"})),
        (403, visitor.post("/look", {"choose": "en"}, **{"Sec-Fetch-Site": "cross-site"})),
        (403, visitor.post("/me/code/stop", {"key": "page-0123456789abcdef"})),
        (415, visitor.post("/look", {}, **{"Content-Type": "application/json"})),
    ):
        assert status == shown.status, shown.text
        assert shown.soup.find(class_="problem"), shown.html
        assert shown.soup.find("h1")
        assert any(link.startswith("/b/trust") for link in shown.links())
        assert "Traceback" not in shown.html
    assert 404 == web.client.get("/b/nowhere/me").status_code
    assert 404 == web.client.get("/b/").status_code
    assert 405 == web.client.put("/b/trust/look", data={"choose": "en"}).status_code


def _word(visitor: Visitor) -> str:
    return visitor.get("/me").form("/look").fields["csrf"][0]


def test_scripts_get_refusals_as_parts(web: Web) -> None:
    """HTMX is told a refusal as a part for the open page, and where to put it."""
    _, token = web.member()
    headers = {"Cookie": f"cb-trust={token}", "HX-Request": "true"}
    fields = {"key": "page-0123456789abcdef"}
    told = web.client.post("/b/trust/me/code/stop", data=fields, headers=headers)
    assert (403, "#problem") == (told.status_code, told.headers["hx-retarget"])
    assert "<html" not in told.text
    assert 'role="alert"' in told.text
    sent = web.client.get("/b/trust/me", headers={"HX-Request": "true"}, follow_redirects=False)
    assert (401, "/b/trust/sign-in?next=%2Fb%2Ftrust%2Fme") == (
        sent.status_code,
        sent.headers["hx-redirect"],
    )


def test_back_is_a_page_of_this_house(web: Web) -> None:
    """The way back is where one came from, if that is one of our pages."""
    _, token = web.member()
    for came, expected in (
        ("http://testserver/b/trust/me?x=<i>", "/b/trust/me?x=&lt;i&gt;"),
        ("http://evil.example/b/trust/me", "/b/trust"),
        ("javascript:alert(1)//b/trust/", "/b/trust"),
        ("http://testserver/b/trust/nowhere", "/b/trust"),
    ):
        headers = {"Cookie": f"cb-trust={token}", "Referer": came}
        shown = web.client.get("/b/trust/nowhere", headers=headers)
        assert f'<a class="button" href="{expected}">' in shown.text, came


def test_what_is_said_after_a_deed_is_no_free_text(web: Web) -> None:
    """Only known words make a sentence; what somebody writes into the address is not shown."""
    _, token = web.member()
    visitor = Visitor(web.client, resident=token)
    assert "已保存" in visitor.get("/me", done="saved").text
    shown = visitor.get("/me", done="<script>alert(1)</script>请把密码发给我")
    assert shown.soup.find(class_="done") is None
    assert "密码发给我" not in shown.text
