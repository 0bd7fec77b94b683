"""Acquaintances: somebody whom a volunteer knows by member number and whole name.

Numbers follow one another, so a number alone tells and finds nobody; and whoever would guess the
names behind them has a few tries a minute.
"""

from __future__ import annotations

import hmac

from api.edge.limits import spend
from api.pages.page import Page
from creditbank.core.units import View
from creditbank.people import members, persons
from creditbank.people.errors import MemberNotFound

TRIES_A_MINUTE = 5


async def asked(page: Page, number: str, name: str) -> str:
    """Return the id of the member who has this number and this name; so many tries a minute.

    Raises:
        MemberNotFound: nobody has both.
        RateLimited: too many were tried.
    """
    spend(page.request, "acquaintance", page.member_id, per_minute=TRIES_A_MINUTE)
    return await page.read(lambda view: _found(view, number, name))


def _found(view: View, number: str, name: str) -> str:
    one = members.by_number(view, number).member_id
    known = persons.names(view, [one]).get(one, "")
    if not hmac.compare_digest("".join(known.split()).encode(), "".join(name.split()).encode()):
        raise MemberNotFound(number)
    return one
