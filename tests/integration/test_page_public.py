"""Pages for everybody: what they show, that they name nobody, and that their figures are true."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.pages.public import figures
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.ledger import circulation
from creditbank.ledger.circulation import Flow
from tests import canaries
from tests.merchant_builders import STEP
from tests.pages import Shown, Visitor
from tests.web import Web, opened

PUBLIC = ("", "/needs", "/shops", "/figures", "/wall", "/wall/now", "/sign-in", "/join")
WAYS_IN = ("/office/sign-in", "/office/invitations", "/till/pair", "/sign-out")


@pytest.fixture
def web(database: Database, clock: ManualClock) -> Iterator[Web]:
    """A bank behind its pages."""
    with opened(database, clock) as api:
        yield api


@pytest.fixture
def anybody(web: Web) -> Visitor:
    """Somebody whom nobody knows."""
    return Visitor(web.client)


def paid(web: Web, points: int = 3) -> tuple[str, str, str]:
    """A member who earned 10 and paid at a shop; returns member, shop and redemption."""
    member_id, token = web.earned(10)
    merchant_id, _, till = web.shop()
    code = web.pay_code(member_id, token)
    body = {"code": code, "cart_fen": 3000, "points": points}
    done = web.made("/scan-and-redeem", till, body)
    return member_id, merchant_id, str(done["redemption_id"])


def test_everybody_reads_what_is_public(web: Web, anybody: Visitor) -> None:
    """Needs, shops with their offers in words, and figures are read without signing in."""
    _, merchant_id, _ = paid(web)
    web.publish(title="陪老人买菜", place="菜市场东门")
    for path in (*PUBLIC, *WAYS_IN):
        shown = anybody.get(path)
        assert 200 == shown.status, path
        assert (path != "/wall/now") == len(shown.soup.find_all("h1")), path
    needs = anybody.get("/needs").text
    assert "陪老人买菜" in needs
    assert "菜市场东门" in needs
    assert "还差 5 人" in needs
    shop = anybody.get(f"/shops/{merchant_id}").text
    assert "每满 30 元可用 3 个信义贝，每个抵 1 元" in shop
    assert f"/b/trust/shops/{merchant_id}" in anybody.get("/shops").links()


def test_every_page_speaks_both_languages_and_large(web: Web, anybody: Visitor) -> None:
    """No page forgets a language, and the elder mode is on every one."""
    paid(web)
    web.publish()
    anybody.cookies["cb-look"] = "en.large.auto"
    for path in (*PUBLIC, *WAYS_IN):
        shown = anybody.get(path)
        assert "en" == shown.soup.html["lang"] if shown.soup.html else path == "/wall/now"
        for word in ("登录", "合作商户", "验证码", "感谢", "流通"):
            assert word not in shown.text, (path, word)


def test_nobody_is_named_to_everybody(web: Web) -> None:
    """Of a member who did all that members do nothing stands on a public page, signed out."""
    journey = canaries.Journey(web)
    journey.run()
    web.publish(title="公开的需求")
    anybody = Visitor(web.client)
    links = {one for path in PUBLIC for one in anybody.get(path).links()}
    inside = sorted(one for one in links if one.startswith("/b/trust"))
    for path in {*PUBLIC, *WAYS_IN, *inside}:
        shown = anybody.get(path)
        for word in (*canaries.WORDS, *journey.secrets, *journey.codes):
            assert word not in shown.html, (path, word)


def test_needs_of_one_resident_tell_no_home(web: Web, anybody: Visitor) -> None:
    """A need that helps one resident tells its community, and never its place."""
    helped, _ = web.member("金丝雀")
    task = web.publish(title="上门理发", place="金丝雀巷七号楼", beneficiary_id=helped)
    web.publish(title="河道巡查", place="二号桥")
    for path in ("", "/needs", "/wall", "/wall/now"):
        html = anybody.get(path).html
        assert "上门理发" in html, path
        assert "金丝雀" not in html, path
        assert helped not in html, path
    assert "地点报名后告知" in anybody.get("/needs").text
    assert "金丝雀" not in anybody.get(f"/tasks/{task}").html


def test_drafts_full_and_past_needs_are_not_open(web: Web, anybody: Visitor) -> None:
    """What cannot be claimed is not among the open needs."""
    web.publish(title="草稿", draft=True)
    _, token = web.member()
    full = web.publish(title="满员", capacity=1)
    web.made(f"/tasks/{full}/claims", token, {})
    web.publish(title="还开放")
    assert ["还开放"] == titles(anybody.get("/needs"))
    web.clock.advance(hours=2)
    assert [] == titles(anybody.get("/needs"))
    assert "目前没有公开的需求" in anybody.get("/needs").text


def titles(shown: Shown) -> list[str]:
    """The titles of the needs on a page."""
    return [one.get_text(strip=True) for one in shown.soup.select("#needs .need-title")]


def test_needs_are_filtered(web: Web, anybody: Visitor) -> None:
    """By kind, by community, by day; pages follow each other without gap or double."""
    soon = web.clock.now() + timedelta(days=2)
    later: dict[str, Any] = {
        "starts_at": soon.isoformat(),
        "ends_at": (soon + timedelta(hours=1)).isoformat(),
    }
    web.publish(title="今天的")
    task = web.publish(title="后天的", **later)
    of = web.get(f"/tasks/{task}", web.organiser).json()
    day = soon.astimezone().date()
    assert ["后天的"] == titles(anybody.get("/needs", category=of["category"]))
    assert ["后天的"] == titles(anybody.get("/needs", community=of["community_id"]))
    local = (soon + timedelta(hours=8)).date()
    assert ["后天的"] == titles(anybody.get("/needs", day=local.isoformat())), day
    assert ["今天的", "后天的"] == titles(anybody.get("/needs", category="", community="", day=""))
    assert [] == titles(anybody.get("/needs", day="2031-01-01"))
    for n in range(25):
        web.publish(title=f"第{n}项", **later)
    first = anybody.get("/needs")
    (following,) = [one for one in first.links() if "after=" in one]
    both = titles(first) + titles(anybody.get(following))
    assert 27 == len(both) == len(set(both))


@pytest.mark.parametrize(
    "query",
    [{"category": "x' OR 1"}, {"community": "com_1"}, {"day": "yesterday"}, {"after": "tsk_1"}],
)
def test_a_filter_that_is_none_is_told(anybody: Visitor, query: dict[str, Any]) -> None:
    """What is no filter is a page that says so, and leads on."""
    shown = anybody.get("/needs", **query)
    assert 422 == shown.status
    assert "回首页" in shown.text


def test_figures_are_those_of_the_ledger(web: Web, anybody: Visitor) -> None:
    """What is shown is what the books say: issued, in circulation, redeemed, hours, thanks."""
    _, _, redemption = paid(web)
    paid(web)
    web.made(f"/redemptions/{redemption}/refunds", web.treasurer, {"points": 1})
    web.clock.advance(minutes=2)
    shown = anybody.get("/figures")
    bank = web.bank.bank_id
    books = web.database.read(bank, lambda v: circulation.of(v, "XYB"))
    assert (20, 0, 15, 5) == (
        books.issued,
        books.taken_back,
        books.with_members,
        books.with_merchants,
    )
    tiles = [one.get_text(" ", strip=True) for one in shown.soup.select(".tile")]
    assert tiles[:3] == [
        "流通中 15 在居民、服务队和互助金手里",
        "累计发放 20 已减去撤回的",
        "累计兑换 5 已减去退回的",
    ]
    assert "累计服务时长 2 小时" in shown.text
    assert "参加过的人 2 人" in shown.text
    assert books.issued == (books.with_members + books.with_merchants + books.elsewhere)


def test_figures_by_month_add_up(web: Web) -> None:
    """What moved in the spans between instants is each movement once, and undone ones are net."""
    _, _, redemption = paid(web)
    cut = web.clock.now() + timedelta(seconds=1)
    web.clock.advance(days=3)
    web.made(f"/redemptions/{redemption}/refunds", web.treasurer, {"points": 2})
    web.earned(7)
    bank = web.bank.bank_id
    spans = ((cut - timedelta(days=1), cut), (cut, web.clock.now() + timedelta(days=1)))
    flows = [
        web.database.read(bank, lambda v, both=both: circulation.between(v, "XYB", *both))
        for both in spans
    ]
    assert [(10, 3), (7, -2)] == [(one.net_issued, one.net_redeemed) for one in flows]
    assert Flow(17, 0, 3, 2, 0, 19, 3) == circulation.together(flows)


def test_figures_are_at_most_a_minute_old(web: Web, anybody: Visitor) -> None:
    """Within a minute the same figures are shown, with their instant; then new ones."""
    first = web.database.read(web.bank.bank_id, lambda v: figures.taken(v, {}))
    assert 0 == first.served.services
    before = anybody.get("/figures").text
    web.earned(10)
    assert "累计发放 10" in anybody.get("/figures").text
    assert "累计发放 0" in before


def test_shops_that_take_nothing_are_not_shown(web: Web, anybody: Visitor) -> None:
    """A suspended shop is on no list, and its page is gone."""
    merchant_id, _, _ = web.shop(STEP)
    assert 200 == anybody.get(f"/shops/{merchant_id}").status
    web.made(f"/merchants/{merchant_id}/suspend", web.operator)
    assert 404 == anybody.get(f"/shops/{merchant_id}").status
    assert merchant_id not in anybody.get("/shops").html
    assert 404 == anybody.get(f"/shops/mer_{'0' * 26}").status


def test_the_wall_names_only_who_agreed(web: Web, anybody: Visitor) -> None:
    """Of two who served this month the one is named who agreed; notes show words likewise."""
    agreed, _ = served(web, "同意的甲")
    other, _ = served(web, "不同意的乙")
    web.made(f"/members/{agreed}/consents", web.organiser, {"purposes": ["publish_name"]})
    shown = anybody.get("/wall").html
    assert "同意的甲" in shown
    assert "不同意的乙" not in shown
    assert "1 小时" in shown
    assert other not in shown
    web.made(f"/members/{agreed}/suspend", web.organiser)
    assert "同意的甲" not in anybody.get("/wall").html


def served(web: Web, name: str) -> tuple[str, str]:
    """A member of a name who served an hour that was approved; returns id and claim."""
    body = {"name": name, "community_id": web.community()}
    member_id = str(web.made("/members", web.organiser, body)["member_id"])
    token = web.token(Role.MEMBER, member_id=member_id)
    claim = web.served(token)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    return member_id, claim


def test_the_wall_shows_notes_that_were_read(web: Web, anybody: Visitor) -> None:
    """A note hangs there once the office has read it, and only with the thanked one's consent."""
    member_id, claim = served(web, "被感谢的人")
    _, silent = served(web, "没同意的人")
    for one, words in ((claim, "谢谢您的热饭"), (silent, "谢谢您的雨伞")):
        noted = web.made(f"/claims/{one}/thanks", web.organiser, {"text": words})
        assert words not in anybody.get("/wall").html
        web.made(f"/thanks/{noted['thanks_id']}/release", web.reviewer)
    assert "谢谢您的热饭" not in anybody.get("/wall").html
    web.made(f"/members/{member_id}/consents", web.organiser, {"purposes": ["publish_name"]})
    shown = anybody.get("/wall")
    assert "谢谢您的热饭" in shown.text
    assert "今天的感谢" in shown.text
    assert "谢谢您的雨伞" not in shown.text
    web.clock.advance(days=1)
    assert "最近的感谢" in anybody.get("/wall").text


def test_the_wall_and_lists_show_titles_as_text(web: Web, anybody: Visitor) -> None:
    """What organisers and shops write is text on every public page."""
    web.publish(title="<script>alert(1)</script>", place="<img src=x onerror=alert(1)>")
    body = {"name": "<b>店</b>", "trade": "<i>超市</i>", "asset": "XYB"}
    web.made("/merchants", web.operator, body)
    for path in ("", "/needs", "/shops", "/wall", "/wall/now"):
        html = anybody.get(path).html
        for raw in ("<script>alert", "<img src=x", "<b>店", "<i>超市"):
            assert raw not in html, path


def test_a_link_of_another_site_opens_public_pages(web: Web) -> None:
    """Whoever taps a link in a chat comes from another site, and reads all the same."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    for path in (*PUBLIC, *WAYS_IN):
        assert 200 == web.client.get(f"/b/trust{path}", headers=headers).status_code, path


def test_the_address_of_the_server_leads_people_to_its_bank(web: Web) -> None:
    """A browser is sent to the only bank, or chooses; a program is told where to go on."""
    client, html = web.client, {"Accept": "text/html,*/*"}
    asked = client.get("/", headers=html, follow_redirects=False)
    assert (303, "/b/trust") == (asked.status_code, asked.headers["location"])
    assert "creditbank" == client.get("/").json()["name"]
    web.found("other", "另一家<b>互助社")
    shown = client.get("/", headers=html)
    assert 200 == shown.status_code
    assert "/b/trust" in shown.text
    assert "/b/other" in shown.text
    assert "<b>互助社" not in shown.text
    assert "Accept" in shown.headers["vary"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]
