"""Circulation: how much of an asset there is, who holds it, and what moved it in a span of time.

The one place that says what these words mean, for every page, route and file (law 13):

- **in circulation** is what lies on accounts that keep a balance, shops' apart: with members
  (what is on hold, too; what is owed counts against it), teams and funds;
- **issued** is what came out of issuance, **taken back** what returned there;
- **redeemed** is what shops took in redemptions, **returned** what they gave back for them;
- **expired** is what ran out of time.

A span goes by when a transfer was recorded, which never falls: one that is over stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select, text

from creditbank.core.units import View
from creditbank.ledger import chart, day_totals
from creditbank.ledger.books import IS_NO_MEMBERS, accounts, transfers
from creditbank.ledger.day_totals import CIRCULATING, Sum

_SHOP = "merchant/"


@dataclass(frozen=True, slots=True)
class Circulation:
    """How much of an asset there is, in units, and where it came from and went."""

    asset: str
    issued: int
    taken_back: int
    with_members: int
    with_merchants: int
    elsewhere: int

    @property
    def circulating(self) -> int:
        """What members, teams and funds hold."""
        return self.with_members + self.elsewhere


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved of an asset in a span, in units; ``came`` into circulation and ``went`` out."""

    issued: int = 0
    taken_back: int = 0
    redeemed: int = 0
    returned: int = 0
    expired: int = 0
    came: int = 0
    went: int = 0

    @property
    def net_issued(self) -> int:
        """What was issued, less what was taken back."""
        return self.issued - self.taken_back

    @property
    def net_redeemed(self) -> int:
        """What shops took, less what they gave back."""
        return self.redeemed - self.returned

    @property
    def net(self) -> int:
        """By how much circulation grew."""
        return self.came - self.went


def together(flows: Iterable[Flow]) -> Flow:
    """Return the sum of several spans."""
    every = list(flows)
    return Flow(*(sum(getattr(one, each.name) for one in every) for each in fields(Flow)))


def of(view: View, asset: str) -> Circulation:
    """Return what was issued and taken back ever, and who holds the rest now.

    What members hold is what ever left the accounts that keep no balance, less what all others
    hold: nobody has to look at every member. The audit proves that each asset sums to zero.
    """
    rows = view.rows(
        select(accounts.c.address, accounts.c.balance).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.asset_code == asset,
            text(IS_NO_MEMBERS),
        )
    )
    unbounded = {row.address for row in rows if row.balance is None}
    left, came = day_totals.through(view, asset, unbounded)
    merchants = sum(row.balance or 0 for row in rows if _is_shop(row.address))
    others = sum(row.balance or 0 for row in rows if not _is_shop(row.address))
    issuance = (chart.ISSUANCE, asset)
    return Circulation(
        asset,
        left.get(issuance, 0),
        came.get(issuance, 0),
        sum(left.values()) - sum(came.values()) - merchants - others,
        merchants,
        others,
    )


def between(view: View, asset: str, begins_at: datetime, ends_at: datetime) -> Flow:
    """Return what moved of an asset from one instant until before another."""
    found = Counter[str]()
    for one in day_totals.between(view, asset, begins_at, ends_at):
        for name in _of(one):
            found[name] += one.units
    return Flow(**found)


def _of(one: Sum) -> Iterator[str]:
    """Return which figures of a flow a sum is part of."""
    comes = one.destination in CIRCULATING
    if one.source == chart.ISSUANCE:
        yield "issued"
    if one.destination == chart.ISSUANCE:
        yield "taken_back"
    if one.destination == chart.EXPIRED:
        yield "expired"
    if one.kind in chart.TAKEN and _is_shop(one.destination):
        yield "redeemed"
    if one.kind in chart.GIVEN_BACK and _is_shop(one.source) and comes:
        yield "returned"
    if comes != (one.source in CIRCULATING):
        yield "came" if comes else "went"


def _is_shop(place: str) -> bool:
    return place.startswith(_SHOP)


def by_merchant(
    view: View, asset: str, begins_at: datetime, ends_at: datetime
) -> list[tuple[str, int, int]]:
    """Return what each shop took and gave back in a span, the most first: its id, the units."""
    found: dict[str, list[int]] = {}
    for one in day_totals.between(view, asset, begins_at, ends_at):
        for nth, (place, name) in enumerate(
            ((one.destination, "redeemed"), (one.source, "returned"))
        ):
            if name in _of(one):
                found.setdefault(place.removeprefix(_SHOP), [0, 0])[nth] += one.units
    several = [(shop, taken, returned) for shop, (taken, returned) in found.items()]
    return sorted(several, key=lambda one: (-one[1], one[0]))


def began_at(view: View) -> datetime | None:
    """Return when the first transfer was recorded; None before there is any."""
    row = view.row(
        select(transfers.c.recorded_at)
        .where(transfers.c.bank_id == view.bank_id)
        .order_by(transfers.c.recorded_at)
        .limit(1)
    )
    return None if row is None else row.recorded_at
