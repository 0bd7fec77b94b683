"""Ranking: places by what members earned, ties, and medals; the frozen list of a period.

Members with the same units share a rank, the best of their places. A tier reaches down to a
place; a tie that lies across that place is in the better tier as a whole, and its rows say so.
A frozen list holds ids and figures only and never changes. Its hash is a chain of SHA-256 over
the header and then each row, so that it can be carried from slice to slice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, func, select
from sqlmodel import Field

from creditbank.core.errors import NotFound
from creditbank.core.tables import OfBank, UtcDateTime, table, within_bank
from creditbank.core.units import View
from creditbank.recognition.periods import periods
from creditbank.recognition.standings import standings
from creditbank.schemes.medals import By, Medal

PAGE_MOST = 500
_PERCENT = 100


class RankingRow(OfBank, table=True):
    """The frozen list of one asset in one period."""

    __tablename__ = "ranking"
    __table_args__ = (
        within_bank(["period_id"], "period", ["period_id"]),
        within_bank(["asset_code"], "asset", ["code"]),
    )

    period_id: str = Field(primary_key=True, max_length=40)
    asset_code: str = Field(primary_key=True, max_length=16)
    members: int
    hash: str = Field(max_length=64)
    frozen_at: datetime = Field(sa_type=UtcDateTime)


class PlaceRow(OfBank, table=True):
    """One row of a frozen list."""

    __tablename__ = "ranking_row"
    __table_args__ = (
        within_bank(["period_id"], "period", ["period_id"]),
        within_bank(["member_id"], "member", ["member_id"]),
        Index("ix_ranking_row_member", "bank_id", "member_id"),
    )

    period_id: str = Field(primary_key=True, max_length=40)
    asset_code: str = Field(primary_key=True, max_length=16)
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    rank: int
    member_id: str = Field(max_length=40)
    units: int = Field(sa_type=BigInteger)
    tier: str | None = Field(max_length=16)
    at_edge: bool


rankings = table(RankingRow)
places = table(PlaceRow)


@dataclass(eq=False)
class RankingNotFound(NotFound):
    """No frozen list of this period and asset."""

    slug = "ranking-not-found"
    zh = "这个期间还没有“{asset}”的最终排名"
    en = "There is no final ranking of '{asset}' for this period yet"
    period_id: str
    asset: str


@dataclass(frozen=True, slots=True)
class Place:
    """One row: ``rank`` is shared by ties; ``at_edge`` says that a tie decided the tier."""

    place: int
    rank: int
    member_id: str
    units: int
    tier: str | None
    at_edge: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """How far down a tier reaches: to ``place``; ``units`` is set where a tie lies across it."""

    tier: str
    place: int
    units: int | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The head of a frozen list."""

    period_id: str
    asset: str
    members: int
    hash: str
    frozen_at: datetime


def edges(view: View, period_id: str, asset: str, medals: Sequence[Medal]) -> list[Edge]:
    """Return how far down each tier reaches, by the standings as they are."""
    total = _count(view, period_id, asset, standings.c.units > 0)
    found: list[Edge] = []
    reached = 0
    for medal in medals:
        match medal.by:
            case By.COUNT:
                reached += medal.value
            case By.SHARE_PERCENT:
                reached += -(-total * medal.value // _PERCENT)
            case By.THRESHOLD:
                above = standings.c.units >= medal.value
                reached = max(reached, _count(view, period_id, asset, above))
        reached = min(reached, total)
        found.append(Edge(medal.tier, reached, _tied_across(view, period_id, asset, reached)))
    return found


def _of(view: View, period_id: str, asset: str) -> tuple[ColumnElement[bool], ...]:
    return (
        standings.c.bank_id == view.bank_id,
        standings.c.period_id == period_id,
        standings.c.asset_code == asset,
        standings.c.units > 0,
    )


_BEST_FIRST = (standings.c.units.desc(), standings.c.member_id.desc())


def _count(view: View, period_id: str, asset: str, which: ColumnElement[bool]) -> int:
    row = view.row(select(func.count().label("members")).where(*_of(view, period_id, asset), which))
    return 0 if row is None else int(row.members)


def _tied_across(view: View, period_id: str, asset: str, place: int) -> int | None:
    """Return the units of a tie that holds both this place and the next one."""
    if place == 0:
        return None
    rows = view.rows(
        select(standings.c.units)
        .where(*_of(view, period_id, asset))
        .order_by(*_BEST_FIRST)
        .offset(place - 1)
        .limit(2)
    )
    units = [int(row.units) for row in rows]
    return units[0] if units[:1] == units[1:] else None


def following(
    view: View,
    period_id: str,
    asset: str,
    *,
    last: Place | None,
    tiers: Sequence[Edge],
    limit: int,
) -> list[Place]:
    """Return the next places of the standings after ``last``, best first."""
    query = select(standings.c.member_id, standings.c.units).where(*_of(view, period_id, asset))
    if last is not None:
        query = query.where(
            (standings.c.units < last.units)
            | ((standings.c.units == last.units) & (standings.c.member_id < last.member_id))
        )
    found: list[Place] = []
    for row in view.rows(query.order_by(*_BEST_FIRST).limit(limit)):
        place = 1 if last is None else last.place + 1
        rank = last.rank if last is not None and last.units == row.units else place
        edge = next((one for one in tiers if rank <= one.place), None)
        last = Place(
            place,
            rank,
            row.member_id,
            row.units,
            None if edge is None else edge.tier,
            edge is not None and edge.units == row.units,
        )
        found.append(last)
    return found


def top(view: View, period_id: str, asset: str, *, limit: int = 10) -> list[Place]:
    """Return the best places as they stand now; medals are given when the list is frozen."""
    return following(view, period_id, asset, last=None, tiers=(), limit=min(limit, PAGE_MOST))


def hash_header(period_name: str, asset: str) -> str:
    """Return where the chain of a list starts."""
    return hashlib.sha256(f"{period_name}\t{asset}\n".encode()).hexdigest()


def hash_after(before: str, rows: Sequence[Place]) -> str:
    """Carry the chain over the next rows."""
    for row in rows:
        figures = f"{row.place}\t{row.rank}\t{row.member_id}\t{row.units}"
        line = f"{before}\t{figures}\t{row.tier or ''}\t{int(row.at_edge)}\n"
        before = hashlib.sha256(line.encode()).hexdigest()
    return before


def find(view: View, period_id: str, asset: str) -> Ranking:
    """Return the head of a frozen list.

    Raises:
        RankingNotFound: it is not frozen yet.
    """
    for one in frozen(view, period_id):
        if one.asset == asset:
            return one
    raise RankingNotFound(period_id, asset)


def frozen(view: View, period_id: str) -> list[Ranking]:
    """Return the heads of a period's frozen lists by asset; empty before the period is frozen."""
    rows = view.rows(
        select(rankings)
        .where(rankings.c.bank_id == view.bank_id, rankings.c.period_id == period_id)
        .order_by(rankings.c.asset_code)
    )
    return [
        Ranking(row.period_id, row.asset_code, row.members, row.hash, row.frozen_at) for row in rows
    ]


def rows(view: View, period_id: str, asset: str, *, after: int = 0, limit: int = 50) -> list[Place]:
    """Return rows of a frozen list after a place, in order.

    Raises:
        RankingNotFound: it is not frozen yet.
    """
    find(view, period_id, asset)
    found = view.rows(
        select(places)
        .where(
            places.c.bank_id == view.bank_id,
            places.c.period_id == period_id,
            places.c.asset_code == asset,
            places.c.place > after,
        )
        .order_by(places.c.place)
        .limit(min(limit, PAGE_MOST))
    )
    return [_place(row) for row in found]


def _place(row: Any) -> Place:
    return Place(row.place, row.rank, row.member_id, row.units, row.tier, row.at_edge)


def medals_of(view: View, member_id: str) -> list[tuple[str, str, str]]:
    """Return the medals that a member holds, the latest first: period, asset and tier."""
    of = places.c
    rows = view.rows(
        select(periods.c.name, of.asset_code, of.tier)
        .join_from(
            places,
            periods,
            (periods.c.bank_id == of.bank_id) & (periods.c.period_id == of.period_id),
        )
        .where(of.bank_id == view.bank_id, of.member_id == member_id, of.tier.is_not(None))
        .order_by(periods.c.starts_on.desc(), of.asset_code)
    )
    return [(row.name, row.asset_code, row.tier) for row in rows]
