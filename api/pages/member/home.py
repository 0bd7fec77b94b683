"""The first page of a volunteer: what they have, what comes next, what they were told."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.member import inbox, pin_requests, purse
from api.pages.member.inbox import Told
from api.pages.member.pin_requests import Asking
from api.pages.member.purse import Expiring, Held
from api.pages.page import MemberPage
from creditbank import notices
from creditbank.core.clock import start_of_day
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind, write_units
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger.flows import Flow
from creditbank.people import persons
from creditbank.recognition import ranking
from creditbank.service import hours
from creditbank.tasks import duties, tasks
from creditbank.tasks.claims import Claim
from creditbank.tasks.states import ClaimState
from creditbank.tasks.tasks import Task

router = Routes(prefix="/b/{slug}/me", include_in_schema=False)

DUTIES_MOST = 3
NEWS_MOST = 2
_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class Duty:
    """A claim of the volunteer that comes next, and its task."""

    claim: Claim
    task: Task


@dataclass(frozen=True, slots=True)
class Medal:
    """The latest medal: of which period, for which asset."""

    period: str
    tier: str
    asset: Asset


@dataclass(frozen=True, slots=True)
class Home:
    """What a volunteer sees first."""

    name: str
    purse: list[Held]
    plus: dict[str, int]
    honours: list[tuple[Asset, str]]
    served_minutes: int
    medal: Medal | None
    expiring: list[Expiring]
    asking: Asking
    duties: list[Duty]
    more_duties: int
    news: list[Told]
    unread: int


@router.get("")
async def home(page: MemberPage) -> Response:
    """Show a volunteer their points, their next duties and their news."""
    return page.show("member/home.html", home=await page.read(lambda v: _home(v, page.member_id)))


def _home(view: View, member_id: str) -> Home:
    mine = purse.held(view, member_id)
    found = notices.inbox(view, member_id, limit=_LOOKED_AT)
    fresh = [
        one
        for one in found.notices
        if one.read_at is None and (one.due_at is None or view.now < one.due_at)
    ][:NEWS_MOST]
    next_ones = _duties(view, member_id)
    return Home(
        name=persons.names(view, [member_id]).get(member_id, ""),
        purse=mine,
        plus={one.asset.code: _plus(view, member_id, one.asset.code) for one in mine},
        honours=_honours(view, member_id),
        served_minutes=hours.tally(view, member_id=member_id).minutes,
        medal=_medal(view, member_id),
        expiring=purse.expiring(view, member_id, mine),
        asking=pin_requests.asking(view, member_id),
        duties=next_ones[:DUTIES_MOST],
        more_duties=max(len(next_ones) - DUTIES_MOST, 0),
        news=inbox.told(view, fresh),
        unread=found.unread,
    )


def _plus(view: View, member_id: str, asset: str) -> int:
    """Return what a member earned by helping this month."""
    began = start_of_day(view.today.replace(day=1), view.bank.zone)
    found = statements.totals(
        view, chart.member(member_id), asset, span=(began, None), flow=Flow.HELPED
    )
    return found.came - found.went


def _honours(view: View, member_id: str) -> list[tuple[Asset, str]]:
    """Return what a member has of what can't be spent."""
    assets = accounts.every_asset(view)
    return [
        (assets[one.asset], write_units(one.total, assets[one.asset].scale))
        for one in statements.balances(view, chart.member(member_id))
        if assets[one.asset].kind is AssetKind.HONOUR
    ]


def _medal(view: View, member_id: str) -> Medal | None:
    found = ranking.medals_of(view, member_id)
    if not found:
        return None
    period, asset, tier = found[0]
    return Medal(period, tier, accounts.asset(view, asset))


def _duties(view: View, member_id: str) -> list[Duty]:
    """Return what a member has taken over and what is not over yet, the next one first."""
    claims = duties.ahead(view, member_id)
    known = {one.task_id: one for one in _tasks(view, {one.task_id for one in claims})}
    return [
        Duty(one, known[one.task_id])
        for one in claims
        if one.state is ClaimState.SIGNED_IN or known[one.task_id].ends_at > view.now
    ]


def _tasks(view: View, ids: set[str]) -> list[Task]:
    return tasks.chosen(view, tasks.tasks.c.task_id.in_(sorted(ids))) if ids else []
