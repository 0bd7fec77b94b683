"""Pairs: who visits whom, how many visits this month, and who is short of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form
from fastapi.responses import Response

from api.edge.forms import AssetCode, Cursor, PairId
from api.edge.routes import Routes
from api.pages.forms import Count, FormKey, Line, MaybeLine, Sent
from api.pages.office import names
from api.pages.page import Page, page_for
from api.papers import statistics
from creditbank.core.units import Declined, Unit, View
from creditbank.core.values import Asset, AssetKind
from creditbank.identity.roles import Right
from creditbank.people import communities, households, members
from creditbank.schemes.rewards import Per, Reward
from creditbank.tasks import categories, pairs, partings, visits
from creditbank.tasks.categories import Category
from creditbank.tasks.pairs import Cause, Pair, PairState
from creditbank.tasks.visits import Month

router = Routes(prefix="/b/{slug}/office/pairs", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]

AT_ONCE = 50
_FAMILY = re.compile(r"H\d{5,}")
CAUSES: Mapping[Cause, tuple[str, str]] = {
    Cause.MOVED: ("搬走", "moved away"),
    Cause.DIED: ("去世", "died"),
    Cause.WISH: ("一方希望结束", "one of them wishes it"),
    Cause.OTHER: ("其他", "other"),
    Cause.LEFT: ("已退出互助社", "left the society"),
}


@dataclass(frozen=True, slots=True)
class Paired:
    """A pair with the names of both sides, and how it stands this month."""

    pair: Pair
    elder: str
    visitor: str
    community: str
    month: Month | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of pairs, and what a new one can name."""

    pairs: tuple[Paired, ...]
    after: str | None
    categories: tuple[Category, ...]
    assets: tuple[Asset, ...]

    @property
    def short(self) -> tuple[Paired, ...]:
        """Those that have not done their visits, the most missing first."""
        short = [one for one in self.pairs if one.month is not None and one.month.missing]
        return tuple(sorted(short, key=lambda one: -(one.month.missing if one.month else 0)))

    @property
    def ordered(self) -> tuple[Paired, ...]:
        """All of them, those that are short first."""
        short = self.short
        return (*short, *(one for one in self.pairs if one not in short))


def _listed(view: View, page: Page, *, ended: bool, after: str | None) -> Listed:
    found = pairs.listing(
        view,
        within=page.caller.communities,
        state=PairState.ENDED if ended else PairState.RUNNING,
        after=after,
        limit=AT_ONCE,
    )
    months = {}
    if not ended:
        months = {one.pair.pair_id: one for one in visits.in_month(view, found.pairs, view.today)}
    points = [one for one in statistics.assets_of(view) if one.kind is not AssetKind.MONEY]
    return Listed(
        tuple(_paired(view, page, found.pairs, months)),
        found.after,
        tuple(categories.every(view)),
        tuple(points),
    )


def _paired(
    view: View, page: Page, several: tuple[Pair, ...], months: Mapping[str, Month]
) -> list[Paired]:
    """Return pairs with the masked names of both sides, and families by their number."""
    people = [who for one in several for who in (one.elder_id, one.volunteer_id)]
    called = names.near(view, page, people)
    places = {one.community_id: one.name for one in communities.every(view)}
    return [
        Paired(
            one,
            called.get(one.elder_id, ""),
            called.get(one.volunteer_id, "")
            if one.volunteer_id is not None
            else households.find(view, one.household_id or "").number,
            places[one.community_id],
            months.get(one.pair_id),
        )
        for one in several
    ]


@router.get("")
async def listing(page: Sees, after: Cursor = None) -> Response:
    """Show the running pairs, those that are short first."""
    found = await page.read(lambda view: _listed(view, page, ended=False, after=after or None))
    return page.show("office/pairs.html", found=found, ended=False, causes=CAUSES)


@router.get("/ended")
async def past(page: Sees, after: Cursor = None) -> Response:
    """Show the pairs that have ended."""
    found = await page.read(lambda view: _listed(view, page, ended=True, after=after or None))
    return page.show("office/pairs.html", found=found, ended=True, causes=CAUSES)


class PairForm(Sent):
    """Whom to pair, by their numbers, and what a visit gives."""

    elder: Line
    visitor: Line
    category: Line
    asset: AssetCode
    units: Count
    per: Per
    told: MaybeLine = None


@router.post("")
async def pair(page: Keeps, key: FormKey, form: Annotated[PairForm, Form()]) -> Response:
    """Pair an elder with a volunteer or a family."""

    def work(unit: Unit) -> str | Declined:
        family = bool(_FAMILY.fullmatch(form.visitor))
        return pairs.pair(
            unit,
            key=key,
            elder_id=members.by_number(unit, form.elder).member_id,
            household_id=households.by_number(unit, form.visitor) if family else None,
            volunteer_id=None if family else members.by_number(unit, form.visitor).member_id,
            category=form.category,
            rewards=[Reward(form.asset, form.units, form.per)],
            told=form.told,
        )

    made = await page.write(work)
    return page.go(f"/office/pairs/{made}", "pair-made")


@dataclass(frozen=True, slots=True)
class Opened:
    """One pair; what is told to its visitors only for who keeps the pairs."""

    paired: Paired
    told: str | None
    reason: str | None


@router.get("/{pair_id}")
async def show(page: Sees, pair_id: PairId) -> Response:
    """Show a pair, its month, and the form that ends it."""

    def look(view: View) -> Opened:
        found = pairs.find(view, pair_id)
        communities.require_within(page.caller.actor, found.community_id)
        held = page.whole.may_within(Right.KEEP_TASKS)
        keeps = held is None or found.community_id in held
        running = found.state is PairState.RUNNING
        months = visits.in_month(view, [found], view.today) if running else []
        [shown] = _paired(view, page, (found,), {one.pair.pair_id: one for one in months})
        return Opened(
            shown,
            pairs.told(view, found) if keeps else None,
            pairs.reason(view, found) if keeps else None,
        )

    return page.show("office/pair.html", found=await page.read(look), causes=CAUSES)


class EndForm(Sent):
    """Why a pair ends."""

    cause: Cause
    reason: Line


@router.post("/{pair_id}/end")
async def end(
    page: Keeps, pair_id: PairId, key: FormKey, form: Annotated[EndForm, Form()]
) -> Response:
    """End a pair; both sides are told, and planned visits are called off."""
    await page.write(
        lambda unit: partings.end(
            unit, key=key, pair_id=pair_id, cause=form.cause, reason=form.reason
        )
    )
    return page.go("/office/pairs", "pair-ended")
