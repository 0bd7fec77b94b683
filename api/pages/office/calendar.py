"""The needs of a month, day by day; and a week's plan that is used once more."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Form, Query
from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.forms import DayText, FormKey, Sent
from api.pages.office import needs
from api.pages.office.need_forms import CommunityText
from api.pages.page import Page, page_for
from creditbank.core.clock import day_of, start_of_day
from creditbank.core.units import View
from creditbank.identity.roles import Right
from creditbank.tasks import copies, repeats, searches
from creditbank.tasks.searches import Wanted
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office/needs/calendar", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
Keeps = Annotated[Page, page_for(Right.KEEP_TASKS)]


class WeekForm(Sent):
    """Which week's plan is used once more, in which week; any day says its week."""

    community_id: CommunityText
    week_on: DayText
    to_week_on: DayText
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month, and what is on each day."""

    first: date
    weeks: tuple[tuple[date, ...], ...]
    on: dict[date, list[Task]]
    places: dict[str, str]
    today: date
    cut: bool

    @property
    def before(self) -> date:
        """The month before."""
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> date:
        """The month after."""
        return (self.first + timedelta(days=31)).replace(day=1)


@router.get("")
async def show(
    page: Sees,
    month: Annotated[str, Query(max_length=20)] = "",
    community: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show a month of needs."""
    wanted = Wanted(community_id=community or None, drafts_within=needs.own(page))
    found = await page.read(lambda view: _month(view, month, wanted))
    return page.show(
        "office/calendar.html",
        month=found,
        community=community,
        near=page.whole.may_within(Right.KEEP_TASKS),
        may_keep=page.whole.may(Right.KEEP_TASKS),
    )


def _month(view: View, said: str, wanted: Wanted) -> Month:
    """Return a month with what is on its days, and on those of its first and last week."""
    try:
        first = date.fromisoformat(f"{said}-01")
    except ValueError:
        first = view.today.replace(day=1)
    if not repeats.YEARS[0] < first.year < repeats.YEARS[-1]:
        first = view.today.replace(day=1)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begins, ends = weeks[0][0], weeks[-1][-1] + timedelta(days=1)
    zone = view.bank.zone
    several = searches.between(view, wanted, start_of_day(begins, zone), start_of_day(ends, zone))
    on: dict[date, list[Task]] = {}
    for one in several:
        on.setdefault(day_of(one.starts_at, zone), []).append(one)
    cut = len(several) >= searches.MONTH_MOST
    return Month(first, tuple(map(tuple, weeks)), on, needs.places(view), view.today, cut)


@router.post("/weeks")
async def copy_week(page: Keeps, key: FormKey, form: Annotated[WeekForm, Form()]) -> Response:
    """Publish a community's plan of one week once more in another one."""
    said = form.said() | {
        name: day - timedelta(days=day.weekday())
        for name, day in (("week_on", form.week_on), ("to_week_on", form.to_week_on))
    }
    await page.write(lambda unit: copies.copy_week(unit, key=key, **said))
    month = f"{form.to_week_on:%Y-%m}"
    return page.go("/office/needs/calendar", "week-copied", month=month)
