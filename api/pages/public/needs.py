"""Open needs for everybody, with filters; whoever wants to take part signs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import BeforeValidator
from pydantic import StringConstraints as Text

from api.edge.forms import CommunityRef, TaskRef
from api.edge.routes import Routes
from api.pages.page import AnyPage
from api.pages.public import open_needs
from api.pages.public.open_needs import Choice, Need
from creditbank.core.units import View
from creditbank.people import communities
from creditbank.people.communities import Community
from creditbank.tasks import categories
from creditbank.tasks.categories import Category

router = Routes(prefix="/b/{slug}", include_in_schema=False)

PAGE_MOST = 20
_DAYS = 14


def _or_none(text: object) -> object:
    return None if text == "" else text


_Code = Annotated[str, Text(pattern=r"^[a-z0-9-]{1,40}$")]
CategoryAsked = Annotated[_Code | None, BeforeValidator(_or_none), Query()]
CommunityAsked = Annotated[CommunityRef | None, BeforeValidator(_or_none), Query()]
DayAsked = Annotated[date | None, BeforeValidator(_or_none), Query()]
AfterAsked = Annotated[TaskRef | None, Query()]


@dataclass(frozen=True, slots=True)
class Needs:
    """A page of open needs, and what can be chosen."""

    found: Sequence[Need]
    after: str | None
    asked: Choice
    categories: Sequence[Category]
    communities: Sequence[Community]
    days: Sequence[date]


@router.get("/needs")
async def needs(
    page: AnyPage,
    *,
    category: CategoryAsked = None,
    community: CommunityAsked = None,
    day: DayAsked = None,
    after: AfterAsked = None,
) -> Response:
    """List open needs by their start."""
    asked = Choice(category, community, day, after)
    return page.show("public/needs.html", needs=await page.read(lambda view: _needs(view, asked)))


def _needs(view: View, asked: Choice) -> Needs:
    found, after = open_needs.listed(view, asked, PAGE_MOST)
    days = [view.today + timedelta(days=n) for n in range(_DAYS)]
    return Needs(found, after, asked, categories.every(view), communities.every(view), days)
