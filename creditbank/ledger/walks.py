"""Walks: the balances that the rows of a journal would leave, one after the other.

A plan walks a whole file with them; and when the books have moved since, they find the row at
which a slice no longer fits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from creditbank.core.engines import is_replayable
from creditbank.core.errors import Busy, CreditbankError, Refused, Unavailable
from creditbank.core.units import Unit, View
from creditbank.core.values import UNITS_MOST, Asset, write_units
from creditbank.ledger import chart, journal
from creditbank.ledger.accounts import Place, every_asset
from creditbank.ledger.books import accounts, transfers
from creditbank.ledger.posting import Draft


@dataclass(eq=False)
class RowRefused(Refused):
    """The books have moved since a journal was checked: one row of it no longer fits."""

    slug = "row-refused"
    zh = "第 {line} 行：{reason}"
    en = "line {line}: {reason}"
    line: int
    reason: str


@dataclass(slots=True)
class Standing:
    """A balance as it is walked; not ``is_there`` is an account that must be made otherwise."""

    address: str
    units: int
    floor: int | None
    ceiling: int | None
    is_there: bool = True


def known(
    view: View, *, asset: Asset, keys: Collection[str], addresses: Collection[str]
) -> tuple[dict[str, str], dict[str, Standing]]:
    """Return which keys the books have, with their content, and what these addresses have."""
    recorded = view.rows(
        select(transfers.c.key, transfers.c.content_hash).where(
            transfers.c.bank_id == view.bank_id, transfers.c.key.in_(keys)
        )
    )
    there = view.rows(
        select(accounts.c.address, accounts.c.balance, accounts.c.floor, accounts.c.ceiling).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.asset_code == asset.code,
            accounts.c.address.in_(addresses),
        )
    )
    return (
        {row.key: row.content_hash for row in recorded},
        {
            row.address: Standing(row.address, row.balance or 0, row.floor, row.ceiling)
            for row in there
        },
    )


def move(source: Standing, destination: Standing, units: int, asset: Asset) -> str | None:
    """Move the balances of one row, or say why it cannot be."""
    for one in (source, destination):
        if not one.is_there:
            return f"there is no account {one.address}"
    if source.floor is not None and source.units - units < source.floor:
        there = write_units(source.units - source.floor, asset.scale)
        needed = write_units(units, asset.scale)
        return f"{source.address}: {there} there, {needed} needed"
    if destination.units + units > (
        UNITS_MOST if destination.ceiling is None else destination.ceiling
    ):
        return f"{destination.address}: the account is full"
    if source.units - units < -UNITS_MOST:
        return f"{source.address}: more than can be counted"
    source.units -= units
    destination.units += units
    return None


def load(
    unit: Unit,
    drafts: Sequence[Draft],
    bounds: Mapping[Place, chart.Bounds],
    *,
    lines: Sequence[int],
) -> int:
    """Load a slice of a journal, all or nothing; return how many of its transfers are new.

    Raises:
        RowRefused: the books have moved since it was checked; it says which row no longer fits.
        InsufficientPoints: so they have, and meanwhile back again.
    """
    try:
        with unit.connection.begin_nested():
            return journal.load(unit, drafts, bounds)
    except CreditbankError as error:
        if is_replayable(error) or isinstance(error, Unavailable | Busy):
            raise
        at = _refused(unit, drafts, bounds)
        if at is None:
            raise
        raise RowRefused(lines[at[0]], at[1]) from error


def _refused(
    view: View, drafts: Sequence[Draft], bounds: Mapping[Place, chart.Bounds]
) -> tuple[int, str] | None:
    """Return which of these drafts no longer fits, and why."""
    asset = every_asset(view)[drafts[0].postings[0].amount.asset]
    sides = {
        one for draft in drafts for leg in draft.postings for one in (leg.source, leg.destination)
    }
    recorded, standing = known(
        view, asset=asset, keys=[draft.key for draft in drafts], addresses=sides
    )
    for (address, _), bound in bounds.items():
        standing.setdefault(address, Standing(address, 0, bound.floor, bound.ceiling))
    for n, draft in enumerate(drafts):
        content = recorded.get(draft.key)
        if content == draft.content_hash():
            continue
        if content is not None:
            return n, "key: recorded before with other content"
        leg = draft.postings[0]
        reason = move(standing[leg.source], standing[leg.destination], leg.amount.units, asset)
        if reason is not None:
            return n, reason
    return None
