"""What a route is handed: the caller, the bank, and the two ways into the database.

Order of a request: authentication, right, idempotency key, form of the body, then the engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Header, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import tokens
from api.edge import cookies, csrf, problems
from api.edge.callers import Claimed, Principal
from api.edge.forms import ASSIST_PATTERN, MemberId
from api.edge.lookups import Lookups
from api.errors import CallerSuspended, CrossSite, RoleDenied, TokenMissing, TokenUnknown
from creditbank.core import banks
from creditbank.core.database import Database
from creditbank.core.errors import BankNotFound, KeyMissing
from creditbank.core.keys import KEY_LENGTH
from creditbank.core.units import Actor, Declined, Unit, View
from creditbank.identity import assists, sittings
from creditbank.identity.assist_errors import AssistByTelephone, AssistUnfit
from creditbank.identity.assists import Assist, Channel
from creditbank.identity.roles import Right, giving
from creditbank.people import members
from creditbank.people.errors import MemberNotFound

R = TypeVar("R")

SAFE = {"GET", "HEAD", "OPTIONS"}
ASSIST_HEADER = "X-Assist"
SAME_SITE = {None, "same-origin", "none"}

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="An access token of this bank: a program's, a till's or a device's.",
)


def database_of(request: Request) -> Database:
    """Return the database this app was opened with."""
    return cast("Database", request.app.state.database)


async def bank_of(
    request: Request,
    slug: Annotated[str, Path(description="The bank's slug.", examples=["trust"])],
) -> int:
    """Return the id of the bank in the path; a slug keeps its id for ever."""
    known = cast("dict[str, int]", request.app.state.bank_ids)
    if slug not in known:
        if "\0" in slug:
            raise BankNotFound("?")
        look = database_of(request).reader.submit_install(lambda c: banks.find(c, slug))
        known[slug] = (await asyncio.wrap_future(look)).bank_id
    return known[slug]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, at which bank, with the grants that the route's right asks for."""

    database: Database
    bank_id: int
    principal: Principal
    assist: Assist | None = None

    @property
    def actor(self) -> Actor:
        """What units record: the holder, the role that gives the right, and where it holds."""
        of, assist = self.principal, self.assist
        if assist is not None:
            return Actor(
                of.holder_id,
                assists.ASSISTANT_ROLE,
                of.member_id,
                self.communities,
                via=assist.assist_id,
                assists=assist.member_id,
            )
        role = of.grants[0].role if of.grants else "none"
        return Actor(of.holder_id, role, of.member_id, self.communities, self.merchants, of.via)

    @property
    def communities(self) -> tuple[str, ...] | None:
        """The communities in which the right holds; None is the whole bank."""
        return _places(one.community_id for one in self.principal.grants)

    @property
    def merchants(self) -> tuple[str, ...] | None:
        """The merchants at which the right holds; None is all of them."""
        return _places(one.merchant_id for one in self.principal.grants)

    @property
    def member_id(self) -> str:
        """The member this caller acts for; only asked where the right says there is one."""
        assert self.principal.member_id is not None, "the right names a member"
        return self.principal.member_id

    @property
    def till_id(self) -> str:
        """The till this caller acts at; only asked where the right says there is one."""
        assert self.principal.till_id is not None, "the right names a till"
        return self.principal.till_id

    def may(self, right: Right) -> bool:
        """Tell whether one of this caller's roles includes a right."""
        return bool(giving(self.principal.grants, [right]))

    def may_within(self, right: Right) -> tuple[str, ...] | None:
        """Return the communities in which a right is held: none, some, or None for the bank."""
        return _places(one.community_id for one in giving(self.principal.grants, [right]))

    def foremost(self, right: Right, community_id: str) -> "Caller":
        """Return the caller in the roles that include a right in a community, else in the others.

        So nobody acts there in a role that they hold elsewhere.
        """
        every = giving(self.principal.grants, [right])
        held = tuple(one for one in every if one.community_id in {None, community_id})
        others = tuple(one for one in self.principal.grants if one not in every)
        narrowed = held or others or self.principal.grants
        return replace(self, principal=replace(self.principal, grants=narrowed))

    def on_behalf_of(self, member_id: str | None) -> str | None:
        """Return whom a write is for: a member acts for oneself, staff for whom they name.

        In an assist it is for whom the assist was opened.

        Raises:
            MemberNotFound: a member names somebody else.
        """
        own = self.member_id if self.may(Right.ACT_AS_MEMBER) else None
        if self.assist is not None:
            own = self.assist.member_id
        if own is not None and member_id not in {None, own}:
            raise MemberNotFound(str(member_id))
        return own or member_id

    async def write(self, work: Callable[[Unit], R | Declined]) -> R:
        """Run one unit as this caller; the answer exists after the commit."""
        if self.assist is not None:
            work = _assisted(work, self.assist.assist_id)
        return await self.database.writer.run(self.bank_id, self.actor, work)

    async def read(self, look: Callable[[View], R], *, patient: bool = False) -> R:
        """Run one view of this bank; ``patient`` for a look at the whole books."""
        return await self.database.reader.run(self.bank_id, look, patient=patient)


def _places(bound: Iterable[str | None]) -> tuple[str, ...] | None:
    """Return the places that grants are bound to, or None if one of them holds everywhere."""
    places = set(bound)
    return None if None in places else tuple(sorted(filter(None, places)))


def _assisted(work: Callable[[Unit], R | Declined], assist_id: str) -> Callable[[Unit], Any]:
    """Return the work of an assist that is open still; the member is told, even of a refusal."""

    def told(unit: Unit) -> R | Declined:
        assists.require_open(unit, unit.actor, assist_id)
        result = work(unit)
        assists.tell(unit, assist_id)
        return result

    return told


async def known_caller(
    request: Request,
    bank_id: Annotated[int, Depends(bank_of)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Find out who calls: by the token, else by the bank's cookie.

    Raises:
        TokenMissing: there is neither.
        TokenUnknown: this bank knows no such token or sitting (any more).
        CrossSite: a write by cookie that no page of ours has sent.
        CallerSuspended: the member or member of staff behind it is suspended.
    """
    database = database_of(request)
    cookie = None if credentials is not None else cookies.read(request, request.path_params["slug"])
    secret = credentials.credentials if credentials is not None else cookie
    if secret is None:
        raise TokenMissing
    is_token = credentials is not None or secret.startswith(tokens.PREFIX)
    lookups: Lookups = request.app.state.lookups
    principal = await lookups.find(database, Claimed(bank_id, secret, is_token))
    if principal is None:
        raise TokenUnknown
    if cookie is not None:
        await _refuse_cross_site(request, cookie)
    if not principal.active:
        raise CallerSuspended
    caller = Caller(database, bank_id, principal)
    _touch(caller)
    request.state.caller_id = principal.holder_id
    return caller


async def caller_of(request: Request, caller: Annotated[Caller, Depends(known_caller)]) -> Caller:
    """Hand a route its caller, who acts in their own name.

    Raises:
        AssistUnfit: the request names an assist, and this is nothing to be done in one.
    """
    if ASSIST_HEADER in request.headers:
        raise AssistUnfit
    return caller


async def caller_named(request: Request) -> Caller:
    """Return the caller of a request, as the framework would hand it to a route.

    Raises what `known_caller` raises.
    """
    bank_id = await bank_of(request, request.path_params["slug"])
    return await known_caller(request, bank_id, await _bearer(request))


async def caller_or_assistant(
    caller: Annotated[Caller, Depends(known_caller)],
    x_assist: Annotated[
        str | None,
        Header(
            description="The assist in which someone in office acts for its member.",
            pattern=ASSIST_PATTERN,
        ),
    ] = None,
) -> Caller:
    """Hand a route its caller, who may act in an assist of theirs.

    Raises:
        RoleDenied: the caller has no right to assist.
        AssistNotFound: they have opened none of this id.
        AssistOver: it is over.
        OtherCommunity: the caller's role holds no more where the member lives.
    """
    if x_assist is None:
        return caller
    clerk = narrowed(caller, (Right.ASSIST,))

    def look(view: View) -> Assist:
        found = assists.require_open(view, clerk.actor, x_assist)
        members.require_near(view, clerk.actor, found.member_id)
        return found

    return replace(clerk, assist=await clerk.read(look))


async def _refuse_cross_site(request: Request, cookie: str) -> None:
    """See that a write by cookie comes from a page of ours: it knows the sitting's word."""
    if request.method in SAFE:
        return
    word = request.headers.get("x-csrf-token")
    if word is None and request.url.path.startswith(problems.PAGES):
        word = str((await request.form()).get(csrf.FIELD, ""))
    if not csrf.fits(cookie, word or "") or request.headers.get("sec-fetch-site") not in SAME_SITE:
        raise CrossSite


def _touch(caller: Caller) -> None:
    """Remember, once a minute, that a device was seen; the answer does not wait for it."""
    of, now = caller.principal, caller.database.clock.now()
    if of.seen_at is not None and now >= of.seen_at + timedelta(seconds=sittings.TOUCHED_EVERY_S):
        caller.database.writer.submit(
            caller.bank_id, caller.actor, lambda unit: sittings.touch(unit, of.via)
        )


def narrowed(caller: Caller, rights: tuple[Right, ...]) -> Caller:
    """Return the caller with the grants that include one of these rights.

    Raises:
        RoleDenied: there is none.
    """
    held = giving(caller.principal.grants, rights)
    if not held:
        raise RoleDenied(caller.actor.role, rights[0])
    return replace(caller, principal=replace(caller.principal, grants=held))


def having(*rights: Right) -> Any:
    """Return the dependency that hands a route its caller, if a role of theirs has such a right."""

    async def caller(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        return narrowed(caller, rights)

    return Depends(caller)


def joining(*rights: Right) -> Any:
    """Return the dependency of what the office may do in an assist, even by telephone.

    Otherwise as `having`.
    """

    async def caller(caller: Annotated[Caller, Depends(caller_or_assistant)]) -> Caller:
        return caller if caller.assist is not None else narrowed(caller, rights)

    return Depends(caller)


def assisted(right_of_staff: Right | None) -> Any:
    """Return the dependency of a member's own routes that the office may use in an assist.

    The member must be present. Otherwise as `of_member`.
    """
    own = _of_member(right_of_staff)

    async def caller(
        member_id: MemberId, caller: Annotated[Caller, Depends(caller_or_assistant)]
    ) -> Caller:
        if caller.assist is None:
            return await own(member_id, caller)
        if member_id != caller.assist.member_id:
            raise MemberNotFound(member_id)
        if caller.assist.channel is Channel.TELEPHONE:
            raise AssistByTelephone
        return caller

    return Depends(caller)


def of_member(right_of_staff: Right | None) -> Any:
    """Return the dependency of routes about one member: that member, or staff with a right.

    To a member anyone else does not exist; None keeps staff out, too. Staff whose role holds in
    some communities see the members of those.
    """
    own = _of_member(right_of_staff)

    async def caller(member_id: MemberId, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        return await own(member_id, caller)

    return Depends(caller)


def _of_member(right_of_staff: Right | None) -> Callable[[str, Caller], Awaitable[Caller]]:

    async def own(member_id: str, caller: Caller) -> Caller:
        if caller.may(Right.ACT_AS_MEMBER):
            if member_id != caller.member_id:
                raise MemberNotFound(member_id)
            return narrowed(caller, (Right.ACT_AS_MEMBER,))
        if right_of_staff is None:
            raise RoleDenied(caller.actor.role, Right.ACT_AS_MEMBER)
        bound = narrowed(caller, (right_of_staff,))
        if bound.communities is not None:
            await bound.read(lambda view: members.require_near(view, bound.actor, member_id))
        return bound

    return own


async def key_of(
    idempotency_key: Annotated[
        str | None,
        Header(
            description=(
                "Names this write for ever: the same key with the same content gives the first "
                "outcome again, with other content it is refused. 16–255 visible characters."
            ),
            examples=["till-7-20260301-000123"],
        ),
    ] = None,
) -> str:
    """Return the idempotency key of a write.

    Raises:
        KeyMissing: there is none, or it is too short, too long or not visible characters.
    """
    key = idempotency_key or ""
    if len(key) not in KEY_LENGTH or not all("!" <= sign <= "~" for sign in key):
        raise KeyMissing
    return key


Key = Annotated[str, Depends(key_of)]
AnyCaller = Annotated[Caller, Depends(caller_of)]
