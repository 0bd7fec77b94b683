"""Acquaintances: somebody whom a volunteer knows by member number and whole name.

Numbers follow one another, so a number alone tells and finds nobody.
"""

from __future__ import annotations

import hmac

from creditbank.core.units import View
from creditbank.people import members, persons
from creditbank.people.errors import MemberNotFound


def found(view: View, number: str, name: str) -> str:
    """Return the id of the member who has this number and this name.

    Raises:
        MemberNotFound: nobody has both.
    """
    one = members.by_number(view, number).member_id
    known = persons.names(view, [one]).get(one, "")
    if not hmac.compare_digest("".join(known.split()).encode(), "".join(name.split()).encode()):
        raise MemberNotFound(number)
    return one
