"""The pages of members, assists, imports, staff and exports, in the order of their routes."""

from __future__ import annotations

from api.pages.office import (
    admissions,
    assists,
    calls,
    cards,
    departures,
    exports,
    member,
    member_data,
    member_imports,
    members,
    merges,
    more,
    staff,
)

PAGES = (
    *(members, member, member_data, cards, assists, admissions, member_imports),
    *(merges, departures, calls, exports, staff, more),
)
