"""The pages of needs and of who comes to them, in the order in which their addresses are tried."""

from __future__ import annotations

from api.pages.office import (
    afterwards,
    calendar,
    chain,
    needs,
    new_need,
    roster,
    site_code,
    waits,
)

# The calendar and the form stand before the page of one need, whose address would take theirs.
PAGES = (waits, calendar, new_need, needs, roster, site_code, afterwards, chain)
