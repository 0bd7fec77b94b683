"""What a page offers leads somewhere, and an address that is wrong is said to be wrong."""

from __future__ import annotations

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Visitor
from tests.web import opened


def test_a_wrong_address_is_no_form(database: Database, clock: ManualClock) -> None:
    """An id that cannot be one is told as a page that is missing, not as a wrong field."""
    with opened(database, clock) as web:
        _, token = web.member()
        shown = Visitor(web.client, resident=token).get("/tasks/nothing")
        assert 422 == shown.response.status_code
        assert "没有这个页面" in shown.response.text
        assert "请检查" not in shown.response.text


def test_needs_offer_only_what_one_may_open(database: Database, clock: ManualClock) -> None:
    """Chains are offered beside the needs to whoever keeps tasks, not to a reviewer."""
    with opened(database, clock) as web:
        for token, offered in ((web.organiser, True), (web.reviewer, False)):
            shown = Visitor(web.client, office=token).get("/office/needs")
            assert offered == ("/office/chain" in shown.response.text)
