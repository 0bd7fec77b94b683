"""The first page of a volunteer."""

from api.pages.forms import KEY_SIGNS_MOST
from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from tests.pages import Visitor
from tests.web import opened


def test_home_shows_the_balance(database: Database, clock: ManualClock) -> None:
    """A volunteer who earned 10 sees 10."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        shown = Visitor(web.client, resident=token).get("/me")
        assert 200 == shown.status, shown.text
        assert "信义贝余额 10" in shown.text


def test_the_look_of_a_device_is_kept(database: Database, clock: ManualClock) -> None:
    """The elder mode is one attribute, chosen by one tap, and stays."""
    with opened(database, clock) as web:
        _, token = web.member()
        visitor = Visitor(web.client, resident=token)
        shown = visitor.get("/me").form("/look").send(choose="large")
        assert "/b/trust/me" == shown.path
        assert "large" == shown.soup.html["data-letters"]
        assert "large" == visitor.get("/me").soup.html["data-letters"]


def test_who_is_not_signed_in_is_sent_to_sign_in(database: Database, clock: ManualClock) -> None:
    """A page without a cookie leads to the sign-in of its door, and back afterwards."""
    with opened(database, clock) as web:
        client = web.client
        asked = client.get("/b/trust/me", follow_redirects=False)
        assert (303, "/b/trust/sign-in?next=%2Fb%2Ftrust%2Fme") == (
            asked.status_code,
            asked.headers["location"],
        )


def test_a_key_leaves_room_for_a_second_deed(database: Database, clock: ManualClock) -> None:
    """A form whose key is so long that a second deed could not be named does not even the first."""
    with opened(database, clock) as web:
        _, token = web.earned(10)
        visitor = Visitor(web.client, resident=token)
        form = visitor.get("/me/code").form("/me/code/codes")
        statuses = [form.send(key="k" * signs).status for signs in (KEY_SIGNS_MOST + 1, 15)]
        assert [400, 400] == statuses
        assert 200 == form.send(key="k" * KEY_SIGNS_MOST).status
