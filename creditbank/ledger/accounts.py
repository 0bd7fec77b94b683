"""Assets and accounts: found, made and locked, always in one order (accounts ascending).

A missing row takes no lock, so accounts are made first and locked afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, select

from creditbank.core.bulk import insert_new
from creditbank.core.errors import AssetNotFound
from creditbank.core.prepared import Prepared, among
from creditbank.core.tables import insert_or_skip
from creditbank.core.units import Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, assets

Place = tuple[str, str]
"""An address and an asset code: what names an account."""


@dataclass(slots=True)
class Locked:
    """An account under this unit's lock; ``balance`` is None where it is unbounded."""

    account_id: int
    place: Place
    floor: int | None
    ceiling: int | None
    balance: int | None
    version: int | None
    recorded_at: datetime


def create_asset(unit: Unit, asset: Asset) -> None:
    """Give the bank an asset; one that exists already stays as it is."""
    unit.run(
        insert_or_skip(unit.connection, assets),
        {
            "bank_id": unit.bank_id,
            "code": asset.code,
            "name": asset.name,
            "scale": asset.scale,
            "kind": asset.kind,
        },
    )


def every_asset(view: View) -> dict[str, Asset]:
    """Return the bank's assets by code."""
    rows = view.rows(select(assets).where(assets.c.bank_id == view.bank_id).order_by(assets.c.code))
    return {row.code: Asset(row.code, row.name, row.scale, AssetKind(row.kind)) for row in rows}


def asset(view: View, code: str) -> Asset:
    """Return one asset.

    Raises:
        AssetNotFound: the bank has none of this code.
    """
    found = every_asset(view).get(code)
    if found is None:
        raise AssetNotFound(code)
    return found


def lock(unit: Unit, places: Iterable[Place]) -> dict[Place, Locked]:
    """Find or make the accounts of these places and lock the bounded ones, ascending by id.

    Raises:
        AssetNotFound: the bank has no such asset.
        BadAddress: the chart has no such address.
    """
    wanted = set(places)
    found = _lock(unit, wanted)
    while missing := wanted - found.keys():
        known = every_asset(unit)
        for _, code in missing:
            if code not in known:
                raise AssetNotFound(code)
        make(unit, {place: chart.bounds(place[0], known[place[1]].kind) for place in missing})
        found = _lock(unit, wanted)
    return found


def those(
    view: View, account_ids: Iterable[int], *which: ColumnElement[bool], lock: bool = False
) -> list[Locked]:
    """Return those of these accounts for which all is true, ascending, locked if asked (a Unit)."""
    of = accounts.c
    query = (
        select(*_COLUMNS)
        .where(of.bank_id == view.bank_id, of.account_id.in_(list(account_ids)), *which)
        .order_by(of.account_id)
    )
    return [
        _locked(row) for row in view.rows(query.with_for_update(key_share=True) if lock else query)
    ]


def owed(view: View, members: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return what members still have to earn back of an asset; who owes nothing is left out."""
    places = {(chart.debt(member_id), code): (member_id, code) for member_id, code in members}
    if not places:
        return {}
    rows = _OWED.rows(
        view,
        bank_id=view.bank_id,
        addresses=sorted({address for address, _ in places}),
        asset_codes=sorted({code for _, code in places}),
    )
    found = {(row.address, row.asset_code): -row.balance for row in rows}
    return {of: found[place] for place, of in places.items() if place in found}


_COLUMNS = (
    accounts.c.account_id,
    accounts.c.address,
    accounts.c.asset_code,
    accounts.c.floor,
    accounts.c.ceiling,
    accounts.c.balance,
    accounts.c.version,
    accounts.c.recorded_at,
)


def _at(*which: ColumnElement[bool]) -> Select[Any]:
    return select(*_COLUMNS).where(
        accounts.c.bank_id == bindparam("bank_id"),
        among(accounts.c.address, "addresses"),
        among(accounts.c.asset_code, "asset_codes"),
        *which,
    )


def _locking(sqlite: bool) -> Any:  # noqa: FBT001 - as `Prepared` asks
    """Return one query for the bounded accounts, locked ascending, and the unbounded ones.

    Nothing queues on an unbounded account, so it is not locked. SQLite has one writer, and no row
    locks.
    """
    if sqlite:
        return _at()
    bounded = _at(accounts.c.balance.is_not(None)).order_by(accounts.c.account_id)
    locked = bounded.with_for_update(key_share=True).cte("locked")
    return select(*locked.c).union_all(_at(accounts.c.balance.is_(None)))


_LOCK = Prepared(_locking)
_OWED = Prepared(_at(accounts.c.balance < 0))


def _lock(unit: Unit, places: set[Place]) -> dict[Place, Locked]:
    rows = _LOCK.rows(
        unit,
        bank_id=unit.bank_id,
        addresses=sorted({address for address, _ in places}),
        asset_codes=sorted({code for _, code in places}),
    )
    found = {one.place: one for one in map(_locked, rows)}
    return {place: one for place, one in found.items() if place in places}


def _locked(row: Row[Any]) -> Locked:
    return Locked(
        row.account_id,
        (row.address, row.asset_code),
        row.floor,
        row.ceiling,
        row.balance,
        row.version,
        row.recorded_at,
    )


def make(unit: Unit, places: Mapping[Place, chart.Bounds]) -> None:
    """Make accounts with these bounds; one that exists already stays as it is."""
    if not places:
        return
    rows = []
    for (address, code), bound in sorted(places.items()):
        unbounded = bound.floor is None and bound.ceiling is None
        rows.append(
            {
                "bank_id": unit.bank_id,
                "account_id": unit.ids.number(unit.now),
                "address": address,
                "asset_code": code,
                "floor": bound.floor,
                "ceiling": bound.ceiling,
                "balance": None if unbounded else 0,
                "version": None if unbounded else 0,
                "recorded_at": unit.now,
            }
        )
    insert_new(unit, accounts, rows, telling=("account_id",))
