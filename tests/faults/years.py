"""Years with members who earned in them, made for volume; and workers that close them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import insert

from creditbank.core.clock import ManualClock
from creditbank.core.database import Database
from creditbank.core.units import Unit, View
from creditbank.core.values import Amount
from creditbank.ledger import issues
from creditbank.ledger.issues import Earned
from creditbank.people import communities
from creditbank.people.members import Status
from creditbank.people.members import members as member_table
from creditbank.recognition import periods, ranking, standings
from tests.books import OPERATOR, POINTS, made_up

_SLICE = 500
_FIRST = 1_000_000


@dataclass(frozen=True, slots=True)
class Closed:
    """A year as it was closed: its name, its list's length and hash, and how many rows it has."""

    name: str
    members: int
    hash: str
    rows: int


def populate(database: Database, bank_id: int, count: int) -> list[str]:
    """Take members in, many at once; the same ids in every database."""
    community_id = database.write(
        bank_id,
        OPERATOR,
        partial(communities.create, name="大湾社区", key="community-for-volume"),
    )
    ids = [made_up("mem", _FIRST + n) for n in range(count)]

    def work(unit: Unit, some: list[str]) -> None:
        rows = [
            {
                "bank_id": unit.bank_id,
                "member_id": member_id,
                "number": f"V{member_id[-7:]}",
                "name": f"居民{member_id[-5:]}",
                "community_id": community_id,
                "status": Status.ACTIVE,
                "joined_on": unit.today,
            }
            for member_id in some
        ]
        unit.run(insert(member_table), rows)

    for at in range(0, count, _SLICE):
        database.write(bank_id, OPERATOR, partial(work, some=ids[at : at + _SLICE]))
    return ids


def live(
    database: Database,
    clock: ManualClock,
    bank_id: int,
    member_ids: list[str],
    years: Iterable[int],
) -> None:
    """Let members earn in each year, as approvals do: an issue and the standings with it."""
    dice = random.Random(1)
    for year in years:
        clock.set(datetime(year, 6, 1, 4, tzinfo=UTC))
        for at in range(0, len(member_ids), _SLICE):
            earned = [
                Earned(member_id, Amount(dice.randint(1, 200), POINTS))
                for member_id in member_ids[at : at + _SLICE]
            ]
            database.write(bank_id, OPERATOR, partial(_earn, key=f"{year}/{at}", earned=earned))


def _earn(unit: Unit, *, key: str, earned: list[Earned]) -> None:
    period_id = periods.for_service(unit, unit.now)
    moves = [(one.member_id, one.amount.asset, one.amount.units) for one in earned]
    standings.add(unit, period_id, moves)
    issues.issue(
        unit,
        earned=earned,
        key=f"volume/{key}",
        occurred_at=unit.now,
        refers_to=f"volume/{key}",
        period_id=period_id,
    )


def closed(database: Database, bank_id: int) -> list[Closed]:
    """The years that are closed, oldest first."""

    def look(view: View) -> list[Closed]:
        found = []
        for period in periods.every(view):
            for head in ranking.frozen(view, period.period_id):
                rows = view.rows(
                    ranking.places.select().where(
                        ranking.places.c.bank_id == view.bank_id,
                        ranking.places.c.period_id == period.period_id,
                        ranking.places.c.asset_code == head.asset,
                    )
                )
                found.append(Closed(period.name, head.members, head.hash, len(rows)))
        return found

    return database.read(bank_id, look)
