"""Movements: what came and went of an asset in a time, summed from the postings themselves.

A month is an index range of what was recorded in it. What circulates is what lies on accounts
with a balance, shops' apart (members, teams, funds), less what is owed: it is counted back from
the balances of today, so that the last figure is the ledger's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, case, func, select

from creditbank.core.units import View
from creditbank.ledger import chart
from creditbank.ledger.books import accounts, postings, transfers

_MERCHANTS = "merchant/"
_source = accounts.alias("source")
_destination = accounts.alias("destination")


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved of an asset in a time, in units.

    ``issued`` came out of issuance and ``taken_back`` returned there; ``used`` went to merchants
    and ``returned`` came from them; ``came`` and ``went`` are what entered and left circulation.
    """

    issued: int
    taken_back: int
    used: int
    returned: int
    expired: int
    came: int
    went: int

    @property
    def net_issued(self) -> int:
        """What was issued, less what was taken back."""
        return self.issued - self.taken_back

    @property
    def net_used(self) -> int:
        """What was used at shops, less what they returned."""
        return self.used - self.returned


def circulating(view: View, asset: str) -> int:
    """Return what members, teams and funds hold of an asset now."""
    of = accounts.c
    row = view.row(
        select(func.sum(of.balance).label("units")).where(
            of.bank_id == view.bank_id, of.asset_code == asset, _held(accounts)
        )
    )
    return 0 if row is None or row.units is None else int(row.units)


def between(view: View, asset: str, begins_at: datetime, ends_at: datetime | None = None) -> Flow:
    """Return what moved of an asset from one instant until before another, or until now."""
    out, into = _source.c.address, _destination.c.address
    sums = {
        "issued": out == chart.ISSUANCE,
        "taken_back": into == chart.ISSUANCE,
        "used": _head(into, _MERCHANTS) & ~_head(out, _MERCHANTS),
        "returned": _head(out, _MERCHANTS) & _held(_destination),
        "expired": into == chart.EXPIRED,
        "came": _held(_destination) & ~_held(_source),
        "went": _held(_source) & ~_held(_destination),
    }
    row = view.row(
        _moved(
            view,
            asset,
            begins_at,
            ends_at,
            *(
                func.coalesce(func.sum(case((which, postings.c.units), else_=0)), 0).label(name)
                for name, which in sums.items()
            ),
        )
    )
    assert row is not None, "a sum is one row"
    return Flow(**{name: int(getattr(row, name)) for name in sums})


def by_merchant(
    view: View, asset: str, begins_at: datetime, ends_at: datetime
) -> list[tuple[str, int, int]]:
    """Return what each merchant took and gave back in a time: id, units taken, units returned."""
    found: dict[str, list[int]] = {}
    for nth, (own, other) in enumerate(((_destination, _source), (_source, _destination))):
        which = _head(own.c.address, _MERCHANTS) & ~_head(other.c.address, _MERCHANTS)
        if nth:
            which &= _held(other)
        query = _moved(
            view,
            asset,
            begins_at,
            ends_at,
            own.c.address.label("address"),
            func.sum(postings.c.units).label("units"),
        )
        for row in view.rows(query.where(which).group_by(own.c.address)):
            owner = row.address.removeprefix(_MERCHANTS).partition("/")[0]
            found.setdefault(owner, [0, 0])[nth] += int(row.units)
    return sorted(((one, *sums) for one, sums in found.items()), key=lambda one: (-one[1], one[0]))  # type: ignore[misc]


def _moved(
    view: View,
    asset: str,
    begins_at: datetime | None,
    ends_at: datetime | None,
    *columns: ColumnElement[Any],
) -> Select[Any]:
    query = (
        select(*columns)
        .select_from(transfers)
        .join(
            postings,
            (postings.c.bank_id == transfers.c.bank_id)
            & (postings.c.transfer_id == transfers.c.transfer_id),
        )
        .join(
            _source,
            (_source.c.bank_id == postings.c.bank_id)
            & (_source.c.account_id == postings.c.source_id),
        )
        .join(
            _destination,
            (_destination.c.bank_id == postings.c.bank_id)
            & (_destination.c.account_id == postings.c.destination_id),
        )
        .where(
            transfers.c.bank_id == view.bank_id,
            _source.c.asset_code == asset,
        )
    )
    if begins_at is not None:
        query = query.where(transfers.c.recorded_at >= begins_at)
    return query if ends_at is None else query.where(transfers.c.recorded_at < ends_at)


def _head(address: ColumnElement[str], head: str) -> ColumnElement[bool]:
    return address.like(f"{head}%")


def _held(of: FromClause) -> ColumnElement[bool]:
    """Tell whether what lies on an account circulates."""
    return of.c.balance.is_not(None) & ~_head(of.c.address, _MERCHANTS)


def began_at(view: View) -> datetime | None:
    """Return when the first transfer was recorded; None before there is any."""
    row = view.row(
        select(
            func.min(transfers.c.recorded_at, type_=transfers.c.recorded_at.type).label("at")
        ).where(transfers.c.bank_id == view.bank_id)
    )
    return None if row is None else row.at


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer in a list: what it was, how much it moved of one asset, and what it is about."""

    transfer_id: str
    kind: chart.Kind
    recorded_at: datetime
    units: int
    asset: str
    source: str
    destination: str
    refers_to: str | None


def latest(
    view: View, asset: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> Sequence[Entry]:
    """Return the latest movements of an asset, newest first; ``before`` is the last one seen."""
    query = _moved(
        view,
        asset,
        None,
        None,
        transfers.c.transfer_id,
        transfers.c.kind,
        transfers.c.recorded_at,
        transfers.c.refers_to,
        postings.c.units,
        _source.c.address.label("source"),
        _destination.c.address.label("destination"),
    )
    if before is not None:
        at, last = before
        query = query.where(
            (transfers.c.recorded_at < at)
            | ((transfers.c.recorded_at == at) & (transfers.c.transfer_id < last))
        )
    order = (transfers.c.recorded_at.desc(), transfers.c.transfer_id.desc(), postings.c.n)
    return [
        Entry(
            row.transfer_id,
            chart.Kind(row.kind),
            row.recorded_at,
            row.units,
            asset,
            row.source,
            row.destination,
            row.refers_to,
        )
        for row in view.rows(query.order_by(*order).limit(limit))
    ]
