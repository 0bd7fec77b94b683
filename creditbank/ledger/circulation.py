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

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, case, func, select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.movements import destination, joined, source
from creditbank.ledger.statements import account_of


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
    """Return what was issued and taken back ever, and who holds the rest now, by the balances."""
    issuance = account_of(view, chart.ISSUANCE, asset)
    whose = case(
        (_begins(accounts, "member/"), "members"),
        (_begins(accounts, "merchant/"), "merchants"),
        else_="elsewhere",
    )
    rows = view.rows(
        select(whose.label("whose"), func.sum(accounts.c.balance).label("units"))
        .where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.asset_code == asset,
            accounts.c.balance.is_not(None),
        )
        .group_by(whose)
    )
    held = {row.whose: int(row.units) for row in rows}
    return Circulation(
        asset,
        _ever(view, "source_id", issuance),
        _ever(view, "destination_id", issuance),
        *(held.get(one, 0) for one in ("members", "merchants", "elsewhere")),
    )


def _ever(view: View, side: str, account_id: int | None) -> int:
    """Return the sum of all that moved on one side of an account."""
    if account_id is None:
        return 0
    row = view.row(
        select(func.sum(postings.c.units).label("units")).where(
            postings.c.bank_id == view.bank_id, postings.c[side] == account_id
        )
    )
    return int(row.units) if row is not None and row.units is not None else 0


def between(view: View, asset: str, begins_at: datetime, ends_at: datetime) -> Flow:
    """Return what moved of an asset from one instant until before another."""
    sums = {
        "issued": source.c.address == chart.ISSUANCE,
        "taken_back": destination.c.address == chart.ISSUANCE,
        "redeemed": _redeems(),
        "returned": _returns(),
        "expired": destination.c.address == chart.EXPIRED,
        "came": _circulates(destination) & ~_circulates(source),
        "went": _circulates(source) & ~_circulates(destination),
    }
    columns = (
        func.coalesce(func.sum(case((which, postings.c.units), else_=0)), 0).label(name)
        for name, which in sums.items()
    )
    row = view.row(joined(view, asset, *columns).where(*_within(begins_at, ends_at)))
    assert row is not None, "a sum is one row"
    return Flow(**{name: int(getattr(row, name)) for name in sums})


def by_merchant(
    view: View, asset: str, begins_at: datetime, ends_at: datetime
) -> list[tuple[str, int, int]]:
    """Return what each shop took and gave back in a span, the most first: its id, the units."""
    found: dict[str, list[int]] = {}
    for nth, (own, which) in enumerate(((destination, _redeems()), (source, _returns()))):
        query = joined(
            view, asset, own.c.address.label("address"), func.sum(postings.c.units).label("units")
        )
        query = query.where(which, *_within(begins_at, ends_at)).group_by(own.c.address)
        for row in view.rows(query):
            shop = row.address.removeprefix("merchant/")
            found.setdefault(shop, [0, 0])[nth] += int(row.units)
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


def _within(begins_at: datetime, ends_at: datetime) -> tuple[ColumnElement[bool], ...]:
    return (transfers.c.recorded_at >= begins_at, transfers.c.recorded_at < ends_at)


def _redeems() -> ColumnElement[bool]:
    return transfers.c.kind.in_(chart.TAKEN) & _begins(destination, "merchant/")


def _returns() -> ColumnElement[bool]:
    back = transfers.c.kind.in_(chart.GIVEN_BACK) & _begins(source, "merchant/")
    return back & _circulates(destination)


def _begins(account: FromClause, head: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = account.c.address.like(f"{head}%")
    return found


def _circulates(account: FromClause) -> ColumnElement[bool]:
    return account.c.balance.is_not(None) & ~_begins(account, "merchant/")
