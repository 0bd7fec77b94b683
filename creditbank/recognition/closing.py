"""Closing a year: a calendar job in slices, the same result whenever and however often it runs.

The first slice after the grace takes the period alone and seals it; the following ones write the
ranking in portions, asset by asset; the last one freezes the period and finishes the job in the
same unit. Which assets are ranked and which medals are given is by the scheme of its last day.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from creditbank import jobs
from creditbank.core.errors import Refused
from creditbank.core.units import Unit, View
from creditbank.recognition import periods, ranking
from creditbank.recognition.periods import Period, PeriodState
from creditbank.recognition.ranking import Edge, Place
from creditbank.recognition.standings import standings
from creditbank.schemes import scheme

KIND = "close-year"
ROWS_PER_SLICE = 500


@dataclass(eq=False)
class GraceNotOver(Refused):
    """Late reviews still count to the period."""

    slug = "grace-not-over"
    zh = "期间 {period} 的补审期未结束（{grace_ends_on} 起可以结账）"
    en = "The period {period} still takes late reviews; it can be closed from {grace_ends_on} on"
    period: str
    grace_ends_on: str


def due(view: View) -> list[str]:
    """Return the names of the periods to close now, in order: all that were missed."""
    return [
        period.name
        for period in periods.every(view)
        if period.state(view.today) is PeriodState.CLOSING and view.today >= period.grace_ends_on
    ]


def run_slice(unit: Unit, lease: jobs.Lease) -> bool:
    """Do the next slice of closing the lease's period; True if that was the last.

    Raises:
        LeaseLost: another worker took the job over.
        GraceNotOver: late reviews still count to the period.
        PeriodNotFound: this bank has no such period.
    """
    cursor = jobs.hold(unit, lease)
    period = periods.lock(unit, lease.period)
    if period.state(unit.today) is PeriodState.FROZEN:
        jobs.finish(unit, lease)
        return True
    if not cursor:
        jobs.advance(unit, lease, _seal(unit, period))
        return False
    if cursor["assets"]:
        jobs.advance(unit, lease, _rank(unit, period, cursor))
        return False
    periods.freeze(unit, period.period_id)
    jobs.finish(unit, lease)
    return True


def _seal(unit: Unit, period: Period) -> dict[str, Any]:
    """Seal the period and return the cursor at the start of its first list."""
    if unit.today < period.grace_ends_on:
        raise GraceNotOver(period.name, period.grace_ends_on.isoformat())
    periods.seal(unit, period.period_id)
    ranked = scheme.in_force(unit, period.ends_on - timedelta(days=1)).ranked_assets
    return {"assets": sorted(ranked or _earned_assets(unit, period))}


def _earned_assets(unit: Unit, period: Period) -> list[str]:
    found = unit.rows(
        select(standings.c.asset_code)
        .where(standings.c.bank_id == unit.bank_id, standings.c.period_id == period.period_id)
        .distinct()
    )
    return [row.asset_code for row in found]


def _rank(unit: Unit, period: Period, cursor: dict[str, Any]) -> dict[str, Any]:
    """Write the next portion of the first list that is open, and return the cursor after it."""
    asset, *later = cursor["assets"]
    if "hash" not in cursor:
        medals = scheme.in_force(unit, period.ends_on - timedelta(days=1)).medals
        tiers = ranking.edges(unit, period.period_id, asset, medals)
        cursor = {
            "assets": cursor["assets"],
            "tiers": [asdict(edge) for edge in tiers],
            "last": None,
            "hash": ranking.hash_header(period.name, asset),
        }
    last = Place(**cursor["last"]) if cursor["last"] else None
    portion = ranking.following(
        unit,
        period.period_id,
        asset,
        last=last,
        tiers=[Edge(**edge) for edge in cursor["tiers"]],
        limit=ROWS_PER_SLICE,
    )
    if portion:
        _write(unit, period.period_id, asset, portion)
        last = portion[-1]
    chained = ranking.hash_after(cursor["hash"], portion)
    if len(portion) == ROWS_PER_SLICE and last is not None:
        return cursor | {"last": asdict(last), "hash": chained}
    head = {
        "bank_id": unit.bank_id,
        "period_id": period.period_id,
        "asset_code": asset,
        "members": last.place if last is not None else 0,
        "hash": chained,
        "frozen_at": unit.now,
    }
    unit.run(insert(ranking.rankings), head)
    return {"assets": later}


def _write(unit: Unit, period_id: str, asset: str, portion: list[Place]) -> None:
    of = {"bank_id": unit.bank_id, "period_id": period_id, "asset_code": asset}
    unit.run(insert(ranking.places), [of | asdict(row) for row in portion])
