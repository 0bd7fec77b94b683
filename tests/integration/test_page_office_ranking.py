"""The ranking page, what explains its places, and the books."""

import re

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.identity.roles import Role
from creditbank.ledger import earnings
from creditbank.recognition import periods, ranking
from tests.pages import Visitor
from tests.web import Web, opened


def _rows(visitor: Visitor, path: str) -> list[list[str]]:
    """The body rows of the first table of a page, as words."""
    page = visitor.get(path)
    assert 200 == page.status, page.text
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in page.soup.select("main table")[0].select("tbody tr")
    ]


def _history(web: Web) -> list[str]:
    """Three members: one with two services, two with the same, one approval taken back."""
    ids = [web.earned(units)[0] for units in (30, 20, 20)]
    _, token = web.member()
    claim = web.served(token, 50)
    web.made(f"/claims/{claim}/approve", web.reviewer, {})
    web.made(f"/claims/{claim}/withdraw-approval", web.second, {"reason": "不符"})
    return ids


def test_the_page_is_what_the_interface_says(database: Database, clock: ManualClock) -> None:
    """Ranks, masked names and units are those of the JSON; ties say so."""
    with opened(database, clock) as web:
        _history(web)
        name = str(clock.now().year)
        said = web.get(f"/periods/{name}/rankings/XYB/preview", web.organiser).json()
        shown = _rows(Visitor(web.client, office=web.organiser), "/office/ranking")
        assert [[str(one["rank"]), str(one["units"])] for one in said] == [
            [row[0], row[2]] for row in shown
        ]
        assert ["1", "2", "2"] == [row[0] for row in shown]
        assert all(one["name"] in row[1] for one, row in zip(said, shown, strict=True))
        assert [False, True, True] == ["并列" in row[1] for row in shown]
        assert (
            404
            == Visitor(web.client, office=web.organiser)
            .get("/office/ranking", period="1999")
            .status
        )


def test_each_place_is_explained_by_its_lines(database: Database, clock: ManualClock) -> None:
    """The lines of a place add up to its units, in every period and for everybody."""
    with opened(database, clock) as web:
        member, *_ = _history(web)
        desk = Visitor(web.client, office=web.organiser)
        page = desk.get("/office/ranking")
        [link] = [one for one in page.links() if one.endswith(member)]
        why = desk.get(link)
        assert "雨季巡查" in why.text
        assert "+30" in why.text

        def check(view: object) -> None:
            for period in periods.every(view):  # type: ignore[arg-type]
                for one in ranking.top(view, period.period_id, "XYB", limit=50):  # type: ignore[arg-type]
                    lines = earnings.of_member(view, period.period_id, one.member_id, "XYB")  # type: ignore[arg-type]
                    assert one.units == sum(line.units for line in lines)

        database.read(web.bank.bank_id, check)
        elsewhere = web.token(Role.ORGANISER, community_id=web.community())
        assert 403 == Visitor(web.client, office=elsewhere).get(link).status
        assert 403 == Visitor(web.client, office=web.member()[1]).get(link).status


def test_what_is_taken_back_shows_as_a_line(database: Database, clock: ManualClock) -> None:
    """A withdrawn approval is a line below nought, and the place is gone."""
    with opened(database, clock) as web:
        member, token = web.member()
        claim = web.served(token, 50)
        web.made(f"/claims/{claim}/approve", web.reviewer, {})
        web.made(f"/claims/{claim}/withdraw-approval", web.second, {"reason": "不符"})
        year = clock.now().year
        why = Visitor(web.client, office=web.organiser).get(f"/office/ranking/{year}/XYB/{member}")
        assert "撤回" in why.text
        assert "-50" in why.text
        assert "合计 0" in why.text


def test_the_books_and_their_proof(database: Database, clock: ManualClock) -> None:
    """Circulation, movements down to a transfer, and a proof that is run by a button."""
    with opened(database, clock) as web:
        _history(web)
        desk = Visitor(web.client, office=web.auditor)
        page = desk.get("/office/books")
        said = web.get("/circulation/XYB", web.auditor).json()
        assert f"累计发放 {said['issued']}" in page.text
        assert f"累计收回 {said['taken_back']}" in page.text
        back = str(page.soup.find_all("a", string="冲正")[0]["href"])
        transfer = desk.get(back)
        assert "冲正" in transfer.text
        assert re.search(r"trf_[0-9a-z]{26}", transfer.text)
        proof = desk.get("/office/books/audit").form("/audit").send()
        assert "账目全部相符" in proof.text
        assert 403 == Visitor(web.client, office=web.treasurer).get("/office/books/audit").status
        assert 200 == Visitor(web.client, office=web.treasurer).get("/office/books").status
        assert 403 == Visitor(web.client, office=web.organiser).get("/office/books").status
