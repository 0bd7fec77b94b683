"""Rankings: periods, how the standings look now, and the lists that never change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field

from api.edge.forms import AssetPath, Limit, PeriodName, Shown
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, having
from creditbank.core.errors import AssetNotFound
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.ledger import accounts
from creditbank.people import consents
from creditbank.recognition import periods, ranking
from creditbank.recognition.periods import Period, PeriodNotFound, PeriodState
from creditbank.recognition.ranking import Place, Ranking, RankingNotFound

router = Routes(prefix="/v1/b/{slug}/periods", tags=["rankings"])

Sees = Annotated[Caller, having(Right.SEE_RANKING)]


class PeriodShown(Shown):
    """A period; both ends are the first days after it."""

    period_id: str
    name: str
    starts_on: date
    ends_on: date
    grace_ends_on: date
    state: PeriodState
    frozen_at: datetime | None


class PlaceShown(Shown):
    """A place. The name is whole only for who agreed to that; a tie at an edge gets the better."""

    place: int
    rank: int = Field(description="Shared by ties.")
    member_id: str
    name: str
    units: int
    tier: str | None = Field(description="gold, silver, bronze or none.")
    at_edge: bool = Field(description="Whether a tie decided the tier.")


class RankingPage(Shown):
    """Rows of a frozen list, with the hash over all of it."""

    asset: str
    members: int
    hash: str
    frozen_at: datetime
    items: list[PlaceShown]
    next: int | None = Field(description="`after` of the following page; null on the last one.")


@router.get("", summary="The periods")
async def listing(caller: Sees) -> list[PeriodShown]:
    """List the periods of the bank in order."""

    def look(view: View) -> list[PeriodShown]:
        return [_period(one, view.today) for one in periods.every(view)]

    return await caller.read(look)


def _period(one: Period, today: date) -> PeriodShown:
    return PeriodShown(
        period_id=one.period_id,
        name=one.name,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        grace_ends_on=one.grace_ends_on,
        state=one.state(today),
        frozen_at=one.frozen_at,
    )


def _named(view: View, rows: Sequence[Place]) -> list[PlaceShown]:
    names = consents.public_names(view, [row.member_id for row in rows])
    return [
        PlaceShown(
            place=row.place,
            rank=row.rank,
            member_id=row.member_id,
            name=names[row.member_id],
            units=row.units,
            tier=row.tier,
            at_edge=row.at_edge,
        )
        for row in rows
    ]


@router.get(
    "/{period}/rankings/{asset}/preview",
    summary="The standings now",
    responses=refusals(PeriodNotFound, AssetNotFound),
)
async def preview(
    caller: Sees, period: PeriodName, asset: AssetPath, limit: Limit = 10
) -> list[PlaceShown]:
    """Show the best places as they stand now; medals are given when the list is frozen."""

    def look(view: View) -> list[PlaceShown]:
        accounts.asset(view, asset)
        found = periods.by_name(view, period)
        return _named(view, ranking.top(view, found.period_id, asset, limit=limit))

    return await caller.read(look)


@router.get(
    "/{period}/rankings/{asset}",
    summary="A frozen list",
    responses=refusals(PeriodNotFound, RankingNotFound),
)
async def frozen(
    caller: Sees,
    period: PeriodName,
    asset: AssetPath,
    after: Annotated[int, Query(ge=0, le=2**53, description="The last place seen.")] = 0,
    limit: Limit = 50,
) -> RankingPage:
    """Show the list of a closed period; it never changes."""

    def look(view: View) -> RankingPage:
        period_id = periods.by_name(view, period).period_id
        head = ranking.find(view, period_id, asset)
        rows = ranking.rows(view, period_id, asset, after=after, limit=limit)
        return _page(head, _named(view, rows))

    return await caller.read(look)


def _page(head: Ranking, rows: list[PlaceShown]) -> RankingPage:
    more = bool(rows) and rows[-1].place < head.members
    return RankingPage(
        asset=head.asset,
        members=head.members,
        hash=head.hash,
        frozen_at=head.frozen_at,
        items=rows,
        next=rows[-1].place if more else None,
    )
