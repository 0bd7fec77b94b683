"""Holdings: what many members have of everything, for lists."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts


def of_members(view: View, member_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return, for each of these members, the units of each asset: available and held together."""
    owners = {
        address: one for one in member_ids for address in (chart.member(one), chart.held(one))
    }
    rows = view.rows(
        select(accounts.c.address, accounts.c.asset_code, accounts.c.balance).where(
            accounts.c.bank_id == view.bank_id, accounts.c.address.in_(sorted(owners))
        )
    )
    found: dict[str, dict[str, int]] = {one: {} for one in member_ids}
    for row in rows:
        of = found[owners[row.address]]
        of[row.asset_code] = of.get(row.asset_code, 0) + (row.balance or 0)
    return found
