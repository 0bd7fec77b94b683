"""Members: taken in, found, suspended; what they have, and what moved it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field, StringConstraints

from api.edge.forms import (
    CommunityRef,
    Cursor,
    Day,
    DocumentNumber,
    Form,
    Limit,
    MemberId,
    MemberRef,
    Name,
    Phone,
    Shown,
)
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having, of_member
from api.routes.consents import PurposeName
from api.words import statements as statement_sentences
from creditbank.core.clock import day_of
from creditbank.core.errors import AssetNotFound, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity import joining
from creditbank.identity.roles import Right
from creditbank.ledger import accounts, chart, statements
from creditbank.ledger.chart import Kind
from creditbank.people import masks, members, persons
from creditbank.people.consents import PURPOSES
from creditbank.people.errors import (
    CommunityNotFound,
    MemberNotFound,
    NumberTaken,
    OtherCommunity,
    OwnReturn,
)

router = Routes(prefix="/v1/b/{slug}/members", tags=["members"])

Keeps = Annotated[Caller, having(Right.KEEP_MEMBERS)]
Sees = Annotated[Caller, having(Right.SEE_MEMBERS)]
OfMember = Annotated[Caller, of_member(Right.SEE_MEMBERS)]
Number = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9-]{1,20}$")]


class MemberForm(Form):
    """Someone to take in; without a number the next free one is given.

    `purposes` are what they agreed to, a guardian for those under 14.
    """

    name: Name
    community_id: CommunityRef
    number: Number | None = None
    phone: Phone | None = None
    document: DocumentNumber | None = None
    born_on: Day | None = None
    kind: Literal["resident", "visitor"] = "resident"
    purposes: list[PurposeName] = Field(default_factory=list, max_length=len(PURPOSES))
    guardian_id: MemberRef | None = None


class MemberMade(Shown):
    """A new member."""

    member_id: str
    number: str


class MemberShown(Shown):
    """A member; the name is whole for its owner, masked for everyone else."""

    member_id: str
    number: str
    name: str = Field(examples=["张*"])
    community_id: str
    kind: members.MemberKind
    status: members.Status
    joined_on: date
    merged_into: str | None


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
    """One row of a statement; `units` is signed, `balance_after` is available + held.

    `month` is by the bank's calendar, for headings.
    """

    zh: str = Field(examples=["在 好邻居超市 使用"])
    en: str = Field(examples=["Used at 好邻居超市"])
    month: str = Field(examples=["2026-03"])
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
    responses=refusals(CommunityNotFound, OtherCommunity, NumberTaken, BadField),
)
async def register(caller: Keeps, key: Key, form: MemberForm) -> members.Registered:
    """Take someone in."""
    said = form.model_dump() | {"kind": members.MemberKind(form.kind)}
    return await caller.write(lambda unit: joining.take_in(unit, key=key, **said))


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

    def look(view: View) -> tuple[list[MemberShown], str | None]:
        if number is not None:
            return _shown(view, _of_number(view, number, caller.communities)), None
        page = members.listing(view, within=caller.communities, after=after, limit=limit)
        return _shown(view, page.members), page.after

    items, following = await caller.read(look)
    return MemberPage(items=items, next=following)


def _of_number(
    view: View, number: str, within: tuple[str, ...] | None
) -> tuple[members.Member, ...]:
    try:
        found = members.by_number(view, number)
    except MemberNotFound:
        return ()
    return (found,) if within is None or found.community_id in within else ()


def _shown(view: View, found: Iterable[members.Member]) -> list[MemberShown]:
    """Show members with masked names."""
    several = tuple(found)
    names = persons.masked_names(view, [one.member_id for one in several])
    return [_named(one, names[one.member_id]) for one in several]


def _named(one: members.Member, name: str) -> MemberShown:
    return MemberShown(**asdict(one), name=name)


@router.get(
    "/{member_id}",
    summary="A member",
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def show(caller: OfMember, member_id: MemberId) -> MemberShown:
    """Show a member. To a member everyone else is a 404."""

    def look(view: View) -> MemberShown:
        found = members.find(view, member_id)
        if caller.principal.member_id == member_id:
            whole = persons.names(view, [member_id]).get(member_id, masks.GONE)
            return _named(found, whole)
        return _shown(view, [found])[0]

    return await caller.read(look)


@router.post(
    "/{member_id}/suspend",
    summary="Suspend a member",
    responses=refusals(MemberNotFound, OtherCommunity, StateConflict),
)
async def suspend(caller: Keeps, member_id: MemberId, key: Key) -> StatusShown:
    """Keep a member from claiming and spending; nothing they have is lost."""
    status = await caller.write(lambda u: members.suspend(u, key=key, member_id=member_id))
    return StatusShown(member_id=member_id, status=status)


@router.post(
    "/{member_id}/reinstate",
    summary="Reinstate a member",
    responses=refusals(MemberNotFound, OtherCommunity, OwnReturn, StateConflict),
)
async def reinstate(caller: Keeps, member_id: MemberId, key: Key) -> StatusShown:
    """Let a suspended member act again."""
    status = await caller.write(lambda u: members.reinstate(u, key=key, member_id=member_id))
    return StatusShown(member_id=member_id, status=status)


@router.get(
    "/{member_id}/balances",
    summary="What a member has",
    response_model=list[BalanceShown],
    responses=refusals(MemberNotFound, OtherCommunity),
)
async def balances(caller: OfMember, member_id: MemberId) -> list[statements.Balance]:
    """Show the balances of a member by asset; assets that never moved are left out."""

    def look(view: View) -> list[statements.Balance]:
        found = statements.balances(view, chart.member(member_id))
        if not found:
            members.find(view, member_id)
        return found

    return await caller.read(look)


@router.get(
    "/{member_id}/statement",
    summary="What moved a member's points",
    responses=refusals(MemberNotFound, OtherCommunity, AssetNotFound),
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

    def look(view: View) -> StatementPage:
        members.find(view, member_id)
        accounts.asset(view, asset)
        place = chart.member(member_id)
        return _page(view, statements.history(view, place, asset, older_than=after, limit=limit))

    return await caller.read(look)


def _page(view: View, page: statements.Page) -> StatementPage:
    said = statement_sentences.sentences(view, page.lines)
    items = [
        LineShown(
            zh=words.zh,
            en=words.en,
            month=f"{day_of(line.recorded_at, view.bank.zone):%Y-%m}",
            **{name: getattr(line, name) for name in _OF_LINE},
        )
        for line, words in zip(page.lines, said, strict=True)
    ]
    following = None if page.older_than is None else str(page.older_than)
    return StatementPage(items=items, next=following)


_OF_LINE = LineShown.model_fields.keys() - {"zh", "en", "month"}
