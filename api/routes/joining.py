"""Joining: a proven phone applies, or takes over a row of the roster; a worker admits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field, StrictBool, StringConstraints

from api.edge import cookies
from api.edge.anonymous import Nobody, about, told
from api.edge.forms import (
    CommunityRef,
    Cursor,
    Day,
    DeviceName,
    Form,
    Limit,
    MemberId,
    MemberRef,
    MerchantId,
    Name,
    Phone,
    Reason,
    Shown,
)
from api.edge.limits import LIMITED, limited
from api.edge.openapi import refusals
from api.edge.routes import Routes
from api.edge.wiring import Caller, Key, having
from api.routes.consents import Purposes
from api.routes.members import MemberMade, StatusShown
from creditbank.core.errors import AnswerGone, BadField
from creditbank.core.states import StateConflict
from creditbank.core.units import View
from creditbank.identity import joining, rosters, sign_in, sittings
from creditbank.identity.errors import NameOther, NameTriesOver, NotOnRoster
from creditbank.identity.one_time_codes import attempt_of
from creditbank.identity.roles import Right
from creditbank.identity.rosters import Candidate
from creditbank.identity.sign_in import SignedIn
from creditbank.identity.sign_in_errors import OwnService, PhoneTaken, ProofOver
from creditbank.people import persons
from creditbank.people.errors import (
    CommunityNotFound,
    ConsentMissing,
    GuardianNeeded,
    MemberNotFound,
    OtherCommunity,
)
from creditbank.people.members import MemberKind, Registered
from merchants import volunteers
from merchants.errors import MerchantNotFound, MerchantSuspended, NotRegistering

router = Routes(prefix="/v1/b/{slug}", tags=["joining"])

Admits = Annotated[Caller, having(Right.ADMIT)]
SeesApplications = Annotated[Caller, having(Right.ADMIT, Right.OVERSEE)]
Registers = Annotated[Caller, having(Right.REGISTER_VOLUNTEERS)]
KeepsShops = Annotated[Caller, having(Right.KEEP_MERCHANTS)]
Proof = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^att_[0-9a-hjkmnp-tv-z]{26}\.[0-9a-f]{64}$"),
    Field(description="What the sign-in answered for a phone that is nobody's here."),
]

_NO_STORE = {"Cache-Control": "no-store"}


class Person(Form):
    """Who wants to join, where, and to what they agree."""

    name: Name
    phone: Phone
    community_id: CommunityRef
    purposes: Purposes
    born_on: Day | None = None
    kind: MemberKind = MemberKind.RESIDENT


class JoinForm(Person):
    """An application with a proven phone; the device's name is for its owner's list."""

    proof: Proof
    device: DeviceName


class ProofForm(Form):
    """A phone that was proven."""

    proof: Proof
    phone: Phone


class RosterClaimForm(ProofForm):
    """Which row of the roster somebody is, with the whole name typed."""

    member_id: MemberRef
    name: Name
    purposes: Purposes
    device: DeviceName


class EnteredShown(Shown):
    """Somebody is signed in, and the cookie is set; whoever applied waits for admission."""

    member_id: str
    number: str | None = None
    csrf: str = Field(description="Send it as `X-CSRF-Token` with every write.")


class CandidateShown(Shown):
    """A row of the roster that may be who asks."""

    member_id: str
    name: str = Field(examples=["张*"])
    tail: str = Field(description="The last digits of the phone.")


class ApplicationShown(Shown):
    """Somebody who waits for admission; `alike` are other members with the same phone."""

    member_id: str
    number: str
    name: str = Field(examples=["张*"])
    community_id: str
    kind: MemberKind
    applied_on: date
    alike: list[str]


class ApplicationPage(Shown):
    """Who waits, by number."""

    items: list[ApplicationShown]
    next: str | None


class RefusalForm(Form):
    """Why somebody is not admitted; it is kept sealed."""

    reason: Reason


class LetForm(Form):
    """Whether a shop may put volunteers down."""

    allowed: StrictBool


class LetShown(Shown):
    """Whether a shop may put volunteers down."""

    merchant_id: str
    allowed: bool


@router.post(
    "/join",
    summary="Apply to join",
    status_code=201,
    dependencies=[limited("join", per_minute=10)],
    responses=LIMITED
    | told(
        *(ProofOver, PhoneTaken, CommunityNotFound, ConsentMissing, GuardianNeeded),
        *(BadField, AnswerGone),
    ),
)
async def join(
    *, request: Request, response: Response, slug: str, caller: Nobody, key: Key, form: JoinForm
) -> EnteredShown:
    """Apply with a proven phone; the device is signed in, to see how it stands."""
    known, said = about(caller, attempt_of(form.proof)), form.model_dump()
    done = await known.write(lambda unit: joining.apply(unit, key=key, **said))
    csrf = await _sign_in(request, response, slug, caller, done.signed_in)
    return EnteredShown(member_id=done.member_id, number=done.number, csrf=csrf)


async def _sign_in(
    request: Request, response: Response, slug: str, caller: Caller, done: SignedIn
) -> str:
    """Let the device keep the cookie of its sitting; return the word that belongs to it."""
    secret = await caller.read(lambda view: sign_in.secret_of(view, done))
    response.headers.update(_NO_STORE)
    cookies.give(request, response, slug, secret, sittings.RESIDENT_LONGEST_S)
    return sittings.csrf_of(secret)


@router.post(
    "/join/candidates",
    summary="Is this you?",
    response_model=list[CandidateShown],
    dependencies=[limited("join", per_minute=10)],
    responses=LIMITED | told(ProofOver, BadField),
)
async def candidates(response: Response, caller: Nobody, form: ProofForm) -> list[Candidate]:
    """Show who of the roster has this phone and never signed in, masked; changes nothing."""
    response.headers.update(_NO_STORE)
    return await caller.read(
        lambda view: rosters.candidates(view, proof=form.proof, phone=form.phone)
    )


@router.post(
    "/join/claim",
    summary="This is me",
    dependencies=[limited("join", per_minute=10)],
    responses=LIMITED
    | told(
        *(ProofOver, PhoneTaken, NotOnRoster, NameOther, NameTriesOver),
        *(ConsentMissing, GuardianNeeded, BadField, AnswerGone),
    ),
)
async def claim(
    *,
    request: Request,
    response: Response,
    slug: str,
    caller: Nobody,
    key: Key,
    form: RosterClaimForm,
) -> EnteredShown:
    """Take a row of the roster over, with the whole name; no second admission is needed."""
    known, said = about(caller, attempt_of(form.proof)), form.model_dump()
    done = await known.write(lambda unit: rosters.claim(unit, key=key, **said))
    csrf = await _sign_in(request, response, slug, caller, done)
    return EnteredShown(member_id=form.member_id, csrf=csrf)


@router.get("/applications", summary="Who waits for admission")
async def waiting(
    caller: SeesApplications, after: Cursor = None, limit: Limit = 50
) -> ApplicationPage:
    """List who has applied, by number; names are masked."""

    def look(view: View) -> ApplicationPage:
        found, following = joining.waiting(
            view, within=caller.communities, after=after, limit=limit
        )
        names = persons.masked_names(view, [one.member_id for one in found])
        items = [ApplicationShown(**asdict(one), name=names[one.member_id]) for one in found]
        return ApplicationPage(items=items, next=following)

    return await caller.read(look)


@router.post(
    "/members/{member_id}/admit",
    summary="Admit a member",
    responses=refusals(MemberNotFound, OtherCommunity, OwnService, StateConflict, ConsentMissing),
)
async def admit(caller: Admits, member_id: MemberId, key: Key) -> StatusShown:
    """Admit who has applied, with one tap."""
    status = await caller.write(lambda unit: joining.admit(unit, key=key, member_id=member_id))
    return StatusShown(member_id=member_id, status=status)


@router.post(
    "/members/{member_id}/refuse",
    summary="Refuse a member",
    responses=refusals(MemberNotFound, OtherCommunity, OwnService, StateConflict, BadField),
)
async def refuse(caller: Admits, member_id: MemberId, key: Key, form: RefusalForm) -> StatusShown:
    """Refuse who has applied, with a reason."""
    status = await caller.write(
        lambda unit: joining.refuse(unit, key=key, member_id=member_id, reason=form.reason)
    )
    return StatusShown(member_id=member_id, status=status)


@router.post(
    "/merchants/{merchant_id}/volunteers",
    summary="Register a volunteer at a shop",
    status_code=201,
    response_model=MemberMade,
    responses=refusals(
        *(MerchantNotFound, NotRegistering, MerchantSuspended, CommunityNotFound),
        *(ConsentMissing, GuardianNeeded, BadField),
    ),
)
async def register(
    caller: Registers, merchant_id: MerchantId, key: Key, form: Person
) -> Registered:
    """Put a person down who stands in the shop; the community admits or refuses them."""
    said = form.model_dump()
    return await caller.write(
        lambda unit: volunteers.register(unit, key=key, merchant_id=merchant_id, **said)
    )


@router.post(
    "/merchants/{merchant_id}/registers-volunteers",
    summary="Let a shop register volunteers",
    responses=refusals(MerchantNotFound),
)
async def let(caller: KeepsShops, merchant_id: MerchantId, key: Key, form: LetForm) -> LetShown:
    """Let a shop put volunteers down, or no longer."""
    allowed = await caller.write(
        lambda unit: volunteers.let(unit, key=key, merchant_id=merchant_id, allowed=form.allowed)
    )
    return LetShown(merchant_id=merchant_id, allowed=allowed)
