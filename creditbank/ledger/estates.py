"""Estates: all that a membership leaves in the books, moved by one transfer.

`merge` moves everything, debts and honour included, to the row that the same person goes on
with. `give` moves what can be spent to somebody else, `expire` lets it go; honours stay with who
earned them, and what was still to be earned back stays owed. Days of expiry do not move: each
lot keeps its own. What is on hold has to be over first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from creditbank.core.errors import InDebt, Refused
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, AssetKind, Posting
from creditbank.ledger import chart
from creditbank.ledger.accounts import every_asset, lock
from creditbank.ledger.chart import Kind
from creditbank.ledger.lots import lots
from creditbank.ledger.posting import Draft, Transfer, post
from creditbank.ledger.statements import Balance, balances


@dataclass(eq=False)
class HoldsOpen(Refused):
    """Points are still on hold at a till."""

    slug = "holds-open"
    zh = "还有 {units} 个积分冻结在收银端，请等它结束后再办理"
    en = "{units} points are on hold at a till; this has to wait until that is over"
    asset: str
    units: int


def merge(unit: Unit, *, old_id: str, kept_id: str, key: str, refers_to: str) -> Transfer | None:
    """Move all of one member's balances to another row of the same person; None if all are 0.

    Raises:
        HoldsOpen: something is on hold.
        CeilingReached: it is more than an account can have.
    """
    _lock(unit, old_id, kept_id)
    old, kept = chart.member(old_id), chart.member(kept_id)
    moved: list[Posting] = []
    for one in _settled(unit, old_id):
        moved += _each_lot(unit, old, kept, one.asset)
        if one.available < 0:
            moved.append(Posting(kept, old, Amount(-one.available, one.asset)))
        if one.owed:
            owed = Amount(one.owed, one.asset)
            moved.append(Posting(chart.debt(kept_id), chart.debt(old_id), owed))
    return _post(unit, Kind.MERGE, key, moved, refers_to)


def give(unit: Unit, *, member_id: str, to: str, key: str, refers_to: str) -> Transfer | None:
    """Give all that a member can spend to another member; None if there is nothing.

    Raises:
        HoldsOpen: something is on hold.
        InDebt: there is something to earn back; who owes gives nothing away.
        CeilingReached: it is more than an account can have.
    """
    _lock(unit, member_id, to)
    moved: list[Posting] = []
    for one in _spendable(unit, member_id):
        if one.owed:
            raise InDebt(one.asset, one.owed)
        moved += _each_lot(unit, chart.member(member_id), chart.member(to), one.asset)
    return _post(unit, Kind.GIFT, key, moved, refers_to)


def expire(unit: Unit, *, member_id: str, key: str, refers_to: str) -> Transfer | None:
    """Let all that a member can spend expire; None if there is nothing.

    Raises:
        HoldsOpen: something is on hold.
    """
    _lock(unit, member_id)
    moved = [
        Posting(chart.member(member_id), chart.EXPIRED, Amount(one.available, one.asset))
        for one in _spendable(unit, member_id)
        if one.available > 0
    ]
    return _post(unit, Kind.EXPIRE, key, moved, refers_to)


def donate(unit: Unit, *, member_id: str, fund: str, key: str, refers_to: str) -> Transfer | None:
    """Give all that a member can spend to a fund; None if there is nothing.

    Raises:
        HoldsOpen: something is on hold.
        InDebt: there is something to earn back; who owes gives nothing away.
    """
    _lock(unit, member_id, fund=fund)
    moved: list[Posting] = []
    for one in _spendable(unit, member_id):
        if one.owed:
            raise InDebt(one.asset, one.owed)
        if one.available > 0:
            amount = Amount(one.available, one.asset)
            moved.append(Posting(chart.member(member_id), chart.fund(fund), amount))
    return _post(unit, Kind.DONATE, key, moved, refers_to)


def largest(view: View, member_id: str) -> int:
    """Return the largest figure a member has or owes of any asset, in units."""
    every = balances(view, chart.member(member_id))
    return max((max(abs(one.total), one.owed) for one in every), default=0)


def _lock(unit: Unit, *member_ids: str, fund: str | None = None) -> None:
    """Lock every account that may move, so that what is read afterwards stands."""
    places = {(chart.EXPIRED, code) for code in every_asset(unit)}
    for code, asset in every_asset(unit).items():
        for member_id in member_ids:
            if asset.kind is not AssetKind.MONEY:
                places.add((chart.member(member_id), code))
            if asset.kind is AssetKind.SPENDABLE:
                places |= {(chart.held(member_id), code), (chart.debt(member_id), code)}
                if fund is not None:
                    places.add((chart.fund(fund), code))
    lock(unit, places)


def _settled(unit: Unit, member_id: str) -> list[Balance]:
    found = balances(unit, chart.member(member_id))
    for one in found:
        if one.held:
            raise HoldsOpen(one.asset, one.held)
    return found


def _spendable(unit: Unit, member_id: str) -> Iterator[Balance]:
    kinds = {code: asset.kind for code, asset in every_asset(unit).items()}
    for one in _settled(unit, member_id):
        if kinds[one.asset] is AssetKind.SPENDABLE:
            yield one


def _each_lot(unit: Unit, source: str, destination: str, asset: str) -> Iterator[Posting]:
    for lot in lots(unit, source, asset):
        yield Posting(source, destination, Amount(lot.units, asset), lot.expires_on)


def _post(
    unit: Unit, kind: Kind, key: str, moved: list[Posting], refers_to: str
) -> Transfer | None:
    """Post what moves, if anything; what the caller said is whose estate it is, no figure."""
    if not moved:
        return None
    return post(unit, Draft(kind, key, unit.now, tuple(moved), refers_to, said=()))
