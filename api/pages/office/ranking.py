"""The ranking: how it stands, the list that never changes, and from what each place was earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.edge.forms import AssetPath, MemberId, PeriodName
from api.edge.routes import Routes
from api.pages.page import Page, page_for
from api.papers import statistics
from creditbank.core.clock import start_of_day
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, earnings
from creditbank.ledger.earnings import Line
from creditbank.people import consents, members
from creditbank.recognition import periods, ranking
from creditbank.recognition.periods import Period, PeriodState
from creditbank.recognition.ranking import Place, Ranking
from creditbank.schemes import scheme
from creditbank.schemes.medals import By, Medal
from creditbank.tasks import categories, claims, tasks
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/ranking", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_RANKING)]
Explains = Annotated[Page, page_for(Right.SEE_MEMBERS)]

AT_ONCE = 100
TIERS: Mapping[str, tuple[str, str]] = {
    "gold": ("金奖", "gold"),
    "silver": ("银奖", "silver"),
    "bronze": ("铜奖", "bronze"),
}
BY: Mapping[By, tuple[str, str]] = {
    By.COUNT: ("接下来的 {n} 名", "the next {n} places"),
    By.SHARE_PERCENT: ("接下来的 {n}%", "the next {n} %"),
    By.THRESHOLD: ("满 {n} 起", "from {n} on"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A list as it is shown: frozen with its head, or as it stands now without one."""

    period: Period
    state: PeriodState
    periods: tuple[Period, ...]
    assets: tuple[Asset, ...]
    asset: Asset | None
    head: Ranking | None
    rows: tuple[tuple[Place, str], ...]
    medals: tuple[Medal, ...]

    @property
    def shared(self) -> frozenset[int]:
        """The ranks that several people share."""
        ranks = [place.rank for place, _ in self.rows]
        return frozenset(one for one in ranks if ranks.count(one) > 1)


@router.get("")
async def show(
    page: Sees,
    period: Annotated[str | None, Query(pattern=r"^[0-9]{4}$")] = None,
    asset: Annotated[str | None, Query(pattern=r"^[A-Z][A-Z0-9]{1,15}$")] = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Show the ranking of a period by what was earned of an asset."""
    found = await page.read(lambda view: _standing(view, period, asset, after))
    return page.show(
        "office/ranking.html",
        found=found,
        after=after,
        tiers=TIERS,
        by=BY,
        explains=Right.SEE_MEMBERS,
    )


def _standing(view: View, name: str | None, code: str | None, after: int) -> Standing | None:
    """Return a list; None in a bank that has no period yet.

    Raises:
        PeriodNotFound, AssetNotFound: this bank has none of this name or code.
    """
    every = periods.every(view)
    if not every and name is None:
        return None
    period = periods.by_name(view, name) if name is not None else every[-1]
    assets = tuple(one for one in statistics.assets_of(view) if one.kind is not AssetKind.MONEY)
    final = [one.asset for one in ranking.frozen(view, period.period_id)]
    first = [one for one in assets if one.code in final] or assets
    asset = accounts.asset(view, code) if code is not None else next(iter(first), None)
    head: Ranking | None = None
    rows: Sequence[Place] = ()
    if asset is not None:
        head, rows = _rows(view, period, asset.code, after)
    names = consents.public_names(view, [one.member_id for one in rows])
    return Standing(
        period,
        period.state(view.today),
        tuple(reversed(every)),
        assets,
        asset,
        head,
        tuple((one, names[one.member_id]) for one in rows),
        scheme.in_force(view, period.ends_on - timedelta(days=1)).medals,
    )


def _rows(
    view: View, period: Period, asset: str, after: int
) -> tuple[Ranking | None, Sequence[Place]]:
    """Return a frozen list from a place on, or the best places as they stand now."""
    head = next((one for one in ranking.frozen(view, period.period_id) if one.asset == asset), None)
    if head is None:
        return None, ranking.top(view, period.period_id, asset, limit=AT_ONCE)
    return head, ranking.rows(view, period.period_id, asset, after=after, limit=AT_ONCE)


@dataclass(frozen=True, slots=True)
class Why:
    """From what a member's units of a period come; ``begins_at`` parts off corrections."""

    name: str
    period: Period
    asset: Asset
    begins_at: datetime
    lines: tuple[tuple[Line, Task | None], ...]
    categories: Mapping[str, str]

    @property
    def units(self) -> int:
        """The sum of all lines."""
        return sum(line.units for line, _ in self.lines)

    @property
    def by_category(self) -> list[tuple[str, int, int]]:
        """Units and services by category, the most first."""
        sums: dict[str, list[int]] = {}
        for line, task in self.lines:
            name = "—" if task is None else self.categories.get(task.category, task.category)
            both = sums.setdefault(name, [0, 0])
            both[0] += line.units
            both[1] += 1 if line.units > 0 else -1
        ordered = sorted(sums.items(), key=lambda one: (-one[1][0], one[0]))
        return [(name, units, services) for name, (units, services) in ordered]


@router.get("/{period}/{asset}/{member_id}")
async def explain(
    page: Explains, period: PeriodName, asset: AssetPath, member_id: MemberId
) -> Response:
    """Show from which services a place was earned, to who may see the member."""

    def look(view: View) -> Why:
        members.find(view, member_id)
        if page.caller.communities is not None:
            members.require_near(view, page.caller.actor, member_id)
        return _why(view, periods.by_name(view, period), accounts.asset(view, asset), member_id)

    return page.show("office/ranking_place.html", why=await page.read(look))


def _why(view: View, period: Period, asset: Asset, member_id: str) -> Why:
    lines = earnings.of_member(view, period.period_id, member_id, asset.code)
    about = {one.refers_to for one in lines if one.refers_to is not None}
    of = claims.claims.c
    task_of = {
        one.claim_id: one.task_id
        for one in map(
            claims.read,
            view.rows(
                claims.claims.select().where(
                    of.bank_id == view.bank_id,
                    of.member_id == member_id,
                    of.claim_id.in_(sorted(about)),
                )
            ),
        )
    }
    ids = sorted(set(task_of.values()))
    known = {one.task_id: one for one in tasks.chosen(view, tasks.tasks.c.task_id.in_(ids))}
    return Why(
        consents.public_names(view, [member_id])[member_id],
        period,
        asset,
        start_of_day(period.starts_on, view.bank.zone),
        tuple((one, known.get(task_of.get(one.refers_to or "", ""))) for one in lines),
        {one.code: one.name for one in categories.every(view)},
    )
