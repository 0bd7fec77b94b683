"""The first page of a volunteer: what they have, what comes next, what they were told."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from api.pages.page import MemberPage
from creditbank import notices
from creditbank.core.units import View
from creditbank.core.values import Asset, AssetKind
from creditbank.ledger import accounts, chart, statements
from creditbank.people import persons

router = APIRouter(prefix="/b/{slug}/me", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Home:
    """What a volunteer sees first."""

    name: str
    purse: list[tuple[Asset, int]]
    unread: int


@router.get("")
async def home(page: MemberPage) -> Response:
    """Show a volunteer their points, their next duties and their news."""
    return page.show("member/home.html", home=await page.read(lambda v: _home(v, page.member_id)))


def _home(view: View, member_id: str) -> Home:
    assets = accounts.every_asset(view)
    held = {one.asset: one for one in statements.balances(view, chart.member(member_id))}
    purse = [
        (asset, held[code].available if code in held else 0)
        for code, asset in assets.items()
        if asset.kind is AssetKind.SPENDABLE
    ]
    name = persons.names(view, [member_id]).get(member_id, "")
    return Home(name, purse, notices.inbox(view, member_id, limit=1).unread)
