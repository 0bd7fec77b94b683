"""What waits for whoever sits at this desk: each thing with how much of it, and where to go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.office import needs
from api.pages.page import Page, page_for
from creditbank.core.clock import start_of_day
from creditbank.core.units import Actor, View
from creditbank.identity import call_list, openings
from creditbank.identity.roles import Right
from creditbank.service import waits
from creditbank.service.waits import Places, Reviews
from creditbank.tasks import searches
from creditbank.tasks.searches import Wanted, Which
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/office", include_in_schema=False)

Sees = Annotated[Page, page_for(Right.SEE_MEMBERS)]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """How much waits, by word; and what is on today, and short of people soon."""

    many: dict[str, int]
    reviews: Reviews | None
    today: tuple[Task, ...]
    short: tuple[Task, ...]
    places: dict[str, str]

    @property
    def nothing(self) -> bool:
        """Whether nothing waits at all."""
        return not any(self.many.values())


@dataclass(frozen=True, slots=True)
class Held:
    """Where each right of somebody holds; None for the whole bank, empty for nowhere."""

    review: Places
    withdraw: Places
    admit: Places
    keep: Places
    attend: Places
    call: Places
    thanks: Places
    second: Places
    actor: Actor
    actor_id: str


@router.get("")
async def show(page: Sees) -> Response:
    """Show what waits, by the rights of who is signed in."""
    may = page.whole.may_within
    readers = {may(Right.KEEP_MEMBERS), may(Right.REVIEW)}
    seconds = {may(Right.REVIEW), may(Right.SETTLE_DEPARTURES)}
    held = Held(
        may(Right.REVIEW),
        may(Right.WITHDRAW_APPROVAL),
        may(Right.ADMIT),
        may(Right.KEEP_TASKS),
        may(Right.KEEP_ATTENDANCE),
        may(Right.CALL),
        None if None in readers else tuple({one for each in readers if each for one in each}),
        None if None in seconds else tuple({one for each in seconds if each for one in each}),
        page.whole.actor,
        page.whole.actor.id,
    )
    desk = await page.read(lambda view: _desk(view, held))
    return page.show("office/waits.html", desk=desk, may_keep=page.whole.may(Right.KEEP_TASKS))


def _desk(view: View, held: Held) -> Desk:
    """Count what is within the rights held; what is not is left out, not nought."""
    many: dict[str, int] = {}
    reviews = None
    if held.review != ():
        reviews = waits.reviews(view, held.review)
        many |= {
            "disputes": reviews.disputes,
            "forced": reviews.forced,
            "reviews": reviews.ordinary,
        }
    if held.withdraw != ():
        many["second-looks"] = waits.second_looks(view, held.withdraw, held.actor_id)
    if held.admit != ():
        many["admissions"] = waits.admissions(view, held.admit)
    if held.keep != ():
        many["short"] = waits.short_needs(view, held.keep)
        many["unsettled"] = waits.unsettled_needs(view, held.keep)
        many["drafts"] = waits.drafts(view, held.keep)
    if held.attend != ():
        many["noted-late"] = waits.noted_late(view, held.attend)
    if held.call != ():
        many["calls"] = call_list.many(view, within=held.call)
    if held.thanks != ():
        many["thanks"] = waits.unread_thanks(view, held.thanks)
    if held.second != ():
        many["imports"] = openings.awaiting(view, held.actor, held.second)
    today, short = _soon(view, held)
    return Desk(many, reviews, today, short, needs.places(view))


def _soon(view: View, held: Held) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """Return what is on today, and what starts soon with places open."""
    near = held.keep if held.keep != () else held.attend
    if near == ():
        return (), ()
    begins = start_of_day(view.today, view.bank.zone)
    day: tuple[datetime, datetime] = (begins, begins + timedelta(days=1))
    on = searches.between(view, Wanted(within=near, drafts_within=()), *day)
    short: tuple[Task, ...] = ()
    if held.keep != ():
        wanted = Wanted(which=Which.SHORT, within=near)
        short = searches.found(view, wanted, limit=_SHOWN).tasks
    return tuple(on), short
