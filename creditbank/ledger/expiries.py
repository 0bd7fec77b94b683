"""Expiries: which points are past their day, which soon will be, and how they leave.

What expires on a day is what came in that is valid only until an earlier one, less all that went
out, at most what is available: that is the balance, less what came in with a later day or none
(`lots`). An open hold counts as gone until it resolves. What a shop gave back stays for so many
days of grace, whatever its own day is.

Only accounts that may have something are looked at: those that took in points of one day (by
index), and those into which something came back. Each step is small and goes on from a cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from creditbank.core.clock import start_of_day
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount, AssetKind, Posting
from creditbank.ledger import chart
from creditbank.ledger.accounts import Locked, every_asset, lock, those
from creditbank.ledger.books import accounts, postings, transfers
from creditbank.ledger.chart import Kind
from creditbank.ledger.lots import BACK, came
from creditbank.ledger.posting import Draft, post_many


@dataclass(frozen=True, slots=True)
class Scanned:
    """Accounts to look at, ascending, and where to go on; ``at`` is None when that was all."""

    account_ids: tuple[int, ...]
    at: tuple[str, str] | None


def any_dated(view: View) -> bool:
    """Tell whether any points of the bank ever expire."""
    return next_day(view, date.min) is not None


def next_day(view: View, after: date) -> date | None:
    """Return the first day after another until which any points are valid."""
    row = view.row(
        select(func.min(postings.c.expires_on).label("day")).where(
            postings.c.bank_id == view.bank_id, postings.c.expires_on > after
        )
    )
    return None if row is None else row.day


def took_in(view: View, day: date, *, after: int, limit: int) -> list[int]:
    """Return the next accounts that took in points which are valid until a day."""
    of = postings.c
    rows = view.rows(
        select(of.destination_id)
        .where(of.bank_id == view.bank_id, of.expires_on == day, of.destination_id > after)
        .distinct()
        .order_by(of.destination_id)
        .limit(limit)
    )
    return [row.destination_id for row in rows]


def came_back(
    view: View, began: datetime, ended: datetime, *, day: date, at: tuple[str, str], limit: int
) -> Scanned:
    """Look through the next transfers recorded in a span for what came back, or came late.

    ``at`` is the instant and the id of the last transfer that was looked at.
    """
    of = transfers.c
    first = max(began, datetime.fromisoformat(at[0])) if at[0] else began
    span: list[ColumnElement[bool]] = [
        of.bank_id == view.bank_id,
        of.recorded_at >= first,
        of.recorded_at < ended,
        or_(of.recorded_at > first, of.transfer_id > at[1]),
    ]
    last = view.row(
        select(of.recorded_at, of.transfer_id)
        .where(*span)
        .order_by(of.recorded_at, of.transfer_id)
        .offset(limit - 1)
        .limit(1)
    )
    if last is not None:
        until = or_(of.recorded_at < last.recorded_at, of.transfer_id <= last.transfer_id)
        span += [of.recorded_at <= last.recorded_at, until]
    rows = view.rows(  # not in order, or SQLite walks all postings of the bank to have it
        select(postings.c.destination_id)
        .join_from(
            transfers,
            postings,
            (postings.c.bank_id == of.bank_id) & (postings.c.transfer_id == of.transfer_id),
        )
        .where(*span, of.kind != Kind.EXPIRE, or_(of.kind.in_(BACK), postings.c.expires_on < day))
    )
    place = None if last is None else (last.recorded_at.isoformat(), last.transfer_id)
    return Scanned(tuple(sorted({row.destination_id for row in rows})), place)


def expire(
    unit: Unit, *, account_ids: Sequence[int], day: date, grace_days: int, slice_no: int
) -> int:
    """Let what is past its day leave these accounts, under their locks; return how many had some.

    One transfer for each asset, under a key of the day and the slice.
    """
    mine = those(unit, account_ids, *_may_lose(unit), lock=True)
    later = came(unit, [one.account_id for one in mine], since=day)
    due = {one.account_id: _there(one) - max(later[one.account_id].total(), 0) for one in mine}
    past = [one for one in mine if due[one.account_id] > 0]
    shielded = _given_back(unit, [one.account_id for one in past], day, grace_days)
    moved: dict[str, list[Posting]] = {}
    for one in past:
        left = min(due[one.account_id], _there(one)) - shielded.get(one.account_id, 0)
        if left > 0:
            address, asset = one.place
            moved.setdefault(asset, []).append(Posting(address, chart.EXPIRED, Amount(left, asset)))
    drafts = [
        Draft(
            Kind.EXPIRE,
            f"expire/{day.isoformat()}/{asset}/{slice_no}",
            unit.now,
            tuple(several),
            said=(),
        )
        for asset, several in sorted(moved.items())
    ]
    if drafts:
        nowhere = lock(unit, {(chart.EXPIRED, asset) for asset in moved})  # unbounded: no lock
        post_many(unit, drafts, held=nowhere | {one.place: one for one in mine})
    return sum(len(draft.postings) for draft in drafts)


def expiring(view: View, account_ids: Sequence[int], day: date) -> dict[str, dict[str, int]]:
    """Return what members will lose after a day unless they use it: by member and asset."""
    mine = those(view, account_ids, *_may_lose(view))
    later = came(view, [one.account_id for one in mine], since=day)
    found: dict[str, dict[str, int]] = {}
    for one in mine:
        of_day = later[one.account_id].pop(day, 0)
        left = min(_there(one) - max(later[one.account_id].total(), 0), of_day)
        if left > 0:
            address, asset = one.place
            found.setdefault(address.split("/")[1], {})[asset] = left
    return found


def _given_back(
    view: View, account_ids: Sequence[int], day: date, grace_days: int
) -> dict[int, int]:
    """Return what shops gave back to accounts within the days of grace before a day."""
    if not account_ids:
        return {}
    since = start_of_day(day - timedelta(days=grace_days), view.bank.zone)
    of, first = postings.c, transfers.alias("first")
    rows = view.rows(
        select(of.destination_id, func.sum(of.units).label("units"))
        .join_from(
            postings,
            transfers,
            (transfers.c.bank_id == of.bank_id) & (transfers.c.transfer_id == of.transfer_id),
        )
        .outerjoin(
            first,
            (first.c.bank_id == of.bank_id) & (first.c.transfer_id == transfers.c.reverses),
        )
        .where(
            of.bank_id == view.bank_id,
            of.destination_id.in_(account_ids),
            of.expires_on.is_(None),
            transfers.c.recorded_at >= since,
            or_(
                transfers.c.kind == Kind.REFUND,
                (transfers.c.kind == Kind.REVERSE) & (first.c.kind == Kind.REDEEM),
                (transfers.c.kind == Kind.RELEASE)
                & transfers.c.key.like("hold/%/voided")
                & func.coalesce(transfers.c.refers_to, "").not_like("svc_%"),
            ),
        )
        .group_by(of.destination_id)
    )
    return {row.destination_id: int(row.units) for row in rows}


def _may_lose(view: View) -> list[ColumnElement[bool]]:
    """Return what is true of accounts from which members can spend something."""
    of = accounts.c
    return [
        of.asset_code.in_(_spendable(view)),
        of.balance > 0,
        of.address.like("member/%"),
        of.address.not_like("member/%/%"),
    ]


def _spendable(view: View) -> list[str]:
    every = every_asset(view).values()
    return [one.code for one in every if one.kind is AssetKind.SPENDABLE]


def _there(account: Locked) -> int:
    assert account.balance is not None, "what members can spend is bounded"
    return account.balance
