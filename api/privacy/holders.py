"""Holders: all ids under which a member's personal data lies, those at shops included."""

from __future__ import annotations

from creditbank.core.units import View
from creditbank.leaving import holders
from merchants import cashiers


def of_member(view: View, member_id: str) -> list[str]:
    """Return the ids of a member, of merged rows, of offices, and of work at tills."""
    known = holders.of_member(view, member_id)
    return sorted([*known, *cashiers.of_members(view, known)])
