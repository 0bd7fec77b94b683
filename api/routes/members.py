"""Members: taken in, found, suspended; what they have, and what moved it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints

from api.auth import Right
from api.forms import CommunityRef, Cursor, Form, Limit, MemberId, Name, Shown
from api.openapi import refusals
from api.wiring import Caller, Key, having, of_member
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger.chart import Kind
from creditbank.people import members
from creditbank.people.errors import CommunityNotFound, MemberNotFound, NumberTaken

router = APIRouter(prefix="/v1/b/{slug}/members", tags=["members"])

Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
Sees = Annotated[Caller, having(Right.SEE_MEMBERS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
Number = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9-]{1,20}$")]


class MemberForm(Form):
    """Someone to take in; without a number the next free one is given."""

    name: Name
    community_id: CommunityRef
    number: Number | None = None


class MemberMade(Shown):
    """A new member."""

    member_id: str
    number: str


class MemberShown(Shown):
    """A member."""

    member_id: str
    number: str
    name: str
    community_id: str
    status: members.Status
    joined_on: date


class MemberPage(Shown):
    """Members by number."""

    items: list[MemberShown]
    next: str | None = Field(description="`after` of the following page; null on the last one.")


class StatusShown(Shown):
    """Whether a member may act."""

    member_id: str
    status: members.Status


class BalanceShown(Shown):
    """What a member has of an asset, in units; `owed` is still to earn back."""

    asset: str
    available: int
    held: int
    owed: int
    total: int


class LineShown(Shown):
    """One row of a statement; `units` is signed, `balance_after` is available + held."""

    transfer_id: str
    kind: Kind
    occurred_at: datetime
    recorded_at: datetime
    units: int
    balance_after: int
    other: str = Field(description="The account at the other end.")
    refers_to: str | None


class StatementPage(Shown):
    """Rows of a statement, newest first."""

    items: list[LineShown]
    next: str | None


@router.post(
    "",
    summary="Take a member in",
    status_code=201,
    response_model=MemberMade,
    responses=refusals(CommunityNotFound, NumberTaken, BadField),
)
async def register(caller: Keeps, key: Key, form: MemberForm) -> members.Registered:
    """Take someone in."""
    return await caller.write(lambda unit: members.register(unit, key=key, **form.model_dump()))


@router.get("", summary="The members")
async def listing(
    caller: Sees,
    number: Annotated[
        str | None, Query(pattern=r"^[A-Za-z0-9-]{1,20}$", description="Only this member.")
    ] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> MemberPage:
    """List the members by number."""

    def look(view: View) -> members.Page:
        if number is not None:
            return members.Page(_of_number(view, number), None)
        return members.listing(view, after=after, limit=limit)

    page = await caller.read(look)
    return MemberPage.model_validate({"items": page.members, "next": page.after})


def _of_number(view: View, number: str) -> tuple[members.Member, ...]:
    try:
        return (members.by_number(view, number),)
    except MemberNotFound:
        return ()


@router.get(
    "/{member_id}",
    summary="A member",
    response_model=MemberShown,
    responses=refusals(MemberNotFound),
)
async def show(caller: OfMember, member_id: MemberId) -> members.Member:
    """Show a member. To a member everyone else is a 404."""
    return await caller.read(lambda view: members.find(view, member_id))


@router.post(
    "/{member_id}/suspend",
    summary="Suspend a member",
    responses=refusals(MemberNotFound, StateConflict),
)
async def suspend(caller: Keeps, member_id: MemberId, key: Key) -> StatusShown:
    """Keep a member from claiming and spending; nothing they have is lost."""
    status = await caller.write(lambda u: members.suspend(u, key=key, member_id=member_id))
    return StatusShown(member_id=member_id, status=status)


@router.post(
    "/{member_id}/reinstate",
    summary="Reinstate a member",
    responses=refusals(MemberNotFound, StateConflict),
)
async def reinstate(caller: Keeps, member_id: MemberId, key: Key) -> StatusShown:
    """Let a suspended member act again."""
    status = await caller.write(lambda u: members.reinstate(u, key=key, member_id=member_id))
    return StatusShown(member_id=member_id, status=status)


@router.get(
    "/{member_id}/balances",
    summary="What a member has",
    response_model=list[BalanceShown],
    responses=refusals(MemberNotFound),
)
async def balances(caller: OfMember, member_id: MemberId) -> list[statements.Balance]:
    """Show the balances of a member by asset; assets that never moved are left out."""

    def look(view: View) -> list[statements.Balance]:
        members.find(view, member_id)
        return statements.balances(view, chart.member(member_id))

    return await caller.read(look)


@router.get(
    "/{member_id}/statement",
    summary="What moved a member's points",
    responses=refusals(MemberNotFound, AssetNotFound),
)
async def statement(
    caller: OfMember,
    member_id: MemberId,
    asset: Annotated[str, Query(pattern=r"^[A-Z][A-Z0-9]{1,15}$", description="Its code.")],
    after: Annotated[
        int | None, Query(ge=1, le=2**53, description="`next` of the page before.")
    ] = None,
    limit: Limit = 50,
) -> StatementPage:
    """Show the statement of a member in one asset, newest first. Holds are no rows."""

    def look(view: View) -> statements.Page:
        members.find(view, member_id)
        accounts.asset(view, asset)
        place = chart.member(member_id)
        return statements.history(view, place, asset, older_than=after, limit=limit)

    page = await caller.read(look)
    following = None if page.older_than is None else str(page.older_than)
    return StatementPage.model_validate({"items": page.lines, "next": following})
