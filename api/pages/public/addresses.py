"""Where a sign-in leads on: to the page that was asked for, if it is one of this bank's side."""

from __future__ import annotations

import re

from api.edge.cookies import Door, door_of
from api.pages.page import Page

MOST = 300
# Plain words between slashes, and a plain query: nothing that a browser reads in a second way.
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-]+)+(?:\?[A-Za-z0-9_=&~-]*)?")


def inside(page: Page, wanted: str, otherwise: str, door: Door = Door.RESIDENT) -> str:
    """Return a wanted address below the bank's, or another one if it leaves bank or side."""
    path = wanted.removeprefix(page.base)
    own = path != wanted and len(wanted) <= MOST and _PLAIN.fullmatch(path) is not None
    return path if own and door_of(wanted) is door else otherwise
