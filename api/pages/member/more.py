"""我的: who the volunteer is here, and the way to every page of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.responses import Response

from api.edge.routes import Routes
from api.pages.page import MemberPage
from creditbank import notices
from creditbank.core.units import View
from creditbank.ledger import accounts
from creditbank.people import communities, delegates, masks, members, persons
from creditbank.people.delegates import DelegateState
from creditbank.people.members import Member
from creditbank.schemes import explaining, scheme
from creditbank.tasks import categories

router = Routes(prefix="/b/{slug}/me", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Mine:
    """What stands at the top of the page, and what the entries say."""

    name: str
    member: Member
    community: str
    unread: int
    helps: int


@router.get("/more")
async def more(page: MemberPage) -> Response:
    """Show the way to every page of a volunteer."""
    return page.show("member/more.html", mine=await page.read(lambda v: _mine(v, page.member_id)))


@router.get("/rules")
async def rules(page: MemberPage) -> Response:
    """Explain how points are earned and used, as the rules of today say it."""
    spoken = page.look.language

    def look(view: View) -> list[tuple[str, list[str]]]:
        names = {one.code: one.name for one in accounts.every_asset(view).values()}
        names |= {one.code: one.name for one in categories.every(view)}
        return explaining.explained(scheme.current(view), names, spoken)

    return page.show("member/rules.html", chapters=await page.read(look))


def _mine(view: View, member_id: str) -> Mine:
    member = members.find(view, member_id)
    return Mine(
        name=persons.names(view, [member_id]).get(member_id, masks.GONE),
        member=member,
        community=communities.find(view, member.community_id).name,
        unread=notices.inbox(view, member_id, limit=1).unread,
        helps=sum(
            one.delegate_member_id == member_id and one.state is DelegateState.ACTIVE
            for one in delegates.listing(view, member_id)
        ),
    )
