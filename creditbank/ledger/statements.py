"""Statements: the only reader of the books for other rooms.

A member's line is available + held: moves between the two are not rows, captures are. Histories
page by the version of the account, never by the time inside an id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, text, union_all

from creditbank.core.units import View
from creditbank.ledger import chart, flows
from creditbank.ledger.books import IS_FUND, accounts, postings, transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.flows import EVER, Flow, Span

PAGE_MOST = 200


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds, in units; ``held`` is set aside, ``owed`` is still to earn back."""

    asset: str
    available: int
    held: int
    owed: int

    @property
    def total(self) -> int:
        """Available and held together: the line a member sees."""
        return self.available + self.held


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a statement: ``units`` is signed, ``balance_after`` is available + held."""

    version: int
    transfer_id: str
    kind: Kind
    occurred_at: datetime
    recorded_at: datetime
    units: int
    balance_after: int
    other: str
    refers_to: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; ``older_than`` asks for the next page, None on the last one."""

    lines: tuple[Line, ...]
    older_than: int | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What came in and what went out, both as positive units."""

    came: int
    went: int


def balances(view: View, address: str) -> list[Balance]:
    """Return the balances of an address by asset; empty if it never moved."""
    held_at, debt_at = f"{address}/held", f"{address}/debt"
    rows = view.rows(
        select(accounts.c.address, accounts.c.asset_code, accounts.c.balance).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address.in_([address, held_at, debt_at]),
        )
    )
    found = {(row.address, row.asset_code): row.balance or 0 for row in rows}
    return [
        Balance(
            code,
            found.get((address, code), 0),
            found.get((held_at, code), 0),
            -found.get((debt_at, code), 0),
        )
        for code in sorted({code for _, code in found})
    ]


def balance(view: View, address: str, asset: str) -> Balance:
    """Return the balance of an address in one asset, zeros if it never moved."""
    for one in balances(view, address):
        if one.asset == asset:
            return one
    return Balance(asset, 0, 0, 0)


def holdings(view: View, member_ids: Sequence[str]) -> dict[str, dict[str, int]]:
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


def owed(view: View, member_id: str, asset: str) -> int:
    """Return how many units a member still has to earn back."""
    row = view.row(
        select(accounts.c.balance).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == chart.debt(member_id),
            accounts.c.asset_code == asset,
        )
    )
    return -row.balance if row is not None else 0


def account_of(view: View, address: str, asset: str) -> int | None:
    """Return the account of an address and an asset, None if it never moved."""
    row = view.row(
        select(accounts.c.account_id).where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == address,
            accounts.c.asset_code == asset,
        )
    )
    return row.account_id if row is not None else None


def sides(view: View, account_id: int, most_version: int | None, *, after: int = 0) -> Any:
    """Return the account's side of its postings, one row per version, from one until another."""
    parts = []
    for own, other, sign in (("source", "destination", -1), ("destination", "source", 1)):
        version = postings.c[f"{own}_version"]
        part = select(
            version.label("version"),
            postings.c.transfer_id,
            postings.c[f"{other}_id"].label("other_id"),
            (postings.c.units * sign).label("units"),
            postings.c[f"{own}_balance"].label("own_balance"),
            postings.c[f"{other}_balance"].label("other_balance"),
        ).where(postings.c.bank_id == view.bank_id, postings.c[f"{own}_id"] == account_id)
        if most_version is not None:
            part = part.where(version < most_version)
        if after:
            part = part.where(version > after)
        parts.append(part)
    return union_all(*parts).subquery("side")


def recorded(view: View, side: Any) -> ColumnElement[bool]:
    """Return what joins an account's rows with their transfers."""
    return and_(transfers.c.bank_id == view.bank_id, transfers.c.transfer_id == side.c.transfer_id)


def _shown(
    side: Any, held_id: int | None, span: Span, flow: Flow | None
) -> list[ColumnElement[bool]]:
    """Return what is true of the rows of a statement: no moves to what is on hold or from it."""
    which = [side.c.other_id != held_id if held_id is not None else side.c.version > 0]
    which += flows.within(span)
    return which if flow is None else [*which, flows.goes(flow, side.c.units)]


def history(
    view: View,
    address: str,
    asset: str,
    *,
    older_than: int | None = None,
    limit: int = 50,
    span: Span = EVER,
    flow: Flow | None = None,
) -> Page:
    """Return a page of an account's rows, newest first, with the running balance.

    ``older_than`` is the ``older_than`` of the page before; ``limit`` is 1 to 200. ``span`` leaves
    what was recorded from one instant until before another, ``flow`` what went one way.
    """
    account_id = account_of(view, address, asset)
    if account_id is None:
        return Page((), None)
    limit = max(1, min(limit, PAGE_MOST))
    held_id = account_of(view, f"{address}/held", asset)
    side = sides(view, account_id, older_than)
    rows = view.rows(
        select(
            side,
            transfers.c.kind,
            transfers.c.occurred_at,
            transfers.c.recorded_at,
            transfers.c.refers_to,
            accounts.c.address.label("other"),
        )
        .join_from(side, transfers, recorded(view, side))
        .join(
            accounts,
            and_(accounts.c.bank_id == view.bank_id, accounts.c.account_id == side.c.other_id),
        )
        .where(*_shown(side, held_id, span, flow))
        .order_by(side.c.version.desc())
        .limit(limit + 1)
    )
    shown = rows[:limit]
    held = _held_by_version(view, account_id, held_id, [row.version for row in shown])
    lines = tuple(
        Line(
            row.version,
            row.transfer_id,
            Kind(row.kind),
            row.occurred_at,
            row.recorded_at,
            row.units,
            row.own_balance + held[row.version],
            row.other,
            row.refers_to,
        )
        for row in shown
    )
    return Page(lines, lines[-1].version if len(rows) > limit else None)


def _held_by_version(
    view: View, account_id: int, held_id: int | None, versions: list[int]
) -> dict[int, int]:
    """Return what was on hold at each of these versions (newest first) of the account."""
    if held_id is None or not versions:
        return dict.fromkeys(versions, 0)
    side = sides(view, account_id, versions[0])
    before = view.row(
        select(func.max(side.c.version).label("version")).where(
            side.c.other_id == held_id, side.c.version < versions[-1]
        )
    )
    earliest = before.version if before is not None and before.version is not None else 0
    moves = view.rows(
        select(side.c.version, side.c.other_balance)
        .where(side.c.other_id == held_id, side.c.version >= earliest)
        .order_by(side.c.version)
    )
    found: dict[int, int] = {}
    held, moves_left = 0, list(moves)
    for version in sorted(versions):
        while moves_left and moves_left[0].version < version:
            held = moves_left.pop(0).other_balance
        found[version] = held
    return found


def totals(
    view: View, address: str, asset: str, *, span: Span = EVER, flow: Flow | None = None
) -> Totals:
    """Return what came into an account and what went out, of the rows that `history` shows."""
    account_id = account_of(view, address, asset)
    if account_id is None:
        return Totals(0, 0)
    held_id = account_of(view, f"{address}/held", asset)
    side = sides(view, account_id, None)
    row = view.row(
        select(
            func.sum(case((side.c.units > 0, side.c.units), else_=0)).label("came"),
            func.sum(case((side.c.units < 0, -side.c.units), else_=0)).label("went"),
        )
        .join_from(side, transfers, recorded(view, side))
        .where(*_shown(side, held_id, span, flow))
    )
    return Totals(0, 0) if row is None else Totals(int(row.came or 0), int(row.went or 0))


def as_of(view: View, address: str, asset: str, instant: datetime) -> int:
    """Return an account's balance by what had been recorded at an instant (own account only).

    As-of means the highest version recorded by then.
    """
    account_id = account_of(view, address, asset)
    if account_id is None:
        return 0
    side = sides(view, account_id, None)
    row = view.row(
        select(side.c.own_balance)
        .join_from(side, transfers, recorded(view, side))
        .where(transfers.c.recorded_at <= instant)
        .order_by(side.c.version.desc())
        .limit(1)
    )
    return row.own_balance if row is not None else 0


def moved_since(view: View, address: str, instant: datetime) -> bool:
    """Tell whether anything moved an address, in any asset, since an instant."""
    row = view.row(
        select(accounts.c.account_id)
        .where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address == address,
            accounts.c.version > 0,
            accounts.c.recorded_at >= instant,
        )
        .limit(1)
    )
    return row is not None


def received(view: View, addresses: Sequence[str], asset: str, kind: Kind) -> dict[str, int]:
    """Return what came to each of these addresses by one kind of transfer, zeros left out."""
    rows = view.rows(
        select(accounts.c.address, func.sum(postings.c.units).label("units"))
        .join_from(
            accounts,
            postings,
            (postings.c.bank_id == accounts.c.bank_id)
            & (postings.c.destination_id == accounts.c.account_id),
        )
        .join(
            transfers,
            (transfers.c.bank_id == postings.c.bank_id)
            & (transfers.c.transfer_id == postings.c.transfer_id),
        )
        .where(
            accounts.c.bank_id == view.bank_id,
            accounts.c.address.in_(addresses),
            accounts.c.asset_code == asset,
            transfers.c.kind == kind,
        )
        .group_by(accounts.c.address)
    )
    return {row.address: int(row.units) for row in rows}


def funds(view: View) -> list[tuple[str, str, int]]:
    """Return what lies in each fund: its name, the asset, the units."""
    rows = view.rows(
        select(accounts.c.address, accounts.c.asset_code, accounts.c.balance)
        .where(accounts.c.bank_id == view.bank_id, text(IS_FUND))
        .order_by(accounts.c.address, accounts.c.asset_code)
    )
    return [(row.address.removeprefix("fund/"), row.asset_code, row.balance or 0) for row in rows]


def issued_about(view: View, refers_to: str) -> list[str]:
    """Return the ids of issues that refer to something and were not reversed, oldest first."""
    reversals = transfers.alias("reversals")
    rows = view.rows(
        select(transfers.c.transfer_id)
        .where(
            transfers.c.bank_id == view.bank_id,
            transfers.c.refers_to == refers_to,
            transfers.c.kind == Kind.ISSUE,
            ~select(reversals.c.transfer_id)
            .where(
                reversals.c.bank_id == view.bank_id,
                reversals.c.reverses == transfers.c.transfer_id,
            )
            .exists(),
        )
        .order_by(transfers.c.recorded_at)
    )
    return [row.transfer_id for row in rows]
