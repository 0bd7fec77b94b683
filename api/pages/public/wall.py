"""The wall: a page for the screen in the hall, that looks again by itself.

Nobody is named here who has not agreed to be: notes of thanks were read by the office and show
their words by consent only; of those who served most this month, who did not agree is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import AnyPage, Page
from api.pages.public import figures, open_needs, shops
from api.pages.public.open_needs import Choice, Need
from api.pages.public.shops import Shop
from creditbank.core.clock import day_of, start_of_day
from creditbank.core.units import View
from creditbank.people import consents, households, persons, teams
from creditbank.service import hours, thanks
from creditbank.service.thanks import Thanks

router = Routes(prefix="/b/{slug}/wall", include_in_schema=False)

_NEEDS, _THANKS, _TOP, _SHOPS = 6, 2, 5, 3
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Note:
    """A note of thanks that everybody may read."""

    to: str
    text: str
    written_on: date


@dataclass(frozen=True, slots=True)
class Wall:
    """What hangs on the wall now; ``top`` are names with their minutes of this month."""

    needs: Sequence[Need]
    notes: Sequence[Note]
    of_today: bool
    top: Sequence[tuple[str, int]]
    shops: Sequence[Shop]


@router.get("")
async def wall(page: AnyPage) -> Response:
    """Show the wall."""
    return page.show("public/wall.html", **await _values(page))


@router.get("/now")
async def now(page: AnyPage) -> Response:
    """Give what hangs on the wall now, for the page that is open."""
    return page.show("public/wall_now.html", **await _values(page))


async def _values(page: Page) -> dict[str, Any]:
    return {"wall": await page.read(_wall), "figures": await figures.latest(page)}


def _wall(view: View) -> Wall:
    needs, _ = open_needs.listed(view, Choice(), _NEEDS)
    notes, of_today = _notes(view)
    return Wall(needs, notes, of_today, _top(view), _some_shops(view))


def _some_shops(view: View) -> list[Shop]:
    """Return a few shops with an offer today; every minute others have their turn."""
    known = [one for several in shops.listed(view).values() for one in several if one.offers]
    begin = view.now.minute * _SHOPS % len(known) if known else 0
    return (known[begin:] + known[:begin])[:_SHOPS]


def _notes(view: View) -> tuple[list[Note], bool]:
    """Return today's notes that may be read, or else the latest ones."""
    read = [one for one in thanks.wall(view, limit=_LOOKED_AT).notes if one.text]
    today = [one for one in read if _day(view, one) == view.today]
    shown = (today or read)[:_THANKS]
    return [_note(view, one) for one in shown], bool(today)


def _day(view: View, one: Thanks) -> date:
    return day_of(one.decided_at or one.written_at, view.bank.zone)


def _note(view: View, one: Thanks) -> Note:
    if one.team_id is not None:
        to = teams.find(view, one.team_id).name
    elif one.household_id is not None:
        to = households.find(view, one.household_id).number
    else:
        to = consents.public_names(view, [str(one.member_id)])[str(one.member_id)]
    return Note(to, one.text or "", _day(view, one))


def _top(view: View) -> list[tuple[str, int]]:
    """Return those who served most this month and agreed to be named."""
    month = start_of_day(view.today.replace(day=1), view.bank.zone)
    served = hours.busiest(view, (month, None), _LOOKED_AT)
    agreed = consents.may_publish_name(view, [one for one, _ in served])
    names = persons.names(view, agreed)
    return [(names[one], minutes) for one, minutes in served if one in names][:_TOP]
